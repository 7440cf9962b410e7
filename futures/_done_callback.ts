/**
 * What `Future.addDoneCallback()` puts among the waiters of a future.
 *
 * asyncio counterpart: the handle that `Future` makes for a callback once it is done.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import type { Context } from "./context.ts";
import type { Future } from "./future.ts";
import type { Runnable } from "./future_loop.ts";
import { sync } from "./_frame.ts";
import { describe } from "./_describe.ts";

/** A user's callback, waiting for the future to be done and then for its turn in the ready queue. */
export class DoneCallbackItem implements Runnable {
  _context: Context;
  readonly future: Future<unknown>;
  readonly callback: (future: never) => void;

  constructor(future: Future<unknown>, callback: (future: never) => void, context: Context) {
    this.future = future;
    this.callback = callback;
    this._context = context;
  }

  _run(): void {
    sync.own = undefined;
    try {
      this.callback(this.future as never);
    } finally {
      if (sync.own !== undefined) this._context = sync.own;
      sync.own = null;
    }
  }

  /** The context that it has run in: it stands for a handle in reports of its failure. */
  getContext(): Context {
    const context = this._context;
    return context._isSnapshot() ? this._context = context.copy() : context;
  }

  toString(): string {
    return `callback ${describe(this.callback)} of ${this.future}`;
  }
}
