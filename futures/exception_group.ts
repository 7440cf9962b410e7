/**
 * `ExceptionGroup`: several errors at once, and `exceptStar()`, which handles some of them.
 *
 * Python counterpart: `BaseExceptionGroup` and `except*` (PEP 654). JavaScript has no two kinds of
 * exception, so there is one class.
 *
 * Invariants: a group holds at least one error and never changes; the parts of a group have its
 * structure, so that an error is found in them at the same depth.
 *
 * @module
 */

import { startBody, startCallback } from "./_body.ts";
import { type Body, type Coroutine, coroutine } from "./coroutine.ts";
import { CancelledError, KeyboardInterrupt } from "./errors.ts";
import type { Suspension } from "./awaitable.ts";
import { describe } from "./_describe.ts";

// ---- The group ------------------------------------------------------------------------------------

/** A class of errors. */
// deno-lint-ignore no-explicit-any
export type ErrorClass = abstract new (...args: any[]) => unknown;

/** Which errors are meant: those of a class, those of one of several, or those that a function picks. */
export type ErrorFilter = ErrorClass | readonly ErrorClass[] | ((error: unknown) => boolean);

/** How many errors a message names; the groups among them count. */
const MESSAGE_ENTRIES = 10;

/**
 * Several errors that happened at once. Errors may be groups themselves.
 *
 * The message names the first few, nested as they are. Printing a group prints all of them.
 *
 * asyncio counterpart: Python's `ExceptionGroup` and `BaseExceptionGroup`.
 *
 * @example Taking a group apart
 * ```ts
 * import { ExceptionGroup } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const group = new ExceptionGroup("two went wrong", [new TypeError("a"), new RangeError("b")]);
 * assertEquals(group.message, "two went wrong (2 sub-exceptions) [TypeError: a, RangeError: b]");
 * const [types, rest] = group.split(TypeError);
 * assertEquals(types?.exceptions.length, 1);
 * assertEquals(rest?.exceptions.length, 1);
 * ```
 */
export class ExceptionGroup extends AggregateError {
  /** The class name, for printing. */
  override readonly name: string = "ExceptionGroup";
  /** The errors. */
  declare readonly errors: unknown[];
  readonly #title: string;

  /**
   * Makes a group.
   *
   * @param title what they have in common
   * @param exceptions the errors, at least one
   * @param options the cause
   * @throws {TypeError} when `exceptions` is no array
   * @throws {RangeError} when it is empty
   */
  constructor(title: string, exceptions: readonly unknown[], options?: ErrorOptions) {
    if (!Array.isArray(exceptions)) {
      throw new TypeError(
        `Cannot make an exception group: an array of errors is needed, got ${describe(exceptions)}`,
      );
    }
    if (exceptions.length === 0) {
      throw new RangeError(
        "Cannot make an exception group: at least one error is needed, got none",
      );
    }
    super(exceptions, summary(title, exceptions), options);
    this.#title = title;
  }

  /** What the errors have in common: the message without the errors. */
  get title(): string {
    return this.#title;
  }

  /** The errors, in the order in which they were given. */
  get exceptions(): readonly unknown[] {
    return this.errors;
  }

