/**
 * Holding requests to cancel back while a task cleans up; what stands behind `shielded()`.
 *
 * asyncio counterpart: none.
 *
 * A shield belongs to one task, from when its scope is entered until it is left. A request to cancel
 * the task counts at once (`cancelling()`), but is delivered when the scope is left. What is not held
 * back is a request of a scope that stands inside: a timeout of the clean-up works.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import type { Cancellation } from "./_cancellation.ts";

/** What a task must have to be shielded. */
export interface ShieldedTask {
  _shield: Shield | null;
  cancelling(): number;
  _deliver(request: Cancellation): void;
}

/** One shielded scope of one task. */
export class Shield {
  readonly #outer: Shield | null;
  readonly #held: Cancellation[] = [];

  /** Shields a task. */
  constructor(task: ShieldedTask) {
    this.#outer = task._shield;
    task._shield = this;
  }

  /** Keeps a request for later, unless it comes from inside. */
  holdsBack(request: Cancellation): boolean {
    if (request.level === this) return false;
    this.#held.push(request);
    return true;
  }

  /** How many requests this shield and those around it hold back. */
  get heldBack(): number {
    return this.#held.length + (this.#outer?.heldBack ?? 0);
  }

  /** Ends the shielding. What was held back and not taken back comes with the task's next wait. */
  leave(task: ShieldedTask): void {
    task._shield = this.#outer;
    if (task.cancelling() === 0) return;
    for (const request of this.#held) {
      if (this.#outer === null || !this.#outer.holdsBack(request)) task._deliver(request);
    }
  }
}
