/**
 * Memory for what is being sent, used again and again by all connections of the thread.
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

/** The sizes of blocks, each four times the one before. */
const SIZES: readonly number[] = [512, 2_048, 8_192, 32_768, 131_072, 524_288];
const LARGEST = SIZES.length - 1;

/** The size of the largest block. */
export const MAX_BLOCK_BYTES: number = SIZES[LARGEST]!;

/**
 * How much memory is kept for later: enough for the writes of some thousand connections in one turn
 * of the host.
 */
const MAX_POOLED_BYTES = 8 * 1024 * 1024;

const LEADING_ZEROS_OF_SMALLEST = Math.clz32(SIZES[0]!);

const free: Uint8Array[][] = SIZES.map(() => []);
let pooledBytes = 0;

/** Borrows the smallest block that holds so many bytes, or the largest there is. */
export function takeBlock(bytes: number): Uint8Array {
  let i = 0;
  while (i < LARGEST && SIZES[i]! < bytes) i++;
  const block = free[i]!.pop();
  if (block === undefined) return new Uint8Array(SIZES[i]!);
  pooledBytes -= block.length;
  return block;
}

/** Gives a block back. */
export function giveBlock(block: Uint8Array): void {
  const size = block.length;
  if (pooledBytes + size > MAX_POOLED_BYTES) return;
  pooledBytes += size;
  free[(LEADING_ZEROS_OF_SMALLEST - Math.clz32(size)) >> 1]!.push(block);
}
