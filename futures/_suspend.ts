/**
 * How an iterator has its task wait for a future.
 *
 * asyncio counterpart: `Future.__await__`, and the `yield self` in it.
 *
 * May be imported by `futures/` and `transports/`.
 *
 * @module
 */

import type { Suspension } from "./awaitable.ts";
import type { Future } from "./future.ts";

// One object serves all: a task looks at it before anything else can be suspended, so 40 bytes need not
// stay alive for each task that waits.
const SUSPENDED: { value: Suspension; done: false } = { value: undefined, done: false };

/** What `next()` returns to have the task wait for a future. */
export function suspendAt<T>(future: Future<T>): IteratorYieldResult<Suspension> {
  future._asyncioFutureBlocking = true;
  SUSPENDED.value = future as Future<unknown>;
  return SUSPENDED;
}

/** Lets `yield*` wait for a future: yields it once, and gives its result when resumed. */
export class FutureIterator<T> implements Iterator<Suspension, T, unknown> {
  readonly #future: Future<T>;

  constructor(future: Future<T>) {
    this.#future = future;
  }

  next(): IteratorResult<Suspension, T> {
    const future = this.#future;
    if (future._state === 0) return suspendAt(future);
    return { value: future.result(), done: true };
  }

  throw(error: unknown): never {
    throw error;
  }

  return(value: T): IteratorResult<Suspension, T> {
    return { value, done: true };
  }
}
