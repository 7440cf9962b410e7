/**
 * What runs functions elsewhere, as the loop sees it.
 *
 * asyncio counterpart: `concurrent.futures.Executor` and its `Future`.
 *
 * @module
 */

import { RuntimeError } from "../../futures/errors.ts";

/** How one call is made. */
export interface ExecutorCallOptions {
  /**
   * What of the arguments is moved instead of copied: buffers and ports, which are then lost to the
   * caller.
   * @default nothing
   */
  transfer?: Transferable[];
  /**
   * Whether the buffers and ports in the result are moved instead of copied. Off for functions that
   * keep what they return.
   * @default false
   */
  transferResult?: boolean;
  /**
   * Whether cancelling the call ends the worker that runs it, wherever it stands.
   * @default false: the work goes on, and its result is dropped
   */
  terminateOnCancel?: boolean;
}

/** A function that stands for itself, with options for its call. */
export interface SelfContainedFunction<A extends unknown[], R> extends ExecutorCallOptions {
  /** The function. */
  function: (...args: A) => R;
}

/**
 * A function that a module exports, with options for its call. The worker imports the module, so it
 * may use whatever the module has.
 *
 * The types cannot be known from the names: give them, as in
 * `ModuleFunction<[path: string], number>`, or the result is `unknown`.
 */
export interface ModuleFunction<A extends unknown[] = unknown[], R = unknown>
  extends ExecutorCallOptions {
  /** The module's absolute URL, as `import.meta.resolve("./work.ts")` gives it. */
  module: string | URL;
  /** The name that the module exports the function by. */
  name: string;
  /** Never there: carries the type. @internal */
  readonly _type?: (...args: A) => R;
}

/** Whatever an executor can be given to run. */
export type ExecutorFunction<A extends unknown[], R> =
  | ((...args: A) => R)
  | SelfContainedFunction<A, R>
  | ModuleFunction<A, R>;

/** A call that was given to an executor: a promise of its result. */
export interface ExecutorJob<T> extends PromiseLike<T> {
  /**
   * Calls it off.
   *
   * @returns `false` when it is too late for that
   */
  cancel(): boolean;
}

/** What {@linkcode Executor.shutdown} takes. */
export interface ExecutorShutdownOptions {
  /**
   * Whether calls that have not started are cancelled.
   * @default false: they are run
   */
  cancelFutures?: boolean;
  /**
   * Whether calls that run are ended as well.
   * @default false: they are waited for
   */
  terminate?: boolean;
}

/**
 * Runs functions elsewhere, for `loop.runInExecutor()`.
 *
 * {@linkcode WorkerPoolExecutor} is the one to use; any object with these two methods will do.
 *
 * asyncio counterpart: `concurrent.futures.Executor`.
 */
export interface Executor {
  /**
   * Starts a call as soon as there is room for it.
   *
   * The job must not become an unhandled rejection when nobody waits for it.
   *
   * @throws {RuntimeError} after {@linkcode Executor.shutdown}
   */
  submit<A extends unknown[], R>(
    func: ExecutorFunction<A, R>,
    ...args: A
  ): ExecutorJob<Awaited<R>>;
  /**
   * Takes no further calls. Called again, it does what the new options ask in addition.
   *
   * @returns settled when all calls have ended and nothing is held any more
   */
  shutdown(options?: ExecutorShutdownOptions): PromiseLike<void>;
}

/**
 * The worker that ran a call has come to an end before the call had: it exited, threw an error that
 * nothing caught, or was terminated.
 *
 * asyncio counterpart: `concurrent.futures.process.BrokenProcessPool`, but only the one call fails.
 */
export class WorkerDiedError extends RuntimeError {
  /** The class name, for printing. */
  override readonly name: string = "WorkerDiedError";
  /** What the worker exited with. */
  readonly exitCode: number;

  /**
   * Makes the error.
   *
   * @param message what happened
   * @param exitCode what the worker exited with
   * @param options the uncaught error, as `cause`
   */
  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
