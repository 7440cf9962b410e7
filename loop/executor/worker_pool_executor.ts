/**
 * `WorkerPoolExecutor`: functions run in other threads.
 *
 * asyncio counterpart: `concurrent.futures.ThreadPoolExecutor`.
 *
 * Invariants: a worker is idle, or has one job, or is being ended; nothing waits in the queue while a
 * worker is idle or another may be started; there are never more than `maxWorkers`.
 *
 * @module
 */

import { RuntimeError } from "../../futures/errors.ts";
import type {
  Executor,
  ExecutorFunction,
  ExecutorJob,
  ExecutorShutdownOptions,
} from "./executor.ts";
import { type JobOwner, PoolJob } from "./_pool_job.ts";
import { PoolWorker, type WorkerOwner } from "./_pool_worker.ts";
import { ship } from "./_shipment.ts";

/** What {@linkcode WorkerPoolExecutor} takes. */
export interface WorkerPoolOptions {
  /**
   * How many workers there may be at once.
   *
   * Each takes about 15 MB. The default leaves room for calls that block on files or locks beside
   * those that compute, also on a machine of one processor, as asyncio's does.
   * @default the number of processors and 4, at most 32
   */
  maxWorkers?: number;
  /**
   * What the workers are called in messages, with a number each.
   * @default "asyncio"
   */
  name?: string;
}

/**
 * Runs functions in workers: threads with a heap of their own.
 *
 * A worker is started when a call finds none idle, up to a maximum; then calls wait, and are
 * started in the order in which they came. Starting one holds the caller up for about 25 ms, a call
 * of one that is there takes a tenth of a millisecond. Workers stay for further calls until
 * {@linkcode WorkerPoolExecutor.shutdown}, but an idle one keeps no process alive. One that dies
 * fails its call, with {@linkcode WorkerDiedError}, and is replaced.
 *
 * **Functions.** Workers share no variables. What runs there is given
 * - as a function that stands for itself: its source is sent, and it may use its arguments and what
 *   is global (also `await import("node:fs")`). A function that uses a variable of the code around
 *   it is refused, unless that has the name of a global one, which is then what it finds; so are
 *   methods, classes, bound and built-in functions;
 * - as `{ module, name }`: what a module exports. Each worker imports the module once, with the
 *   permission that takes: to read a local file, to import a remote one.
 *
 * The worker waits for what an async function returns. Workers have the permissions of the program.
 * {@linkcode ContextVar}s do not go along.
 *
 * **Values.** Arguments and results are copied by the structured clone algorithm, arguments at the
 * time of the call, or moved, where the options say so. Errors keep their class where it is built
 * in, one of Deno's or of this library, and always its name, their message, stack, `cause` and
 * whatever other fields can be copied; an error of a class of the program's own comes back as an
 * instance of the nearest such class.
 *
 * **Cancellation** takes back a call that has not started. One that runs goes on, and its result is
 * dropped; the option `terminateOnCancel` ends the worker instead.
 *
 * **Differs from asyncio**: Python's threads share all objects of the program; these share none. For
 * memory that is shared, pass a `SharedArrayBuffer`.
 *
 * asyncio counterpart: `concurrent.futures.ThreadPoolExecutor`.
 *
 * @example A pool for one part of a program
 * ```ts
 * import { gather, getRunningLoop, run, WorkerPoolExecutor } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * function countPrimes(from: number, to: number): number {
 *   let count = 0;
 *   for (let n = Math.max(from, 2); n < to; n++) {
 *     let prime = true;
 *     for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
 *     if (prime) count++;
 *   }
 *   return count;
 * }
 *
 * const counts = await run(async () => {
 *   await using pool = new WorkerPoolExecutor({ maxWorkers: 2 });
 *   const loop = getRunningLoop();
 *   return await gather(
 *     loop.runInExecutor(pool, countPrimes, 0, 1000),
 *     loop.runInExecutor(pool, countPrimes, 1000, 2000),
 *   );
 * });
 * assertEquals(counts, [168, 135]);
 * ```
 */
export class WorkerPoolExecutor implements Executor, AsyncDisposable {
  readonly #maxWorkers: number;
  readonly #name: string;
  readonly #workers = new Set<PoolWorker>();
  readonly #idle: PoolWorker[] = [];
  readonly #waiting = new Set<PoolJob<unknown>>();
  #started = 0;
  #over: PromiseWithResolvers<void> | null = null;

