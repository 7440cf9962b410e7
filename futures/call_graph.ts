/**
 * The call graph: who waits for whom.
 *
 * asyncio counterpart: `asyncio.graph` (CPython 3.14).
 *
 * Nothing is kept for it while a program runs: a future's waiters know on whose behalf they wait
 * (`Runnable._awaiter`). Only what waits through a plain callback has to say so, with
 * {@linkcode futureAddToAwaitedBy}. JavaScript tells nobody where a suspended function stands, so the
 * frames of a task that waits are those of the place where it was made, in debug mode.
 *
 * @module
 */

import { runningTask } from "./_frame.ts";
import { describe } from "./_describe.ts";
import { requireLoop } from "./ensure_future.ts";
import { RuntimeError } from "./errors.ts";
import { Future, isfuture } from "./future.ts";
import { Task } from "./task.ts";

/**
 * One line of a stack.
 *
 * asyncio name: `FrameCallGraphEntry`.
 */
export interface FrameCallGraphEntry {
  /** The line as the host writes it, e.g. `at main (file:///app.ts:3:9)`. */
  readonly frame: string;
}

/**
 * A future, where it stands, and what waits for it.
 *
 * asyncio name: `FutureCallGraph`.
 */
export interface FutureCallGraph {
  /** The future or task. */
  readonly future: Future<unknown>;
  /** Its frames, as far as they are known, innermost first. */
  readonly callStack: readonly FrameCallGraphEntry[];
  /** What waits for it; empty where it stands in the graph a second time. */
  readonly awaitedBy: readonly FutureCallGraph[];
}

/** What {@linkcode captureCallGraph} takes beside the future. */
export interface CallGraphOptions {
  /**
   * How many of the caller's own frames to leave out.
   * @default 1
   */
  depth?: number;
  /** The most frames for each future: the innermost, or, when negative, the outermost. */
  limit?: number;
}

/** What {@linkcode printCallGraph} takes beside the future. */
export interface PrintCallGraphOptions extends CallGraphOptions {
  /**
   * Where the text goes.
   * @default console.log
   */
  print?: (text: string) => void;
}

const declared = new WeakMap<Future<unknown>, Set<Future<unknown>>>();

/**
 * Says that one future waits for another, where that happens through a callback.
 *
 * asyncio name: `future_add_to_awaited_by`.
 *
 * @param future what is waited for
 * @param waiter what waits
 */
export function futureAddToAwaitedBy(future: Future<unknown>, waiter: Future<unknown>): void {
  let waiters = declared.get(future);
  if (waiters === undefined) declared.set(future, waiters = new Set());
  waiters.add(waiter);
}

/**
 * Takes back what {@linkcode futureAddToAwaitedBy} said.
 *
 * asyncio name: `future_discard_from_awaited_by`.
 */
export function futureDiscardFromAwaitedBy(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  declared.get(future)?.delete(waiter);
}

function awaitersOf(future: Future<unknown>): Set<Future<unknown>> {
  const awaiters = new Set<Future<unknown>>(declared.get(future));
  const { _waiters } = future;
  for (const item of Array.isArray(_waiters) ? _waiters : _waiters === null ? [] : [_waiters]) {
    const awaiter = item._awaiter;
    if (isfuture(awaiter)) awaiters.add(awaiter);
  }
  return awaiters;
}

function limited(lines: string[], limit: number | undefined): FrameCallGraphEntry[] {
  const kept = limit === undefined
    ? lines
    : limit >= 0
    ? lines.slice(0, limit)
    : lines.slice(limit);
  return kept.map((frame) => ({ frame }));
}

function framesOf(future: Future<unknown>, options: CallGraphOptions): FrameCallGraphEntry[] {
  if (future as unknown === runningTask()) {
    const lines = (new Error().stack ?? "").split("\n").slice(1).map((line) => line.trim());
    // Our own frames, and as many of the caller's as asked for.
    const own = lines.findLastIndex((line) => line.includes(import.meta.url));
    return limited(lines.slice(own + (options.depth ?? 1)), options.limit);
  }
  if (!(future instanceof Task)) return [];
  return limited(future.getStack().reverse(), options.limit);
}

