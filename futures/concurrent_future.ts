/**
 * `ConcurrentFuture`: a result that belongs to no loop.
 *
 * Python counterpart: `concurrent.futures.Future`, without what blocks.
 *
 * States: pending → finished or cancelled, once.
 *
 * @module
 */

import { CancelledError, InvalidStateError } from "./errors.ts";

/** How a {@linkcode ConcurrentFuture} has ended: gives the result, or throws. */
type Outcome<T> = () => T;

/**
 * The result of something that runs in a loop other than the caller's, or that is asked for where no
 * loop runs. {@linkcode runCoroutineThreadsafe} returns one.
 *
 * Awaiting it is awaiting a promise: it works everywhere, and is no place where a task can be
 * cancelled. `wrapFuture()` makes a future of it, which is.
 *
 * asyncio counterpart: Python's `concurrent.futures.Future`.
 *
 * @typeParam T the type of the result
 */
export class ConcurrentFuture<T> implements PromiseLike<T> {
  readonly #cancelSource: (message: string | undefined) => void;
  #outcome: Outcome<T> | null = null;
  #cancelled = false;
  #callbacks: (() => void)[] = [];

  /** @internal */
  constructor(cancelSource: (message: string | undefined) => void) {
    this.#cancelSource = cancelSource;
  }

  /** Whether it has a result, an exception, or was cancelled. */
  done(): boolean {
    return this.#outcome !== null;
  }

  /** Whether it was cancelled. */
  cancelled(): boolean {
    return this.#cancelled;
  }

  /**
   * The result.
   *
   * @throws {InvalidStateError} when it is not there yet
   * @throws {CancelledError} when it was cancelled
   * @throws the exception, when there is one
   */
  result(): T {
    if (this.#outcome === null) {
      throw new InvalidStateError("Cannot get the result: the future is not done");
    }
    return this.#outcome();
  }

  /**
   * Cancels it at once, and what makes its result as soon as the other loop runs.
   *
   * @param message what the error says
   * @returns `false` when it was done already
   */
  cancel(message?: string): boolean {
    if (this.done()) return false;
    this._cancelled(message);
    this.#cancelSource(message);
    return true;
  }

  /** Lets `await` wait for it, in a task or anywhere. */
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    const promise = new Promise<T>((resolve, reject) => {
      this._whenDone(() => {
        try {
          resolve(this.result());
        } catch (error) {
          reject(error);
        }
      });
    });
    return promise.then(onFulfilled, onRejected);
  }

  /** Calls back when it is done: at once, when it is already. @internal */
  _whenDone(callback: () => void): void {
    if (this.done()) callback();
    else this.#callbacks.push(callback);
  }

  /** Ends it, unless it has ended. @internal */
  _settle(outcome: () => T): void {
    if (this.done()) return;
    this.#outcome = outcome;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }

  /** Ends it as cancelled, unless it has ended. @internal */
  _cancelled(message: string | undefined): void {
    if (this.done()) return;
    this.#cancelled = true;
    this._settle(() => {
      throw new CancelledError(message);
    });
  }

  /** For messages, e.g. `<ConcurrentFuture pending>`. */
  toString(): string {
    const state = !this.done() ? "pending" : this.#cancelled ? "cancelled" : "finished";
    return `<ConcurrentFuture ${state}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
