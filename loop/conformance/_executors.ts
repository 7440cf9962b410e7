/**
 * The area "executors": functions in other threads.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { sleep } from "../../futures/sleep.ts";
import { casesOf, type ConformanceCase } from "./_case.ts";

export const executors: readonly ConformanceCase[] = casesOf("executors", {
  "a function runs with its arguments, and its result comes back": async (t) => {
    await t.run(async () => {
      const add = (a: number, b: number) => a + b;
      assertEquals(await t.loop.runInExecutor(undefined, add, 20, 22), 42);
      await t.loop.shutdownDefaultExecutor();
    });
  },

  "what it throws comes back": async (t) => {
    await t.run(async () => {
      const fail = () => {
        throw new TypeError("as planned");
      };
      await assertRejects(
        async () => await t.loop.runInExecutor(undefined, fail),
        TypeError,
        "as planned",
      );
      await t.loop.shutdownDefaultExecutor();
    });
  },

  "the loop goes on meanwhile": async (t) => {
    await t.run(async () => {
      const block = () => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
      };
      const call = t.loop.runInExecutor(undefined, block);
      let ticks = 0;
      while (!call.done()) {
        await sleep(1);
        ticks++;
      }
      await call;
      assert(ticks >= 3, `${ticks} ticks`);
      await t.loop.shutdownDefaultExecutor();
    });
  },
});
