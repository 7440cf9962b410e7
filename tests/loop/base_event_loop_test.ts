/** The life of a loop: running, being run twice, being closed, task factories. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  coroutine,
  createTask,
  Future,
  KeyboardInterrupt,
  RuntimeError,
  sleep,
  Task,
} from "../../futures/mod.ts";
import { BaseEventLoop, DenoEventLoop, newEventLoop } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { hostTurn, passes, testAsync, testLoop, testRealLoop } from "../_helpers.ts";

// ---- runUntilComplete() ---------------------------------------------------------------------------

testLoop("runUntilComplete() gives the result of whatever can be waited for", async ({ loop }) => {
  const made = coroutine(function* () {
    yield* sleep(1);
    return "coroutine";
  });
  const future = loop.createFuture<string>();
  loop.callSoon(() => future.setResult("future"));
  assertEquals(await loop.runUntilComplete(future), "future");
  assertEquals(await loop.runUntilComplete(future), "future");
  assertEquals(await loop.runUntilComplete(loop.createTask(sleep(1, "task"))), "task");
  assertEquals(await loop.runUntilComplete(made()), "coroutine");
  assertEquals(await loop.runUntilComplete(async () => await sleep(1, "async")), "async");
  assertEquals(
    await loop.runUntilComplete(function* () {
      yield* sleep(1);
      return "generator";
    }),
    "generator",
  );
  assertEquals(await loop.runUntilComplete(Promise.resolve("promise")), "promise");
});

testLoop("runUntilComplete() throws what the program throws", async ({ loop }) => {
  const error = new TypeError("no");
  const thrown = await assertRejects(() =>
    loop.runUntilComplete(async () => {
      await sleep(1);
      throw error;
    })
  );
  assertStrictEquals(thrown, error);
  await assertRejects(() => loop.runUntilComplete(Promise.reject(error)), TypeError, "no");
});

testLoop("runUntilComplete() of what cannot be waited for changes nothing", async ({ loop }) => {
  for (const bad of ["blah", 5, undefined, null, {}]) {
    await assertRejects(() => loop.runUntilComplete(bad as never), TypeError);
    assertFalse(loop.isRunning());
  }
  assertEquals(await loop.runUntilComplete(sleep(1, "fine")), "fine");
});

testLoop("runUntilComplete() of another loop's future is an error", async ({ loop }) => {
  const other = new SimulatedEventLoop();
  await assertRejects(
    () => loop.runUntilComplete(other.createFuture()),
    RangeError,
    "it belongs to a loop other than the one given",
  );
  other.close();
});

testLoop("runUntilComplete() that is stopped early says so, and the task lives on", async (t) => {
  const { loop } = t;
  let count = 0;
  const task = loop.createTask(async () => {
    while (count < 10) {
      await sleep(100);
      if (++count === 2) loop.stop();
    }
    return "all";
  });
  const error = await assertRejects(() => loop.runUntilComplete(task), RuntimeError);
  assertMatch(error.message, /^Cannot complete <Task .*: the event loop was stopped before it$/);
  assertFalse(task.done());
  assertEquals([count, loop.time()], [2, 200]);
  assertEquals(await loop.runUntilComplete(task), "all");
});

testLoop("runUntilComplete() leaves later callbacks for the next run", async ({ loop }) => {
  const seen: string[] = [];
  await loop.runUntilComplete(async () => {
    await sleep(0);
    loop.callSoon(() => {
      seen.push("same run");
      loop.callSoon(() => {
        seen.push("last pass");
        loop.callSoon(() => seen.push("next run"));
      });
    });
  });
  const before = seen.length;
  assertFalse(seen.includes("next run"));
  await loop.runUntilComplete(passes(3));
  assert(seen.length > before);
  assertEquals(seen.at(-1), "next run");
});

testLoop("A KeyboardInterrupt in a callback ends the run at once", async ({ loop }) => {
  const seen: string[] = [];
  loop.callSoon(() => seen.push("before"));
  loop.callSoon(() => {
    throw new KeyboardInterrupt("now");
  });
  loop.callSoon(() => seen.push("after"));
  const task = loop.createTask(sleep(50));
  await assertRejects(() => loop.runUntilComplete(task), KeyboardInterrupt, "now");
  assertEquals(seen, ["before"]);
  assertFalse(loop.isRunning());
  assertFalse(task.done());
  // What was left runs next; nothing of the last run ends this one.
  await loop.runUntilComplete(sleep(100));
  assertEquals(seen, ["before", "after"]);
  assert(task.done());
});

testLoop("A KeyboardInterrupt thrown by the exception handler ends the run", async ({ loop }) => {
  loop.setExceptionHandler(() => {
    throw new KeyboardInterrupt("from the handler");
  });
  loop.callLater(1, () => {
    throw new TypeError();
  });
  await assertRejects(() => loop.runUntilComplete(sleep(5)), KeyboardInterrupt);
  assertThrows(() => new Future(), RuntimeError, "no event loop is running");
  loop.setExceptionHandler(undefined);
  await loop.runUntilComplete(sleep(5));
});

// ---- One run at a time ----------------------------------------------------------------------------

testLoop("A loop runs once at a time", async ({ loop }) => {
  await loop.runUntilComplete(async () => {
    assert(loop.isRunning());
    for (const again of [() => loop.runForever(), () => loop.runUntilComplete(() => sleep(1))]) {
      await assertRejects(again, RuntimeError, "Cannot run the event loop: it is already running");
    }
    await sleep(1);
    assert(loop.isRunning());
  });
  assertFalse(loop.isRunning());
});

testLoop("A run that is refused leaves its coroutine to be used", async ({ loop }) => {
  const coro = sleep(1, "used later");
  await loop.runUntilComplete(async () => {
    await assertRejects(() => loop.runUntilComplete(coro), RuntimeError);
    assertEquals(await coro, "used later");
  });
});

testLoop("Two runs that are started together: the second is refused", async ({ loop }) => {
  const first = loop.runUntilComplete(sleep(5, "first"));
  await assertRejects(() => loop.runUntilComplete(sleep(1)), RuntimeError, "already running");
  assertEquals(await first, "first");
});

testLoop("A loop can be run again and again", async ({ loop }) => {
  for (let i = 0; i < 5; i++) assertEquals(await loop.runUntilComplete(sleep(1, i)), i);
  assertEquals(loop.time(), 5);
});

// ---- close() --------------------------------------------------------------------------------------

testLoop("close() while the loop runs is an error", async ({ loop }) => {
  await loop.runUntilComplete(async () => {
    assertThrows(() => loop.close(), RuntimeError, "Cannot close the event loop: it is running");
    await sleep(1);
  });
});

testLoop("close() ends the loop for good, once or twice", async ({ loop }) => {
  assertFalse(loop.isClosed());
  loop.close();
  loop.close();
  assert(loop.isClosed());
  assertFalse(loop.isRunning());
  await assertRejects(() => loop.runForever(), RuntimeError, "it is closed");
  await assertRejects(() => loop.runUntilComplete(sleep(1)), RuntimeError, "it is closed");
  await assertRejects(() => loop.runUntilComplete(loop.createFuture()), RuntimeError, "closed");
});

testLoop("What was scheduled before close() does not run, and nothing breaks", async (t) => {
  const { loop } = t;
  const seen: string[] = [];
  const future = loop.createFuture<void>();
  future.addDoneCallback(() => seen.push("done callback"));
  loop.callSoon(() => seen.push("soon"));
  loop.callLater(0, () => seen.push("timer"));
  const task = loop.createTask(() => Promise.resolve());
  loop.close();
  task.cancel();
  future.setResult();
  await hostTurn();
  assertEquals(seen, []);
  // Cancelled tasks of a closed loop are never stepped, so they stay pending.
  Future.prototype.cancel.call(task);
});

testLoop("A promise that settles after close() disturbs nobody", async ({ loop }) => {
  const foreign = Promise.withResolvers<void>();
  const running = loop.runUntilComplete(async () => {
    await Promise.race([foreign.promise, sleep(1)]);
    loop.stop();
    await foreign.promise;
    await sleep(1);
  });
  await assertRejects(() => running, RuntimeError, "stopped");
  loop.close();
  foreign.resolve();
  await hostTurn();
  await hostTurn();
}, {
  after: (t) => {
    assertEquals(t.reports, []);
  },
});

testLoop("toString() of a loop tells its state", async ({ loop }) => {
  assertEquals(String(loop), "<TestLoop idle>");
  await loop.runUntilComplete(async () => {
    await sleep(0);
    assertEquals(String(loop), "<TestLoop running>");
  });
  loop.close();
  assertEquals(String(loop), "<TestLoop closed>");
  assertEquals(Deno.inspect(loop), "<TestLoop closed>");
});

// ---- Shutting down --------------------------------------------------------------------------------

testAsync("shutdownAsyncgens() and shutdownDefaultExecutor() can be awaited", async ({ loop }) => {
  await loop.shutdownAsyncgens();
  await loop.shutdownDefaultExecutor();
});

// ---- Time -----------------------------------------------------------------------------------------

testRealLoop("time() only ever grows", () => newEventLoop(), async ({ loop }) => {
  let last = loop.time();
  for (let i = 0; i < 100; i++) {
    const now = loop.time();
    assert(now >= last);
    last = now;
  }
  await loop.runUntilComplete(sleep(2));
  assert(loop.time() >= last + 2);
});

// ---- Futures and tasks ----------------------------------------------------------------------------

testLoop("createFuture() makes a future of the loop, also while it does not run", ({ loop }) => {
  const future = loop.createFuture<number>();
  assertInstanceOf(future, Future);
  assertStrictEquals(future.getLoop(), loop);
});

testLoop("createTask() of a loop that does not run schedules the task", async ({ loop }) => {
  const task = loop.createTask(sleep(1, "x"), { name: "early" });
  assertEquals(task.getName(), "early");
  assertEquals(await loop.runUntilComplete(task), "x");
});

testLoop("setTaskFactory() refuses what is no function", ({ loop }) => {
  for (const bad of [1, "x", null, {}]) {
    assertThrows(
      () => loop.setTaskFactory(bad as never),
      TypeError,
      "Cannot set the task factory: it must be a function or undefined, got",
    );
  }
  assertEquals(loop.getTaskFactory(), undefined);
});

testLoop("A task factory makes the tasks of the loop, until it is taken away", async ({ loop }) => {
  class MyTask<T> extends Task<T> {}
  const calls: unknown[] = [];
  const factory = (
    of: unknown,
    coro: ConstructorParameters<typeof Task>[0],
    options?: object,
  ) => {
    calls.push(of === loop, options);
    return new MyTask(coro, { ...options, loop });
  };
  loop.setTaskFactory(factory);
  assertStrictEquals(loop.getTaskFactory(), factory);
  const task = loop.createTask(sleep(1, "x"), { name: "named" });
  assertInstanceOf(task, MyTask);
  assertEquals(task.getName(), "named");
  assertEquals(calls, [true, { name: "named" }]);
  assertEquals(await loop.runUntilComplete(task), "x");
  await loop.runUntilComplete(async () => {
    assertInstanceOf(createTask(sleep(0)), MyTask);
    await sleep(1);
  });
  loop.setTaskFactory(undefined);
  const plain = loop.createTask(sleep(0));
  assertFalse(plain instanceof MyTask);
  await loop.runUntilComplete(plain);
});

testLoop("A task factory that throws throws at createTask()", async ({ loop }) => {
  loop.setTaskFactory(() => {
    throw new TypeError("no tasks today");
  });
  assertThrows(() => loop.createTask(sleep(1)), TypeError, "no tasks today");
  loop.setTaskFactory(undefined);
  await loop.runUntilComplete(sleep(1));
});

testLoop("A loop class that makes its own tasks is used everywhere", async () => {
  class MyTask<T> extends Task<T> {}
  class MyLoop extends SimulatedEventLoop {
    override createTask<T>(
      coro: ConstructorParameters<typeof Task<T>>[0],
      options?: object,
    ): Task<T> {
      return new MyTask<T>(coro, { ...options, loop: this });
    }
  }
  const loop = new MyLoop();
  await loop.runUntilComplete(async () => {
    assertInstanceOf(createTask(sleep(0)), MyTask);
    await sleep(1);
  });
  loop.close();
});

Deno.test("The default loop is a BaseEventLoop", () => {
  const loop = newEventLoop();
  assertInstanceOf(loop, DenoEventLoop);
  assertInstanceOf(loop, BaseEventLoop);
  loop.close();
});

testRealLoop(
  "runForever() runs until stop(), whatever it does meanwhile",
  () => newEventLoop(),
  async ({ loop }) => {
    let ticks = 0;
    const timer = setInterval(() => {
      loop.callSoon(() => {
        if (++ticks === 5) loop.stop();
      });
    }, 1);
    assertEquals(await loop.runForever(), undefined);
    clearInterval(timer);
    assertEquals(ticks, 5);
  },
);
