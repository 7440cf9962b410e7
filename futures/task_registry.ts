/**
 * Which tasks exist, and which one runs.
 *
 * asyncio counterpart: `asyncio.tasks.all_tasks`, `current_task` and the six functions that make a
 * third party's tasks visible to both.
 *
 * Invariants: a registered task is strongly held until it is unregistered, so a task that nobody
 * else refers to still runs to its end; a loop that is no longer referred to takes its tasks with it.
 *
 * @module
 */

import type { FutureLoop } from "./future_loop.ts";
import { runningLoop, runningTask, sync } from "./_frame.ts";
import { RuntimeError } from "./errors.ts";

/** What every task has, whoever made its class. */
export interface TaskLike {
  /** The loop that runs it. */
  getLoop(): unknown;
  /** Whether it has ended. */
  done(): boolean;
  /** Asks it to end; see `Task.cancel()`. */
  cancel(message?: string): boolean;
}

/**
 * The tasks of one loop: the library's own in a list that runs through them, others in a set.
 * @internal
 */
export interface LinkedTask extends TaskLike {
  _previousTask: LinkedTask | null;
  _nextTask: LinkedTask | null;
}

class Registry {
  /** The loop is closed: no task can be added. */
  closed = false;
  first: LinkedTask | null = null;
  readonly others: Set<TaskLike> = new Set();
}

const registries = new WeakMap<object, Registry>();
let lastLoop: object | null = null;
let lastRegistry: Registry | null = null;

function registryOf(loop: object): Registry {
  if (loop === lastLoop) return lastRegistry!;
  let registry = registries.get(loop);
  if (registry === undefined) registries.set(loop, registry = new Registry());
  if (registry.closed) return registry;
  lastLoop = loop;
  lastRegistry = registry;
  return registry;
}

/**
 * Says that a loop is closed: no task can be made on it any more, and it can be collected.
 * @internal
 */
export function _closeRegistry(loop: object): void {
  registryOf(loop).closed = true;
  if (loop === lastLoop) lastLoop = lastRegistry = null;
}

/** @internal */
export function linkTask(loop: object, task: LinkedTask): void {
  const registry = registryOf(loop);
  if (registry.closed) throw new RuntimeError("Cannot make a task: its event loop is closed");
  const first = registry.first;
  task._nextTask = first;
  if (first !== null) first._previousTask = task;
  registry.first = task;
}

/** @internal */
export function unlinkTask(loop: object, task: LinkedTask): void {
  const previous = task._previousTask;
  const next = task._nextTask;
  if (previous !== null) previous._nextTask = next;
  else {
    const registry = registryOf(loop);
    if (registry.first !== task) return;
    registry.first = next;
  }
  if (next !== null) next._previousTask = previous;
  task._previousTask = task._nextTask = null;
}

/**
 * Makes a task known to {@linkcode allTasks}. Task classes of third parties call it when a task is
 * made; the library's own tasks need not.
 *
 * asyncio name: `_register_task`.
 */
export function _registerTask(task: TaskLike): void {
  registryOf(task.getLoop() as object).others.add(task);
}

/**
 * Makes a task known that starts eagerly, before its constructor returns.
 *
 * asyncio name: `_register_eager_task`.
 */
export function _registerEagerTask(task: TaskLike): void {
  _registerTask(task);
}

/**
 * Takes a task out of {@linkcode allTasks}; call it when the task is done.
 *
 * asyncio name: `_unregister_task`.
 */
export function _unregisterTask(task: TaskLike): void {
  registryOf(task.getLoop() as object).others.delete(task);
}

/**
 * Takes out what {@linkcode _registerEagerTask} put in.
 *
 * asyncio name: `_unregister_eager_task`.
 */
export function _unregisterEagerTask(task: TaskLike): void {
  _unregisterTask(task);
}

// Tasks of third parties that are being stepped, by loop.
const entered = new Map<object, TaskLike>();

function current(loop: object): TaskLike | null {
  const task = entered.size > 0 ? entered.get(loop) : undefined;
  if (task !== undefined) return task;
  return runningLoop() === loop ? runningTask() : null;
}

