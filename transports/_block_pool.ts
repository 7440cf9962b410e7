/**
 * Memory for what is being sent or has just come, used again and again by all connections of the thread.
 *
 * Neither Deno nor Node copies what is written, and only a microtask later is it known whether the
 * kernel has taken all of it, so a transport sends from memory of its own. Making an array costs more
 * than filling one that is warm (64 KiB: 4 µs against 0.6 µs), and the collection that follows costs
 * more than both; hence the pool.
 *
 * Invariants: a block is in the pool or with one borrower; the pool never holds more than
 * `MAX_POOLED_BYTES`.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

/** A piece of memory that is lent. */
export type Block = Uint8Array<ArrayBuffer>;

/** The smallest block; the others are twice as large as the one before. */
const MIN_BLOCK_BYTES = 512;
/** The size of the largest block. */
export const MAX_BLOCK_BYTES: number = 512 * 1024;

/**
 * How much memory is kept for later: enough for the writes of some thousand connections in one turn
 * of the host, or for writes of 128 KiB by a hundred.
 */
const MAX_POOLED_BYTES = 16 * 1024 * 1024;

const LEADING_ZEROS_OF_SMALLEST = Math.clz32(MIN_BLOCK_BYTES);

// By size.
const free: Block[][] = [];
for (let size = MIN_BLOCK_BYTES; size <= MAX_BLOCK_BYTES; size *= 2) free.push([]);
let pooledBytes = 0;

/** Borrows the smallest block that holds so many bytes, or the largest there is. */
export function takeBlock(bytes: number): Block {
  let size = MIN_BLOCK_BYTES;
  while (size < MAX_BLOCK_BYTES && size < bytes) size *= 2;
  const block = free[indexOf(size)]!.pop();
  if (block === undefined) return new Uint8Array(size);
  pooledBytes -= block.length;
  return block;
}

/** Gives a block back. */
export function giveBlock(block: Block): void {
  const size = block.length;
  if (pooledBytes + size > MAX_POOLED_BYTES) return;
  pooledBytes += size;
  free[indexOf(size)]!.push(block);
}

function indexOf(size: number): number {
  return LEADING_ZEROS_OF_SMALLEST - Math.clz32(size);
}
