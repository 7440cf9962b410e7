/**
 * How an async function waits for an awaitable: what stands behind `then()`.
 *
 * The engine calls `then(resolve, reject)` in a microtask after the `await`. The task that awaits is
 * found through the frame that the async function carries. One entry, {@linkcode Strand}, is kept in
 * the task for each thing that it waits for; there is one at a time, unless the function waits for
 * several at once through the engine (`Promise.all`). Cancelling the task cancels the newest that
 * can be. A timeout, or another scope, that was entered in a strand cancels what that strand waits for
 * and nothing beside it; when there is nothing to be cancelled now, the strand remembers it for the
 * next wait of its own or inside of it.
 *
 * A function of one argument given to `then()` is a continuation of somebody's chain, not an await,
 * and takes no part in the task's cancellation.
 *
 * asyncio counterpart: none; there, `await` is `yield from`.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { type Branch, currentFrame, type Frame, runningLoop, sync } from "./_frame.ts";
import { currentContext } from "./context.ts";
import type { Context } from "./context.ts";
import type { Cancellation } from "./_cancellation.ts";
import { CancelledError, RuntimeError } from "./errors.ts";
import type { FutureLoop, Runnable } from "./future_loop.ts";
import type { FutureLike } from "./future.ts";
import { Future } from "./future.ts";
import type { Suspension } from "./awaitable.ts";
import type { TaskLike } from "./task_registry.ts";
import { describe } from "./_describe.ts";

type Callback = ((value: never) => unknown) | null | undefined;

/** What a task must have for its async functions to wait in its name. */
export interface StrandOwner extends TaskLike {
  _strands: Strand | null;
  _mustCancel: boolean;
  _cancellation: Cancellation | undefined;
  /** Whether it has async code that was resumed and has not come to rest. */
  _resumed(): void;
  _rests(): void;
}

/** Whether a task is one of this library's, or of a class made of it. */
export function isStrandOwner(task: TaskLike | null): task is StrandOwner {
  return task !== null && "_strands" in task;
}

// How many strands remember a request: nearly always none.
let remembered = 0;

const NONE = 0;
const FULFILLED = 1;
const REJECTED = 2;

/** One await of an async function, and the promise-like that `then()` returns. */
export abstract class Strand implements Runnable, PromiseLike<unknown> {
  readonly _context: Context;
  readonly owner: StrandOwner | null;
  /** The async body that waits; `null` for the function that the task was made of. */
  readonly branch: Branch | null;
  older: Strand | null = null;
  newer: Strand | null = null;
  #onFulfilled: Callback;
  #onRejected: Callback;
  protected readonly loop: FutureLoop | null;
  // A request of a scope in this strand that could not be delivered at once.
  #remembered: Cancellation | null = null;
  // Made when somebody chains on what `then()` returned; an `await` never does.
  #derived: PromiseWithResolvers<unknown> | null = null;
  // What the callback made of it: nothing yet, a value, or an error.
  #outcome: typeof NONE | typeof FULFILLED | typeof REJECTED = NONE;
  #value: unknown = undefined;

  constructor(
    onFulfilled: Callback,
    onRejected: Callback,
    frame: Frame | undefined,
    loop: FutureLoop | null,
  ) {
    this._context = frame === undefined ? currentContext() : frame.context;
    this.#onFulfilled = onFulfilled;
    this.#onRejected = onRejected;
    // A continuation without an error handler is no await: see above.
    const task = typeof onRejected === "function" && frame !== undefined ? frame.task : null;
    this.owner = isStrandOwner(task) ? task : null;
    this.branch = frame === undefined ? null : frame.branch;
    this.loop = loop;
  }

  get _awaiter(): object | null {
    return this.owner;
  }

  abstract _run(): void;
  /** Cancels what is waited for; false when that is too late. */
  abstract cancelWait(message: string | undefined): boolean;

