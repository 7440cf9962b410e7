/**
 * `Wire`: the stream below `node:tls`, with the transport at its other end.
 *
 * A full-blown `Duplex` would queue what goes through it and pass it on some ticks later. Between the
 * engine and a transport there is nothing to queue: the transport pauses and buffers, on either way.
 * So the methods that `node:tls` uses are overridden to pass everything straight through.
 *
 * ## When ciphertext comes
 *
 * `node:tls` in Deno has one write at a time at this stream. By itself it looks for something to write in a
 * microtask after each of its operations, which is after the pass that could have sent it; but it also
 * looks when the last write is done. So no write is done before the engine pulls: then `node:tls` writes
 * the next one before `pull()` returns, and finds in its microtask that it has to wait. On a host that
 * does otherwise, ciphertext comes later, and nothing else changes.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { Duplex } from "node:stream";

type Callback = (error?: Error | null) => void;

/** Takes ciphertext out of the engine, which nobody else has. */
export type Outlet = (data: Uint8Array) => void;

/** A stream that keeps nothing. */
export class Wire extends Duplex {
  readonly #outlet: Outlet;
  // Tells `node:tls` that what it has written is done.
  #done: Callback | null = null;
  #holds = true;

  constructor(outlet: Outlet) {
    super({ allowHalfOpen: true });
    this.#outlet = outlet;
  }

  /** Lets the engine have what has been received, before this returns. */
  receive(data: Uint8Array): void {
    this.emit("data", data);
  }

  /**
   * Lets the engine write more.
   *
   * @returns whether it has been waiting for that; otherwise it writes of its own accord
   */
  pull(): boolean {
    const done = this.#done;
    if (done === null) return false;
    this.#done = null;
    done();
    return true;
  }

  /** Lets all writes be done at once from now on. */
  holdNothing(): void {
    this.#holds = false;
    while (this.pull());
  }

  override write(data: Uint8Array, encoding?: unknown, callback?: Callback): boolean {
    const done = (typeof encoding === "function" ? encoding : callback) as Callback | undefined;
    const earlier = this.#done;
    this.#done = earlier === null ? done ?? nothing : () => {
      earlier();
      done?.();
    };
    this.#outlet(data);
    if (!this.#holds) this.pull();
    return true;
  }

  override _read(): void {}
  override cork(): void {}
  override uncork(): void {}
  override pause(): this {
    return this;
  }
  override resume(): this {
    return this;
  }
}

function nothing(): void {}
