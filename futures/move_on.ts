/**
 * `moveOnAfter()` and `moveOnAt()`: bodies that may be left undone.
 *
 * asyncio counterpart: none; Trio and AnyIO have them.
 *
 * @module
 */

import type { AbortOptions } from "./_abort.ts";
import type { Body, Coroutine } from "./coroutine.ts";
import { Timeout } from "./timeout.ts";

/**
 * Runs a body for some time at most, and goes on without it when it has not ended by then.
 *
 * As {@linkcode timeout}, but no error is thrown: the result is `undefined`, and `scope.expired()`
 * tells.
 *
 * **Cancellation** of the task by others is thrown as ever.
 *
 * **Differs from asyncio**: an addition.
 *
 * @param delay the time, in milliseconds; `undefined` for no limit
 * @param body an async function or a generator function, given the {@linkcode Timeout}
 * @param options a signal that ends the body too, with an error
 * @returns what the body returns, or `undefined` when the time has passed
 * @throws {RuntimeError} when no task is running
 * @throws {RangeError} when `delay` is `NaN`
 * @throws {TypeError} when `delay` is no number
 *
 * @example An optional extra
 * ```ts
 * import { moveOnAfter, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const extra = await run(async () => await moveOnAfter(1, () => sleep(60_000, "extra")) ?? "none");
 * assertEquals(extra, "none");
 * ```
 */
export function moveOnAfter<T>(
  delay: number | undefined,
  body: Body<[scope: Timeout], T>,
  options?: AbortOptions,
): Coroutine<T | undefined> {
  return Timeout._make({ delayMs: delay }, true).run<T | undefined>(body, options);
}

/**
 * Runs a body until some time of the loop's clock at most; see {@linkcode moveOnAfter}.
 *
 * **Differs from asyncio**: an addition.
 *
 * @param when the deadline, in milliseconds of the loop's clock; `undefined` for none
 * @param body an async function or a generator function, given the {@linkcode Timeout}
 * @param options a signal that ends the body too, with an error
 * @returns what the body returns, or `undefined` when the deadline has passed
 * @throws {RuntimeError} when no task is running
 * @throws {RangeError} when `when` is `NaN`
 * @throws {TypeError} when `when` is no number
 *
 * @example What can be done by then
 * ```ts
 * import { getRunningLoop, moveOnAt, run, sleep } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * let rounds = 0;
 * await run(async () => {
 *   await moveOnAt(getRunningLoop().time() + 5, async () => {
 *     for (;; rounds++) await sleep(1);
 *   });
 * });
 * assert(rounds < 6);
 * ```
 */
export function moveOnAt<T>(
  when: number | undefined,
  body: Body<[scope: Timeout], T>,
  options?: AbortOptions,
): Coroutine<T | undefined> {
  return Timeout._make({ when }, true).run<T | undefined>(body, options);
}
