/**
 * The area "callbacks": what is ready runs in order, once, in passes.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { casesOf, type ConformanceCase } from "./_case.ts";

export const callbacks: readonly ConformanceCase[] = casesOf("callbacks", {
  "callbacks run in the order in which they were scheduled": async ({ loop }) => {
    const seen: number[] = [];
    for (let i = 0; i < 10; i++) loop.callSoon(() => seen.push(i));
    loop.callSoon(() => loop.stop());
    await loop.runForever();
    assertEquals(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  },

  "a callback runs once, with its arguments": async ({ loop }) => {
    const seen: unknown[][] = [];
    loop.callSoon((...args: unknown[]) => seen.push(args), 1, "two", [3]);
    loop.callSoonThreadsafe((...args: unknown[]) => seen.push(args));
    loop.callLater(2, () => loop.stop());
    await loop.runForever();
    assertEquals(seen, [[1, "two", [3]], []]);
  },

  "a callback does not run before callSoon() has returned": async ({ loop }) => {
    const seen: string[] = [];
    loop.callSoon(() => seen.push("outside"));
    seen.push("scheduled");
    loop.callSoon(() => {
      loop.callSoon(() => seen.push("inside"));
      seen.push("scheduled in the loop");
    });
    await loop.runUntilComplete(async () => {});
    loop.callSoon(() => loop.stop());
    await loop.runForever();
    assertEquals(seen, ["scheduled", "outside", "scheduled in the loop", "inside"]);
  },

  "what a pass schedules waits for the next pass": async ({ loop }) => {
    const seen: string[] = [];
    loop.callSoon(() => {
      seen.push("first");
      loop.callSoon(() => seen.push("next pass"));
      loop.stop();
    });
    loop.callSoon(() => seen.push("second"));
    await loop.runForever();
    assertEquals(seen, ["first", "second"]);
    loop.callSoon(() => loop.stop());
    await loop.runForever();
    assertEquals(seen, ["first", "second", "next pass"]);
  },

  "a callback that was called off does not run": async ({ loop }) => {
    const seen: string[] = [];
    const before = loop.callSoon(() => seen.push("called off before the run"));
    before.cancel();
    loop.callSoon(() => within.cancel());
    const within = loop.callSoon(() => seen.push("called off in the same pass"));
    loop.callSoon(() => loop.stop());
    await loop.runForever();
    assertEquals(seen, []);
    assert(before.cancelled() && within.cancelled());
  },

  "stop() lets the pass end in which it is called": async ({ loop }) => {
    const seen: string[] = [];
    loop.callSoon(() => loop.stop());
    loop.callSoon(() => seen.push("after stop()"));
    await loop.runForever();
    assertEquals(seen, ["after stop()"]);
    assert(!loop.isRunning());
  },

  "stop() before a run makes it a run of one pass": async ({ loop }) => {
    const seen: string[] = [];
    loop.callSoon(() => {
      seen.push("first pass");
      loop.callSoon(() => seen.push("second pass"));
    });
    loop.stop();
    await loop.runForever();
    assertEquals(seen, ["first pass"]);
  },

  "what is no function is refused": ({ loop }) => {
    assertThrows(() => loop.callSoon("callback" as never), TypeError);
    assertThrows(() => loop.callLater(1, undefined as never), TypeError);
  },
});
