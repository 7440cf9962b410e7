/**
 * `wrapFuture()`: a future of this loop for a result that comes from elsewhere.
 *
 * asyncio counterpart: `asyncio.futures.wrap_future`.
 *
 * @module
 */

import { Cancellation } from "./_cancellation.ts";
import { ConcurrentFuture } from "./concurrent_future.ts";
import { requireLoop } from "./ensure_future.ts";
import type { CancelOptions } from "./errors.ts";
import { Future } from "./future.ts";
import type { FutureLoop } from "./future_loop.ts";
import { describe } from "./_describe.ts";

/** What {@linkcode wrapFuture} takes beside what to wrap. */
export interface WrapFutureOptions {
  /**
   * The loop of the future.
   * @default the running loop
   */
  loop?: FutureLoop;
}

/** Follows a future of another loop, or a result without a loop; being cancelled, it cancels that. */
class FollowingFuture<T> extends Future<T> {
  readonly #source: Future<T> | ConcurrentFuture<T>;

  constructor(source: Future<T> | ConcurrentFuture<T>, loop: FutureLoop) {
    super({ loop });
    this.#source = source;
    if (source instanceof Future) source.addDoneCallback(() => this.#follow(source));
    else source._whenDone(() => this.#follow(source));
  }

  #follow(source: { cancelled(): boolean; result(): T }): void {
    if (this.done()) return;
    if (source.cancelled()) {
      if (source instanceof Future) Cancellation.passOn(source, this);
      else super.cancel();
      return;
    }
    let result: T;
    try {
      result = source.result();
    } catch (error) {
      return this.setException(error);
    }
    this.setResult(result);
  }

  override cancel(message?: string, options?: CancelOptions): boolean {
    if (!super.cancel(message, options)) return false;
    this._cancellation!.passTo(this.#source);
    return true;
  }
}

/**
 * A future of the running loop that follows a future of another loop, what
 * {@linkcode runCoroutineThreadsafe} has returned, or a promise.
 *
 * **Cancellation** of the future cancels what it follows; a promise cannot be, and goes on.
 *
 * **Differs from asyncio**: a future of another loop is followed, and not returned as it is.
 *
 * asyncio name: `wrap_future`.
 *
 * @param future what to follow; a future of the same loop is returned
 * @param options the loop
 * @throws {TypeError} when `future` is none of these
 * @throws {RuntimeError} when there is no loop
 *
 * @example Work in another loop of the same program
 * ```ts
 * import { newEventLoop, run, runCoroutineThreadsafe, sleep, wrapFuture } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const other = newEventLoop();
 * const running = other.runForever();
 * const result = await run(async () => {
 *   return await wrapFuture(runCoroutineThreadsafe(sleep(1, "from there"), other));
 * });
 * other.stop();
 * await running;
 * other.close();
 * assertEquals(result, "from there");
 * ```
 */
export function wrapFuture<T>(
  future: Future<T> | ConcurrentFuture<T> | PromiseLike<T>,
  options?: WrapFutureOptions,
): Future<T> {
  const loop = requireLoop("wrap a future", options?.loop);
  if (future instanceof Future && future.getLoop() === loop) return future;
  if (future instanceof Future || future instanceof ConcurrentFuture) {
    return new FollowingFuture(future, loop);
  }
  if (typeof future?.then !== "function") {
    throw new TypeError(`Cannot wrap ${describe(future)}: a future or a promise is needed`);
  }
  const following = loop.createFuture<T>();
  future.then(
    (value) => void (following.done() || following.setResult(value)),
    (error) => void (following.done() || following.setException(error)),
  );
  return following;
}
