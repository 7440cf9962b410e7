/**
 * The timer queue: callbacks by deadline, equal deadlines in the order of scheduling.
 *
 * asyncio counterpart: `BaseEventLoop._scheduled`, a heap.
 *
 * A binary heap, so that scheduling costs the logarithm of the number of timers at worst and one or
 * two comparisons on average. A timer that is called off stays where it is, empty, and is counted;
 * when more than half of the heap is such, the heap is rebuilt without them. So a cancellation costs
 * constant time on average, and what was called off is never more than what is scheduled (beside a
 * fixed small number).
 *
 * @module
 */

import type { TimerHandle } from "./handle.ts";

/** A heap smaller than this is not worth rebuilding. */
const REBUILD_ABOVE = 64;

function before(a: TimerHandle, b: TimerHandle): boolean {
  return a._when < b._when || (a._when === b._when && a._sequence < b._sequence);
}

/** A priority queue of timers. */
export class TimerQueue {
  #heap: TimerHandle[] = [];
  #cancelled = 0;

  /** How many are queued, those counted that were called off. */
  get length(): number {
    return this.#heap.length;
  }

  /** Adds one. */
  push(timer: TimerHandle): void {
    this.#heap.push(timer);
    this.#up(this.#heap.length - 1);
  }

  /** The next one that was not called off, or `undefined`. */
  peek(): TimerHandle | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || !first._cancelled) return first;
      this.#cancelled--;
      this.shift();
    }
  }

  /** Takes the first one out. */
  shift(): TimerHandle | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return undefined;
    first._leftQueue();
    const last = heap.pop()!;
    if (last !== first) {
      heap[0] = last;
      this.#down(0);
    }
    return first;
  }

  /** Says that a timer in the queue was called off. */
  noteCancelled(): void {
    if (++this.#cancelled * 2 > this.#heap.length && this.#heap.length > REBUILD_ABOVE) {
      const kept: TimerHandle[] = [];
      for (const timer of this.#heap) {
        if (timer._cancelled) timer._leftQueue();
        else kept.push(timer);
      }
      this.#heap = kept;
      this.#cancelled = 0;
      for (let i = (kept.length >> 1) - 1; i >= 0; i--) this.#down(i);
    }
  }

  /** Forgets all. */
  clear(): void {
    for (const timer of this.#heap) timer._leftQueue();
    this.#heap = [];
    this.#cancelled = 0;
  }

  #up(index: number): void {
    const heap = this.#heap;
    const timer = heap[index]!;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex]!;
      if (!before(timer, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = timer;
  }

  #down(index: number): void {
    const heap = this.#heap;
    const length = heap.length;
    const timer = heap[index]!;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= length) break;
      let child = heap[childIndex]!;
      const right = heap[childIndex + 1];
      if (right !== undefined && before(right, child)) {
        childIndex++;
        child = right;
      }
      if (!before(child, timer)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = timer;
  }
}
