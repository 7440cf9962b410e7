/**
 * A `node:tls` socket by the operations beneath it.
 *
 * What goes through the socket itself passes two streams on its way, is called back by both, and is looked
 * after in a microtask: as much again as encrypting 64 bytes. Where Deno shows the operations, they
 * are used directly once the handshake is done; where not, or not in this shape, the socket is used as
 * anybody would. The socket stays in charge of all that is rare: errors, the farewell, the end.
 *
 * Nothing may be called while one of the operations runs, and they run no code of the program's.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";
import type { Outlet } from "./_wire.ts";

/** What Deno calls `TLSWrap`, over a stream that is no socket. */
interface Handle {
  /** Takes ciphertext, goes on with what is to be done, and tells the socket of what has come. */
  readBuffer(ciphertext: Uint8Array): void;
  /** Begins to encrypt; one write at a time. */
  writeBuffer(request: WriteRequest, plaintext: Uint8Array): number;
  /** The ciphertext that there is. */
  drainEncOut(): Uint8Array;
}

/** Tells of the end of a write. */
interface WriteRequest {
  oncomplete(): void;
}

const NOTHING = new Uint8Array(0);

/** The operations, if Deno shows them. */
export function directTls(
  socket: TLSSocket,
  outlet: Outlet,
  onWritten: () => void,
): DirectTls | null {
  const { _handle: handle } = socket as unknown as { _handle?: Partial<Handle> | null };
  if (typeof handle?.readBuffer !== "function" || typeof handle.drainEncOut !== "function") {
    return null;
  }
  // Somebody has put others in their place.
  if (Object.hasOwn(handle, "readBuffer") || Object.hasOwn(handle, "drainEncOut")) return null;
  // What the handle has itself under this name looks for ciphertext afterwards, in a microtask.
  const { writeBuffer } = Object.getPrototypeOf(handle) as Partial<Handle>;
  if (typeof writeBuffer !== "function") return null;
  return new DirectTls(handle as Handle, writeBuffer, outlet, onWritten);
}

/** The operations of one connection. */
export class DirectTls {
  readonly #handle: Handle;
  readonly #writeBuffer: Handle["writeBuffer"];
  readonly #outlet: Outlet;
  readonly #request: WriteRequest;
  // Whether there may be ciphertext.
  #undrained = true;
  #written = false;

  constructor(
    handle: Handle,
    writeBuffer: Handle["writeBuffer"],
    outlet: Outlet,
    onWritten: () => void,
  ) {
    this.#handle = handle;
    this.#writeBuffer = writeBuffer;
    this.#outlet = outlet;
    this.#request = {
      oncomplete: () => {
        this.#written = true;
        onWritten();
      },
    };
  }

  /** Takes ciphertext; what it says, the socket is told before this returns. */
  receive(data: Uint8Array): void {
    this.#undrained = true;
    this.#handle.readBuffer(data);
  }

  /**
   * Begins to encrypt, which `pull()` goes on with until it is done.
   *
   * @returns whether the connection can still do so
   */
  write(data: Uint8Array): boolean {
    this.#undrained = true;
    return this.#writeBuffer.call(this.#handle, this.#request, data) === 0;
  }

  /**
   * Sends what there is, or makes more of it.
   *
   * @returns whether there was anything to do
   */
  pull(): boolean {
    if (this.#undrained && this.#drain()) return true;
    this.#written = false;
    this.#handle.readBuffer(NOTHING);
    // A write is only done when its ciphertext has been drained.
    return this.#written || this.#drain();
  }

  #drain(): boolean {
    this.#undrained = false;
    const data = this.#handle.drainEncOut();
    if (data.length === 0) return false;
    this.#outlet(data);
    return true;
  }
}
