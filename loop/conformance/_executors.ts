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
      const shared = new SharedArrayBuffer(4);
      const block = (shared: SharedArrayBuffer) => {
        Atomics.wait(new Int32Array(shared), 0, 0);
      };
      const call = t.loop.runInExecutor(undefined, block, shared);
      for (let i = 0; i < 3; i++) await sleep(1);
      assert(!call.done());
      const flag = new Int32Array(shared);
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
      await call;
      await t.loop.shutdownDefaultExecutor();
    });
  },
});
