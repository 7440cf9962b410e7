/**
 * The ready queue: what the next pass runs, in order.
 *
 * asyncio counterpart: `BaseEventLoop._ready`, a deque.
 *
 * A ring whose capacity is a power of two; `#mask` is always the capacity less one. A slot that was
 * taken is emptied, so that the queue keeps nothing alive that has run. Both ends cost constant time;
 * a ring that a burst has made large is given up once it is empty.
 *
 * @module
 */

import type { Runnable } from "../futures/future_loop.ts";

const MIN_CAPACITY = 64;
/** A larger ring is not kept when it runs empty: 64 Ki entries are half a megabyte. */
const KEPT_CAPACITY = 65_536;

/** A first-in, first-out queue of runnables. */
export class ReadyQueue {
  #ring: (Runnable | undefined)[] = new Array(MIN_CAPACITY).fill(undefined);
  #mask = MIN_CAPACITY - 1;
  #head = 0;
  #length = 0;

  /** How many are queued. */
  get length(): number {
    return this.#length;
  }

  /** The first; there must be one. */
  get first(): Runnable {
    return this.#ring[this.#head]!;
  }

  /** Appends one. */
  push(item: Runnable): void {
    if (this.#length > this.#mask) this.#grow();
    this.#ring[(this.#head + this.#length++) & this.#mask] = item;
  }

  /** Takes the first; there must be one. */
  shift(): Runnable {
    const head = this.#head;
    const item = this.#ring[head]!;
    this.#ring[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    if (--this.#length === 0 && this.#mask >= KEPT_CAPACITY) this.clear();
    return item;
  }

  /** What is queued, in order. */
  toArray(): Runnable[] {
    return Array.from(
      { length: this.#length },
      (_, i) => this.#ring[(this.#head + i) & this.#mask]!,
    );
  }

  /** Forgets all. */
  clear(): void {
    this.#ring = new Array(MIN_CAPACITY).fill(undefined);
    this.#mask = MIN_CAPACITY - 1;
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const old = this.#ring;
    const capacity = old.length;
    const ring: (Runnable | undefined)[] = new Array(capacity * 2);
    for (let i = 0; i < capacity; i++) ring[i] = old[(this.#head + i) & this.#mask];
    ring.fill(undefined, capacity);
    this.#ring = ring;
    this.#mask = capacity * 2 - 1;
    this.#head = 0;
  }
}
