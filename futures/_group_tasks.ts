/**
 * The tasks of a task group: the list of them, and what runs around their code.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { startBody, startInline } from "./_body.ts";
import { Cancellation } from "./_cancellation.ts";
import type { Suspension } from "./awaitable.ts";
import { Context } from "./context.ts";
import {
  type Body,
  type Coroutine,
  coroutine,
  type CoroutineFunction,
  type CoroutineLike,
} from "./coroutine.ts";
import { requireLoop } from "./ensure_future.ts";
import { CancelledError, RuntimeError } from "./errors.ts";
import type { Future } from "./future.ts";
import type { Runnable } from "./future_loop.ts";
import type { Guard } from "./guard.ts";
import type { Semaphore } from "./semaphore.ts";
import type { Task } from "./task.ts";
import { wait } from "./wait.ts";

// ---- The list -------------------------------------------------------------------------------------

/** What a task of a group needs of the group. */
export interface ChildOwner {
  /** The task that runs the group's body. */
  readonly _parent: object | null;
  /** Called by the loop when a task is done. */
  _childDone(child: Runnable): void;
}

const noContext = new Context();

/** One task of a group, its place in the list, and the callback for when it is done. */
export class Child implements Runnable {
  readonly _context: Context = noContext;
  readonly task: Task<unknown>;
  readonly turn: Turn | null;
  readonly #owner: ChildOwner;
  previous: Child | null = null;
  next: Child | null = null;

  constructor(owner: ChildOwner, task: Task<unknown>, turn: Turn | null) {
    this.#owner = owner;
    this.task = task;
    this.turn = turn;
  }

  get _awaiter(): object | null {
    return this.#owner._parent;
  }

  _run(): void {
    this.#owner._childDone(this);
  }
}

/** Tasks in the order in which they were made. All operations cost constant time. */
export class ChildList {
  first: Child | null = null;
  #last: Child | null = null;
  length = 0;

  /** Puts one at the end. */
  append(child: Child): void {
    const last = this.#last;
    child.previous = last;
    if (last === null) this.first = child;
    else last.next = child;
    this.#last = child;
    this.length++;
  }

  /** Takes one out that stands in this list. It still knows its next, for who goes through the list. */
  remove(child: Child): void {
    const { previous, next } = child;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    this.length--;
  }
}

// ---- Around the code ------------------------------------------------------------------------------

/** The turn of one task in a group with a limit. */
export interface Turn {
  /** There while it is the task's turn. */
  slot: Guard | null;
}

/** A task that waits for its turn; the group ends the turn. */
export const inTurn: CoroutineFunction<[Semaphore, Turn, CoroutineLike<unknown>], unknown> =
  coroutine(function* inTurn(
    slots: Semaphore,
    turn: Turn,
    coro: CoroutineLike<unknown>,
  ): Generator<Suspension, unknown, unknown> {
    turn.slot = yield* slots.acquire();
    return yield* startInline(coro);
  });

/** A task that says when it is ready. What it fails with before goes to who waits for that. */
const readyTask = coroutine(function* start(
  fn: Body<[started: (value: unknown) => void], unknown>,
  ready: Future<unknown>,
): Generator<Suspension, void, unknown> {
  let called = false;
  const started = (value: unknown) => {
    if (called) throw new RuntimeError("Cannot say that a task is ready: it was said before");
    called = true;
    // Who waited for it may have been cancelled, and cannot have told the task yet.
    if (!ready.done()) ready.setResult(value);
  };
  try {
    yield* startBody(fn, started);
  } catch (error) {
    if (ready.done() || error instanceof CancelledError) throw error;
    return ready.setException(error);
  }
  if (!ready.done()) {
    ready.setException(new RuntimeError("A task has ended before it has said that it is ready"));
  }
});

/** Makes a task with `create`, and waits until it says that it is ready. */
export const startTask: CoroutineFunction<
  [Body<[started: (value: unknown) => void], unknown>, (coro: Coroutine<void>) => Task<void>],
  unknown
> = coroutine(function* start(
  fn: Body<[started: (value: unknown) => void], unknown>,
  create: (coro: Coroutine<void>) => Task<void>,
): Generator<Suspension, unknown, unknown> {
  const ready = requireLoop("start a task").createFuture<unknown>();
  const task = create(readyTask(fn, ready));
  // One that was cancelled may never have run.
  task.addDoneCallback(() => void (task.cancelled() && Cancellation.passOn(task, ready)));
  try {
    return yield* ready;
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    for (let latest = error; !task.done();) {
      Cancellation.passOn(latest, task);
      try {
        yield* wait([task]);
      } catch (again) {
        if (!(again instanceof CancelledError)) throw again;
        latest = again;
      }
    }
    throw error;
  }
});
