/**
 * `Semaphore` and `BoundedSemaphore`: a number of tasks at a time.
 *
 * asyncio counterpart: `asyncio.locks.Semaphore` and `BoundedSemaphore`.
 *
 * Invariant: the permits at the start, and those that were released beyond, are those that are left,
 * those that are held, and one for each task that was woken and has not run since. A permit is taken
 * when the task is woken, not when it runs, so nobody can get ahead of it.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import { LoopBinding } from "./_loop_binding.ts";
import { LATER, Line, type Rules, Waiter } from "./_waiters.ts";
import type { Coroutine } from "./coroutine.ts";
import { describe } from "./_describe.ts";
import { Guard } from "./guard.ts";

const acquire: Rules<Semaphore, undefined, Guard> = {
  name: "Semaphore.acquire",
  take(semaphore) {
    if (semaphore.locked()) return LATER;
    semaphore._value--;
    return new Guard(semaphore);
  },
  woken(semaphore) {
    semaphore._wakeNext();
    return new Guard(semaphore);
  },
  abandoned(semaphore, woken) {
    if (woken) semaphore._value++;
    semaphore._wakeNext();
  },
};

/**
 * Lets a limited number of tasks at a time into a part of the program.
 *
 * It counts permits: `acquire()` takes one and waits while there is none, `release()` gives one back.
 * Tasks get permits in the order in which they asked. It belongs to the loop in which a task first
 * had to wait for it, until that loop is closed.
 *
 * asyncio name: `Semaphore`.
 *
 * @example Two at a time
 * ```ts
 * import { gather, run, Semaphore, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const semaphore = new Semaphore(2);
 * let inside = 0;
 * let most = 0;
 * async function work() {
 *   using _guard = await semaphore.acquire();
 *   most = Math.max(most, ++inside);
 *   await sleep(1);
 *   inside--;
 * }
 * await run(() => gather(work(), work(), work(), work(), work()));
 * assertEquals(most, 2);
 * ```
 */
export class Semaphore {
  /** @internal */
  readonly _waiters: Line<Semaphore, undefined, Guard> = new Line<Semaphore, undefined, Guard>(
    this,
    acquire,
    new LoopBinding(this, () => this._waiters.forget()),
  );
  /** How many permits are left. @internal */
  _value: number;

  /**
   * Makes a semaphore.
   *
   * @param value how many permits there are at the start
   * @throws {RangeError} when `value` is negative or no whole number
   */
  constructor(value = 1) {
    if (!(value >= 0) || (!Number.isInteger(value) && value !== Infinity)) {
      throw new RangeError(
        `Cannot make a semaphore: the value must be a whole number, 0 or more, got ${
          describe(value)
        }`,
      );
    }
    this._value = value;
  }

  /** Whether `acquire()` would wait: there is no permit, or somebody is waiting for one. */
  locked(): boolean {
    return this._value === 0 || this._waiters.hasLive();
  }

  /**
   * Waits until there is a permit, and takes it.
   *
   * Ends without giving a turn away when there is one and nobody waits.
   *
   * **Cancellation**: no permit is taken; one that was there for this task goes to the next.
   *
   * **Differs from asyncio**, where it gives `True`: a {@linkcode Guard} is truthy as well.
   *
   * asyncio name: `acquire`.
   *
   * @param options a signal that ends the wait
   * @returns what gives the permit back, for `using`
   * @throws {RuntimeError} when it has to wait and the semaphore is bound to another loop
   */
  acquire(options?: AbortOptions): Coroutine<Guard> {
    return withSignal(new Waiter(this._waiters, undefined), options?.signal);
  }

  /**
   * Gives a permit back, for the task that has waited longest.
   *
   * asyncio name: `release`.
   */
  release(): void {
    this._value++;
    if (this._waiters.wakeNext()) this._value--;
  }

  /** For messages, e.g. `<Semaphore [unlocked, value:3]>`. */
  toString(): string {
    const { length } = this._waiters;
    const waiters = length > 0 ? `, waiters:${length}` : "";
    const state = this.locked() ? "locked" : `unlocked, value:${this._value}`;
    return `<${this.constructor.name} [${state}${waiters}]>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** Some came while there were permits, and had to stand behind those who were woken. @internal */
  _wakeNext(): void {
    while (this._value > 0 && this._waiters.wakeNext()) this._value--;
  }
}

/**
 * A {@linkcode Semaphore} that must not be released more often than it was acquired.
 *
 * asyncio name: `BoundedSemaphore`.
 *
 * @example A release too many
 * ```ts
 * import { BoundedSemaphore } from "@asyncio/asyncio";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => new BoundedSemaphore(2).release(), RangeError);
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  /**
   * Makes a semaphore.
   *
   * @param value how many permits there are
   * @throws {RangeError} when `value` is negative or no whole number
   */
  constructor(value = 1) {
    super(value);
    this.#bound = value;
  }

  /**
   * Gives a permit back, for the task that has waited longest.
   *
   * asyncio name: `release`.
   *
   * @throws {RangeError} when all permits are there already
   */
  override release(): void {
    if (this._value >= this.#bound) {
      throw new RangeError(
        `Cannot release the semaphore: all of its permits (${this.#bound}) are there already`,
      );
    }
    super.release();
  }
}
