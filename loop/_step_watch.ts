/**
 * `StepWatch`: how long callbacks keep the thread, for debug mode.
 *
 * asyncio counterpart: the part of `BaseEventLoop._run_once` that warns of slow callbacks.
 *
 * A callback ends when it returns, but the async code that it resumes runs in the microtasks that
 * follow, which the scheduler waits for: both are one step. Only what keeps the thread counts; while a
 * function waits for something foreign, others run.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { placeOf } from "../futures/_traceback.ts";
import type { Runnable } from "../futures/future_loop.ts";

/** What the watch needs of its loop. */
export interface WatchedLoop {
  readonly slowCallbackDuration: number;
  time(): number;
}

/** Times one step after another, and reports those that take too long. */
export class StepWatch {
  readonly #loop: WatchedLoop;
  // What is timed, while the watch runs.
  #item: Runnable | null = null;
  #startedAt = NaN;

  constructor(loop: WatchedLoop) {
    this.#loop = loop;
  }

  /** Starts to time a step. */
  start(item: Runnable): void {
    this.#item = item;
    this.#startedAt = this.#loop.time();
  }

  /** Ends the step, if one is timed, and reports it when it was slow. */
  stop(): void {
    const item = this.#item;
    if (item === null) return;
    this.#item = null;
    const tookMs = this.#loop.time() - this.#startedAt;
    if (tookMs < this.#loop.slowCallbackDuration) return;
    console.warn(`Executing ${subject(item)} took ${tookMs.toFixed(1)} ms`);
  }

  /** What follows may be waiting. @returns what to give to {@linkcode StepWatch.resume} */
  pause(): number {
    return this.#item === null ? NaN : this.#loop.time();
  }

  /** Leaves out the time since {@linkcode StepWatch.pause}. */
  resume(pausedAt: number): void {
    if (this.#item !== null) this.#startedAt += this.#loop.time() - pausedAt;
  }

  /** Forgets the step. */
  clear(): void {
    this.#item = null;
  }
}

/** What a step belongs to, and where that was made. */
function subject(item: Runnable): string {
  // What an async function waits with is nobody's business; its task is.
  const what: { _sourceTraceback?: string } = item._awaiter ?? item;
  const place = placeOf(what._sourceTraceback);
  return place === "" ? describe(what) : `${describe(what)}, made at ${place},`;
}