function setCurrent(loop: object, task: TaskLike | null): void {
  if (task === null) entered.delete(loop);
  else entered.set(loop, task);
  if (sync.context !== undefined && sync.loop === loop) sync.task = task;
}

/**
 * Takes the third party's task of a loop aside, or puts it back, around a task that starts eagerly
 * inside its step.
 *
 * @returns the one that was there
 * @internal
 */
export function swapEntered(loop: object, task: TaskLike | undefined): TaskLike | undefined {
  if (entered.size === 0 && task === undefined) return undefined;
  const before = entered.get(loop);
  if (task === undefined) entered.delete(loop);
  else entered.set(loop, task);
  return before;
}

/**
 * Says that a task is about to run; {@linkcode currentTask} returns it until
 * {@linkcode _leaveTask}. Task classes of third parties call it around each synchronous step.
 *
 * asyncio name: `_enter_task`.
 *
 * @throws {RuntimeError} when another task of this loop is running
 */
export function _enterTask(loop: FutureLoop, task: TaskLike): void {
  const running = current(loop);
  if (running !== null) {
    throw new RuntimeError(
      `Cannot enter into task ${task}: task ${running} is being executed`,
    );
  }
  setCurrent(loop, task);
}

/**
 * Ends what {@linkcode _enterTask} began.
 *
 * asyncio name: `_leave_task`.
 *
 * @throws {RuntimeError} when the current task is another one
 */
export function _leaveTask(loop: FutureLoop, task: TaskLike): void {
  const running = current(loop);
  if (running !== task) {
    throw new RuntimeError(`Cannot leave task ${task}: the current task is ${running}`);
  }
  setCurrent(loop, null);
}

/**
 * Exchanges the current task, for a task that starts eagerly inside another.
 *
 * asyncio name: `_swap_current_task`.
 *
 * @param loop the loop of both
 * @param task the new current task, or `undefined` for none
 * @returns the current task before, or `undefined`
 */
export function _swapCurrentTask(
  loop: FutureLoop,
  task: TaskLike | undefined,
): TaskLike | undefined {
  const before = current(loop);
  setCurrent(loop, task ?? null);
  return before ?? undefined;
}

function loopOrRunning(loop: FutureLoop | undefined): FutureLoop {
  loop ??= runningLoop() ?? undefined;
  if (loop === undefined) throw new RuntimeError("No running event loop");
  return loop;
}

/**
 * The task that is running, or `undefined` in a callback of the loop.
 *
 * Works in generator coroutines and in async functions, there also after an await of any promise.
 *
 * asyncio name: `current_task`.
 *
 * @param loop the loop to ask about; the running one by default
 * @throws {RuntimeError} when no loop is given and none is running
 *
 * @example A task that finds itself
 * ```ts
 * import { createTask, currentTask, run } from "@asyncio/asyncio";
 * import { assertStrictEquals } from "@std/assert";
 *
 * await run(async () => {
 *   let found: unknown;
 *   const task = createTask(async () => void (found = currentTask()));
 *   await task;
 *   assertStrictEquals(found, task);
 * });
 * ```
 */
export function currentTask(loop?: FutureLoop): TaskLike | undefined {
  return current(loopOrRunning(loop)) ?? undefined;
}

/**
 * All tasks of a loop that are not done.
 *
 * asyncio name: `all_tasks`.
 *
 * @param loop the loop to ask about; the running one by default
 * @throws {RuntimeError} when no loop is given and none is running
 *
 * @example Waiting for all others
 * ```ts
 * import { allTasks, createTask, currentTask, run, sleep, type Task, wait } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   for (const delay of [1, 2]) createTask(sleep(delay));
 *   const others = [...allTasks()].filter((task) => task !== currentTask()) as Task<unknown>[];
 *   assertEquals(others.length, 2);
 *   await wait(others);
 *   assertEquals(allTasks().size, 1);
 * });
 * ```
 */
export function allTasks(loop?: FutureLoop): Set<TaskLike> {
  const registry = registryOf(loopOrRunning(loop));
  const tasks = new Set<TaskLike>();
  for (let task = registry.first; task !== null; task = task._nextTask) {
    if (!task.done()) tasks.add(task);
  }
  for (const task of registry.others) if (!task.done()) tasks.add(task);
  return tasks;
}
