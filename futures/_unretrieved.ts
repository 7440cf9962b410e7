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
import type { FutureLoop, Runnable } from "./future_loop.ts";
import type { Future } from "./future.ts";

/** What is left of a future once it is collected: it must not refer to the future. */
interface Report {
  loop: WeakRef<FutureLoop>;
  ref: WeakRef<Future<unknown>>;
  message: string;
  exception: unknown;
  sourceTraceback: string | undefined;
}

const watched = new WeakMap<FutureLoop, Set<Report>>();

function report(loop: FutureLoop, entry: Report, future: Future<unknown> | undefined): void {
  if (future !== undefined) future._logTraceback = false;
  loop.callExceptionHandler({
    message: entry.message,
    exception: entry.exception,
    ...(future === undefined ? {} : { future }),
    ...(entry.sourceTraceback === undefined ? {} : { sourceTraceback: entry.sourceTraceback }),
  });
}

const collected = new FinalizationRegistry<Report>((entry) => {
  const loop = entry.loop.deref();
  if (loop !== undefined && watched.get(loop)?.delete(entry)) report(loop, entry, undefined);
});

const noContext = new Context();

/** Runs once behind the waiters of one failed future. */
class SecondLook implements Runnable {
  readonly _context: Context = noContext;
  readonly future: Future<unknown>;
  #again: boolean;

  constructor(future: Future<unknown>, again: boolean) {
    this.future = future;
    this.#again = again;
  }

  _run(): void {
    const { future } = this;
    if (!future._logTraceback) return;
    const loop = future._loop;
    // One more pass: an async function that was woken retrieves only after it.
    if (this.#again) return loop._enqueue(new SecondLook(future, false));
    const entry: Report = {
      loop: new WeakRef(loop),
      ref: new WeakRef(future),
      message: `${future.constructor.name} exception was never retrieved`,
      exception: future._value,
      sourceTraceback: future._sourceTraceback,
    };
    let entries = watched.get(loop);
    if (entries === undefined) watched.set(loop, entries = new Set());
    entries.add(entry);
    collected.register(future, entry, future);
  }
}

/** Called when a future fails, after its waiters were scheduled. */
export function watchUnretrieved(future: Future<unknown>): void {
  future._loop._enqueue(new SecondLook(future, true));
}

/**
 * Reports the failures of a loop that nobody has asked for until now; called when a run ends.
 */
export function reportUnretrieved(loop: FutureLoop): void {
  const entries = watched.get(loop);
  if (entries === undefined) return;
  watched.delete(loop);
  for (const entry of entries) {
    const future = entry.ref.deref();
    if (future === undefined) report(loop, entry, undefined);
    else {
      collected.unregister(future);
      if (future._logTraceback) report(loop, entry, future);
    }
  }
}
