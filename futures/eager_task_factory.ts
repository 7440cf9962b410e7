/**
 * Task factories that start tasks at once.
 *
 * asyncio counterpart: `asyncio.tasks.eager_task_factory` and `create_eager_task_factory`.
 *
 * @module
 */

import type { CoroutineLike } from "./coroutine.ts";
import type { FutureLoop } from "./future_loop.ts";
import { isClass } from "./_is_class.ts";
import { Task, type TaskConstructorOptions, type TaskOptions } from "./task.ts";
import type { TaskLike } from "./task_registry.ts";

/**
 * A class of tasks for {@linkcode createEagerTaskFactory}, or a function that makes tasks.
 *
 * @typeParam T the type of the tasks
 */
export type TaskConstructor<T extends TaskLike> =
  | (new (coro: CoroutineLike<unknown>, options: TaskConstructorOptions) => T)
  | ((coro: CoroutineLike<unknown>, options: TaskConstructorOptions) => T);

/**
 * Makes tasks for a loop; give it to `loop.setTaskFactory()`.
 *
 * @typeParam T the type of the tasks
 */
export type EagerTaskFactory<T extends TaskLike> = (
  loop: FutureLoop,
  coro: CoroutineLike<unknown>,
  options?: TaskOptions,
) => T;

/**
 * Makes a task factory whose tasks run up to their first wait when they are made.
 *
 * A task that does not wait is done when `createTask()` returns, and costs no turn of the loop.
 *
 * asyncio name: `create_eager_task_factory`.
 *
 * @param construct a subclass of `Task`, or a function that makes tasks and takes what its
 * constructor takes
 * @returns the factory
 *
 * @example Tasks of one's own class
 * ```ts
 * import { createEagerTaskFactory, createTask, getRunningLoop, run, Task } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * class CountedTask<T> extends Task<T> {}
 * await run(async () => {
 *   getRunningLoop().setTaskFactory(createEagerTaskFactory(CountedTask));
 *   assert(createTask(async () => {}) instanceof CountedTask);
 * });
 * ```
 */
export function createEagerTaskFactory<T extends TaskLike>(
  construct: TaskConstructor<T>,
): EagerTaskFactory<T> {
  const make = isNewable(construct)
    ? (coro: CoroutineLike<unknown>, options: TaskConstructorOptions) =>
      new construct(coro, options)
    : construct;
  return (loop, coro, options) => make(coro, { eagerStart: true, ...options, loop });
}

function isNewable<T extends TaskLike>(
  construct: TaskConstructor<T>,
): construct is new (coro: CoroutineLike<unknown>, options: TaskConstructorOptions) => T {
  return isClass(construct);
}

/**
 * The task factory whose tasks run up to their first wait when they are made; for
 * `loop.setTaskFactory()`.
 *
 * asyncio name: `eager_task_factory`.
 *
 * @example A task that is done at once
 * ```ts
 * import { createTask, eagerTaskFactory, getRunningLoop, run } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * await run(async () => {
 *   getRunningLoop().setTaskFactory(eagerTaskFactory);
 *   const task = createTask(function* () {
 *     return 5;
 *   });
 *   assert(task.done());
 * });
 * ```
 */
export const eagerTaskFactory: EagerTaskFactory<Task<unknown>> = createEagerTaskFactory(
  Task<unknown>,
);
