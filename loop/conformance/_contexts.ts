/**
 * The area "contexts": each callback and each task has the context variables of its origin.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ContextVar, copyContext, createTask, sleep } from "../../futures/mod.ts";
import { casesOf, type ConformanceCase } from "./_case.ts";

const variable = new ContextVar<string>("conformance", { defaultValue: "none" });

export const contexts: readonly ConformanceCase[] = casesOf("contexts", {
  "a callback sees the variables of where it was scheduled": async (t) => {
    const seen: string[] = [];
    await t.run(async () => {
      for (const value of ["one", "two"]) {
        variable.set(value);
        t.loop.callSoon(() => seen.push(`soon ${variable.get()}`));
        t.loop.callLater(1, () => seen.push(`later ${variable.get()}`));
      }
      variable.set("three");
      await sleep(3);
    });
    assertEquals(seen, ["soon one", "soon two", "later one", "later two"]);
  },

  "what a callback sets is seen by nobody else": async (t) => {
    await t.run(async () => {
      variable.set("mine");
      t.loop.callSoon(() => void variable.set("the callback's"));
      await t.passes(2);
      assertEquals(variable.get(), "mine");
    });
  },

  "a task has a copy, which lasts over every wait": async (t) => {
    await t.run(async () => {
      variable.set("outer");
      const task = createTask(async () => {
        assertEquals(variable.get(), "outer");
        variable.set("inner");
        await sleep(1);
        assertEquals(variable.get(), "inner");
        await Promise.resolve();
        assertEquals(variable.get(), "inner");
      });
      await sleep(0);
      assertEquals(variable.get(), "outer");
      await task;
      assertEquals(variable.get(), "outer");
    });
  },

  "a task runs in the context that it is given": async (t) => {
    await t.run(async () => {
      const context = copyContext();
      context.run(() => variable.set("given"));
      const seen = await createTask(async () => {
        await sleep(0);
        return variable.get();
      }, { context });
      assertEquals(seen, "given");
    });
  },
});
