/**
 * Telling the loop's exception handler what a transport can tell nobody else.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { KeyboardInterrupt } from "../futures/errors.ts";
import type { BaseTransport } from "./base_transport.ts";
import type { TransportLoop } from "./transport_loop.ts";

/**
 * Reports an error of a transport or its protocol.
 *
 * @throws {KeyboardInterrupt} when it is one: that ends the run
 */
export function reportError(
  loop: TransportLoop,
  transport: BaseTransport,
  error: unknown,
  message: string,
): void {
  if (error instanceof KeyboardInterrupt) throw error;
  loop.callExceptionHandler({
    message,
    exception: error,
    transport,
    protocol: transport.getProtocol(),
  });
}
