/**
 * The memory that a `BufferedProtocol` lends for what is read.
 *
 * asyncio counterpart: `asyncio.protocols._feed_data_to_buffered_proto`, in part.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { RuntimeError } from "../futures/errors.ts";
import type { AnyProtocol, BufferedProtocolLike, ProtocolLike } from "./protocol.ts";

/** Whether a protocol lends memory, rather than being given arrays. */
export function isBuffered(protocol: AnyProtocol): protocol is BufferedProtocolLike {
  return typeof (protocol as Partial<BufferedProtocolLike>).getBuffer === "function";
}

/** Whether something is a protocol of a stream, of either kind. */
export function isStreamProtocol(value: unknown): value is AnyProtocol {
  const { dataReceived, getBuffer } = (value ?? {}) as Partial<ProtocolLike & BufferedProtocolLike>;
  return typeof dataReceived === "function" || typeof getBuffer === "function";
}

/**
 * Asks a protocol for memory.
 *
 * @param sizeHint how many bytes there are, or -1 where that is not known
 * @throws {TypeError} when what it returns is no `Uint8Array`
 * @throws {RuntimeError} when what it returns has no room
 */
export function lentMemory(protocol: BufferedProtocolLike, sizeHint: number): Uint8Array {
  const memory = protocol.getBuffer(sizeHint);
  if (!(memory instanceof Uint8Array)) {
    throw new TypeError(`getBuffer() must return a Uint8Array, got ${describe(memory)}`);
  }
  if (memory.length === 0) throw new RuntimeError("getBuffer() returned an empty array");
  return memory;
}

/**
 * Copies the beginning of what has come elsewhere into memory that a protocol lends for it.
 *
 * @returns how many bytes, which the protocol is to be told
 * @throws what {@linkcode lentMemory} throws
 */
export function fillLentMemory(protocol: BufferedProtocolLike, data: Uint8Array): number {
  const memory = lentMemory(protocol, data.length);
  const count = Math.min(memory.length, data.length);
  memory.set(data.subarray(0, count));
  return count;
}
