/**
 * The one queue that everything waits in which waits for a primitive: first come, first served.
 *
 * asyncio counterpart: the `_waiters` deques of `asyncio.locks` and `asyncio.queues`, and the
 * `try … finally` around the future in each of them.
 *
 * A {@linkcode Line} is a queue together with the rules of its primitive; a {@linkcode Waiter} is one
 * call of `acquire()`, `wait()`, `put()`, …: a coroutine written as an iterator by hand, so that a
 * call that need not wait costs one small object. It is in one of these states:
 *
 * 1. *new*: nothing has happened yet, as with every coroutine;
 * 2. *waiting*: it has a place with a future that is pending, and stands in the line;
 * 3. *woken* or *cancelled*: the future is done, and the task is in the ready queue. Whether it still
 *    stands in the line is up to the primitive: locks leave it there, so that nobody overtakes it;
 * 4. *ended*: it has no place.
 *
 * 2 → 3 by {@linkcode Place.wake} or by the task being cancelled; 3 → 4, or back to 2 for a queue,
 * when the task runs. A task that is cancelled after it was woken leaves state 3 through `throw()`:
 * what it was woken for is then passed on by {@linkcode Rules.abandoned}. That is the one place where
 * a wake-up could be lost.
 *
 * Invariants: `length` counts those that stand in the line; whoever leaves state 3 has left the line
 * before any of the rules is asked.
 *
 * There is one class of waiters, whatever they wait for: the engine is quick with what it knows the
 * shape of, and what differs from primitive to primitive is three plain functions.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { runningTask } from "./_frame.ts";
import { awaitIterator } from "./_await.ts";
import { suspendAt } from "./_suspend.ts";
import type { StrandOwner } from "./_strand.ts";
import type { LoopBinding } from "./_loop_binding.ts";
import type { Suspension } from "./awaitable.ts";
import { Operation } from "./coroutine.ts";
import type { Future } from "./future.ts";

/** What {@linkcode Rules.take} and `woken` return instead of a result. */
export const LATER: unique symbol = Symbol("later");

/**
 * How a primitive deals with those who wait for it.
 *
 * @typeParam O the primitive
 * @typeParam I what a call brings along, such as the item of a `put()`
 * @typeParam T what waiting gives
 */
export interface Rules<O, I, T> {
  /** The name of the call, for messages. */
  readonly name: string;
  /** Takes what is there, or returns `LATER`, having changed nothing. */
  readonly take: (owner: O, item: I) => T | typeof LATER;
  /** Takes what the waiter was woken for, or returns `LATER` to wait again. */
  readonly woken: (owner: O, item: I) => T | typeof LATER;
  /**
   * A wait has ended by an error.
   *
   * `woken` says whether it had been woken, so that somebody else may have to be.
   */
  readonly abandoned: (owner: O, woken: boolean) => void;
}

/** What an `await` gets from `then()` and has no use for. */
const NOTHING = Promise.resolve() as Promise<never>;

/** Where one waiter stands: its future, and its neighbours in the line. */
class Place {
  readonly future: Future<undefined>;
  stands = false;
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

/**
 * Those who wait, in the order in which they came, and the rules for them. Whatever does not look for
 * somebody costs constant time.
 */
export class Line<O, I, T> {
  readonly owner: O;
  readonly rules: Rules<O, I, T>;
  readonly binding: LoopBinding;
  /** How many stand here, woken and cancelled ones included. */
  length = 0;
  #first: Place | null = null;
  #last: Place | null = null;

  constructor(owner: O, rules: Rules<O, I, T>, binding: LoopBinding) {
    this.owner = owner;
    this.rules = rules;
    this.binding = binding;
  }

  /** Puts one at the end that does not stand here. */
  append(place: Place): void {
    const last = this.#last;
    place.stands = true;
    place.previous = last;
    if (last === null) this.#first = place;
    else last.next = place;
    this.#last = place;
    this.length++;
  }

  /** Takes one out, if it stands here. */
  remove(place: Place): void {
    if (!place.stands) return;
    const { previous, next } = place;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    place.stands = false;
    place.previous = place.next = null;
    this.length--;
  }

