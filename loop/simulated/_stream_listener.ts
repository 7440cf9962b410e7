/**
 * `SimulatedListener`: what accepts simulated connections.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import type { SocketAddress, StreamListener } from "../../transports/stream_socket.ts";
import * as errors from "./_errors.ts";
import type { StreamEnd } from "./_stream_end.ts";
import { type Boot, never } from "./_world.ts";

interface Accepting {
  resolve(end: StreamEnd): void;
  reject(error: unknown): void;
}

/** A listening socket. */
export class SimulatedListener implements StreamListener {
  /** The address it listens on. */
  readonly addr: SocketAddress;
  readonly #boot: Boot;
  readonly #backlog: number;
  readonly #closing: () => void;
  #waiting: StreamEnd[] = [];
  #accepting: Accepting[] = [];
  #closed = false;

  /** Makes a listener; `closing` is called when it is closed. */
  constructor(boot: Boot, addr: SocketAddress, backlog: number, closing: () => void) {
    this.#boot = boot;
    this.addr = addr;
    this.#backlog = Math.max(1, backlog);
    this.#closing = closing;
  }

  /** Whether no further connection can wait. */
  get isFull(): boolean {
    return this.#waiting.length >= this.#backlog;
  }

  /** A connection has come. */
  add(end: StreamEnd): void {
    const accepting = this.#accepting.shift();
    if (accepting === undefined) this.#waiting.push(end);
    else accepting.resolve(end);
  }

  /** Waits for the next connection. */
  accept(): Promise<StreamEnd> {
    if (!this.#boot.alive) return never();
    if (this.#closed) return Promise.reject(errors.closed("accept"));
    const end = this.#waiting.shift();
    if (end !== undefined) return Promise.resolve(end);
    return new Promise((resolve, reject) => this.#accepting.push({ resolve, reject }));
  }

  /** Stops listening; connections that nobody has accepted are reset. */
  close(): void {
    if (this.#closed) throw errors.closed("close");
    this.#closed = true;
    if (!this.#boot.alive) return;
    this.#closing();
    for (const { reject } of this.#accepting) reject(errors.closed("accept"));
    for (const end of this.#waiting) end.abort();
    this.#accepting = [];
    this.#waiting = [];
  }
}
