/**
 * `SimulatedEventLoop`: a loop whose time is virtual.
 *
 * asyncio counterpart: none.
 *
 * It overrides hooks only. When nothing is ready, the clock jumps to the next deadline; hours pass in
 * milliseconds, and every run of a program takes the same steps. A program that waits for nothing is
 * reported instead of hanging.
 *
 * @module
 */

import { RuntimeError } from "../../futures/errors.ts";
import { allTasks, type TaskLike } from "../../futures/task_registry.ts";
import { BaseEventLoop } from "../base_event_loop.ts";

/** A simulated program waits for something that can never happen. */
export class DeadlockError extends RuntimeError {
  /** The class name, for printing. */
  override readonly name: string = "DeadlockError";
  /** The tasks that wait. */
  readonly tasks: readonly TaskLike[];

  /**
   * Makes the error.
   *
   * @param tasks the tasks that wait
   */
  constructor(tasks: readonly TaskLike[]) {
    const list = tasks.map((task) => `\n  ${task}`).join("");
    super(
      "The program waits for ever: nothing is ready, no timer is scheduled" +
        (list === "" ? ", and there is no task" : `, and these tasks wait:${list}`),
    );
    this.tasks = tasks;
  }
}

/**
 * A loop with a virtual clock, for tests and simulations.
 *
 * The clock starts at 0 and moves only while nothing is ready, straight to the next deadline.
 * Promises that are not of this library get one turn of the host before each move.
 *
 * @example Hours in no time
 * ```ts
 * import { getRunningLoop, run, sleep } from "@asyncio/asyncio";
 * import { SimulatedEventLoop } from "@asyncio/asyncio/simulated";
 * import { assertEquals } from "@std/assert";
 *
 * const time = await run(async () => {
 *   await sleep(3 * 60 * 60 * 1000);
 *   return getRunningLoop().time();
 * }, { loopFactory: () => new SimulatedEventLoop() });
 * assertEquals(time, 10_800_000);
 * ```
 */
export class SimulatedEventLoop extends BaseEventLoop {
  #now = 0;
  #woken = false;

  /** See {@linkcode BaseEventLoop.time}. */
  override time(): number {
    return this.#now;
  }

  /** See {@linkcode BaseEventLoop._select}. */
  override async _select(timeoutMs: number): Promise<void> {
    this.#woken = false;
    await hostTurn();
    if (this.#woken || timeoutMs === 0) return;
    if (timeoutMs === Infinity) throw new DeadlockError([...allTasks(this)]);
    this.#now += timeoutMs;
  }

  /** See {@linkcode BaseEventLoop._wakeup}. */
  override _wakeup(): void {
    this.#woken = true;
  }
}

function hostTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