  /** Cancels what is waited for, or the next wait in this strand. */
  cancelBranch(request: Cancellation): void {
    if (this.cancelWait(request.message)) return;
    if (this.#remembered === null) remembered++;
    this.#remembered = request;
  }

  /** Forgets a request that was not delivered. */
  forget(request: Cancellation): void {
    if (this.#remembered !== request) return;
    this.#remembered = null;
    remembered--;
  }

  /** The strand that waits for the async body that this one belongs to, if one does. */
  get outer(): Strand | null {
    const waiter = this.branch === null ? null : this.branch.waiter;
    return waiter instanceof Strand ? waiter : null;
  }

  /** Whether this strand is another, or waits inside of what the other waits for. */
  isWithin(other: Strand): boolean {
    return this === other || (this.outer?.isWithin(other) ?? false);
  }

  /** How many requests wait for the next wait in this strand. */
  get remembers(): number {
    if (remembered === 0) return 0;
    return (this.#remembered === null ? 0 : 1) + (this.outer?.remembers ?? 0);
  }

  /** The request that is to be delivered here: of the task, of this strand, or of one around it. */
  #toDeliver(): Cancellation | null {
    const owner = this.owner;
    if (owner === null || owner.done()) return null;
    if (owner._mustCancel) return owner._cancellation!;
    return remembered === 0 ? null : this.#remembering();
  }

  #remembering(): Cancellation | null {
    if (this.#remembered !== null) return this.#remembered;
    const outer = this.outer;
    return outer === null ? null : outer.#remembering();
  }

  /** One delivery is enough for all that are to be delivered here. */
  #delivered(): void {
    this.owner!._mustCancel = false;
    if (remembered === 0) return;
    for (let outer = this.outer; outer !== null; outer = outer.outer) outer.#forgetAny();
    this.#forgetAny();
  }

  #forgetAny(): void {
    if (this.#remembered !== null) this.forget(this.#remembered);
  }

  /** At a new wait: delivers what was requested while there was nothing to be cancelled. */
  protected cancelRemembered(future: FutureLike<unknown>): void {
    if (this.owner === null || (!this.owner._mustCancel && remembered === 0)) return;
    if (this.#toDeliver()?.passTo(future)) this.#delivered();
  }

  /** At the end of a wait: gives what is to be thrown for it. */
  protected takeRemembered(): CancelledError | null {
    if (this.owner === null || (!this.owner._mustCancel && remembered === 0)) return null;
    const request = this.#toDeliver();
    if (request === null) return null;
    this.#delivered();
    const error = CancelledError._of(request);
    if (this.loop?.getDebug()) Error.captureStackTrace(error, this.takeRemembered);
    return error;
  }

  then<R1, R2>(
    onFulfilled?: ((value: unknown) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    if (this.#derived === null) {
      this.#derived = Promise.withResolvers();
      if (this.#outcome !== NONE) this.#pass(this.#value, this.#outcome === FULFILLED);
    }
    return this.#derived.promise.then(onFulfilled, onRejected);
  }

  /** Puts the strand on its task; the task's async code comes to rest. */
  protected enter(): void {
    const owner = this.owner;
    if (owner === null) return;
    const top = owner._strands;
    if (top !== null) {
      this.older = top;
      top.newer = this;
    }
    owner._strands = this;
    owner._rests();
  }

  /** Takes the strand off its task. */
  protected leave(): void {
    const { owner, older, newer } = this;
    if (owner === null) return;
    if (newer !== null) newer.older = older;
    else if (owner._strands === this) owner._strands = older;
    if (older !== null) older.newer = newer;
    this.older = this.newer = null;
  }

  /** Comes back with the next pass. */
  protected reschedule(): void {
    if (this.loop === null) {
      throw new RuntimeError("Cannot run a coroutine: no event loop is running");
    }
    this.loop._enqueue(this);
  }

  protected fulfil(value: unknown): void {
    this.#settle(this.#onFulfilled, value, true);
  }

  protected reject(error: unknown): void {
    this.#settle(this.#onRejected, error, false);
  }

  #settle(callback: Callback, value: unknown, fulfilled: boolean): void {
    this.owner?._resumed();
    if (typeof callback === "function") {
      try {
        value = (callback as (value: unknown) => unknown)(value);
        fulfilled = true;
      } catch (error) {
        value = error;
        fulfilled = false;
      }
    }
    if (this.#derived !== null) return this.#pass(value, fulfilled);
    this.#outcome = fulfilled ? FULFILLED : REJECTED;
    this.#value = value;
    if (!fulfilled) {
      this.loop?.callExceptionHandler({
        message: "An exception in a then() chain was not handled",
        exception: value,
      });
    }
  }

  #pass(value: unknown, fulfilled: boolean): void {
    if (fulfilled) this.#derived!.resolve(value);
    else this.#derived!.reject(value);
  }
}

/** Waits for a future. */
class FutureStrand extends Strand {
  readonly #future: Future<unknown>;

  constructor(
    future: Future<unknown>,
    onFulfilled: Callback,
    onRejected: Callback,
    frame: Frame | undefined,
  ) {
    super(onFulfilled, onRejected, frame, future._loop);
    this.#future = future;
  }

  start(): void {
    const future = this.#future;
    const owner = this.owner;
    if (future.done()) return queueMicrotask(() => this.#deliver(null));
    if (owner !== null) {
      let wrong: RuntimeError | undefined;
      if (future as unknown === owner) {
        wrong = new RuntimeError(`A task cannot await itself: ${owner}`);
      } else if (future._loop !== owner.getLoop()) {
        wrong = new RuntimeError(
          `Task ${owner} cannot await ${future}: the future is attached to a different loop`,
        );
      }
      if (wrong !== undefined) return queueMicrotask(() => this.reject(wrong));
    }
    future._addWaiter(this);
    this.enter();
    this.cancelRemembered(future);
  }

  _run(): void {
    this.leave();
    this.#deliver(this.takeRemembered());
  }

  #deliver(cancellation: CancelledError | null): void {
    let value: unknown;
    try {
      value = this.#future.result();
      if (cancellation === null) return this.fulfil(value);
      value = cancellation;
    } catch (error) {
      value = cancellation === null || error instanceof CancelledError ? error : cancellation;
    }
    this.reject(value);
  }

  cancelWait(message: string | undefined): boolean {
    return this.#future.cancel(message);
  }
}

/** Gives away a turn: what `await sleep(0)` does, in one step instead of two. */
class TurnStrand extends Strand {
  readonly #result: unknown;

  constructor(
    result: unknown,
    onFulfilled: Callback,
    onRejected: Callback,
    frame: Frame | undefined,
  ) {
    super(onFulfilled, onRejected, frame, frame === undefined ? runningLoop() : frame.loop);
    this.#result = result;
  }

  start(): void {
    this.enter();
    this.reschedule();
  }

  _run(): void {
    this.leave();
    const cancellation = this.takeRemembered();
    if (cancellation === null) this.fulfil(this.#result);
    else this.reject(cancellation);
  }

  cancelWait(): boolean {
    return false;
  }
}

/** Drives a coroutine that an async function awaits, in the name of that function's task. */
class CoroutineStrand extends Strand {
  readonly #iterator: Iterator<Suspension, unknown, unknown>;
  #waiting: FutureLike<unknown> | null = null;
  #injected: unknown = undefined;

  constructor(
    iterator: Iterator<Suspension, unknown, unknown>,
    onFulfilled: Callback,
    onRejected: Callback,
    frame: Frame | undefined,
  ) {
    super(onFulfilled, onRejected, frame, frame === undefined ? runningLoop() : frame.loop);
    this.#iterator = iterator;
  }

  /** The first step is made at once, as part of the step that awaits. */
  start(): void {
    this.#step(undefined, true);
  }

  _run(): void {
    this.leave();
    let error = this.#injected;
    this.#injected = undefined;
    const cancellation = this.takeRemembered();
    if (cancellation !== null) {
      const waiting = this.#waiting;
      // What the future failed with gives way to the cancellation, and is not to be reported.
      if (waiting instanceof Future && waiting._state === 2) waiting._retrieved();
      const cancelled = waiting instanceof Future && waiting.cancelled();
      if (!cancelled && !(error instanceof CancelledError)) error = cancellation;
    }
    this.#step(error, false);
  }

  /** Goes on as part of the present step, where async code has ended that ran in its name. */
  _continue(): void {
    this.leave();
    this.#step(undefined, false);
  }

  #step(error: unknown, first: boolean): void {
    const owner = this.owner;
    this.#waiting = null;
    const { context, loop, task, strand } = sync;
    sync.context = this._context;
    sync.loop = this.loop;
    sync.task = owner;
    sync.strand = this;
    let step: IteratorResult<Suspension, unknown>;
    try {
      step = error === undefined ? this.#iterator.next() : this.#iterator.throw!(error);
    } catch (error) {
      return first ? queueMicrotask(() => this.reject(error)) : this.reject(error);
    } finally {
      sync.context = context;
      sync.loop = loop;
      sync.task = task;
      sync.strand = strand;
    }
    if (step.done) {
      const { value } = step;
      return first ? queueMicrotask(() => this.fulfil(value)) : this.fulfil(value);
    }
    this.#suspend(step.value);
  }

  #suspend(suspension: unknown): void {
    const owner = this.owner;
    const wrong = checkSuspension(suspension, owner, this.loop);
    this.enter();
    if (wrong !== null) {
      this.#injected = wrong;
      this.reschedule();
    } else if (suspension === undefined) {
      this.reschedule();
    } else {
      const future = suspension as FutureLike<unknown>;
      future._asyncioFutureBlocking = false;
      this.#waiting = future;
      waitOn(future, this);
      this.cancelRemembered(future);
    }
  }

  cancelWait(message: string | undefined): boolean {
    return this.#waiting !== null && this.#waiting.cancel(message);
  }
}

/** Schedules `item` for when a future, of whatever class, is done. */
export function waitOn(future: FutureLike<unknown>, item: Runnable): void {
  if (!(future instanceof Future)) future.addDoneCallback(() => item._run());
  else if (future._state === 0) future._addWaiter(item);
  else future._loop._enqueue(item);
}

/**
 * What is wrong with a thing that a coroutine has yielded, or `null`.
 *
 * Right are `undefined` and a future, of the same loop, that is being waited for with `yield*`.
 */
export function checkSuspension(
  suspension: unknown,
  task: TaskLike | null,
  loop: FutureLoop | null,
): RuntimeError | null {
  if (suspension === undefined) return null;
  const blocking = typeof suspension === "object" && suspension !== null
    ? (suspension as Partial<FutureLike<unknown>>)._asyncioFutureBlocking
    : undefined;
  if (typeof blocking !== "boolean") {
    const star = typeof (suspension as Partial<PromiseLike<unknown>> | null)?.then === "function"
      ? "; wait for a promise with yield* ensureFuture(promise)"
      : "";
    return new RuntimeError(`Task ${task} got a bad yield: ${describe(suspension)}${star}`);
  }
  const future = suspension as FutureLike<unknown>;
  if (loop !== null && future.getLoop() !== loop) {
    return new RuntimeError(
      `Task ${task} cannot await ${future}: the future is attached to a different loop`,
    );
  }
  if (!blocking) {
    return new RuntimeError(`Task ${task} used yield instead of yield* with ${future}`);
  }
  if (future as unknown === task) {
    return new RuntimeError(`A task cannot await itself: ${task}`);
  }
  return null;
}

/** `Future.then()`. */
export function awaitFuture<T, R1, R2>(
  future: Future<T>,
  onFulfilled: Callback,
  onRejected: Callback,
): PromiseLike<R1 | R2> {
  const strand = new FutureStrand(
    future as Future<unknown>,
    onFulfilled,
    onRejected,
    currentFrame(),
  );
  strand.start();
  return strand as PromiseLike<unknown> as PromiseLike<R1 | R2>;
}

/** `Coroutine.then()`. */
export function awaitIterator<R1, R2>(
  iterator: Iterator<Suspension, unknown, unknown>,
  onFulfilled: Callback,
  onRejected: Callback,
): PromiseLike<R1 | R2> {
  const strand = new CoroutineStrand(iterator, onFulfilled, onRejected, currentFrame());
  strand.start();
  return strand as PromiseLike<unknown> as PromiseLike<R1 | R2>;
}

/** `then()` of a turn that is given away. */
export function awaitTurn<R1, R2>(
  result: unknown,
  onFulfilled: Callback,
  onRejected: Callback,
): PromiseLike<R1 | R2> {
  const strand = new TurnStrand(result, onFulfilled, onRejected, currentFrame());
  strand.start();
  return strand as PromiseLike<unknown> as PromiseLike<R1 | R2>;
}