  // The pool's side towards its workers and jobs is no part of its interface.
  readonly #owner: WorkerOwner & JobOwner = {
    workerIdle: (worker) => this.#workerIdle(worker),
    workerGone: (worker) => this.#workerGone(worker),
    cancelJob: (job) => this.#cancelJob(job),
  };

  /**
   * Makes a pool; its workers come with the calls.
   *
   * @param options size, name
   * @throws {RangeError} when `maxWorkers` is no whole number above 0
   */
  constructor(options: WorkerPoolOptions = {}) {
    const { maxWorkers = Math.min(32, navigator.hardwareConcurrency + 4), name = "asyncio" } =
      options;
    if (!Number.isInteger(maxWorkers) || maxWorkers < 1) {
      throw new RangeError(
        `Cannot make a worker pool: maxWorkers must be a whole number above 0, got ${maxWorkers}`,
      );
    }
    this.#maxWorkers = maxWorkers;
    this.#name = name;
  }

  /** How many workers there may be at once. */
  get maxWorkers(): number {
    return this.#maxWorkers;
  }

  /**
   * Starts a call as soon as a worker is free. Inside a loop, use `loop.runInExecutor()`, which gives
   * a future.
   *
   * @param func a function, or the description of one
   * @param args its arguments
   * @returns a promise of the result
   * @throws {TypeError} when the function or an argument cannot be sent
   * @throws {RuntimeError} after {@linkcode WorkerPoolExecutor.shutdown}
   */
  submit<A extends unknown[], R>(
    func: ExecutorFunction<A, R>,
    ...args: A
  ): ExecutorJob<Awaited<R>> {
    if (this.#over !== null) {
      throw new RuntimeError("Cannot submit a call: the executor was shut down");
    }
    const { label, wire, options } = ship(func);
    const job = new PoolJob<unknown>(
      this.#owner,
      label,
      { ...wire, args, transferResult: options.transferResult ?? false },
      options,
    );
    if (this.#idle.length > 0 || this.#workers.size < this.#maxWorkers) {
      const worker = this.#idle.pop() ?? this.#start();
      try {
        worker.run(job);
      } catch (error) {
        this.#idle.push(worker);
        throw error;
      }
    } else {
      job.keepCopy();
      this.#waiting.add(job);
    }
    return job as ExecutorJob<Awaited<R>>;
  }

  /**
   * Takes no further calls, and ends the workers as their work ends.
   *
   * @param options whether waiting calls are cancelled, and running ones ended
   * @returns settled when all workers have come to an end
   */
  shutdown(options: ExecutorShutdownOptions = {}): Promise<void> {
    this.#over ??= Promise.withResolvers();
    if (options.cancelFutures) {
      for (const job of this.#waiting) job.setCancelled();
      this.#waiting.clear();
    }
    // Those that are started meanwhile, for calls that wait, are not meant.
    for (const worker of [...this.#workers]) {
      if (worker.job === null || options.terminate) worker.end();
    }
    if (this.#workers.size === 0) this.#over.resolve();
    return this.#over.promise;
  }

  /** Shuts the pool down and waits for the work to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #start(): PoolWorker {
    const worker = new PoolWorker(this.#owner, `${this.#name}-${this.#started++}`);
    this.#workers.add(worker);
    return worker;
  }

  #workerIdle(worker: PoolWorker): void {
    const [job] = this.#waiting;
    if (job !== undefined) {
      this.#waiting.delete(job);
      worker.run(job);
    } else if (this.#over !== null) worker.end();
    else this.#idle.push(worker);
  }

  #workerGone(worker: PoolWorker): void {
    this.#workers.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at !== -1) this.#idle.splice(at, 1);
    if (this.#waiting.size > 0) this.#workerIdle(this.#start());
    else if (this.#workers.size === 0) this.#over?.resolve();
  }

  #cancelJob(job: PoolJob<unknown>): boolean {
    if (this.#waiting.delete(job)) {
      job.setCancelled();
      return true;
    }
    if (!job.options.terminateOnCancel) return false;
    for (const worker of this.#workers) {
      if (worker.job !== job) continue;
      job.setCancelled();
      worker.end();
      return true;
    }
    return false;
  }
}
