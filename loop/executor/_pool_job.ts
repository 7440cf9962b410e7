/**
 * One call on its way through a pool.
 *
 * States: waiting → running → done; waiting → done when it is cancelled. The pool makes the moves.
 *
 * May be imported by `loop/executor/` only.
 *
 * @module
 */

import { CancelledError } from "../../futures/errors.ts";
import type { ExecutorCallOptions, ExecutorJob } from "./executor.ts";
import { decodeThrown, type WireAnswer, type WireCall } from "./_wire.ts";

/** What a job tells its pool. */
export interface JobOwner {
  /** It is to be called off; whether it can be. */
  cancelJob(job: PoolJob<unknown>): boolean;
}

/** The call, and the promise of its result. */
export class PoolJob<T> implements ExecutorJob<T> {
  /** For messages. */
  readonly label: string;
  readonly options: ExecutorCallOptions;
  /** What is sent. */
  wire: WireCall;
  transfer: Transferable[];
  readonly #owner: JobOwner;
  readonly #settled: PromiseWithResolvers<T> = Promise.withResolvers();

  constructor(owner: JobOwner, label: string, wire: WireCall, options: ExecutorCallOptions) {
    this.#owner = owner;
    this.label = label;
    this.wire = wire;
    this.options = options;
    this.transfer = options.transfer ?? [];
    // Whoever waits is told; that nobody does must not end the process.
    this.#settled.promise.catch(() => {});
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    return this.#settled.promise.then(onFulfilled, onRejected);
  }

  cancel(): boolean {
    return this.#owner.cancelJob(this as PoolJob<unknown>);
  }

  /**
   * Takes the arguments as they are now, for a call that has to wait.
   *
   * @throws {TypeError} when they cannot be cloned
   */
  keepCopy(): void {
    const { args } = this.wire;
    const { transfer } = this;
    try {
      // Of what is moved, the copy is moved on.
      const kept = structuredClone({ args, transfer }, { transfer });
      this.wire = { ...this.wire, args: kept.args };
      this.transfer = kept.transfer;
    } catch (error) {
      throw this.unclonable(error);
    }
  }

  finish(answer: WireAnswer): void {
    switch (answer.kind) {
      case "result":
        return this.#settled.resolve(answer.value as T);
      case "thrown":
        return this.#settled.reject(decodeThrown(answer.value));
      case "unclonable":
        return this.#settled.reject(
          new TypeError(
            `Cannot bring back what ${this.label} gave in a worker: it must be possible to clone ` +
              `it (${answer.message})`,
          ),
        );
    }
  }

  fail(error: unknown): void {
    this.#settled.reject(error);
  }

  setCancelled(): void {
    this.#settled.reject(new CancelledError());
  }

  /** The error for arguments that cannot be cloned. */
  unclonable(cause: unknown): TypeError {
    const { args } = this.wire;
    // Trying the moved ones would move them.
    const wrong = this.transfer.length > 0 ? -1 : args.findIndex((arg) => !isClonable(arg));
    const which = wrong === -1 ? "its arguments" : `argument ${wrong + 1}`;
    return new TypeError(
      `Cannot run ${this.label} in a worker: it must be possible to clone ${which} ` +
        `(${(cause as Error).message})`,
      { cause },
    );
  }
}

function isClonable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
