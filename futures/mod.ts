/**
 * Futures, tasks, coroutines and contexts: everything that waits, whatever the loop.
 *
 * @example A coroutine, and a task that runs it
 * ```ts
 * import { coroutine, createTask, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const double = coroutine(function* (x: number) {
 *   yield* sleep(1);
 *   return 2 * x;
 * });
 * assertEquals(await run(async () => await createTask(double(21))), 42);
 * ```
 *
 * @module
 */

export type { Awaitable, Suspension } from "./awaitable.ts";
export {
  type Body,
  Coroutine,
  coroutine,
  type CoroutineFunction,
  type CoroutineGenerator,
  type CoroutineLike,
  iscoroutine,
  iscoroutinefunction,
} from "./coroutine.ts";
export {
  type DoneCallback,
  Future,
  type FutureLike,
  type FutureOptions,
  isfuture,
} from "./future.ts";
export { Task, type TaskConstructorOptions, type TaskOptions } from "./task.ts";
export {
  createTask,
  ensureFuture,
  type EnsureFutureOptions,
  type FutureInput,
  type ResultOf,
} from "./ensure_future.ts";
export { sleep } from "./sleep.ts";
export { gather, type GatherOptions, type GatherResults, type GatherSettled } from "./gather.ts";
export { waitFor } from "./wait_for.ts";
export { Timeout, timeout, timeoutAt } from "./timeout.ts";
export { moveOnAfter, moveOnAt } from "./move_on.ts";
export { TaskGroup, taskGroup, type TaskGroupBody, type TaskGroupOptions } from "./task_group.ts";
export {
  type ErrorClass,
  type ErrorFilter,
  ExceptionGroup,
  exceptStar,
  type ExceptStarClause,
} from "./exception_group.ts";
export { shield } from "./shield.ts";
export { shielded } from "./shielded.ts";
export { ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, wait, type WaitOptions } from "./wait.ts";
export {
  type AsCompleted,
  asCompleted,
  type AsCompletedOptions,
  type DoneFuture,
} from "./as_completed.ts";
export type { AbortOptions } from "./_abort.ts";
export { Guard } from "./guard.ts";
export { Lock } from "./lock.ts";
export { Event } from "./event.ts";
export { Condition } from "./condition.ts";
export { BoundedSemaphore, Semaphore } from "./semaphore.ts";
export { Barrier, BrokenBarrierError } from "./barrier.ts";
export { Queue, type QueueShutdownOptions } from "./queue.ts";
export { PriorityQueue, type PriorityQueueOptions } from "./priority_queue.ts";
export { LifoQueue } from "./lifo_queue.ts";
export { QueueEmpty, QueueFull, QueueShutDown } from "./queue_errors.ts";
export {
  createEagerTaskFactory,
  type EagerTaskFactory,
  eagerTaskFactory,
  type TaskConstructor,
} from "./eager_task_factory.ts";
export { ConcurrentFuture } from "./concurrent_future.ts";
export { runCoroutineThreadsafe } from "./run_coroutine_threadsafe.ts";
export { wrapFuture, type WrapFutureOptions } from "./wrap_future.ts";
export {
  type CallGraphOptions,
  captureCallGraph,
  formatCallGraph,
  type FrameCallGraphEntry,
  futureAddToAwaitedBy,
  type FutureCallGraph,
  futureDiscardFromAwaitedBy,
  printCallGraph,
  type PrintCallGraphOptions,
} from "./call_graph.ts";
export { Context, ContextVar, type ContextVarOptions, copyContext, Token } from "./context.ts";
export {
  _enterTask,
  _leaveTask,
  _registerEagerTask,
  _registerTask,
  _swapCurrentTask,
  _unregisterEagerTask,
  _unregisterTask,
  allTasks,
  currentTask,
  type TaskLike,
} from "./task_registry.ts";
export type {
  CancelHandle,
  ExceptionContext,
  FutureLoop,
  Runnable,
  TimerCancelHandle,
} from "./future_loop.ts";
export {
  CancelledError,
  type CancelledErrorOptions,
  type CancelOptions,
  type CancelOrigin,
  InvalidStateError,
  KeyboardInterrupt,
  NotImplementedError,
  RuntimeError,
  TimeoutError,
  type TimeoutErrorOptions,
} from "./errors.ts";
