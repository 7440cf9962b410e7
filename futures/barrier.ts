/**
 * `Barrier`: a number of tasks wait until all of them are there.
 *
 * asyncio counterpart: `asyncio.locks.Barrier`.
 *
 * States:
 *
 * - *filling*: tasks come and wait; the last one makes it draining;
 * - *draining*: they leave, and new ones wait outside; the last one to leave makes it filling;
 * - *resetting*: after `reset()`, they leave with an error; the last one to leave makes it filling;
 * - *broken*: after `abort()`, everybody gets an error until `reset()`.
 *
 * Invariant: `#count` tasks have come in and not left, in every state. All of it happens with the
 * lock of `#changed` held, so that a task looks at the state and begins to wait in one step.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import {
  type Coroutine,
  coroutine,
  type CoroutineFunction,
  type CoroutineGenerator,
} from "./coroutine.ts";
import { LoopBinding } from "./_loop_binding.ts";
import { Condition } from "./condition.ts";
import { describe } from "./_describe.ts";
import { RuntimeError } from "./errors.ts";

/**
 * The barrier that a task waited at was reset or aborted.
 *
 * asyncio name: `BrokenBarrierError`.
 */
export class BrokenBarrierError extends RuntimeError {
  /** The class name, for printing. */
  override readonly name: string = "BrokenBarrierError";
}

/**
 * Holds tasks up until a number of them has come, then lets all of them go on; again and again.
 *
 * A task that is cancelled, or gives up, while it waits leaves the others waiting for another one in
 * its place. A barrier belongs to the loop in which a task first waited at it, until that loop is
 * closed.
 *
 * asyncio name: `Barrier`.
 *
 * @example Nobody starts before everybody is there
 * ```ts
 * import { Barrier, gather, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * const log: string[] = [];
 * async function runner(name: string) {
 *   log.push(`${name} is there`);
 *   await barrier.wait();
 *   log.push(`${name} runs`);
 * }
 * await run(() => gather(() => runner("a"), () => runner("b")));
 * assertEquals(log.slice(0, 2), ["a is there", "b is there"]);
 * assertEquals(log.slice(2).sort(), ["a runs", "b runs"]);
 * ```
 */
export class Barrier {
  readonly #parties: number;
  #changed = new Condition();
  readonly #binding = new LoopBinding(this, () => this.#forget());
  #state: "filling" | "draining" | "resetting" | "broken" = "filling";
  #count = 0;

  /**
   * Makes a barrier.
   *
   * @param parties how many tasks it waits for
   * @throws {RangeError} when `parties` is less than 1 or no whole number
   */
  constructor(parties: number) {
    if (!Number.isInteger(parties) || parties < 1) {
      throw new RangeError(
        `Cannot make a barrier: the number of parties must be 1 or more, got ${describe(parties)}`,
      );
    }
    this.#parties = parties;
  }

  /** How many tasks it waits for. */
  get parties(): number {
    return this.#parties;
  }

  /**
   * How many tasks wait for the others to come.
   *
   * asyncio name: `n_waiting`.
   */
  get nWaiting(): number {
    return this.#state === "filling" ? this.#count : 0;
  }

  /** Whether it was aborted, and not reset since. */
  get broken(): boolean {
    return this.#state === "broken";
  }

  /**
   * Waits until as many tasks are there as the barrier has parties.
   *
   * A task that comes while the ones before are leaving waits for them first.
   *
   * **Cancellation**: the task does not count any more; the others go on waiting.
   *
   * asyncio name: `wait`.
   *
   * @param options a signal that ends the wait
   * @returns a number from 0 to `parties - 1`, another one for each task
   * @throws {BrokenBarrierError} when the barrier is broken, or is reset or aborted while it waits
   * @throws {RuntimeError} when the barrier is bound to another loop
   */
  wait(options?: AbortOptions): Coroutine<number> {
    return withSignal(Barrier.#wait(this), options?.signal);
  }

  /**
   * Makes the barrier as new; tasks that wait get {@linkcode BrokenBarrierError}.
   *
   * **Cancellation**: nothing has happened.
   *
   * asyncio name: `reset`.
   *
   * @param options a signal that ends the wait
   */
  reset(options?: AbortOptions): Coroutine<undefined> {
    return withSignal(Barrier.#reset(this), options?.signal);
  }

  /**
   * Breaks the barrier: all who wait, or come later, get {@linkcode BrokenBarrierError}.
   *
   * **Cancellation**: nothing has happened.
   *
   * asyncio name: `abort`.
   *
   * @param options a signal that ends the wait
   */
  abort(options?: AbortOptions): Coroutine<undefined> {
    return withSignal(Barrier.#abort(this), options?.signal);
  }

  /** For messages, e.g. `<Barrier [filling, waiters:2/3]>`. */
  toString(): string {
    const waiters = this.broken ? "" : `, waiters:${this.nWaiting}/${this.#parties}`;
    return `<${this.constructor.name} [${this.#state}${waiters}]>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  static readonly #wait: CoroutineFunction<[Barrier], number> = coroutine(
    function* wait(barrier: Barrier): CoroutineGenerator<number> {
      if (barrier.#parties > 1) barrier.#binding.getLoop();
      yield* barrier.#changed.acquire();
      try {
        yield* barrier.#comeIn();
        try {
          const index = barrier.#count++;
          if (barrier.#count < barrier.#parties) yield* barrier.#waitForOthers();
          else {
            barrier.#state = "draining";
            barrier.#changed.notifyAll();
          }
          return index;
        } finally {
          barrier.#count--;
          barrier.#leave();
        }
      } finally {
        barrier.#changed.release();
      }
    },
  );

  static readonly #reset: CoroutineFunction<[Barrier], undefined> = coroutine(
    function* reset(barrier: Barrier): CoroutineGenerator<undefined> {
      yield* barrier.#changed.acquire();
      barrier.#state = barrier.#count > 0 ? "resetting" : "filling";
      barrier.#changed.notifyAll();
      barrier.#changed.release();
    },
  );

  static readonly #abort: CoroutineFunction<[Barrier], undefined> = coroutine(
    function* abort(barrier: Barrier): CoroutineGenerator<undefined> {
      yield* barrier.#changed.acquire();
      barrier.#state = "broken";
      barrier.#changed.notifyAll();
      barrier.#changed.release();
    },
  );

  /** Who had come will not come back. */
  #forget(): void {
    this.#count = 0;
    this.#changed = new Condition();
    if (this.#state !== "broken") this.#state = "filling";
  }

  *#comeIn(): CoroutineGenerator<void> {
    yield* this.#changed.waitFor(() => this.#state !== "draining" && this.#state !== "resetting");
    if (this.#state === "broken") {
      throw new BrokenBarrierError("Cannot wait at the barrier: it was aborted");
    }
  }

  *#waitForOthers(): CoroutineGenerator<void> {
    yield* this.#changed.waitFor(() => this.#state !== "filling");
    if (this.#state !== "draining") {
      throw new BrokenBarrierError(
        `Cannot wait at the barrier: it was ${this.broken ? "aborted" : "reset"} meanwhile`,
      );
    }
  }

  #leave(): void {
    if (this.#count > 0) return;
    if (this.#state === "resetting" || this.#state === "draining") this.#state = "filling";
    this.#changed.notifyAll();
  }
}
