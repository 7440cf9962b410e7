/**
 * A call of a transport's own, at its place among the loop's callbacks.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import type { Context } from "../futures/context.ts";
import type { Runnable } from "../futures/future_loop.ts";

/** A function to be called once by the loop, in a given context itself and not in a copy. */
export class ContextCall implements Runnable {
  readonly _context: Context;
  readonly #label: string;
  readonly #call: () => void;

  /** @param label what it is, for messages */
  constructor(context: Context, label: string, call: () => void) {
    this._context = context;
    this.#label = label;
    this.#call = call;
  }

  _run(): void {
    this.#call();
  }

  toString(): string {
    return this.#label;
  }
}
