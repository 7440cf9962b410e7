/**
 * Waiting for something of the host that may come too late.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import type { FutureLoop } from "../futures/future_loop.ts";

/**
 * Calls the host and waits for the answer.
 *
 * **Cancellation** aborts the signal and ends the wait at once; an answer that comes all the same is
 * disposed of.
 *
 * @param start makes the call
 * @param dispose gets rid of an answer that nobody takes
 */
export function* hostCall<T>(
  loop: FutureLoop,
  start: (signal: AbortSignal) => Promise<T>,
  dispose: (answer: T) => void,
): Generator<Suspension, T, unknown> {
  const controller = new AbortController();
  const future = loop.createFuture<T>();
  start(controller.signal).then(
    (answer) => future.done() ? dispose(answer) : future.setResult(answer),
    (error) => void (future.done() || future.setException(error)),
  );
  let isTaken = false;
  try {
    const answer = yield* future;
    isTaken = true;
    return answer;
  } finally {
    // Also where the coroutine is closed.
    if (!isTaken) {
      controller.abort();
      // The answer may have come in the pass in which the wait was cancelled.
      if (!future.cancel() && !future.cancelled() && future.exception() === undefined) {
        dispose(future.result());
      }
    }
  }
}
