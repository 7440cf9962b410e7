/**
 * Operations that are often done as soon as they are awaited, such as reading a line that has come.
 *
 * For an async function that awaits one of them, no strand is made, and neither its task nor its
 * context is looked up: there is nothing to be cancelled in a wait that does not take place. The
 * callback is called a microtask later, as it is for every other awaitable.
 *
 * asyncio counterpart: none; there, such an `await` is a plain call.
 *
 * May be imported by every folder.
 *
 * @module
 */

import { awaitIterator } from "./_await.ts";
import { type Callback, Chain } from "./_chain.ts";
import { Operation } from "./coroutine.ts";
import type { FutureLoop } from "./future_loop.ts";

/** Returned for what cannot be done at once. */
export const NOT_YET: unique symbol = Symbol("not yet");

type OnFulfilled<T, R> = ((value: T) => R | PromiseLike<R>) | null | undefined;
type OnRejected<R> = ((reason: unknown) => R | PromiseLike<R>) | null | undefined;

/**
 * An operation that may be done at once.
 *
 * When `now()` returns {@linkcode NOT_YET}, it goes on with `next()`, as any operation.
 */
export abstract class ImmediateOperation<T> extends Operation<T> {
  /** The loop that the operation belongs to. */
  protected abstract get loop(): FutureLoop;

  /** Does it, if that can be done without waiting. Called once, before `next()`, or not at all. */
  protected abstract now(): T | typeof NOT_YET;

  override then<R1 = T, R2 = never>(
    onFulfilled?: OnFulfilled<T, R1>,
    onRejected?: OnRejected<R2>,
  ): PromiseLike<R1 | R2> {
    const { loop } = this;
    // While no async code is known to run, this may be some that comes from a foreign promise: then its
    // task has to be told.
    if (loop._asyncSteps === 0 || typeof onRejected !== "function" || !this._claim()) {
      return super.then(onFulfilled, onRejected);
    }
    let value: T | typeof NOT_YET;
    try {
      value = this.now();
    } catch (error) {
      return deliver(loop, onRejected, error, false);
    }
    if (value === NOT_YET) return awaitIterator(this, onFulfilled, onRejected);
    return deliver(loop, onFulfilled, value, true);
  }
}

/** Hands a result over, a microtask later. */
class Delivery extends Chain {
  constructor(loop: FutureLoop, callback: Callback, value: unknown, fulfilled: boolean) {
    super(loop);
    queueMicrotask(() => {
      // The async code that awaits has not come to rest.
      loop._asyncHops = 0;
      this.settle(callback, value, fulfilled);
    });
  }
}

function deliver<R>(
  loop: FutureLoop,
  callback: Callback,
  value: unknown,
  fulfilled: boolean,
): PromiseLike<R> {
  return new Delivery(loop, callback, value, fulfilled) as PromiseLike<unknown> as PromiseLike<R>;
}
