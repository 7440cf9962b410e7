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
import { LATER, Waiter, WaiterList } from "./_waiters.ts";
import type { Coroutine } from "./coroutine.ts";
import { describe } from "./_describe.ts";
import { Guard } from "./guard.ts";

/** One call of `acquire()`. */
class Acquire extends Waiter<Guard, Semaphore> {
  override get name(): string {
    return "Semaphore.acquire";
  }

  protected override _line(): WaiterList {
    return this._owner._waiters;
  }

  protected override _take(): Guard | typeof LATER {
    const semaphore = this._owner;
    if (semaphore.locked()) return LATER;
    semaphore._value--;
    return new Guard(semaphore);
  }

  protected override _woken(): Guard {
    this._owner._wakeNext();
    return new Guard(this._owner);
  }

  protected override _abandoned(woken: boolean): void {
    if (woken) this._owner._value++;
    this._owner._wakeNext();
  }
}

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
  readonly _waiters: WaiterList = new WaiterList();
  /** @internal */
  readonly _binding: LoopBinding = new LoopBinding(this, () => {
    this._value += this._waiters.clear();
  });
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
    return this._value === 0 || (this._waiters.first !== null && this._waiters.hasLive());
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
    return withSignal(new Acquire(this), options?.signal);
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
