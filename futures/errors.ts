/**
 * The exceptions that every part of the library shares.
 *
 * asyncio counterpart: `asyncio.exceptions`, with Python's `RuntimeError`,
 * `NotImplementedError` and `KeyboardInterrupt`, which JavaScript lacks. Errors of the host
 * (`Deno.errors.*`) are not here: they reach the caller as they are.
 *
 * @module
 */

/** An operation that is wrong in the present state, whatever its arguments; Python's `RuntimeError`. */
export class RuntimeError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "RuntimeError";
}

/** What was asked is declared, but not to be had here; the message says why. */
export class NotImplementedError extends RuntimeError {
  /** The class name, for printing. */
  override readonly name: string = "NotImplementedError";
}

/** A future or task is not in a state that allows the operation. */
export class InvalidStateError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "InvalidStateError";
}

/** A deadline has passed. */
export class TimeoutError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "TimeoutError";
}

/** Raised in the main task by SIGINT under `run()`; it stops the loop that it passes through. */
export class KeyboardInterrupt extends Error {
  /** The class name, for printing. */
  override readonly name: string = "KeyboardInterrupt";
}

/** What {@linkcode CancelledError} takes beside its message. */
export interface CancelledErrorOptions {
  /** What this error came from. */
  cause?: unknown;
}

/**
 * A future or task was cancelled.
 *
 * Catch it to clean up, then throw it again: who swallows it says that the cancellation did not
 * happen. It is an `instanceof Error`, but it captures no stack unless the loop is in debug mode: a
 * cancellation is control flow, and a stack would cost more than everything else about it.
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
  cause?: unknown;

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
