/**
 * Branches: several waits of one async function at once, through `Promise.all()`. Each scope ends its
 * own branch, and no other.
 */
import { assert, assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import {
  CancelledError,
  Context,
  coroutine,
  createTask,
  currentTask,
  gather,
  moveOnAfter,
  sleep,
  type Task,
  taskGroup,
  timeout,
  TimeoutError,
  waitFor,
} from "../../futures/mod.ts";
import { hostTurn, testAsync } from "../_helpers.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

/** How each of several promises ends, in words. */
async function outcomes(...waits: PromiseLike<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(waits);
  return settled.map((each) => each.status === "fulfilled" ? each.value : each.reason.name);
}

testAsync("Of waitFor() calls in Promise.all() the one ends whose time has passed", async (t) => {
  const futures = [1, 2, 3].map(() => t.loop.createFuture<string>());
  t.loop.callLater(20, () => futures[2]!.setResult("in time"));
  const seen = await outcomes(
    waitFor(futures[0]!, 5),
    waitFor(futures[1]!, 10),
    waitFor(futures[2]!, 1000),
  );
  assertEquals(seen, ["TimeoutError", "TimeoutError", "in time"]);
  assertEquals(t.loop.time(), 20);
  assertEquals(me().cancelling(), 0);
});

testAsync("Of timeout() calls in Promise.all() each ends its own body", async (t) => {
  const bodies = [
    async () => await sleep(100, "a"),
    function* () {
      return yield* sleep(100, "b");
    },
    () => sleep(100, "c"),
    async () => {
      await sleep(6);
      await sleep(6);
      return "d";
    },
  ];
  const seen = await outcomes(...bodies.map((body, i) => timeout(5 * (i + 1), body)));
  assertEquals(seen, ["TimeoutError", "TimeoutError", "TimeoutError", "d"]);
  assertEquals(t.loop.time(), 15);
  assertEquals(me().cancelling(), 0);
  await sleep(1);
});

testAsync("A timeout at a foreign promise is felt in its own branch only", async (t) => {
  const log: string[] = [];
  const foreign = (delay: number) =>
    new Promise<void>((resolve) => t.loop.callLater(delay, resolve));
  const seen = await outcomes(
    timeout(5, async () => {
      await foreign(20);
      log.push("a");
      await sleep(1);
    }),
    timeout(100, async () => {
      for (let i = 0; i < 10; i++) await sleep(1);
      log.push("b");
      return "b";
    }),
    timeout(6, async () => {
      await foreign(30);
      log.push("c");
      await sleep(1);
    }),
  );
  assertEquals(seen, ["TimeoutError", "b", "TimeoutError"]);
  assertEquals(log, ["b", "a", "c"]);
  assertEquals(me().cancelling(), 0);
  await sleep(1);
});

testAsync("A timeout that is never felt in its branch leaves nothing behind", async (t) => {
  const foreign = (delay: number) =>
    new Promise<string>((resolve) => t.loop.callLater(delay, resolve, "late"));
  const seen = await outcomes(timeout(5, () => foreign(10)), timeout(100, () => sleep(20, "b")));
  assertEquals(seen, ["late", "b"]);
  assertEquals(me().cancelling(), 0);
  await sleep(1);
});

testAsync("Timeouts that clean up at the same time are not taken for each other", async (t) => {
  const slow = (clean: number) => async () => {
    try {
      await sleep(100);
    } finally {
      await sleep(clean);
    }
  };
  const seen = await outcomes(
    timeout(5, slow(20)),
    timeout(6, slow(1)),
    moveOnAfter(7, slow(30)),
    timeout(50, () => sleep(40, "d")),
  );
  assertEquals(seen, ["TimeoutError", "TimeoutError", undefined, "d"]);
  assertEquals(t.loop.time(), 40);
  assertEquals(me().cancelling(), 0);
});

testAsync("Timeouts nested in a branch of Promise.all()", async () => {
  const seen = await outcomes(
    timeout(5, async () => {
      await timeout(100, async () => await sleep(50));
    }),
    timeout(100, async () => {
      try {
        await timeout(7, async () => await sleep(50));
      } catch (error) {
        assertInstanceOf(error, TimeoutError);
      }
      return await sleep(10, "b");
    }),
    timeout(20, async () => {
      await Promise.all([
        timeout(100, () => sleep(90)),
        timeout(100, () => sleep(95)),
      ]);
    }),
  );
  assertEquals(seen, ["TimeoutError", "b", "TimeoutError"]);
  assertEquals(me().cancelling(), 0);
  await sleep(100);
});

testAsync("Task groups in Promise.all(): the failure of one does not end the other", async () => {
  const seen = await outcomes(
    taskGroup(async (group) => {
      group.createTask(async () => {
        await sleep(5);
        throw new TypeError("no");
      });
      await sleep(100);
    }),
    taskGroup(async (group) => {
      const task = group.createTask(sleep(10, "b"));
      await sleep(20);
      return task.result();
    }),
  );
  assertEquals(seen, ["ExceptionGroup", "b"]);
  assertEquals(me().cancelling(), 0);
});

testAsync("A signal ends its own branch", async (t) => {
  const controller = new AbortController();
  t.loop.callLater(5, () => controller.abort(new EvalError("enough")));
  const seen = await outcomes(
    timeout(100, async () => await sleep(50), controller),
    timeout(100, async () => await sleep(50, "b")),
    waitFor(async () => await sleep(50), 100, controller),
  );
  assertEquals(seen, ["EvalError", "b", "EvalError"]);
  assertEquals(me().cancelling(), 0);
});

testAsync(
  "Cancelling the task while branches wait ends it, and is not lost in a branch",
  async () => {
    const task = createTask(async () => {
      await Promise.all([timeout(100, () => sleep(50)), timeout(100, () => sleep(60))]);
    });
    await sleep(1);
    task.cancel();
    await gather(task, { returnExceptions: true });
    assert(task.cancelled());
    await sleep(100);
  },
);

testAsync("A cancellation by others in the pass of a branch's deadline", async (t) => {
  const task = createTask(async () => {
    await Promise.all([timeout(10, async () => await sleep(50)), sleep(5)]);
  });
  t.loop.callAt(10, () => void task.cancel());
  const [error] = await gather(task, { returnExceptions: true });
  assertInstanceOf(error, CancelledError);
  assertEquals(task.cancelling(), 1);
  await hostTurn();
});

testAsync("Branches of an async body inside a generator coroutine", async () => {
  const seen = await createTask(
    coroutine(function* () {
      return yield* timeout(1000, async () =>
        await outcomes(
          timeout(5, async () => await sleep(50)),
          timeout(50, async () => await sleep(20, "b")),
        ));
    })(),
  );
  assertEquals(seen, ["TimeoutError", "b"]);
});

testAsync(
  "A deadline that has passed before timeout(0) in its branch is not lost in it",
  async (t) => {
    const foreign = (delay: number) =>
      new Promise<void>((resolve) => t.loop.callLater(delay, resolve));
    let inner: unknown;
    const seen = await outcomes(
      timeout(5, async () => {
        await foreign(10);
        // The outer one has expired, and is felt here first.
        inner = await outcomes(timeout(0, async () => await sleep(1)));
        await sleep(1);
      }),
      timeout(100, () => sleep(20, "b")),
    );
    assertEquals(inner, ["CancelledError"]);
    assertEquals(seen[1], "b");
    assertEquals(me().cancelling(), 0);
  },
);

testAsync(
  "A timeout that is never felt does not reach what comes after it in its branch",
  async (t) => {
    const foreign = (delay: number) =>
      new Promise<string>((resolve) => t.loop.callLater(delay, resolve, "late"));
    const work = coroutine(function* () {
      const result = yield* timeout(5, () => foreign(10));
      yield* sleep(1);
      return result;
    });
    assertEquals(await outcomes(work(), timeout(100, () => sleep(20, "b"))), ["late", "b"]);
  },
);

testAsync("What an async body runs in another context belongs to its branch", async () => {
  const seen = await outcomes(
    timeout(5, async () => await new Context().run(async () => await sleep(50))),
    timeout(100, async () => await new Context().run(async () => await sleep(20, "b"))),
  );
  assertEquals(seen, ["TimeoutError", "b"]);
});

testAsync("A cancellation that a group puts off is not confined to another branch", async () => {
  const seen: unknown[] = [];
  const task = createTask(async () => {
    seen.push(
      ...await outcomes(
        timeout(5, () => sleep(50)),
        taskGroup(async (group) => {
          group.createTask(async () => {
            try {
              await sleep(50);
            } finally {
              await sleep(10);
              // deno-lint-ignore no-unsafe-finally
              throw new TypeError("in the clean-up");
            }
          });
          await sleep(50);
        }),
      ),
    );
    await sleep(50);
    seen.push("not reached");
  });
  await sleep(1);
  task.cancel();
  const [error] = await gather(task, { returnExceptions: true });
  assertInstanceOf(error, CancelledError);
  // The task was cancelled meanwhile, which no timeout hides.
  assertEquals(seen, ["CancelledError", "ExceptionGroup"]);
});

testAsync("Work that was left in a branch does not disturb the task", async () => {
  // Nobody waits for it, and its deadline passes when the task waits for something else.
  const left = outcomes(timeout(5, async () => await sleep(50)));
  await sleep(20);
  assertEquals(await left, ["TimeoutError"]);
  assertFalse(me().cancelling() > 0);
});
