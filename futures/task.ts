/**
 * `Task`: drives one coroutine or async function, step by step.
 *
 * asyncio counterpart: `asyncio.tasks.Task`.
 *
 * A task that is not done is in one of three states:
 *
 * 1. *waiting*: `_waiting` is a future that is not done, and the task is among its waiters (for an
 *    async function: one of its strands is, see `_strand.ts`);
 * 2. *scheduled*: the task is in the ready queue, once;
 * 3. *running*: its code is on the stack, or, for an async function, in the engine's hands.
 *
 * 1 → 2 when the future is done, 2 → 3 by the loop's pass, 3 → 1 or 2 by what the code waits for
 * next. The task itself stands in the ready queue, so that a step costs no handle. `cancel()` in
 * state 1 cancels the future; in states 2 and 3 it is remembered in `_mustCancel` and thrown at the
 * next step, or at the next await of an awaitable of this library.
 *
 * One file, though a long one: steps, cancellation and async functions share the task's private state,
 * and another object for each task would cost a million of them their memory.
 *
 * @module
 */

import { enterAsync, Frame, runningTask, sync } from "./_frame.ts";
import { suspendOn } from "./_await.ts";
import type { Strand } from "./_strand.ts";
import type { Suspension } from "./awaitable.ts";
import { type Context, copyContext } from "./context.ts";
import { Coroutine, type CoroutineLike, isGenerator, isGeneratorFunction } from "./coroutine.ts";
import { BodyFuture, cancelEach, pendingWaits } from "./_body_future.ts";
import { Cancellation } from "./_cancellation.ts";
import { becomesOutcome } from "./_stray.ts";
import type { Shield } from "./_shield.ts";
import {
  CancelledError,
  type CancelOptions,
  InvalidStateError,
  KeyboardInterrupt,
  RuntimeError,
} from "./errors.ts";
import { Future, type FutureLike, isfuture } from "./future.ts";
import type { FutureLoop, Runnable } from "./future_loop.ts";
import { interruptLater } from "./_interrupt.ts";
import { type LinkedTask, linkTask, swapEntered, unlinkTask } from "./task_registry.ts";
import { describe } from "./_describe.ts";

/** What a task can be given beside its coroutine. */
export interface TaskOptions {
  /**
   * A name, for people to read.
   * @default "Task-" and a number
   */
  name?: string;
  /**
   * The context that the task runs in.
   * @default a copy of the present one
   */
  context?: Context;
  /**
   * Whether the task runs up to its first wait before the constructor returns, when the loop runs.
   * @default false
   */
  eagerStart?: boolean;
}

/** What {@linkcode Task}'s constructor takes beside the coroutine. */
export interface TaskConstructorOptions extends TaskOptions {
  /**
   * The loop that runs the task.
   * @default the running loop
   */
  loop?: FutureLoop;
}

let taskCount = 0;

/**
 * A coroutine or async function on its way through a loop, and the future of its result.
 *
 * Tasks are made by `createTask()`, by a task group, or by `loop.createTask()`; loop authors use the
 * constructor. The loop holds a task until it is done, so one that nobody refers to still ends.
 *
 * asyncio name: `Task`.
 *
 * @typeParam T what the coroutine returns
 *
 * @example Looking at a task, and ending it
 * ```ts
 * import { createTask, run, sleep } from "@asyncio/asyncio";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const task = createTask(() => sleep(60_000), { name: "long nap" });
 *   await sleep(0);
 *   assertEquals([task.getName(), task.done()], ["long nap", false]);
 *   task.cancel();
 *   await sleep(0);
 *   assert(task.cancelled());
 * });
 * ```
 */
export class Task<T> extends Future<T> implements Runnable, LinkedTask {
  /** @internal */
  readonly _context: Context;
  /** @internal */
  _mustCancel = false;
  /** @internal */
  _strands: Strand | null = null;
  /** The innermost shielded scope that the code is in. @internal */
  _shield: object | null = null;
  /** @internal */
  _previousTask: LinkedTask | null = null;
  /** @internal */
  _nextTask: LinkedTask | null = null;

  #coro: CoroutineLike<T> | null;
  // What is stepped; null before the first step of a function, and for an async function.
  #iterator: Iterator<Suspension, T, unknown> | null;
  #waiting: FutureLike<unknown> | null = null;
  #injected: unknown = undefined;
  #cancelRequests = 0;
  // The number is made into a name when somebody asks.
  #name: string | number;
  #controller: AbortController | null = null;
  // The loop's epoch in which the async code was resumed; -1 while it rests.
  #steppingEpoch = -1;

