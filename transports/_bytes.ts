/**
 * From what a program may write to the bytes of it.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import type { WritableData } from "./transport.ts";

/**
 * The bytes of something that is to be written, in its own memory.
 *
 * @param action what is being done, to begin a message with
 * @throws {TypeError} when there are none
 */
export function toBytes(action: string, data: WritableData): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new Uint8Array(data);
  if (typeof data === "string") {
    throw new TypeError(
      `${action}: bytes are needed, got a string; encode it with new TextEncoder().encode(…)`,
    );
  }
  throw new TypeError(
    `${action}: an ArrayBuffer or a view of one is needed, got ${describe(data)}`,
  );
}
