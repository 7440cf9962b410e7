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
 * Three corrections make that number right. A request that was made but not yet delivered when the
 * scope was entered will arrive inside, so it is not counted as old. A request that a shield holds
 * back has not arrived, so it is not counted at all. Nor is one of another scope that is confined to
 * another strand: an async function can be in several scopes beside each other (`Promise.all`).
 *
 * Invariant: after {@linkcode CancelScope.close}, `cancelling()` is what it would be without the scope.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { Cancellation } from "./_cancellation.ts";
import type { Strand } from "./_strand.ts";
import { drivingStrand, runningTask } from "./_frame.ts";
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

// The scopes that have cancelled their task and are not closed: nearly always none.
const requesting = new WeakMap<ScopeTask, CancelScope[]>();

/** The accounts of one scope. */
export class CancelScope {
  readonly task: ScopeTask;
  readonly #before: number;
  readonly #shield: Shield | null;
  readonly #strand: Strand | null = drivingStrand();
  #request: Cancellation | null = null;

  /** Opens the accounts of a scope that is being entered. */
  constructor(task: ScopeTask) {
    this.task = task;
    this.#shield = task._shield ?? null;
    const toArrive = (task._mustCancel === true ? 1 : 0) + (this.#strand?.remembers ?? 0);
    this.#before = this.#arrived() - toArrive;
  }

  /** How many requests are open that may have arrived in this scope. */
  #arrived(): number {
    const { task } = this;
    const count = task.cancelling();
    if (count === 0) return 0;
    return count - (task._shield?.heldBack ?? 0) - this.#elsewhere();
  }

  /** How many requests are confined to strands that this scope is not in. */
  #elsewhere(): number {
    let count = 0;
    for (const { place } of requesting.get(this.task)?.map((scope) => scope.#request!) ?? []) {
      const strand = place!.strand;
      if (strand !== null && this.#strand?.isWithin(strand) !== true) count++;
    }
    return count;
  }

  /**
   * Cancels the task for the scope; to be called once.
   *
   * @param scope what {@linkcode CancelledError.origin} is to name
   */
  cancel(scope: object, message?: string, reason?: unknown): void {
    const { task } = this;
    const loop = task.getLoop() as FutureLoop;
    const place = { task, shield: this.#shield, strand: this.#strand };
    this.#request = new Cancellation(loop, message, reason, scope, place);
    // A branch may go on after its task has ended, to clean up; nobody counts that any longer.
    if (task.done()) return void this.#strand?.cancelBranch(this.#request);
    const others = requesting.get(task);
    if (others === undefined) requesting.set(task, [this]);
    else others.push(this);
    this.#request.passTo(task);
  }

  /** Whether the task was cancelled by others since the scope was entered. Not while it requests. */
  cancelledByOthers(): boolean {
    return this.#arrived() > this.#before;
  }

  /** Has the cancellation by others delivered once more, at the next wait, but at none that goes on. */
  cancelAgain(): void {
    const { task } = this;
    if (task.done()) return;
    let request = task._cancellation;
    // One that was confined is not the others'.
    if (request === undefined || (request.place?.task === task && request.place.strand !== null)) {
      request = new Cancellation(task.getLoop() as FutureLoop, undefined);
    }
    if (task._mustCancel === undefined) {
      task.uncancel();
      request.passTo(task);
    } else if (!task._shield?.holdsBack(request)) {
      task._cancellation = request;
      task._mustCancel = true;
    }
  }

  /**
   * Takes the scope's own request back.
   *
   * @returns whether there was one, and no other: then a `CancelledError` that arrives is the scope's
   */
  close(): boolean {
    const request = this.#request;
    if (request === null) return false;
    const { task } = this;
    const all = requesting.get(task) ?? [];
    const others = all.filter((scope) => scope !== this);
    if (others.length === 0) requesting.delete(task);
    else requesting.set(task, others);
    this.#request = null;
    if (others.length < all.length) task.uncancel();
    const own = !this.cancelledByOthers();
    // The body may have ended before the scope's own request was delivered.
    this.#strand?.forget(request);
    if (own && task._mustCancel === true && task._cancellation === request) {
      task._mustCancel = false;
    }
    return own;
  }
}
