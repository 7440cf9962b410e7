/**
 * What an iterator gives its task to be suspended at a future.
 *
 * asyncio counterpart: `yield self` in `Future.__await__`.
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
