/**
 * Bytes that were received and not yet read.
 *
 * One array with a window `[#start, #end)`. A chunk that comes while the window is empty is adopted
 * as it is; one that is read whole is handed out as it is.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

type Bytes = Uint8Array<ArrayBuffer>;

const EMPTY: Bytes = new Uint8Array(0);
/** Below so many bytes a loop finds a byte sooner than the call of `indexOf` does. */
const LOOP_BYTES = 48;

/** A queue of bytes. */
export class ByteBuffer {
  #bytes: Bytes = EMPTY;
  #start = 0;
  #end = 0;
  // Whether the array was made here, so that its free end may be written to.
  #owned = false;

  /** How many bytes there are. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Appends bytes; the array belongs to the buffer from now on. */
  append(chunk: Uint8Array): void {
    const length = this.#end - this.#start;
    if (length === 0) {
      this.#bytes = chunk as Bytes;
      this.#start = 0;
      this.#end = chunk.length;
      this.#owned = false;
      return;
    }
    const needed = length + chunk.length;
    if (!this.#owned || this.#end + chunk.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(needed * 2, needed + 65_536)));
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
      this.#start = 0;
      this.#end = length;
      this.#owned = true;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Puts bytes back in front. */
  prepend(chunk: Bytes): void {
    const rest = this.take(this.length);
    this.append(chunk);
    if (rest.length > 0) this.append(rest);
  }

  /**
   * Takes the first `count` bytes out; there must be as many.
   *
   * The result shares its memory with nothing that stays here, so its owner may do with it as he
   * likes, transfer it even.
   */
  take(count: number): Bytes {
    const start = this.#start;
    const end = start + count;
    const bytes = this.#bytes;
    const whole = start === 0 && end === bytes.length;
    if (end < this.#end) this.#start = end;
    else {
      this.#bytes = EMPTY;
      this.#start = this.#end = 0;
    }
    return whole ? bytes : bytes.slice(start, end);
  }

  /** Where a byte is, counted from the first, or -1. */
  indexOf(byte: number, from: number): number {
    const bytes = this.#bytes;
    const start = this.#start;
    const end = this.#end;
    const soon = Math.min(start + from + LOOP_BYTES, end);
    let i = start + from;
    for (; i < soon; i++) if (bytes[i] === byte) return i - start;
    if (i >= end) return -1;
    const found = bytes.indexOf(byte, i);
    return found === -1 || found >= end ? -1 : found - start;
  }

  /** Where a sequence of bytes is, counted from the first, or -1. */
  indexOfSequence(sequence: Uint8Array, from: number): number {
    const first = sequence[0]!;
    const last = this.length - sequence.length;
    const bytes = this.#bytes;
    for (let at = from; at <= last; at++) {
      at = this.indexOf(first, at);
      if (at === -1 || at > last) return -1;
      let i = 1;
      while (i < sequence.length && bytes[this.#start + at + i] === sequence[i]) i++;
      if (i === sequence.length) return at;
    }
    return -1;
  }
}
