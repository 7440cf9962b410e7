/** `Task.cancel()`: where the error arrives, when, and what it leaves behind. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  ensureFuture,
  Future,
  gather,
  sleep,
  type Task,
} from "../../futures/mod.ts";
import {
  errorOf,
  hostTurn,
  microtasks,
  passes,
  type Program,
  testAsync,
  testLoop,
  testProgram,
} from "../_helpers.ts";

function assertCancelled(error: unknown, message = ""): asserts error is CancelledError {
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, message);
}

// ---- Where it arrives -----------------------------------------------------------------------------

testProgram("Task.cancel() throws CancelledError where the task waits", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(10_000));
    return 12;
  }));
  t.loop.callLater(5, () => assert(task.cancel()));
  assertCancelled(yield* errorOf(t.wait(task)));
  assertEquals(t.loop.time(), 5);
  assert(task.done());
  assert(task.cancelled());
  assertFalse(task.cancel());
});

testProgram("Task.cancel() reaches the future being awaited", function* (t) {
  const future = t.loop.createFuture<void>();
  const task = createTask(t.work(function* () {
    yield* t.wait(future);
  }));
  yield* t.wait(sleep(0));
  task.cancel("stop");
  assert(future.cancelled());
  assertFalse(task.done());
  assertCancelled(yield* errorOf(t.wait(task)), "stop");
  assert(task.cancelled());
});

testProgram("Task.cancel() goes down a chain that calls could not", function* (t) {
  const wait = (task: Task<unknown>) =>
    t.work(function* () {
      yield* t.wait(task);
    });
  const tasks: Task<unknown>[] = [createTask(() => sleep(10_000))];
  for (let i = 0; i < 20_000; i++) tasks.push(createTask(wait(tasks[i]!)));
  yield* t.wait(sleep(1));
  assert(tasks.at(-1)!.cancel("all of you"));
  assertCancelled(yield* errorOf(t.wait(tasks.at(-1)!)), "all of you");
  assert(tasks.every((task) => task.cancelled() && task.cancelling() === 1));
});

testProgram("Task.cancel() before the first step keeps the code from running", function* (t) {
  let ran = false;
  const task = createTask(t.work(function* () {
    ran = true;
    yield* t.wait(sleep(0));
  }));
  task.cancel("my message");
  assertCancelled(yield* errorOf(t.wait(task)), "my message");
  assertFalse(ran);
  assert(task.cancelled());
});

testProgram("Task.cancel() at sleep(0) throws in the next step", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    yield* t.wait(sleep(0));
    return 12;
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  assertCancelled(yield* errorOf(t.wait(task)));
  assert(task.cancelled());
});

testProgram("Task.cancel() goes through nested coroutines, outwards", function* (t) {
  const waiter = t.loop.createFuture<void>();
  const order: string[] = [];
  const inner = function* () {
    try {
      yield* t.wait(waiter);
    } catch (error) {
      order.push("inner");
      throw error;
    }
  };
  const outer = createTask(t.work(function* () {
    try {
      yield* t.call(inner);
    } catch (error) {
      assertInstanceOf(error, CancelledError);
      order.push("outer");
    }
  }));
  yield* t.wait(sleep(0));
  outer.cancel();
  yield* t.wait(outer);
  assertEquals(order, ["inner", "outer"]);
  assert(waiter.cancelled());
  assertFalse(outer.cancelled());
});

testProgram("Task.cancel() reaches the task that the task waits for", function* (t) {
  const innermost = t.loop.createFuture<void>();
  const inner = createTask(t.work(function* () {
    yield* t.wait(innermost);
  }));
  const outer = createTask(t.work(function* () {
    yield* t.wait(inner);
  }));
  yield* t.wait(passes(2));
  outer.cancel("from outside");
  assert(innermost.cancelled());
  assertCancelled(yield* errorOf(t.wait(outer)), "from outside");
  assert(inner.cancelled());
  assert(outer.cancelled());
});

testProgram("Cancelling what a task waits for cancels the task", function* (t) {
  const future = t.loop.createFuture<number>();
  const task = createTask(t.work(function* () {
    yield* t.wait(future);
    return 12;
  }));
  yield* t.wait(sleep(0));
  future.cancel("inner");
  assertCancelled(yield* errorOf(t.wait(task)), "inner");
  assert(task.cancelled());
});

testProgram("Cancelling both a task and what it waits for is one cancellation", function* (t) {
  const future = t.loop.createFuture<number>();
  let caught = 0;
  const task = createTask(t.work(function* () {
    try {
      yield* t.wait(future);
    } catch (error) {
      caught++;
      throw error;
    }
  }));
  yield* t.wait(sleep(0));
  future.cancel();
  task.cancel();
  yield* errorOf(t.wait(task));
  assertEquals(caught, 1);
  assert(task.cancelled());
});

testAsync("Task.cancel() of a function that returned a future cancels the future", async (t) => {
  const future = t.loop.createFuture<number>();
  const task = createTask(() => future);
  await sleep(0);
  task.cancel();
  assert(future.cancelled());
  await assertRejects(async () => await task, CancelledError);
});

// ---- The task's answer ----------------------------------------------------------------------------

testProgram("A task may catch the cancellation and return", function* (t) {
  const [one, two] = [t.loop.createFuture<void>(), t.loop.createFuture<void>()];
  const task = createTask(t.work(function* () {
    yield* t.wait(one);
    try {
      yield* t.wait(two);
    } catch (error) {
      assertInstanceOf(error, CancelledError);
      return 42;
    }
  }));
  yield* t.wait(sleep(0));
  one.setResult();
  yield* t.wait(sleep(0));
  task.cancel();
  assert(two.cancelled());
  assertEquals(yield* t.wait(task), 42);
  assertFalse(task.cancelled());
  assertEquals(task.cancelling(), 1);
});

testProgram("A task may ignore the cancellation and wait for more", function* (t) {
  const [one, two] = [t.loop.createFuture<void>(), t.loop.createFuture<number>()];
  const task = createTask(t.work(function* () {
    yield* errorOf(t.wait(one));
    return yield* t.wait(two);
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  yield* t.wait(passes(2));
  assertFalse(two.done());
  two.setResult(42);
  assertEquals(yield* t.wait(task), 42);
});

testProgram("A task may answer the cancellation with another error", function* (t) {
  const error = new TypeError("instead");
  const task = createTask(t.work(function* () {
    try {
      yield* t.wait(sleep(1000));
    } catch {
      throw error;
    }
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  assertStrictEquals(yield* errorOf(t.wait(task)), error);
  assertFalse(task.cancelled());
});

testProgram("A task may wait in its finally block while it is cancelled", function* (t) {
  const order: string[] = [];
  const task = createTask(t.work(function* () {
    try {
      yield* t.wait(sleep(1000));
    } finally {
      order.push("cleaning");
      yield* t.wait(sleep(10));
      order.push("cleaned");
    }
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  assertCancelled(yield* errorOf(t.wait(task)));
  assertEquals(order, ["cleaning", "cleaned"]);
  assertEquals(t.loop.time(), 10);
});

testProgram("A second cancellation breaks into the clean-up", function* (t) {
  const order: string[] = [];
  const task = createTask(t.work(function* () {
    try {
      yield* t.wait(sleep(1000));
    } finally {
      try {
        yield* t.wait(sleep(1000));
      } finally {
        order.push("second");
      }
    }
  }));
  yield* t.wait(sleep(0));
  task.cancel("one");
  yield* t.wait(sleep(1));
  task.cancel("two");
  assertEquals(task.cancelling(), 2);
  assertCancelled(yield* errorOf(t.wait(task)), "two");
  assertEquals(order, ["second"]);
});

testProgram("Two cancellations in one pass are one error", function* (t) {
  let caught = 0;
  const task = createTask(t.work(function* () {
    for (let i = 0; i < 2; i++) {
      try {
        yield* t.wait(sleep(10));
      } catch {
        caught++;
      }
    }
  }));
  yield* t.wait(sleep(0));
  assert(task.cancel());
  assert(task.cancel());
  yield* t.wait(task);
  // The second finds the future cancelled already and is remembered, but the first brings it along.
  assertEquals(caught, 1);
  assertEquals(task.cancelling(), 2);
});

// ---- At the same time as something else -----------------------------------------------------------

for (const order of ["result first", "cancellation first"] as const) {
  testProgram(`A cancellation in the pass of the result wins: ${order}`, function* (t) {
    const future = t.loop.createFuture<string>();
    const task = createTask(t.work(function* () {
      return yield* t.wait(future);
    }));
    yield* t.wait(sleep(0));
    if (order === "result first") {
      future.setResult("kept in the future");
      task.cancel("late");
    } else {
      task.cancel("late");
      assert(future.cancelled());
    }
    assertCancelled(yield* errorOf(t.wait(task)), "late");
    assert(task.cancelled());
    if (order === "result first") assertEquals(future.result(), "kept in the future");
  });
}

testProgram("A cancellation in the pass of an exception wins, and nothing is lost", function* (t) {
  const future = t.loop.createFuture<string>();
  const task = createTask(t.work(function* () {
    return yield* t.wait(future);
  }));
  yield* t.wait(sleep(0));
  future.setException(new TypeError("gone"));
  task.cancel();
  assertCancelled(yield* errorOf(t.wait(task)));
  yield* t.wait(passes(5));
});

testProgram("A cancellation in the pass of a timer wins", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(10));
    return "slept";
  }));
  yield* t.wait(sleep(0));
  t.loop.callAt(10, () => task.cancel());
  assertCancelled(yield* errorOf(t.wait(task)));
});

testProgram("Task.cancel() on a task in its last pass is too late", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    return "done";
  }));
  yield* t.wait(task);
  assertFalse(task.cancel());
  assertEquals(task.cancelling(), 0);
  assertEquals(task.result(), "done");
});

// ---- A task that cancels itself -------------------------------------------------------------------

testProgram("A task that cancels itself is cancelled at its next wait", function* (t) {
  let reached = false;
  const task: Task<void> = createTask(t.work(function* () {
    task.cancel("myself");
    reached = true;
    yield* t.wait(sleep(100));
    reached = false;
  }));
  assertCancelled(yield* errorOf(t.wait(task)), "myself");
  assert(reached);
  assert(task.cancelled());
  assertEquals(t.loop.time(), 0);
});

testProgram("A task that cancels itself and ends is cancelled", function* (t) {
  const task: Task<number> = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    task.cancel("at the end");
    return 12;
  }));
  assertCancelled(yield* errorOf(t.wait(task)), "at the end");
  assert(task.cancelled());
});

testProgram("A task that cancels itself and then waits for another cancels that", function* (t) {
  const future = t.loop.createFuture<void>();
  const nested = createTask(t.work(function* () {
    yield* t.wait(future);
  }));
  const task: Task<void> = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    task.cancel();
    yield* t.wait(nested);
  }));
  assertCancelled(yield* errorOf(t.wait(task)));
  assert(future.cancelled());
  assert(nested.cancelled());
  assert(task.cancelled());
});

testProgram("A task that cancels itself passes done futures by", function* (t) {
  const done = t.loop.createFuture<number>();
  done.setResult(1);
  const seen: number[] = [];
  const task: Task<void> = createTask(t.work(function* () {
    task.cancel();
    seen.push(yield* t.wait(done));
    seen.push(yield* t.wait(done));
    yield* t.wait(sleep(0));
    seen.push(2);
  }));
  assertCancelled(yield* errorOf(t.wait(task)));
  assertEquals(seen, [1, 1]);
});

// ---- Counting -------------------------------------------------------------------------------------

testProgram("Task.cancelling() counts, and uncancel() takes back", function* (t) {
  const task: Task<void> = createTask(t.work(function* () {
    yield* errorOf(t.wait(sleep(10_000)));
    (currentTask() as Task<void>).uncancel();
    yield* t.wait(sleep(10_000));
  }));
  yield* t.wait(sleep(1));
  assertEquals(task.cancelling(), 0);
  assertEquals(task.uncancel(), 0);
  assert(task.cancel());
  assertMatch(String(task), / cancelling |<Task cancelling/);
  assertEquals(task.cancelling(), 1);
  yield* t.wait(sleep(1));
  assertEquals(task.cancelling(), 0);
  assertFalse(/cancelling/.test(String(task)));
  assertFalse(task.done());
  assert(task.cancel());
  assertEquals(task.cancelling(), 1);
  yield* errorOf(t.wait(task));
  assert(task.cancelled());
  task.uncancel();
  assert(task.cancelled());
});

testProgram("Task.uncancel() drops a cancellation that was not delivered yet", function* (t) {
  const future = t.loop.createFuture<void>();
  const task = createTask(t.work(function* () {
    yield* t.wait(future);
    return 42;
  }));
  yield* t.wait(sleep(0));
  future.setResult();
  task.cancel();
  assertEquals(task.cancelling(), 1);
  assertEquals(task.uncancel(), 0);
  assertEquals(yield* t.wait(task), 42);
});

testProgram("Task.uncancel() with more requests open keeps the cancellation", function* (t) {
  const future = t.loop.createFuture<void>();
  const task = createTask(t.work(function* () {
    yield* t.wait(future);
  }));
  yield* t.wait(sleep(0));
  future.setResult();
  task.cancel();
  task.cancel();
  assertEquals(task.uncancel(), 1);
  assertCancelled(yield* errorOf(t.wait(task)));
});

testProgram("A timeout written by hand with uncancel() works as in asyncio", function* (t) {
  const attempt = (sleepMs: number, timeoutMs: number) =>
    t.work(function* () {
      const task = currentTask() as Task<unknown>;
      let timedOut = false;
      let finished = false;
      const timer = t.loop.callLater(timeoutMs, () => {
        timedOut = true;
        task.cancel();
      });
      try {
        yield* t.wait(sleep(sleepMs));
        finished = true;
      } catch (error) {
        const mine = timedOut && task.uncancel() === 0 && error instanceof CancelledError;
        if (!mine) throw error;
      } finally {
        timer.cancel();
      }
      yield* t.wait(sleep(0));
      return [timedOut, finished, task.cancelling()];
    });
  assertEquals(yield* t.wait(createTask(attempt(10_000, 100))), [true, false, 0]);
  assertEquals(yield* t.wait(createTask(attempt(0, 10_000))), [false, true, 0]);
});

// ---- What the error tells -------------------------------------------------------------------------

testProgram("The message arrives at result(), exception() and the waiters", function* (t) {
  for (const [given, expected] of [[[], ""], [[undefined], ""], [["why"], "why"]] as const) {
    const task = createTask(t.work(function* () {
      yield* t.wait(sleep(10));
    }));
    yield* t.wait(sleep(0));
    task.cancel(...given);
    assertCancelled(yield* errorOf(t.wait(task)), expected);
    for (const ask of [() => task.result(), () => task.exception()]) {
      try {
        ask();
        assert(false, "no error");
      } catch (error) {
        assertCancelled(error, expected);
      }
    }
  }
});

testProgram("The error keeps the reason, and the task that asked", function* (t) {
  const reason = new TypeError("root");
  const sleeper = createTask(t.work(function* () {
    yield* t.wait(sleep(1000));
  }));
  const middle = createTask(t.work(function* () {
    yield* t.wait(sleeper);
  }));
  yield* t.wait(passes(2));
  middle.cancel("why", { reason });
  const error = yield* errorOf(t.wait(middle));
  assertCancelled(error, "why");
  assertStrictEquals(error.reason, reason);
  assertStrictEquals(error.origin!.task, currentTask());
});

testProgram("Task.cancel() means that its exception is not asked for any more", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    throw new TypeError("lost");
  }));
  yield* t.wait(passes(5));
  assert(task.done());
  assertFalse(task.cancel());
});

// ---- Async functions at foreign promises ----------------------------------------------------------

testAsync("A cancellation at a foreign promise waits for the next await of ours", async () => {
  const order: string[] = [];
  const foreign = Promise.withResolvers<void>();
  const task = createTask(async () => {
    await foreign.promise;
    order.push("after the foreign promise");
    await sleep(10);
    order.push("never");
  });
  await sleep(0);
  task.cancel("pending");
  await passes(3);
  assertFalse(task.done());
  assertEquals(task.cancelling(), 1);
  foreign.resolve();
  const error = await assertRejects(async () => await task, CancelledError);
  assertEquals(error.message, "pending");
  assertEquals(order, ["after the foreign promise"]);
});

for (
  const [name, wait] of Object.entries<(t: { loop: Task<unknown>["_loop"] }) => unknown>({
    "sleep(0)": () => sleep(0),
    "sleep(10)": () => sleep(10),
    "a future": ({ loop }) => loop.createFuture(),
    "a task": () => createTask(() => sleep(10)),
    "a coroutine": () =>
      coroutine(function* () {
        yield* sleep(10);
      })(),
    "gather()": () => gather(sleep(10), sleep(20)),
    "ensureFuture(promise)": () => ensureFuture(new Promise(() => {})),
  })
) {
  testAsync(
    `A cancellation kept at a foreign promise is thrown at an await of ${name}`,
    async (t) => {
      const foreign = Promise.withResolvers<void>();
      let passed = false;
      const task = createTask(async () => {
        await foreign.promise;
        await wait(t);
        passed = true;
      });
      await sleep(0);
      task.cancel("kept");
      foreign.resolve();
      const error = await assertRejects(async () => await task, CancelledError);
      assertEquals(error.message, "kept");
      assertFalse(passed);
      assert(task.cancelled());
      await passes(3);
    },
  );
}

testAsync("A cancellation at a foreign promise, and no await of ours after it", async () => {
  const foreign = Promise.withResolvers<void>();
  const task = createTask(async () => {
    await foreign.promise;
    return "result";
  });
  await sleep(0);
  task.cancel("too late to throw");
  foreign.resolve();
  await assertRejects(async () => await task, CancelledError, "too late to throw");
  assert(task.cancelled());
});

testAsync("A foreign error after a cancellation is the outcome", async () => {
  const foreign = Promise.withResolvers<void>();
  const task = createTask(async () => {
    await foreign.promise;
  });
  await sleep(0);
  task.cancel();
  foreign.reject(new TypeError("foreign"));
  await assertRejects(async () => await task, TypeError, "foreign");
});

testAsync("ensureFuture() makes a foreign promise a place to be cancelled at", async (t) => {
  const task = createTask(async () => {
    await ensureFuture(new Promise(() => {}));
  });
  await sleep(0);
  task.cancel();
  await assertRejects(async () => await task, CancelledError);
  assertEquals(t.loop.time(), 0);
});

testAsync("A promise that fails after its future was cancelled is nobody's error", async () => {
  const foreign = Promise.withResolvers<void>();
  const future = ensureFuture(foreign.promise);
  future.cancel();
  foreign.reject(new TypeError("late"));
  await hostTurn();
  await sleep(0);
  assert(future.cancelled());
});

// ---- Promise.all of ours inside a task ------------------------------------------------------------

testAsync("Promise.all() of futures inside a task: a cancellation ends all waits", async (t) => {
  const futures = [1, 2, 3].map(() => t.loop.createFuture<void>());
  const task = createTask(async () => {
    await Promise.all(futures);
  });
  await sleep(0);
  task.cancel("all");
  await assertRejects(async () => await task, CancelledError, "all");
  assertEquals(futures.filter((future) => future.cancelled()).length, 3);
});

testAsync("Promise.all() inside a task: a cancellation passes those that are done", async (t) => {
  const [one, two] = [t.loop.createFuture<void>(), t.loop.createFuture<void>()];
  const task = createTask(async () => {
    await Promise.all([one, two]);
  });
  await sleep(0);
  two.setResult();
  await sleep(0);
  task.cancel();
  assert(one.cancelled());
  await assertRejects(async () => await task, CancelledError);
});

testAsync("Promise.all() of async functions inside a task: all are cancelled", async () => {
  const cancelled: string[] = [];
  const part = async (name: string) => {
    try {
      await sleep(50);
    } catch (error) {
      cancelled.push(name);
      throw error;
    }
  };
  const task = createTask(async () => {
    await Promise.all([part("a"), part("b")]);
  });
  await sleep(0);
  task.cancel();
  await assertRejects(async () => await task, CancelledError);
  assertEquals(cancelled, ["a", "b"]);
});

testAsync("Promise.race() inside a task: the loser stays on the task", async (t) => {
  const slow = t.loop.createFuture<string>();
  const task = createTask(async () => {
    const first = await Promise.race([slow, sleep(1, "fast")]);
    await sleep(10);
    return first;
  });
  await sleep(5);
  task.cancel();
  await assertRejects(async () => await task, CancelledError);
  assert(slow.cancelled());
});

testAsync("Promise.all() inside a task gives the results in order", async () => {
  const task = createTask(async () => {
    return await Promise.all([sleep(3, "a"), sleep(1, "b"), sleep(2, "c")]);
  });
  assertEquals(await task, ["a", "b", "c"]);
});

// ---- task.signal ----------------------------------------------------------------------------------

testProgram("task.signal is aborted by cancel(), with the error as its reason", function* (t) {
  let signal: AbortSignal | undefined;
  const task = createTask(t.work(function* () {
    signal = (currentTask() as Task<void>).signal;
    yield* t.wait(sleep(1000));
  }));
  yield* t.wait(sleep(0));
  assertFalse(signal!.aborted);
  assertStrictEquals(task.signal, signal);
  task.cancel("stop");
  assert(signal!.aborted);
  assertCancelled(signal!.reason, "stop");
  yield* errorOf(t.wait(task));
});

testProgram("task.signal that is asked for after cancel() is aborted", function* (t) {
  const task = createTask(t.work(function* () {
    yield* errorOf(t.wait(sleep(1000)));
    return (currentTask() as Task<unknown>).signal.aborted;
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  assertEquals(yield* t.wait(task), true);
});

testProgram("task.signal is a fresh one after uncancel()", function* (t) {
  const task: Task<void> = createTask(t.work(function* () {
    const before = task.signal;
    yield* errorOf(t.wait(sleep(1000)));
    assert(before.aborted);
    assertEquals(task.uncancel(), 0);
    assertFalse(task.signal.aborted);
    yield* t.wait(sleep(0));
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  yield* t.wait(task);
});

testAsync("task.signal ends a foreign wait that takes a signal", async () => {
  const foreign = (signal: AbortSignal) =>
    new Promise<void>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const task: Task<void> = createTask(async () => {
    await foreign(task.signal);
  });
  await sleep(0);
  task.cancel("through the signal");
  await assertRejects(async () => await task, CancelledError, "through the signal");
  assert(task.cancelled());
});

testAsync("task.signal of a task that ends is never aborted", async () => {
  const task: Task<AbortSignal> = createTask(async () => {
    await sleep(0);
    return task.signal;
  });
  const signal = await task;
  task.cancel();
  assertFalse(signal.aborted);
});

// ---- Every place, both ways -----------------------------------------------------------------------

/** A program with many kinds of waits; cancelled after each possible number of passes. */
function* journey(
  t: Parameters<Parameters<typeof testProgram>[1]>[0],
  log: string[],
): Program<void> {
  const step = function* (name: string, body: () => Program<unknown>): Program<void> {
    try {
      yield* body();
    } catch (error) {
      log.push(`${name}: ${(error as Error).name}`);
      throw error;
    }
  };
  yield* step("turn", () => t.wait(sleep(0)) as unknown as Program<unknown>);
  yield* step("sleep", () => t.wait(sleep(1)) as unknown as Program<unknown>);
  yield* step("nested", function* () {
    yield* t.call(function* () {
      yield* t.wait(sleep(0));
      yield* t.wait(sleep(1));
    });
  });
  yield* step("gather", () => t.wait(gather(sleep(0), sleep(1))) as unknown as Program<unknown>);
  yield* step("task", () => t.wait(createTask(() => sleep(1))) as unknown as Program<unknown>);
}

