/**
 * `gather()`: several things at once, and all their results.
 *
 * asyncio counterpart: `asyncio.tasks.gather`.
 *
 * @module
 */

import { type AbortOptions, checkSignal } from "./_abort.ts";
import { Cancellation } from "./_cancellation.ts";
import { CancelledError, type CancelOptions } from "./errors.ts";
import { ensureFuture, type FutureInput, requireLoop, type ResultOf } from "./ensure_future.ts";
import { waitOn } from "./_await.ts";
import { cancelledErrorOf, outcomeOf } from "./_outcome.ts";
import { Context } from "./context.ts";
import { Coroutine, isGenerator } from "./coroutine.ts";
import { describe } from "./_describe.ts";
import { Future, isfuture } from "./future.ts";
import type { FutureLoop, Runnable } from "./future_loop.ts";

/** What {@linkcode gather} takes as its last argument. */
export interface GatherOptions extends AbortOptions {
  /**
   * Whether exceptions stand among the results instead of ending the wait.
   * @default false
   */
  returnExceptions?: boolean;
}

/** The results of a tuple of things to wait for. */
export type GatherResults<I extends readonly unknown[]> = {
  -readonly [K in keyof I]: ResultOf<I[K]>;
};

/** The same, where exceptions stand among the results. */
export type GatherSettled<I extends readonly unknown[]> = {
  -readonly [K in keyof I]: ResultOf<I[K]> | Error;
};

const noContext = new Context();

/** The future of all the results; cancelling it cancels what is gathered. */
class GatheringFuture extends Future<unknown[]> {
  readonly children: Future<unknown>[] = [];
  readonly #returnExceptions: boolean;
  readonly #signal: AbortSignal | undefined;
  #pending = 0;
  #cancelRequested = false;
  // Other than by the signal.
  #cancelledByOthers = false;

  constructor(
    loop: FutureLoop,
    inputs: readonly FutureInput<unknown>[],
    { returnExceptions = false, signal }: GatherOptions,
  ) {
    super({ loop });
    this.#returnExceptions = returnExceptions;
    this.#signal = signal;
    const done: Future<unknown>[] = [];
    // A coroutine that is given twice runs once; a function is called as often as it is given.
    let made: Map<unknown, Future<unknown>> | null = null;
    for (const input of inputs) {
      let child: Future<unknown> | undefined;
      if (isfuture(input) || typeof input === "function") child = ensureFuture(input, { loop });
      else {
        made ??= new Map();
        child = made.get(input);
        if (child === undefined) made.set(input, child = ensureFuture(input, { loop }));
      }
      this.children.push(child);
      this.#pending++;
      if (child.done()) done.push(child);
      else waitOn(child, new ChildDone(this, child));
    }
    // Only now: an input that is wrong leaves nothing behind, and all there are can be cancelled.
    // An eager task may have aborted it.
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener("abort", this.#abort, { once: true });
    // Those that were done at once, as eager tasks may be, are looked at when all are there.
    for (const child of done) this.childDone(child);
  }

  readonly #abort = (): void => {
    const signal = this.#signal!;
    new Cancellation(this._loop, undefined, signal.reason, signal).passTo(this);
  };

  override cancel(message?: string, options?: CancelOptions): boolean {
    if (this.done()) return false;
    const request = Cancellation.of(this._loop, message, options);
    let any = false;
    for (const child of this.children) if (request.passTo(child)) any = true;
    if (any) {
      this.#cancelRequested = true;
      if (request.scope !== this.#signal || this.#signal === undefined) {
        this.#cancelledByOthers = true;
      }
    }
    return any;
  }