/**
 * Captures where a future stands, and what waits for it, up to the tasks that nothing waits for.
 *
 * asyncio name: `capture_call_graph`.
 *
 * @param future the future or task; the running task by default
 * @param options how many frames
 * @returns the graph, or `undefined` where no future is given and no task is running
 * @throws {TypeError} when `future` is no future
 * @throws {RuntimeError} when no future is given and no loop is running, or the running task is no future
 *
 * @example Who waits for a future
 * ```ts
 * import { captureCallGraph, createTask, getRunningLoop, run, sleep } from "@asyncio/asyncio";
 * import { assertStrictEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const future = getRunningLoop().createFuture<void>();
 *   const task = createTask(async () => await future);
 *   await sleep(0);
 *   assertStrictEquals(captureCallGraph(future)!.awaitedBy[0]!.future, task);
 *   future.setResult(undefined);
 *   await task;
 * });
 * ```
 */
export function captureCallGraph(
  future?: Future<unknown>,
  options: CallGraphOptions = {},
): FutureCallGraph | undefined {
  if (future === undefined) {
    requireLoop("capture a call graph without a future");
    const task = runningTask();
    if (task === null) return undefined;
    if (!isfuture(task)) {
      throw new RuntimeError(`Cannot capture a call graph: ${describe(task)} is no future`);
    }
    future = task as Future<unknown>;
  } else if (!(future instanceof Future) && !isfuture(future)) {
    throw new TypeError(
      `Cannot capture a call graph: a future or task is needed, got ${describe(future)}`,
    );
  }
  const seen = new Set<Future<unknown>>();
  const capture = (each: Future<unknown>): FutureCallGraph => {
    const isNew = !seen.has(each);
    seen.add(each);
    return {
      future: each,
      callStack: isNew ? framesOf(each, options) : [],
      awaitedBy: isNew ? Array.from(awaitersOf(each), capture) : [],
    };
  };
  return capture(future);
}

/**
 * {@linkcode captureCallGraph} as text.
 *
 * asyncio name: `format_call_graph`.
 *
 * @param future the future or task; the running task by default
 * @param options how many frames
 * @returns the text; empty where no future is given and no task is running
 * @throws what {@linkcode captureCallGraph} throws
 */
export function formatCallGraph(future?: Future<unknown>, options?: CallGraphOptions): string {
  const graph = captureCallGraph(future, options);
  const lines: string[] = [];
  const write = ({ future, callStack, awaitedBy }: FutureCallGraph, indent: string) => {
    lines.push(`${indent}* ${future}`);
    if (callStack.length > 0) {
      lines.push(`${indent}  + Call stack:`);
      for (const { frame } of callStack) lines.push(`${indent}  |   ${frame}`);
    }
    if (awaitedBy.length === 0) return;
    lines.push(`${indent}  + Awaited by:`);
    for (const each of awaitedBy) write(each, `${indent}    `);
  };
  if (graph !== undefined) write(graph, "");
  return lines.join("\n");
}

/**
 * Prints {@linkcode formatCallGraph}.
 *
 * asyncio name: `print_call_graph`.
 *
 * @param future the future or task; the running task by default
 * @param options how many frames, and where the text goes
 * @throws what {@linkcode captureCallGraph} throws
 *
 * @example Who waits for a future
 * ```ts
 * import { createTask, getRunningLoop, printCallGraph, run, sleep } from "@asyncio/asyncio";
 * import { assertStringIncludes } from "@std/assert";
 *
 * await run(async () => {
 *   const future = getRunningLoop().createFuture<void>();
 *   const task = createTask(async () => await future, { name: "waiter" });
 *   await sleep(0);
 *   printCallGraph(future, { print: (text) => assertStringIncludes(text, "name='waiter'") });
 *   future.setResult(undefined);
 *   await task;
 * });
 * ```
 */
export function printCallGraph(
  future?: Future<unknown>,
  options: PrintCallGraphOptions = {},
): void {
  (options.print ?? console.log)(formatCallGraph(future, options));
}
