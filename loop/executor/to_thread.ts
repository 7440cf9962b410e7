/**
 * `toThread()`: a function call in another thread.
 *
 * asyncio counterpart: `asyncio.threads`.
 *
 * @module
 */

import { type Coroutine, coroutine } from "../../futures/coroutine.ts";
import { getRunningLoop } from "../running_loop.ts";
import type { ExecutorFunction } from "./executor.ts";

const inDefaultExecutor = coroutine(
  function* <A extends unknown[], R>(func: ExecutorFunction<A, R>, args: A) {
    return yield* getRunningLoop().runInExecutor(undefined, func, ...args);
  },
);

/**
 * Runs a function in a worker of the loop's default executor, so that the loop goes on meanwhile.
 *
 * The function's source is sent to the worker, or the worker imports it: see
 * {@linkcode WorkerPoolExecutor} for what can run there, and what becomes of arguments, results and
 * errors. Nothing happens before the call is awaited.
 *
 * **Cancellation** takes back a call that has not started. One that runs goes on, and its result is
 * dropped, unless `terminateOnCancel` says otherwise.
 *
 * **Differs from asyncio**: context variables do not go along, and neither do the variables around
 * the function; an async function is waited for in the worker.
 *
 * asyncio name: `to_thread`.
 *
 * @param func a function that stands for itself, or `{ module, name }`
 * @param args its arguments
 * @throws {TypeError} when the function or an argument cannot be sent
 * @throws {RuntimeError} when the default executor was shut down
 *
 * @example Work that would hold up the loop
 * ```ts
 * import { run, toThread } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * function fibonacci(n: number): number {
 *   return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
 * }
 * assertEquals(await run(async () => await toThread(fibonacci, 20)), 6765);
 * ```
 *
 * @example A buffer that is moved there and back
 * ```ts
 * import { run, toThread } from "@asyncio/asyncio";
 * import { assert, assertEquals } from "@std/assert";
 *
 * function invert(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
 *   return bytes.map((byte) => 255 - byte);
 * }
 * await run(async () => {
 *   const image = new Uint8Array(1024);
 *   const call = { function: invert, transfer: [image.buffer], transferResult: true };
 *   const inverted = await toThread(call, image);
 *   assertEquals(inverted[0], 255);
 *   assert(image.buffer.detached);
 * });
 * ```
 */
export function toThread<A extends unknown[], R>(
  func: ExecutorFunction<A, R>,
  ...args: A
): Coroutine<Awaited<R>> {
  return inDefaultExecutor(func as ExecutorFunction<unknown[], unknown>, args) as Coroutine<
    Awaited<R>
  >;
}
