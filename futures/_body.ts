/**
 * Running a body of code in the task that calls.
 *
 * asyncio counterpart: none; the body of an `async with` is part of the function around it.
 *
 * Functions such as `timeout()` take the code that they are about as a function. It must run in the
 * name of the task that waits for `timeout()`, whatever the kinds of the two:
 *
 * - A body that can be iterated (a generator, a coroutine, a future) is iterated by the one who waits.
 * - An async function is started in a frame of the task, so that its awaits enter among the strands
 *   of the task (`_strand.ts`) and `cancel()` finds them there. Meanwhile the iteration around it is
 *   suspended at a `BodyFuture` (`_body_future.ts`). The frame names a {@linkcode Branch}, so that the strands
 *   of one body are told from those of another that runs at the same time (`Promise.all`).
 *
 * The end of an async body is no turn of the loop: the code around it goes on at once, as part of
 * the same step, and a cancellation that is remembered stays so until the next wait.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { BodyFuture } from "./_body_future.ts";
import { isStrandOwner } from "./_strand.ts";
import { Branch, callInBranch, sync } from "./_frame.ts";
import type { Awaitable, Suspension } from "./awaitable.ts";
import { type Body, Coroutine, isGenerator, isGeneratorFunction, Operation } from "./coroutine.ts";
import { ensureFuture, type FutureInput } from "./ensure_future.ts";
import { Future } from "./future.ts";
import { describe } from "./_describe.ts";

/** What can be waited for by iterating it. */
export type Steps<T> = Iterable<Suspension, T, unknown>;

/**
 * Starts a body in the name of the task that runs. Called from inside a step, and iterated by it.
 *
 * @throws what the body throws before it returns something to wait for
 */
export function startBody<A extends unknown[], T>(body: Body<A, T>, ...args: A): Steps<T> {
  if (isGeneratorFunction(body)) return body(...args) as Generator<Suspension, T, unknown>;
  if (typeof body !== "function") throw wrongBody(body, "");
  const branch = new Branch();
  const result = callInBranch(branch, body, ...args);
  const steps = stepsOf<T>(result, branch);
  if (steps === undefined) throw wrongBody(body, `; it returned ${describe(result)}`);
  return steps;
}

/** The same for what may be a plain function as well, which has its result at once. */
export function startCallback<A extends unknown[]>(
  callback: (...args: A) => unknown,
  ...args: A
): Steps<unknown> {
  if (isGeneratorFunction(callback)) return callback(...args) as Steps<unknown>;
  const branch = new Branch();
  const result = callInBranch(branch, callback, ...args);
  return stepsOf(result, branch) ?? plain(result);
}

// deno-lint-ignore require-yield
function* plain<T>(result: T): Generator<Suspension, T, unknown> {
  return result;
}

function stepsOf<T>(result: unknown, branch: Branch): Steps<T> | undefined {
  if (isSteps<T>(result)) return result;
  if (typeof (result as Partial<PromiseLike<T>> | undefined | null)?.then !== "function") {
    return undefined;
  }
  const { loop, task } = sync;
  const owner = isStrandOwner(task) ? task : null;
  return new BodyFuture<T>(loop!, owner, branch, result as PromiseLike<T>);
}

/**
 * Whatever can be waited for, to be iterated by the task that runs: functions are called as its own,
 * not made tasks.
 */
export function startInline<T>(input: FutureInput<T>): Steps<T> {
  if (isSteps<T>(input)) return input;
  if (typeof input === "function") return startBody(input);
  return ensureFuture(input);
}

function isSteps<T>(value: unknown): value is Awaitable<T> | Generator<Suspension, T, unknown> {
  return value instanceof Coroutine || value instanceof Future || isGenerator(value);
}

function wrongBody(body: unknown, more: string): TypeError {
  return new TypeError(
    `Cannot run ${describe(body)} as a body: an async function or a generator function is ` +
      `needed${more}`,
  );
}

/** What stands around a body. */
export interface Scope {
  /** Called before the body, in the task that runs it. When it throws, nothing is left to be done. */
  _enter(): void;
  /** Called after a body that has ended well. */
  _leave(): unknown;
  /** Called after a body that has failed. Throws, or returns to let the scope give `undefined`. */
  _fail(error: unknown): void;
}

/** Enters a scope, runs a body, and leaves the scope, whose leaving takes no time. */
export class ScopedBody<T> extends Operation<T> {
  readonly #scope: Scope;
  readonly #start: () => Steps<T>;
  readonly #name: string;
  #steps: Iterator<Suspension, T, unknown> | null = null;

  constructor(name: string, scope: Scope, start: () => Steps<T>) {
    super();
    this.#name = name;
    this.#scope = scope;
    this.#start = start;
  }

  override get name(): string {
    return this.#name;
  }

  override next(): IteratorResult<Suspension, T> {
    let step: IteratorResult<Suspension, T>;
    if (this.#steps === null) {
      this.#scope._enter();
      try {
        this.#steps = this.#start()[Symbol.iterator]();
        step = this.#steps.next();
      } catch (error) {
        return this.fail(error);
      }
    } else {
      try {
        step = this.#steps.next();
      } catch (error) {
        return this.fail(error);
      }
    }
    if (step.done) this.#scope._leave();
    return step;
  }

  override throw(error: unknown): IteratorResult<Suspension, T> {
    if (this.#steps === null) throw error;
    let step: IteratorResult<Suspension, T>;
    try {
      step = this.#steps.throw!(error);
    } catch (error) {
      return this.fail(error);
    }
    if (step.done) this.#scope._leave();
    return step;
  }

  override return(value: T): IteratorResult<Suspension, T> {
    if (this.#steps === null) return { value, done: true };
    try {
      this.#steps.return?.(value);
    } catch (error) {
      return this.fail(error);
    }
    this.#scope._leave();
    return { value, done: true };
  }

  override close(): void {
    super.close();
    this.return(undefined as T);
  }

  protected fail(error: unknown): IteratorResult<Suspension, T> {
    this.#scope._fail(error);
    return { value: undefined as T, done: true };
  }
}
