/**
 * What runs in a worker of a pool.
 *
 * Invariant: {@linkcode workerMain} is self-contained, since its own source is what the worker is
 * started with. A worker that is a file would have to be fetched again, with a permission to do so,
 * wherever the library comes from.
 *
 * May be imported by `loop/executor/` only.
 *
 * @module
 */

import type { WireAnswer, WireCall, WireError, WireValue } from "./_wire.ts";

/** The part of `parentPort` that is used. */
export interface ParentPort {
  on(event: "message", listener: (call: WireCall) => void): unknown;
  postMessage(answer: WireAnswer, transfer?: readonly Transferable[]): void;
}

/** The name under which the worker's own code stands in stacks. */
const SOURCE_URL = "asyncio:worker";

/** The module that a worker is started with, as a URL. */
export function workerUrl(): URL {
  const main = `(${workerMain})\n//# sourceURL=${SOURCE_URL}`;
  const module = 'import { parentPort } from "node:worker_threads";\n' +
    `(0, eval)(${JSON.stringify(main)})(parentPort, ${JSON.stringify(SOURCE_URL)});\n`;
  return new URL(`data:text/javascript,${encodeURIComponent(module)}`);
}

/** Answers one call after the other. */
export function workerMain(port: ParentPort, sourceUrl: string): void {
  type AnyFunction = (...args: unknown[]) => unknown;
  type Names = Record<string, unknown>;

  // Functions that were sent before keep what the engine has learned about them.
  const MAX_COMPILED = 256;
  const compiled = new Map<string, AnyFunction>();

  function compile(source: string, name: string): AnyFunction {
    let func = compiled.get(source);
    if (func === undefined) {
      const url = `asyncio:function/${encodeURIComponent(name)}`;
      func = (0, eval)(`"use strict";(${source}\n)\n//# sourceURL=${url}`) as AnyFunction;
      if (compiled.size >= MAX_COMPILED) compiled.clear();
      compiled.set(source, func);
    }
    return func;
  }

  async function load(module: string, name: string): Promise<AnyFunction> {
    const exports: Names = await import(module);
    const func = exports[name];
    if (typeof func === "function") return func as AnyFunction;
    throw new TypeError(
      `Cannot call "${name}" of ${module}: the module ` +
        (name in exports
          ? `exports it, but it is no function (${typeof func})`
          : "has no such export"),
    );
  }

  /** The buffers and ports of a result, for moving them. */
  function transferables(value: unknown, found = new Set<unknown>(), seen = new Set<unknown>()) {
    if (typeof value !== "object" || value === null || seen.has(value)) return found;
    seen.add(value);
    const owned = ArrayBuffer.isView(value) ? value.buffer : value;
    if (owned instanceof ArrayBuffer || owned instanceof MessagePort) found.add(owned);
    else if (value instanceof Map) {
      for (const [key, each] of value) transferables(each, transferables(key, found, seen), seen);
    } else if (value instanceof Set || Array.isArray(value)) {
      for (const each of value) transferables(each, found, seen);
    } else if (Object.getPrototypeOf(value) === Object.prototype) {
      for (const each of Object.values(value)) transferables(each, found, seen);
    }
    return found;
  }

  // ---- Errors -----------------------------------------------------------------------------------

  function encode(value: unknown, known: Map<Error, WireError>): WireValue | undefined {
    if (value instanceof Error) return { error: known.get(value) ?? encodeError(value, known) };
    if (Array.isArray(value) && value.some((each) => each instanceof Error)) {
      return { list: value.map((each) => encode(each, known) ?? { value: undefined }) };
    }
    try {
      structuredClone(value);
      return { value };
    } catch {
      return undefined;
    }
  }

  function encodeError(error: Error, known: Map<Error, WireError>): WireError {
    const wire: WireError = {
      home: "globalThis",
      base: "",
      classes: [],
      name: String(error.name),
      message: String(error.message),
      title: "title" in error ? String(error.title) : undefined,
      stack: typeof error.stack === "string" ? trim(error.stack) : undefined,
      fields: [],
    };
    known.set(error, wire);
    let proto: Error = error;
    do {
      proto = Object.getPrototypeOf(proto);
      const { name } = proto.constructor;
      wire.classes.push(name);
      if (wire.base !== "") continue;
      if ((globalThis as unknown as Names)[name] === proto.constructor) wire.base = name;
      else if ((Deno.errors as unknown as Names)[name] === proto.constructor) {
        wire.base = name;
        wire.home = "Deno.errors";
      }
    } while (proto !== Error.prototype);
    // A class that does not set `name` would lose its own.
    if (wire.name === wire.base && wire.classes[0] !== "") wire.name = wire.classes[0]!;
    for (const key of Object.getOwnPropertyNames(error)) {
      if (key === "message" || key === "stack" || key === "name") continue;
      const { enumerable = false, value: own } = Object.getOwnPropertyDescriptor(error, key)!;
      const value = own === undefined ? undefined : encode(own, known);
      if (value !== undefined) wire.fields.push({ key, enumerable, value });
    }
    return wire;
  }

  /** Takes the frames of this file out. */
  function trim(stack: string): string {
    const lines = stack.split("\n");
    const end = lines.findIndex((line) => line.includes(sourceUrl));
    return end === -1 ? stack : lines.slice(0, end).join("\n");
  }

  // ---- Calls ------------------------------------------------------------------------------------

  async function call(wire: WireCall): Promise<WireAnswer> {
    try {
      const func = "source" in wire
        ? compile(wire.source, wire.name)
        : await load(wire.module, wire.name);
      return { kind: "result", value: await func(...wire.args) };
    } catch (error) {
      const value = encode(error, new Map());
      if (value !== undefined) return { kind: "thrown", value };
      return { kind: "unclonable", message: `it threw ${String(error)}` };
    }
  }

  async function answer(wire: WireCall): Promise<void> {
    const answer = await call(wire);
    try {
      const moved = wire.transferResult && answer.kind === "result"
        ? [...transferables(answer.value)]
        : [];
      port.postMessage(answer, moved as Transferable[]);
    } catch (error) {
      port.postMessage({ kind: "unclonable", message: String((error as Error).message) });
    }
  }

  // Everywhere else in Deno it is there.
  Object.assign(globalThis, { self: globalThis });
  port.on("message", (wire) => void answer(wire));
}
