/**
 * A timing wheel: timers that are far off, roughly by deadline.
 *
 * Adding a timer is an append, whatever their number, and so is moving it on. A slot of the first level
 * holds the timers of one tick, a slot of the next those of 64, and so on; when the time comes for a
 * slot of a higher level, its timers are dealt out to the levels below. Only who is about to be due has to
 * be put in order, by the heap that takes the timers from here.
 *
 * Invariants: all deadlines are at or after `horizon`; a slot of a higher level that holds the horizon
 * is empty, since it has been dealt out, so equal deadlines meet in one slot, in the order of
 * scheduling.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { TimerHeap } from "./_timer_heap.ts";
import { TIMER_TICKS_PER_MS } from "./_tuning.ts";
import type { TimerHandle } from "./handle.ts";

/** A tick, in milliseconds. */
export const TICK_MS = 1 / TIMER_TICKS_PER_MS;
/** The slots of a level, as a power of two. */
const SLOT_BITS = 6;
const SLOTS = 1 << SLOT_BITS;
/** 2^30 ticks are 4.6 hours; what is farther off waits in a heap, and comes in when they are over. */
const LEVELS = 5;
const SPAN = 2 ** (SLOT_BITS * LEVELS);
/** 2^52 ticks: above 2^53, neighbouring numbers are more than a tick apart. */
const MAX_ORIGIN_MS = 2 ** 46;

/** Timers by deadline, for as long as their exact order does not matter. */
export class TimerWheel {
  /** How many there are, those counted that were called off. */
  length = 0;
  // Level by level.
  readonly #slots: (TimerHandle[] | undefined)[] = new Array(SLOTS * LEVELS).fill(undefined);
  // A bit for each slot that holds something.
  readonly #occupied = new Int32Array(SLOTS * LEVELS / 32);
  readonly #beyond = new TimerHeap();
  // The tick that the wheel began with, and how many have passed since.
  #origin: number;
  #passed = 0;

  /** Whether ticks can be counted from a deadline on: not from an infinite one. */
  static canBeginAt(first: number): boolean {
    return Math.abs(first) < MAX_ORIGIN_MS;
  }

  /** @param first a deadline that is not after any other */
  constructor(first: number) {
    this.#origin = Math.floor(first * TIMER_TICKS_PER_MS);
  }

  /** Deadlines before this do not belong here. */
  get horizon(): number {
    return (this.#origin + this.#passed) / TIMER_TICKS_PER_MS;
  }

  /** Adds a timer, whose deadline must not be before the horizon. */
  push(timer: TimerHandle): void {
    this.length++;
    this.#place(timer);
  }

  #place(timer: TimerHandle): void {
    const tick = Math.floor(timer._when * TIMER_TICKS_PER_MS) - this.#origin;
    if (tick >= SPAN) {
      this.#beyond.push(timer);
      return;
    }
    // The level is that of the highest digit in which the deadline differs from the horizon.
    const level = ((31 - Math.clz32((tick ^ this.#passed) | 1)) / SLOT_BITS) | 0;
    const index = level * SLOTS + ((tick >> (level * SLOT_BITS)) & (SLOTS - 1));
    const slot = this.#slots[index];
    if (slot === undefined) {
      this.#slots[index] = [timer];
      this.#occupied[index >> 5]! |= 1 << (index & 31);
    } else {
      slot.push(timer);
    }
  }

  /** Moves those of the next tick that has any to a heap; there must be some. */
  advance(heap: TimerHeap): void {
    for (;;) {
      const index = this.#next();
      if (index === -1) {
        if (this.#beginAnew()) continue;
        return this.#moveTo(heap, this.#beyond.drain());
      }
      const level = Math.trunc(index / SLOTS);
      const shift = level * SLOT_BITS;
      // To the beginning of the slot: its own digit, and nothing behind it.
      this.#passed = (this.#passed >> (shift + SLOT_BITS) << SLOT_BITS | index % SLOTS) << shift;
      if (level > 0) {
        this.#deal(index);
        continue;
      }
      this.#moveTo(heap, this.#take(index));
      this.#passed++;
      this.#enter();
      return;
    }
  }

  /** The first slot that holds something, of the lowest level that has one; or -1. */
  #next(): number {
    const occupied = this.#occupied;
    for (let level = 0; level < LEVELS; level++) {
      const digit = (this.#passed >> (level * SLOT_BITS)) & (SLOTS - 1);
      const index = level * SLOTS + digit;
      let word = index >> 5;
      let bits = occupied[word]! & (-1 << (index & 31));
      // A level has two words.
      if (bits === 0 && (word & 1) === 0) bits = occupied[++word]!;
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
    }
    return -1;
  }

  #take(index: number): TimerHandle[] {
    const timers = this.#slots[index];
    if (timers === undefined) return [];
    this.#empty(index);
    return timers;
  }

  #empty(index: number): void {
    this.#slots[index] = undefined;
    this.#occupied[index >> 5]! &= ~(1 << (index & 31));
  }

  #moveTo(heap: TimerHeap, timers: readonly TimerHandle[]): void {
    this.length -= timers.length;
    for (const timer of timers) heap.push(timer);
  }

  #deal(index: number): void {
    for (const timer of this.#take(index)) this.#place(timer);
  }

  /** Deals out the slots that the horizon has just come to the beginning of. */
  #enter(): void {
    for (let level = 1; level < LEVELS; level++) {
      const shift = level * SLOT_BITS;
      if ((this.#passed & ((1 << shift) - 1)) !== 0) return;
      this.#deal(level * SLOTS + ((this.#passed >> shift) & (SLOTS - 1)));
    }
  }

  /** Takes in those that were too far off. @returns whether that can be */
  #beginAnew(): boolean {
    const beyond = this.#beyond;
    if (beyond.length === 0 || !TimerWheel.canBeginAt(beyond.deadline)) return false;
    this.#origin = Math.floor(beyond.deadline * TIMER_TICKS_PER_MS);
    this.#passed = 0;
    const end = (this.#origin + SPAN) / TIMER_TICKS_PER_MS;
    while (beyond.length > 0 && beyond.deadline < end) this.#place(beyond.shift()!);
    return true;
  }

  /** Throws out those that were called off. */
  sweep(): void {
    this.#beyond.sweep();
    this.length = this.#beyond.length;
    for (let index = 0; index < this.#slots.length; index++) {
      const timers = this.#slots[index];
      if (timers === undefined) continue;
      const left = sweepSlot(timers);
      this.length += left;
      if (left === 0) this.#empty(index);
    }
  }

  /** Takes all out. @returns equal deadlines in the order of scheduling */
  drain(): TimerHandle[] {
    return this.#slots.flatMap((timers) => timers ?? []).concat(this.#beyond.drain());
  }
}

/** Throws out those that were called off. @returns how many are left */
function sweepSlot(timers: TimerHandle[]): number {
  let length = 0;
  for (const timer of timers) {
    if (timer.cancelled()) timer._leftQueue();
    else timers[length++] = timer;
  }
  return timers.length = length;
}
