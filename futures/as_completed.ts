/**
 * `asCompleted()`: several things, each as soon as it is done.
 *
 * asyncio counterpart: `asyncio.tasks.as_completed`.
 *
 * @module
 */

import type { AbortOptions } from "./_abort.ts";
import { Watch } from "./_watch.ts";
import type { Suspension } from "./awaitable.ts";
import { type Coroutine, coroutine, iscoroutine } from "./coroutine.ts";
import { ensureFuture, type FutureInput, requireLoop, type ResultOf } from "./ensure_future.ts";
import { TimeoutError } from "./errors.ts";
import { type Future, isfuture } from "./future.ts";
import type { CancelHandle } from "./future_loop.ts";
import { Queue } from "./queue.ts";
import { checkTimeout } from "./sleep.ts";
import { describe } from "./_describe.ts";

/** What {@linkcode asCompleted} takes beside what to wait for. */
export interface AsCompletedOptions extends AbortOptions {
  /**
   * The longest time to wait for all, in milliseconds from the call; `undefined` for no limit.
   * @default undefined
   */
  timeout?: number | undefined;
}

/**
 * A future that is done, as `for await` gives it.
 *
 * It is the future itself. Only its type is without `then()`, since TypeScript takes what `for await`
 * gives for a promise that was awaited, where it can be.
 *
 * @typeParam F the type of the future
 */
export type DoneFuture<F> = F extends unknown ? Omit<F, "then"> : never;

/**
 * What {@linkcode asCompleted} returns; iterate it in one of two ways.
 *
 * A loop that was left is taken up where it was by the next one.
 *
 * @typeParam T the type of the results
 * @typeParam F the type of the futures
 */
export interface AsCompleted<T, F = Future<T>> {
  /**
   * For `for`: coroutines, each of which waits for the next of all to be done, whichever that is, and
   * gives its result.
   */
  [Symbol.iterator](): IterableIterator<Coroutine<T>, undefined, unknown>;
  /**
   * For `for await`: what was given, each when it is done; for what was no future, the task or future
   * that was made of it. Take its `result()`.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<DoneFuture<F>, undefined, unknown>;
}

class Completed implements AsCompleted<unknown> {
  // What is not done, each with the watch for it.
  readonly #todo = new Map<Future<unknown>, Watch>();
  // What is done and has not been given out; `undefined` for each that came too late.
  readonly #done: Queue<Future<unknown> | undefined> = new Queue();
  readonly #options: AbortOptions;
  readonly #timer: CancelHandle | null = null;
  // How many have not been asked for.
  #left: number;

  constructor(inputs: Iterable<FutureInput<unknown>>, options: AsCompletedOptions) {
    const loop = requireLoop("wait for what completes");
    const { timeout } = options;
    this.#options = options;
    for (const input of new Set(inputs)) {
      const future = ensureFuture(input, { loop });
      this.#todo.set(future, new Watch(future, this.#onDone, null));
    }
    this.#left = this.#todo.size;
    if (timeout !== undefined && this.#left > 0) {
      this.#timer = loop.callLater(Math.max(timeout, 0), this.#onTimeout);
    }
  }

  readonly #onDone = (future: Future<unknown>): void => {
    this.#todo.delete(future);
    this.#done.putNowait(future);
    if (this.#todo.size === 0) this.#timer?.cancel();
  };

  readonly #onTimeout = (): void => {
    for (const watch of this.#todo.values()) {
      watch.end();
      this.#done.putNowait(undefined);
    }
    this.#todo.clear();
  };

  // In a box, as `await` would wait for the future too.
  static readonly #nextDone = coroutine(function* asCompleted(
    all: Completed,
  ): Generator<Suspension, { future: Future<unknown> }, unknown> {
    const future = yield* all.#done.get(all.#options);
    if (future !== undefined) return { future };
    throw new TimeoutError("The timeout has expired before everything was done");
  });

  static readonly #nextResult = coroutine(function* asCompleted(
    all: Completed,
  ): Generator<Suspension, unknown, unknown> {
    return (yield* Completed.#nextDone(all)).future.result();
  });

  [Symbol.iterator](): IterableIterator<Coroutine<unknown>, undefined, unknown> {
    return {
      next: () => {
        if (this.#left === 0) return { value: undefined, done: true };
        this.#left--;
        return { value: Completed.#nextResult(this), done: false };
      },
      [Symbol.iterator]() {
        return this;
      },
    };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Future<unknown>, undefined, unknown> {
    return {
      next: async () => {
        if (this.#left === 0) return { value: undefined, done: true };
        this.#left--;
        try {
          return { value: (await Completed.#nextDone(this)).future, done: false };
        } catch (error) {
          // It has taken nothing, so a later loop may.
          if (!(error instanceof TimeoutError)) this.#left++;
          throw error;
        }
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

/**
 * Runs several things at once, and gives each as soon as it is done.
 *
 * In an async function, `for await` gives the futures and tasks that were given, done, so that one can
 * tell which it is. A plain `for` gives coroutines to wait for one after the other, in generator
 * coroutines too.
 *
 * Coroutines and functions are made tasks at once.
 *
 * **Cancellation** ends the wait for the next one and loses none; what is waited for goes on.
 *
 * asyncio name: `as_completed`.
 *
 * @param inputs futures, coroutines, async functions, promises
 * @param options for how long, and a signal that ends the waits
 * @returns what to iterate. Its waits throw {@linkcode TimeoutError} when the time has passed
 * @throws {TypeError} when one of them cannot be waited for
 * @throws {RangeError} when the time is no number
 * @throws {RuntimeError} when no loop is running
 *
 * @example The fastest first
 * ```ts
 * import { asCompleted, coroutine, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const inAsyncFunction = await run(async () => {
 *   const results: string[] = [];
 *   for await (const task of asCompleted([sleep(5, "slow"), sleep(1, "fast")])) {
 *     results.push(task.result());
 *   }
 *   return results;
 * });
 * assertEquals(inAsyncFunction, ["fast", "slow"]);
 *
 * const inGenerator = await run(coroutine(function* () {
 *   const results: string[] = [];
 *   for (const next of asCompleted([sleep(5, "slow"), sleep(1, "fast")])) {
 *     results.push(yield* next);
 *   }
 *   return results;
 * })());
 * assertEquals(inGenerator, ["fast", "slow"]);
 * ```
 */
export function asCompleted<const I extends FutureInput<unknown>>(
  inputs: Iterable<I>,
  options: AsCompletedOptions = {},
): AsCompleted<ResultOf<I>, I extends Future<unknown> ? I : Future<ResultOf<I>>> {
  if (isfuture(inputs) || iscoroutine(inputs) || typeof inputs?.[Symbol.iterator] !== "function") {
    throw new TypeError(
      `Cannot wait for what completes: an array is needed, got ${describe(inputs)}`,
    );
  }
  const { timeout } = options;
  checkTimeout("wait for what completes", timeout);
  return new Completed(inputs, options) as AsCompleted<unknown> as AsCompleted<
    ResultOf<I>,
    I extends Future<unknown> ? I : Future<ResultOf<I>>
  >;
}
