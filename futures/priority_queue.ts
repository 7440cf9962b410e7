/**
 * `PriorityQueue`: the least item first.
 *
 * asyncio counterpart: `asyncio.queues.PriorityQueue`.
 *
 * @module
 */

import { describe } from "./_describe.ts";
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

/** What an item is ordered by, as `<` has it; `undefined` when it has nothing of the kind. */
function keyOf(item: unknown): number | bigint | string | undefined {
  const key = typeof item === "object" && item !== null ? primitiveOf(item) : item;
  switch (typeof key) {
    case "number":
      return Number.isNaN(key) ? undefined : key;
    case "boolean":
      return Number(key);
    case "bigint":
    case "string":
      return key;
  }
}

/** What `<` makes of an object, unless that is its class's name in brackets. */
function primitiveOf(item: object): unknown {
  const { valueOf, toString } = item;
  const convert = (item as Partial<Date>)[Symbol.toPrimitive];
  if (typeof convert === "function") return convert.call(item as Date, "number");
  const value = typeof valueOf === "function" ? valueOf.call(item) : undefined;
  if (Object(value) !== value && value !== undefined) return value;
  const isNamed = typeof toString === "function" && toString !== Object.prototype.toString;
  return isNamed ? toString.call(item) : undefined;
}

/** The order that `<` gives, and for arrays that of their first elements that differ. */
function order(a: unknown, b: unknown): number {
  // Most items are of these kinds; NaN goes on.
  if (typeof a === typeof b && (typeof a === "number" || typeof a === "string")) {
    if (a < (b as typeof a)) return -1;
    if (a >= (b as typeof a)) return a === b ? 0 : 1;
  }
  if (Array.isArray(a) && Array.isArray(b)) return orderOfArrays(a, b);
  if (!Array.isArray(a) && !Array.isArray(b)) {
    const one = keyOf(a);
    const other = keyOf(b);
    const alike = (typeof one === "string") === (typeof other === "string");
    if (alike && one !== undefined && other !== undefined) {
      return one < other ? -1 : other < one ? 1 : 0;
    }
  }
  throw new TypeError(
    `Cannot compare items: there is no order between ${describe(a)} and ${
      describe(b)
    }; give one, ` +
      "as in new PriorityQueue(0, { compare: (a, b) => a.priority - b.priority })",
  );
}

function orderOfArrays(a: unknown[], b: unknown[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (Object.is(a[i], b[i]) || (i > 0 && isLoad(a[i]) && isLoad(b[i]))) continue;
    const found = order(a[i], b[i]);
    if (found !== 0) return found;
  }
  return a.length - b.length;
}

/** Whether this is no priority, but what comes with one. */
function isLoad(element: unknown): boolean {
  switch (typeof element) {
    case "object":
      return !Array.isArray(element) && keyOf(element) === undefined;
    case "function":
    case "undefined":
      return true;
    default:
      return false;
  }
}

/** The order that a program has given. */
function given<T>(compare: Compare<T>): Compare<T> {
  return (a, b) => {
    const found = compare(a, b);
    if (!Number.isNaN(found)) return found;
    throw new TypeError(
      `Cannot compare items: compare() gives NaN for ${describe(a)} and ${
        describe(b)
      }; it must give ` +
        "a number",
    );
  };
}

/**
 * A {@linkcode Queue} that gives the least item first.
 *
 * Items are numbers, strings, dates or whatever else `<` is for; or arrays of a priority and what
 * comes with it, compared as Python compares tuples; or anything with a `compare` function. Items
 * that are equal come in no particular order. Where two have no order, as plain objects and `NaN` have
 * none, nor a number and a string, putting the second in raises `TypeError`.
 *
 * **Differs from asyncio**: what comes with equal priorities in arrays may be objects without an order.
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
    const compare = options?.compare;
    this.#heap = new Heap<T>(compare === undefined ? order : given(compare));
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
