/**
 * `ReadTransport`, `WriteTransport` and `Transport`: streams of bytes, in one or both directions.
 *
 * asyncio counterpart: `asyncio.transports`.
 *
 * @module
 */

import { BaseTransport } from "./base_transport.ts";

/** What can be written: bytes in any guise. */
export type WritableData = ArrayBufferView | ArrayBufferLike;

/** What has to be said of water marks; both in bytes. */
export interface WriteBufferLimits {
  /**
   * From how many unsent bytes on the protocol is told to pause.
   * @default 65536, or four times `low`
   */
  high?: number;
  /**
   * Down to how many unsent bytes it is told to go on.
   * @default a quarter of `high`
   */
  low?: number;
}

/**
 * What can be said of bytes that are written.
 *
 * @example An echo that copies nothing
 * ```ts
 * import { Protocol, type Transport } from "@asyncio/asyncio";
 *
 * class Echo extends Protocol {
 *   #transport!: Transport;
 *
 *   override connectionMade(transport: Transport): void {
 *     this.#transport = transport;
 *   }
 *
 *   override dataReceived(data: Uint8Array): void {
 *     // Not used again, so that its memory may be sent from, and be read into again.
 *     this.#transport.write(data, { transfer: true });
 *   }
 * }
 * ```
 */
export interface WriteOptions {
  /**
   * Whether the memory of the bytes is given away: neither the array nor any other view of its buffer is
   * used again. Sockets send from it then instead of from a copy, from 8 KiB on, and take it from the program,
   * so that the array is empty (its buffer detached) afterwards; other transports, and memory that cannot be
   * taken, make no difference. What a protocol or a stream has received may be given away like anything else;
   * one that does so with all of it, as a proxy, has long messages pass without a copy.
   * @default false
   */
  transfer?: boolean;
}

/**
 * A transport that delivers bytes.
 *
 * asyncio name: `ReadTransport`.
 */
export abstract class ReadTransport extends BaseTransport {
  /**
   * Whether bytes are being delivered.
   *
   * asyncio name: `is_reading`.
   */
  isReading(): boolean {
    this._missing("isReading");
  }

  /**
   * Stops delivery at once: what has been received already is kept for later.
   *
   * asyncio name: `pause_reading`.
   */
  pauseReading(): void {
    this._missing("pauseReading");
  }

  /**
   * Takes delivery up again.
   *
   * asyncio name: `resume_reading`.
   */
  resumeReading(): void {
    this._missing("resumeReading");
  }
}

/**
 * A transport that takes bytes.
 *
 * asyncio name: `WriteTransport`.
 */
export abstract class WriteTransport extends BaseTransport {
  /**
   * Sets the water marks of the flow control.
   *
   * asyncio name: `set_write_buffer_limits`.
   *
   * @param limits the marks; 0 for `high` pauses whenever anything is unsent
   * @throws {RangeError} unless `high` ≥ `low` ≥ 0
   */
  setWriteBufferLimits(_limits?: WriteBufferLimits): void {
    this._missing("setWriteBufferLimits");
  }

  /**
   * How many bytes are unsent.
   *
   * asyncio name: `get_write_buffer_size`.
   */
  getWriteBufferSize(): number {
    this._missing("getWriteBufferSize");
  }

  /**
   * The water marks, in bytes.
   *
   * asyncio name: `get_write_buffer_limits`.
   */
  getWriteBufferLimits(): [low: number, high: number] {
    this._missing("getWriteBufferLimits");
  }

  /**
   * Sends bytes, now or as soon as the other end takes them. Never waits, and never throws because the
   * connection is gone.
   *
   * asyncio name: `write`.
   *
   * @param data the bytes; they are sent or copied before this returns, or taken
   * @param options whether the memory of the bytes is given away
   * @throws {TypeError} when it is no bytes; encode strings with `new TextEncoder().encode(…)`; or when their
   * memory was given away before
   * @throws {RuntimeError} after `writeEof()`
   */
  write(_data: WritableData, _options?: WriteOptions): void {
    this._missing("write");
  }

  /**
   * Sends several pieces, one after the other.
   *
   * asyncio name: `writelines`.
   */
  writelines(pieces: Iterable<WritableData>): void {
    for (const piece of pieces) this.write(piece);
  }

  /**
   * Ends the stream towards the other end, after what was written; reading goes on.
   *
   * asyncio name: `write_eof`.
   */
  writeEof(): void {
    this._missing("writeEof");
  }

  /**
   * Whether {@linkcode WriteTransport.writeEof} can be used.
   *
   * asyncio name: `can_write_eof`.
   */
  canWriteEof(): boolean {
    this._missing("canWriteEof");
  }

  /**
   * Closes the transport at once; what is unsent is dropped. `connectionLost(undefined)` follows from
   * the loop.
   *
   * asyncio name: `abort`.
   */
  abort(): void {
    this._missing("abort");
  }
}

/**
 * A transport of bytes in both directions.
 *
 * asyncio name: `Transport`.
 */
export abstract class Transport extends WriteTransport implements ReadTransport {
  /** See {@linkcode ReadTransport.isReading}. */
  isReading(): boolean {
    this._missing("isReading");
  }

  /** See {@linkcode ReadTransport.pauseReading}. */
  pauseReading(): void {
    this._missing("pauseReading");
  }

  /** See {@linkcode ReadTransport.resumeReading}. */
  resumeReading(): void {
    this._missing("resumeReading");
  }
}
