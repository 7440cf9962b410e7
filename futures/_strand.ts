/**
 * `Strand`: one wait of an async function, on its task.
 *
 * A task keeps one for each thing that its async code waits for; there is one at a time, unless the
 * code waits for several at once through the engine (`Promise.all`). Cancelling the task cancels what
 * they all wait for, the oldest first. A timeout, or another scope, that was entered in a strand cancels
 * what that strand waits for, with all that began in its body, and nothing beside it. When there is
 * nothing to be cancelled now, a strand remembers it for the next wait of its own or inside of it.
 *
 * Code that waits for a foreign promise has no strand, so nothing is known of it: where other code of the
 * task can be cancelled, it is not told. A scope around it has a strand, which remembers.
 *
 * Invariants: a strand stands in its task's list while it waits, and never otherwise; one delivery of
 * a `CancelledError` is enough for all requests that are to be delivered where it is thrown.
 *
 * asyncio counterpart: none; there, a task waits for one thing at a time.
 *
 * May be imported by `futures/` only. Not here: what is waited for, and how (`_await.ts`).
 *
 * @module
 */

import { type Callback, Chain } from "./_chain.ts";
import type { Cancellation } from "./_cancellation.ts";
import type { Branch, Frame } from "./_frame.ts";
import type { Context } from "./context.ts";
import { currentContext } from "./context.ts";
import { CancelledError, RuntimeError } from "./errors.ts";
import type { FutureLike } from "./future.ts";
import type { FutureLoop, Runnable } from "./future_loop.ts";
import type { TaskLike } from "./task_registry.ts";

/** What a task must have for its async functions to wait in its name. */
export interface StrandOwner extends TaskLike {
  _strands: Strand | null;
  _mustCancel: boolean;
  _cancellation: Cancellation | undefined;
  /** Whether it has async code that was resumed and has not come to rest. */
  _resumed(): void;
  _rests(): void;
}

/** Whether a task is one of this library's, or of a class made of it. */
export function isStrandOwner(task: TaskLike | null): task is StrandOwner {
  return task !== null && "_strands" in task;
}

// How many strands remember a request: nearly always none.
let remembered = 0;

/** One await of an async function, and the promise-like that `then()` returns. */
export abstract class Strand extends Chain implements Runnable {
  // Fields are declared, and assigned in the constructor, since this is a base class: see docs/performance.md.
  declare readonly _context: Context;
  declare readonly owner: StrandOwner | null;
  /** The async body that waits; `null` for the function that the task was made of. */
  declare readonly branch: Branch | null;
  declare older: Strand | null;
  declare newer: Strand | null;
  declare private readonly onFulfilled: Callback;
  declare private readonly onRejected: Callback;
  /** A request of a scope in this strand that could not be delivered at once. */
  declare private remembered: Cancellation | null;

  constructor(
    onFulfilled: Callback,
    onRejected: Callback,
    frame: Frame | undefined,
    loop: FutureLoop | null,
  ) {
    super(loop);
    this._context = frame === undefined ? currentContext() : frame.context;
    this.older = null;
    this.newer = null;
    this.onFulfilled = onFulfilled;
    this.onRejected = onRejected;
    this.remembered = null;
    // A continuation without an error handler is no await: see above.
    const task = typeof onRejected === "function" && frame !== undefined ? frame.task : null;
    this.owner = isStrandOwner(task) ? task : null;
    this.branch = frame === undefined ? null : frame.branch;
  }

  get _awaiter(): object | null {
    return this.owner;
  }

  abstract _run(): void;
  /** What is waited for, if that can be cancelled. */
  abstract get waitsFor(): FutureLike<unknown> | null;

  /** Cancels what is waited for; false when that is too late. */
  cancelWait(message: string | undefined): boolean {
    return this.waitsFor?.cancel(message) ?? false;
  }

  /**
   * Cancels what is waited for, or the next wait in this strand.
   *
   * @returns whether what is waited for was cancelled
   */
  cancelBranch(request: Cancellation): boolean {
    if (this.waitsFor !== null && request.passTo(this.waitsFor)) return true;
    if (this.remembered === null) remembered++;
    this.remembered = request;
    return false;
  }

