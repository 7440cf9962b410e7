/** How often a loop that is never idle lets the host poll, on a clock that tests move. */
import { assert, assertAlmostEquals, assertGreater } from "@std/assert";
import { Context } from "../../futures/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import { testRealLoop } from "../_helpers.ts";

/** What a callback takes, in milliseconds. */
const STEP_MS = 0.001;

/** A loop whose host brings something for a connection, or does not. */
class PolledLoop extends DenoEventLoop {
  hostMs = 0;
  brings = false;
  /** The intervals between polls, in milliseconds. */
  intervals: number[] = [];
  #polledMs = 0;

  override _hostTime(): number {
    return this.hostMs;
  }

  override _select(_timeoutMs: number): Promise<void> {
    this.intervals.push(this.hostMs - this.#polledMs);
    this.#polledMs = this.hostMs;
    if (this.brings) this._deliver({ _context: new Context(), _run: () => {} });
    return Promise.resolve();
  }
}

/** Runs callbacks, one after the other, for so long. */
function keepBusy(loop: PolledLoop, ms: number): Promise<number[]> {
  const end = loop.hostMs + ms;
  const first = loop.intervals.length;
  return loop.runUntilComplete(
    new Promise<number[]>((resolve) => {
      const next = () => {
        loop.hostMs += STEP_MS;
        if (loop.hostMs >= end) resolve(loop.intervals.slice(first + 1));
        loop.callSoon(next);
      };
      next();
    }),
  );
}

testRealLoop(
  "A loop that is never idle polls each 0.4 ms, each 0.05 ms while that brings something, and less and less often after it",
  () => new PolledLoop(),
  async ({ loop }) => {
    const quiet = await keepBusy(loop, 20);
    assertGreater(quiet.length, 10);
    for (const interval of quiet) assertAlmostEquals(interval, 0.4, 0.07);
    loop.brings = true;
    const busy = (await keepBusy(loop, 20)).slice(1);
    assertGreater(busy.length, 200);
    for (const interval of busy) assertAlmostEquals(interval, 0.05, 0.02);
    loop.brings = false;
    const after = await keepBusy(loop, 20);
    assert(after.every((interval, i) => i === 0 || interval >= after[i - 1]! - 0.07));
    assertAlmostEquals(after[0]!, 0.05, 0.02);
    assertAlmostEquals(after.at(-1)!, 0.4, 0.07);
  },
);
