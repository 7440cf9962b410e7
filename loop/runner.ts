/**
 * `Runner` and `run()`: a program from its first line to its last.
 *
 * asyncio counterpart: `asyncio.runners`.
 *
 * @module
 */

import { runningLoop } from "../futures/_frame.ts";
import { type Context, copyContext } from "../futures/context.ts";
import { coroutine, type CoroutineLike, iscoroutine } from "../futures/coroutine.ts";
import { describe } from "../futures/_describe.ts";
import { isClass } from "../futures/_is_class.ts";
import {
  CancelledError,
  KeyboardInterrupt,
  NotImplementedError,
  RuntimeError,
} from "../futures/errors.ts";
import type { Task } from "../futures/task.ts";
import { allTasks } from "../futures/task_registry.ts";
import type { AbstractEventLoop } from "./abstract_event_loop.ts";
import { BaseEventLoop } from "./base_event_loop.ts";
import { newEventLoop } from "./deno_event_loop.ts";
import { setEventLoop, unsetEventLoop } from "./running_loop.ts";
import { EXECUTOR_SHUTDOWN_TIMEOUT_MS } from "./_tuning.ts";

/** What {@linkcode Runner} and {@linkcode run} take. */
export interface RunnerOptions {
  /**
   * Turns the loop's debug mode on or off.
   * @default as the loop has it
   */
  debug?: boolean;
  /**
   * Makes the loop, which must be a fresh one: it is closed with the runner.
   * @default newEventLoop
   */
  loopFactory?: () => AbstractEventLoop;
}

/** What {@linkcode Runner.run} takes beside the program. */
export interface RunOptions {
  /**
   * The context to run in.
   * @default the runner's own, kept between runs
   */
  context?: Context;
}

/**
 * Runs several programs, one after the other, on one loop and in one context.
 *
 * The loop is made at the first use and closed with the runner; close it with `await using`.
 *
 * SIGINT (Ctrl-C) cancels the program that runs, so that it can clean up, and is thrown as
 * {@linkcode KeyboardInterrupt} when it has ended; a second one ends it at once. A program that has a
 * callback of its own for SIGINT, of `loop.addSignalHandler()`, keeps it, and gets the signal alone.
 *
 * asyncio name: `Runner`.
 *
 * @example Two programs, one loop
 * ```ts
 * import { Runner, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await using runner = new Runner();
 * assertEquals(await runner.run(() => sleep(1, "first")), "first");
 * assertEquals(await runner.run(() => sleep(1, "second")), "second");
 * ```
 */
export class Runner implements AsyncDisposable {
  readonly #options: RunnerOptions;
  #state: "created" | "initialized" | "closed" = "created";
  #loop: AbstractEventLoop | null = null;
  #context: Context | null = null;
  #setAsCurrent = false;

  /**
   * Makes a runner; its loop comes later.
   *
   * @param options debug mode, loop factory
   */
  constructor(options: RunnerOptions = {}) {
    this.#options = options;
  }

  /**
   * The loop.
   *
   * asyncio name: `get_loop`.
   *
   * @throws {TypeError} when `loopFactory` is no function that returns a loop
   * @throws {RuntimeError} when the runner is closed, or `loopFactory` returns a closed or running loop
   */
  getLoop(): AbstractEventLoop {
    return this.#initialize();
  }

  /**
   * Runs a program and returns its result.
   *
   * asyncio name: `run`.
   *
   * @param main a coroutine, or an async function, which is called without arguments
   * @param options the context
   * @throws {TypeError} when `main` is neither
   * @throws {RuntimeError} when the runner is closed, or code of a running loop calls
   * @throws {KeyboardInterrupt} when SIGINT has ended it
   */
  async run<T>(main: CoroutineLike<T>, options: RunOptions = {}): Promise<T> {
    if (!iscoroutine(main) && typeof main !== "function") {
      throw new TypeError(
        `Cannot run ${describe(main)}: a coroutine or an async function is needed, as in ` +
          "run(async () => { … })",
      );
    }
    refuseNesting();
    const loop = this.#initialize();
    if (loop.isRunning()) {
      throw new RuntimeError("Cannot run a program: the runner is already running one");
    }
    const context = options.context ?? this.#context!;
    // The task is made before the loop runs, as everything of the program belongs to its context.
    const task = loop.createTask(main, { context });
    const interrupts = new Interrupts(loop, task);
    try {
      return await loop.runUntilComplete(task);
    } catch (error) {
      if (
        error instanceof CancelledError && interrupts.count > 0 && task.uncancel() === 0
      ) throw new KeyboardInterrupt();
      throw error;
    } finally {
      interrupts.release();
    }
  }

