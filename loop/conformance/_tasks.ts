/**
 * The area "tasks": futures, tasks and what is made of them, on this loop.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  allTasks,
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  gather,
  sleep,
  Task,
  TaskGroup,
  timeout,
  TimeoutError,
} from "../../futures/mod.ts";
import { getRunningLoop } from "../running_loop.ts";
import { casesOf, type ConformanceCase } from "./_case.ts";

export const tasks: readonly ConformanceCase[] = casesOf("tasks", {
  "a task begins in a later pass, not where it is made": async (t) => {
    const seen: string[] = [];
    await t.run(async () => {
      // deno-lint-ignore require-await
      const task = createTask(async () => void seen.push("the task"));
      seen.push("its maker");
      await task;
    });
    assertEquals(seen, ["its maker", "the task"]);
  },

  "tasks begin in the order in which they were made": async (t) => {
    const seen: number[] = [];
    await t.run(async () => {
      const part = coroutine(function* (n: number) {
        seen.push(n);
        yield* sleep(0);
        seen.push(n + 10);
      });
      await gather(part(0), part(1), part(2), part(3));
    });
    assertEquals(seen, [0, 1, 2, 3, 10, 11, 12, 13]);
  },

  "results and exceptions reach those who wait, in both kinds of coroutine": async (t) => {
    await t.run(async () => {
      assertEquals(await createTask(async () => await sleep(1, "async")), "async");
      const generator = coroutine(function* () {
        return yield* sleep(1, "generator");
      });
      assertEquals(await createTask(generator()), "generator");
      const failing = createTask(async () => {
        await sleep(0);
        throw new TypeError("as planned");
      });
      await assertRejects(async () => await failing, TypeError, "as planned");
    });
  },

  "runUntilComplete() gives the result, or throws the exception": async ({ loop }) => {
    assertEquals(await loop.runUntilComplete(sleep(1, "result")), "result");
    await assertRejects(
      () =>
        loop.runUntilComplete(async () => {
          await sleep(1);
          throw new TypeError("as planned");
        }),
      TypeError,
      "as planned",
    );
  },

  "cancel() reaches what the task waits for, and lets it clean up": async (t) => {
    await t.run(async () => {
      const seen: string[] = [];
      const future = t.loop.createFuture<void>();
      const task = createTask(async () => {
        try {
          await future;
        } finally {
          seen.push("begin of the clean-up");
          await sleep(1);
          seen.push("end of the clean-up");
        }
      });
      await t.passes(2);
      assert(task.cancel("enough"));
      await assertRejects(async () => await task, CancelledError, "enough");
      assert(future.cancelled() && task.cancelled());
      assertEquals(seen, ["begin of the clean-up", "end of the clean-up"]);
    });
  },

  "the running loop and the current task are known after every await": async (t) => {
    await t.run(async () => {
      const task: Task<void> = createTask(async () => {
        for (const wait of [() => sleep(0), () => sleep(1), () => Promise.resolve()]) {
          assertStrictEquals(getRunningLoop(), t.loop);
          assertStrictEquals(currentTask(), task);
          await wait();
        }
        assertStrictEquals(currentTask(), task);
      });
      assert(allTasks().has(task));
      await task;
      assert(!allTasks().has(task));
    });
  },

  "an async function that was resumed runs before the next callback of the pass": async (t) => {
    const seen: string[] = [];
    await t.run(async () => {
      const future = t.loop.createFuture<void>();
      const task = createTask(async () => {
        await future;
        seen.push("resumed");
      });
      await t.passes(2);
      future.setResult(undefined);
      t.loop.callSoon(() => seen.push("next callback"));
      await task;
      await t.passes(1);
    });
    assertEquals(seen, ["resumed", "next callback"]);
  },

  "timeout() ends what takes too long": async (t) => {
    await t.run(async () => {
      await assertRejects(() => timeout(2, async () => await sleep(1e6)), TimeoutError);
      assertEquals(await timeout(1e6, async () => await sleep(1, "in time")), "in time");
    });
  },

  "TaskGroup cancels the others when one fails": async (t) => {
    await t.run(async () => {
      let sibling: Task<void> | undefined;
      const group = async () => {
        await new TaskGroup().run(async (tasks) => {
          sibling = tasks.createTask(async () => await sleep(1e6));
          tasks.createTask(async () => {
            await sleep(1);
            throw new TypeError("as planned");
          });
          await sleep(1e6);
        });
      };
      await assertRejects(group);
      assert(sibling!.cancelled());
    });
  },

  "a task factory makes the tasks": async ({ loop }) => {
    class Named extends Task<unknown> {}
    loop.setTaskFactory((loop, coro, options) => new Named(coro, { ...options, loop }));
    await loop.runUntilComplete(async () => {
      const task = createTask(async () => await sleep(0), { name: "of the factory" });
      assert(task instanceof Named);
      assertEquals(task.getName(), "of the factory");
      await task;
    });
    loop.setTaskFactory(undefined);
    assertEquals(loop.getTaskFactory(), undefined);
  },

  "a future belongs to the loop that made it": ({ loop }) => {
    assertStrictEquals(loop.createFuture().getLoop(), loop);
  },
});
