/**
 * What a `TaskGroup` can be told beyond asyncio.
 *
 * @module
 */

import type { Task } from "./task.ts";
import { describe } from "./_describe.ts";

/** What {@linkcode TaskGroup} takes. */
export interface TaskGroupOptions {
  /**
   * What the failure of a task does: `"cancel"` ends the group, and the error is thrown with others as
   * an `ExceptionGroup`; `"report"` gives the error to the loop's exception handler, and all others go
   * on. A function is given the error and the task, and the others go on unless it throws.
   * @default "cancel"
   */
  onError?: "cancel" | "report" | ((error: unknown, task: Task<unknown>) => void);
  /**
   * What the end of the body does with tasks that are not done: wait for them, or cancel them and wait
   * for that.
   * @default "wait"
   */
  onExit?: "wait" | "cancel";
  /**
   * How many tasks may run at a time; the others wait for their turn, in order.
   * @default Infinity
   */
  limit?: number;
}

/**
 * The options with their defaults.
 *
 * @throws {TypeError} when one is of the wrong kind
 * @throws {RangeError} when the limit is no whole number above 0
 * @internal
 */
export function checkOptions(
  { onError = "cancel", onExit = "wait", limit = Infinity }: TaskGroupOptions,
): Required<TaskGroupOptions> {
  if (onError !== "cancel" && onError !== "report" && typeof onError !== "function") {
    throw new TypeError(
      'Cannot make a task group: onError must be "cancel", "report" or a function, got ' +
        describe(onError),
    );
  }
  if (onExit !== "wait" && onExit !== "cancel") {
    throw new TypeError(
      `Cannot make a task group: onExit must be "wait" or "cancel", got ${describe(onExit)}`,
    );
  }
  if (limit !== Infinity && !(Number.isInteger(limit) && limit > 0)) {
    throw new RangeError(
      `Cannot make a task group: the limit must be a whole number above 0, got ${limit}`,
    );
  }
  return { onError, onExit, limit };
}
