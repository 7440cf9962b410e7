/**
 * Tells of coroutines that were made and never begun, once each, in debug mode.
 *
 * asyncio counterpart: CPython's own `RuntimeWarning: coroutine … was never awaited`. Python collects an
 * unreferenced coroutine at once; JavaScript does so some time or never. So one is told of when it is
 * collected, and at the latest when the run ends ({@linkcode reportUnawaited}).
 *
 * May be imported by `futures/` and `loop/`.
 *
 * @module
 */

import type { Coroutine } from "./coroutine.ts";
import { describe } from "./_describe.ts";
import { runningLoop } from "./_frame.ts";
import type { FutureLoop } from "./future_loop.ts";
import { placeOf, withoutOwnFrames } from "./_traceback.ts";

/**
 * What is left of a coroutine once it is collected: it must not refer to the coroutine, which refers to
 * it until it begins.
 */
export class Unawaited {
  loop: WeakRef<FutureLoop> | undefined = undefined;
  ref: WeakRef<Coroutine<unknown>> | undefined = undefined;
  message = "";
  // To write its lines takes fifty times as long as to make it. It refers to what was on the stack, so it
  // must not be kept.
  #made: Error | undefined = new Error();

  /** Puts a coroutine under watch. */
  watch(coroutine: Coroutine<unknown>, loop: FutureLoop): void {
    const place = placeOf(withoutOwnFrames(this.#made!.stack ?? ""));
    this.#made = undefined;
    const madeAt = place === "" ? "" : `, made at ${place},`;
    this.message = `${describe(coroutine)}${madeAt} was never awaited`;
    this.loop = new WeakRef(loop);
    this.ref = new WeakRef(coroutine);
    let entries = watched.get(loop);
    if (entries === undefined) watched.set(loop, entries = new Set());
    entries.add(this);
    collected.register(coroutine, this, coroutine);
  }
}

const watched = new WeakMap<FutureLoop, Set<Unawaited>>();

const collected = new FinalizationRegistry<Unawaited>((entry) => {
  const loop = entry.loop?.deref();
  if (loop !== undefined && watched.get(loop)?.delete(entry)) console.warn(entry.message);
});

/**
 * Called for each coroutine that is made while a loop is in debug mode.
 *
 * @returns what it has to refer to until it begins; `false` for none
 */
export function watchUnawaited(coroutine: Coroutine<unknown>): Unawaited | false {
  const loop = runningLoop();
  if (loop === null || !loop.getDebug()) return false;
  const entry = new Unawaited();
  // Nearly all begin by then: at once, or, where `await` waits for them, in the microtask between.
  const look = () => {
    if (coroutine._isUnder(entry)) entry.watch(coroutine, loop);
  };
  queueMicrotask(() => {
    if (coroutine._isUnder(entry)) queueMicrotask(look);
  });
  return entry;
}

/** Called when a coroutine begins, or is closed, that has an entry. */
export function unwatchUnawaited(coroutine: Coroutine<unknown>, entry: Unawaited): void {
  // Most begin before they are under watch.
  if (entry.loop === undefined) return;
  const loop = entry.loop.deref();
  if (loop !== undefined) watched.get(loop)?.delete(entry);
  collected.unregister(coroutine);
}

/**
 * Tells of the coroutines of a loop that have not begun until now; called when a run ends, and when the
 * loop is closed.
 */
export function reportUnawaited(loop: FutureLoop): void {
  const entries = watched.get(loop);
  if (entries === undefined) return;
  watched.delete(loop);
  for (const entry of entries) {
    const coroutine = entry.ref?.deref();
    if (coroutine !== undefined) collected.unregister(coroutine);
    console.warn(entry.message);
  }
}
