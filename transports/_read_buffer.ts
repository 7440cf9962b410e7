/**
 * The memory that a connection reads into, and how what was read is handed out.
 *
 * A pending read pins its memory, and most connections are idle, so a buffer begins small. When a read has
 * filled it there is more, which is read into a large block of the pool at once, and the next buffer is as
 * large as that tells; it shrinks when reads no longer need it. What is handed out belongs to the receiver:
 * the buffer never touches those bytes again. Short reads are handed out as neighbouring pieces of
 * one small array, since V8 takes 0.3 µs to make an array and a twentieth of that to make a view. Long
 * ones are copied into an array of their own, and the buffer stays: an array that a pending read pins
 * outlives young collections, and what dies old is collected at fifty times the price. A read that
 * fills the whole buffer takes it along. A receiver that gives its long arrays away before it gets the next
 * one is handed the buffer itself, which comes back (`giveBack()`), so that nothing is copied and nothing
 * made; where the next read has begun meanwhile, there are two buffers, which take turns.
 *
 * Invariants: the array that `space()` returns is not handed out before `take()`; bytes before
 * `#start` have been handed out.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { giveBlock, takeBlock } from "./_block_pool.ts";
import { countArray } from "./_array_memory.ts";

/**
 * What an idle connection holds: the allocator gives as much for 512, and a first message of 512 bytes does not
 * fill it, after which a block would wait for a rest that does not come.
 */
const FIRST_BYTES = 520;
/** The smallest buffer of those that follow. */
const MIN_BYTES = 512;
/**
 * The largest buffer. Twice as much brings no more bytes per second, since it no longer fits into
 * the caches beside what the kernel and the protocol touch.
 */
const MAX_BYTES = 128 * 1024;
/** Arrays above this size are not shared by several pieces. */
const MAX_SHARED_BYTES = 32 * 1024;
/**
 * Reads above this length get an array of their own: from 8 KiB on that is faster, since a shared array
 * is filled with zeros first, and outlives young collections. At 4 KiB sharing wins by 7 %.
 */
const MAX_PIECE_BYTES = 4 * 1024;
/**
 * How many reads of the present length a shared array is to hold: with 16, its making costs each read
 * 20 to 60 ns; with twice as many, half as much, but an idle connection would hold twice as much.
 */
const PIECES = 16;
/** The sizes of buffers: each so many times as large as the one before. */
const GROWTH = 4;
/** After so many reads in a row that leave most of a large buffer empty, it shrinks. */
const SHRINK_AFTER = 8;

/** A buffer for the reads of one connection. */
export class ReadBuffer {
  // `null` when it was handed out itself, and while there is a block.
  #bytes: Uint8Array<ArrayBuffer> | null = new Uint8Array(FIRST_BYTES);
  #start = 0;
  #shortReads = 0;
  // Where the rest is read of what has filled the buffer, and how large that was.
  #block: Uint8Array<ArrayBuffer> | null = null;
  #filled = 0;
  // The buffer that was handed out last, if it has not come back, and one that has.
  #lent: ArrayBuffer | null = null;
  #lentBytes = 0;
  #spare: ArrayBuffer | null = null;
  // The length of the last array that was handed out for good.
  #handedOut = 0;
  // Whether the receiver gives away what it is handed, and whether it does so in time.
  #isGenerous = false;
  #isLate = false;

  /** Where the next read is to put its bytes. */
  space(): Uint8Array<ArrayBuffer> {
    const bytes = this.#block ?? this.#bytes ?? this.#other();
    return this.#start === 0 ? bytes : viewOf(bytes, this.#start, bytes.length - this.#start);
  }

