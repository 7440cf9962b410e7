/**
 * Bodies: code that runs in the task of who calls, whatever the kinds of both. What `timeout()`,
 * `taskGroup()` and the others have in common.
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import {
  CancelledError,
  ContextVar,
  coroutine,
  createTask,
  currentTask,
  exceptStar,
  gather,
  getRunningLoop,
  KeyboardInterrupt,
  moveOnAfter,
  run,
  shielded,
  sleep,
  type Task,
  taskGroup,
  type Timeout,
  timeout,
  TimeoutError,
  waitFor,
} from "../../mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import {
  errorOf,
  hostTurn,
  microtasks,
  passes,
  testAsync,
  testLoop,
  testProgram,
} from "../_helpers.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

/** Every function that runs a body. */
const runners: Record<string, <T>(body: () => Promise<T>) => ReturnType<typeof timeout<T>>> = {
  timeout: (body) => timeout(1000, body),
  moveOnAfter: (body) => moveOnAfter(1000, body) as never,
  taskGroup: (body) => taskGroup(body),
  shielded: (body) => shielded(body),
  waitFor: (body) => waitFor(body, 1000) as never,
  exceptStar: (body) => exceptStar(body) as never,
};

for (const [name, runner] of Object.entries(runners)) {
  testProgram(`${name}(): an async body runs in the task that waits`, function* (t) {
    const variable = new ContextVar("variable", { defaultValue: 0 });
    variable.set(1);
    const before = me();
    const seen: unknown[] = [];
    const look = () => {
      assertStrictEquals(currentTask(), before);
      assertStrictEquals(getRunningLoop(), t.loop);
      seen.push(variable.get());
    };
    yield* t.wait(runner(async () => {
      look();
      await sleep(1);
      look();
      await microtasks(3);
      await hostTurn();
      look();
      variable.set(2);
    }));
    look();
    assertEquals(seen, [1, 1, 1, 2]);
  });

  testProgram(`${name}(): the end of an async body takes no pass`, function* (t) {
    const count = function* (
      runs: () => Generator<undefined, unknown, unknown> | Promise<unknown>,
    ) {
      let passed = 0;
      let counting = true;
      const tick = () => {
        if (!counting) return;
        passed++;
        t.loop.callSoon(tick);
      };
      t.loop.callSoon(tick);
      yield* t.wait(runner(runs as never));
      counting = false;
      return passed;
    };
    const own = yield* count(function* () {
      yield undefined;
      yield undefined;
    });
    const asyncs = yield* count(async () => {
      await sleep(0);
      await sleep(0);
    });
    assertEquals(asyncs, own);
  });

  if (name === "shielded") continue;

  testProgram(`${name}(): cancelling the task reaches what an async body waits for`, function* (t) {
    const future = t.loop.createFuture();
    let seen: unknown;
    const task = createTask(t.work(function* () {
      yield* t.wait(runner(async () => {
        try {
          await future;
        } catch (error) {
          seen = error;
          throw error;
        }
      }));
    }));
    yield* t.wait(passes(3));
    task.cancel("stop");
    assert(future.cancelled());
    const error = yield* errorOf(t.wait(task));
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "stop");
    assertInstanceOf(seen, CancelledError);
  });

  testProgram(
    `${name}(): a cancellation at a foreign promise comes with the next await`,
    function* (t) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const log: string[] = [];
      const task = createTask(t.work(function* () {
        yield* t.wait(runner(async () => {
          await promise;
          log.push("foreign");
          await sleep(10);
          log.push("not reached");
        }));
        log.push("not reached");
      }));
      yield* t.wait(passes(3));
      task.cancel();
      yield* t.wait(passes(3));
      assertFalse(task.done());
      resolve();
      assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
      assertEquals(log, ["foreign"]);
    },
  );

  testProgram(
    `${name}(): a body that ends while cancelled keeps its result until the next wait`,
    function* (t) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const log: unknown[] = [];
      const task = createTask(t.work(function* () {
        log.push(yield* t.wait(runner(async () => await promise)));
        yield* t.wait(sleep(10));
        log.push("not reached");
      }));
      yield* t.wait(passes(3));
      task.cancel();
      resolve("result");
      const error = yield* errorOf(t.wait(task));
      assertInstanceOf(error, CancelledError);
      assertEquals(log, ["result"]);
    },
  );
}

testProgram("Bodies of both kinds nest in each other, in one task", function* (t) {
  const task = me();
  const seen = yield* t.wait(timeout(1000, function* () {
    return yield* taskGroup(async () => {
      return await shielded(function* () {
        return yield* timeout(1000, async () => {
          return await waitFor(function* () {
            yield* sleep(1);
            return [currentTask()];
          }, 1000);
        });
      });
    });
  }));
  assertStrictEquals(seen[0], task);
});

