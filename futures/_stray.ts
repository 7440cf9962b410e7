/**
 * Async work that a cancellation ends while nobody waits for it.
 *
 * `const work = start(); await other(); await work` in a task that is cancelled at `other()`: the
 * cancellation ends `work` as well, and nobody will ever wait for its promise. The engine calls that an
 * unhandled rejection, and the host ends the process for it. asyncio says nothing of what was cancelled
 * and is not asked for; so does this file, for cancellations that end several waits of a task at once.
 * What the task itself ends in is not meant: that is for who waits for the task.
 *
 * Invariant: the host is listened to from the first such cancellation on, and not before.
 *
 * asyncio counterpart: none.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { CancelledError, type CancelOrigin } from "./errors.ts";

// The requests that have ended several waits at once, each with the task whose waits these were.
const requests = new WeakMap<CancelOrigin, object>();
// What those tasks have ended in.
const outcomes = new WeakSet<CancelledError>();
let listening = false;

/** Tells that a request ends several waits of a task at once. */
export function mayGoUnheard(request: CancelOrigin, task: object): void {
  // It may go on to other tasks, which end for what this one waits for.
  if (!requests.has(request)) requests.set(request, task);
  if (listening) return;
  listening = true;
  addEventListener("unhandledrejection", (event) => {
    const error: unknown = event.reason;
    if (!(error instanceof CancelledError) || error.origin === undefined) return;
    if (requests.has(error.origin) && !outcomes.has(error)) event.preventDefault();
  });
}

/** Tells what a task has ended in. */
export function becomesOutcome(error: CancelledError, task: object): void {
  if (!listening || error.origin === undefined) return;
  if (requests.get(error.origin) === task) outcomes.add(error);
}
