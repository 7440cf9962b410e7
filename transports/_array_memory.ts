/**
 * What arrays for bytes cost beside their making, and how that is kept low.
 *
 * What was read is handed out in new arrays, often a gigabyte a second, of which most are forgotten at once. Two
 * things would cost more than the rest of a read:
 *
 * - glibc returns to the system whatever is free at the end of its memory above 128 KiB, so that each of
 *   these arrays would cost a page fault for every 4 KiB anew. It keeps twice the size of the largest
 *   block that it has ever returned; that is how it is asked here to keep more.
 * - V8 frees forgotten arrays in its young collections, which it makes when there are 64 MiB of new ones, and
 *   which take less than a millisecond. But when memory outside of its heap has grown by 64 MiB it begins
 *   to mark all of its heap, which takes 15 ms even where that is small. The two come together, so at a
 *   gigabyte a second it marks twenty times a second. It lets that memory grow by the more, the more there
 *   is of it: so an array is held here as a ballast, to which nothing is ever written, and which takes
 *   addresses and no memory. Then the young collections come first.
 *
 * On other systems than Linux, where such a ballast may count as memory, and with a small heap, of which V8
 * would take it for the greater part, there is none.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";

/**
 * As much as glibc ever takes into account; it keeps 64 MiB then, which is what V8 lets arrays grow by
 * before it collects them.
 */
const BLOCK_BYTES = 32 * 1024 * 1024 - 64 * 1024;
/** With 256 MiB V8 marks as often as without, with 384 half as often, with 512 seldom. */
const BALLAST_BYTES = 768 * 1024 * 1024;
/** With a limit of 256 MiB for its heap V8 marks more often for the ballast, with 512 less often. */
const MIN_HEAP_LIMIT_BYTES = 1024 * 1024 * 1024;
/** The ballast is taken after as much as V8 waits for. */
const BYTES_BEFORE_BALLAST = 64 * 1024 * 1024;
/** So many bytes of what the host has made, and V8 is made to look. */
const BYTES_BEFORE_LOOK = 2 * 1024 * 1024;

let counted = 0;
let unseen = 0;
let ballast: ArrayBuffer | null = null;

/** To be called for each array that is made for what is read. */
export function countArray(bytes: number): void {
  if (counted >= BYTES_BEFORE_BALLAST) return;
  if (counted === 0) keepFreedMemory();
  counted += bytes;
  if (counted >= BYTES_BEFORE_BALLAST) takeBallast();
}

/**
 * To be called for arrays that the host has made of what was read or is to be written. V8 looks whether
 * it is time to collect forgotten ones only when it makes an array itself; otherwise it marks its heap.
 */
export function countHostArray(bytes: number): void {
  countArray(bytes);
  unseen += bytes;
  if (unseen < BYTES_BEFORE_LOOK) return;
  unseen = 0;
  new ArrayBuffer(1);
}

/** How many bytes of what V8 counts as external memory are the ballast. */
export function ballastBytes(): number {
  return ballast === null ? 0 : BALLAST_BYTES;
}

/** Has glibc keep freed memory for what is allocated next. */
function keepFreedMemory(): void {
  // The block is never written to, so it takes address space only, and is freed at once.
  new ArrayBuffer(BLOCK_BYTES).transfer(0);
}

function takeBallast(): void {
  if (Deno.build.os !== "linux") return;
  if (getHeapStatistics().heap_size_limit < MIN_HEAP_LIMIT_BYTES) return;
  try {
    ballast = new ArrayBuffer(BALLAST_BYTES);
  } catch {
    // The system counts addresses as memory.
  }
}
