/**
 * `DatagramTransport`: packets.
 *
 * asyncio counterpart: `asyncio.transports.DatagramTransport`.
 *
 * @module
 */

import { BaseTransport } from "./base_transport.ts";
import type { WritableData, WriteBufferLimits } from "./transport.ts";

/**
 * A transport of datagrams.
 *
 * asyncio name: `DatagramTransport`.
 */
export abstract class DatagramTransport extends BaseTransport {
  /**
   * Sends a datagram, in the order of calls. Never waits.
   *
   * asyncio name: `sendto`.
   *
   * @param data the bytes, perhaps none; they are sent or copied before this returns
   * @param address where to; left out where the transport has a remote address
   */
  sendto(_data: WritableData, _address?: readonly [host: string, port: number]): void {
    this._missing("sendto");
  }

  /** See {@linkcode WriteTransport.setWriteBufferLimits}. */
  setWriteBufferLimits(_limits?: WriteBufferLimits): void {
    this._missing("setWriteBufferLimits");
  }

  /** How many bytes are unsent. */
  getWriteBufferSize(): number {
    this._missing("getWriteBufferSize");
  }

  /** The water marks, in bytes. */
  getWriteBufferLimits(): [low: number, high: number] {
    this._missing("getWriteBufferLimits");
  }

  /**
   * Closes the transport at once; what is unsent is dropped.
   *
   * asyncio name: `abort`.
   */
  abort(): void {
    this._missing("abort");
  }
}
