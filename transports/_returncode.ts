/**
 * Return codes as asyncio counts them.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { constants } from "node:os";
import { describe } from "../futures/_describe.ts";

/** As in asyncio, when the host cannot tell. */
const UNKNOWN_RETURNCODE = 255;

/** The return code of a child: its exit status, or the negative number of the signal that ended it. */
export function returncodeOf(code: number | null, signal: string | null): number {
  if (signal === null) return code ?? UNKNOWN_RETURNCODE;
  const number = (constants.signals as Record<string, number | undefined>)[signal];
  return number === undefined ? UNKNOWN_RETURNCODE : -number;
}

/**
 * The return code of a child whose status Deno refuses to tell: it has no names for real-time signals.
 */
export function returncodeOfFailure(error: unknown): number {
  return realtimeReturncodeOf(error) ?? UNKNOWN_RETURNCODE;
}

/** The same where the error may be any; `undefined` when it is another. */
export function realtimeReturncodeOf(error: unknown): number | undefined {
  const number = /Invalid signal: (\d+)/.exec(describe(error))?.[1];
  return number === undefined ? undefined : -Number(number);
}
