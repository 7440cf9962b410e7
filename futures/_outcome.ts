/**
 * How a future has ended that may be of anybody's class.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { CancelledError } from "./errors.ts";
import { Future } from "./future.ts";

/** A result, or an error; the error may be `undefined`. */
export interface Outcome {
  failed: boolean;
  result?: unknown;
  error?: unknown;
}

/** How a future has ended; being cancelled is a failure with `CancelledError`. It must be done. */
export function outcomeOf(future: Future<unknown>): Outcome {
  // Known without throwing, which costs more than all the rest.
  if (future instanceof Future && future.cancelled()) {
    return { failed: true, error: future._makeCancelledError() };
  }
  try {
    return { failed: false, result: future.result() };
  } catch (error) {
    return { failed: true, error };
  }
}

/** The error that a future gives that was cancelled. */
export function cancelledErrorOf(future: Future<unknown>): CancelledError {
  return future instanceof Future ? future._makeCancelledError() : new CancelledError();
}
