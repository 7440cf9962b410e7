/**
 * The one queue that everything waits in which waits for a primitive: first come, first served.
 *
 * asyncio counterpart: the `_waiters` deques of `asyncio.locks` and `asyncio.queues`, and the
 * `try … finally` around the future in each of them.
 *
 * A {@linkcode Waiter} is one call of `acquire()`, `wait()`, `put()`, …: a coroutine written as an
 * iterator by hand, so that a call that need not wait costs one small object. It is in one of these
 * states:
 *
 * 1. *new*: nothing has happened yet, as with every coroutine;
 * 2. *waiting*: it has a future that is pending, and stands in a list;
 * 3. *woken* or *cancelled*: the future is done, and the task is in the ready queue. Whether it still
 *    stands in the list is up to the primitive: locks leave it there, so that nobody overtakes it;
 * 4. *ended*: it stands in no list and has no future.
 *
 * 2 → 3 by {@linkcode Place.wake} or by the task being cancelled; 3 → 4, or back to 2 for a queue,
 * when the task runs. A task that is cancelled after it was woken leaves state 3 through `throw()`:
 * what it was woken for is then passed on by `_abandoned(true)`. That is the one place where a
 * wake-up could be lost.
 *
 * Invariants: a waiter stands in one list at most, and `list.length` counts those that do; whoever
 * leaves state 3 has left its list before any code of the primitive runs.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { runningTask } from "./_frame.ts";
import { awaitIterator, type StrandOwner } from "./_await.ts";
import type { LoopBinding } from "./_loop_binding.ts";
import type { Suspension } from "./awaitable.ts";
import { Operation } from "./coroutine.ts";
import type { Future } from "./future.ts";

// One object serves all: a task looks at it before anything else can be suspended.
const SUSPENDED: { value: Suspension; done: false } = { value: undefined, done: false };

function suspend(future: Future<undefined>): IteratorYieldResult<Suspension> {
  future._asyncioFutureBlocking = true;
  SUSPENDED.value = future as Future<unknown>;
  return SUSPENDED;
}

/** Where one waiter stands: its future, and its neighbours in the list. */
export class Place {
  readonly future: Future<undefined>;
  list: WaiterList | null = null;
  previous: Place | null = null;
  next: Place | null = null;

  constructor(future: Future<undefined>) {
    this.future = future;
  }

  /** State 2 → 3; false in any other state. */
  wake(): boolean {
    const { future } = this;
    if (future.done()) return false;
    future.setResult(undefined);
    return true;
  }

  /** Whether the waiter was woken, and its task has not run since. */
  isWoken(): boolean {
    return this.future.done() && !this.future.cancelled();
  }
}

/** Those who wait, in the order in which they came. All operations cost constant time. */
export class WaiterList {
  /** The one that has waited longest. */
  first: Place | null = null;
  #last: Place | null = null;
  /** How many there are, woken and cancelled ones included. */
  length = 0;

  /** Puts one at the end; it must stand in no list. */
  append(place: Place): void {
    const last = this.#last;
    place.list = this;
    place.previous = last;
    if (last === null) this.first = place;
    else last.next = place;
    this.#last = place;
    this.length++;
  }

  /** Takes one out that stands in this list. */
  remove(place: Place): void {
    const { previous, next } = place;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    place.list = place.previous = place.next = null;
    this.length--;
  }

  /** Wakes the first that can be, and leaves it where it stands. */
  wakeNext(): boolean {
    for (let place = this.first; place !== null; place = place.next) {
      if (place.wake()) return true;
    }
    return false;
  }

  /** Wakes all, and leaves them where they stand. */
  wakeAll(): void {
    for (let place = this.first; place !== null; place = place.next) place.wake();
  }

  /** Wakes the first that can be, and takes it out, with those before it. */
  releaseNext(): void {
    for (let place = this.first; place !== null; place = this.first) {
      this.remove(place);
      if (place.wake()) return;
    }
  }

