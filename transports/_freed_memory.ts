/**
 * What the C library does with memory that was freed.
 *
 * Long reads are handed out in arrays of their own, some ten thousand a second, and freed in large
 * heaps by each collection. glibc returns to the system whatever is free at the end of its memory above
 * 128 KiB, so that each of these arrays would cost a page fault for every 4 KiB anew. It keeps twice the
 * size of the largest block that it has ever returned; that is how it is asked here to keep more.
 *
 * On other systems this does nothing.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

/**
 * As much as glibc ever takes into account; it keeps 64 MiB then, which is what V8 lets arrays grow by
 * before it collects them.
 */
const BLOCK_BYTES = 32 * 1024 * 1024 - 64 * 1024;

let asked = false;

/** Has freed memory kept for what is allocated next. Only the first call does something. */
export function keepFreedMemory(): void {
  if (asked) return;
  asked = true;
  // The block is never written to, so it takes address space only, and is freed at once.
  new ArrayBuffer(BLOCK_BYTES).transfer(0);
}
