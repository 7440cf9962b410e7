/**
 * Bytes that were received and not yet read.
 *
 * One array with a window `[#start, #end)`. A chunk that comes while the window is empty is adopted
 * as it is; one that is read whole is handed out as it is, and where most of it is read, what is left is
 * copied. Anything else is copied before it is handed out: short pieces several at a time, as neighbours in
 * one array, since V8 takes 0.2 µs to make an array and a tenth of that to make a view.
 *
 * Invariant: nothing that was handed out shares its memory with what is still to be read.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

type Bytes = Uint8Array<ArrayBuffer>;

const EMPTY: Bytes = new Uint8Array(0);
/** Below so many bytes a loop finds a byte sooner than the call of `indexOf` does. */
const LOOP_BYTES = 48;
/** How much is copied at once for several pieces: as much as one piece that is kept may hold. */
const RUN_BYTES = 2048;
/** Longer pieces get an array of their own. */
const MAX_PIECE_BYTES = 512;

/** A queue of bytes. */
export class ByteBuffer {
  #bytes: Bytes = EMPTY;
  #start = 0;
  #end = 0;
  // Whether the array was made here, so that its free end may be written to.
  #owned = false;
  // A copy of a part of the window, and where in the array it begins.
  #run: Bytes = EMPTY;
  #runStart = 0;

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
      this.#forgetRun();
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
      this.#forgetRun();
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Puts bytes back in front. */
  prepend(chunk: Bytes): void {
    const rest = this.takeAll();
    this.append(chunk);
    if (rest.length > 0) this.append(rest);
  }

  /**
   * Takes the first `count` bytes out; there must be as many.
   *
   * The result belongs to its receiver; other pieces that were taken may lie in the same memory.
   */
  take(count: number): Bytes {
    const start = this.#start;
    const end = start + count;
    if (end === this.#end && count > MAX_PIECE_BYTES) return this.takeAll();
    const bytes = this.#bytes;
    if (count === bytes.length) {
      this.#clear();
      return bytes;
    }
    if (count > MAX_PIECE_BYTES && count * 2 >= bytes.length) return this.#split(start, end);
    const piece = count > MAX_PIECE_BYTES ? bytes.slice(start, end) : this.#piece(start, end);
    if (end === this.#end) this.#clear();
    else this.#start = end;
    return piece;
  }

  /** The same, at the beginning of its memory, where one looks for it through a `DataView`. */
  takeAtZero(count: number): Bytes {
    const start = this.#start;
    const end = start + count;
    const bytes = this.#bytes;
    if (end === this.#end) this.#clear();
    else this.#start = end;
    return count === bytes.length && bytes.byteOffset === 0 ? bytes : bytes.slice(start, end);
  }

  /** Takes everything out; the result shares its memory with no piece. */
  takeAll(): Bytes {
    const start = this.#start;
    const end = this.#end;
    const bytes = this.#bytes;
    this.#clear();
    const count = end - start;
    if (count === bytes.length) return bytes;
    // What was read before was copied, so that this is the only piece left of the array.
    return count * 2 >= bytes.length ? bytes.subarray(start, end) : bytes.slice(start, end);
  }

  /** Takes out what is most of the array, and copies what is left instead. */
  #split(start: number, end: number): Bytes {
    const bytes = this.#bytes;
    const rest = bytes.slice(end, this.#end);
    this.#clear();
    this.#bytes = rest;
    this.#end = rest.length;
    this.#owned = true;
    return bytes.subarray(start, end);
  }

  #clear(): void {
    this.#bytes = EMPTY;
    this.#start = this.#end = 0;
    this.#forgetRun();
  }

  #forgetRun(): void {
    this.#run = EMPTY;
    this.#runStart = 0;
  }

  #piece(start: number, end: number): Bytes {
    const from = start - this.#runStart;
    // A run that was transferred has no length.
    if (end - this.#runStart <= this.#run.length) {
      return this.#run.subarray(from, from + end - start);
    }
    const run = this.#bytes.slice(start, Math.min(start + RUN_BYTES, this.#end));
    if (run.length === end - start) return run;
    this.#run = run;
    this.#runStart = start;
    return run.subarray(0, end - start);
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
