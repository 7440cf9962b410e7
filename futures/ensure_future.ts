/**
 * Making tasks and futures of whatever can be waited for.
 *
 * asyncio counterpart: `asyncio.tasks.create_task` and `ensure_future`.
 *
 * @module
 */

import { runningLoop } from "./_frame.ts";
import { Coroutine, type CoroutineLike, isGenerator } from "./coroutine.ts";
import { RuntimeError } from "./errors.ts";
import { type Future, isfuture } from "./future.ts";
import type { FutureLoop } from "./future_loop.ts";
import type { Task, TaskOptions } from "./task.ts";
import { describe } from "./_describe.ts";

/** Whatever can be waited for: a future, a coroutine, an async function, a promise. */
export type FutureInput<T> = Future<T> | CoroutineLike<T> | PromiseLike<T>;

/** What waiting for something gives. */
export type ResultOf<I> = I extends Future<infer T> ? T
  : I extends Coroutine<infer T> ? T
  : I extends Generator<unknown, infer T, never> ? T
  : I extends () => Generator<unknown, infer T, never> ? T
  : I extends () => PromiseLike<infer T> ? T
  : I extends PromiseLike<infer T> ? T
  : never;

/** @internal */
export function requireLoop(action: string, loop?: FutureLoop): FutureLoop {
  const found = loop ?? runningLoop();
  if (found === null) throw new RuntimeError(`Cannot ${action}: no event loop is running`);
  return found;
}

/**
 * Runs a coroutine or an async function as a task of the running loop.
 *
 * It starts with the next pass of the loop, in a copy of the present context.
 *
 * asyncio name: `create_task`.
 *
 * @param coro a coroutine, a generator, an async function or a generator function
 * @param options name, context, eager start
 * @throws {RuntimeError} when no loop is running
 * @throws {TypeError} when `coro` is none of these; a promise, for example
 *
 * @example Two things at once
 * ```ts
 * import { createTask, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const sum = await run(async () => {
 *   const one = createTask(() => sleep(1, 1));
 *   const two = createTask(() => sleep(1, 2));
 *   return (await one) + (await two);
 * });
 * assertEquals(sum, 3);
 * ```
 */
export function createTask<T>(coro: CoroutineLike<T>, options?: TaskOptions): Task<T> {
  return requireLoop("create a task").createTask(coro, options);
}

/** What {@linkcode ensureFuture} takes beside what to wait for. */
export interface EnsureFutureOptions {
  /**
   * The loop of a future that has to be made.
   * @default the running loop
   */
  loop?: FutureLoop;
}

/**
 * A future for anything that can be waited for: a future itself, a task for a coroutine or an async
 * function, and for a promise a future that follows it.
 *
 * A promise becomes a place where a task can be cancelled by being wrapped: cancelling the future
 * ends the wait, not the promise.
 *
 * asyncio name: `ensure_future`.
 *
 * @param input what to wait for
 * @param options the loop
 * @throws {TypeError} when `input` cannot be waited for
 * @throws {RuntimeError} when a future has to be made and there is no loop
 *
 * @example A promise that can be waited for with a way out
 * ```ts
 * import { coroutine, ensureFuture, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const main = coroutine(function* () {
 *   return yield* ensureFuture(Promise.resolve(5));
 * });
 * assertEquals(await run(main()), 5);
 * ```
 */
export function ensureFuture<T>(input: FutureInput<T>, options?: EnsureFutureOptions): Future<T> {
  if (isfuture(input)) {
    if (options?.loop !== undefined && input.getLoop() !== options.loop) {
      throw new RangeError(`Cannot use ${input}: it belongs to a loop other than the one given`);
    }
    return input as Future<T>;
  }
  if (input instanceof Coroutine || isGenerator(input) || typeof input === "function") {
    return requireLoop("make a task", options?.loop).createTask(input as CoroutineLike<T>);
  }
  if (typeof (input as Partial<PromiseLike<T>> | null)?.then !== "function") {
    throw new TypeError(
      "Cannot make a future: a future, coroutine, async function or promise is needed, got " +
        describe(input),
    );
  }
  const future = requireLoop("wrap a promise", options?.loop).createFuture<T>();
  input.then(
    (value) => void (future.done() || future.setResult(value)),
    (error) => void (future.done() || future.setException(error)),
  );
  return future;
}
