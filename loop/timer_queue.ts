/**
 * The timer queue: callbacks by deadline, equal deadlines in the order of scheduling.
 *
 * asyncio counterpart: `BaseEventLoop._scheduled`, a heap.
 *
 * A few timers stand in a heap (`_timer_heap.ts`). When they become many, those that are not about to be
 * due go to a wheel (`_timer_wheel.ts`), where each costs the same whatever their number, and come back
 * tick by tick. A timer that is called off stays where it is, empty, and is counted; when more than half
 * of all are such, they are thrown out. So a cancellation costs constant time on average, and what was
 * called off is never more than what is scheduled (beside a fixed small number).
 *
 * Invariant: what is due before `#horizon` stands in the heap, all else in the wheel.
 *
 * @module
 */

import { TimerHeap } from "./_timer_heap.ts";
import { TICK_MS, TimerWheel } from "./_timer_wheel.ts";
import { MAX_TIMER_HEAP } from "./_tuning.ts";
import type { TimerHandle } from "./handle.ts";

/** Fewer timers than this are not worth sweeping. */
const SWEEP_ABOVE = 64;

/** A priority queue of timers. */
export class TimerQueue {
  readonly #heap = new TimerHeap();
  #wheel: TimerWheel | null = null;
  // Infinity while there is no wheel.
  #horizon = Infinity;
  // How large the heap may become.
  #maxHeap = MAX_TIMER_HEAP;
  #cancelled = 0;

  /** How many are queued, those counted that were called off. */
  get length(): number {
    return this.#heap.length + (this.#wheel === null ? 0 : this.#wheel.length);
  }

  /** Adds one. */
  push(timer: TimerHandle): void {
    if (this.#wheel !== null && timer._when >= this.#horizon) {
      this.#wheel.push(timer);
    } else {
      this.#heap.push(timer);
      if (this.#heap.length > this.#maxHeap) this.#spread();
    }
  }

  /** The next one that was not called off, or `undefined`. */
  peek(): TimerHandle | undefined {
    const heap = this.#heap;
    for (;;) {
      const { first } = heap;
      if (first === undefined) {
        if (this.#wheel === null) return undefined;
        this.#advance(this.#wheel);
      } else {
        if (!first.cancelled()) return first;
        this.#cancelled--;
        this.#drop();
      }
    }
  }

  /** Takes the next one out, if it is due. */
  takeDue(now: number): TimerHandle | undefined {
    const first = this.peek();
    if (first === undefined || this.#heap.deadline > now) return undefined;
    this.#drop();
    return first;
  }

  #drop(): void {
    this.#heap.shift()!._leftQueue();
  }

  /** Says that a timer in the queue was called off. */
  noteCancelled(): void {
    const { length } = this;
    if (++this.#cancelled * 2 <= length || length <= SWEEP_ABOVE) return;
    this.#cancelled = 0;
    this.#heap.sweep();
    this.#wheel?.sweep();
    this.#settle();
  }

  /** Forgets all. */
  clear(): void {
    for (const timer of this.#drain()) timer._leftQueue();
    this.#cancelled = 0;
    this.#settle();
  }

  /** Takes all out, equal deadlines in the order of scheduling. */
  #drain(): TimerHandle[] {
    const timers = this.#heap.drain().concat(this.#wheel?.drain() ?? []);
    this.#wheel = null;
    return timers;
  }

  /** Moves all to a new wheel, unless the heap holds but one tick. */
  #spread(): void {
    const first = this.#heap.deadline;
    if (this.#horizon - first > TICK_MS && TimerWheel.canBeginAt(first)) {
      const wheel = new TimerWheel(first);
      for (const timer of this.#drain()) wheel.push(timer);
      this.#wheel = wheel;
      this.#advance(wheel);
    } else {
      this.#settle();
    }
  }

  #advance(wheel: TimerWheel): void {
    wheel.advance(this.#heap);
    this.#settle();
  }

  #settle(): void {
    if (this.#wheel?.length === 0) this.#wheel = null;
    this.#horizon = this.#wheel === null ? Infinity : this.#wheel.horizon;
    // All are moved then: so rarely that it costs each that is added no more than a few moves.
    this.#maxHeap = Math.max(MAX_TIMER_HEAP, 2 * this.#heap.length, this.length >> 2);
  }
}
