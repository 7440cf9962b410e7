/** A module that workers import. Imported by tests only. */
import { ExceptionGroup, sleep } from "../../../futures/mod.ts";
import * as library from "../../../mod.ts";
import { run } from "../../../loop/mod.ts";

let calls = 0;

/** How often this module has been called, in this thread. */
export function countCalls(): number {
  return ++calls;
}

export function double(x: number): number {
  return 2 * x;
}

/** An error of a class that only this module knows. */
export class ParseError extends SyntaxError {
  readonly line: number;
  readonly details: { column: number };
  readonly retry: () => void;

  constructor(message: string, line: number, options?: ErrorOptions) {
    super(message, options);
    this.line = line;
    this.details = { column: 3 };
    this.retry = () => {};
  }
}

export function parse(): never {
  throw new ParseError("unexpected end", 7, { cause: new ParseError("inner", 1) });
}

/** Throws an error of a class of this library. */
export function raise(name: string, ...args: unknown[]): never {
  const { [name]: Class } = library as unknown as Record<string, new (...args: unknown[]) => Error>;
  throw new Class!(...args);
}

export default function (): string {
  return "the default export";
}

export const constant = 5;

/** Runs a loop of its own in the worker. */
export async function runLoop(text: string): Promise<string> {
  return await run(() => sleep(1, text));
}

export function failTogether(): never {
  const inner = new ExceptionGroup("inner", [new RangeError("b")]);
  throw new ExceptionGroup("both failed", [new ParseError("a", 2), inner]);
}
