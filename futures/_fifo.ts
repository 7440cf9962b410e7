/**
 * First in, first out: what a queue keeps its items in.
 *
 * asyncio counterpart: `collections.deque`, as far as queues need it.
 *
 * A chain of chunks of a fixed size: no burst of items is ever copied, and the memory of one is given
 * back while it is worked off. A slot that was taken is emptied, so that nothing is kept alive. Both
 * ends cost constant time.
 *
 * Invariants: the items stand from `#taken` in the first chunk to before `#filled` in the last; the
 * first chunk is the last one when there are none, and both indices are then equal.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

const CHUNK_ITEMS = 32;

class Chunk<T> {
  readonly items: (T | undefined)[] = new Array(CHUNK_ITEMS);
  next: Chunk<T> | null = null;
}

/** A first-in, first-out list. */
export class Fifo<T> implements Iterable<T> {
  #first: Chunk<T> = new Chunk();
  #last: Chunk<T> = this.#first;
  #taken = 0;
  #filled = 0;
  #length = 0;

  /** How many items there are. */
  get length(): number {
    return this.#length;
  }

  /** Appends an item. */
  push(item: T): void {
    if (this.#filled === CHUNK_ITEMS) {
      this.#last = this.#last.next = new Chunk();
      this.#filled = 0;
    }
    this.#last.items[this.#filled++] = item;
    this.#length++;
  }

  /** Takes the first item; there must be one. */
  shift(): T {
    const { items, next } = this.#first;
    const item = items[this.#taken] as T;
    items[this.#taken++] = undefined;
    if (--this.#length === 0) this.#taken = this.#filled = 0;
    else if (this.#taken === CHUNK_ITEMS) {
      this.#first = next!;
      this.#taken = 0;
    }
    return item;
  }

  /** The items, first to last. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    let chunk = this.#first;
    let index = this.#taken;
    for (let left = this.#length; left > 0; left--) {
      if (index === CHUNK_ITEMS) {
        chunk = chunk.next!;
        index = 0;
      }
      yield chunk.items[index++] as T;
    }
  }
}