  /**
   * Makes a task and schedules its first step.
   *
   * @param coro a coroutine, a generator, an async function or a generator function
   * @param options loop, name, context, eager start
   * @throws {TypeError} when `coro` is none of these
   * @throws {RuntimeError} when no loop is given and none is running
   */
  constructor(coro: CoroutineLike<T>, options?: TaskConstructorOptions) {
    super(options);
    if (coro instanceof Coroutine) this.#iterator = coro[Symbol.iterator]();
    else if (isGenerator(coro)) this.#iterator = coro as Generator<Suspension, T, unknown>;
    else if (isGeneratorFunction(coro)) {
      this.#iterator = (coro as () => Generator<Suspension, T, unknown>)();
    } else if (typeof coro === "function") this.#iterator = null;
    else throw new TypeError(wrongCoroutine(coro));
    const name = options?.name;
    this.#name = name === undefined ? ++taskCount : String(name);
    this.#coro = coro;
    this._context = options?.context ?? copyContext();
    if (options?.eagerStart === true && this._loop.isRunning()) this.#startEagerly();
    else {
      linkTask(this._loop, this);
      this._loop._enqueue(this);
    }
  }

  // ---- What it is -------------------------------------------------------------------------------

  /** What the task was made of; `null` once an eager task has ended. */
  getCoro(): CoroutineLike<T> | null {
    return this.#coro;
  }

  /** The context it runs in. */
  getContext(): Context {
    return this._context;
  }

  /** The name. */
  getName(): string {
    const name = this.#name;
    return typeof name === "number" ? this.#name = `Task-${name}` : name;
  }

  /** Renames the task. */
  setName(name: unknown): void {
    this.#name = String(name);
  }

  /**
   * The lines of the stack where the task stands, as far as the host tells, newest last.
   *
   * For a task that failed these are the frames of its exception. For one that waits the host tells
   * nothing; in debug mode the place where the task was made stands for it.
   *
   * @param limit the most lines to return; those nearest to the failure are kept
   */
  getStack(limit?: number): string[] {
    const stack = this._state === 2 && this._value instanceof Error
      ? this._value.stack
      : this.done()
      ? undefined
      : this._sourceTraceback;
    const lines = (stack ?? "").split("\n").map((line) => line.trim())
      .filter((line) => line.startsWith("at ")).reverse();
    return limit === undefined ? lines : lines.slice(Math.max(0, lines.length - limit));
  }

  /**
   * Prints {@linkcode Task.getStack} for people.
   *
   * @param options `limit` as there; `print` replaces `console.error`
   */
  printStack(options?: { limit?: number; print?: (text: string) => void }): void {
    const lines = this.getStack(options?.limit);
    const title = lines.length === 0
      ? `No stack for ${this}`
      : `${this._state === 2 ? "Traceback" : "Stack"} for ${this} (most recent call last):`;
    (options?.print ?? console.error)([title, ...lines.map((line) => `  ${line}`)].join("\n"));
  }

  /**
   * Not for tasks: the coroutine makes the result.
   *
   * @throws {RuntimeError} always
   */
  override setResult(_result: T): never {
    throw new RuntimeError("Cannot set the result of a task: its coroutine returns it");
  }

  /**
   * Not for tasks: the coroutine makes the exception.
   *
   * @throws {RuntimeError} always
   */
  override setException(_exception: unknown): never {
    throw new RuntimeError("Cannot set the exception of a task: its coroutine throws it");
  }

  // ---- Cancellation -----------------------------------------------------------------------------