  /** Wakes the first, unless it is woken or cancelled already. */
  wakeFirst(): void {
    this.#first?.wake();
  }

  /** Wakes the first that can be, and leaves it where it stands. */
  wakeNext(): boolean {
    for (let place = this.#first; place !== null; place = place.next) {
      if (place.wake()) return true;
    }
    return false;
  }

  /** Wakes all, and leaves them where they stand. */
  wakeAll(): void {
    for (let place = this.#first; place !== null; place = place.next) place.wake();
  }

  /** Wakes the first that can be, and takes it out, with those before it. */
  releaseNext(): void {
    for (let place = this.#first; place !== null; place = this.#first) {
      this.remove(place);
      if (place.wake()) return;
    }
  }

  /** Wakes all, and takes them out. */
  releaseAll(): void {
    for (let place = this.#first; place !== null; place = this.#first) {
      this.remove(place);
      place.wake();
    }
  }

  /** Whether somebody stands here who was not cancelled. */
  hasLive(): boolean {
    for (let place = this.#first; place !== null; place = place.next) {
      if (!place.future.cancelled()) return true;
    }
    return false;
  }

  /** Forgets all, as their loop is closed; nobody has what they were woken for. */
  forget(): void {
    let woken = 0;
    for (let place = this.#first; place !== null; place = this.#first) {
      this.remove(place);
      if (place.isWoken()) woken++;
    }
    while (woken-- > 0) this.rules.abandoned(this.owner, true);
  }
}

/**
 * One wait for a primitive; see the states above.
 *
 * @typeParam T what waiting for it gives
 */
export class Waiter<O, I, T> extends Operation<T> {
  readonly #line: Line<O, I, T>;
  readonly #item: I;
  /** `null` in the states 1 and 4. */
  #place: Place | null = null;

  constructor(line: Line<O, I, T>, item: I) {
    super();
    this.#line = line;
    this.#item = item;
  }

  override get name(): string {
    return this.#line.rules.name;
  }

  override next(): IteratorResult<Suspension, T> {
    const line = this.#line;
    const place = this.#place;
    let value: T | typeof LATER;
    if (place === null) value = line.rules.take(line.owner, this.#item);
    else {
      // Somebody may have resumed it without reason.
      if (!place.future.done()) return suspendAt(place.future);
      if (!this.end(place)) {
        line.rules.abandoned(line.owner, false);
        place.future.result();
      }
      value = line.rules.woken(line.owner, this.#item);
    }
    return value === LATER ? this.wait() : { value, done: true };
  }

  override throw(error: unknown): never {
    this.abandon();
    throw error;
  }

  override return(value: T): IteratorResult<Suspension, T> {
    this.abandon();
    return { value, done: true };
  }

  override close(): void {
    super.close();
    this.abandon();
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
    let value: T | typeof LATER;
    try {
      this[Symbol.iterator]();
      value = this.#line.rules.take(this.#line.owner, this.#item);
    } catch (error) {
      return Promise.reject(error).then(onFulfilled, onRejected);
    }
    if (value === LATER) return awaitIterator(this, onFulfilled, onRejected);
    (runningTask() as Partial<StrandOwner> | null)?._resumed?.();
    try {
      const result = onFulfilled(value);
      return result === undefined ? NOTHING : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** State 1 or 3 → 2. */
  protected wait(): IteratorResult<Suspension, T> {
    const line = this.#line;
    const { binding } = line;
    const before = binding.loop;
    const loop = binding.getLoop();
    if (before !== null && before !== loop) {
      // Those in the way were of a loop that is closed.
      const value = line.rules.take(line.owner, this.#item);
      if (value !== LATER) return { value, done: true };
    }
    const future = loop.createFuture<undefined>();
    const place = new Place(future);
    line.append(place);
    this.#place = place;
    return suspendAt(future);
  }

  protected abandon(): void {
    const place = this.#place;
    if (place === null) return;
    const line = this.#line;
    line.rules.abandoned(line.owner, this.end(place));
  }

  /** Any state → 4. */
  protected end(place: Place): boolean {
    this.#place = null;
    this.#line.remove(place);
    return place.isWoken();
  }
}
