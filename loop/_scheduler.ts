/**
 * The iterations of a loop: what runs when.
 *
 * asyncio counterpart: `BaseEventLoop._run_once` and the queues that it works on.
 *
 * In each iteration due timers move to the ready queue, then one pass runs what the queue held when it
 * began (`_pass.ts`). Iterations follow each other over a microtask, so promises make progress between
 * them, and at a bounded interval the host may poll. When nothing is ready, the loop waits in
 * `_select()`, and only there.
 *
 * Invariants: while the loop waits, `parkedUntil` says until when, and whoever makes something ready
 * earlier wakes it, once; a pass is never begun inside another.
 *
 * What every wake-up of a task goes through, the push onto the ready queue and the look at
 * `parkedUntil`, stands in `BaseEventLoop._enqueue()` itself: one call less.
 *
 * Not here: what runs (handles, tasks), and everything that a program calls: `base_event_loop.ts`.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Runnable } from "../futures/future_loop.ts";
import { type PassLoop, runPass, runTimedPass } from "./_pass.ts";
import {
  BUSY_POLL_INTERVAL_MS,
  HOPS_BEFORE_REST,
  HOST_POLL_INTERVAL_MS,
  MAX_ASYNC_HOPS,
  MAX_CALLBACK_BUDGET,
  POLL_INTERVAL_GROWTH,
  POLLS_BEFORE_BUSY,
} from "./_tuning.ts";
import type { TimerHandle } from "./handle.ts";
import { ReadyQueue } from "./ready_queue.ts";
import { StepWatch } from "./_step_watch.ts";
import { TimerQueue } from "./timer_queue.ts";

/** Waiting for it takes one microtask; for `undefined`, it would take the making of a promise besides. */
const MICROTASK = Promise.resolve();

/** What the iterations need of their loop: its hooks, and what a pass counts. */
export interface ScheduledLoop extends PassLoop {
  readonly slowCallbackDuration: number;
  _select(timeoutMs: number): Promise<void>;
  _wakeup(): void;
  _hostTime(): number;
  _passBegins(ready: ReadyQueue): void;
}

/** The queues of a loop, and the iterations that empty them. */
export class Scheduler {
  /** What runs next. */
  readonly ready: ReadyQueue = new ReadyQueue();
  /**
   * What `time()` gave last to a callback among the last few, so that the next pass need not ask; or
   * NaN.
   */
  timeSeen = NaN;
  /** While the loop waits in `_select()`: until when, in milliseconds of its clock; else -Infinity. */
  parkedUntil = -Infinity;
  readonly #loop: ScheduledLoop;
  readonly #timers = new TimerQueue();
  // Reports slow callbacks, when it is used.
  readonly #watch: StepWatch;
  #isTimed = false;
  // What runs at the end of the present pass.
  readonly #passEnd: Runnable[] = [];
  #stopping = false;
  // Comes when the engine has nothing more to run.
  #turn: ReturnType<typeof setImmediate> | undefined = undefined;
  #interruption: unknown = undefined;
  // When the host has last polled, and when the clock was last looked at for that.
  #polledAt = NaN;
  #lookedAt = NaN;
  // How often it has polled since the loop was idle, after how long it polls next, and whether it has brought
  // something for a connection meanwhile.
  #polls = 0;
  #pollIntervalMs = HOST_POLL_INTERVAL_MS;
  #brought = false;
  // How many callbacks run between two looks.
  #budget = 1;

  constructor(loop: ScheduledLoop) {
    this.#loop = loop;
    this.#watch = new StepWatch(loop);
  }

  // ---- What is to run ---------------------------------------------------------------------------

  /** Adds a timer. */
  schedule(timer: TimerHandle): void {
    this.#timers.push(timer);
    if (timer._when < this.parkedUntil) this.unpark();
  }

  /** A timer that has not run was called off. */
  timerCancelled(): void {
    this.#timers.noteCancelled();
  }

  /**
   * Runs something at once, as a pass of its own, if the loop waits and nothing is ready.
   *
   * @returns whether it did
   */
  deliver(item: Runnable): boolean {
    const loop = this.#loop;
    this.#brought = true;
    if (this.parkedUntil === -Infinity || loop._asyncSteps > 0 || this.#isTimed) return false;
    const until = this.parkedUntil;
    this.parkedUntil = -Infinity;
    this.ready.push(item);
    runPass(loop, this.ready, 1);
    if (this.#passEnd.length > 0) this.#endPass();
    // A timer that was scheduled meanwhile may be due before the wait ends.
    const next = this.#timers.peek();
    this.parkedUntil = until;
    if (
      this.ready.length > 0 || this.#stopping || loop._interrupted ||
      (next !== undefined && next._when < until)
    ) this.unpark();
    return true;
  }

  /** Turns the report of slow callbacks on or off. */
  setTimed(isTimed: boolean): void {
    this.#isTimed = isTimed;
    // A step that is half over is not reported, now or later.
    this.#watch.clear();
  }

  /** Runs something when the present pass has run its last callback. */
  atPassEnd(item: Runnable): void {
    this.#passEnd.push(item);
    if (this.parkedUntil !== -Infinity) this.unpark();
  }

  #endPass(): void {
    const items = this.#passEnd;
    for (let i = 0; i < items.length; i++) items[i]!._run();
    items.length = 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.ready.clear();
    this.#timers.clear();
  }

  // ---- The end of a run -------------------------------------------------------------------------

  /** Ends the run after the present pass. */
  stop(): void {
    this.#stopping = true;
    if (this.parkedUntil !== -Infinity) this.unpark();
  }

  /** Ends the run at once with an error, whatever is ready. */
  interrupt(error: unknown): void {
    this.#interruption = error;
    this.#loop._interrupted = true;
    if (this.parkedUntil !== -Infinity) this.unpark();
  }

  #raiseInterruption(): never {
    const error = this.#interruption;
    this.#interruption = undefined;
    this.#loop._interrupted = false;
    throw error;
  }

