/**
 * `Handle` and `TimerHandle`: callbacks that are scheduled and can be called off.
 *
 * asyncio counterpart: `asyncio.events.Handle` and `TimerHandle`.
 *
 * Invariants: a handle that was called off refers to no callback and no arguments, so it keeps nothing
 * alive however long it stays in a queue (one that has run still does, for reports of what it threw);
 * the context of a callback is a snapshot, shared with all that were scheduled from the same place, until
 * the callback changes or keeps it.
 *
 * @module
 */

import { runInContext, sync } from "../futures/_frame.ts";
import type { Context } from "../futures/context.ts";
import type { CancelHandle, FutureLoop, Runnable } from "../futures/future_loop.ts";
import { describe } from "../futures/_describe.ts";
import { reportOutside } from "../futures/_interrupt.ts";

/** Stands for no arguments. */
const NONE: unique symbol = Symbol("no arguments");
/** Stands for the arguments while the callback runs. */
const RUNNING: unique symbol = Symbol("running");

/** More arguments than one. */
class ArgumentList {
  readonly items: unknown[];

  constructor(args: readonly unknown[]) {
    const { length } = args;
    this.items = new Array(length);
    // One by one, so that the engine need not make an array of the rest parameter it comes from.
    for (let i = 0; i < length; i++) this.items[i] = args[i];
  }
}

/** Arguments as a handle keeps them: there may be millions of it, most with one argument or none. */
function pack(args: readonly unknown[]): unknown {
  return args.length === 0 ? NONE : args.length === 1 ? args[0] : new ArgumentList(args);
}

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
 *
 * @example Calling a callback off
 * ```ts
 * import { getRunningLoop, run, sleep } from "@asyncio/asyncio";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * await run(async () => {
 *   const loop = getRunningLoop();
 *   const handle = loop.callSoon(() => seen.push("never"));
 *   loop.callSoon(() => seen.push("now"));
 *   handle.cancel();
 *   assert(handle.cancelled());
 *   await sleep(0);
 * });
 * assertEquals(seen, ["now"]);
 * ```
 */
export class Handle implements Runnable, CancelHandle {
  // Fields are declared, and assigned in the constructor, since this is a base class: see docs/performance.md.
  /** A snapshot, until somebody needs the context itself. @internal */
  declare _context: Context;
  /** `null` when it was called off. @internal */
  declare private _callback: AnyCallback | null;
  /** @internal */
  declare private _args: unknown;
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
    this._context = snapshot;
    this._callback = callback;
    this._args = pack(args);
  }

  /** The context that the callback runs in. */
  getContext(): Context {
    const context = this._context;
    if (!context._isSnapshot()) return context;
    return this._context = this._args === RUNNING ? context._own() : context.copy();
  }

  /** Calls the callback off; later calls do nothing. */
  cancel(): void {
    this._callback = null;
    if (this._args !== RUNNING) this._args = NONE;
  }

  /** Whether it was called off. */
  cancelled(): boolean {
    return this._callback === null;
  }

  /** @internal */
  _run(): void {
    const callback = this._callback as ((...args: readonly unknown[]) => unknown) | null;
    if (callback === null) return;
    // Not called by a loop, which sets the context.
    if (sync.own !== null || sync.context !== this._context) return runInContext(this);
    const args = this._args;
    this._args = RUNNING;
    sync.own = undefined;
    try {
      const result = args === NONE
        ? callback()
        : args instanceof ArgumentList
        ? callback(...args.items)
        : callback(args);
      // An async function should have been made a task; at least its failure must not end the process.
      if (result instanceof Promise) watch(this, result);
    } finally {
      if (sync.own !== undefined) this._context = sync.own;
      sync.own = null;
      this._args = this._callback === null ? NONE : args;
    }
  }

  /** For messages, e.g. `<Handle function tick>`. */
  toString(): string {
    const what = this.cancelled() ? "cancelled" : describe(this._callback);
    return `<${this.constructor.name} ${what}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** Reports the failure of an async function that was scheduled as a callback. */
function watch(handle: Handle, promise: Promise<unknown>): void {
  const { loop } = sync;
  const message = `Exception in callback ${handle}`;
  promise.catch((exception) => {
    if (loop !== null) reportOutside(loop, { message, exception, handle });
  });
}

/**
 * A callback in a loop's timer queue, as `loop.callLater()` and `loop.callAt()` return it.
 *
 * asyncio name: `TimerHandle`.
 *
 * @example When it is due
 * ```ts
 * import { getRunningLoop, run } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * await run(async () => {
 *   const loop = getRunningLoop();
 *   const handle = loop.callLater(1000, () => {});
 *   const left = handle.when() - loop.time();
 *   assert(left > 0 && left <= 1000);
 *   handle.cancel();
 * });
 * ```
 */
export class TimerHandle extends Handle {
  /** @internal */
  readonly _when: number;
  // The loop while the timer stands in its queue, then null.
  #loop: HandleOwner | null;

  /** @internal */
  constructor(
    when: number,
    callback: AnyCallback,
    args: readonly unknown[],
    snapshot: Context,
    loop: HandleOwner,
  ) {
    super(callback, args, snapshot);
    this._when = when;
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
    if (this.cancelled()) return;
    super.cancel();
    this.#loop?._timerHandleCancelled(this);
  }
}
