/**
 * Interruptions that come up outside of a pass, where throwing them would reach the host.
 *
 * asyncio counterpart: none; there, all code of a loop runs inside of `run_forever()`.
 *
 * May be imported by `futures/` and `loop/`.
 *
 * @module
 */

import type { ExceptionContext, FutureLoop } from "./future_loop.ts";

/** Has an error end the run of a loop, as one that a callback throws; see `KeyboardInterrupt`. */
export function interruptLater(loop: FutureLoop, interrupt: unknown): void {
  if (loop.isClosed()) throw interrupt;
  loop.callSoon(() => {
    throw interrupt;
  });
}

/** Tells the exception handler, from outside of a pass; what the handler throws ends the run. */
export function reportOutside(loop: FutureLoop, context: ExceptionContext): void {
  try {
    loop.callExceptionHandler(context);
  } catch (interrupt) {
    interruptLater(loop, interrupt);
  }
}
