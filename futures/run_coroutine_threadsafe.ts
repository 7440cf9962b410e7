/**
 * `runCoroutineThreadsafe()`: work given to another loop.
 *
 * asyncio counterpart: `asyncio.tasks.run_coroutine_threadsafe`.
 *
 * @module
 */

import { ConcurrentFuture } from "./concurrent_future.ts";
import type { CoroutineLike } from "./coroutine.ts";
import { iscoroutine } from "./coroutine.ts";
import type { FutureLoop } from "./future_loop.ts";
import type { Task } from "./task.ts";
import { describe } from "./_describe.ts";

/**
 * Runs a coroutine or an async function as a task of a loop that need not be the caller's: several
 * loops may run in one thread, and callbacks of the host belong to none.
 *
 * An exception that nobody waits for is reported to that loop, as with any task.
 *
 * **Cancellation**: `cancel()` of what is returned cancels the task.
 *
 * asyncio name: `run_coroutine_threadsafe`.
 *
 * @param coro a coroutine, a generator, an async function or a generator function
 * @param loop the loop that is to run it
 * @returns the result, to be awaited anywhere; in a task, `wrapFuture()` makes a future of it
 * @throws {TypeError} when `coro` is none of these
 * @throws {RuntimeError} when the loop is closed
 *
 * @example From a callback of the host
 * ```ts
 * import { getRunningLoop, run, runCoroutineThreadsafe, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const results: string[] = [];
 * await run(async () => {
 *   const loop = getRunningLoop();
 *   queueMicrotask(() => {
 *     runCoroutineThreadsafe(sleep(1, "done"), loop).then((result) => results.push(result));
 *   });
 *   await sleep(5);
 * });
 * assertEquals(results, ["done"]);
 * ```
 */
export function runCoroutineThreadsafe<T>(
  coro: CoroutineLike<T>,
  loop: FutureLoop,
): ConcurrentFuture<T> {
  if (!iscoroutine(coro) && typeof coro !== "function") {
    throw new TypeError(
      `Cannot run ${describe(coro)}: a coroutine or an async function is needed, as in ` +
        "runCoroutineThreadsafe(() => work(), loop)",
    );
  }
  let task: Task<T> | null = null;
  const future = new ConcurrentFuture<T>((message) => {
    if (!loop.isClosed()) loop.callSoonThreadsafe(() => void task?.cancel(message));
  });
  loop.callSoonThreadsafe(() => {
    try {
      task = loop.createTask(coro);
    } catch (error) {
      future._settle(() => {
        throw error;
      });
      throw error;
    }
    task.addDoneCallback((task) => {
      if (task.cancelled()) future._cancelled(task._cancellation?.message);
      else future._settle(() => task.result());
    });
  });
  return future;
}
