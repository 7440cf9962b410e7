/**
 * `shield()`: waiting for something without taking it along when the wait is cancelled.
 *
 * asyncio counterpart: `asyncio.tasks.shield`.
 *
 * @module
 */

import { waitOn } from "./_await.ts";
import { Cancellation } from "./_cancellation.ts";
import { Context } from "./context.ts";
import { ensureFuture, type FutureInput, type ResultOf } from "./ensure_future.ts";
import type { CancelOptions } from "./errors.ts";
import { Future } from "./future.ts";
import type { Runnable } from "./future_loop.ts";

const noContext = new Context();

/** Hands the outcome of the shielded future on, for as long as somebody waits. */
class InnerDone implements Runnable {
  readonly _context: Context = noContext;
  readonly #inner: Future<unknown>;
  readonly #outer: ShieldFuture;

  constructor(inner: Future<unknown>, outer: ShieldFuture) {
    this.#inner = inner;
    this.#outer = outer;
  }

  get _awaiter(): object {
    return this.#outer;
  }

  _run(): void {
    const inner = this.#inner;
    const outer = this.#outer;
    // When both were done in one pass, the exception of the inner one stays its own.
    if (outer.done()) return;
    if (inner.cancelled()) return void Cancellation.passOn(inner, outer);
    const exception = inner.exception();
    if (exception !== undefined) outer.setException(exception);
    else outer.setResult(inner.result());
  }
}

class ShieldFuture extends Future<unknown> {
  readonly #inner: Future<unknown>;
  readonly #item: InnerDone;

  constructor(inner: Future<unknown>) {
    super({ loop: inner.getLoop() });
    this.#inner = inner;
    this.#item = new InnerDone(inner, this);
    waitOn(inner, this.#item);
  }

  override cancel(message?: string, options?: CancelOptions): boolean {
    // Who waits no longer must not be kept alive by what goes on, nor mark its error as seen.
    if (!this.done() && !this.#inner.done()) this.#inner._removeWaiter?.(this.#item);
    return super.cancel(message, options);
  }
}

/**
 * Protects something from the cancellation of who waits for it.
 *
 * `await shield(task)` is `await task`, except that when the waiting task is cancelled, `task` goes on.
 * The waiter still gets its `CancelledError`.
 *
 * An exception that comes when nobody waits any longer is reported as that of any other future: once,
 * if nobody asks for it.
 *
 * {@linkcode shielded} differs: it protects a body of code in the task that waits.
 *
 * **Cancellation** ends the wait; cancelling what is protected ends both.
 *
 * asyncio name: `shield`.
 *
 * @param input what to protect; a coroutine or function becomes a task
 * @returns a future of its result
 * @throws {TypeError} when `input` cannot be waited for
 * @throws {RuntimeError} when a task has to be made and no loop is running
 *
 * @example Work that outlives who asked for it
 * ```ts
 * import { createTask, run, shield, sleep, TimeoutError, waitFor } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await run(async () => {
 *   const task = createTask(sleep(5, "done"));
 *   try {
 *     await waitFor(shield(task), 1);
 *   } catch (error) {
 *     if (!(error instanceof TimeoutError)) throw error;
 *   }
 *   return await task;
 * });
 * assertEquals(result, "done");
 * ```
 */
export function shield<const I extends FutureInput<unknown>>(input: I): Future<ResultOf<I>> {
  const inner = ensureFuture<unknown>(input);
  return (inner.done() ? inner : new ShieldFuture(inner)) as Future<ResultOf<I>>;
}
