/**
 * The narrow view of a loop that transports need.
 *
 * `transports/` imports no loop: any object of this shape carries its transports. `BaseEventLoop` has
 * it, and with it every loop that inherits from there.
 *
 * @module
 */

import type { Future } from "../futures/future.ts";
import type { CancelHandle, ExceptionContext, Runnable } from "../futures/future_loop.ts";

/** Something that can be closed. */
export interface Closable {
  /** Closes it. */
  close(): void;
}

/** The part of an event loop that transports use. */
export interface TransportLoop {
  /** The loop's clock, in milliseconds. */
  time(): number;
  /** Schedules a callback `delay` milliseconds from now. */
  callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => void,
    ...args: A
  ): CancelHandle;
  /** Makes a future of this loop. */
  createFuture<T>(): Future<T>;
  /** Reports a problem that nobody else can be told of. */
  callExceptionHandler(context: ExceptionContext): void;
  /** Appends something to the ready queue, for what the program has asked for. */
  _enqueue(item: Runnable): void;
  /**
   * Runs something that the host has brought: at once, as a pass of its own, when the loop waits and
   * nothing is ready, else in its turn. To be called outside of any callback, as from the reaction
   * to a promise of the host.
   */
  _deliver(item: Runnable): void;
  /**
   * Runs something when the present pass has run its last callback, and before the loop can stop. It
   * must call nothing of the program's, and must not throw; its context does not matter.
   */
  _atPassEnd(item: Runnable): void;
  /**
   * Takes note of something open that keeps the process alive. The loop closes it when it is closed
   * itself, without a call of any protocol: then nobody is left to run one.
   */
  _hold(resource: Closable): void;
  /** Forgets it: it is closed, or somebody else's from now on. */
  _letGo(resource: Closable): void;
}