  /**
   * Asks the task to end: throws {@linkcode CancelledError} into its code where it waits.
   *
   * The code may clean up first, with further awaits, or refuse by catching the error for good. While
   * an async function waits for a promise that is not of this library, nothing can be thrown into
   * it: the error comes at the next await of an awaitable of this library.
   *
   * Where the code waits for several things at once, through `Promise.all()` and its kin, the error is
   * thrown into each of these waits, the oldest first; one that a `Promise.race()` has left behind is a
   * wait of the task as well. Where nobody waits any longer for what so ends, the host hears nothing of
   * it. A part that waits for a foreign promise beside others is not told, unless it has a scope of its
   * own, as `timeout()` is one.
   *
   * @param message what the error says
   * @param options the reason
   * @returns `false` when the task is done already
   */
  override cancel(message?: string, options?: CancelOptions): boolean {
    if (this._unretrieved !== false) this._retrieved();
    if (this._state !== 0) return false;
    const request = Cancellation.of(this._loop, message, options);
    if (this.#count(request) !== null) this._deliver(request);
    return true;
  }

  /** Throws a request to cancel into the code where it waits, or has it thrown later. @internal */
  _deliver(cancellation: object): void {
    const request = cancellation as Cancellation;
    const before = request.enter();
    try {
      // Step by step: a chain of tasks that wait for one another may be longer than calls can nest.
      let next: Task<unknown> | Task<unknown>[] | null = this as Task<unknown>;
      let others: Task<unknown>[] | null = null;
      while (next !== null) {
        if (Array.isArray(next)) {
          others = others === null ? next : [...next, ...others];
          next = null;
        } else next = next.#take(request);
        next ??= others?.pop() ?? null;
      }
    } finally {
      Cancellation.leave(before);
    }
  }

  /** @returns the task that this one waits for, or several, where they are to take the request next */
  #take(request: Cancellation): Task<unknown> | Task<unknown>[] | null {
    this._cancellation = request;
    this.#controller?.abort(super._makeCancelledError());
    const newest = this._strands;
    if (request.place?.task === this) {
      const { strand } = request.place;
      if (strand === null) return this.#takeAt(this.#waiting, request);
      strand.cancelBranch(request);
      return null;
    }
    if (newest === null) return this.#takeAt(this.#waiting, request);
    if (newest.older === null && this.#waiting === null && !this.#runs()) {
      return this.#takeAt(newest.waitsFor, request);
    }
    return this.#takeAtAll(request);
  }

