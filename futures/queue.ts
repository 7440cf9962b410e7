/**
 * `Queue`: items from tasks to tasks.
 *
 * asyncio counterpart: `asyncio.queues.Queue`.
 *
 * Items are never handed from task to task: a woken task finds its item, or its room, when it runs,
 * and waits again when somebody else was faster. An item is in the queue until the very step that
 * returns it, so a cancellation can lose none.
 *
 * Invariants: a wake-up goes with each item put and each place freed, and a woken task that is
 * cancelled passes its wake-up on, so nobody waits while there is something for him; after
 * `shutdown()`, nobody waits.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import { Fifo } from "./_fifo.ts";
import { LoopBinding } from "./_loop_binding.ts";
import { LATER, Line, type Rules, Waiter } from "./_waiters.ts";
import { type Coroutine, coroutine, type CoroutineGenerator } from "./coroutine.ts";
import { describe } from "./_describe.ts";
import { Event } from "./event.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "./queue_errors.ts";

/** What {@linkcode Queue.shutdown} takes. */
export interface QueueShutdownOptions {
  /**
   * Whether what is left in the queue is thrown away, and counted as done.
   * @default false
   */
  immediate?: boolean;
}

// What is woken looks again, and may have to wait again.

function put<T>(queue: Queue<T>, item: T): undefined | typeof LATER {
  if (queue.full() && !queue._isShutDown) return LATER;
  queue.putNowait(item);
}

function get<T>(queue: Queue<T>): T | typeof LATER {
  return queue.empty() && !queue._isShutDown ? LATER : queue.getNowait();
}

const putting: Rules<Queue<unknown>, unknown, undefined> = {
  name: "Queue.put",
  take: put,
  woken(queue, item) {
    try {
      return put(queue, item);
    } catch (error) {
      // The item was refused by `_put()`, and the room is there still.
      putting.abandoned(queue, true);
      throw error;
    }
  },
  abandoned(queue, woken) {
    if (woken && !queue.full()) queue._putters.releaseNext();
  },
};

const getting: Rules<Queue<unknown>, undefined, unknown> = {
  name: "Queue.get",
  take: get,
  woken(queue) {
    try {
      return get(queue);
    } catch (error) {
      // `_get()` has failed, and the item may be there still.
      getting.abandoned(queue, true);
      throw error;
    }
  },
  abandoned(queue, woken) {
    if (woken && !queue.empty()) queue._getters.releaseNext();
  },
};

const join = coroutine(function* join(finished: Event): CoroutineGenerator<undefined> {
  yield* finished.wait();
});

/**
 * Passes items from tasks that put them in to tasks that get them out, in the same order.
 *
 * With a size, `put()` waits while the queue is full, so that producers cannot run away from
 * consumers. Tasks are woken in the order in which they came. One that was woken finds its item or its
 * room when its turn comes: a `getNowait()` or `putNowait()` in between may be faster, and then it
 * waits again.
 *
 * A queue belongs to the loop in which a task first had to wait for it, until that loop is closed.
 *
 * Classes that keep items otherwise inherit from it and override `_put()`, `_get()` and `qsize()`.
 *
 * **Differs from asyncio**: `for await` gets items until the queue is shut down; fields of the
 * subclass take the place of the hook `_init()`.
 *
 * asyncio name: `Queue`.
 *
 * @typeParam T the type of the items
 *
 * @example A producer and a consumer
 * ```ts
 * import { createTask, Queue, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const sum = await run(async () => {
 *   const queue = new Queue<number>(2);
 *   createTask(async () => {
 *     for (const item of [1, 2, 3, 4]) await queue.put(item);
 *     queue.shutdown();
 *   });
 *   let sum = 0;
 *   for await (const item of queue) sum += item;
 *   return sum;
 * });
 * assertEquals(sum, 10);
 * ```
 */
