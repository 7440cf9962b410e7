/**
 * `waitFor()`: one wait with a limit.
 *
 * asyncio counterpart: `asyncio.tasks.wait_for`.
 *
 * @module
 */

import type { AbortOptions } from "./_abort.ts";
import { ScopedBody, startInline } from "./_body.ts";
import { abortable } from "./_signal_scope.ts";
import type { Suspension } from "./awaitable.ts";
import { Coroutine, coroutine } from "./coroutine.ts";
import { ensureFuture, type FutureInput, type ResultOf } from "./ensure_future.ts";
import { CancelledError, TimeoutError } from "./errors.ts";
import type { Future } from "./future.ts";
import { Timeout } from "./timeout.ts";
import { wait } from "./wait.ts";

/**
 * Waits for one thing, for some time at most.
 *
 * When the time has passed, what is waited for is cancelled, and waited for until it has ended. If it
 * gives a result all the same, that is the result here.
 *
 * A coroutine or a function runs in the task that waits, as if it was called; with a limit of 0 or
 * less it does not run at all.
 *
 * **Cancellation** of the task cancels what is waited for, use {@linkcode shield} where others need
 * it still. It is never lost to a result or a limit that comes at the same time; the result of a
 * future stays in the future.
 *
 * asyncio name: `wait_for`.
 *
 * @param input a future, a coroutine, an async function, a promise
 * @param delay the time, in milliseconds; `undefined` for no limit
 * @param options a signal that ends the wait too
 * @returns the result
 * @throws {TimeoutError} when the time has passed
 * @throws {RuntimeError} when no task is running
 * @throws {RangeError} when `delay` is `NaN`
 * @throws {TypeError} when `delay` is no number
 *
 * @example An answer within a second
 * ```ts
 * import { run, sleep, waitFor } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const ask = async () => await sleep(1, "yes");
 * assertEquals(await run(() => waitFor(ask, 1000)), "yes");
 * ```
 */
export function waitFor<const I extends FutureInput<unknown>>(
  input: I,
  delay: number | undefined,
  options?: AbortOptions,
): Coroutine<ResultOf<I>> {
  const timeout = Timeout._make({ delayMs: delay }, false);
  Coroutine._takeOver(input);
  const work = delay !== undefined && delay <= 0
    ? waitNoTime(input, timeout)
    : new ScopedBody("waitFor", timeout, () => startInline(input));
  return abortable(work, options?.signal) as Coroutine<ResultOf<I>>;
}

const waitNoTime = coroutine(function* waitFor(
  input: FutureInput<unknown>,
  scope: Timeout,
): Generator<Suspension, unknown, unknown> {
  // A task is made even of a coroutine, so that it is cancelled before its first step.
  const future: Future<unknown> = ensureFuture(input);
  if (future.done()) return future.result();
  future.cancel();
  // Not by waiting for the future itself, so that this wait can be cancelled for sure.
  yield* wait([future]);
  try {
    return future.result();
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    throw new TimeoutError("The timeout has expired", { cause: error, scope });
  }
});
