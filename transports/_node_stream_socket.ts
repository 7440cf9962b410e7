/**
 * A `net.Socket` in the shape of a connection, for what Deno's own connections cannot do: descriptors
 * that were inherited, further pipes of a child.
 *
 * Invariant: at most one read is pending. Data waits in the kernel until it is asked for, but for what
 * Node's stream reads ahead (its high-water mark).
 *
 * May be imported by `transports/` and `loop/`.
 *
 * @module
 */

import type { Socket } from "node:net";
import { fromNodeError } from "./_node_error.ts";
import type { SocketAddress, StreamSocket } from "./stream_socket.ts";

function tcpAddress(hostname: string | undefined, port: number | undefined): SocketAddress {
  if (hostname === undefined || port === undefined) return { transport: "pipe" };
  return { transport: "tcp", hostname, port };
}

/** A connection over a socket of `node:net`, which it owns. */
export class NodeStreamSocket implements StreamSocket {
  readonly localAddr: SocketAddress;
  readonly remoteAddr: SocketAddress;
  readonly #socket: Socket;
  #rest: Uint8Array | null = null;
  #error: unknown = null;
  #ended = false;
  #closed = false;
  // Wakes the pending read.
  #wake: (() => void) | null = null;

  /** @param socket an open socket that nobody reads from */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.localAddr = tcpAddress(socket.localAddress, socket.localPort);
    this.remoteAddr = tcpAddress(socket.remoteAddress, socket.remotePort);
    const wake = () => {
      const wake = this.#wake;
      this.#wake = null;
      wake?.();
    };
    socket.on("readable", wake);
    socket.on("end", () => {
      this.#ended = true;
      wake();
    });
    // An error is told to the write that it breaks, and to the next read.
    socket.on("error", (error: unknown) => {
      this.#error = fromNodeError(error);
      wake();
    });
    socket.on("close", () => {
      this.#ended = true;
      wake();
    });
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#closed) throw new Deno.errors.BadResource("Cannot read: the connection is closed");
      const chunk: Uint8Array | null = this.#rest ?? this.#socket.read();
      if (chunk !== null) {
        const count = Math.min(chunk.length, buffer.length);
        buffer.set(chunk.subarray(0, count));
        this.#rest = count < chunk.length ? chunk.subarray(count) : null;
        return count;
      }
      if (this.#error !== null) {
        const error = this.#error;
        this.#error = null;
        this.#ended = true;
        throw error;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  write(data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(data, (error) => {
        if (error === null || error === undefined) return resolve(data.length);
        const told = fromNodeError(error);
        // Node itself closes a socket that has failed.
        if (this.#closed || !(told instanceof Deno.errors.BadResource)) reject(told);
        else reject(new Deno.errors.BrokenPipe("The pipe was closed", { cause: error }));
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.writableEnded) return resolve();
      this.#socket.end((error?: unknown) => {
        if (error === null || error === undefined) resolve();
        else reject(fromNodeError(error));
      });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest = null;
    this.#socket.destroy();
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  setNoDelay(noDelay?: boolean): void {
    this.#socket.setNoDelay(noDelay);
  }

  setKeepAlive(keepAlive?: boolean): void {
    this.#socket.setKeepAlive(keepAlive);
  }
}
