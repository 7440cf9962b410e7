/**
 * `Wire`: the stream below `node:tls`, with the transport at its other end.
 *
 * A full-blown `Duplex` would queue what goes through it and pass it on some ticks later. Between the
 * engine and a transport there is nothing to queue: the transport pauses and buffers, on either way.
 * So the methods that `node:tls` uses are overridden to pass everything straight through.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { Duplex } from "node:stream";

type Callback = (error?: Error | null) => void;

/** Takes ciphertext out of the engine; calls `done` when it may go on. */
export type Outlet = (data: Uint8Array, done: () => void) => void;

/** A stream that keeps nothing. */
export class Wire extends Duplex {
  readonly #outlet: Outlet;

  constructor(outlet: Outlet) {
    super({ allowHalfOpen: true });
    this.#outlet = outlet;
  }

  /** Lets the engine have what has been received, before this returns. */
  receive(data: Uint8Array): void {
    this.emit("data", data);
  }

  override write(data: Uint8Array, encoding?: unknown, callback?: Callback): boolean {
    const done = (typeof encoding === "function" ? encoding : callback) as Callback | undefined;
    this.#outlet(data, done ?? (() => {}));
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
