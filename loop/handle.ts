/**
 * `Handle` and `TimerHandle`: callbacks that are scheduled and can be called off.
 *
 * asyncio counterpart: `asyncio.events.Handle` and `TimerHandle`.
 *
 * Invariants: a handle that was called off refers to no callback and no arguments, so it keeps nothing
 * alive however long it stays in a queue (one that has run still does, for reports of what it threw);
 * the context of a callback is a snapshot, shared
 * with all that were scheduled from the same place, and is copied only when the callback runs.
 *
 * @module
 */

import { sync } from "../futures/_frame.ts";
import type { Context } from "../futures/context.ts";
import type { CancelHandle, FutureLoop, Runnable } from "../futures/future_loop.ts";
import { describe } from "../futures/_describe.ts";

const NO_ARGS: readonly unknown[] = [];

// Apart from the handles, of which there may be millions, and seldom in debug mode.
const sourceTracebacks = new WeakMap<Handle, string>();

/** A callback of any parameters. */
export type AnyCallback = (...args: never[]) => void;

/** What a handle tells its loop. */
export interface HandleOwner extends FutureLoop {
  /** A timer was called off: the timer queue counts them. */
  _timerHandleCancelled(handle: TimerHandle): void;
}

/**
 * A callback in a loop's ready queue, as `loop.callSoon()` returns it.
 *
 * asyncio name: `Handle`.
 */
export class Handle implements Runnable, CancelHandle {
  /** A snapshot, until the context is asked for or entered. @internal */
  _context: Context;
  #ownsContext = false;
  /** @internal */
  _callback: AnyCallback | null;
  /** @internal */
  _args: readonly unknown[];
  /** @internal */
  _cancelled = false;
  /** Where it was made, known in debug mode. @internal */
  get _sourceTraceback(): string | undefined {
    return sourceTracebacks.get(this);
  }
  /** @internal */
  set _sourceTraceback(stack: string | undefined) {
    if (stack !== undefined) sourceTracebacks.set(this, stack);
  }

  /** @internal */
  constructor(callback: AnyCallback, args: readonly unknown[], snapshot: Context) {
    this._callback = callback;
    this._args = args.length === 0 ? NO_ARGS : args;
    this._context = snapshot;
  }

  /** The context that the callback runs in. */
  getContext(): Context {
    if (!this.#ownsContext) {
      this.#ownsContext = true;
      this._context = this._context.copy();
    }
    return this._context;
  }

  /** Calls the callback off; later calls do nothing. */
  cancel(): void {
    this._cancelled = true;
    this._callback = null;
    this._args = NO_ARGS;
  }

  /** Whether it was called off. */
  cancelled(): boolean {
    return this._cancelled;
  }

  /** @internal */
  _run(): void {
    const callback = this._callback as ((...args: readonly unknown[]) => unknown) | null;
    if (callback === null) return;
    sync.context = this.getContext();
    const args = this._args;
    let result: unknown;
    switch (args.length) {
      case 0:
        result = callback();
        break;
      case 1:
        result = callback(args[0]);
        break;
      default:
        result = callback(...args);
    }
    // An async function should have been made a task; at least its failure must not end the process.
    if (result instanceof Promise) this.#watch(result);
  }

  #watch(promise: Promise<unknown>): void {
    const { loop } = sync;
    const message = `Exception in callback ${this}`;
    promise.catch((exception) => loop?.callExceptionHandler({ message, exception, handle: this }));
  }

  /** For messages, e.g. `<Handle function tick>`. */
  toString(): string {
    const what = this._cancelled ? "cancelled" : describe(this._callback);
    return `<${this.constructor.name} ${what}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/**
 * A callback in a loop's timer queue, as `loop.callLater()` and `loop.callAt()` return it.
 *
 * asyncio name: `TimerHandle`.
 */
export class TimerHandle extends Handle {
  /** @internal */
  readonly _when: number;
  /** The order of scheduling, which decides between equal deadlines. @internal */
  readonly _sequence: number;
  // The loop while the timer stands in its queue, then null.
  #loop: HandleOwner | null;

  /** @internal */
  constructor(
    when: number,
    sequence: number,
    callback: AnyCallback,
    args: readonly unknown[],
    snapshot: Context,
    loop: HandleOwner,
  ) {
    super(callback, args, snapshot);
    this._when = when;
    this._sequence = sequence;
    this.#loop = loop;
  }

  /** Whether it stands in the timer queue. @internal */
  get _scheduled(): boolean {
    return this.#loop !== null;
  }

  /** It has left the timer queue. @internal */
  _leftQueue(): void {
    this.#loop = null;
  }

  /** When the callback is due, in milliseconds of the loop's clock. */
  when(): number {
    return this._when;
  }

  /** Calls the callback off; later calls do nothing. */
  override cancel(): void {
    if (this._cancelled) return;
    super.cancel();
    this.#loop?._timerHandleCancelled(this);
  }
}
