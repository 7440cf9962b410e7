/**
 * The exceptions that every part of the library shares.
 *
 * asyncio counterpart: `asyncio.exceptions`, with Python's `RuntimeError`,
 * `NotImplementedError` and `KeyboardInterrupt`, which JavaScript lacks. Errors of the host
 * (`Deno.errors.*`) are not here: they reach the caller as they are.
 *
 * @module
 */

import type { TaskLike } from "./task_registry.ts";

/** An operation that is wrong in the present state, whatever its arguments; Python's `RuntimeError`. */
export class RuntimeError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "RuntimeError";
}

/**
 * What was asked is declared, but not to be had here; the message says why.
 *
 * asyncio counterpart: Python's `NotImplementedError`.
 */
export class NotImplementedError extends RuntimeError {
  /** The class name, for printing. */
  override readonly name: string = "NotImplementedError";
}

/**
 * A future or task is not in a state that allows the operation.
 *
 * asyncio name: `InvalidStateError`.
 */
export class InvalidStateError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "InvalidStateError";
}

/** What {@linkcode TimeoutError} takes beside its message. */
export interface TimeoutErrorOptions extends ErrorOptions {
  /** The `Timeout` whose deadline it was. */
  scope?: object;
}

/**
 * A deadline has passed.
 *
 * asyncio name: `TimeoutError`.
 *
 * **Differs from asyncio**: `scope` is an addition.
 */
export class TimeoutError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "TimeoutError";
  readonly #scope: object | undefined;

  /** Makes the error. */
  constructor(message?: string, options?: TimeoutErrorOptions) {
    super(message, options);
    this.#scope = options?.scope;
  }

  /** The `Timeout` whose deadline it was, where one is known: tells one's own from an inner one's. */
  get scope(): object | undefined {
    return this.#scope;
  }
}

/**
 * What `run()` throws when SIGINT has ended the program. Code that throws it stops its loop at once.
 *
 * asyncio counterpart: Python's `KeyboardInterrupt`.
 */
export class KeyboardInterrupt extends Error {
  /** The class name, for printing. */
  override readonly name: string = "KeyboardInterrupt";
}

/** What {@linkcode CancelledError} takes beside its message. */
export interface CancelledErrorOptions {
  /** What this error came from. */
  cause?: unknown;
}

/** What `cancel()` takes beside its message. */
export interface CancelOptions {
  /** Why, for {@linkcode CancelledError.reason}; an error, for example. */
  reason?: unknown;
}

/** Where a cancellation came from. */
export interface CancelOrigin {
  /** The task that called `cancel()`; `undefined` when a callback did. */
  readonly task: TaskLike | undefined;
  /** The `Timeout`, `TaskGroup` or `AbortSignal` that the cancellation belongs to, if any. */
  readonly scope: object | undefined;
  /** The stack of the call of `cancel()`, known in debug mode. */
  readonly stack: string | undefined;
}

/**
 * A future or task was cancelled.
 *
 * It tells who asked for that and why, and keeps telling it when it passes from a future to the task
 * that waits for it, and on through `gather()`, `shield()` and task groups.
 *
 * Catch it to clean up, then throw it again: who swallows it says that the cancellation did not
 * happen. It is an `instanceof Error`, but it captures no stack unless the loop is in debug mode: a
 * cancellation is control flow, and a stack would cost more than everything else about it.
 *
 * **Differs from asyncio**: `reason` and `origin` are additions.
 *
 * @example Cleaning up
 * ```ts
 * import { CancelledError, createTask, run, sleep } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * let cleaned = false;
 * await run(async () => {
 *   const task = createTask(async () => {
 *     try {
 *       await sleep(60_000);
 *     } catch (error) {
 *       cleaned = error instanceof CancelledError;
 *       throw error;
 *     }
 *   });
 *   await sleep(0);
 *   task.cancel();
 *   try {
 *     await task;
 *   } catch (error) {
 *     assert(error instanceof CancelledError);
 *   }
 * });
 * assert(cleaned);
 * ```
 */
export class CancelledError implements Error {
  /** The message given to `cancel()`, or the empty string. */
  message: string;
  /** What this error came from, if anything. */
  declare cause?: unknown;
  #request: (CancelOrigin & CancelOptions) | undefined = undefined;

  /**
   * Makes the error; `cancel()` is the usual way to raise one.
   *
   * @param message what to tell the one that is cancelled
   * @param options the cause, if there is one
   */
  constructor(message = "", options?: CancelledErrorOptions) {
    this.message = message;
    if (options?.cause !== undefined) this.cause = options.cause;
  }

  /** @internal */
  static _of(
    request: (CancelOrigin & CancelOptions & { message?: string }) | undefined,
  ): CancelledError {
    const error = new CancelledError(request?.message);
    error.#request = request;
    return error;
  }

  /**
   * Why: what was given to `cancel()` as its reason, the error of the task that made its group end,
   * or the reason of an `AbortSignal`.
   */
  get reason(): unknown {
    return this.#request?.reason;
  }

  /** Who asked for it; `undefined` for an error that was not made by `cancel()`. */
  get origin(): CancelOrigin | undefined {
    return this.#request;
  }

  /** The class name, for printing. */
  get name(): string {
    return "CancelledError";
  }

  /** The name and message; the place as well, where the error was made in debug mode. */
  get stack(): string {
    return this.message === "" ? this.name : `${this.name}: ${this.message}`;
  }
  /** Replaces the stack, as `Error.captureStackTrace` does. */
  set stack(value: string) {
    Object.defineProperty(this, "stack", { value, writable: true, configurable: true });
  }
}
// An error in every respect but the stack that `Error`'s constructor would capture (1.3 µs of the
// 1.4 µs that making one costs).
Object.setPrototypeOf(CancelledError.prototype, Error.prototype);
