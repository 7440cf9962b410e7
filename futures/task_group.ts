/**
 * `TaskGroup`: tasks that end before the code that made them goes on.
 *
 * asyncio counterpart: `asyncio.taskgroups`.
 *
 * A group is *created*, *entered* while its body runs, *exiting* while it waits for its tasks, and
 * *finished*. In the second and third of these it may be *aborting* besides: its tasks have been
 * cancelled, and it takes no new ones. It aborts once, for the first of these reasons:
 *
 * - a task of it has failed. The body is cancelled too, through the account in `_cancel_scope.ts`,
 *   which is settled when the group has finished;
 * - its body has failed, or the task that runs the body was cancelled;
 * - `cancel()` was called. The body is cancelled as for a task that failed.
 *
 * Invariants: a task stands in the group's list from when it is made until it is done; the group
 * refers to no task that is done, and to no error that was reported.
 *
 * One class and what it takes; nearly half of the file is said to those who call it.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "./_abort.ts";
import { waitOn } from "./_await.ts";
import { startCallback } from "./_body.ts";
import { CancelScope, scopeTask } from "./_cancel_scope.ts";
import { Cancellation } from "./_cancellation.ts";
import { Child, ChildList, inTurn, startTask, type Turn } from "./_group_tasks.ts";
import { describe } from "./_describe.ts";
import { outcomeOf } from "./_outcome.ts";
import { abortable } from "./_signal_scope.ts";
import type { Suspension } from "./awaitable.ts";
import {
  type Body,
  Coroutine,
  coroutine,
  type CoroutineLike,
  iscoroutine,
  isGenerator,
} from "./coroutine.ts";
import { CancelledError, type CancelOptions, KeyboardInterrupt, RuntimeError } from "./errors.ts";
import { ExceptionGroup } from "./exception_group.ts";
import type { Future } from "./future.ts";
import type { FutureLoop, Runnable } from "./future_loop.ts";
import { Semaphore } from "./semaphore.ts";
import { type Task, type TaskOptions, wrongCoroutine } from "./task.ts";
import { checkOptions, type TaskGroupOptions } from "./task_group_options.ts";

export type { TaskGroupOptions } from "./task_group_options.ts";

/** The code of a group: it need not wait itself, so it may be a plain function. */
export type TaskGroupBody<T> = (
  group: TaskGroup,
) => T | PromiseLike<T> | Generator<Suspension, T, unknown>;

/**
 * Tasks that belong together: none of them outlives the group, and none of their errors is lost.
 *
 * `run()` runs a body that makes tasks with `createTask()`, and ends when the body and all tasks have
 * ended. When one fails, the others and the body are cancelled; what has failed is thrown as an
 * {@linkcode ExceptionGroup} when all have ended. {@linkcode taskGroup} makes a group and runs it.
 *
 * **Differs from asyncio**: the body is a function. `start()` and the options are additions.
 *
 * asyncio name: `TaskGroup`.
 *
 * @example Two tasks
 * ```ts
 * import { run, sleep, TaskGroup } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const sum = await run(async () => {
 *   const [one, two] = await new TaskGroup().run(async (group) => [
 *     group.createTask(sleep(1, 1)),
 *     group.createTask(sleep(2, 2)),
 *   ]);
 *   return one.result() + two.result();
 * });
 * assertEquals(sum, 3);
 * ```
 */
export class TaskGroup {
  readonly #onError: NonNullable<TaskGroupOptions["onError"]>;
  readonly #onExit: NonNullable<TaskGroupOptions["onExit"]>;
  readonly #slots: Semaphore | null;
  #state: "created" | "entered" | "exiting" | "finished" = "created";
  #loop: FutureLoop | null = null;
  /** The task that runs the body. @internal */
  _parent: object | null = null;
  // The account of that task.
  #parent: CancelScope | null = null;
  readonly #children = new ChildList();
  #errors: unknown[] = [];
  #interrupt: KeyboardInterrupt | null = null;
  // What `cancel()` was given before the group was entered.
  #cancelled: { message: string | undefined; reason: unknown } | null = null;
  // What its tasks are cancelled with, once the group aborts.
  #request: Cancellation | null = null;
  // While the group waits for its tasks.
  #completed: Future<undefined> | null = null;

