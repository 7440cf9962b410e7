/**
 * Where code finds its running loop, its task and its context.
 *
 * Two carriers, one rule. Code that the library calls synchronously (callbacks, generator
 * coroutines, protocol methods) finds them in {@linkcode sync}, a record that is set around the
 * call and costs nothing. An async function outlives the call that started it, so the library
 * starts one inside a storage (`_carrier.ts`) that holds a {@linkcode Frame}; while async code runs,
 * `sync.context` is `undefined`, and the storage decides.
 *
 * Invariants: whoever sets `sync` restores it before returning to the host; `sync.loop` and
 * `sync.task` mean something only while `sync.context` is set.
 *
 * May be imported by `futures/` and `loop/`. Not here: what a context is (`context.ts`).
 *
 * @module
 */

import { type Carrier, makeCarrier } from "./_carrier.ts";
import type { Context } from "./context.ts";
import type { FutureLoop, Runnable } from "./future_loop.ts";
import type { Strand } from "./_strand.ts";
import type { TaskLike } from "./task_registry.ts";

/**
 * One async body (see `_body.ts`), as a part of its task: there may be others beside it, as the engine
 * can wait for several at once (`Promise.all`).
 */
export class Branch {
  /** Who waits for the body: a strand of the same task, or the task. */
  waiter: Runnable | null = null;
}

/** What an async function carries along: it stays the same from its first line to its last. */
export class Frame {
  readonly loop: FutureLoop | null;
  readonly task: TaskLike | null;
  readonly context: Context;
  /** The body that the function belongs to; `null` for the function that a task was made of. */
  readonly branch: Branch | null;

  constructor(
    loop: FutureLoop | null,
    task: TaskLike | null,
    context: Context,
    branch: Branch | null = null,
  ) {
    this.loop = loop;
    this.task = task;
    this.context = context;
    this.branch = branch;
  }
}

/** The synchronous carrier. */
export const sync: {
  context: Context | undefined;
  loop: FutureLoop | null;
  task: TaskLike | null;
  /** What drives the code, where an async function awaits a coroutine; see {@linkcode drivingStrand}. */
  strand: Strand | null;
  /**
   * The context that the running callback has got for itself: `undefined` while it has done without, `null`
   * while no callback runs. See `Context._own()`.
   */
  own: Context | null | undefined;
} = { context: undefined, loop: null, task: null, strand: null, own: null };

/** The asynchronous carrier. */
export const storage: Carrier<Frame> = makeCarrier<Frame>();

// Set by loops that are no part of this library, around all that they run.
let declared: FutureLoop | null = null;

/** Sets the loop that code belongs to which no loop of this library runs. */
export function declareRunningLoop(loop: FutureLoop | null): void {
  declared = loop;
}

/** The loop that runs the calling code, or `null`. */
export function runningLoop(): FutureLoop | null {
  if (sync.context !== undefined && sync.loop !== null) return sync.loop;
  return storage.getStore()?.loop ?? declared;
}

/** The task that the calling code belongs to, or `null`. */
export function runningTask(): TaskLike | null {
  if (sync.context !== undefined) return sync.task;
  return storage.getStore()?.task ?? null;
}

/** The frame of the calling code: the one that async code carries, or one made of {@linkcode sync}. */
export function currentFrame(): Frame | undefined {
  if (sync.context === undefined) return storage.getStore();
  return new Frame(sync.loop, sync.task, sync.context._own(), drivingStrand()?.branch ?? null);
}

/**
 * The strand that drives the calling code, which runs inside a step; `null` when its task does so
 * itself.
 */
export function drivingStrand(): Strand | null {
  const { strand, task } = sync;
  // Inside a step, another task may have been started eagerly.
  return strand !== null && strand.owner === task ? strand : null;
}

/**
 * Calls a function that may be async, so that all it starts belongs to `frame`.
 *
 * @returns what `fn` returns
 */
export function enterAsync<A extends unknown[], R>(
  frame: Frame,
  fn: (...args: A) => R,
  ...args: A
): R {
  const { context, loop, task } = sync;
  sync.context = undefined;
  try {
    return storage.run(frame, fn, ...args);
  } finally {
    sync.context = context;
    sync.loop = loop;
    sync.task = task;
  }
}

/**
 * Calls a function that may be async from inside a step, so that all it starts belongs to the task
 * that is being stepped, and there to a branch.
 *
 * @returns what `fn` returns
 */
export function callInBranch<A extends unknown[], R>(
  branch: Branch,
  fn: (...args: A) => R,
  ...args: A
): R {
  const { context, loop, task } = sync;
  return enterAsync(new Frame(loop, task, context!._own(), branch), fn, ...args);
}

/**
 * Starts async work of the library itself: it belongs to the loop, and to no task.
 *
 * @returns what `work` returns
 */
export function enterDetached<R>(loop: FutureLoop, context: Context, work: () => R): R {
  return enterAsync(new Frame(loop, null, context), work);
}

/** Runs something for a loop that calls it from a plain callback; see `AbstractEventLoop`. */
export function runFor(loop: FutureLoop, item: Runnable): void {
  const { loop: outerLoop, task } = sync;
  sync.loop = loop;
  sync.task = null;
  try {
    runInContext(item);
  } finally {
    sync.loop = outerLoop;
    sync.task = task;
  }
}

/** Runs something in its context, wherever that is called from. */
export function runInContext(item: Runnable): void {
  const { context, own } = sync;
  sync.context = item._context;
  sync.own = null;
  try {
    item._run();
  } finally {
    sync.context = context;
    sync.own = own;
  }
}