  /** Wakes all, and takes them out. */
  releaseAll(): void {
    for (let place = this.first; place !== null; place = this.first) {
      this.remove(place);
      place.wake();
    }
  }

  /** Whether somebody stands here who was not cancelled. */
  hasLive(): boolean {
    for (let place = this.first; place !== null; place = place.next) {
      if (!place.future.cancelled()) return true;
    }
    return false;
  }

  /**
   * Forgets all, as their loop is closed.
   *
   * @returns how many of them had been woken
   */
  clear(): number {
    let woken = 0;
    for (let place = this.first; place !== null; place = this.first) {
      this.remove(place);
      if (place.isWoken()) woken++;
    }
    return woken;
  }
}

/** What waiters wait for. */
interface Bound {
  readonly _binding: LoopBinding;
}

/** What {@linkcode Waiter._take} returns instead of a result. */
export const LATER: unique symbol = Symbol("later");

/** What an `await` gets from `then()` that it has no use for. */
const NOTHING = Promise.resolve() as Promise<never>;

/**
 * One wait for a primitive; see the states above.
 *
 * @typeParam T what waiting for it gives
 * @typeParam O the primitive
 */
export abstract class Waiter<T, O extends Bound> extends Operation<T> {
  /** The primitive. */
  protected readonly _owner: O;
  /** Where it stands; `null` in the states 1 and 4. */
  #place: Place | null = null;

  constructor(owner: O) {
    super();
    this._owner = owner;
  }

  /** The list that it waits in. */
  protected abstract _line(): WaiterList;

  /** Takes what is there, or returns `LATER`, having changed nothing. */
  protected abstract _take(): T | typeof LATER;

  /** Takes what it was woken for, or returns `LATER` to wait again. */
  protected abstract _woken(): T | typeof LATER;

  /**
   * The wait ends by an error.
   *
   * @param woken whether it had been woken, so that somebody else may have to be
   */
  protected abstract _abandoned(woken: boolean): void;

  override next(): IteratorResult<Suspension, T> {
    const place = this.#place;
    let value: T | typeof LATER;
    if (place === null) value = this._take();
    else {
      // Somebody may have resumed it without reason.
      if (!place.future.done()) return suspend(place.future);
      if (!this.#end(place)) {
        this._abandoned(false);
        place.future.result();
      }
      value = this._woken();
    }
    return value === LATER ? this.#wait() : { value, done: true };
  }

  override throw(error: unknown): never {
    if (this.#place !== null) this._abandoned(this.#end(this.#place));
    throw error;
  }

  override return(value: T): IteratorResult<Suspension, T> {
    if (this.#place !== null) this._abandoned(this.#end(this.#place));
    return { value, done: true };
  }

  override close(): void {
    super.close();
    this.return(undefined as T);
  }

  /**
   * The same as `Coroutine.then()`, with a short cut for an `await` that need not wait: it calls
   * `onFulfilled` at once, which for the engine's functions makes no difference but speed.
   */
  override then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    if (typeof onFulfilled !== "function" || typeof onRejected !== "function") {
      return super.then(onFulfilled, onRejected);
    }
    try {
      this[Symbol.iterator]();
      const value = this._take();
      if (value === LATER) return awaitIterator(this, onFulfilled, onRejected);
      (runningTask() as Partial<StrandOwner> | null)?._resumed?.();
      const result = onFulfilled(value);
      return result === undefined ? NOTHING : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error).then(onFulfilled, onRejected);
    }
  }

  /** State 1 or 3 → 2. */
  #wait(): IteratorResult<Suspension, T> {
    const loop = this._owner._binding.getLoop();
    // Those in the way may have been of a loop that is closed.
    const value = this._take();
    if (value !== LATER) return { value, done: true };
    const future = loop.createFuture<undefined>();
    const place = new Place(future);
    this._line().append(place);
    this.#place = place;
    return suspend(future);
  }

  /** State 3 → 4. */
  #end(place: Place): boolean {
    this.#place = null;
    place.list?.remove(place);
    return place.isWoken();
  }
}
