/**
 * A coroutine that has nothing to do, for functions that seldom have to wait, such as `drain()`.
 *
 * `await` asks a thenable for its `then()` and goes on three microtasks later; a promise of the engine's
 * own it looks into, and goes on after one, at a quarter of the cost. So this coroutine is a promise as
 * well: the engine takes an object for one that was made as a promise and whose `constructor` is
 * `Promise`, whatever else stands in its prototypes. All who call its methods see a coroutine.
 *
 * asyncio counterpart: none; there, awaiting such a coroutine is a plain call.
 *
 * Invariant: it holds no state, so it may be shared, and waited for any number of times.
 *
 * May be imported by every folder.
 *
 * @module
 */

import { sync } from "./_frame.ts";
import type { Suspension } from "./awaitable.ts";
import { Coroutine } from "./coroutine.ts";
import type { FutureLoop } from "./future_loop.ts";

const RESULT: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true });

const ITERATOR: Iterator<Suspension, undefined, unknown> = Object.freeze({
  next: () => RESULT,
  return: () => RESULT,
  throw(error: unknown): never {
    throw error;
  },
});

/** Makes a coroutine that gives `undefined` at once. */
export function doneCoroutine(name: string): Coroutine<undefined> {
  const prototype = Object.create(Coroutine.prototype, {
    constructor: { value: Promise },
    name: { value: name },
    close: { value: () => {} },
    [Symbol.iterator]: { value: () => ITERATOR },
  });
  return Object.setPrototypeOf(Promise.resolve(undefined), prototype);
}

/**
 * Whether such a coroutine may be returned to the calling code. Not to code that has come from a foreign
 * promise: its task is to learn that it runs, which only a wait of the library's own tells it.
 */
export function mayReturnDone(loop: FutureLoop): boolean {
  if (loop._asyncSteps === 0) return sync.context !== undefined;
  // The async code that awaits it has not come to rest.
  loop._asyncHops = 0;
  return true;
}
