/**
 * Holding requests to cancel back while a task cleans up; what stands behind `shielded()`.
 *
 * asyncio counterpart: none.
 *
 * A shield belongs to one task, from when its scope is entered until it is left. A request to cancel
 * the task counts at once (`cancelling()`), but is delivered when the scope is left. What is not held
 * back is a request of a scope that stands inside: a timeout of the clean-up works. Nor is one of a scope
 * that stands beside it, in another branch of the task (`Promise.all`).
 *
 * Shields are left in the order in which they were entered or in another, as branches end.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import type { Cancellation } from "./_cancellation.ts";
import { drivingStrand } from "./_frame.ts";
import type { Strand } from "./_strand.ts";

/** What a task must have to be shielded. */
export interface ShieldedTask {
  _shield: Shield | null;
  cancelling(): number;
  _deliver(request: Cancellation): void;
}

/** One shielded scope of one task. */
export class Shield {
  // The one that was entered before and has not been left.
  #outer: Shield | null;
  readonly #strand: Strand | null = drivingStrand();
  readonly #held: Cancellation[] = [];

  /** Shields a task. */
  constructor(task: ShieldedTask) {
    this.#outer = task._shield;
    task._shield = this;
  }

  /** Keeps a request for later, unless it comes from inside, or from beside. */
  holdsBack(request: Cancellation): boolean {
    const { place } = request;
    if (place?.shield === this) return false;
    const strand = this.#strand;
    if (place?.strand && strand?.owner === place.task && !strand.isWithin(place.strand)) {
      return this.#outer?.holdsBack(request) ?? false;
    }
    this.#held.push(request);
    return true;
  }

  /** How many requests this shield and those around it hold back. */
  get heldBack(): number {
    return this.#held.length + (this.#outer?.heldBack ?? 0);
  }

  /** Ends the shielding. What was held back and not taken back comes with the task's next wait. */
  leave(task: ShieldedTask): void {
    if (task._shield === this) task._shield = this.#outer;
    else {
      let inner = task._shield;
      while (inner !== null && inner.#outer !== this) inner = inner.#outer;
      if (inner !== null) inner.#outer = this.#outer;
    }
    if (task.cancelling() === 0) return;
    for (const request of this.#held) {
      if (task._shield === null || !task._shield.holdsBack(request)) task._deliver(request);
    }
  }
}
