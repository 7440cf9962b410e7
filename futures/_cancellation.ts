/**
 * One request to cancel: what it says, who made it, and how it reaches what is waited for.
 *
 * asyncio counterpart: `Future._cancel_message`, which is the message only.
 *
 * `cancel()` takes a message and goes down, call by call, from a task to the future that it waits
 * for, through the classes of third parties too. It goes down synchronously, so the request that it
 * belongs to is kept in a variable meanwhile, and every `cancel()` on the way finds it there.
 *
 * Invariant: the variable is set only while a `cancel()` that belongs to it is on the stack.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import type { Strand } from "./_strand.ts";
import { runningTask } from "./_frame.ts";
import { CancelledError, type CancelOptions, type CancelOrigin } from "./errors.ts";
import type { FutureLoop } from "./future_loop.ts";
import type { Shield } from "./_shield.ts";
import type { TaskLike } from "./task_registry.ts";

let current: Cancellation | null = null;

/** The scope that makes a request, as a place in the code of a task. */
export interface CancelPlace {
  readonly task: TaskLike;
  /** The shield that the scope stands in. */
  readonly shield: Shield | null;
  /** The strand that the scope runs in; `null` where the task itself runs it. */
  readonly strand: Strand | null;
}

/** A request to cancel. */
export class Cancellation implements CancelOrigin {
  readonly message: string | undefined;
  readonly reason: unknown;
  readonly task: TaskLike | undefined;
  readonly scope: object | undefined;
  readonly stack: string | undefined;
  /**
   * For a request by a scope: where it stands. The request is confined to what is waited for there. A
   * shield that was entered later holds it back; one that comes from nowhere, all of them do.
   */
  readonly place: CancelPlace | undefined;

  constructor(
    loop: FutureLoop,
    message: string | undefined,
    reason?: unknown,
    scope?: object,
    place?: CancelPlace,
  ) {
    this.message = message;
    this.reason = reason;
    this.task = runningTask() ?? undefined;
    this.scope = scope;
    this.place = place;
    this.stack = loop.getDebug() ? new Error().stack : undefined;
  }

  /** The request that a call of `cancel()` belongs to. */
  static of(
    loop: FutureLoop,
    message: string | undefined,
    options: CancelOptions | undefined,
  ): Cancellation {
    if (current !== null && current.message === message && options === undefined) return current;
    return new Cancellation(loop, message, options?.reason);
  }

  /**
   * Lets every `cancel()` with the same message belong to this request from now on.
   *
   * @returns what to give to {@linkcode Cancellation.leave} at the end
   */
  enter(): Cancellation | null {
    const before = current;
    current = this;
    return before;
  }

  /** Ends what {@linkcode Cancellation.enter} began. */
  static leave(before: Cancellation | null): void {
    current = before;
  }

  /** Cancels one thing for what another was cancelled for, or for what has ended in an error. */
  static passOn(
    from: CancelledError | { _cancellation: Cancellation | undefined },
    target: { cancel(message?: string): boolean },
  ): boolean {
    const request = from instanceof CancelledError ? from.origin : from._cancellation;
    if (request instanceof Cancellation) return request.passTo(target);
    return target.cancel(from instanceof CancelledError ? from.message : undefined);
  }

  /** Cancels a future or task as part of this request. */
  passTo(target: { cancel(message?: string): boolean }): boolean {
    const before = this.enter();
    try {
      return target.cancel(this.message);
    } finally {
      Cancellation.leave(before);
    }
  }
}
