/**
 * The callback pass: the one place where the loop calls callbacks.
 *
 * asyncio counterpart: the last part of `BaseEventLoop._run_once`.
 *
 * A pass runs what was ready when it began; what that schedules waits for the next. It is left early,
 * and taken up again where it was left, when an async function was resumed (it runs before the next
 * callback, but only the engine can run it), when it is time to look at the clock, and when a
 * callback has interrupted the loop.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { sync } from "../futures/_frame.ts";
import type { FutureLoop, Runnable } from "../futures/future_loop.ts";
import type { ReadyQueue } from "./ready_queue.ts";
import type { StepWatch } from "./_step_watch.ts";

/** What the pass needs of its loop. */
export interface PassLoop extends FutureLoop {
  /** How many callbacks may still run before the clock is looked at. */
  _callbackBudget: number;
  /** Set by `_callbackFailed` when the loop is to end at once. */
  _interrupted: boolean;
  /** A callback has thrown. */
  _callbackFailed(item: Runnable, error: unknown): void;
}

/**
 * Runs callbacks.
 *
 * @param count how many of the queue belong to the pass
 * @returns how many of them are left
 */
export function runPass(loop: PassLoop, ready: ReadyQueue, count: number): number {
  sync.loop = loop;
  // The first pass of a run may be inside a step of another loop's task.
  sync.task = null;
  while (count > 0) {
    count--;
    const item = ready.shift();
    sync.context = item._context;
    try {
      item._run();
    } catch (error) {
      loop._callbackFailed(item, error);
      if (loop._interrupted) break;
    }
    if (--loop._callbackBudget <= 0 || loop._asyncSteps > 0) break;
  }
  sync.context = undefined;
  sync.loop = null;
  return count;
}

/**
 * The same with each callback timed, for debug mode.
 *
 * @param watch started for each callback; it still runs afterwards where async code was resumed
 */
export function runTimedPass(
  loop: PassLoop,
  ready: ReadyQueue,
  count: number,
  watch: StepWatch,
): number {
  while (count > 0) {
    watch.start(ready.first);
    runPass(loop, ready, 1);
    count--;
    if (loop._asyncSteps > 0 && !loop._interrupted) break;
    watch.stop();
    if (loop._interrupted || loop._callbackBudget <= 0) break;
  }
  return count;
}
