/**
 * The area "shutdown": what a loop refuses, and what is left of it.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createTask, RuntimeError, sleep } from "../../futures/mod.ts";
import { run } from "../runner.ts";
import { casesOf, type ConformanceCase } from "./_case.ts";

export const shutdown: readonly ConformanceCase[] = casesOf("shutdown", {
  "close() may be called twice, and ends the loop": async ({ loop }) => {
    assert(!loop.isClosed());
    loop.close();
    loop.close();
    assert(loop.isClosed());
    assertThrows(() => loop.callSoon(() => {}), RuntimeError);
    assertThrows(() => loop.callLater(1, () => {}), RuntimeError);
    await assertRejects(() => loop.runForever(), RuntimeError);
    await assertRejects(() => loop.runUntilComplete(async () => {}), RuntimeError);
  },

  "a loop that runs cannot be closed, or run again": async (t) => {
    await t.run(async () => {
      assert(t.loop.isRunning());
      assertThrows(() => t.loop.close(), RuntimeError);
      await assertRejects(() => t.loop.runForever(), RuntimeError);
    });
    assert(!t.loop.isRunning());
  },

  "a loop can run again after a run": async ({ loop }) => {
    assertEquals(await loop.runUntilComplete(sleep(1, "first")), "first");
    assertEquals(await loop.runUntilComplete(sleep(1, "second")), "second");
  },

  "runUntilComplete() that is stopped before the end says so": async ({ loop }) => {
    const future = loop.createFuture<void>();
    loop.callSoon(() => loop.stop());
    await assertRejects(() => loop.runUntilComplete(future), RuntimeError);
  },

  "what is scheduled when a loop is closed does not run": async (t) => {
    const other = t.anotherLoop();
    const seen: string[] = [];
    other.callSoon(() => seen.push("soon"));
    other.callLater(1, () => seen.push("later"));
    other.close();
    await t.run(() => sleep(3) as unknown as Promise<void>);
    assertEquals(seen, []);
  },

  "run() cancels the tasks that are left, waits for them, and closes the loop": async (t) => {
    const loop = t.anotherLoop();
    const seen: string[] = [];
    const result = await run(async () => {
      createTask(async () => {
        try {
          await sleep(1e6);
        } finally {
          await sleep(1);
          seen.push("cleaned up");
        }
      });
      return await sleep(1, "result");
    }, { loopFactory: () => loop });
    assertEquals([result, seen, loop.isClosed()], ["result", ["cleaned up"], true]);
  },
});
