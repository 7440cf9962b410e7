/**
 * `Event`: a flag that tasks wait for.
 *
 * asyncio counterpart: `asyncio.locks.Event`.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import { LoopBinding } from "./_loop_binding.ts";
import { LATER, Line, type Rules, Waiter } from "./_waiters.ts";
import type { Coroutine } from "./coroutine.ts";

const wait: Rules<Event, undefined, true> = {
  name: "Event.wait",
  take: (event) => event.isSet() ? true : LATER,
  woken: () => true,
  abandoned: () => {},
};

/**
 * A flag that is set or not, and that any number of tasks can wait for.
 *
 * A task that waits goes on after a `set()`, even when the flag has been cleared again before its
 * turn comes. An event belongs to the loop in which a task first had to wait for it, until that loop
 * is closed.
 *
 * The web platform has a class of that name, too: where both are needed,
 * `import { Event as AsyncEvent }`.
 *
 * asyncio name: `Event`.
 *
 * @example Telling a task to go on
 * ```ts
 * import { createTask, Event, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * await run(async () => {
 *   const ready = new Event();
 *   const task = createTask(async () => {
 *     await ready.wait();
 *     log.push("going on");
 *   });
 *   log.push("preparing");
 *   ready.set();
 *   await task;
 * });
 * assertEquals(log, ["preparing", "going on"]);
 * ```
 */
export class Event {
  /** @internal */
  readonly _waiters: Line<Event, undefined, true> = new Line<Event, undefined, true>(
    this,
    wait,
    new LoopBinding(this, () => this._waiters.forget()),
  );
  #flag = false;

  /** Whether the flag is set. */
  isSet(): boolean {
    return this.#flag;
  }

  /** Sets the flag and wakes all who wait, in the order in which they came. */
  set(): void {
    if (this.#flag) return;
    this.#flag = true;
    this._waiters.wakeAll();
  }

  /** Clears the flag, so that `wait()` waits again. */
  clear(): void {
    this.#flag = false;
  }

  /**
   * Waits until the flag is set; ends without giving a turn away when it is.
   *
   * **Cancellation** changes nothing for the others who wait.
   *
   * asyncio name: `wait`.
   *
   * @param options a signal that ends the wait
   * @returns `true`
   * @throws {RuntimeError} when it has to wait and the event is bound to another loop
   */
  wait(options?: AbortOptions): Coroutine<true> {
    return withSignal(new Waiter(this._waiters, undefined), options?.signal);
  }

  /** For messages, e.g. `<Event [unset, waiters:2]>`. */
  toString(): string {
    const { length } = this._waiters;
    const waiters = length > 0 ? `, waiters:${length}` : "";
    return `<${this.constructor.name} [${this.#flag ? "set" : "unset"}${waiters}]>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
