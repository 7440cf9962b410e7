/**
 * What `then()` of this library's awaitables returns: a promise-like that has no promise until
 * somebody chains on, which an `await` never does.
 *
 * asyncio counterpart: none.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import type { FutureLoop } from "./future_loop.ts";
import { reportOutside } from "./_interrupt.ts";

/** What `then()` is given. */
export type Callback = ((value: never) => unknown) | null | undefined;

const NONE = 0;
const FULFILLED = 1;
const REJECTED = 2;

/** The outcome of a callback given to `then()`, to be chained on. */
export abstract class Chain implements PromiseLike<unknown> {
  // Fields are declared, and assigned in the constructor, since this is a base class: see docs/performance.md.
  declare protected readonly loop: FutureLoop | null;
  declare private derived: PromiseWithResolvers<unknown> | null;
  /** What the callback made of it: nothing yet, a value, or an error. */
  declare private outcome: typeof NONE | typeof FULFILLED | typeof REJECTED;
  declare private value: unknown;

  constructor(loop: FutureLoop | null) {
    this.loop = loop;
    this.derived = null;
    this.outcome = NONE;
    this.value = undefined;
  }

  then<R1, R2>(
    onFulfilled?: ((value: unknown) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    if (this.derived === null) {
      this.derived = Promise.withResolvers();
      if (this.outcome !== NONE) pass(this.derived, this.value, this.outcome === FULFILLED);
    }
    return this.derived.promise.then(onFulfilled, onRejected);
  }

  /** Calls the callback that a result or an error is for, and keeps what comes of it. */
  protected settle(callback: Callback, value: unknown, fulfilled: boolean): void {
    if (typeof callback === "function") {
      try {
        value = (callback as (value: unknown) => unknown)(value);
        fulfilled = true;
      } catch (error) {
        value = error;
        fulfilled = false;
      }
    }
    if (this.derived !== null) return pass(this.derived, value, fulfilled);
    this.outcome = fulfilled ? FULFILLED : REJECTED;
    this.value = value;
    // An `await` of what `then()` returned chains on in the microtask that comes next.
    if (!fulfilled) queueMicrotask(() => this.report());
  }

  protected report(): void {
    if (this.derived !== null) return;
    // Without a loop there is only the host to tell.
    if (this.loop === null) return void Promise.reject(this.value);
    reportOutside(this.loop, {
      message: "An exception in a then() chain was not handled",
      exception: this.value,
    });
  }
}

function pass(to: PromiseWithResolvers<unknown>, value: unknown, fulfilled: boolean): void {
  if (fulfilled) to.resolve(value);
  else to.reject(value);
}
