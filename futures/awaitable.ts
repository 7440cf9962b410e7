/**
 * The one shape of everything that can be waited for.
 *
 * @module
 */

import type { Future } from "./future.ts";

/** What a generator coroutine yields to its task: the future it waits for, or a turn to give away. */
export type Suspension = Future<unknown> | undefined;

/**
 * Something to wait for with `await` in an async function and with `yield*` in a generator
 * coroutine, with the same result, the same errors and the same cancellation.
 *
 * @typeParam T what waiting for it gives
 */
export interface Awaitable<T> extends PromiseLike<T> {
  /** Lets `yield*` wait for it. */
  [Symbol.iterator](): Iterator<Suspension, T, unknown>;
}
