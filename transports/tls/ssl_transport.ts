/**
 * `SSLTransport`: what a protocol over TLS sees of its connection.
 *
 * asyncio counterpart: `asyncio.sslproto._SSLProtocolTransport`.
 *
 * All of the work is done by {@linkcode SSLProtocol}, between this and the transport below.
 *
 * @module
 */

import { NotImplementedError } from "../../futures/errors.ts";
import type { AnyProtocol } from "../protocol.ts";
import type { TransportLoop } from "../transport_loop.ts";
import { Transport, type WritableData, type WriteBufferLimits } from "../transport.ts";
import { SSLWriter } from "./_ssl_writer.ts";
import type { SSLProtocol } from "./ssl_protocol.ts";

/**
 * A transport over TLS, over any other transport.
 *
 * There is no half-close: `writeEof()` raises `NotImplementedError`, and when the peer ends its stream, the
 * connection is closed after `eofReceived()`, whatever that returns. Unsent bytes and water marks are
 * counted before encryption.
 *
 * `getExtraInfo()` knows `sslcontext`, and after the handshake `sslObject` ({@linkcode SSLObject}),
 * `peercert`, `cipher` and `compression`; for the rest it asks the transport below.
 *
 * **Differs from asyncio**: after `close()`, nothing more is delivered. A peer that goes on sending does
 * not turn the end into an error.
 *
 * asyncio name: `_SSLProtocolTransport`.
 */
export class SSLTransport extends Transport {
  /** @internal */
  readonly _writer: SSLWriter;
  readonly #ssl: SSLProtocol;

  /** Made by {@linkcode SSLProtocol}. @internal */
  constructor(ssl: SSLProtocol, loop: TransportLoop, onAllSent: () => void) {
    super();
    this.#ssl = ssl;
    this._writer = new SSLWriter(loop, this, ssl._context, onAllSent);
  }

  /** Details of TLS, see above, and of the transport below. */
  override getExtraInfo(name: string, defaultValue?: unknown): unknown {
    return this.#ssl._getExtraInfo(name, defaultValue);
  }

  /** Lets another protocol take over. */
  override setProtocol(protocol: object): void {
    this.#ssl._appProtocol = protocol as AnyProtocol;
  }

  /** The protocol. */
  override getProtocol(): object {
    return this.#ssl._appProtocol;
  }

  /** Whether the transport is closed or being closed. */
  override isClosing(): boolean {
    return this.#ssl._closing;
  }

  /**
   * Closes the connection: sends what was written, tells the peer, and waits for its farewell, at most
   * for `sslShutdownTimeout`.
   */
  override close(): void {
    this.#ssl._close();
  }

  /** Closes the connection at once, without a farewell; what is unsent is dropped. */
  override abort(): void {
    this.#ssl._abort();
  }

  /** Whether bytes are being delivered. */
  override isReading(): boolean {
    return this.#ssl._reading;
  }

  /** Stops delivery at once; the transport below stops as well. */
  override pauseReading(): void {
    this.#ssl._pauseReading();
  }

  /** Takes delivery up again. */
  override resumeReading(): void {
    this.#ssl._resumeReading();
  }

  /** Sends bytes; many small ones that are written in one go make one record. */
  override write(data: WritableData): void {
    this.#ssl._write(data);
  }

  /** False: over TLS there is no half-close. */
  override canWriteEof(): boolean {
    return false;
  }

  /** Raises `NotImplementedError`. */
  override writeEof(): void {
    throw new NotImplementedError("Cannot end the stream: over TLS, it can only be closed");
  }

  /** How many bytes are unsent, counted before encryption. */
  override getWriteBufferSize(): number {
    return this._writer.size;
  }

  /** The water marks, in bytes. */
  override getWriteBufferLimits(): [low: number, high: number] {
    return this._writer.limits;
  }

  /**
   * Sets the water marks of the flow control, counted before encryption.
   *
   * @param limits the marks; by default, 524288 and a quarter of that
   */
  override setWriteBufferLimits(limits?: WriteBufferLimits): void {
    this._writer.setLimits(limits);
  }

  /** For messages. */
  override toString(): string {
    return `<${this.constructor.name} ${this.#ssl._describe()}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
