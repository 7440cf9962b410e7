/**
 * Signal handlers of a loop.
 *
 * asyncio counterpart: the signal methods of `asyncio.unix_events`.
 *
 * Invariant: a listener of the host is there exactly while the loop has a callback for the signal, or
 * something to do where there is none.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { type Context, copyContext } from "../futures/context.ts";
import { RuntimeError } from "../futures/errors.ts";
import type { AbstractEventLoop } from "./abstract_event_loop.ts";

/** The callbacks of one loop, by signal. */
export class SignalHandlers {
  readonly #loop: AbstractEventLoop;
  readonly #listeners = new Map<Deno.Signal, () => void>();

  constructor(loop: AbstractEventLoop) {
    this.#loop = loop;
  }

  /** Sets the callback of a signal. */
  add(signal: Deno.Signal, callback: (...args: unknown[]) => void, args: unknown[]): void {
    if (typeof callback !== "function") {
      throw new TypeError(
        `Cannot handle ${signal}: the callback must be a function, got ${describe(callback)}`,
      );
    }
    if (this.#loop.isClosed()) {
      throw new RuntimeError(`Cannot handle ${signal}: the event loop is closed`);
    }
    const listener = this.#listener(callback, args);
    Deno.addSignalListener(signal, listener);
    this.remove(signal);
    this.#listeners.set(signal, listener);
  }

  #listener(callback: (...args: unknown[]) => void, args: unknown[]): () => void {
    const context: Context = copyContext();
    return () => {
      // The signal may come while the loop is being closed.
      if (!this.#loop.isClosed()) context.run(() => this.#loop.callSoon(callback, ...args));
    };
  }

  /** Has a signal run something while it has no callback. Returns what ends that. */
  otherwise(signal: Deno.Signal, callback: () => void): () => void {
    const run = this.#listener(callback, []);
    const listener = () => {
      if (!this.#listeners.has(signal)) run();
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  }

  /** Takes the callback of a signal out. */
  remove(signal: Deno.Signal): boolean {
    const listener = this.#listeners.get(signal);
    if (listener === undefined) return false;
    this.#listeners.delete(signal);
    Deno.removeSignalListener(signal, listener);
    return true;
  }

  /** Takes all out. */
  clear(): void {
    for (const signal of [...this.#listeners.keys()]) this.remove(signal);
  }
}
