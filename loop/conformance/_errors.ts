/**
 * The area "error handling": errors that nobody is there for go to the exception handler.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { createTask } from "../../futures/mod.ts";
import { casesOf, type ConformanceCase } from "./_case.ts";

export const errors: readonly ConformanceCase[] = casesOf("error handling", {
  "an error of a callback is reported, and the others run": async (t) => {
    const { loop } = t;
    const error = new TypeError("as planned");
    const seen: string[] = [];
    const handle = loop.callSoon(() => {
      throw error;
    });
    loop.callSoon(() => seen.push("the next"));
    loop.callLater(1, () => {
      throw error;
    });
    loop.callLater(2, () => loop.stop());
    await loop.runForever();
    const [report, second] = t.takeReports();
    assert(report !== undefined && second !== undefined, "nothing was reported");
    assertStrictEquals(report.exception, error);
    assertStrictEquals(report.handle, handle);
    assert(report.message.length > 0);
    assertStrictEquals(second.exception, error);
    assertEquals(seen, ["the next"]);
  },

  "an exception that nobody retrieves is reported by the end of the run": async (t) => {
    const error = new TypeError("as planned");
    await t.run(async () => {
      createTask(() => Promise.reject(error));
      await t.passes(5);
    });
    assertEquals(t.takeReports().map(({ exception }) => exception), [error]);
  },

  "an exception that is retrieved is not reported": async (t) => {
    await t.run(async () => {
      const task = createTask(() => Promise.reject(new TypeError("as planned")));
      await t.passes(2);
      assert(task.exception() instanceof TypeError);
    });
    assertEquals(t.takeReports(), []);
  },

  "the handler is told what callExceptionHandler() is told": (t) => {
    const context = { message: "something", detail: 1 };
    t.loop.callExceptionHandler(context);
    assertEquals(t.takeReports(), [context]);
  },

  "the handler can be read and replaced": (t) => {
    const { loop } = t;
    const seen: string[] = [];
    const handler = (_loop: unknown, { message }: { message: string }) => void seen.push(message);
    loop.setExceptionHandler(handler);
    assertStrictEquals(loop.getExceptionHandler(), handler);
    loop.callExceptionHandler({ message: "to the new one" });
    loop.setExceptionHandler(undefined);
    assertStrictEquals(loop.getExceptionHandler(), undefined);
    assertEquals([seen, t.takeReports()], [["to the new one"], []]);
  },
});