  childDone(child: Future<unknown>): void {
    this.#pending--;
    if (this.done()) {
      if (!child.cancelled()) child.exception();
      return;
    }
    if (!this.#returnExceptions) {
      const { error, failed } = outcomeOf(child);
      if (failed) return this.#fail(error);
    }
    if (this.#pending > 0) return;
    if (this.#cancelRequested) return this.#fail(cancelledErrorOf(child));
    this.#signal?.removeEventListener("abort", this.#abort);
    this.setResult(this.children.map((each) => {
      const { error, failed, result } = outcomeOf(each);
      return failed ? error : result;
    }));
  }

  #fail(error: unknown): void {
    const signal = this.#signal;
    signal?.removeEventListener("abort", this.#abort);
    const aborted = signal?.aborted && !this.#cancelledByOthers && error instanceof CancelledError;
    this.setException(aborted ? signal.reason : error);
  }
}

/** Fails at once, as the signal is aborted already, and starts nothing. */
function refuse(
  loop: FutureLoop,
  inputs: readonly FutureInput<unknown>[],
  signal: AbortSignal,
): Future<unknown[]> {
  for (const input of inputs) if (input instanceof Coroutine) input.close();
  const refused = loop.createFuture<unknown[]>();
  refused.setException(signal.reason);
  return refused;
}

class ChildDone implements Runnable {
  readonly _context: Context = noContext;
  readonly #outer: GatheringFuture;
  readonly #child: Future<unknown>;

  constructor(outer: GatheringFuture, child: Future<unknown>) {
    this.#outer = outer;
    this.#child = child;
  }

  get _awaiter(): object {
    return this.#outer;
  }

  _run(): void {
    this.#outer.childDone(this.#child);
  }
}

function isOptions(last: unknown): last is GatherOptions {
  return typeof last === "object" && last !== null && !(last instanceof Coroutine) &&
    !isfuture(last) && !isGenerator(last) &&
    typeof (last as Partial<PromiseLike<unknown>>).then !== "function";
}

/** Refuses an array, where things to wait for are expected one by one, and what else one might spread. */
function refuseCollection(inputs: readonly unknown[], options: object): void {
  const collection = Symbol.iterator in options ? options : inputs.find(Array.isArray);
  if (collection === undefined) return;
  throw new TypeError(
    `Cannot gather ${describe(collection)}: what is waited for is given one by one, as in ` +
      "gather(...array)",
  );
}

/**
 * Waits for several things at once and gives their results in the order of the arguments.
 *
 * Coroutines and async functions are made tasks. The first exception ends the wait; the others go
 * on (use a task group to have them cancelled).
 *
 * **Cancellation** of what waits, or of the future, cancels everything that is not done. A child
 * that is cancelled by others counts as failed with {@linkcode CancelledError}. A signal among the
 * options cancels as well, and what is thrown is its reason; results that are all there win over it.
 *
 * asyncio name: `gather`.
 *
 * @param inputs futures, coroutines, async functions, promises
 * @returns a future of an array, typed as the tuple of the results
 * @throws {TypeError} when one of them cannot be waited for
 * @throws {RuntimeError} when no loop is running
 *
 * @example Three at once
 * ```ts
 * import { gather, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const results = await run(async () => await gather(sleep(2, "a"), sleep(1, 2), async () => true));
 * assertEquals(results, ["a", 2, true]);
 * ```
 */
export function gather<const I extends readonly FutureInput<unknown>[]>(
  ...inputs: I
): Future<GatherResults<I>>;
/** The same, with exceptions among the results. */
export function gather<const I extends readonly FutureInput<unknown>[]>(
  ...inputs: [...I, GatherOptions & { returnExceptions: true }]
): Future<GatherSettled<I>>;
/** The same, with options as the last argument. */
export function gather<const I extends readonly FutureInput<unknown>[]>(
  ...inputs: [...I, GatherOptions & { returnExceptions?: false }]
): Future<GatherResults<I>>;
/** The same, where it is decided elsewhere whether exceptions stand among the results. */
export function gather<const I extends readonly FutureInput<unknown>[]>(
  ...inputs: [...I, GatherOptions]
): Future<GatherSettled<I>>;
export function gather(
  ...inputs: [...FutureInput<unknown>[], FutureInput<unknown> | GatherOptions]
): Future<unknown[]> {
  const last = inputs.at(-1);
  const options: GatherOptions = isOptions(last) ? (inputs.pop(), last) : {};
  refuseCollection(inputs, options);
  if (options.signal !== undefined) checkSignal(options.signal);
  const futures = inputs as readonly FutureInput<unknown>[];
  const first = futures.find(isfuture) as Future<unknown> | undefined;
  const loop = requireLoop("gather", first?.getLoop());
  if (futures.length === 0) {
    const none = loop.createFuture<unknown[]>();
    none.setResult([]);
    return none;
  }
  if (options.signal?.aborted) return refuse(loop, futures, options.signal);
  return new GatheringFuture(loop, futures, options);
}