  #takeAt(waiting: FutureLike<unknown> | null, request: Cancellation): Task<unknown> | null {
    if (isPlainTask(waiting)) return waiting.#count(request);
    if (!waiting?.cancel(request.message)) this._mustCancel = true;
    return null;
  }

  /** Code of the task waits for several things at once, or runs while other code of it waits. */
  #takeAtAll(request: Cancellation): Task<unknown> | Task<unknown>[] | null {
    const waits = pendingWaits(this, null);
    let waiting = this.#waiting;
    if (waiting instanceof BodyFuture) {
      const { branch } = waiting;
      if (waits.some((wait) => wait.beganIn(branch))) waiting = null;
    }
    if (waits.length === 1 && waiting === null) {
      const { waitsFor } = waits[0]!;
      if (!this.#runs() || waitsFor instanceof BodyFuture) return this.#takeAt(waitsFor, request);
    }
    const tasks: Task<unknown>[] = [];
    const take = (future: FutureLike<unknown>): boolean => {
      if (!isPlainTask(future)) return false;
      const task = future.#count(request);
      if (task !== null) tasks.push(task);
      return true;
    };
    const cancelled = cancelEach(waits, request, take);
    if (this.#runs()) this._mustCancel = true;
    if (waiting !== null && !cancelled.has(waiting) && !take(waiting)) {
      this.#takeAt(waiting, request);
    }
    return tasks.reverse();
  }

  /** Whether code of the task is on the stack, or was resumed and has not come to rest. */
  #runs(): boolean {
    if (sync.context !== undefined) return sync.task === this;
    return this.#steppingEpoch === this._loop._asyncEpoch && runningTask() === this;
  }

  /** Counts a request. @returns the task, unless it is shielded */
  #count(request: Cancellation): Task<unknown> | null {
    this.#cancelRequests++;
    return (this._shield as Shield | null)?.holdsBack(request) ? null : this as Task<unknown>;
  }

  /** How many requests to cancel are open: calls of `cancel()` less those of `uncancel()`. */
  cancelling(): number {
    return this.#cancelRequests;
  }

  /**
   * Takes one request to cancel back; who called `cancel()` and caught its effect calls it.
   *
   * @returns how many requests are still open
   */
  uncancel(): number {
    if (this.#cancelRequests > 0 && --this.#cancelRequests === 0) {
      this._mustCancel = false;
      this.#controller = null;
    }
    return this.#cancelRequests;
  }

  /**
   * A signal that is aborted when the task is cancelled, for `fetch` and whatever else takes one.
   *
   * Made on first use; after `uncancel()` has taken back every request, there is a fresh one.
   *
   * A timeout or another scope in the task's code aborts it too when it ends its body, also for what
   * runs beside that body (`Promise.all()`): the signal is that of the whole task. A shielded body finds
   * it as it was until the body ends.
   */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      const heldBack = (this._shield as Shield | null)?.heldBack ?? 0;
      if (this.#cancelRequests > heldBack) this.#controller.abort(super._makeCancelledError());
    }
    return this.#controller.signal;
  }

  /** @internal */
  override _makeCancelledError(): CancelledError {
    // The very error that the code has ended in, once it has.
    if (this._value instanceof CancelledError) return this._value;
    const error = super._makeCancelledError();
    becomesOutcome(error, this);
    return error;
  }

  // ---- Steps ------------------------------------------------------------------------------------

  /** @internal */
  get _awaiter(): object {
    return this;
  }

  /** One step. Called by the loop's pass only, and in the task's context. @internal */
  _run(): void {
    if (this._state !== 0) {
      throw new InvalidStateError(`Cannot step ${this}: it is already done`);
    }
    let error = this.#injected;
    this.#injected = undefined;
    if (this._mustCancel) {
      const waiting = this.#waiting;
      this._mustCancel = false;
      if (waiting instanceof Future && waiting._state === 2) waiting._retrieved();
      if (!(waiting instanceof Future && waiting._state === 3)) error = super._makeCancelledError();
    }
    this.#waiting = null;
    sync.task = this;
    try {
      this.#step(error);
    } finally {
      sync.task = null;
    }
  }

  #step(error: unknown): void {
    const iterator = this.#iterator;
    if (iterator === null) return this.#startFunction(error);
    let step: IteratorResult<Suspension, T>;
    try {
      step = error === undefined ? iterator.next() : iterator.throw!(error);
    } catch (error) {
      return this.#fail(error);
    }
    if (step.done) return this.#finish(step.value);
    const suspension: unknown = step.value;
    if (
      suspension instanceof Future && suspension._asyncioFutureBlocking &&
      suspension._loop === this._loop && suspension !== this as unknown
    ) {
      suspension._asyncioFutureBlocking = false;
      if (suspension._state === 0) suspension._addWaiter(this);
      else this._loop._enqueue(this);
      this.#waiting = suspension;
      if (this._mustCancel && this._cancellation!.passTo(suspension)) this._mustCancel = false;
    } else if (suspension === undefined) this._loop._enqueue(this);
    else this.#stepOther(suspension);
  }

  /** A third party's future, or a mistake. */
  #stepOther(suspension: unknown): void {
    const wrong = suspendOn(suspension, this, this._loop, new Wakeup(this));
    if (wrong !== null) {
      this.#injected = wrong;
      return this._loop._enqueue(this);
    }
    const future = suspension as FutureLike<unknown>;
    this.#waiting = future;
    if (this._mustCancel && this._cancellation!.passTo(future)) this._mustCancel = false;
  }

  #finish(value: T): void {
    this.#end();
    if (this._mustCancel) {
      this._mustCancel = false;
      this.#cancelWith(this._cancellation!);
    } else super.setResult(value);
  }

  #fail(error: unknown): void {
    this.#end();
    if (error instanceof CancelledError) {
      this._value = error;
      becomesOutcome(error, this);
      if (error.origin instanceof Cancellation) this.#cancelWith(error.origin);
      else super.cancel(error.message);
      return;
    }
    super.setException(error);
    if (error instanceof KeyboardInterrupt) throw error;
  }

  #cancelWith(request: Cancellation): void {
    const before = request.enter();
    super.cancel(request.message);
    Cancellation.leave(before);
  }

  #end(): void {
    unlinkTask(this._loop, this);
    this.#controller = null;
  }

  #startEagerly(): void {
    linkTask(this._loop, this);
    const outer = swapEntered(this._loop, undefined);
    try {
      this._continue();
    } finally {
      swapEntered(this._loop, outer);
      if (this._state !== 0) this.#coro = null;
    }
  }

  /**
   * Runs as part of the present step instead of from the ready queue, so nothing that is remembered
   * is thrown in: at first for an eager task, later where async code has ended that ran in its name.
   * @internal
   */
  _continue(): void {
    const { context, loop, task } = sync;
    this.#waiting = null;
    sync.context = this._context;
    sync.loop = this._loop;
    sync.task = this;
    try {
      this.#step(undefined);
    } finally {
      sync.context = context;
      sync.loop = loop;
      sync.task = task;
    }
  }

  // ---- Async functions --------------------------------------------------------------------------

  #startFunction(error: unknown): void {
    if (error !== undefined) return this.#fail(error);
    let result: unknown;
    this._resumed();
    try {
      const frame = new Frame(this._loop, this, this._context);
      result = enterAsync(frame, this.#coro as () => unknown);
    } catch (error) {
      this._rests();
      return this.#fail(error);
    }
    if (result instanceof Promise) {
      result.then((value) => this.#asyncDone(value as T), (error) => this.#asyncFailed(error));
      return;
    }
    this._rests();
    if (result instanceof Coroutine || isGenerator(result) || isfuture(result)) {
      this.#iterator = result[Symbol.iterator]() as Iterator<Suspension, T, unknown>;
      return this.#step(undefined);
    }
    if (typeof (result as PromiseLike<T> | undefined)?.then === "function") {
      this._resumed();
      Promise.resolve(result).then(
        (value) => this.#asyncDone(value as T),
        (error) => this.#asyncFailed(error),
      );
      return;
    }
    this.#fail(
      new TypeError(
        `Cannot run ${describe(this.#coro)} as a task: it must return a promise or a coroutine, ` +
          `got ${describe(result)}`,
      ),
    );
  }

  #asyncDone(value: T): void {
    this._rests();
    if (this._state === 0) this.#finish(value);
  }

  #asyncFailed(error: unknown): void {
    this._rests();
    if (this._state !== 0) return;
    try {
      this.#fail(error);
    } catch (interrupt) {
      interruptLater(this._loop, interrupt);
    }
  }

  /** Async code of the task goes on; the loop's pass waits until it rests. @internal */
  _resumed(): void {
    const loop = this._loop;
    loop._asyncHops = 0;
    if (this.#steppingEpoch === loop._asyncEpoch) return;
    this.#steppingEpoch = loop._asyncEpoch;
    loop._asyncSteps++;
  }

  /** Async code of the task waits for something of this library, or has ended. @internal */
  _rests(): void {
    const loop = this._loop;
    if (this.#steppingEpoch === loop._asyncEpoch && --loop._asyncSteps === 0) loop._asyncRested?.();
    this.#steppingEpoch = -1;
  }

  // ---- For people -------------------------------------------------------------------------------

  /** @internal */
  protected override _describe(): string {
    const cancelling = this._state === 0 && this.#cancelRequests > 0 ? "cancelling " : "";
    const coro = this.#coro === null
      ? ""
      : ` coro=${isGenerator(this.#coro) ? "a generator" : describe(this.#coro)}`;
    const waiting = this.#waiting === null || this.#waiting instanceof Task
      ? ""
      : ` waitFor=${describe(this.#waiting)}`;
    return `${cancelling}${super._describe()} name='${this.getName()}'${coro}${waiting}`;
  }
}

/** Whether it is a task that is not done, and that `cancel()` is the library's own of. */
function isPlainTask(future: FutureLike<unknown> | null): future is Task<unknown> {
  return future instanceof Task && future._state === 0 && future.cancel === Task.prototype.cancel;
}

/** Wakes a task from a future of a third party's class. */
class Wakeup implements Runnable {
  readonly _context: Context;
  readonly #task: Task<unknown>;

  constructor(task: Task<unknown>) {
    this.#task = task;
    this._context = task._context;
  }

  get _awaiter(): object {
    return this.#task;
  }

  _run(): void {
    const { context } = sync;
    sync.context = this._context;
    try {
      this.#task._run();
    } finally {
      sync.context = context;
    }
  }
}

/** What is wrong with a thing that no task can be made of. @internal */
export function wrongCoroutine(coro: unknown): string {
  const action = "Cannot make a task: ";
  if (coro instanceof Future) {
    return `${action}${coro} is a future already; await it, or wrap it with ensureFuture(future)`;
  }
  if (typeof (coro as Partial<PromiseLike<unknown>> | null)?.then === "function") {
    return `${action}a promise runs already and cannot be cancelled; pass the function, as in ` +
      "createTask(() => work()), or wrap the promise with ensureFuture(promise)";
  }
  return `${action}a coroutine or an async function is needed, got ${describe(coro)}`;
}
