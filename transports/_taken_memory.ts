/**
 * Memory that a program gives away with what it writes.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

/**
 * Shorter pieces are copied: that costs less than taking their memory (0.2 µs), and they may share it with
 * others of the same connection.
 */
export const MIN_TAKEN_BYTES: number = 8 * 1024;

/**
 * Takes the memory of a long array, which is empty afterwards, like all other views of it.
 *
 * @returns the same bytes, or `null` where they have to be copied
 */
export function takeMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const { buffer, byteOffset, length } = bytes;
  if (!(buffer instanceof ArrayBuffer)) return null;
  try {
    return new Uint8Array(buffer.transfer(), byteOffset, length);
  } catch {
    // Some memory can't be taken: that of WebAssembly, or what a message channel was told to leave alone.
    return null;
  }
}
