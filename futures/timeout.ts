/**
 * `timeout()` and its kin: bodies with a deadline.
 *
 * asyncio counterpart: `asyncio.timeouts`.
 *
 * A `Timeout` is in one of these states, which it goes through in order:
 *
 * 1. *created*;
 * 2. *active*: its body runs. The timer is set, unless there is no deadline;
 * 3. *expiring*: the deadline has passed while the body ran, and the task was cancelled for it;
 * 4. *expired*: the body has ended after that; or *finished*: it has ended before.
 *
 * 2 → 3 by the timer, the others by the body. What the cancellation means when it comes back is told
 * by `_cancel_scope.ts`.
 *
 * @module
 */

import { ScopedBody, startBody } from "./_body.ts";
import { CancelScope, scopeTask } from "./_cancel_scope.ts";
import { abortable } from "./_signal_scope.ts";
import type { AbortOptions } from "./_abort.ts";
import type { Body, Coroutine } from "./coroutine.ts";
import { CancelledError, RuntimeError, TimeoutError } from "./errors.ts";
import { checkTimeout } from "./sleep.ts";
import type { CancelHandle, FutureLoop } from "./future_loop.ts";

// ---- The scope ------------------------------------------------------------------------------------

type State = "created" | "active" | "expiring" | "expired" | "finished";

function expire(timeout: Timeout): void {
  timeout._expire();
}

/**
 * A deadline for a body of code. `timeout()` and `timeoutAt()` make one and give it to their body.
 *
 * asyncio name: `Timeout`.
 *
 * @example Putting the deadline off while there is progress
 * ```ts
 * import { getRunningLoop, run, sleep, timeout } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const steps = await run(() =>
 *   timeout(1000, async (scope) => {
 *     let steps = 0;
 *     while (steps < 3) {
 *       await sleep(1);
 *       steps++;
 *       scope.reschedule(getRunningLoop().time() + 1000);
 *     }
 *     return steps;
 *   })
 * );
 * assertEquals(steps, 3);
 * ```
 */
export class Timeout {
  #state: State = "created";
  #when: number | undefined;
  // A delay becomes a deadline when the body starts.
  #delayMs: number | undefined = undefined;
  #moveOn = false;
  #scope: CancelScope | null = null;
  #timer: CancelHandle | null = null;

  /**
   * Makes a scope that has not been entered.
   *
   * @param when the deadline, in milliseconds of the loop's clock; `undefined` for none
   * @throws {RangeError} when `when` is `NaN`
   * @throws {TypeError} when `when` is no number
   */
  constructor(when: number | undefined) {
    this.#when = checkTimeout("make a timeout", when);
  }

  /**
   * Makes a scope whose time begins with its body, or that makes its body end in `undefined`.
   * @internal
   */
  static _make(
    time: { when?: number | undefined; delayMs?: number | undefined },
    moveOn: boolean,
  ): Timeout {
    const timeout = new Timeout(time.when);
    timeout.#delayMs = checkTimeout("make a timeout", time.delayMs);
    timeout.#moveOn = moveOn;
    return timeout;
  }

  /** The deadline, in milliseconds of the loop's clock; `undefined` when there is none. */
  when(): number | undefined {
    return this.#when;
  }

  /**
   * Changes the deadline.
   *
   * @param when the new one, in milliseconds of the loop's clock; `undefined` for none. One that has
   * passed ends the body at its next wait
   * @throws {RuntimeError} when the body does not run, or the deadline has passed already
   */
  reschedule(when: number | undefined): void {
    if (this.#state !== "active") {
      throw new RuntimeError(
        this.#state === "created"
          ? "Cannot reschedule the timeout: it has not been entered"
          : `Cannot reschedule the timeout: it is ${this.#state}`,
      );
    }
    this.#when = checkTimeout("reschedule the timeout", when);
    this.#timer?.cancel();
    this.#timer = null;
    if (when === undefined) return;
    const loop = this.#scope!.task.getLoop() as FutureLoop;
    this.#timer = when <= loop.time()
      ? loop.callSoon(expire, this)
      : loop.callAt(when, expire, this);
  }

  /** Whether the deadline has passed while the body ran. */
  expired(): boolean {
    return this.#state === "expiring" || this.#state === "expired";
  }

  /**
   * Runs a body, and ends it when the deadline passes.
   *
   * **Cancellation** reaches the body.
   *
   * @param body given the scope
   * @param options a signal that ends the body too
   * @throws {TimeoutError} when the deadline has passed and the body has ended for that
   * @throws {RuntimeError} when the scope has been entered before, or outside a task
   */
  run<T>(body: Body<[scope: Timeout], T>, options?: AbortOptions): Coroutine<T> {
    const work = new ScopedBody<T>("timeout", this, () => startBody(body, this));
    return abortable(work, options?.signal);
  }