  /** To be called when a run has ended, in whatever way. */
  hasRun(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#stopping = false;
    this.parkedUntil = -Infinity;
    this.#watch.clear();
  }

  // ---- Iterations -------------------------------------------------------------------------------

  /** Runs until stopped. */
  async run(): Promise<void> {
    const loop = this.#loop;
    const ready = this.ready;
    const timers = this.#timers;
    // What was seen before the run may be long ago.
    this.timeSeen = NaN;
    let left = 0;
    this.#polled();
    loop._callbackBudget = this.#budget = 1;
    for (;;) {
      if (left === 0) {
        if (timers.length > 0) this.#readyTimers();
        if (ready.length === 0) {
          try {
            await this.#wait();
          } finally {
            this.parkedUntil = -Infinity;
          }
          if (loop._interrupted) this.#raiseInterruption();
          this.timeSeen = NaN;
          this.#readyTimers();
          this.#polls = 0;
          this.#pollIntervalMs = HOST_POLL_INTERVAL_MS;
          this.#polled();
          loop._callbackBudget = this.#budget = 1;
        }
        loop._passBegins(ready);
        left = ready.length;
      }
      left = this.#isTimed
        ? runTimedPass(loop, ready, left, this.#watch)
        : runPass(loop, ready, left);
      if (loop._interrupted) this.#raiseInterruption();
      const resumed = loop._asyncSteps > 0;
      if (resumed) {
        // Until the async functions that were resumed have come to rest, or wait for others.
        loop._asyncHops = 0;
        let hops = 0;
        do {
          await MICROTASK;
          if (++hops >= HOPS_BEFORE_REST && loop._asyncHops < hops - 1 && loop._asyncSteps > 0) {
            await this.#rest();
            hops = 0;
          }
        } while (loop._asyncSteps > 0 && ++loop._asyncHops < MAX_ASYNC_HOPS);
        if (loop._asyncSteps > 0) {
          loop._asyncSteps = 0;
          loop._asyncEpoch++;
        }
        if (this.#isTimed) this.#watch.stop();
      }
      if (left === 0) {
        if (this.#passEnd.length > 0) this.#endPass();
        if (this.#stopping) return;
        // Where async code was waited for, promises have made progress.
        if (!resumed) await MICROTASK;
      }
      if (loop._callbackBudget <= 0) {
        this.timeSeen = NaN;
        if (this.#mustPoll()) await this.#poll();
      }
    }
  }

  /** Lets the host poll, although there is something to run. */
  async #poll(): Promise<void> {
    this.#brought = false;
    await this.#loop._select(0);
    this.#polls++;
    this.#pollIntervalMs = this.#brought && this.#polls >= POLLS_BEFORE_BUSY
      ? BUSY_POLL_INTERVAL_MS
      : Math.min(this.#pollIntervalMs * POLL_INTERVAL_GROWTH, HOST_POLL_INTERVAL_MS);
    this.#polled();
  }

  #polled(): void {
    this.#polledAt = this.#lookedAt = this.#loop._hostTime();
  }

  /**
   * Looks at the clock, and decides how many callbacks may run until it is looked at again.
   *
   * @returns whether the host is to poll now
   */
  #mustPoll(): boolean {
    const loop = this.#loop;
    const now = loop._hostTime();
    // How many callbacks fit into a fraction of the interval, from how long the last ones took.
    const took = now - this.#lookedAt;
    this.#lookedAt = now;
    let budget = this.#budget;
    if (took * 4 < this.#pollIntervalMs) budget = Math.min(budget * 2, MAX_CALLBACK_BUDGET);
    else if (took > this.#pollIntervalMs) budget = Math.max(budget >> 2, 1);
    loop._callbackBudget = this.#budget = budget;
    return now - this.#polledAt >= this.#pollIntervalMs;
  }

  /**
   * Waits until all async functions have come to rest, for some that keep awaiting what is done at once;
   * or until the engine has nothing more to run, since then they wait for something foreign.
   */
  async #rest(): Promise<void> {
    const loop = this.#loop;
    const pausedAt = this.#isTimed ? this.#watch.pause() : NaN;
    this.#turn ??= setImmediate(this.#turned);
    await new Promise<void>((resolve) => loop._asyncRested = resolve);
    loop._asyncRested = undefined;
    // Where the turn has come, others may have run meanwhile.
    if (this.#isTimed && this.#turn === undefined) this.#watch.resume(pausedAt);
  }

  readonly #turned = (): void => {
    this.#turn = undefined;
    this.#loop._asyncRested?.();
  };

  #readyTimers(): void {
    const timers = this.#timers;
    if (timers.peek() === undefined) return;
    const now = Number.isNaN(this.timeSeen) ? this.#loop.time() : this.timeSeen;
    this.timeSeen = NaN;
    for (;;) {
      const timer = timers.takeDue(now);
      if (timer === undefined) return;
      this.ready.push(timer);
    }
  }

  /** Waits until the next timer is due, or something is made ready. */
  #wait(): Promise<void> {
    const loop = this.#loop;
    if (this.#passEnd.length > 0) this.#endPass();
    if (this.#stopping || loop._interrupted) return loop._select(0);
    const next = this.#timers.peek();
    if (next === undefined) {
      this.parkedUntil = Infinity;
      return loop._select(Infinity);
    }
    this.parkedUntil = next._when;
    return loop._select(Math.max(0, next._when - loop.time()));
  }

  /** Ends the wait. */
  unpark(): void {
    this.parkedUntil = -Infinity;
    this.#loop._wakeup();
  }
}
