/**
 * The memory that the ciphertext of a connection is read into.
 *
 * The engine copies what it is given, so one array serves all reads. The socket holds it while nothing
 * comes, and most connections are idle; so it begins small, grows while reads fill it, and shrinks when
 * they no longer do.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

/** What an idle connection holds: more than a greeting of TLS has. */
const MIN_BYTES = 2 * 1024;
/** As the largest read of a socket without TLS. */
const MAX_BYTES = 128 * 1024;
const GROWTH = 4;
/** After so many reads in a row that leave most of it empty, it shrinks. */
const SHRINK_AFTER = 8;

/** A buffer for one read at a time. */
export class LentBuffer {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(MIN_BYTES);
  #shortReads = 0;

  /** Where the next read is to put its bytes. */
  space(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** What was read; to be used before the next call of `space()`. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    const size = bytes.length;
    if (count === size) {
      this.#resize(Math.min(size * GROWTH, MAX_BYTES));
    } else if (count * 16 > size || size === MIN_BYTES) this.#shortReads = 0;
    else if (++this.#shortReads >= SHRINK_AFTER) this.#resize(size / GROWTH);
    // Half as dear as `subarray()`.
    return new Uint8Array(bytes.buffer, 0, count);
  }

  #resize(size: number): void {
    this.#shortReads = 0;
    if (size !== this.#bytes.length) this.#bytes = new Uint8Array(size);
  }
}
