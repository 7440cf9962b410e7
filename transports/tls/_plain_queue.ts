/**
 * Plaintext that waits for encryption.
 *
 * Bytes are copied in, so that the program may do with its arrays as it likes, and small writes end up side
 * by side in one block, to become one record.
 *
 * Invariants: the order of bytes is that of `append()`; a block that was handed out is not touched and
 * not given back to the pool before the next one is taken.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { type Block, giveBlock, MAX_BLOCK_BYTES, takeBlock } from "../_block_pool.ts";

/** A queue of bytes, in blocks of the pool. */
export class PlainQueue {
  /** How many bytes are in it. */
  size = 0;
  // Full blocks, the oldest first.
  readonly #full: Block[] = [];
  // The block that is being filled.
  #tail: Block | null = null;
  #tailBytes = 0;
  #handedOut: Block | null = null;

  /** Copies bytes to the end. */
  append(data: Uint8Array): void {
    this.size += data.length;
    for (let rest = data; rest.length > 0;) {
      const tail = this.#roomFor(rest.length);
      const count = Math.min(rest.length, tail.length - this.#tailBytes);
      tail.set(count === rest.length ? rest : rest.subarray(0, count), this.#tailBytes);
      this.#tailBytes += count;
      if (count === rest.length) return;
      rest = rest.subarray(count);
      this.#full.push(tail);
      this.#tail = null;
    }
  }

  // The last block, of as many bytes as are needed or of the largest size.
  #roomFor(count: number): Block {
    const tail = this.#tail;
    if (tail === null) {
      this.#tailBytes = 0;
      return this.#tail = takeBlock(Math.min(count, MAX_BLOCK_BYTES));
    }
    const used = this.#tailBytes;
    if (used + count <= tail.length || tail.length === MAX_BLOCK_BYTES) return tail;
    const larger = takeBlock(Math.min(used + count, MAX_BLOCK_BYTES));
    larger.set(tail.subarray(0, used));
    giveBlock(tail);
    return this.#tail = larger;
  }

  /** Takes the oldest bytes out. What was taken before is not needed any more. */
  take(): Uint8Array {
    this.release();
    const oldest = this.#full.shift();
    const block = this.#handedOut = oldest ?? this.#tail!;
    if (oldest === undefined) this.#tail = null;
    const count = oldest === undefined ? this.#tailBytes : block.length;
    this.size -= count;
    // Half as dear as `subarray()`.
    return new Uint8Array(block.buffer, 0, count);
  }

  /** What was taken is not needed any more. */
  release(): void {
    if (this.#handedOut === null) return;
    giveBlock(this.#handedOut);
    this.#handedOut = null;
  }

  /** Forgets everything. */
  drop(): void {
    this.size = 0;
    this.#full.length = 0;
    this.#tail = this.#handedOut = null;
  }
}
