/**
 * `Lock`: one task at a time.
 *
 * asyncio counterpart: `asyncio.locks.Lock`.
 *
 * Invariants: an unlocked lock with somebody live in its list has woken the first of them, or the
 * first was cancelled and will wake the next when its task runs; nobody takes the lock while somebody
 * live stands in the list.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import { LoopBinding } from "./_loop_binding.ts";
import { LATER, Line, type Rules, Waiter } from "./_waiters.ts";
import type { Coroutine } from "./coroutine.ts";
import { RuntimeError } from "./errors.ts";
import { Guard } from "./guard.ts";

const acquire: Rules<Lock, undefined, Guard> = {
  name: "Lock.acquire",
  take: (lock) => lock._isFree() ? lock._take() : LATER,
  woken: (lock) => lock._take(),
  abandoned: (lock) => lock._wakeFirst(),
};

/**
 * Lets one task at a time into a part of the program.
 *
 * Tasks get the lock in the order in which they asked for it. A lock is not owned: any task may
 * release it. It belongs to the loop in which a task first had to wait for it, until that loop is
 * closed.
 *
 * asyncio name: `Lock`.
 *
 * @example One task at a time
 * ```ts
 * import { gather, Lock, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * const order: string[] = [];
 * async function work(name: string) {
 *   using _guard = await lock.acquire();
 *   order.push(`${name} enters`);
 *   await sleep(1);
 *   order.push(`${name} leaves`);
 * }
 * await run(() => gather(() => work("a"), () => work("b")));
 * assertEquals(order, ["a enters", "a leaves", "b enters", "b leaves"]);
 * ```
 */
export class Lock {
  /** @internal */
  readonly _waiters: Line<Lock, undefined, Guard> = new Line<Lock, undefined, Guard>(
    this,
    acquire,
    new LoopBinding(this, () => this._waiters.forget()),
  );
  #locked = false;

  /** Whether somebody has it. */
  locked(): boolean {
    return this.#locked;
  }

  /**
   * Waits until the lock is free, and takes it.
   *
   * Ends without giving a turn away when the lock is free and nobody waits for it.
   *
   * **Cancellation**: the lock is not taken; when it had been free for this task already, the next
   * task gets it.
   *
   * **Differs from asyncio**, where it gives `True`: a {@linkcode Guard} is truthy as well.
   *
   * asyncio name: `acquire`.
   *
   * @param options a signal that ends the wait
   * @returns what releases the lock, for `using`
   * @throws {RuntimeError} when it has to wait and the lock is bound to another loop
   *
   * @example A wait that gives up
   * ```ts
   * import { Lock, run } from "@asyncio/asyncio";
   * import { assertRejects } from "@std/assert";
   *
   * await run(async () => {
   *   const lock = new Lock();
   *   using _guard = await lock.acquire();
   *   await assertRejects(async () => await lock.acquire({ signal: AbortSignal.timeout(5) }));
   * });
   * ```
   */
  acquire(options?: AbortOptions): Coroutine<Guard> {
    return withSignal(new Waiter(this._waiters, undefined), options?.signal);
  }

  /**
   * Frees the lock, for the task that has waited longest.
   *
   * asyncio name: `release`.
   *
   * @throws {RuntimeError} when the lock is free
   */
  release(): void {
    if (!this.#locked) throw new RuntimeError("Cannot release the lock: it is not acquired");
    this.#locked = false;
    this._wakeFirst();
  }

  /** For messages, e.g. `<Lock [locked, waiters:2]>`. */
  toString(): string {
    const { length } = this._waiters;
    const waiters = length > 0 ? `, waiters:${length}` : "";
    return `<${this.constructor.name} [${this.#locked ? "locked" : "unlocked"}${waiters}]>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** @internal */
  _isFree(): boolean {
    return !this.#locked && !this._waiters.hasLive();
  }

  /** @internal */
  _take(): Guard {
    this.#locked = true;
    return new Guard(this);
  }

  /** Only the first may be woken: while it is, or is being cancelled, the others wait. @internal */
  _wakeFirst(): void {
    if (!this.#locked) this._waiters.wakeFirst();
  }
}