  /**
   * Makes a group that has not been entered.
   *
   * @param options what failures and the end of the body do, and how many tasks may run at a time
   * @throws {TypeError} when an option is of the wrong kind
   * @throws {RangeError} when the limit is no whole number above 0
   */
  constructor(options: TaskGroupOptions = {}) {
    const { onError, onExit, limit } = checkOptions(options);
    this.#onError = onError;
    this.#onExit = onExit;
    this.#slots = limit === Infinity ? null : new Semaphore(limit);
  }

  /**
   * Enters the group, runs a body, and waits for the tasks.
   *
   * The body runs in the task that waits. When it is ended by {@linkcode TaskGroup.cancel}, its result
   * is `undefined`.
   *
   * **Cancellation** reaches the body and all tasks, and is thrown when all have ended. When some of
   * them fail meanwhile, their errors are thrown instead, and the cancellation at the next wait.
   *
   * **Differs from asyncio**: what counts is whether the task was cancelled since the group was
   * entered, not whether it ever was; `cancelling()` is what it was before also after a
   * {@linkcode KeyboardInterrupt}.
   *
   * @param body an async function, a generator function or a plain function, given the group
   * @param options a signal that ends the group
   * @returns what the body returns
   * @throws {ExceptionGroup} when the body or a task has failed
   * @throws {RuntimeError} when the group has been entered before, or outside a task
   * @throws {TypeError} when `body` is no function
   */
  run<T>(body: TaskGroupBody<T>, options?: AbortOptions): Coroutine<T> {
    if (typeof body !== "function") {
      throw new TypeError(
        `Cannot run ${describe(body)} as the body of a task group: a function is needed, as in ` +
          "taskGroup(async (group) => { … })",
      );
    }
    return abortable(TaskGroup.#run(this, body) as Coroutine<T>, options?.signal);
  }

  static readonly #run = coroutine(function* taskGroup(
    group: TaskGroup,
    body: TaskGroupBody<unknown>,
  ): Generator<Suspension, unknown, unknown> {
    group.#enter();
    const parent = group.#parent!;
    let result: unknown;
    let failure: { error: unknown } | null = null;
    let cancellation: CancelledError | null = null;
    try {
      try {
        result = yield* startCallback(body, group);
      } catch (error) {
        if (error instanceof CancelledError) cancellation = error;
        else if (error instanceof KeyboardInterrupt) group.#interrupt ??= error;
        else failure = { error };
        group.#abort(error);
      }
      group.#state = "exiting";
      if (group.#onExit === "cancel") group.#abort(undefined);
      while (group.#children.length > 0) {
        group.#completed = group.#loop!.createFuture<undefined>();
        try {
          yield* group.#completed;
        } catch (error) {
          if (!(error instanceof CancelledError)) throw error;
          cancellation ??= error;
          group.#abort(error);
        }
        group.#completed = null;
      }
    } finally {
      group.#state = "finished";
      // A body that was given up (`Coroutine.close()`) leaves tasks behind.
      if (group.#children.length > 0) group.#abort(undefined);
      if (parent.close()) cancellation = null;
    }
    if (group.#interrupt !== null) throw group.#interrupt;
    const errors = group.#errors;
    if (failure !== null) errors.push(failure.error);
    if (errors.length > 0) {
      group.#errors = [];
      // Cancelled from outside as well: the errors are thrown now, and the cancellation is next.
      if (parent.cancelledByOthers()) parent.cancelAgain();
      throw new ExceptionGroup("unhandled errors in a TaskGroup", errors);
    }
    if (cancellation !== null) throw cancellation;
    return result;
  });

  #enter(): void {
    if (this.#state !== "created") {
      throw new RuntimeError(`Cannot enter ${this}: it has already been entered`);
    }
    const task = scopeTask("enter a task group");
    this.#loop = task.getLoop() as FutureLoop;
    this._parent = task;
    this.#parent = new CancelScope(task);
    this.#state = "entered";
    if (this.#cancelled !== null) this.cancel(this.#cancelled.message, this.#cancelled);
  }

  // ---- Tasks ------------------------------------------------------------------------------------

  /**
   * Makes a task in the group; see `createTask()`.
   *
   * @param coro a coroutine, a generator, an async function or a generator function
   * @param options name, context, eager start
   * @returns the task
   * @throws {RuntimeError} when the group has not been entered, has finished, or is being cancelled
   * @throws {TypeError} when `coro` cannot be made a task
   */
  createTask<T>(coro: CoroutineLike<T>, options?: TaskOptions): Task<T> {
    if (this.#aborting || this.#state !== "entered") this.#checkOpen(coro);
    let turn: Turn | null = null;
    if (this.#slots !== null) {
      if (!iscoroutine(coro) && typeof coro !== "function") {
        throw new TypeError(wrongCoroutine(coro));
      }
      turn = { slot: null };
      Coroutine._takeOver(coro);
      coro = inTurn(this.#slots, turn, coro) as Coroutine<T>;
    }
    const task = this.#loop!.createTask<T>(coro, options);
    // Asked first, as a factory may have made something that is no task.
    const isDone = task.done();
    const child = new Child(this, task as Task<unknown>, turn);
    this.#children.append(child);
    if (isDone) this._childDone(child);
    else {
      waitOn(task, child);
      // The task has started at once, and has made the group end before it stood in the list.
      this.#request?.passTo(task);
    }
    return task;
  }

  /**
   * Makes a task in the group, and waits until it says that it is ready.
   *
   * The function is given another one, to be called once with what is to be known of the task: a port,
   * for example. When it fails before that, or ends, the error is thrown here and not by the group.
   *
   * **Cancellation** cancels the task, and waits until it has ended.
   *
   * **Differs from asyncio**: an addition, after Trio's `Nursery.start()`.
   *
   * @typeParam R the type of what the task tells
   * @param fn an async function or a generator function
   * @param options name, context, eager start
   * @returns what the task was ready with
   * @throws {RuntimeError} when the task ends without being ready, and as `createTask()`
   *
   * @example A server, and its port
   * ```ts
   * import { run, sleep, taskGroup } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * async function serve(started: (port: number) => void) {
   *   await sleep(1);
   *   started(8080);
   *   await sleep(60_000);
   * }
   * await run(() =>
   *   taskGroup(async (group) => {
   *     const port = await group.start(serve);
   *     assertEquals(port, 8080);
   *     group.cancel();
   *   })
   * );
   * ```
   */
  start<R>(
    fn: Body<[started: (value: R) => void], unknown>,
    options?: TaskOptions & AbortOptions,
  ): Coroutine<R> {
    const work = startTask(
      fn as Body<[started: unknown], unknown>,
      (coro) => this.createTask(coro, options),
    );
    return withSignal(work as Coroutine<R>, options?.signal);
  }

  #checkOpen(coro: unknown): void {
    const problem = this.#state === "created"
      ? "has not been entered"
      : this.#state === "finished" || (this.#state === "exiting" && this.#children.length === 0)
      ? "is finished"
      : this.#aborting
      ? "is shutting down"
      : null;
    if (problem === null) return;
    if (coro instanceof Coroutine) coro.close();
    else if (isGenerator(coro)) coro.return(undefined);
    throw new RuntimeError(`Cannot create a task: ${this} ${problem}`);
  }

  /** A task of the group is done. @internal */
  _childDone(item: Runnable): void {
    const child = item as Child;
    const { task } = child;
    this.#children.remove(child);
    if (this.#children.length === 0 && this.#completed !== null && !this.#completed.done()) {
      this.#completed.setResult(undefined);
    }
    if (!task.cancelled()) {
      const { failed, error } = outcomeOf(task);
      if (failed) this.#childFailed(task, error);
    }
    // After that, as no other task is to start when this one has made the group end.
    child.turn?.slot?.[Symbol.dispose]();
  }

  #childFailed(task: Task<unknown>, error: unknown): void {
    if (this.#state === "finished") {
      return this.#report("A task has failed after its task group was given up", error, task);
    }
    if (!(error instanceof KeyboardInterrupt)) {
      if (this.#onError === "report") {
        return this.#report("A task of a supervising task group has failed", error, task);
      }
      if (typeof this.#onError === "function") {
        try {
          return this.#onError(error, task);
        } catch (thrown) {
          error = thrown;
        }
      }
    }
    if (error instanceof KeyboardInterrupt) this.#interrupt ??= error;
    else this.#errors.push(error);
    if (this.#aborting) return;
    this.#abort(error);
    this.#parent!.cancel(this, undefined, error);
  }

  #report(message: string, exception: unknown, task: Task<unknown>): void {
    this.#loop!.callExceptionHandler({ message, exception, task });
  }

  // ---- The end ----------------------------------------------------------------------------------

  /**
   * Ends the group: cancels its tasks and its body. `run()` then returns without an error, unless one
   * of them fails.
   *
   * May be called by anybody at any time. Before the group is entered, it ends the body at its first
   * wait. Further calls do nothing, and neither does one after the group has finished.
   *
   * asyncio name: `cancel` (3.15).
   *
   * @param message what the `CancelledError` of the tasks says
   * @param options the reason
   */
  cancel(message?: string, options?: CancelOptions): void {
    const reason = options?.reason;
    if (this.#state === "created") this.#cancelled ??= { message, reason };
    else if (this.#state !== "finished" && !this.#aborting) {
      this.#abort(reason, message);
      this.#parent!.cancel(this, message, reason);
    }
  }

  get #aborting(): boolean {
    return this.#request !== null;
  }

  #abort(reason: unknown, message?: string): void {
    if (this.#aborting) return;
    const request = this.#request = new Cancellation(this.#loop!, message, reason, this);
    for (let child = this.#children.first; child !== null;) {
      const { next }: Child = child;
      if (!child.task.done()) request.passTo(child.task);
      child = next;
    }
  }

  /** For messages, e.g. `<TaskGroup entered tasks=2>`. */
  toString(): string {
    const parts = ["TaskGroup"];
    if (this.#aborting && this.#state !== "finished") parts.push("cancelling");
    else parts.push(this.#state);
    if (this.#children.length > 0) parts.push(`tasks=${this.#children.length}`);
    if (this.#errors.length > 0) parts.push(`errors=${this.#errors.length}`);
    return `<${parts.join(" ")}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/**
 * Makes a {@linkcode TaskGroup} and runs it.
 *
 * asyncio counterpart: `async with TaskGroup() as group`.
 *
 * @param body an async function, a generator function or a plain function, given the group
 * @param options what failures and the end of the body do, how many tasks may run at a time, and a
 * signal that ends the group
 * @returns what the body returns; `undefined` when it was ended by `group.cancel()`
 * @throws {ExceptionGroup} when the body or a task has failed
 * @throws {RuntimeError} when no task is running
 * @throws {TypeError} when `body` is no function
 *
 * @example Two tasks, of which one fails
 * ```ts
 * import { ExceptionGroup, run, sleep, taskGroup } from "@asyncio/asyncio";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * let other: string | undefined;
 * const error = await assertRejects(() =>
 *   run(() =>
 *     taskGroup(async (group) => {
 *       group.createTask(async () => other = await sleep(60_000, "never"));
 *       group.createTask(async () => {
 *         await sleep(1);
 *         throw new TypeError("no");
 *       });
 *     })
 *   ), ExceptionGroup);
 * assertEquals(error.exceptions.map(String), ["TypeError: no"]);
 * assertEquals(other, undefined);
 * ```
 */
export function taskGroup<T>(
  body: TaskGroupBody<T>,
  options: TaskGroupOptions & AbortOptions = {},
): Coroutine<T> {
  return new TaskGroup(options).run(body, options);
}