testProgram("A cancellation arrives exactly once, whenever it is made", function* (t) {
  for (let turns = 0;; turns++) {
    const log: string[] = [];
    const task = createTask(t.work(function* () {
      yield* journey(t, log);
    }));
    for (let i = 0; i < turns; i++) yield* t.wait(i % 2 === 0 ? sleep(0) : sleep(0.4));
    if (!task.cancel()) {
      assertEquals(log, []);
      assert(turns > 10);
      break;
    }
    const error = yield* errorOf(t.wait(task));
    assertInstanceOf(error, CancelledError);
    assert(task.cancelled());
    assert(log.length <= 1, String(log));
    if (turns > 1) assertEquals(log.length, 1);
    assertEquals(task.cancelling(), 1);
    yield* t.wait(passes(3));
  }
});

testLoop("Cancelling a task of a loop that does not run is seen when it runs", async ({ loop }) => {
  const task = loop.createTask(sleep(1000));
  task.cancel("early");
  await assertRejects(() => loop.runUntilComplete(task), CancelledError, "early");
});

testAsync("Awaiting a cancelled task from microtasks of the host works", async () => {
  const task = createTask(() => new Future<void>());
  await sleep(0);
  const outside = (async () => {
    await microtasks(5);
    await task;
  })();
  task.cancel("seen outside");
  await assertRejects(() => outside, CancelledError, "seen outside");
});
