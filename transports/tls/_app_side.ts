/**
 * The user's protocol, as TLS calls it.
 *
 * Invariants: `connectionMade()` is the first call and `connectionLost()` the last; none of the methods
 * here throws, but for an interrupt. A protocol whose `connectionMade()` fails goes on, as in
 * `SocketTransport`; any other failure ends the connection.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { fillLentMemory, isBuffered } from "../_lent_memory.ts";
import { reportError, watchResult } from "../_report.ts";
import type { AnyProtocol, BaseProtocolLike, ProtocolLike } from "../protocol.ts";
import type { Transport } from "../transport.ts";
import type { TransportLoop } from "../transport_loop.ts";

/** Calls a protocol and reports what it throws. */
export class AppSide {
  /** The protocol; another one may take its place at any time. */
  protocol: AnyProtocol;
  /** Whether the protocol has been told of the connection. */
  made: boolean;
  readonly #loop: TransportLoop;
  readonly #transport: Transport;
  readonly #onFailure: (error: unknown) => void;

  /**
   * @param made whether the protocol has had the connection before
   * @param onFailure called after a failure was reported, to end the connection
   */
  constructor(
    loop: TransportLoop,
    transport: Transport,
    protocol: AnyProtocol,
    made: boolean,
    onFailure: (error: unknown) => void,
  ) {
    this.protocol = protocol;
    this.made = made;
    this.#loop = loop;
    this.#transport = transport;
    this.#onFailure = onFailure;
  }

  /** The connection can be used; does nothing for a protocol that has had it before. */
  connectionMade(): void {
    if (this.made) return;
    this.made = true;
    try {
      const protocol = this.protocol as BaseProtocolLike<Transport>;
      const result: unknown = protocol.connectionMade(this.#transport);
      watchResult(this.#loop, this.#transport, "connectionMade", result);
    } catch (error) {
      this.report(error, "protocol.connectionMade() failed");
    }
  }

  /**
   * Hands out pieces of data, in order, and takes them off the list; of one that a buffered protocol has
   * taken in part, the rest stays.
   *
   * @param mayGoOn asked before each call
   */
  deliver(pieces: Uint8Array<ArrayBuffer>[], mayGoOn: () => boolean): void {
    let method = "";
    try {
      while (pieces.length > 0 && mayGoOn()) {
        const { protocol } = this;
        if (isBuffered(protocol)) {
          method = "getBuffer";
          const piece = pieces[0]!;
          const count = fillLentMemory(protocol, piece);
          if (count === piece.length) pieces.shift();
          else pieces[0] = piece.subarray(count);
          method = "bufferUpdated";
          this.#watch(method, protocol.bufferUpdated(count));
        } else {
          method = "dataReceived";
          this.#watch(method, (protocol as ProtocolLike).dataReceived(pieces.shift()!));
        }
      }
    } catch (error) {
      this.#failed(method, error);
    }
  }

  /** The peer sends no more. */
  eofReceived(): void {
    try {
      const result = this.protocol.eofReceived();
      if (result instanceof Promise) this.#watch("eofReceived", result);
      else if (result) {
        console.warn(`${this.#transport}: over TLS, eofReceived() cannot keep the connection open`);
      }
    } catch (error) {
      this.#failed("eofReceived", error);
    }
  }

  /** The connection is gone; does nothing for a protocol that never had it. */
  connectionLost(error: unknown): void {
    if (!this.made) return;
    this.made = false;
    try {
      const result: unknown = this.protocol.connectionLost(error);
      watchResult(this.#loop, this.#transport, "connectionLost", result);
    } catch (failure) {
      this.report(failure, "protocol.connectionLost() failed");
    }
  }

  /** Tells the exception handler. */
  report(error: unknown, message: string): void {
    reportError(this.#loop, this.#transport, error, message);
  }

  // For methods whose failure ends the connection.
  #watch(method: string, result: unknown): void {
    if (result !== undefined) {
      watchResult(this.#loop, this.#transport, method, result, this.#onFailure);
    }
  }

  #failed(method: string, error: unknown): void {
    this.report(error, `Fatal error: protocol.${method}() failed`);
    this.#onFailure(error);
  }
}
