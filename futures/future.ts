/**
 * `Future`: a result that will be there later.
 *
 * asyncio counterpart: `asyncio.futures.Future`.
 *
 * States: pending → finished with a result, finished with an exception, or cancelled; a future
 * leaves the pending state once. On leaving it, what was waiting is appended to the loop's ready
 * queue in the order in which it came; nothing is called from inside `setResult()`.
 *
 * A future owns no native promise, so one that fails unobserved ends no process: see
 * `_unretrieved.ts` for what reports it.
 *
 * There are no private methods: a class with one of its own keeps a hidden field in each object, and
 * there may be millions. The same holds for what is made for each wait, callback and context.
 *
 * @module
 */

import { currentContext } from "./context.ts";
import { CancelledError, type CancelOptions, InvalidStateError, RuntimeError } from "./errors.ts";
import type { FutureLoop, Runnable } from "./future_loop.ts";
import type { Awaitable, Suspension } from "./awaitable.ts";
import { runningLoop } from "./_frame.ts";
import { awaitFuture } from "./_await.ts";
import { FutureIterator } from "./_suspend.ts";
import { Cancellation } from "./_cancellation.ts";
import { DoneCallbackItem } from "./_done_callback.ts";
import { type Report, unwatch, watchUnretrieved } from "./_unretrieved.ts";
import { describe } from "./_describe.ts";
import { sourceTraceback } from "./_traceback.ts";

const PENDING = 0;
const RESULT = 1;
const EXCEPTION = 2;
const CANCELLED = 3;
const STATE_NAMES = ["pending", "finished", "finished", "cancelled"] as const;

/** What {@linkcode Future}'s constructor takes. */
export interface FutureOptions {
  /**
   * The loop it belongs to.
   * @default the running loop
   */
  loop?: FutureLoop;
}

/** A callback to be called with a future that is done. */
export type DoneCallback<F> = (future: F) => void;

// Apart from the futures, of which there may be millions, and only in debug mode.
const sourceTracebacks = new WeakMap<Future<unknown>, string>();

/**
 * A result that will be there later: the link between callbacks and code that waits.
 *
 * Application code rarely makes one; a loop's users get it from `loop.createFuture()`, so that the
 * loop can choose the class. Loop authors use the constructor.
 *
 * Wait for it with `await` or `yield*`; any number of tasks may.
 *
 * **Cancellation** of a task that waits for a future cancels the future; use `shield()` where
 * others need it still.
 *
 * asyncio name: `Future`.
 *
 * @typeParam T the type of the result
 *
 * @example From a callback to code that waits
 * ```ts
 * import { getRunningLoop, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = await run(async () => {
 *   const loop = getRunningLoop();
 *   const future = loop.createFuture<number>();
 *   loop.callLater(1, () => future.setResult(42));
 *   return await future;
 * });
 * assertEquals(answer, 42);
 * ```
 */
export class Future<T> implements Awaitable<T> {
  // Fields are declared, and assigned in the constructor, since this is a base class: see docs/performance.md.
  /** @internal */
  declare _loop: FutureLoop;
  /** @internal */
  declare _state: number;
  /** The result or the exception. @internal */
  declare _value: unknown;
  /** Nothing, one that waits, or several. @internal */
  declare _waiters: Runnable | Runnable[] | null;
  /**
   * Marks an object as a future, and is true between being yielded by `yield*` and being seen by
   * the task: a future that was yielded by a bare `yield` is told by it.
   */
  declare _asyncioFutureBlocking: boolean;
  /**
   * Whether an exception is there that nobody has asked for; the report, once one is prepared.
   * @internal
   */
  declare _unretrieved: boolean | Report;
  /** @internal */
  declare _cancellation: Cancellation | undefined;
  /** Where it was made, known in debug mode. @internal */
  get _sourceTraceback(): string | undefined {
    return sourceTracebacks.get(this as Future<unknown>);
  }

  /**
   * Makes a pending future.
   *
   * @param options the loop
   * @throws {RuntimeError} when no loop is given and none is running
   */
  constructor(options?: FutureOptions) {
    const loop = options?.loop ?? runningLoop();
    if (loop === null) {
      throw new RuntimeError(
        `Cannot make a ${new.target.name}: no event loop is running and none was given`,
      );
    }
    this._loop = loop;
    this._state = PENDING;
    this._value = undefined;
    this._waiters = null;
    this._asyncioFutureBlocking = false;
    this._unretrieved = false;
    this._cancellation = undefined;
    if (loop.getDebug()) sourceTracebacks.set(this as Future<unknown>, sourceTraceback());
  }

