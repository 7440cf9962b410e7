/**
 * Looking at a future until it is done, or until that is of no interest any more.
 *
 * As `addDoneCallback()`, for the library's own callbacks: without a context, and on somebody's behalf,
 * so that the call graph knows.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { waitOn } from "./_await.ts";
import { Context } from "./context.ts";
import { Future } from "./future.ts";
import type { Runnable } from "./future_loop.ts";

const noContext = new Context();

/** Calls back, once, from the loop, when a future is done. */
export class Watch implements Runnable {
  readonly _context: Context = noContext;
  readonly _awaiter: object | null;
  readonly #future: Future<unknown>;
  #callback: ((future: Future<unknown>) => void) | null;

  /** Starts watching; `awaiter` is the task or future on whose behalf. */
  constructor(
    future: Future<unknown>,
    callback: (future: Future<unknown>) => void,
    awaiter: object | null,
  ) {
    this.#future = future;
    this.#callback = callback;
    this._awaiter = awaiter;
    waitOn(future, this);
  }

  _run(): void {
    this.#callback?.(this.#future);
  }

  /** Stops watching; the callback is not called any more. */
  end(): void {
    this.#callback = null;
    // A third party's future keeps this small object until it is done.
    if (this.#future instanceof Future) this.#future._removeWaiter(this);
  }
}