  /**
   * Makes a group like this one of other errors. `split()` and `subgroup()` make their results with
   * it: a subclass overrides it to stay what it is.
   *
   * @param exceptions the errors, at least one
   */
  derive(exceptions: readonly unknown[]): ExceptionGroup {
    return new ExceptionGroup(this.#title, exceptions);
  }

  /**
   * The errors that are meant, as a group of the same structure, or `undefined` when there are none.
   *
   * A filter that means the group itself, or a group inside, means all that is in it.
   *
   * @param filter which errors
   */
  subgroup(filter: ErrorFilter): ExceptionGroup | undefined {
    return this.split(filter)[0];
  }

  /**
   * The errors that are meant, and the others, each as a group of the same structure, or `undefined`
   * when there are none.
   *
   * @param filter which errors
   */
  split(filter: ErrorFilter): [ExceptionGroup | undefined, ExceptionGroup | undefined] {
    const means = predicate(filter);
    if (means(this)) return [this, undefined];
    const matching: unknown[] = [];
    const rest: unknown[] = [];
    for (const error of this.errors) {
      if (error instanceof ExceptionGroup) {
        const [match, other] = error.split(means);
        if (match !== undefined) matching.push(match);
        if (other !== undefined) rest.push(other);
      } else (means(error) ? matching : rest).push(error);
    }
    return [this.#part(matching), this.#part(rest)];
  }

  #part(exceptions: unknown[]): ExceptionGroup | undefined {
    if (exceptions.length === 0) return undefined;
    const part = this.derive(exceptions);
    if (this.cause !== undefined) part.cause = this.cause;
    if (this.stack !== undefined) {
      // The place where it happened; the errors are those of the part.
      part.stack = `${part}${this.stack.slice(`${this}`.length)}`;
    }
    return part;
  }
}

/** The title, and the first errors, each group followed by its own. */
function summary(title: string, exceptions: readonly unknown[]): string {
  let left = MESSAGE_ENTRIES;
  const line = (title: string, errors: readonly unknown[]): string => {
    const count = `${title} (${errors.length} sub-exception${errors.length === 1 ? "" : "s"})`;
    const entries: string[] = [];
    for (const error of errors) {
      if (left-- <= 0) {
        entries.push("…");
        break;
      }
      entries.push(
        error instanceof ExceptionGroup
          ? line(error.title, error.errors)
          : describe(error).split("\n", 1)[0]!,
      );
    }
    return `${count} [${entries.join(", ")}]`;
  };
  return line(title, exceptions);
}

function isErrorClass(value: unknown): value is ErrorClass {
  if (typeof value !== "function") return false;
  const { prototype } = value as { prototype?: unknown };
  return value === Error || prototype instanceof Error;
}

function predicate(filter: ErrorFilter): (error: unknown) => boolean {
  if (isErrorClass(filter)) return (error) => error instanceof filter;
  if (typeof filter === "function") return filter as (error: unknown) => boolean;
  if (Array.isArray(filter) && filter.every(isErrorClass)) {
    return (error) => filter.some((each) => error instanceof each);
  }
  throw new TypeError(
    "Cannot filter errors: an error class, an array of them or a function is needed, got " +
      describe(filter),
  );
}

// ---- Handling -------------------------------------------------------------------------------------

/**
 * Which errors to handle, and what to do with them: given a group of them, always. What it throws
 * becomes part of what `exceptStar()` throws.
 */
export type ExceptStarClause = readonly [
  filter: ErrorFilter,
  handler: (errors: ExceptionGroup) =>
    | void
    | PromiseLike<unknown>
    | Generator<Suspension, unknown, unknown>,
];

/**
 * Runs a body, and handles the errors that it throws, each by the first clause that means it: what
 * `try … except* …` does in Python.
 *
 * A handler gets all the errors that its clause means, as an {@linkcode ExceptionGroup}, also when the
 * body threw a single error. What no clause means is thrown in the end, together with what the
 * handlers have thrown. A handler that throws the group it was given puts its errors back.
 *
 * `CancelledError` and `KeyboardInterrupt` are meant by clauses that name their class, or by a
 * function; `Error` does not mean them.
 *
 * Everything runs in the task that waits.
 *
 * **Cancellation** reaches the body, or the handler that runs.
 *
 * asyncio counterpart: Python's `except*`.
 *
 * @param body an async function or a generator function
 * @param clauses what to handle, in order; a handler may be a plain, async or generator function
 * @returns what the body returns; `undefined` when errors were handled
 * @throws what was not handled
 *
 * @example Some errors of a task group
 * ```ts
 * import { exceptStar, run, taskGroup } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * await run(() =>
 *   exceptStar(
 *     () =>
 *       taskGroup(async (group) => {
 *         group.createTask(async () => JSON.parse("{"));
 *         group.createTask(async () => "a".repeat(-1));
 *       }),
 *     [SyntaxError, (errors) => void seen.push(`${errors.exceptions.length} syntax error`)],
 *     [RangeError, async (errors) => void seen.push(`${errors.exceptions.length} range error`)],
 *   )
 * );
 * assertEquals(seen, ["1 syntax error", "1 range error"]);
 * ```
 */
export function exceptStar<T>(
  body: Body<[], T>,
  ...clauses: ExceptStarClause[]
): Coroutine<T | undefined> {
  return exceptStarSteps(body, clauses) as Coroutine<T | undefined>;
}

const exceptStarSteps = coroutine(
  function* exceptStar(
    body: Body<[], unknown>,
    clauses: readonly ExceptStarClause[],
  ): Generator<Suspension, unknown, unknown> {
    let thrown: unknown;
    try {
      return yield* startBody(body);
    } catch (error) {
      thrown = error;
    }
    const original = thrown instanceof ExceptionGroup ? thrown : new ExceptionGroup("", [thrown]);
    let rest: ExceptionGroup | undefined = original;
    const raised: unknown[] = [];
    const kept = new Set<unknown>();
    for (const [filter, handler] of clauses) {
      const [errors, others]: ReturnType<ExceptionGroup["split"]> = rest.split(
        clauseFilter(filter),
      );
      if (errors === undefined) continue;
      try {
        yield* startCallback(handler, errors);
      } catch (error) {
        if (error === errors) collectLeaves(errors, kept);
        else raised.push(error);
      }
      rest = others;
      if (rest === undefined) break;
    }
    if (rest !== undefined) collectLeaves(rest, kept);
    if (original !== thrown) {
      // A single error has met one clause at most.
      if (raised.length > 0) throw raised[0];
      if (kept.size > 0) throw thrown;
      return undefined;
    }
    const unhandled = original.subgroup((error) => kept.has(error));
    if (raised.length > 0) {
      throw new ExceptionGroup("", unhandled === undefined ? raised : [...raised, unhandled]);
    }
    if (unhandled !== undefined) throw unhandled;
    return undefined;
  },
);

/** Errors that end a task, or the program, and are meant only by who names them. */
const SPECIAL = [CancelledError, KeyboardInterrupt] as readonly ErrorClass[];

/** What a clause means. */
function clauseFilter(filter: ErrorFilter): (error: unknown) => boolean {
  const means = predicate(filter);
  if (!isErrorClass(filter) && !Array.isArray(filter)) return means;
  const classes = (isErrorClass(filter) ? [filter] : filter) as readonly ErrorClass[];
  const spared = SPECIAL.filter((special) =>
    !classes.some((each) => each === special || each.prototype instanceof special)
  );
  const isSpared = (error: unknown): boolean =>
    error instanceof ExceptionGroup
      ? error.exceptions.some(isSpared)
      : spared.some((special) => error instanceof special);
  return (error) => means(error) && !isSpared(error);
}

function collectLeaves(group: ExceptionGroup, into: Set<unknown>): void {
  for (const error of group.exceptions) {
    if (error instanceof ExceptionGroup) collectLeaves(error, into);
    else into.add(error);
  }
}
