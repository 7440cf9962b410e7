/**
 * `sleep()`: waiting for time to pass, or for a turn.
 *
 * asyncio counterpart: `asyncio.tasks.sleep`. Written as iterators by hand, since `sleep(0)` is what
 * the library is measured by.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import { awaitTimer, awaitTurn } from "./_await.ts";
import { runningLoop } from "./_frame.ts";
import { suspendAt } from "./_suspend.ts";
import type { Suspension } from "./awaitable.ts";
import { type Coroutine, Operation } from "./coroutine.ts";
import { describe } from "./_describe.ts";
import { RuntimeError } from "./errors.ts";
import type { Future } from "./future.ts";
import type { CancelHandle } from "./future_loop.ts";

/** One object serves all: whoever gets it looks at it at once. */
const TURN: IteratorYieldResult<Suspension> = { value: undefined, done: false };

/** Gives away one turn. */
class Turn<T> extends Operation<T> {
  readonly #result: T;
  #yielded = false;

  constructor(result: T) {
    super();
    this.#result = result;
  }

  override next(): IteratorResult<Suspension, T> {
    if (this.#yielded) return { value: this.#result, done: true };
    this.#yielded = true;
    return TURN;
  }

  override then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    // Outside a loop, and awaited again, it fails as every coroutine does.
    if (runningLoop() === null || !this._claim()) return super.then(onFulfilled, onRejected);
    return awaitTurn(this.#result, onFulfilled, onRejected);
  }

  override get name(): string {
    return "sleep";
  }
}

function wake(sleep: Sleep<unknown>): void {
  sleep._wake();
}

/** Waits for a timer. */
class Sleep<T> extends Operation<T> {
  readonly #delayMs: number;
  readonly #result: T;
  #future: Future<T> | null = null;
  #timer: CancelHandle | null = null;

  constructor(delayMs: number, result: T) {
    super();
    this.#delayMs = delayMs;
    this.#result = result;
  }

  override next(): IteratorResult<Suspension, T> {
    let future = this.#future;
    if (future === null) future = this._begin();
    else if (future._state !== 0) {
      this.#timer!.cancel();
      return { value: future.result(), done: true };
    }
    return suspendAt(future);
  }

  _begin(): Future<T> {
    const loop = runningLoop();
    if (loop === null) throw new RuntimeError("Cannot sleep: no event loop is running");
    this.#future = loop.createFuture<T>();
    this.#timer = loop.callLater(this.#delayMs, wake, this as Sleep<unknown>);
    return this.#future;
  }

  override then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    // Outside a loop, and awaited again, it fails as every coroutine does.
    if (runningLoop() === null || !this._claim()) return super.then(onFulfilled, onRejected);
    return awaitTimer(this._begin(), this.#timer!, onFulfilled, onRejected);
  }

  /** Called by the timer. */
  _wake(): void {
    const future = this.#future!;
    if (future._state === 0) future.setResult(this.#result);
  }

  override throw(error: unknown): never {
    this.#timer?.cancel();
    throw error;
  }

  override return(value: T): IteratorResult<Suspension, T> {
    this.#timer?.cancel();
    return super.return(value);
  }

  override get name(): string {
    return "sleep";
  }
}

/**
 * Waits for some time, and lets everything else run meanwhile.
 *
 * `sleep(0)` lets all callbacks that are ready now run once, and so does a time that is over, a negative
 * one. `sleep(Infinity)` waits until it is cancelled.
 *
 * **Cancellation** ends the wait and leaves no timer behind.
 *
 * asyncio name: `sleep`.
 *
 * @param delay the time to wait, in milliseconds; never less passes
 * @param result what waiting for it gives
 * @param options a signal that ends the wait
 * @throws {RangeError} when `delay` is `NaN`
 * @throws {TypeError} when `delay` is no number
 *
 * @example Waiting
 * ```ts
 * import { run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await run(() => sleep(2, "done")), "done");
 * ```
 */
export function sleep(delay: number): Coroutine<undefined>;
/** The same, with a result. */
export function sleep<T>(delay: number, result: T, options?: AbortOptions): Coroutine<T>;
export function sleep<T>(
  delay: number,
  result?: T,
  options?: AbortOptions,
): Coroutine<T | undefined> {
  if (options?.signal !== undefined) return withSignal(sleep(delay, result), options.signal);
  if (delay === 0) return new Turn<T | undefined>(result);
  checkDelay("sleep", delay);
  if (delay < 0) return new Turn<T | undefined>(result);
  return new Sleep<T | undefined>(delay, result);
}

/** Checks a delay; a negative one is of something that is late. @internal */
export function checkDelay(action: string, delay: number): void {
  if (typeof delay !== "number") {
    throw new TypeError(
      `Cannot ${action}: the delay must be a number of milliseconds, got ${describe(delay)}`,
    );
  }
  if (Number.isNaN(delay)) {
    throw new RangeError(`Cannot ${action}: the delay must be a number of milliseconds, got NaN`);
  }
}

/** The same for the time that a wait may take, where there may be no limit. @internal */
export function checkTimeout<T extends number | undefined>(action: string, timeout: T): T {
  if (timeout !== undefined) checkDelay(action, timeout);
  return timeout;
}
