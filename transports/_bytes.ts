/**
 * Bytes of whatever can be written.
 *
 * May be imported by `transports/` and `loop/`.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import type { WritableData } from "./transport.ts";

/**
 * To be called for a write of no bytes.
 *
 * @throws {TypeError} when there are none because their memory was given away
 */
export function checkNotGivenAway({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.detached) {
    throw new TypeError(
      "Cannot write the array: its memory was given away (transferred) before; write a copy of it instead",
    );
  }
}

/**
 * The bytes of an array buffer or of a view of one; no copy.
 *
 * @param action what is to be done with them, for the message
 * @throws {TypeError} when it is neither
 */
export function bytesOf(data: WritableData, action = "write"): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  throw new TypeError(
    `Cannot ${action} ${describe(data)}: bytes are needed` +
      (typeof data === "string" ? "; encode it with new TextEncoder().encode(text)" : ""),
  );
}

/**
 * Checks how many bytes are to be read.
 *
 * @throws {TypeError} when `n` is no number
 * @throws {RangeError} when it is no whole number, or less than `least`
 */
export function checkByteCount(action: string, n: unknown, least: number): void {
  if (Number.isInteger(n) && (n as number) >= least) return;
  const Mistake = typeof n === "number" ? RangeError : TypeError;
  const rule = least === 0 ? "a whole number of 0 or more" : "a whole number";
  throw new Mistake(`Cannot ${action} ${describe(n)} bytes: ${rule} is needed`);
}
