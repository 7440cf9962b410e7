/**
 * `BodyFuture`: the end of an async body, and what the code of a body waits for until then.
 *
 * A task that waits for an async body (see `_body.ts`) waits, by way of it, for whatever the body's code
 * waits for: one thing, or several at once (`Promise.all`), each with a strand of its own. To cancel the
 * body is to cancel all of these. Those that are too late to be cancelled remember the request.
 *
 * asyncio counterpart: none; there, a task waits for one thing at a time.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { Cancellation } from "./_cancellation.ts";
import type { Branch } from "./_frame.ts";
import { interruptLater } from "./_interrupt.ts";
import { mayGoUnheard } from "./_stray.ts";
import type { Strand, StrandOwner } from "./_strand.ts";
import { Future, type FutureLike } from "./future.ts";
import type { FutureLoop, Runnable } from "./future_loop.ts";

/** What can go on without a turn of the loop: a task of this library, and a strand. */
interface Continuable extends Runnable {
  _continue(): void;
}

/** The end of an async body, which the code around it waits for. */
export class BodyFuture<T> extends Future<T> {
  readonly #owner: StrandOwner | null;
  // It has one waiter: a body has one caller, who waits for it from its start to its end.
  readonly branch: Branch;

  constructor(
    loop: FutureLoop,
    owner: StrandOwner | null,
    branch: Branch,
    promise: PromiseLike<T>,
  ) {
    super({ loop });
    this.#owner = owner;
    this.branch = branch;
    promise.then(
      (value) => this.end(() => this.setResult(value)),
      (error) => this.end(() => this.setException(error)),
    );
  }

  protected end(settle: () => void): void {
    // A thenable of anybody's may call back twice.
    if (this.done()) return;
    this.#owner?._rests();
    try {
      settle();
    } catch (interrupt) {
      interruptLater(this._loop, interrupt);
    }
  }

  override _addWaiter(item: Runnable): void {
    super._addWaiter(item);
    this.branch.waiter = item;
    // The one who waits comes to rest with this; the body has not, as its first await is only now
    // on its way through the engine.
    this.#owner?._resumed();
  }

  protected override _scheduleWaiters(): void {
    const waiter = this.branch.waiter as Continuable | null;
    if (waiter === null || !("_continue" in waiter) || !this._loop.isRunning()) {
      return super._scheduleWaiters();
    }
    this._waiters = null;
    waiter._continue();
  }

  /**
   * Cancels all that the body waits for. False where that is nothing, or one thing that is too late to be
   * cancelled: a body cannot be left while it runs, so the cancellation is then remembered by who asked.
   */
  override cancel(message?: string): boolean {
    if (this.#owner === null) return false;
    const waits = pendingWaits(this.#owner, this.branch);
    if (waits.length < 2) return waits[0]?.cancelWait(message) ?? false;
    cancelEach(waits, Cancellation.of(this._loop, message, undefined));
    return true;
  }
}

/**
 * The waits of a task's async code, oldest first; without those for an async body that waits itself.
 *
 * @param body the one whose waits are asked for, with all that began in it; `null` for those of all code
 */
export function pendingWaits(owner: StrandOwner, body: Branch | null): Strand[] {
  const waits: Strand[] = [];
  for (let strand = owner._strands; strand !== null; strand = strand.older) {
    if (body === null || strand.beganIn(body)) waits.push(strand);
  }
  if (waits.length < 2) return waits;
  const branches = new Set(waits.map((strand) => strand.branch));
  return waits.filter(({ waitsFor }) =>
    !(waitsFor instanceof BodyFuture && branches.has(waitsFor.branch))
  ).reverse();
}

/**
 * Cancels what several waits of one task are for; each remembers the request where that is too late.
 *
 * @param take asked first for each thing that is waited for: whether it is taken care of
 * @returns what was cancelled: once each, however many wait for it
 */
export function cancelEach(
  waits: readonly Strand[],
  request: Cancellation,
  take?: (future: FutureLike<unknown>) => boolean,
): Set<FutureLike<unknown>> {
  mayGoUnheard(request, waits[0]!.owner!);
  const cancelled = new Set<FutureLike<unknown>>();
  for (const wait of waits) {
    const { waitsFor } = wait;
    if (waitsFor !== null && cancelled.has(waitsFor)) continue;
    if (waitsFor !== null && take?.(waitsFor)) cancelled.add(waitsFor);
    else if (wait.cancelBranch(request)) cancelled.add(waitsFor!);
  }
  return cancelled;
}
