/**
 * A heap of timers: by deadline, equal deadlines in the order in which they were put in.
 *
 * Each timer has four children, so that adding one costs the logarithm of the number of timers at worst
 * and one or two comparisons on average. The deadlines stand in an array of their own, side by side:
 * comparing them touches no timer, and four siblings share a cache line or two.
 *
 * Invariant: `#deadlines[i]` and `#sequences[i]` are the deadline of `#timers[i]` and its number in the
 * order in which they came.
 *
 * May be imported by `loop/` only. Not here: what is far off (`_timer_wheel.ts`), and when those that
 * were called off are thrown out (`timer_queue.ts`).
 *
 * @module
 */

import type { TimerHandle } from "./handle.ts";

const MIN_CAPACITY = 64;

/** A priority queue of timers. */
export class TimerHeap {
  #timers: TimerHandle[] = [];
  #deadlines: Float64Array<ArrayBuffer> = new Float64Array(MIN_CAPACITY);
  #sequences: Float64Array<ArrayBuffer> = new Float64Array(MIN_CAPACITY);
  #nextSequence = 0;

  /** How many there are, those counted that were called off. */
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

  /** The one with the earliest deadline. */
  get first(): TimerHandle | undefined {
    return this.#timers[0];
  }

  /** The earliest deadline; there must be one. */
  get deadline(): number {
    return this.#deadlines[0]!;
  }

  /** Takes the first one out. */
  shift(): TimerHandle | undefined {
    const timers = this.#timers;
    const first = timers[0];
    if (first === undefined) return undefined;
    const last = timers.pop()!;
    const { length } = timers;
    if (length === 0) return first;
    const deadline = this.#deadlines[length]!;
    const sequence = this.#sequences[length]!;
    // The last one is a late one as a rule: its place is found from below.
    this.#put(this.#sink(length), last, deadline, sequence);
    return first;
  }

  /** Throws out those that were called off. */
  sweep(): void {
    const timers = this.#timers;
    let length = 0;
    for (let i = 0; i < timers.length; i++) {
      const timer = timers[i]!;
      if (timer.cancelled()) timer._leftQueue();
      // To the left of where it stood, which has been read.
      else this.#put(length++, timer, this.#deadlines[i]!, this.#sequences[i]!);
    }
    timers.length = length;
    if (4 * length < this.#deadlines.length) this.#resize(Math.max(2 * length, MIN_CAPACITY));
  }

  /** Takes all out. @returns them in the order in which they were put in */
  drain(): TimerHandle[] {
    const timers = this.#timers;
    const sequences = this.#sequences;
    const order = timers.map((_, i) => i).sort((a, b) => sequences[a]! - sequences[b]!);
    this.#timers = [];
    this.#resize(MIN_CAPACITY);
    return order.map((i) => timers[i]!);
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
