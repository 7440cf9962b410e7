/**
 * The narrow view of a loop that futures and tasks need.
 *
 * `futures/` imports no loop: any object of this shape carries its futures and tasks. Every loop
 * that extends `AbstractEventLoop` has it, since the two methods that asyncio has no name for
 * (`_enqueue`, `_asyncStep`) have defaults there.
 *
 * @module
 */

import type { Future } from "./future.ts";
import type { Task, TaskOptions } from "./task.ts";
import type { CoroutineLike } from "./coroutine.ts";
import type { Context } from "./context.ts";

/**
 * What a ready queue holds: something that can be run once, in a context.
 *
 * `Handle`s are runnables, and so are tasks, which saves a handle for every step.
 */
export interface Runnable {
  /** The context it runs in. */
  readonly _context: Context;
  /** On whose behalf it waits for a future, for the call graph: a task, or a future made of others. */
  readonly _awaiter?: object | null;
  /** Runs it. Called by the loop's pass only. */
  _run(): void;
}

/** A scheduled callback that can be called off, as the loop's `callSoon()` returns it. */
export interface CancelHandle {
  /** Calls it off; a second call does nothing. */
  cancel(): void;
}

/** A callback scheduled for a time, as the loop's `callLater()` and `callAt()` return it. */
export interface TimerCancelHandle extends CancelHandle {
  /** When it is due, in milliseconds of the loop's clock. */
  when(): number;
}

/** What the exception handler is told. Further keys may be there, depending on the message. */
export interface ExceptionContext {
  /** What happened. */
  message: string;
  /** The error, where there is one. */
  exception?: unknown;
  /** The future concerned, where there is one. */
  future?: unknown;
  /** The task concerned, where there is one. */
  task?: unknown;
  /** The handle whose callback failed. */
  handle?: unknown;
  /** The protocol concerned. */
  protocol?: unknown;
  /** The transport concerned. */
  transport?: unknown;
  /** The socket concerned. */
  socket?: unknown;
  /** The stack of the place where the object was made, known in debug mode. */
  sourceTraceback?: string;
  /** Further details. */
  [key: string]: unknown;
}

/** The part of an event loop that futures and tasks use. */
export interface FutureLoop {
  /** The loop's clock, in milliseconds. */
  time(): number;
  /** Schedules a callback for the next pass. */
  callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): CancelHandle;
  /** The same for callers outside of the loop. */
  callSoonThreadsafe<A extends unknown[]>(
    callback: (...args: A) => void,
    ...args: A
  ): CancelHandle;
  /** Schedules a callback `delay` milliseconds from now. */
  callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerCancelHandle;
  /** Schedules a callback at an absolute time of the loop's clock, in milliseconds. */
  callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerCancelHandle;
  /** Appends something to the ready queue; `callSoon` without the making of a handle. */
  _enqueue(item: Runnable): void;
  /**
   * The number of async functions that were resumed in the present pass and have not yet come to
   * rest. The pass goes on when it is back at zero.
   */
  _asyncSteps: number;
  /** How many microtasks the pass has waited since one of them last went on; they set it to 0. */
  _asyncHops: number;
  /** Changes whenever the loop stops waiting for the async functions that it resumed. */
  _asyncEpoch: number;
  /** Called when all of them have come to rest, where the loop wants to be told. */
  _asyncRested?: (() => void) | undefined;
  /** Whether debug mode is on. */
  getDebug(): boolean;
  /** Whether the loop runs. */
  isRunning(): boolean;
  /** Whether the loop was closed, so that nothing will run on it again. */
  isClosed(): boolean;
  /** Reports a problem that nobody else can be told of. */
  callExceptionHandler(context: ExceptionContext): void;
  /** Makes a future of this loop. */
  createFuture<T>(): Future<T>;
  /** Makes a task of this loop, through its task factory. */
  createTask<T>(coro: CoroutineLike<T>, options?: TaskOptions): Task<T>;
}
