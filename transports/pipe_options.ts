/**
 * What the hooks of a loop that make transports of pipes are told.
 *
 * @module
 */

import type { Future } from "../futures/future.ts";

/** What `_makeReadPipeTransport()` and `_makeWritePipeTransport()` take beside pipe and protocol. */
export interface PipeTransportOptions {
  /** Is to be done when the protocol has the transport. */
  waiter?: Future<void>;
  /** What `getExtraInfo()` is to know besides. */
  extra?: Record<string, unknown>;
}