  /** @internal */
  _enter(): void {
    if (this.#state !== "created") {
      throw new RuntimeError("Cannot enter the timeout: it has already been entered");
    }
    const task = scopeTask("enter a timeout");
    this.#scope = new CancelScope(task);
    this.#state = "active";
    const delayMs = this.#delayMs;
    if (delayMs === undefined) {
      if (this.#when !== undefined) this.reschedule(this.#when);
      return;
    }
    const loop = task.getLoop() as FutureLoop;
    if (delayMs > 0) {
      const timer = this.#timer = loop.callLater(delayMs, expire, this);
      this.#when = timer.when();
    } else {
      this.#timer = loop.callSoon(expire, this);
      this.#when = loop.time() + delayMs;
    }
  }

  /** Called by the timer. @internal */
  _expire(): void {
    this.#timer = null;
    this.#state = "expiring";
    this.#scope!.cancel(this);
  }

  /**
   * @returns whether a `CancelledError` that has arrived is the timeout's own
   * @internal
   */
  _leave(): boolean {
    this.#timer?.cancel();
    this.#timer = null;
    this.#state = this.#state === "expiring" ? "expired" : "finished";
    return this.#scope!.close();
  }

  /** @internal */
  _fail(error: unknown): void {
    const own = this._leave();
    if (!own || !(error instanceof CancelledError)) throw error;
    if (this.#moveOn) return;
    throw new TimeoutError("The timeout has expired", { cause: error, scope: this });
  }

  /** For messages, e.g. `<Timeout [active] when=1500>`. */
  toString(): string {
    const when = this.#state !== "active"
      ? ""
      : ` when=${this.#when === undefined ? "never" : Math.round(this.#when * 1000) / 1000}`;
    return `<Timeout [${this.#state}]${when}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

// ---- The functions --------------------------------------------------------------------------------

/**
 * Runs a body that must end within some time.
 *
 * When the time has passed, what the body waits for is cancelled: `CancelledError` is thrown into it,
 * it may clean up, and out of `timeout()` comes {@linkcode TimeoutError}. A body that ends in a result
 * or another error all the same is believed. Of a body that waits for several things at once, through
 * `Promise.all()`, all waits are ended; the first that has failed ends the body, while others may still
 * clean up.
 *
 * The body runs in the task that waits for `timeout()`; it is given the {@linkcode Timeout}, to look
 * at its deadline or to change it. Timeouts may be nested: the error comes from the outermost one
 * whose time has passed. Several may run beside each other in one async function, as in
 * `Promise.all()`; each ends its own body.
 *
 * **Cancellation** of the task by others stays `CancelledError`, also when the time passes meanwhile.
 *
 * **Differs from asyncio**: the time begins with the body. A cancellation that was requested before
 * but not delivered is never taken for the timeout's own.
 *
 * asyncio name: `timeout`.
 *
 * @param delay the time, in milliseconds; `undefined` for no limit. With 0 or less, the body runs to
 * its first wait
 * @param body an async function or a generator function
 * @param options a signal that ends the body too
 * @returns what the body returns
 * @throws {TimeoutError} when the time has passed
 * @throws {RuntimeError} when no task is running
 * @throws {RangeError} when `delay` is `NaN`
 * @throws {TypeError} when `delay` is no number
 *
 * @example Giving up
 * ```ts
 * import { run, sleep, timeout, TimeoutError } from "@asyncio/asyncio";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * assertEquals(await run(() => timeout(1000, () => sleep(1, "in time"))), "in time");
 * await assertRejects(() => run(() => timeout(1, () => sleep(60_000))), TimeoutError);
 * ```
 */
export function timeout<T>(
  delay: number | undefined,
  body: Body<[scope: Timeout], T>,
  options?: AbortOptions,
): Coroutine<T> {
  return Timeout._make({ delayMs: delay }, false).run(body, options);
}

/**
 * Runs a body that must end by some time of the loop's clock; see {@linkcode timeout}.
 *
 * asyncio name: `timeout_at`.
 *
 * @param when the deadline, in milliseconds of the loop's clock; `undefined` for none
 * @param body an async function or a generator function
 * @param options a signal that ends the body too
 * @returns what the body returns
 * @throws {TimeoutError} when the deadline has passed
 * @throws {RuntimeError} when no task is running
 * @throws {RangeError} when `when` is `NaN`
 * @throws {TypeError} when `when` is no number
 *
 * @example One deadline for two things
 * ```ts
 * import { getRunningLoop, run, sleep, timeoutAt } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await run(async () => {
 *   const deadline = getRunningLoop().time() + 1000;
 *   const one = await timeoutAt(deadline, () => sleep(1, 1));
 *   return one + await timeoutAt(deadline, () => sleep(1, 2));
 * });
 * assertEquals(result, 3);
 * ```
 */
export function timeoutAt<T>(
  when: number | undefined,
  body: Body<[scope: Timeout], T>,
  options?: AbortOptions,
): Coroutine<T> {
  return new Timeout(when).run(body, options);
}
