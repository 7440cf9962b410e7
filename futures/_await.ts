/**
 * How an async function waits for an awaitable: what stands behind `then()`.
 *
 * The engine calls `then(resolve, reject)` in a microtask after the `await`. The task that awaits is
 * found through the frame that the async function carries, and the wait becomes a {@linkcode Strand}
 * of it.
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

import { currentFrame, type Frame, runningLoop, sync } from "./_frame.ts";
import type { Callback } from "./_chain.ts";
import { Strand } from "./_strand.ts";
import { CancelledError, RuntimeError } from "./errors.ts";
import type { CancelHandle, FutureLoop, Runnable } from "./future_loop.ts";
import type { FutureLike } from "./future.ts";
import { Future } from "./future.ts";
import type { Suspension } from "./awaitable.ts";
import type { TaskLike } from "./task_registry.ts";
import { describe } from "./_describe.ts";

/** Waits for a future. */
class FutureStrand extends Strand {
  // Fields are declared, and assigned in the constructor, since this is a base class: see docs/performance.md.
  declare private readonly future: Future<unknown>;

  constructor(
    future: Future<unknown>,
    onFulfilled: Callback,
    onRejected: Callback,
    frame: Frame | undefined,
  ) {
    super(onFulfilled, onRejected, frame, future._loop);
    this.future = future;
  }

  start(): void {
    const future = this.future;
    const owner = this.owner;
    if (future.done()) return queueMicrotask(() => this.deliver(null));
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
    this.deliver(this.takeRemembered());
  }

  protected deliver(cancellation: CancelledError | null): void {
    const future = this.future;
    // Known without throwing, which costs more than all the rest.
    if (future.cancelled()) return this.reject(future._makeCancelledError());
    let value: unknown;
    try {
      value = future.result();
      if (cancellation === null) return this.fulfil(value);
      value = cancellation;
    } catch (error) {
      value = cancellation === null || error instanceof CancelledError ? error : cancellation;
    }
    this.reject(value);
  }

  get waitsFor(): FutureLike<unknown> {
    return this.future;
  }
}

/** Waits for a future that a timer sets, and calls the timer off when the wait ends before. */
class TimerStrand extends FutureStrand {
  readonly #timer: CancelHandle;

  constructor(
    future: Future<unknown>,
    timer: CancelHandle,
    onFulfilled: Callback,
    onRejected: Callback,
    frame: Frame | undefined,
  ) {
    super(future, onFulfilled, onRejected, frame);
    this.#timer = timer;
  }

  override _run(): void {
    this.#timer.cancel();
    super._run();
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

  get waitsFor(): null {
    return null;
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
    this.step(undefined, true);
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
    this.step(error, false);
  }

  /** Goes on as part of the present step, where async code has ended that ran in its name. */
  _continue(): void {
    this.leave();
    this.step(undefined, false);
  }

  protected step(error: unknown, first: boolean): void {
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
      this.takeLate();
      return first ? queueMicrotask(() => this.reject(error)) : this.reject(error);
    } finally {
      sync.context = context;
      sync.loop = loop;
      sync.task = task;
      sync.strand = strand;
    }
    if (step.done) {
      const { value } = step;
      if (first) return queueMicrotask(() => this.fulfil(value));
      const cancellation = this.takeLate();
      return cancellation === null ? this.fulfil(value) : this.reject(cancellation);
    }
    this.suspend(step.value);
  }

  protected suspend(suspension: unknown): void {
    this.enter();
    if (suspension === undefined) return this.reschedule();
    const wrong = suspendOn(suspension, this.owner, this.loop, this);
    if (wrong !== null) {
      this.#injected = wrong;
      return this.reschedule();
    }
    const future = suspension as FutureLike<unknown>;
    this.#waiting = future;
    this.cancelRemembered(future);
  }

  get waitsFor(): FutureLike<unknown> | null {
    return this.#waiting;
  }
}

/** Schedules `item` for when a future, of whatever class, is done. */
export function waitOn(future: FutureLike<unknown>, item: Runnable): void {
  if (!(future instanceof Future)) future.addDoneCallback(() => item._run());
  else if (future._state === 0) future._addWaiter(item);
  else future._loop._enqueue(item);
}

/**
 * Schedules `item` for when what a coroutine has yielded is done. That may be a mistake, or a third
 * party's future, whose methods may throw.
 *
 * @returns what is to be thrown into the coroutine instead, or `null`
 */
export function suspendOn(
  suspension: unknown,
  task: TaskLike | null,
  loop: FutureLoop | null,
  item: Runnable,
): unknown {
  try {
    const wrong = checkSuspension(suspension, task, loop);
    if (wrong !== null) return wrong;
    const future = suspension as FutureLike<unknown>;
    future._asyncioFutureBlocking = false;
    waitOn(future, item);
    return null;
  } catch (error) {
    return error;
  }
}

/**
 * What is wrong with a thing that a coroutine has yielded, or `null`.
 *
 * Right is a future, of the same loop, that is being waited for with `yield*`.
 */
function checkSuspension(
  suspension: unknown,
  task: TaskLike | null,
  loop: FutureLoop | null,
): RuntimeError | null {
  const blocking = typeof suspension === "object" && suspension !== null
    ? (suspension as Partial<FutureLike<unknown>>)._asyncioFutureBlocking
    : undefined;
  if (typeof blocking !== "boolean") {
    const advice = yieldAdvice(suspension);
    return new RuntimeError(`Task ${task} got a bad yield: ${describe(suspension)}${advice}`);
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

/** What to do instead of yielding something that can be waited for. */
function yieldAdvice(yielded: unknown): string {
  if (typeof yielded !== "object" || yielded === null) return "";
  const { then, next } = yielded as Partial<PromiseLike<unknown> & Iterator<unknown>>;
  // A coroutine, or a generator.
  const isRunnable = Symbol.iterator in yielded &&
    (typeof then === "function" || typeof next === "function");
  if (isRunnable) return "; use yield* instead of yield";
  return typeof then === "function" ? "; wait for a promise with yield* ensureFuture(promise)" : "";
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

/** `then()` of a timer and the future that it sets. */
export function awaitTimer<T, R1, R2>(
  future: Future<T>,
  timer: CancelHandle,
  onFulfilled: Callback,
  onRejected: Callback,
): PromiseLike<R1 | R2> {
  const strand = new TimerStrand(
    future as Future<unknown>,
    timer,
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
