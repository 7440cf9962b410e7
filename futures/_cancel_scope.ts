/**
 * One scope's part in the cancellation of its task: the one place that keeps the accounts.
 *
 * asyncio counterpart: the uses of `cancelling()` and `uncancel()` in `asyncio.timeouts` and
 * `asyncio.taskgroups`.
 *
 * A scope (a timeout, a task group, a signal) that wants its body to end cancels the task, which makes
 * `cancelling()` go up by one, and takes that back when it is left. Whether the `CancelledError` that
 * arrives is the scope's own, to be made something else of, or another's, to be passed on, is told by
 * the number: it is the scope's own when no more requests are open than when the scope was entered.
 *
 * Two corrections make that number right. A request that was made but not yet delivered when the
 * scope was entered will arrive inside, so it is not counted as old. A request that a shield holds
 * back has not arrived, so it is not counted at all.
 *
 * Invariant: after {@linkcode CancelScope.close}, `cancelling()` is what it would be without the scope.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { Cancellation } from "./_cancellation.ts";
import { runningTask } from "./_frame.ts";
import type { Shield } from "./_shield.ts";
import { RuntimeError } from "./errors.ts";
import type { FutureLoop } from "./future_loop.ts";
import type { TaskLike } from "./task_registry.ts";

/** What a task must have to be cancelled by scopes; the last three are there in this library's own. */
export interface ScopeTask extends TaskLike {
  cancelling(): number;
  uncancel(): number;
  _mustCancel?: boolean;
  _cancellation?: Cancellation | undefined;
  _shield?: Shield | null;
}

/** The task that runs. */
export function scopeTask(action: string): ScopeTask {
  const task = runningTask() as Partial<ScopeTask> | null;
  if (task === null) {
    throw new RuntimeError(`Cannot ${action}: no task is running; use it inside a task`);
  }
  if (typeof task.cancelling !== "function" || typeof task.uncancel !== "function") {
    throw new RuntimeError(
      `Cannot ${action}: the current task ${task} has no cancelling() and uncancel()`,
    );
  }
  return task as ScopeTask;
}

function heldBack(task: ScopeTask): number {
  return task._shield?.heldBack ?? 0;
}

/** The accounts of one scope. */
export class CancelScope {
  readonly task: ScopeTask;
  readonly #before: number;
  readonly #shield: Shield | null;
  #requested = false;

  /** Opens the accounts of a scope that is being entered. */
  constructor(task: ScopeTask) {
    this.task = task;
    this.#shield = task._shield ?? null;
    this.#before = task.cancelling() - (task._mustCancel === true ? 1 : 0) - heldBack(task);
  }

  /** Whether the scope has cancelled the task. */
  get requested(): boolean {
    return this.#requested;
  }

  /**
   * Cancels the task for the scope; to be called once.
   *
   * @param scope what {@linkcode CancelledError.origin} is to name
   */
  cancel(scope: object, message?: string, reason?: unknown): void {
    this.#requested = true;
    const loop = this.task.getLoop() as FutureLoop;
    new Cancellation(loop, message, reason, scope, this.#shield).passTo(this.task);
  }

  /** Whether the task was cancelled by others since the scope was entered. */
  cancelledByOthers(): boolean {
    const own = this.#requested ? 1 : 0;
    return this.task.cancelling() - own - heldBack(this.task) > this.#before;
  }

  /** Has the cancellation by others delivered once more, at the next wait. */
  cancelAgain(): void {
    const { task } = this;
    task.uncancel();
    Cancellation.passOn({ _cancellation: task._cancellation }, task);
  }

  /**
   * Takes the scope's own request back.
   *
   * @returns whether there was one, and no other: then a `CancelledError` that arrives is the scope's
   */
  close(): boolean {
    if (!this.#requested) return false;
    this.#requested = false;
    this.task.uncancel();
    if (this.cancelledByOthers()) return false;
    // The body has ended before the scope's own cancellation was delivered.
    if (this.task._mustCancel === true) this.task._mustCancel = false;
    return true;
  }
}
