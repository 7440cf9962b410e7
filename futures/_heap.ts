/**
 * A binary heap: the least item first.
 *
 * asyncio counterpart: `heapq`, whose order it keeps also for items that are equal.
 *
 * Invariants: no item is less than its parent, which is at half its place; everything is compared
 * before anything is moved, so a comparison that throws leaves the heap as it was.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

/** A negative number when `a` comes before `b`, a positive one when it comes after, else 0. */
export type Compare<T> = (a: T, b: T) => number;

/** Items, of which the least can be taken. Both ways cost logarithmic time. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #compare: Compare<T>;

  constructor(compare: Compare<T>) {
    this.#compare = compare;
  }

  /** How many items there are. */
  get length(): number {
    return this.#items.length;
  }

  /** Puts an item in. */
  push(item: T): void {
    const items = this.#items;
    const end = items.length;
    let place = end;
    while (place > 0 && this.#isLess(item, items[parent(place)]!)) place = parent(place);
    items.push(item);
    for (let at = end; at !== place; at = parent(at)) items[at] = items[parent(at)]!;
    items[place] = item;
  }

  /** Takes the least item; there must be one. */
  pop(): T {
    const items = this.#items;
    const end = items.length - 1;
    const last = items[end]!;
    // The last item takes a place on the way that leads from the top by the lesser child to a leaf.
    let place = 0;
    for (let child = 1; child < end; child = 2 * place + 1) {
      const right = child + 1;
      place = right < end && !this.#isLess(items[child]!, items[right]!) ? right : child;
    }
    while (place > 0 && this.#isLess(last, items[place]!)) place = parent(place);
    items.pop();
    if (end === 0) return last;
    // Those above it move up, and the top one falls out.
    let moving = last;
    for (;; place = parent(place)) {
      const next = items[place]!;
      items[place] = moving;
      moving = next;
      if (place === 0) return moving;
    }
  }

  #isLess(a: T, b: T): boolean {
    return this.#compare(a, b) < 0;
  }
}

function parent(place: number): number {
  return (place - 1) >> 1;
}
