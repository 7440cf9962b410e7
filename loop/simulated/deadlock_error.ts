/**
 * `DeadlockError`: what a simulated program that waits for ever ends with.
 *
 * @module
 */

import { RuntimeError } from "../../futures/errors.ts";
import type { TaskLike } from "../../futures/task_registry.ts";

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
