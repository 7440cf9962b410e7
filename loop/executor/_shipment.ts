/**
 * Makes of a function what can be sent to a worker, or says why that cannot be done.
 *
 * May be imported by `loop/executor/` only.
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import { iscoroutinefunction } from "../../futures/coroutine.ts";
import type { ExecutorCallOptions, ExecutorFunction } from "./executor.ts";
import { freeNames } from "./_free_names.ts";

/** A function, ready to be sent. */
export interface Shipment {
  /** For messages. */
  label: string;
  wire: { source: string; name: string } | { module: string; name: string };
  options: ExecutorCallOptions;
}

const INSTEAD =
  "; give it all it needs as arguments, or export it from a module and give { module, name }";

/** What only the main thread has, or a variable of the program is likelier to be called. */
const NOT_IN_WORKERS = new Set(
  ("alert confirm prompt localStorage sessionStorage Storage Window Navigator Location " +
    "name close closed").split(" "),
);

const checked = new WeakMap<object, string>();

/**
 * Prepares a function.
 *
 * @throws {TypeError} when it cannot be sent
 */
export function ship<A extends unknown[], R>(func: ExecutorFunction<A, R>): Shipment {
  if (typeof func === "function") return shipSource(func, {});
  if (typeof func === "object" && func !== null) {
    if ("function" in func) return shipSource(func.function, func);
    if ("module" in func) return shipModule(String(func.module), func.name, func);
  }
  throw new TypeError(
    `Cannot run ${describe(func)} in a worker: a function is needed, or { module, name }`,
  );
}

function shipModule(module: string, name: unknown, options: ExecutorCallOptions): Shipment {
  if (typeof name !== "string") {
    throw new TypeError(
      `Cannot run a function of ${module} in a worker: the name that it is exported by must be a ` +
        `string, got ${describe(name)}`,
    );
  }
  const label = `"${name}" of ${module}`;
  if (!URL.canParse(module)) {
    throw new TypeError(
      `Cannot run ${label} in a worker: the module must be an absolute URL, as ` +
        "import.meta.resolve(…) gives it",
    );
  }
  return { label, wire: { module, name }, options };
}

function shipSource(func: unknown, options: ExecutorCallOptions): Shipment {
  const label = describe(func);
  if (typeof func !== "function") {
    throw new TypeError(`Cannot run ${label} in a worker: a function is needed`);
  }
  let source = checked.get(func);
  if (source === undefined) {
    source = String(func);
    const problem = problemOf(func, source);
    if (problem !== undefined) throw new TypeError(`Cannot run ${label} in a worker: ${problem}`);
    checked.set(func, source);
  }
  return { label, wire: { source, name: func.name || "anonymous" }, options };
}

/** Why a function cannot be sent, if it cannot. */
// deno-lint-ignore ban-types
function problemOf(func: Function, source: string): string | undefined {
  const tag = Object.prototype.toString.call(func);
  const isAsync = tag === "[object AsyncFunction]";
  if (tag.endsWith("GeneratorFunction]") || (iscoroutinefunction(func) && !isAsync)) {
    return "a coroutine function needs the event loop; a plain or an async function is needed";
  }
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    return "a bound or built-in function has no source to send; wrap it, as in " +
      "(x) => Math.sqrt(x)";
  }
  if (/^class\b/.test(source)) return "it is a class; a function is needed";
  const free = freeNames(source).filter((name) => !isGlobal(name));
  if (free.length > 0) {
    return `it uses ${list(free)} of the code around it, which does not go along${INSTEAD}`;
  }
  try {
    // Compiles only.
    new Function(`"use strict";(${source}\n)`);
  } catch (error) {
    // Methods, getters and setters have no source of their own that is an expression.
    return `its source does not stand for itself (${(error as Error).message}); write it as a ` +
      "function or an arrow function, not as a method";
  }
  return undefined;
}

function isGlobal(name: string): boolean {
  return name in globalThis && !(name in Object.prototype) && !NOT_IN_WORKERS.has(name);
}

function list(names: string[]): string {
  if (names.length === 1) return names[0]!;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
