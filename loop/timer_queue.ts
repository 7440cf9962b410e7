/**
 * The timer queue: callbacks by deadline, equal deadlines in the order of scheduling.
 *
 * asyncio counterpart: `BaseEventLoop._scheduled`, a heap.
 *
 * A heap in which each timer has four children, so that scheduling costs the logarithm of the number
 * of timers at worst and one or two comparisons on average. The deadlines stand in an array of their
 * own, side by side: comparing them touches no timer, and four siblings share a cache line or two. A
 * timer that is called off stays where it is, empty, and is counted; when more than half of the heap is
 * such, the heap is rebuilt without them. So a cancellation costs constant time on average, and what was
 * called off is never more than what is scheduled (beside a fixed small number).
 *
 * Invariant: `#deadlines[i]` and `#sequences[i]` are the deadline of `#timers[i]` and its number in the
 * order of scheduling.
 *
 * @module
 */

import type { TimerHandle } from "./handle.ts";

/** A heap smaller than this is not worth rebuilding. */
const REBUILD_ABOVE = 64;
const MIN_CAPACITY = 64;

/** A priority queue of timers. */
export class TimerQueue {
  #timers: TimerHandle[] = [];
  #deadlines: Float64Array<ArrayBuffer> = new Float64Array(MIN_CAPACITY);
  #sequences: Float64Array<ArrayBuffer> = new Float64Array(MIN_CAPACITY);
  #nextSequence = 0;
  #cancelled = 0;

  /** How many are queued, those counted that were called off. */
  get length(): number {
    return this.#timers.length;
  }

  /** Adds one. */
  push(timer: TimerHandle): void {
    const index = this.#timers.length;
    if (index === this.#deadlines.length) this.#resize(2 * index);
    this.#timers.push(timer);
    this.#put(index, timer, timer._when, this.#nextSequence++);
  }

  /** The next one that was not called off, or `undefined`. */
  peek(): TimerHandle | undefined {
    for (;;) {
      const first = this.#timers[0];
      if (first === undefined || !first.cancelled()) return first;
      this.#cancelled--;
      this.shift();
    }
  }

  /** Takes the first one out. */
  shift(): TimerHandle | undefined {
    const timers = this.#timers;
    const first = timers[0];
    if (first === undefined) return undefined;
    first._leftQueue();
    const last = timers.pop()!;
    const { length } = timers;
    if (length === 0) return first;
    const deadline = this.#deadlines[length]!;
    const sequence = this.#sequences[length]!;
    // The last one is a late one as a rule: its place is found from below.
    this.#put(this.#sink(length), last, deadline, sequence);
    return first;
  }

  /** Says that a timer in the queue was called off. */
  noteCancelled(): void {
    const { length } = this.#timers;
    if (++this.#cancelled * 2 > length && length > REBUILD_ABOVE) this.#rebuild();
  }

  /** Forgets all. */
  clear(): void {
    for (const timer of this.#timers) timer._leftQueue();
    this.#timers = [];
    this.#cancelled = 0;
    this.#resize(MIN_CAPACITY);
  }

  #rebuild(): void {
    const timers = this.#timers;
    let length = 0;
    for (let i = 0; i < timers.length; i++) {
      const timer = timers[i]!;
      if (timer.cancelled()) timer._leftQueue();
      // To the left of where it stood, which has been read.
      else this.#put(length++, timer, this.#deadlines[i]!, this.#sequences[i]!);
    }
    timers.length = length;
    this.#cancelled = 0;
    if (4 * length < this.#deadlines.length) this.#resize(Math.max(2 * length, MIN_CAPACITY));
  }

  #resize(capacity: number): void {
    const [deadlines, sequences] = [this.#deadlines, this.#sequences];
    this.#deadlines = new Float64Array(capacity);
    this.#sequences = new Float64Array(capacity);
    this.#deadlines.set(deadlines.subarray(0, capacity));
    this.#sequences.set(sequences.subarray(0, capacity));
  }

  /** Moves children up, from the root to a leaf. @returns the place that is free at the end */
  #sink(length: number): number {
    const timers = this.#timers;
    const deadlines = this.#deadlines;
    const sequences = this.#sequences;
    let free = 0;
    for (;;) {
      let child = 4 * free + 1;
      if (child >= length) return free;
      const end = Math.min(child + 4, length);
      let deadline = deadlines[child]!;
      for (let other = child + 1; other < end; other++) {
        const its = deadlines[other]!;
        if (its < deadline || (its === deadline && sequences[other]! < sequences[child]!)) {
          child = other;
          deadline = its;
        }
      }
      timers[free] = timers[child]!;
      deadlines[free] = deadline;
      sequences[free] = sequences[child]!;
      free = child;
    }
  }

  /** Puts a timer into a free place, or above it. */
  #put(free: number, timer: TimerHandle, deadline: number, sequence: number): void {
    const timers = this.#timers;
    const deadlines = this.#deadlines;
    const sequences = this.#sequences;
    while (free > 0) {
      const parent = (free - 1) >> 2;
      const its = deadlines[parent]!;
      if (its < deadline || (its === deadline && sequences[parent]! < sequence)) break;
      timers[free] = timers[parent]!;
      deadlines[free] = its;
      sequences[free] = sequences[parent]!;
      free = parent;
    }
    timers[free] = timer;
    deadlines[free] = deadline;
    sequences[free] = sequence;
  }
}