export class Queue<T> implements AsyncIterable<T> {
  readonly #maxsize: number;
  readonly #items = new Fifo<T>();
  // Items that were put in and for which `taskDone()` has not been called; the event says there are none.
  #unfinished = 0;
  readonly #finished = new Event();
  readonly #binding = new LoopBinding(this, () => {
    this._getters.forget();
    this._putters.forget();
  });
  /** @internal */
  readonly _getters: Line<Queue<T>, undefined, T> = new Line<Queue<T>, undefined, T>(
    this,
    getting as Rules<Queue<T>, undefined, T>,
    this.#binding,
  );
  /** @internal */
  readonly _putters: Line<Queue<T>, T, undefined> = new Line<Queue<T>, T, undefined>(
    this,
    putting as Rules<Queue<T>, T, undefined>,
    this.#binding,
  );
  /** @internal */
  _isShutDown = false;

  /**
   * Makes a queue.
   *
   * @param maxsize how many items it holds; 0 or less for no limit
   * @throws {TypeError} when `maxsize` is no number
   */
  constructor(maxsize = 0) {
    if (typeof maxsize !== "number" || Number.isNaN(maxsize)) {
      throw new TypeError(
        `Cannot make a queue: the size must be a number, got ${describe(maxsize)}`,
      );
    }
    this.#maxsize = maxsize;
    this.#finished.set();
  }

  // ---- Hooks ------------------------------------------------------------------------------------

  /**
   * Keeps an item. Called for each item, when there is room; what it throws reaches who puts the
   * item, and the queue is as if nothing had happened.
   */
  protected _put(item: T): void {
    this.#items.push(item);
  }

  /**
   * Gives up the item that is next. Called when there is one, by `get()` and by an immediate shutdown;
   * what it throws reaches who gets the item.
   */
  protected _get(): T {
    return this.#items.shift();
  }

  /** How many items there are. */
  qsize(): number {
    return this.#items.length;
  }

  // ---- What it is -------------------------------------------------------------------------------

  /** How many items it holds; 0 or less for no limit. */
  get maxsize(): number {
    return this.#maxsize;
  }

  /** Whether there are no items. */
  empty(): boolean {
    return this.qsize() === 0;
  }

  /** Whether there are as many items as it holds; never, when there is no limit. */
  full(): boolean {
    const maxsize = this.#maxsize;
    return maxsize > 0 && this.qsize() >= maxsize;
  }

  /** For messages, e.g. `<Queue maxsize=2 items[1] getters[1]>`. */
  toString(): string {
    const parts = [`maxsize=${this.#maxsize}`];
    if (this.qsize() > 0) parts.push(`items[${this.qsize()}]`);
    if (this._getters.length > 0) parts.push(`getters[${this._getters.length}]`);
    if (this._putters.length > 0) parts.push(`putters[${this._putters.length}]`);
    if (this.#unfinished > 0) parts.push(`tasks=${this.#unfinished}`);
    if (this._isShutDown) parts.push("shutdown");
    return `<${this.constructor.name} ${parts.join(" ")}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  // ---- Putting and getting ----------------------------------------------------------------------

  /**
   * Waits until there is room, and puts an item in.
   *
   * Ends without giving a turn away when there is room.
   *
   * **Cancellation**: the item is not put in, and the room goes to the next task that waits.
   *
   * asyncio name: `put`.
   *
   * @param item the item
   * @param options a signal that ends the wait
   * @throws {QueueShutDown} when the queue is shut down, also while it waits
   * @throws {RuntimeError} when it has to wait and the queue is bound to another loop
   */
  put(item: T, options?: AbortOptions): Coroutine<undefined> {
    return withSignal(new Waiter(this._putters, item), options?.signal);
  }

  /**
   * Puts an item in, if there is room now.
   *
   * asyncio name: `put_nowait`.
   *
   * @param item the item
   * @throws {QueueFull} when there is none
   * @throws {QueueShutDown} when the queue is shut down
   */
  putNowait(item: T): void {
    if (this._isShutDown) throw new QueueShutDown("Cannot put an item: the queue was shut down");
    if (this.full()) {
      throw new QueueFull(`Cannot put an item: the queue is full (${this.qsize()})`);
    }
    this._put(item);
    if (this.#unfinished++ === 0) this.#finished.clear();
    this._getters.releaseNext();
  }

  /**
   * Waits until there is an item, and takes it.
   *
   * Ends without giving a turn away when there is one.
   *
   * **Cancellation** loses no item: it stays in the queue, for the next task that waits.
   *
   * asyncio name: `get`.
   *
   * @param options a signal that ends the wait
   * @returns the item
   * @throws {QueueShutDown} when the queue is shut down and empty, also while it waits
   * @throws {RuntimeError} when it has to wait and the queue is bound to another loop
   */
  get(options?: AbortOptions): Coroutine<T> {
    return withSignal(new Waiter(this._getters, undefined), options?.signal);
  }

  /**
   * Takes an item, if there is one now.
   *
   * asyncio name: `get_nowait`.
   *
   * @returns the item
   * @throws {QueueEmpty} when there is none
   * @throws {QueueShutDown} when there is none, and the queue is shut down
   */
  getNowait(): T {
    if (this.empty()) {
      if (this._isShutDown) {
        throw new QueueShutDown("Cannot get an item: the queue was shut down and is empty");
      }
      throw new QueueEmpty("Cannot get an item: the queue is empty");
    }
    const item = this._get();
    this._putters.releaseNext();
    return item;
  }

  /**
   * Gets items until the queue is shut down and empty.
   *
   * Several tasks may do so at once; each item goes to one of them. Leaving the loop early, or
   * cancelling it, loses no item.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new QueueIterator(this);
  }

  // ---- Being done -------------------------------------------------------------------------------

  /**
   * Says that the work on an item that was got is done; for {@linkcode Queue.join}.
   *
   * asyncio name: `task_done`.
   *
   * @throws {RangeError} when it is called more often than items were put in
   */
  taskDone(): void {
    if (this.#unfinished <= 0) {
      throw new RangeError(
        "Cannot mark an item as done: there are no items left that are not (taskDone() was called " +
          "too many times)",
      );
    }
    if (--this.#unfinished === 0) this.#finished.set();
  }

  /**
   * Waits until `taskDone()` has been called for each item that was put in.
   *
   * **Cancellation** changes nothing.
   *
   * asyncio name: `join`.
   *
   * @param options a signal that ends the wait
   * @throws {RuntimeError} when it has to wait and the queue is bound to another loop
   */
  join(options?: AbortOptions): Coroutine<undefined> {
    return withSignal(join(this.#finished), options?.signal);
  }

  /**
   * Takes no more items: `put()` fails from now on, and `get()` when the queue is empty. Who waits for
   * either is woken.
   *
   * asyncio name: `shutdown`.
   *
   * @param options whether to throw away what is left
   */
  shutdown(options?: QueueShutdownOptions): void {
    this._isShutDown = true;
    if (options?.immediate) {
      while (!this.empty()) {
        this._get();
        if (this.#unfinished > 0) this.#unfinished--;
      }
      if (this.#unfinished === 0) this.#finished.set();
    }
    this._getters.releaseAll();
    this._putters.releaseAll();
  }
}

/** What `for await` gets items from. */
class QueueIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #queue: Queue<T>;

  constructor(queue: Queue<T>) {
    this.#queue = queue;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    try {
      return { value: await this.#queue.get(), done: false };
    } catch (error) {
      if (error instanceof QueueShutDown) return { value: undefined, done: true };
      throw error;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
