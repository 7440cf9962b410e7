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
import type { TaskLike } from "./task_registry.ts";

/** What an async function carries along: it stays the same from its first line to its last. */
export class Frame {
  readonly loop: FutureLoop | null;
  readonly task: TaskLike | null;
  readonly context: Context;

  constructor(loop: FutureLoop | null, task: TaskLike | null, context: Context) {
    this.loop = loop;
    this.task = task;
    this.context = context;
  }
}

/** The synchronous carrier. */
export const sync: {
  context: Context | undefined;
  loop: FutureLoop | null;
  task: TaskLike | null;
} = { context: undefined, loop: null, task: null };

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
  return new Frame(sync.loop, sync.task, sync.context);
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
 * that is being stepped.
 *
 * @returns what `fn` returns
 */
export function callAsync<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  const { context, loop, task } = sync;
  const frame = storage.getStore();
  if (
    frame === undefined || frame.task !== task || frame.context !== context || frame.loop !== loop
  ) return enterAsync(new Frame(loop, task, context!), fn, ...args);
  // An async function of the same task waits for what is being stepped, so its frame is there.
  sync.context = undefined;
  try {
    return fn(...args);
  } finally {
    sync.context = context;
    sync.loop = loop;
    sync.task = task;
  }
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
  const { context, loop: outerLoop, task } = sync;
  sync.context = item._context;
  sync.loop = loop;
  sync.task = null;
  try {
    item._run();
  } finally {
    sync.context = context;
    sync.loop = outerLoop;
    sync.task = task;
  }
}