  /** The loop that it belongs to. */
  getLoop(): FutureLoop {
    return this._loop;
  }

  /** Whether it has a result, an exception, or was cancelled. */
  done(): boolean {
    return this._state !== PENDING;
  }

  /** Whether it was cancelled. */
  cancelled(): boolean {
    return this._state === CANCELLED;
  }

  /**
   * The result.
   *
   * @throws {InvalidStateError} when it is not there yet
   * @throws {CancelledError} when the future was cancelled
   * @throws the exception, when one was set
   */
  result(): T {
    if (this._state === RESULT) return this._value as T;
    throwIfUnfinished(this, "result");
    if (this._unretrieved !== false) this._retrieved();
    throw this._value;
  }

  /**
   * The exception, or `undefined` when there is a result.
   *
   * @throws {InvalidStateError} when the future is not done
   * @throws {CancelledError} when the future was cancelled
   */
  exception(): unknown {
    if (this._state === RESULT) return undefined;
    throwIfUnfinished(this, "exception");
    if (this._unretrieved !== false) this._retrieved();
    return this._value;
  }

  /**
   * Gives the result and wakes what waits for it.
   *
   * @throws {InvalidStateError} when the future is done already
   */
  setResult(result: T): void {
    if (this._state !== PENDING) throwDone(this, "result");
    this._value = result;
    this._state = RESULT;
    this._scheduleWaiters();
  }

  /**
   * Lets the future fail and wakes what waits for it.
   *
   * When nobody asks for the exception, it is reported once to the loop's exception handler.
   *
   * @param exception an error, or an error class to make one of
   * @throws {InvalidStateError} when the future is done already
   */
  setException(exception: unknown): void {
    if (this._state !== PENDING) throwDone(this, "exception");
    if (typeof exception === "function" && exception.prototype instanceof Error) {
      exception = new (exception as new () => Error)();
    }
    this._value = exception;
    this._state = EXCEPTION;
    this._unretrieved = true;
    const hasWaiters = this._waiters !== null;
    this._scheduleWaiters();
    watchUnretrieved(this as Future<unknown>, hasWaiters);
  }

  /**
   * Cancels the future and wakes what waits for it, with {@linkcode CancelledError}.
   *
   * @param message what the error says
   * @param options the reason
   * @returns whether it was cancelled: `false` when it was done already
   */
  cancel(message?: string, options?: CancelOptions): boolean {
    if (this._unretrieved !== false) this._retrieved();
    if (this._state !== PENDING) return false;
    this._state = CANCELLED;
    this._cancellation = Cancellation.of(this._loop, message, options);
    this._scheduleWaiters();
    return true;
  }

  /**
   * Schedules a callback for when the future is done; the next pass, when it is done already.
   *
   * It runs in a copy of the present context.
   *
   * @param callback called with the future
   */
  addDoneCallback(callback: DoneCallback<this>): void {
    if (typeof callback !== "function") {
      throw new TypeError(
        `Cannot add a done callback: it must be a function, got ${describe(callback)}`,
      );
    }
    const item = new DoneCallbackItem(
      this as Future<unknown>,
      callback as (future: never) => void,
      currentContext()._snapshot(),
    );
    if (this._state !== PENDING) this._loop._enqueue(item);
    else this._addWaiter(item);
  }

  /**
   * Takes a callback out that has not been scheduled yet.
   *
   * @param callback what was given to {@linkcode Future.addDoneCallback}
   * @returns how often it was there
   */
  removeDoneCallback(callback: DoneCallback<this>): number {
    const waiters = this._waiters;
    if (waiters === null) return 0;
    const isIt = (item: Runnable) =>
      item instanceof DoneCallbackItem && item.callback === callback as unknown;
    if (!Array.isArray(waiters)) {
      if (!isIt(waiters)) return 0;
      this._waiters = null;
      return 1;
    }
    const kept = waiters.filter((item) => !isIt(item));
    this._waiters = kept.length > 0 ? kept : null;
    return waiters.length - kept.length;
  }

