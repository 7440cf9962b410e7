/**
 * The area "timers": deadlines of the loop's own clock.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { sleep } from "../../futures/sleep.ts";
import { casesOf, type ConformanceCase } from "./_case.ts";

export const timers: readonly ConformanceCase[] = casesOf("timers", {
  "a timer never runs before its deadline": async ({ loop }) => {
    const early: string[] = [];
    for (const delay of [1, 4, 20]) {
      const when = loop.time() + delay;
      loop.callLater(delay, () => {
        if (loop.time() < when) early.push(`callLater(${delay})`);
      });
      const timer = loop.callAt(when, () => {
        if (loop.time() < timer.when()) early.push(`callAt(now + ${delay})`);
      });
    }
    loop.callLater(25, () => loop.stop());
    await loop.runForever();
    assertEquals(early, []);
  },

  "timers run in the order of their deadlines": async ({ loop }) => {
    const seen: number[] = [];
    const start = loop.time();
    for (const delay of [5, 1, 4, 2, 3]) loop.callAt(start + delay, () => seen.push(delay));
    loop.callAt(start + 6, () => loop.stop());
    await loop.runForever();
    assertEquals(seen, [1, 2, 3, 4, 5]);
  },

  "timers with equal deadlines run in the order of scheduling": async ({ loop }) => {
    const seen: number[] = [];
    const when = loop.time() + 2;
    for (let i = 0; i < 8; i++) loop.callAt(when, () => seen.push(i));
    loop.callAt(when + 2, () => loop.stop());
    await loop.runForever();
    assertEquals(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
  },

  "a timer runs once": async ({ loop }) => {
    let count = 0;
    loop.callLater(1, () => count++);
    loop.callLater(4, () => loop.stop());
    await loop.runForever();
    assertEquals(count, 1);
  },

  "a timer that was called off does not run": async ({ loop }) => {
    const seen: string[] = [];
    const timer = loop.callLater(1, () => seen.push("called off"));
    const due = loop.callAt(loop.time() - 1, () => seen.push("called off when due"));
    loop.callSoon(() => due.cancel());
    timer.cancel();
    loop.callLater(3, () => loop.stop());
    await loop.runForever();
    assertEquals(seen, []);
    assert(timer.cancelled());
  },

  "a deadline that has passed is due at once, after what is ready": async ({ loop }) => {
    const seen: string[] = [];
    loop.callAt(loop.time() - 1000, () => seen.push("past"));
    loop.callSoon(() => seen.push("ready"));
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
    assertEquals(seen, ["ready", "past"]);
  },

  "a timer tells its deadline": ({ loop }) => {
    const before = loop.time();
    const timer = loop.callLater(50, () => {});
    assert(timer.when() >= before + 50 && timer.when() <= loop.time() + 50);
    assertEquals(loop.callAt(before + 7, () => {}).when(), before + 7);
  },

  "the clock never goes back, and goes on while the loop waits": async ({ loop }) => {
    const times = [loop.time()];
    await loop.runUntilComplete(async () => {
      for (let i = 0; i < 5; i++) {
        await sleep(1);
        times.push(loop.time());
      }
    });
    for (let i = 1; i < times.length; i++) assert(times[i]! >= times[i - 1]! + 1, `${times}`);
  },

  "a negative delay is over already": async ({ loop }) => {
    const seen: string[] = [];
    loop.callLater(-1, () => seen.push("late"));
    loop.callLater(-1000, () => seen.push("later"));
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
    assertEquals(seen, ["later", "late"]);
  },

  "a delay that is NaN is refused": ({ loop }) => {
    assertThrows(() => loop.callLater(NaN, () => {}), RangeError);
    assertThrows(() => loop.callAt(NaN, () => {}), RangeError);
  },
});
