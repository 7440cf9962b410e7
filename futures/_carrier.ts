/**
 * What an async function carries along from its first line to its last, across every await.
 *
 * The public way is `AsyncLocalStorage`. On Deno 2.9 entering one costs 300 to 500 ns and leaves an
 * entry in a `WeakMap` behind, whose collection costs as much again: more than everything else that
 * starting a task costs. Beneath it lies a pair of functions of the engine that get and set the
 * present mapping. Where Deno shows them and they are seen to work beside `AsyncLocalStorage`, they
 * are used directly (30 ns); where not, `AsyncLocalStorage` is. Both carry the same values to the same
 * places, and a test runs on both.
 *
 * Invariant: what others carry (their own storages) is carried on.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { findDenoCore } from "./_deno_core.ts";

/** Carries a value of one type. */
export interface Carrier<T> {
  /** What the calling code carries. */
  getStore(): T | undefined;
  /** Calls a function, so that it and all that it starts carries `value`. */
  run<A extends unknown[], R>(value: T, fn: (...args: A) => R, ...args: A): R;
}

// Of this copy of the library alone: another copy in the same program has a key of its own.
const KEY: unique symbol = Symbol("asyncio");

/** What every async function carries, as the engine keeps it. */
interface Mapping<T> {
  [KEY]?: T;
}

/** The engine's two functions. */
interface Engine<T> {
  getAsyncContext(): Mapping<T> | undefined;
  setAsyncContext(mapping: Mapping<T> | undefined): void;
}

/** A mapping in which nobody else carries anything. */
class OwnMapping<T> implements Mapping<T> {
  [KEY]: T;

  constructor(value: T) {
    this[KEY] = value;
  }
}

/** Carries a value by the engine's functions. */
export class EngineCarrier<T> implements Carrier<T> {
  readonly #get: Engine<T>["getAsyncContext"];
  readonly #set: Engine<T>["setAsyncContext"];

  constructor({ getAsyncContext, setAsyncContext }: Engine<T>) {
    this.#get = getAsyncContext;
    this.#set = setAsyncContext;
  }

  getStore(): T | undefined {
    return this.#get()?.[KEY];
  }

  run<A extends unknown[], R>(value: T, fn: (...args: A) => R, ...args: A): R {
    const before = this.#get();
    this.#set(
      before === undefined || before === null || before instanceof OwnMapping
        ? new OwnMapping(value)
        : { ...before, [KEY]: value },
    );
    try {
      return fn(...args);
    } finally {
      this.#set(before);
    }
  }
}

/** The engine's functions, where Deno shows them. */
export function findEngine<T>(): Engine<T> | undefined {
  const core = findDenoCore<Engine<T>>();
  if (
    typeof core?.getAsyncContext !== "function" || typeof core.setAsyncContext !== "function"
  ) return undefined;
  return core as Engine<T>;
}

/** Whether a carrier keeps its value, and those of others, where both are entered. */
function works(carrier: Carrier<object>): boolean {
  const [value, inner, foreign] = [{}, {}, {}];
  const storage = new AsyncLocalStorage<object>();
  try {
    return carrier.run(
      value,
      () =>
        storage.run(
          foreign,
          () =>
            carrier.getStore() === value && carrier.run(inner, () =>
              carrier.getStore() === inner && storage.getStore() === foreign) &&
            carrier.getStore() === value,
        ) && storage.getStore() === undefined,
    ) &&
      carrier.getStore() === undefined;
  } catch {
    return false;
  }
}

/** Makes the fastest carrier that works here. */
export function makeCarrier<T extends object>(): Carrier<T> {
  const engine = findEngine<T>();
  if (engine !== undefined) {
    const carrier = new EngineCarrier<T>(engine);
    if (works(carrier as Carrier<object>)) return carrier;
  }
  return new AsyncLocalStorage<T>();
}
