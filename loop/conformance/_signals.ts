/**
 * The area "signals": callbacks for signals of the process.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../futures/sleep.ts";
import { getRunningLoop } from "../running_loop.ts";
import { casesOf, type ConformanceCase } from "./_case.ts";

export const signals: readonly ConformanceCase[] = casesOf("signals", {
  "a signal runs its callback in the loop": async (t) => {
    await t.run(async () => {
      const received = t.loop.createFuture<unknown>();
      t.loop.addSignalHandler("SIGUSR2", (arg: string) => {
        received.setResult([arg, getRunningLoop() === t.loop]);
      }, "argument");
      Deno.kill(Deno.pid, "SIGUSR2");
      assertEquals(await received, ["argument", true]);
      assert(t.loop.removeSignalHandler("SIGUSR2"));
    });
  },

  "a later callback for a signal takes the place of the first": async (t) => {
    await t.run(async () => {
      const seen: string[] = [];
      const received = t.loop.createFuture<void>();
      t.loop.addSignalHandler("SIGUSR2", () => seen.push("first"));
      t.loop.addSignalHandler("SIGUSR2", () => {
        seen.push("second");
        received.setResult(undefined);
      });
      Deno.kill(Deno.pid, "SIGUSR2");
      await received;
      await sleep(1);
      assertEquals(seen, ["second"]);
      t.loop.removeSignalHandler("SIGUSR2");
    });
  },

  "a callback can be removed once": ({ loop }) => {
    loop.addSignalHandler("SIGUSR2", () => {});
    assertEquals(loop.removeSignalHandler("SIGUSR2"), true);
    assertEquals(loop.removeSignalHandler("SIGUSR2"), false);
  },
});
