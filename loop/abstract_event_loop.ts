/**
 * `AbstractEventLoop`: every method of a loop, declared, documented and not implemented.
 *
 * asyncio counterpart: `asyncio.events.AbstractEventLoop`.
 *
 * @module
 */

import type { CoroutineLike } from "../futures/coroutine.ts";
import type { FutureInput } from "../futures/ensure_future.ts";
import { NotImplementedError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import type { ExceptionContext, FutureLoop, Runnable } from "../futures/future_loop.ts";
import type { Task, TaskOptions } from "../futures/task.ts";
import type { TaskLike } from "../futures/task_registry.ts";
import type { Handle, TimerHandle } from "./handle.ts";

/**
 * Makes the tasks of a loop; see {@linkcode AbstractEventLoop.setTaskFactory}.
 *
 * What it returns must be a future, and should be a {@linkcode Task} or look like one.
 */
export type TaskFactory = (
  loop: AbstractEventLoop,
  coro: CoroutineLike<unknown>,
  options?: TaskOptions,
) => TaskLike;

/** Told of problems; see {@linkcode AbstractEventLoop.setExceptionHandler}. */
export type ExceptionHandler = (loop: AbstractEventLoop, context: ExceptionContext) => void;

/**
 * What every loop offers.
 *
 * Each method raises `NotImplementedError` here. Inherit from `BaseEventLoop`, which implements them
 * on a few hooks, unless nothing of it is of use.
 *
 * asyncio name: `AbstractEventLoop`.
 */
export abstract class AbstractEventLoop implements FutureLoop {
  /** @internal */
  _asyncSteps = 0;
  /** @internal */
  _asyncEpoch = 0;

  #missing(name: string): never {
    throw new NotImplementedError(`${this.constructor.name} does not implement ${name}()`);
  }

  // ---- Running ----------------------------------------------------------------------------------

  /**
   * Runs until {@linkcode AbstractEventLoop.stop} is called, and keeps the process alive meanwhile.
   *
   * asyncio name: `run_forever`.
   *
   * @throws {RuntimeError} when the loop is closed or running
   */
  runForever(): Promise<void> {
    this.#missing("runForever");
  }

  /**
   * Runs until something is done, and returns its result.
   *
   * When nothing is left that could complete it, Deno ends the process, as it does for any promise
   * that can never be settled.
   *
   * asyncio name: `run_until_complete`.
   *
   * @param input a future, a coroutine, an async function or a promise
   * @throws {RuntimeError} when the loop is closed or running, or is stopped before the end
   */
  runUntilComplete<T>(_input: FutureInput<T>): Promise<T> {
    this.#missing("runUntilComplete");
  }

  /**
   * Ends the run after the present pass.
   *
   * asyncio name: `stop`.
   */
  stop(): void {
    this.#missing("stop");
  }

  /**
   * Whether the loop runs.
   *
   * asyncio name: `is_running`.
   */
  isRunning(): boolean {
    this.#missing("isRunning");
  }

  /**
   * Whether the loop was closed.
   *
   * asyncio name: `is_closed`.
   */
  isClosed(): boolean {
    this.#missing("isClosed");
  }

  /**
   * Closes the loop: what is scheduled will not run, and what the loop holds of the host is given
   * back. A second call does nothing.
   *
   * asyncio name: `close`.
   *
   * @throws {RuntimeError} when the loop runs
   */
  close(): void {
    this.#missing("close");
  }

  /**
   * Does nothing: JavaScript tells nobody of async generators that are left suspended. Here for
   * programs that call it.
   *
   * asyncio name: `shutdown_asyncgens`.
   */
  shutdownAsyncgens(): Promise<void> {
    this.#missing("shutdownAsyncgens");
  }

  /**
   * Ends the default executor, when one was made, and waits for its work to end.
   *
   * asyncio name: `shutdown_default_executor`.
   */
  shutdownDefaultExecutor(): Promise<void> {
    this.#missing("shutdownDefaultExecutor");
  }

  // ---- Callbacks --------------------------------------------------------------------------------

  /**
   * Schedules a callback for the next pass.
   *
   * Callbacks run in the order in which they were scheduled, each once, in a copy of the present
   * context; bind another context with `context.wrap(callback)`.
   *
   * asyncio name: `call_soon`.
   *
   * @param callback the function
   * @param args its arguments
   * @returns a handle to call it off with
   * @throws {TypeError} when `callback` is no function
   * @throws {RuntimeError} when the loop is closed
   */
  callSoon<A extends unknown[]>(_callback: (...args: A) => void, ..._args: A): Handle {
    this.#missing("callSoon");
  }

  /**
   * The same as {@linkcode AbstractEventLoop.callSoon}, to be called from outside of the loop, e.g.
   * from the message handler of a `Worker`.
   *
   * asyncio name: `call_soon_threadsafe`.
   */
  callSoonThreadsafe<A extends unknown[]>(_callback: (...args: A) => void, ..._args: A): Handle {
    this.#missing("callSoonThreadsafe");
  }

  /**
   * Schedules a callback for later: never early, and in the order of deadlines; equal deadlines in
   * the order of scheduling.
   *
   * asyncio name: `call_later`.
   *
   * @param delay the time to wait, in milliseconds; `Infinity` waits for being called off
   * @param callback the function
   * @param args its arguments
   * @throws {RangeError} when `delay` is negative or not a number
   */
  callLater<A extends unknown[]>(
    _delay: number,
    _callback: (...args: A) => void,
    ..._args: A
  ): TimerHandle {
    this.#missing("callLater");
  }

  /**
   * Schedules a callback for a time of the loop's clock, at once when that has passed.
   *
   * asyncio name: `call_at`.
   *
   * @param when the time, in milliseconds as {@linkcode AbstractEventLoop.time} tells it
   * @param callback the function
   * @param args its arguments
   * @throws {RangeError} when `when` is not a number
   */
  callAt<A extends unknown[]>(
    _when: number,
    _callback: (...args: A) => void,
    ..._args: A
  ): TimerHandle {
    this.#missing("callAt");
  }

  /**
   * The loop's clock: milliseconds that only ever grow, from an arbitrary start.
   *
   * asyncio name: `time`.
   */
  time(): number {
    this.#missing("time");
  }

  /**
   * Appends a runnable to the ready queue; see {@linkcode Runnable}.
   * @internal
   */
  _enqueue(item: Runnable): void {
    this.callSoon(item._context.wrap(() => item._run()));
  }

  // ---- Futures and tasks ------------------------------------------------------------------------

  /**
   * Makes a future of this loop. Loops override it to make a class of their own.
   *
   * asyncio name: `create_future`.
   */
  createFuture<T>(): Future<T> {
    this.#missing("createFuture");
  }

  /**
   * Makes a task of this loop, through its task factory when one is set.
   *
   * asyncio name: `create_task`.
   *
   * @param coro a coroutine, a generator, an async function or a generator function
   * @param options name, context, eager start
   * @throws {TypeError} when `coro` is none of these
   * @throws {RuntimeError} when the loop is closed
   */
  createTask<T>(_coro: CoroutineLike<T>, _options?: TaskOptions): Task<T> {
    this.#missing("createTask");
  }

  /**
   * Lets a function make the tasks of this loop.
   *
   * asyncio name: `set_task_factory`.
   *
   * @param factory the function, or `undefined` for the built-in class
   * @throws {TypeError} when it is neither
   */
  setTaskFactory(_factory: TaskFactory | undefined): void {
    this.#missing("setTaskFactory");
  }

  /**
   * The task factory, if one is set.
   *
   * asyncio name: `get_task_factory`.
   */
  getTaskFactory(): TaskFactory | undefined {
    this.#missing("getTaskFactory");
  }

  // ---- Problems ---------------------------------------------------------------------------------

  /**
   * The exception handler, if one is set.
   *
   * asyncio name: `get_exception_handler`.
   */
  getExceptionHandler(): ExceptionHandler | undefined {
    this.#missing("getExceptionHandler");
  }

  /**
   * Lets a function be told of problems that nobody else can be told of: an exception in a callback,
   * one that nobody retrieved, and so on.
   *
   * asyncio name: `set_exception_handler`.
   *
   * @param handler the function, or `undefined` for printing to stderr
   * @throws {TypeError} when it is neither
   */
  setExceptionHandler(_handler: ExceptionHandler | undefined): void {
    this.#missing("setExceptionHandler");
  }

  /**
   * What happens with a problem when no handler is set: it is printed to stderr. For handlers that
   * pass on what they do not want.
   *
   * asyncio name: `default_exception_handler`.
   */
  defaultExceptionHandler(_context: ExceptionContext): void {
    this.#missing("defaultExceptionHandler");
  }

  /**
   * Tells the exception handler of a problem.
   *
   * asyncio name: `call_exception_handler`.
   */
  callExceptionHandler(_context: ExceptionContext): void {
    this.#missing("callExceptionHandler");
  }

  // ---- Signals ----------------------------------------------------------------------------------

  /**
   * Lets a callback run in the loop whenever the process receives a signal. One signal has one
   * callback; a later call replaces it. It does not keep the process alive.
   *
   * asyncio name: `add_signal_handler`.
   *
   * @param signal the name, e.g. `"SIGTERM"`
   * @param callback the function
   * @param args its arguments
   * @throws {TypeError} when the host does not let the signal be caught
   */
  addSignalHandler<A extends unknown[]>(
    _signal: Deno.Signal,
    _callback: (...args: A) => void,
    ..._args: A
  ): void {
    this.#missing("addSignalHandler");
  }

  /**
   * Gives a signal back its usual effect.
   *
   * asyncio name: `remove_signal_handler`.
   *
   * @returns whether there was a callback
   */
  removeSignalHandler(_signal: Deno.Signal): boolean {
    this.#missing("removeSignalHandler");
  }

  // ---- Debug mode -------------------------------------------------------------------------------

  /**
   * Whether debug mode is on.
   *
   * asyncio name: `get_debug`.
   */
  getDebug(): boolean {
    this.#missing("getDebug");
  }

  /**
   * Turns debug mode on or off: futures, tasks and handles remember where they were made, and slow
   * callbacks are reported.
   *
   * asyncio name: `set_debug`.
   */
  setDebug(_enabled: boolean): void {
    this.#missing("setDebug");
  }
}
