/**
 * The executors of one loop: what stands behind `runInExecutor()` and its kin.
 *
 * asyncio counterpart: the executor methods of `asyncio.base_events.BaseEventLoop`.
 *
 * Not here: what runs the functions; see {@linkcode Executor}.
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import type { CoroutineGenerator } from "../../futures/coroutine.ts";
import { CancelledError, RuntimeError } from "../../futures/errors.ts";
import type { Future } from "../../futures/future.ts";
import type { AbstractEventLoop } from "../abstract_event_loop.ts";
import type { Executor, ExecutorFunction } from "./executor.ts";
import { WorkerPoolExecutor } from "./worker_pool_executor.ts";

/** The default executor of a loop, made when it is first needed. */
export class DefaultExecutor {
  readonly #loop: AbstractEventLoop;
  #executor: Executor | undefined;
  #isShutDown = false;

  constructor(loop: AbstractEventLoop) {
    this.#loop = loop;
  }

  /** Replaces it. */
  set(executor: Executor): void {
    if (typeof executor?.submit !== "function" || typeof executor.shutdown !== "function") {
      throw new TypeError(
        "Cannot set the default executor: it must have the methods submit() and shutdown(), got " +
          describe(executor),
      );
    }
    this.#executor = executor;
  }

  /** Runs a function in an executor, or in this one. */
  run<A extends unknown[], R>(
    executor: Executor | undefined,
    func: ExecutorFunction<A, R>,
    args: A,
  ): Future<Awaited<R>> {
    const job = (executor ?? this.#get()).submit(func, ...args);
    const future = this.#loop.createFuture<Awaited<R>>();
    this.#follow(job, future);
    future.addDoneCallback(() => {
      if (future.cancelled()) job.cancel();
    });
    return future;
  }

  /** Lets a future have the outcome of something that is no part of the loop. */
  #follow<T>(outcome: PromiseLike<T>, future: Future<T>): void {
    const loop = this.#loop;
    const settle = (set: () => void) => {
      // The loop may have been closed meanwhile, and the future been cancelled.
      if (loop.isClosed()) return;
      loop.callSoonThreadsafe(() => {
        if (!future.done()) set();
      });
    };
    outcome.then(
      (value) => settle(() => future.setResult(value)),
      (error) =>
        settle(() => {
          if (error instanceof CancelledError) future.cancel(error.message || undefined);
          else future.setException(error);
        }),
    );
  }

  #get(): Executor {
    if (this.#isShutDown) {
      throw new RuntimeError("Cannot run in the default executor: it was shut down");
    }
    return this.#executor ??= new WorkerPoolExecutor();
  }

  /** Takes no further calls, and waits for those that were made. */
  *shutdown(timeoutMs?: number): CoroutineGenerator<void> {
    this.#isShutDown = true;
    const executor = this.#executor;
    if (executor === undefined) return;
    const ended = this.#loop.createFuture<void>();
    this.#follow(executor.shutdown(), ended);
    let late = false;
    const timer = timeoutMs === undefined ? undefined : this.#loop.callLater(timeoutMs, () => {
      if (ended.done()) return;
      late = true;
      ended.setResult(undefined);
    });
    try {
      yield* ended;
    } finally {
      timer?.cancel();
    }
    if (!late) return;
    console.warn(`The default executor did not end its work within ${timeoutMs} ms: terminated`);
    executor.shutdown({ terminate: true, cancelFutures: true }).then(null, () => {});
  }

  /**
   * Lets the executor end, without waiting. Called when the loop is closed, which goes on whatever the
   * executor does.
   */
  close(): void {
    const executor = this.#executor;
    if (executor === undefined) return;
    const report = (exception: unknown) => {
      // Who has shut it down was told.
      if (this.#isShutDown) return;
      const message = "Shutting down the default executor failed";
      this.#loop.callExceptionHandler({ message, exception });
    };
    try {
      executor.shutdown().then(null, report);
    } catch (error) {
      report(error);
    }
  }
}