testProgram(
  "A cancellation reaches the innermost of nested bodies, and goes outwards",
  function* (t) {
    const log: string[] = [];
    const task = createTask(t.work(function* () {
      yield* t.wait(timeout(1000, async () => {
        try {
          await taskGroup(function* () {
            try {
              yield* moveOnAfter(1000, async () => {
                try {
                  await sleep(500);
                } finally {
                  log.push("innermost");
                }
              });
            } finally {
              log.push("between");
            }
          });
        } finally {
          log.push("outermost");
        }
      }));
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertEquals(log, ["innermost", "between", "outermost"]);
  },
);

testProgram(
  "A timeout at a foreign promise is felt at the next await of an async body",
  function* (t) {
    const log: string[] = [];
    const error = yield* errorOf(t.wait(timeout(5, async (scope) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      t.loop.callLater(10, resolve);
      await promise;
      assert(scope.expired());
      log.push("foreign");
      await sleep(1);
    })));
    assertInstanceOf(error, TimeoutError);
    assertEquals(log, ["foreign"]);
    assertEquals(me().cancelling(), 0);
  },
);

testProgram(
  "A timeout at a foreign promise that is never felt leaves nothing behind",
  function* (t) {
    for (const cancelledBefore of [false, true]) {
      const task = createTask(t.work(function* () {
        if (cancelledBefore) yield* errorOf(t.wait(sleep(1000)));
        const result = yield* t.wait(timeout(5, async () => {
          const { promise, resolve } = Promise.withResolvers<string>();
          t.loop.callLater(10, resolve, "late");
          return await promise;
        }));
        yield* t.wait(sleep(1));
        return result;
      }));
      yield* t.wait(sleep(1));
      if (cancelledBefore) task.cancel();
      assertEquals(yield* t.wait(task), "late");
      assertEquals(task.cancelling(), cancelledBefore ? 1 : 0);
    }
  },
);

testProgram("An async body that ends in time is not timed out afterwards", function* (t) {
  const future = t.loop.createFuture<string>();
  let scope!: Timeout;
  t.loop.callLater(5, () => {
    future.setResult("in time");
    // The deadline comes in the pass in which the body goes on, right behind it.
    scope.reschedule(0);
  });
  const result = yield* t.wait(timeout(1000, async (given) => {
    scope = given;
    return await future;
  }));
  assertEquals(result, "in time");
  assertFalse(scope.expired());
});

testAsync("An async body is ordered as any other async code", async (t) => {
  const order: string[] = [];
  const worker = coroutine(function* (name: string) {
    yield* timeout(1000, async () => {
      order.push(`${name} 1`);
      await sleep(0);
      order.push(`${name} 2`);
      await microtasks(2);
      order.push(`${name} 3`);
    });
    order.push(`${name} 4`);
  });
  const first = createTask(worker("a"));
  t.loop.callSoon(() => order.push("callback"));
  await gather(first, worker("b"));
  // What was resumed runs before the next callback of the pass.
  assertEquals(order, ["a 1", "callback", "b 1", "a 2", "a 3", "a 4", "b 2", "b 3", "b 4"]);
});

testProgram("A body that throws before it waits fails the code around it at once", function* (t) {
  const wrong = new TypeError("no");
  for (
    const body of [
      () => {
        throw wrong;
      },
      // deno-lint-ignore require-await
      async () => {
        throw wrong;
      },
      // deno-lint-ignore require-yield
      function* () {
        throw wrong;
      },
    ]
  ) assertStrictEquals(yield* errorOf(t.wait(timeout(10, body))), wrong);
});

testProgram("A body ends when its thenable first calls back", function* (t) {
  const twice = {
    then(resolve: (value: number) => void, reject: (error: unknown) => void) {
      queueMicrotask(() => {
        resolve(1);
        resolve(2);
        reject(new TypeError("too late"));
      });
    },
  };
  const body = () => twice as unknown as PromiseLike<number>;
  assertEquals(yield* t.wait(timeout(10, body)), 1);
  yield* t.wait(passes(3));
});

testLoop("A KeyboardInterrupt in an async body ends the run", async ({ loop }) => {
  const main = loop.createTask(
    coroutine(function* () {
      yield* timeout(10, async () => {
        await sleep(1);
        throw new KeyboardInterrupt("now");
      });
    })(),
  );
  let thrown: unknown;
  await loop.runUntilComplete(main).catch((error) => thrown = error);
  assertInstanceOf(thrown, KeyboardInterrupt);
  assert(main.done());
});

Deno.test("A body that ends after its loop has stopped goes on when the loop runs again", async () => {
  const loop = new SimulatedEventLoop();
  const { promise, resolve } = Promise.withResolvers<void>();
  const log: string[] = [];
  const task = loop.createTask(function* () {
    yield* timeout(1000, () => promise);
    log.push("went on");
  });
  await loop.runUntilComplete(() => sleep(1));
  resolve();
  await hostTurn();
  assertEquals(log, []);
  await loop.runUntilComplete(task);
  assertEquals(log, ["went on"]);
  loop.close();
});

testProgram("The loop does not wait for async bodies that wait or have ended", function* (t) {
  // It gives up waiting for async code by going on to the next epoch.
  const before = t.loop._asyncEpoch;
  for (let i = 0; i < 3; i++) {
    yield* t.wait(timeout(1000, async () => {
      await sleep(1);
      await sleep(0);
    }));
    yield* t.wait(passes(2));
    yield* t.wait(sleep(1));
  }
  assertEquals(t.loop._asyncEpoch, before);
});

Deno.test("Many bodies, one after the other, keep nothing", async () => {
  await run(async () => {
    const task = me();
    for (let i = 0; i < 1000; i++) await timeout(1000, async () => await sleep(0));
    assertEquals(task._strands, null);
  });
});
