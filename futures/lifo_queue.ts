/**
 * `LifoQueue`: the newest item first.
 *
 * asyncio counterpart: `asyncio.queues.LifoQueue`.
 *
 * @module
 */

import { Queue } from "./queue.ts";

/**
 * A {@linkcode Queue} that gives the item first that was put last.
 *
 * asyncio name: `LifoQueue`.
 *
 * @typeParam T the type of the items
 *
 * @example A stack
 * ```ts
 * import { LifoQueue } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new LifoQueue<string>();
 * queue.putNowait("old");
 * queue.putNowait("new");
 * assertEquals(queue.getNowait(), "new");
 * ```
 */
export class LifoQueue<T> extends Queue<T> {
  readonly #items: T[] = [];

  /** How many items there are. */
  override qsize(): number {
    return this.#items.length;
  }

  /** Keeps an item; see {@linkcode Queue}. */
  protected override _put(item: T): void {
    this.#items.push(item);
  }

  /** Gives up the item that is next; see {@linkcode Queue}. */
  protected override _get(): T {
    return this.#items.pop()!;
  }
}