  /**
   * Cancels what is left of the programs, waits for it to end, shuts the executor down, and closes
   * the loop. A second call does nothing.
   *
   * asyncio name: `close`.
   *
   * @throws {RuntimeError} when it is running a program
   */
  async close(): Promise<void> {
    if (this.#state !== "initialized") {
      this.#state = "closed";
      return;
    }
    const loop = this.#loop!;
    if (loop.isRunning()) {
      throw new RuntimeError("Cannot close the runner: it is running a program");
    }
    this.#state = "closed";
    try {
      await cancelAllTasks(loop);
      await loop.runUntilComplete(() => loop.shutdownAsyncgens());
      await loop.runUntilComplete(loop.shutdownDefaultExecutor(EXECUTOR_SHUTDOWN_TIMEOUT_MS));
    } finally {
      if (this.#setAsCurrent) unsetEventLoop(loop);
      loop.close();
      this.#loop = null;
    }
  }

  /** Closes the runner; see {@linkcode Runner.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #initialize(): AbstractEventLoop {
    if (this.#state === "closed") throw new RuntimeError("Cannot use the runner: it is closed");
    if (this.#state === "initialized") return this.#loop!;
    const { loopFactory, debug } = this.#options;
    const loop = loopFactory === undefined ? newEventLoop() : makeLoop(loopFactory);
    if (loopFactory === undefined) {
      setEventLoop(loop);
      this.#setAsCurrent = true;
    }
    if (debug !== undefined) loop.setDebug(debug);
    this.#loop = loop;
    this.#context = copyContext();
    this.#state = "initialized";
    return loop;
  }
}

/** Calls a loop factory, and checks it: a wrong one would fail later, and hide why. */
function makeLoop(loopFactory: () => AbstractEventLoop): AbstractEventLoop {
  if (typeof loopFactory !== "function" || isClass(loopFactory)) {
    throw new TypeError(
      "Cannot make a loop: loopFactory must be a function, as in () => new MyLoop(), got " +
        describe(loopFactory) + (typeof loopFactory === "function" ? ", a class" : ""),
    );
  }
  const loop = loopFactory();
  if (isLoop(loop) && !loop.isClosed() && !loop.isRunning()) return loop;
  const Mistake = isLoop(loop) ? RuntimeError : TypeError;
  throw new Mistake(
    "Cannot use the loop: loopFactory must return an open event loop that is not running, " +
      `as in () => new MyLoop(), got ${describe(loop)}`,
  );
}

/** Whether it is a loop, of whatever class. */
function isLoop(value: unknown): value is AbstractEventLoop {
  const methods = ["createTask", "runUntilComplete", "isClosed", "isRunning", "close"] as const;
  const loop = value as Partial<AbstractEventLoop> | null | undefined;
  return methods.every((name) => typeof loop?.[name] === "function");
}

function refuseNesting(): void {
  // Code that a program has left behind carries its loop along, also when that has ended.
  if (runningLoop()?.isRunning()) {
    throw new RuntimeError(
      "Cannot run a program: a loop is running already; await the coroutine, or use createTask()",
    );
  }
}

/** SIGINT, while one program runs. */
class Interrupts {
  count = 0;
  /** Gives SIGINT back. */
  readonly release: () => void;

  constructor(loop: AbstractEventLoop, task: Task<unknown>) {
    const interrupt = () => {
      this.count++;
      if (this.count === 1 && !task.done()) task.cancel();
      else if (loop instanceof BaseEventLoop) loop._interrupt(new KeyboardInterrupt());
    };
    let release = () => {};
    try {
      release = loop._onInterrupt(interrupt);
    } catch (error) {
      // A loop without signals, or a host that keeps this one: the program runs without.
      if (!(error instanceof NotImplementedError || error instanceof TypeError)) throw error;
    }
    this.release = release;
  }
}

/** Waits for tasks, however they end. One after the other, as there may be very many. */
const allEnded = coroutine(function* (tasks: readonly Task<unknown>[]) {
  for (const task of tasks) {
    try {
      yield* task;
    } catch {
      // It is looked at when all have ended.
    }
  }
});

async function cancelAllTasks(loop: AbstractEventLoop): Promise<void> {
  const tasks = [...allTasks(loop)] as Task<unknown>[];
  if (tasks.length === 0) return;
  for (const task of tasks) task.cancel();
  await loop.runUntilComplete(allEnded(tasks));
  for (const task of tasks) {
    if (task.cancelled()) continue;
    const exception = task.exception();
    if (exception === undefined) continue;
    loop.callExceptionHandler({
      message: "Unhandled exception during the shutdown of run()",
      exception,
      task,
    });
  }
}

/**
 * Runs a program on a loop of its own, and returns its result.
 *
 * When the program has ended, its remaining tasks are cancelled and waited for, and the loop is
 * closed. SIGINT (Ctrl-C) cancels it; see {@linkcode Runner}.
 *
 * asyncio name: `run`.
 *
 * @param main a coroutine, or an async function, which is called without arguments
 * @param options debug mode, loop factory
 * @throws {TypeError} when `main` is neither
 * @throws {RuntimeError} when code of a running loop calls
 * @throws {KeyboardInterrupt} when SIGINT has ended it
 *
 * @example A program
 * ```ts
 * import { run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const greeting = await run(async () => {
 *   await sleep(1);
 *   return "hello";
 * });
 * assertEquals(greeting, "hello");
 * ```
 */
export async function run<T>(main: CoroutineLike<T>, options: RunnerOptions = {}): Promise<T> {
  refuseNesting();
  await using runner = new Runner(options);
  return await runner.run(main);
}
