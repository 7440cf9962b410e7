/**
 * Reports exceptions that nobody asked for, once each.
 *
 * asyncio counterpart: `Future.__del__`. Python collects an unreferenced future at once; JavaScript
 * does so some time or never. So a failed future is looked at again after the pass that wakes its
 * waiters; if its exception is still unretrieved it is reported when it is collected, and at the
 * latest when the run ends ({@linkcode reportUnretrieved}).
 *
 * May be imported by `futures/` and `loop/`.
 *
 * @module
 */

import { Context } from "./context.ts";
import type { ExceptionContext, FutureLoop, Runnable } from "./future_loop.ts";
import { reportOutside } from "./_interrupt.ts";
import type { Future } from "./future.ts";

/**
 * What is left of a future once it is collected: it must not refer to the future, which refers to it
 * while it is under watch.
 */
export interface Report {
  loop: WeakRef<FutureLoop>;
  ref: WeakRef<Future<unknown>>;
  message: string;
  exception: unknown;
  sourceTraceback: string | undefined;
}

const watched = new WeakMap<FutureLoop, Set<Report>>();

function contextOf(entry: Report, future: Future<unknown> | undefined): ExceptionContext {
  return {
    message: entry.message,
    exception: entry.exception,
    ...(future === undefined ? {} : { future }),
    ...(entry.sourceTraceback === undefined ? {} : { sourceTraceback: entry.sourceTraceback }),
  };
}

const collected = new FinalizationRegistry<Report>((entry) => {
  const loop = entry.loop.deref();
  if (loop === undefined || !watched.get(loop)?.delete(entry)) return;
  reportOutside(loop, contextOf(entry, undefined));
});

const noContext = new Context();

/** Runs once behind the waiters of one failed future. */
class SecondLook implements Runnable {
  readonly _context: Context = noContext;
  readonly future: Future<unknown>;
  readonly hasWaiters: boolean;
  #again: boolean;

  constructor(future: Future<unknown>, hasWaiters: boolean, again: boolean) {
    this.future = future;
    this.hasWaiters = hasWaiters;
    this.#again = again;
  }

  _run(): void {
    const { future } = this;
    if (future._unretrieved === false) return;
    const loop = future._loop;
    // One more pass: an async function that was woken retrieves only after it.
    if (this.#again) return loop._enqueue(new SecondLook(future, this.hasWaiters, false));
    const entry = this.#entry();
    let entries = watched.get(loop);
    if (entries === undefined) watched.set(loop, entries = new Set());
    entries.add(entry);
    future._unretrieved = entry;
    collected.register(future, entry, future);
  }

  /** Reports the failure now, unless somebody has asked for it. */
  report(): void {
    const { future } = this;
    if (future._unretrieved === false) return;
    future._unretrieved = false;
    future._loop.callExceptionHandler(contextOf(this.#entry(), future));
  }

  #entry(): Report {
    const { future } = this;
    return {
      loop: new WeakRef(future._loop),
      ref: new WeakRef(future),
      message: `${future.constructor.name} exception was never retrieved`,
      exception: future._value,
      sourceTraceback: future._sourceTraceback,
    };
  }
}

/**
 * Called when a future fails, after its waiters were scheduled.
 *
 * @param hasWaiters whether there were any, so that the exception will be asked for if the loop goes on
 */
export function watchUnretrieved(future: Future<unknown>, hasWaiters: boolean): void {
  future._loop._enqueue(new SecondLook(future, hasWaiters, true));
}

/** Called when somebody asks for the exception of a future that is under watch. */
export function unwatch(future: Future<unknown>, entry: Report): void {
  watched.get(future._loop)?.delete(entry);
  collected.unregister(future);
}

/**
 * Reports the failures of a loop that nobody has asked for until now; called when a run ends, and when
 * the loop is closed.
 *
 * @param left what stays in the loop's ready queue: the second looks among it come too late, but for
 * those behind waiters, as the loop may run again
 * @param closing whether it will not
 */
export function reportUnretrieved(
  loop: FutureLoop,
  left: readonly Runnable[],
  closing: boolean,
): void {
  for (const item of left) {
    if (item instanceof SecondLook && (closing || !item.hasWaiters)) item.report();
  }
  const entries = watched.get(loop);
  if (entries === undefined) return;
  watched.delete(loop);
  for (const entry of entries) {
    const future = entry.ref.deref();
    if (future !== undefined) {
      future._unretrieved = false;
      collected.unregister(future);
    }
    loop.callExceptionHandler(contextOf(entry, future));
  }
}