  /** Forgets a request that was not delivered. */
  forget(request: Cancellation): void {
    if (this.remembered !== request) return;
    this.remembered = null;
    remembered--;
  }

  /** The strand that waits for the async body that this one belongs to, if one does. */
  get outer(): Strand | null {
    const waiter = this.branch === null ? null : this.branch.waiter;
    return waiter instanceof Strand ? waiter : null;
  }

  /** Whether this strand is another, or waits inside of what the other waits for. */
  isWithin(other: Strand): boolean {
    return this === other || (this.outer?.isWithin(other) ?? false);
  }

  /** Whether the wait began in an async body, or in a body inside of that. */
  beganIn(body: Branch): boolean {
    let branch: Branch | null | undefined = this.branch;
    while (branch && branch !== body) {
      // Who waits for it is a strand, or the task.
      branch = (branch.waiter as Partial<Strand> | null)?.branch;
    }
    return branch === body;
  }

  /** How many requests wait for the next wait in this strand. */
  get remembers(): number {
    if (remembered === 0) return 0;
    return (this.remembered === null ? 0 : 1) + (this.outer?.remembers ?? 0);
  }

  /** The request that is to be delivered here: of the task, of this strand, or of one around it. */
  protected toDeliver(): Cancellation | null {
    const owner = this.owner;
    if (owner === null) return null;
    if (owner._mustCancel && !owner.done()) return owner._cancellation!;
    return remembered === 0 ? null : this.remembering();
  }

  protected remembering(): Cancellation | null {
    if (this.remembered !== null) return this.remembered;
    const outer = this.outer;
    return outer === null ? null : outer.remembering();
  }

  /** One delivery is enough for all that are to be delivered here. */
  protected delivered(): void {
    this.owner!._mustCancel = false;
    if (remembered === 0) return;
    for (let outer = this.outer; outer !== null; outer = outer.outer) outer.forgetAny();
    this.forgetAny();
  }

  protected forgetAny(): void {
    if (this.remembered !== null) this.forget(this.remembered);
  }

  /** At a new wait: delivers what was requested while there was nothing to be cancelled. */
  protected cancelRemembered(future: FutureLike<unknown>): void {
    if (this.owner === null || (!this.owner._mustCancel && remembered === 0)) return;
    if (this.toDeliver()?.passTo(future)) this.delivered();
  }

  /** At the end of a wait: gives what is to be thrown for it. */
  protected takeRemembered(): CancelledError | null {
    if (this.owner === null || (!this.owner._mustCancel && remembered === 0)) return null;
    const request = this.toDeliver();
    if (request === null) return null;
    this.delivered();
    return this.errorOf(request);
  }

  /** At the end of the strand: gives what is to be thrown for a request that found no wait to end. */
  protected takeLate(): CancelledError | null {
    if (remembered === 0 || this.remembered === null) return null;
    const request = this.remembered;
    this.forget(request);
    return this.errorOf(request);
  }

  protected errorOf(request: Cancellation): CancelledError {
    const error = CancelledError._of(request);
    if (this.loop?.getDebug()) Error.captureStackTrace(error, this.errorOf);
    return error;
  }

  /** Puts the strand on its task; the task's async code comes to rest. */
  protected enter(): void {
    const owner = this.owner;
    if (owner === null) return;
    const top = owner._strands;
    if (top !== null) {
      this.older = top;
      top.newer = this;
    }
    owner._strands = this;
    owner._rests();
  }

  /** Takes the strand off its task. */
  protected leave(): void {
    const { owner, older, newer } = this;
    if (owner === null) return;
    if (newer !== null) newer.older = older;
    else if (owner._strands === this) owner._strands = older;
    if (older !== null) older.newer = newer;
    this.older = this.newer = null;
  }

  /** Comes back with the next pass. */
  protected reschedule(): void {
    if (this.loop === null) {
      throw new RuntimeError("Cannot run a coroutine: no event loop is running");
    }
    this.loop._enqueue(this);
  }

  protected fulfil(value: unknown): void {
    this.owner?._resumed();
    this.settle(this.onFulfilled, value, true);
  }

  protected reject(error: unknown): void {
    this.owner?._resumed();
    this.settle(this.onRejected, error, false);
  }
}
