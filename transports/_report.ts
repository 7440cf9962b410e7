/**
 * Telling the loop's exception handler what a transport can tell nobody else.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { copyContext } from "../futures/context.ts";
import { KeyboardInterrupt } from "../futures/errors.ts";
import { ContextCall } from "./_context_call.ts";
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

/**
 * To be called with what a method of a protocol has returned, where that is anything: an async one that
 * fails is told of like one that throws, and does not end the process.
 *
 * @param end ends the connection, where that is what a failure of the method does
 */
export function watchResult(
  loop: TransportLoop,
  transport: BaseTransport,
  method: string,
  result: unknown,
  end?: (error: unknown) => void,
): void {
  if (!(result instanceof Promise)) return;
  const fatal = end === undefined ? "" : "Fatal error: ";
  result.catch((error) => {
    try {
      reportError(loop, transport, error, `${fatal}protocol.${method}() failed`);
      end?.(error);
    } catch (interrupt) {
      const interrupted = () => {
        throw interrupt;
      };
      loop._deliver(new ContextCall(copyContext(), `interruption by ${transport}`, interrupted));
    }
  });
}
