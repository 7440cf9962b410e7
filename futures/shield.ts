/**
 * `shield()`: waiting for something without taking it along when the wait is cancelled.
 *
 * asyncio counterpart: `asyncio.tasks.shield`.
 *
 * @module
 */

import { Cancellation } from "./_cancellation.ts";
import { outcomeOf } from "./_outcome.ts";
import { Watch } from "./_watch.ts";
import { ensureFuture, type FutureInput, type ResultOf } from "./ensure_future.ts";
import type { CancelOptions } from "./errors.ts";
import { Future } from "./future.ts";

/** The future that is waited for instead of the shielded one. */
class ShieldFuture extends Future<unknown> {
  readonly #watch: Watch;

  constructor(inner: Future<unknown>) {
    super({ loop: inner.getLoop() });
    this.#watch = new Watch(inner, this.#innerDone, this);
  }

  readonly #innerDone = (inner: Future<unknown>): void => {
    // Others than this class may have ended it.
    if (this.done()) return;
    if (inner.cancelled()) return void Cancellation.passOn(inner, this);
    const { failed, error, result } = outcomeOf(inner);
    if (failed) this.setException(error);
    else this.setResult(result);
  };

  override cancel(message?: string, options?: CancelOptions): boolean {
    // Who waits no longer must neither be kept alive by what goes on, nor count as having seen its error.
    this.#watch.end();
    return super.cancel(message, options);
  }
}

/**
 * Protects something from the cancellation of who waits for it.
 *
 * `await shield(task)` is `await task`, except that when the waiting task is cancelled, `task` goes on.
 * The waiter still gets its `CancelledError`.
 *
 * An exception that comes when nobody waits any longer is reported as that of any other future: once,
 * if nobody asks for it.
 *
 * {@linkcode shielded} differs: it protects a body of code in the task that waits.
 *
 * **Cancellation** ends the wait; cancelling what is protected ends both.
 *
 * asyncio name: `shield`.
 *
 * @param input what to protect; a coroutine or function becomes a task
 * @returns a future of its result
 * @throws {TypeError} when `input` cannot be waited for
 * @throws {RuntimeError} when a task has to be made and no loop is running
 *
 * @example Work that outlives who asked for it
 * ```ts
 * import { createTask, run, shield, sleep, TimeoutError, waitFor } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await run(async () => {
 *   const task = createTask(sleep(5, "done"));
 *   try {
 *     await waitFor(shield(task), 1);
 *   } catch (error) {
 *     if (!(error instanceof TimeoutError)) throw error;
 *   }
 *   return await task;
 * });
 * assertEquals(result, "done");
 * ```
 */
export function shield<const I extends FutureInput<unknown>>(input: I): Future<ResultOf<I>> {
  const inner = ensureFuture<unknown>(input);
  return (inner.done() ? inner : new ShieldFuture(inner)) as Future<ResultOf<I>>;
}
