/**
 * From something open to a transport that its protocol has.
 *
 * Invariant: whatever fails or is cancelled on the way, what was open is in the hands of the transport,
 * or closed.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import type { Future } from "../futures/future.ts";
import type { BaseTransport } from "../transports/base_transport.ts";
import type { BaseEventLoop } from "./base_event_loop.ts";

/**
 * Makes a protocol and its transport, and waits until `connectionMade()` was called.
 *
 * @param open what the transport is made of, closed if none could be made; `undefined` where that stays
 * the program's
 */
export function* handOver<T extends BaseTransport, P>(
  loop: BaseEventLoop,
  open: { close(): void } | undefined,
  protocolFactory: () => P,
  make: (protocol: P, waiter: Future<void>) => T,
): Generator<Suspension, [T, P], unknown> {
  const waiter = loop.createFuture<void>();
  let protocol: P;
  let transport: T;
  try {
    protocol = protocolFactory();
    transport = make(protocol, waiter);
  } catch (error) {
    open?.close();
    throw error;
  }
  let isOver = false;
  try {
    yield* waiter;
    isOver = true;
  } finally {
    // Also where the coroutine is closed.
    if (!isOver) transport.close();
  }
  return [transport, protocol];
}
