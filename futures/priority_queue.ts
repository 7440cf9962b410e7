/**
 * `PriorityQueue`: the least item first.
 *
 * asyncio counterpart: `asyncio.queues.PriorityQueue`.
 *
 * @module
 */

import { type Compare, Heap } from "./_heap.ts";
import { Queue } from "./queue.ts";

/** What {@linkcode PriorityQueue} takes beside its size. */
export interface PriorityQueueOptions<T> {
  /**
   * Returns a negative number when `a` is to be got before `b`, a positive one when after, else 0.
   * @default by `<`; arrays element by element
   */
  compare?: (a: T, b: T) => number;
}

/** The order that `<` gives, and for arrays that of their first elements that differ. */
function order(a: unknown, b: unknown): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.min(a.length, b.length);
    for (let i = 0; i < length; i++) {
      const found = order(a[i], b[i]);
      if (found !== 0) return found;
    }
    return a.length - b.length;
  }
  return (a as number) < (b as number) ? -1 : (b as number) < (a as number) ? 1 : 0;
}

/**
 * A {@linkcode Queue} that gives the least item first.
 *
 * Items are numbers, strings, dates or whatever else `<` is for; or arrays of a priority and what
 * comes with it, compared as Python compares tuples; or anything with a `compare` function. Items
 * that are neither less nor more come in no particular order.
 *
 * asyncio name: `PriorityQueue`.
 *
 * @typeParam T the type of the items
 *
 * @example What is urgent first
 * ```ts
 * import { PriorityQueue } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PriorityQueue<[number, string]>();
 * queue.putNowait([2, "later"]);
 * queue.putNowait([1, "now"]);
 * assertEquals(queue.getNowait(), [1, "now"]);
 * ```
 *
 * @example The longest first
 * ```ts
 * import { PriorityQueue } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PriorityQueue<string>(0, { compare: (a, b) => b.length - a.length });
 * queue.putNowait("ab");
 * queue.putNowait("abc");
 * assertEquals(queue.getNowait(), "abc");
 * ```
 */
export class PriorityQueue<T> extends Queue<T> {
  readonly #heap: Heap<T>;

  /**
   * Makes a queue.
   *
   * @param maxsize how many items it holds; 0 or less for no limit
   * @param options how items compare
   * @throws {TypeError} when `maxsize` is no number
   */
  constructor(maxsize = 0, options?: PriorityQueueOptions<T>) {
    super(maxsize);
    const compare: Compare<T> = options?.compare ?? order;
    this.#heap = new Heap(compare);
  }

  /** How many items there are. */
  override qsize(): number {
    return this.#heap.length;
  }

  /** Keeps an item; see {@linkcode Queue}. */
  protected override _put(item: T): void {
    this.#heap.push(item);
  }

  /** Gives up the item that is next; see {@linkcode Queue}. */
  protected override _get(): T {
    return this.#heap.pop();
  }
}
