/**
 * `wait()`: until one, or all, of several futures are done.
 *
 * asyncio counterpart: `asyncio.tasks.wait`.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import { runningTask } from "./_frame.ts";
import { outcomeOf } from "./_outcome.ts";
import { Watch } from "./_watch.ts";
import type { Suspension } from "./awaitable.ts";
import { type Coroutine, coroutine, iscoroutine } from "./coroutine.ts";
import { requireLoop } from "./ensure_future.ts";
import { type Future, isfuture } from "./future.ts";
import { checkTimeout } from "./sleep.ts";
import { describe } from "./_describe.ts";

/** {@linkcode wait} returns when all are done. */
export const ALL_COMPLETED = "ALL_COMPLETED";
/** {@linkcode wait} returns when one is done. */
export const FIRST_COMPLETED = "FIRST_COMPLETED";
/** {@linkcode wait} returns when one has failed, or all are done. */
export const FIRST_EXCEPTION = "FIRST_EXCEPTION";

/** What {@linkcode wait} takes beside the futures. */
export interface WaitOptions extends AbortOptions {
  /**
   * The longest time to wait, in milliseconds; `undefined` for no limit.
   * @default undefined
   */
  timeout?: number | undefined;
  /**
   * What to wait for.
   * @default ALL_COMPLETED
   */
  returnWhen?: typeof ALL_COMPLETED | typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION;
}

/**
 * Waits for several futures or tasks, without an error when the time has passed or one has failed.
 *
 * **Cancellation** ends the wait and leaves the futures alone.
 *
 * asyncio name: `wait`.
 *
 * @param futures futures and tasks; make tasks of coroutines first
 * @param options for how long, and for what
 * @returns those that are done, and those that are not
 * @throws {TypeError} when `futures` holds anything else
 * @throws {RangeError} when it is empty, or an option has no meaning
 *
 * @example The first of two
 * ```ts
 * import { createTask, FIRST_COMPLETED, run, sleep, wait } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const first = await run(async () => {
 *   const tasks = [createTask(sleep(60_000, "slow")), createTask(sleep(1, "fast"))];
 *   const [done, pending] = await wait(tasks, { returnWhen: FIRST_COMPLETED });
 *   for (const task of pending) task.cancel();
 *   return [...done].map((task) => task.result());
 * });
 * assertEquals(first, ["fast"]);
 * ```
 */
export function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitOptions = {},
): Coroutine<[done: Set<F>, pending: Set<F>]> {
  return withSignal(
    waitSteps(futures, options) as Coroutine<[Set<F>, Set<F>]>,
    options.signal,
  );
}

const waitSteps = coroutine(function* wait(
  futures: Iterable<Future<unknown>>,
  { timeout, returnWhen = ALL_COMPLETED }: WaitOptions,
): Generator<Suspension, [Set<Future<unknown>>, Set<Future<unknown>>], unknown> {
  const all = collect(futures);
  if (
    returnWhen !== ALL_COMPLETED && returnWhen !== FIRST_COMPLETED && returnWhen !== FIRST_EXCEPTION
  ) {
    throw new RangeError(`Cannot wait: returnWhen has no meaning, got ${describe(returnWhen)}`);
  }
  checkTimeout("wait", timeout);
  const loop = requireLoop("wait");
  const waiter = loop.createFuture<undefined>();
  const release = () => void (waiter.done() || waiter.setResult(undefined));
  const timer = timeout === undefined ? null : loop.callLater(Math.max(timeout, 0), release);
  let left = all.size;
  const onDone = (future: Future<unknown>) => {
    left--;
    if (
      left === 0 || returnWhen === FIRST_COMPLETED ||
      (returnWhen === FIRST_EXCEPTION && !future.cancelled() && outcomeOf(future).failed)
    ) release();
  };
  const task = runningTask();
  const watches = Array.from(all, (future) => new Watch(future, onDone, task));
  try {
    yield* waiter;
  } finally {
    timer?.cancel();
    for (const watch of watches) watch.end();
  }
  const done = new Set<Future<unknown>>();
  const pending = new Set<Future<unknown>>();
  for (const future of all) (future.done() ? done : pending).add(future);
  return [done, pending];
});

function collect(futures: Iterable<Future<unknown>>): Set<Future<unknown>> {
  if (
    isfuture(futures) || iscoroutine(futures) || typeof futures?.[Symbol.iterator] !== "function"
  ) {
    throw new TypeError(`Cannot wait: an array of futures is needed, got ${describe(futures)}`);
  }
  const all = new Set(futures);
  if (all.size === 0) throw new RangeError("Cannot wait: there is nothing to wait for");
  for (const future of all) {
    if (isfuture(future)) continue;
    throw new TypeError(
      `Cannot wait for ${describe(future)}: futures and tasks are needed; make a task of a ` +
        "coroutine with createTask()",
    );
  }
  return all;
}
