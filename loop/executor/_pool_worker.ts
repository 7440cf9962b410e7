/**
 * One worker of a pool.
 *
 * A `Worker` of `node:worker_threads`, which Deno runs as it runs its own: only these tell when they
 * have come to an end, and can be left running without keeping the process alive. Starting one
 * takes no permission, and about 25 ms of the calling thread.
 *
 * Invariant: the worker keeps the process alive exactly while it has a job, or is being ended.
 *
 * May be imported by `loop/executor/` only.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { SHARE_ENV, type Transferable as NodeTransferable, Worker } from "node:worker_threads";
import { WorkerDiedError } from "./executor.ts";
import type { PoolJob } from "./_pool_job.ts";
import type { WireAnswer } from "./_wire.ts";
import { workerUrl } from "./_worker_main.ts";

/** What a worker tells its pool. */
export interface WorkerOwner {
  /** Its job is done; it can have another. */
  workerIdle(worker: PoolWorker): void;
  /** It has come to an end. */
  workerGone(worker: PoolWorker): void;
}

let url: URL | undefined;

// A worker stays for longer than the task whose call has started it, and must not hold on to that.
const outsideTasks = AsyncLocalStorage.snapshot();

/** A thread that runs one job at a time. */
export class PoolWorker {
  readonly #owner: WorkerOwner;
  readonly #worker: Worker;
  #job: PoolJob<unknown> | null = null;
  #error: unknown = undefined;
  #ended = false;

  constructor(owner: WorkerOwner, name: string) {
    this.#owner = owner;
    url ??= workerUrl();
    // An environment of its own would have to be copied, which takes a permission.
    this.#worker = outsideTasks(() => new Worker(url!, { env: SHARE_ENV, name }));
    this.#worker.unref();
    this.#worker.on("message", (answer: WireAnswer) => {
      const job = this.#job;
      this.#job = null;
      this.#worker.unref();
      job?.finish(answer);
      // It may have been ended while the answer was on its way.
      if (!this.#ended) this.#owner.workerIdle(this);
    });
    this.#worker.on("error", (error: unknown) => this.#error = error);
    this.#worker.on("exit", (code: number) => {
      this.#job?.fail(this.#deathOf(this.#job.label, code));
      this.#job = null;
      this.#owner.workerGone(this);
    });
  }

  /** The job that it runs. */
  get job(): PoolJob<unknown> | null {
    return this.#job;
  }

  /**
   * Starts a job.
   *
   * @throws {TypeError} when its arguments cannot be cloned; the worker then is as it was
   */
  run(job: PoolJob<unknown>): void {
    try {
      // The same objects, typed twice.
      this.#worker.postMessage(job.wire, job.transfer as unknown as NodeTransferable[]);
    } catch (error) {
      throw job.unclonable(error);
    }
    this.#job = job;
    this.#worker.ref();
  }

  /** Ends it, wherever it stands. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#worker.ref();
    void this.#worker.terminate();
  }

  #deathOf(label: string, code: number): WorkerDiedError {
    const error = this.#error;
    const how = this.#ended
      ? "was terminated"
      : error === undefined
      ? `exited with code ${code}`
      : "ended by an uncaught error";
    const options = error === undefined ? undefined : { cause: error };
    return new WorkerDiedError(`The worker that ran ${label} ${how}`, code, options);
  }
}