  /** Hands out the first bytes of `space()`, which have been read. */
  take(count: number): Uint8Array<ArrayBuffer> {
    if (this.#block !== null) return this.#takeRest(this.#block, count);
    const bytes = this.#bytes!;
    const start = this.#start;
    const end = start + count;
    const size = bytes.length;
    if (count <= MAX_PIECE_BYTES && size <= MAX_SHARED_BYTES) {
      // A read that fills the buffer makes the kernel be asked once more, so the rest has to be longer.
      if (size - end > count) this.#start = end;
      else if (end < size) this.#renew(sizeFor(count * PIECES));
      else this.#readRest(size);
      return viewOf(bytes, start, count);
    }
    if (this.#lent !== null) {
      this.#isLate = true;
      this.#lent = null;
    }
    if (
      this.#isGenerous && start === 0 && count * 4 > size && (count < size || size === MAX_BYTES)
    ) {
      this.#isGenerous = false;
      this.#bytes = null;
      this.#lent = bytes.buffer;
      this.#lentBytes = size;
      return viewOf(bytes, 0, count);
    }
    if (count === size) {
      if (size < MAX_BYTES) this.#readRest(size);
      else this.#renew(size);
      this.#handedOut = size;
      return bytes;
    }
    const own = this.#copy(bytes, start, count);
    if (end === size) this.#readRest(size);
    else if (start > 0) this.#renew(size);
    else if (count * 16 > size) this.#shortReads = 0;
    else if (++this.#shortReads >= SHRINK_AFTER) this.#renew(sizeFor(count * PIECES));
    return own;
  }

  #copy(bytes: Uint8Array<ArrayBuffer>, start: number, count: number): Uint8Array<ArrayBuffer> {
    countArray(count);
    this.#handedOut = count;
    // Made from an array and not from a length, it is not filled with zeros first.
    return new Uint8Array(viewOf(bytes, start, count));
  }

  #readRest(filled: number): void {
    this.#filled = filled;
    this.#bytes = null;
    this.#start = 0;
    this.#block = takeBlock(MAX_BYTES);
  }

  #takeRest(block: Uint8Array<ArrayBuffer>, count: number): Uint8Array<ArrayBuffer> {
    const own = this.#copy(block, 0, count);
    this.#block = null;
    giveBlock(block);
    const length = this.#filled + count;
    this.#renew(length > MAX_PIECE_BYTES ? sizeAbove(length) : sizeFor(length * PIECES));
    return own;
  }

  /**
   * Notes that the receiver gives memory away.
   *
   * @returns whether it is the buffer, which may then be given back
   */
  givenAway(memory: ArrayBufferLike): boolean {
    if (memory === this.#lent) return true;
    if (memory.byteLength === this.#handedOut) this.#isGenerous = !this.#isLate;
    return false;
  }

  /** Takes the buffer back; nobody else has a view of it. */
  giveBack(memory: ArrayBuffer): void {
    this.#lent = null;
    this.#isGenerous = true;
    if (this.#block !== null) return;
    if (this.#bytes === null) this.#bytes = new Uint8Array(memory);
    else if (this.#bytes.length === memory.byteLength) this.#spare = memory;
  }

  #other(): Uint8Array<ArrayBuffer> {
    const spare = this.#spare;
    if (spare === null) return this.#renew(this.#lentBytes);
    this.#spare = null;
    return this.#bytes = new Uint8Array(spare);
  }

  #renew(size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    countArray(size);
    this.#start = 0;
    this.#shortReads = 0;
    this.#spare = null;
    return this.#bytes = bytes;
  }
}

/** A part of an array that begins with its memory; half as dear as `subarray()`. */
function viewOf(bytes: Uint8Array<ArrayBuffer>, start: number, count: number) {
  return new Uint8Array(bytes.buffer, start, count);
}

/** The power of two that holds so many bytes, within the bounds of a shared array. */
function sizeFor(bytes: number): number {
  let size = MIN_BYTES;
  while (size < bytes && size < MAX_SHARED_BYTES) size *= 2;
  return size;
}

/** The size of a buffer that so many bytes do not fill. */
function sizeAbove(bytes: number): number {
  let size = MIN_BYTES;
  while (size <= bytes && size < MAX_BYTES) size *= GROWTH;
  return size;
}
