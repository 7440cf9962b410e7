/** `waitFor()`. Random programs are in `tests/upstream/scopes_test.ts`. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  shield,
  sleep,
  type Task,
  TimeoutError,
  waitFor,
} from "../../futures/mod.ts";
import { errorOf, passes, testAsync, testProgram } from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

testProgram("waitFor() gives the result that comes in time", function* (t) {
  const body = t.work(function* () {
    yield* t.wait(sleep(5));
    return "done";
  });
  assertEquals(yield* t.wait(waitFor(body, 10)), "done");
  assertEquals(yield* t.wait(waitFor(createTask(sleep(5, "task")), 10)), "task");
  assertEquals(yield* t.wait(waitFor(sleep(1000, "late"), undefined)), "late");
  assertEquals(yield* t.wait(waitFor(Promise.resolve("promise"), 10)), "promise");
});

testProgram("waitFor() runs a coroutine in the task that waits, and makes none", function* (t) {
  const task = me();
  yield* t.wait(waitFor(
    t.work(function* () {
      assertStrictEquals(currentTask(), task);
      yield* t.wait(passes(1));
    }),
    10,
  ));
});

testProgram(
  "waitFor() cancels what is not there in time, and waits until it has ended",
  function* (t) {
    let cleaned = false;
    const task = createTask(t.work(function* () {
      try {
        yield* t.wait(sleep(1000));
      } finally {
        yield* t.wait(sleep(5));
        cleaned = true;
      }
    }));
    const error = yield* errorOf(t.wait(waitFor(task, 10)));
    assertInstanceOf(error, TimeoutError);
    assertInstanceOf(error.cause, CancelledError);
    assert(task.cancelled());
    assert(cleaned);
    assertEquals(t.loop.time(), 15);
    assertEquals(me().cancelling(), 0);
  },
);

testProgram("waitFor() gives the result of what ignores the limit", function* (t) {
  const work = () =>
    t.work(function* () {
      yield* errorOf(t.wait(sleep(1000)));
      return 42;
    });
  assertEquals(yield* t.wait(waitFor(work(), 10)), 42);
  const task = createTask(work());
  yield* t.wait(passes(2));
  assertEquals(yield* t.wait(waitFor(task, 0)), 42);
  assertEquals(me().cancelling(), 0);
});

testProgram("waitFor() throws what the clean-up throws", function* (t) {
  const work = () =>
    t.work(function* () {
      try {
        yield* t.wait(sleep(1000));
      } finally {
        // deno-lint-ignore no-unsafe-finally
        throw new RangeError("in the clean-up");
      }
    });
  for (const limit of [10, 0]) {
    const task = createTask(work());
    yield* t.wait(passes(2));
    assertInstanceOf(yield* errorOf(t.wait(waitFor(task, limit))), RangeError);
  }
  assertInstanceOf(yield* errorOf(t.wait(waitFor(work(), 10))), RangeError);
});

testProgram("waitFor() with 0 or less starts nothing, but gives what is there", function* (t) {
  for (const limit of [0, -1]) {
    let started = false;
    const work = t.work(function* () {
      started = true;
      yield* t.wait(sleep(1));
    });
    assertInstanceOf(yield* errorOf(t.wait(waitFor(work, limit))), TimeoutError);
    assertFalse(started);

    const done = t.loop.createFuture<string>();
    done.setResult("done");
    assertEquals(yield* t.wait(waitFor(done, limit)), "done");

    const task = createTask(t.work(function* () {
      try {
        yield* t.wait(sleep(1000));
      } finally {
        yield* t.wait(sleep(5));
      }
    }));
    yield* t.wait(passes(2));
    const error = yield* errorOf(t.wait(waitFor(task, limit)));
    assertInstanceOf(error, TimeoutError);
    assertInstanceOf(error.cause, CancelledError);
    assert(task.cancelled());
  }
});

testProgram("Cancelling waitFor() cancels what is waited for", function* (t) {
  for (const limit of [undefined, 1000]) {
    const future = t.loop.createFuture<void>();
    const task = createTask(t.work(function* () {
      yield* t.wait(waitFor(future, limit));
    }));
    yield* t.wait(passes(3));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assert(future.cancelled());
  }
});

testProgram("Cancelling waitFor() with 0 while it waits for the end", function* (t) {
  const slow = createTask(t.work(function* () {
    try {
      yield* t.wait(sleep(1000));
    } finally {
      yield* t.wait(sleep(10));
    }
  }));
  const waiter = createTask(t.work(function* () {
    yield* t.wait(waitFor(slow, 0));
  }));
  yield* t.wait(sleep(5));
  waiter.cancel();
  assertInstanceOf(yield* errorOf(t.wait(waiter)), CancelledError);
  assertFalse(slow.done());
  yield* errorOf(t.wait(slow));
});

// cpython#86296
for (const first of ["result", "cancel"] as const) {
  testProgram(
    `A result and a cancellation in one pass: ${first} first, the waiter is cancelled`,
    function* (t) {
      const future = t.loop.createFuture<string>();
      let reached = false;
      const waiter = createTask(t.work(function* () {
        yield* t.wait(waitFor(future, 1000));
        reached = true;
      }));
      yield* t.wait(passes(3));
      if (first === "result") future.setResult("result");
      waiter.cancel();
      if (first === "cancel" && !future.done()) future.setResult("result");
      assertInstanceOf(yield* errorOf(t.wait(waiter)), CancelledError);
      assertFalse(reached);
      assert(waiter.cancelled());
      // What was there is not lost: the future has it.
      if (first === "result") assertEquals(future.result(), "result");
      else assert(future.cancelled());
    },
  );
}

testProgram(
  "A task that ends in the pass in which its waiter is cancelled keeps its result",
  function* (t) {
    const inner = createTask(t.work(function* () {
      yield* t.wait(passes(1));
      return "done";
    }));
    const waiter = createTask(t.work(function* () {
      yield* t.wait(waitFor(inner, 100));
      yield* t.wait(sleep(1));
    }));
    yield* t.wait(passes(2));
    waiter.cancel();
    assertInstanceOf(yield* errorOf(t.wait(waiter)), CancelledError);
    if (!inner.cancelled()) assertEquals(yield* t.wait(inner), "done");
  },
);

testProgram("A result and the limit in one pass: the result, when it came first", function* (t) {
  const future = t.loop.createFuture<string>();
  t.loop.callAt(10, () => void (future.done() || future.setResult("in time")));
  const result = yield* t.wait(waitFor(shield(future), 10.0001));
  assertEquals(result, "in time");
});

testProgram("waitFor(shield()) leaves what is shielded alone", function* (t) {
  const task = createTask(sleep(20, "done"));
  for (const limit of [0, 10]) {
    const shielded = shield(task);
    assertInstanceOf(yield* errorOf(t.wait(waitFor(shielded, limit))), TimeoutError);
    assert(shielded.cancelled());
    assertFalse(task.done());
  }
  assertEquals(yield* t.wait(waitFor(shield(task), undefined)), "done");
});

// pyodide#5782
testProgram("waitFor() that times out reports nothing", function* (t) {
  yield* errorOf(t.wait(waitFor(t.loop.createFuture(), 1)));
  yield* errorOf(t.wait(waitFor(sleep(10), 1)));
  yield* errorOf(t.wait(waitFor(createTask(sleep(10)), 1)));
  createTask(sleep(10)).cancel();
  yield* t.wait(passes(3));
});

testProgram("waitFor() with a signal", function* (t) {
  const watched = countingSignal();
  const options = { signal: watched.signal };
  assertEquals(yield* t.wait(waitFor(sleep(1, 1), 10, options)), 1);
  assertEquals(yield* t.wait(waitFor(async () => await sleep(1, 2), 10, options)), 2);
  t.loop.callLater(5, () => watched.abort("enough"));
  const task = createTask(sleep(1000));
  assertEquals(yield* errorOf(t.wait(waitFor(task, 100, options))), "enough");
  assert(task.cancelled());
  assertEquals(watched.listeners, 0);
  assertEquals(me().cancelling(), 0);
  assertEquals(yield* errorOf(t.wait(waitFor(sleep(1), 0, options))), "enough");
});

testAsync("waitFor() refuses what it cannot wait for", async () => {
  const work = sleep(1);
  assertThrows(() => waitFor(work, NaN), RangeError, "number of milliseconds");
  work.close();
  for (const limit of [10, 0]) {
    let error: unknown;
    try {
      await waitFor(5 as never, limit);
    } catch (thrown) {
      error = thrown;
    }
    assertInstanceOf(error, TypeError);
    assertEquals(
      error.message,
      "Cannot make a future: a future, coroutine, async function or promise is needed, got 5",
    );
  }
});
