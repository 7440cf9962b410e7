/**
 * The area "wake-ups": what comes from outside of the loop, from the timers and promises of its host.
 *
 * A loop whose time is virtual does not claim it: there nothing happens but by the program.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { casesOf, type ConformanceCase } from "./_case.ts";

/** How long the host leaves the loop alone, so that it has come to wait, in milliseconds. */
const HOST_MS = 10;

export const wakeups: readonly ConformanceCase[] = casesOf("wake-ups", {
  "a callback from outside ends the wait of a loop that has nothing to do": async ({ loop }) => {
    const seen: string[] = [];
    setTimeout(() =>
      loop.callSoonThreadsafe(() => {
        seen.push("woken");
        loop.stop();
      }), HOST_MS);
    await loop.runForever();
    assertEquals(seen, ["woken"]);
  },

  "a timer from outside shortens the wait": async ({ loop }) => {
    const far = loop.callLater(1e6, () => {});
    setTimeout(() => loop.callLater(1, () => loop.stop()), HOST_MS);
    await loop.runForever();
    far.cancel();
  },

  "stop() from outside ends the wait": async ({ loop }) => {
    setTimeout(() => loop.stop(), HOST_MS);
    await loop.runForever();
    assert(!loop.isRunning());
  },

  "a future that is completed from outside resumes who waits for it": async (t) => {
    const future = t.loop.createFuture<string>();
    setTimeout(() => future.setResult("from outside"), HOST_MS);
    assertEquals(await t.run(async () => await future), "from outside");
  },

  "a promise of the host resumes who waits for it": async (t) => {
    const result = await t.run(async () =>
      await new Promise((resolve) => setTimeout(() => resolve("from the host"), HOST_MS))
    );
    assertEquals(result, "from the host");
  },

  "a callback that schedules itself for ever does not stop the host": async ({ loop }) => {
    let spins = 0;
    let hostHadItsTurn = false;
    const spin = () => {
      spins++;
      if (hostHadItsTurn) loop.stop();
      else loop.callSoon(spin);
    };
    loop.callSoon(spin);
    setTimeout(() => hostHadItsTurn = true, HOST_MS);
    await loop.runForever();
    assert(spins > 1);
  },

  "two loops run side by side": async (t) => {
    const other = t.anotherLoop();
    const seen: string[] = [];
    const tick = (loop: typeof other, name: string) => {
      seen.push(name);
      if (seen.length < 20) loop.callLater(1, tick, loop, name);
      else {
        t.loop.stop();
        other.stop();
      }
    };
    t.loop.callSoon(tick, t.loop, "one");
    other.callSoon(tick, other, "other");
    await Promise.all([t.loop.runForever(), other.runForever()]);
    assert(seen.includes("one") && seen.includes("other"));
  },
});
