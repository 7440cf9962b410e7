/**
 * `Condition`: waiting, under a lock, for something to change.
 *
 * asyncio counterpart: `asyncio.locks.Condition`.
 *
 * Invariants: `wait()` ends with the lock held, however it ends; a task that was notified and is then
 * cancelled passes the notification on.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import { LoopBinding } from "./_loop_binding.ts";
import { LATER, Line, type Rules, Waiter } from "./_waiters.ts";
import { type Coroutine, coroutine, type CoroutineGenerator } from "./coroutine.ts";
import { CancelledError, RuntimeError } from "./errors.ts";
import type { Guard } from "./guard.ts";
import { Lock } from "./lock.ts";

/** The part of `wait()` in which the lock is not held. */
const notification: Rules<Condition, undefined, true> = {
  name: "Condition.wait",
  take: () => LATER,
  woken: () => true,
  abandoned: () => {},
};

const wait = coroutine(function* wait(condition: Condition): CoroutineGenerator<true> {
  if (!condition.locked()) {
    throw new RuntimeError("Cannot wait for the condition: its lock is not acquired");
  }
  // Where this throws, the lock has not been released yet.
  condition._waiters.binding.getLoop();
  condition.release();
  try {
    try {
      return yield* new Waiter(condition._waiters, undefined);
    } finally {
      yield* reacquire(condition);
    }
  } catch (error) {
    // The task may have been notified, and will do nothing about it: somebody else has to.
    condition._notify(1);
    throw error;
  }
});

/** Takes the lock whatever happens; only then throws what was to be thrown, the latest of it. */
function* reacquire(condition: Condition): CoroutineGenerator<void> {
  let cancelled: CancelledError | undefined;
  for (;;) {
    try {
      yield* condition.acquire();
      break;
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      cancelled = error;
    }
  }
  if (cancelled !== undefined) throw cancelled;
}

const waitFor = coroutine(
  function* waitFor<T>(condition: Condition, predicate: () => T): CoroutineGenerator<T> {
    let result = predicate();
    while (!result) {
      yield* condition.wait();
      result = predicate();
    }
    return result;
  },
);

/**
 * Lets tasks that hold a lock wait for something to change, and tell each other that it has.
 *
 * `wait()` lets the lock go while it waits and holds it again when it ends. Since others may have had
 * the lock in between, and since a task may be woken without need, look again at what you wait for,
 * or use `waitFor()`, which does. A condition belongs to the loop in which a task first waited for it,
 * until that loop is closed.
 *
 * asyncio name: `Condition`.
 *
 * @example A buffer of one
 * ```ts
 * import { Condition, createTask, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const changed = new Condition();
 * let buffer: number | undefined;
 * async function take() {
 *   using _guard = await changed.acquire();
 *   await changed.waitFor(() => buffer !== undefined);
 *   return buffer;
 * }
 * const taken = await run(async () => {
 *   const task = createTask(take);
 *   {
 *     using _guard = await changed.acquire();
 *     buffer = 42;
 *     changed.notify();
 *   }
 *   return await task;
 * });
 * assertEquals(taken, 42);
 * ```
 */
export class Condition {
  /** @internal */
  readonly _waiters: Line<Condition, undefined, true> = new Line<Condition, undefined, true>(
    this,
    notification,
    new LoopBinding(this, () => this._waiters.forget()),
  );
  readonly #lock: Lock;

  /**
   * Makes a condition.
   *
   * @param lock the lock to use, which several conditions may share
   */
  constructor(lock: Lock = new Lock()) {
    this.#lock = lock;
  }

  /** Whether somebody has the lock. */
  locked(): boolean {
    return this.#lock.locked();
  }

  /**
   * Waits until the lock is free, and takes it; see {@linkcode Lock.acquire}.
   *
   * @param options a signal that ends the wait
   * @returns what releases the lock, for `using`
   */
  acquire(options?: AbortOptions): Coroutine<Guard> {
    return this.#lock.acquire(options);
  }

  /**
   * Frees the lock; see {@linkcode Lock.release}.
   *
   * @throws {RuntimeError} when the lock is free
   */
  release(): void {
    this.#lock.release();
  }

  /**
   * Frees the lock, waits until somebody calls `notify()`, and takes the lock again.
   *
   * **Cancellation**: the lock is taken again before the error is thrown, so `wait()` may go on for as
   * long as others have it. A notification that was meant for this task goes to another.
   *
   * asyncio name: `wait`.
   *
   * @param options a signal that ends the wait
   * @returns `true`
   * @throws {RuntimeError} when the lock is not held, or the condition is bound to another loop
   */
  wait(options?: AbortOptions): Coroutine<true> {
    return withSignal(wait(this), options?.signal);
  }

  /**
   * Waits, as `wait()` does, until `predicate` returns something true.
   *
   * **Cancellation** is that of `wait()`.
   *
   * asyncio name: `wait_for`.
   *
   * @typeParam T what the predicate returns
   * @param predicate called at once, and after each notification, with the lock held
   * @param options a signal that ends the wait
   * @returns what `predicate` returned last
   * @throws {RuntimeError} when it has to wait and the lock is not held, or the condition is bound to
   * another loop
   * @throws what `predicate` throws
   */
  waitFor<T>(predicate: () => T, options?: AbortOptions): Coroutine<T> {
    return withSignal(waitFor(this, predicate) as Coroutine<T>, options?.signal);
  }

  /**
   * Wakes tasks that wait. They go on when they have the lock, so not before it is released.
   *
   * asyncio name: `notify`.
   *
   * @param n how many to wake at most
   * @throws {RuntimeError} when the lock is not held
   */
  notify(n = 1): void {
    if (!this.locked()) {
      throw new RuntimeError("Cannot notify the condition: its lock is not acquired");
    }
    this._notify(n);
  }

  /**
   * Wakes all tasks that wait.
   *
   * asyncio name: `notify_all`.
   *
   * @throws {RuntimeError} when the lock is not held
   */
  notifyAll(): void {
    this.notify(this._waiters.length);
  }

  /** For messages, e.g. `<Condition [unlocked, waiters:2]>`. */
  toString(): string {
    const { length } = this._waiters;
    const waiters = length > 0 ? `, waiters:${length}` : "";
    return `<${this.constructor.name} [${this.locked() ? "locked" : "unlocked"}${waiters}]>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** @internal */
  _notify(n: number): void {
    while (n-- > 0 && this._waiters.wakeNext());
  }
}
