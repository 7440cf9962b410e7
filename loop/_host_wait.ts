/**
 * How a loop waits on Deno: the default behind `_select()` and `_wakeup()`.
 *
 * One host timer serves all waits. It stays armed when a wait ends early, since the next wait is
 * likely to have the same deadline: an early end of a later wait costs less than arming anew.
 *
 * Invariants: nothing is armed while there is no deadline, so an idle loop costs nothing and keeps no
 * process alive, unless it was asked to; `close()` leaves nothing behind.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { HostPoll } from "./_host_poll.ts";
import { MAX_HOST_DELAY_MS } from "./_tuning.ts";

/** Waits for the host. */
export class HostWait {
  readonly #poll = new HostPoll();
  #wake: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #timerDue = Infinity;
  #keepAlive: ReturnType<typeof setInterval> | undefined = undefined;

  /** Waits until the time has passed or `wakeup()` is called; 0 is one turn of the host. */
  select(timeoutMs: number): Promise<void> {
    if (timeoutMs <= 0) return this.#poll.turn();
    this.#arm(timeoutMs);
    return new Promise<void>(this.#setWake);
  }

  readonly #setWake = (resolve: () => void): void => {
    this.#wake = resolve;
  };

  /** Ends `select()`. */
  readonly wakeup = (): void => {
    const wake = this.#wake;
    if (wake === null) return;
    this.#wake = null;
    wake();
  };

  /** Keeps the process alive although the loop waits for nothing that the host knows of. */
  hold(): void {
    this.#keepAlive ??= setInterval(() => {}, MAX_HOST_DELAY_MS);
  }

  /** Ends what `hold()` began, and disarms the timer; called when a run ends. */
  release(): void {
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    this.#disarm();
  }

  /** Closes what was opened. */
  close(): void {
    this.release();
    this.#poll.close();
  }

  #arm(timeoutMs: number): void {
    if (timeoutMs === Infinity) return this.#disarm();
    const now = performance.now();
    if (this.#timerDue > now && this.#timerDue <= now + timeoutMs) return;
    this.#disarm();
    // The host truncates fractions, and fires at once what is too long for it.
    const delay = Math.min(Math.ceil(timeoutMs), MAX_HOST_DELAY_MS);
    this.#timerDue = now + delay;
    this.#timer = setTimeout(this.#fired, delay);
  }

  readonly #fired = (): void => {
    this.#timer = undefined;
    this.#timerDue = Infinity;
    this.wakeup();
  };

  #disarm(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDue = Infinity;
  }
}