  /** Lets `await` wait for it; see {@linkcode Awaitable}. */
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    return awaitFuture(this, onFulfilled, onRejected);
  }

  /** Lets `yield*` wait for it; see {@linkcode Awaitable}. */
  [Symbol.iterator](): Iterator<Suspension, T, unknown> {
    return new FutureIterator<T>(this);
  }

  /** For messages, e.g. `<Future pending>`. */
  toString(): string {
    return `<${this.constructor.name} ${this._describe()}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** @internal */
  protected _describe(): string {
    switch (this._state) {
      case RESULT:
        return `finished result=${describe(this._value)}`;
      case EXCEPTION:
        return `finished exception=${describe(this._value)}`;
      default:
        return STATE_NAMES[this._state]!;
    }
  }

  /** Somebody has asked for the exception, so there is nothing to report. @internal */
  _retrieved(): void {
    const report = this._unretrieved;
    this._unretrieved = false;
    if (typeof report === "object") unwatch(this as Future<unknown>, report);
  }

  /** @internal */
  _makeCancelledError(): CancelledError {
    const error = CancelledError._of(this._cancellation);
    if (this._loop.getDebug()) Error.captureStackTrace(error, this._makeCancelledError);
    return error;
  }

  /**
   * Appends something to be run when the future is done. Not to be called on one that is.
   * @internal
   */
  _addWaiter(item: Runnable): void {
    const waiters = this._waiters;
    if (waiters === null) this._waiters = item;
    else if (Array.isArray(waiters)) waiters.push(item);
    else this._waiters = [waiters, item];
  }

  /**
   * Takes out what {@linkcode Future._addWaiter} put in and is not scheduled yet.
   * @internal
   */
  _removeWaiter(item: Runnable): void {
    const waiters = this._waiters;
    if (waiters === item) this._waiters = null;
    else if (Array.isArray(waiters)) {
      const index = waiters.indexOf(item);
      if (index >= 0) waiters.splice(index, 1);
    }
  }

  /** @internal */
  protected _scheduleWaiters(): void {
    const waiters = this._waiters;
    if (waiters === null) return;
    this._waiters = null;
    const loop = this._loop;
    if (!Array.isArray(waiters)) loop._enqueue(waiters);
    else for (let i = 0; i < waiters.length; i++) loop._enqueue(waiters[i]!);
  }
}

function throwIfUnfinished(future: Future<unknown>, what: string): void {
  if (future._state === PENDING) {
    throw new InvalidStateError(`Cannot get the ${what}: the future is not done`);
  }
  if (future._state === CANCELLED) throw future._makeCancelledError();
}

function throwDone(future: Future<unknown>, what: string): never {
  throw new InvalidStateError(
    `Cannot set the ${what}: the future is already done (${STATE_NAMES[future._state]})`,
  );
}

/**
 * What counts as a future for a task: an object of this library's class, or of anybody's that has
 * the same shape and the mark `_asyncioFutureBlocking`.
 */
export interface FutureLike<T> extends Awaitable<T> {
  /** See {@linkcode Future._asyncioFutureBlocking}. */
  _asyncioFutureBlocking: boolean;
  /** See {@linkcode Future.getLoop}. */
  getLoop(): FutureLoop;
  /** See {@linkcode Future.cancel}. */
  cancel(message?: string): boolean;
  /** See {@linkcode Future.addDoneCallback}. */
  addDoneCallback(callback: () => void): void;
}

/**
 * Whether an object is a future: a {@linkcode Future}, a `Task`, or a third party's own.
 *
 * asyncio name: `isfuture`.
 *
 * @example What is a future
 * ```ts
 * import { createTask, isfuture, run, sleep } from "@asyncio/asyncio";
 * import { assert, assertFalse } from "@std/assert";
 *
 * await run(async () => {
 *   const nap = sleep(1);
 *   assertFalse(isfuture(nap));
 *   const task = createTask(nap);
 *   assert(isfuture(task));
 *   await task;
 * });
 * ```
 */
export function isfuture(object: unknown): object is Future<unknown> {
  return object instanceof Future ||
    (typeof object === "object" && object !== null && "_asyncioFutureBlocking" in object);
}
