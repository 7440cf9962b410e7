/**
 * `Guard`: what was acquired, to be released at the end of a block.
 *
 * asyncio counterpart: `async with lock:`; there, `acquire()` itself returns only `True`.
 *
 * @module
 */

/** What a guard releases. @internal */
export interface Releasable {
  release(): void;
}

/**
 * A lock or a permit that is held: what waiting for `acquire()` gives. Let it go with `using`.
 *
 * However often it is disposed of, it releases once, so it can never release what another task
 * holds by then. It may also be ignored, and `release()` be called on the primitive as in asyncio;
 * not both for the same acquisition.
 *
 * **Differs from asyncio**, where `acquire()` gives `True`: a guard is truthy, so code that tests the
 * result still works.
 *
 * @example Released at the end of the block, whatever happens in it
 * ```ts
 * import { Lock, run } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * await run(async () => {
 *   const lock = new Lock();
 *   {
 *     using _guard = await lock.acquire();
 *     assert(lock.locked());
 *   }
 *   assert(!lock.locked());
 * });
 * ```
 */
export class Guard implements Disposable, AsyncDisposable {
  #held: Releasable | null;

  /** @internal */
  constructor(held: Releasable) {
    this.#held = held;
  }

  /**
   * Releases what is held; a second call does nothing.
   *
   * @throws what `release()` of the primitive throws, e.g. when it has been called already
   */
  [Symbol.dispose](): void {
    const held = this.#held;
    this.#held = null;
    held?.release();
  }

  /** The same, for `await using`; there is nothing to wait for. */
  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}
