/** `wait()`. Random programs are in `tests/upstream/scopes_test.ts`. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  ALL_COMPLETED,
  CancelledError,
  createTask,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type Future,
  sleep,
  type Task,
  wait,
} from "../../futures/mod.ts";
import { errorOf, testAsync, testProgram, type Trial } from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";
import { ScratchFuture } from "./_third_party.ts";

function failing(t: Trial, delay: number, error: unknown = new TypeError("no")): Task<void> {
  return createTask(t.work(function* () {
    yield* t.wait(sleep(delay));
    throw error;
  }));
}

testProgram("wait() returns when all are done", function* (t) {
  const tasks = [createTask(sleep(10, "a")), createTask(sleep(15, "b"))];
  const [done, pending] = yield* t.wait(wait(tasks));
  assertEquals(done, new Set(tasks));
  assertEquals(pending.size, 0);
  assertEquals(t.loop.time(), 15);
  // Those that are done already.
  assertEquals((yield* t.wait(wait(tasks, { returnWhen: ALL_COMPLETED })))[0].size, 2);
  assertEquals(t.loop.time(), 15);
});

testProgram("wait() for the first returns when one is done, however it has ended", function* (t) {
  for (const end of ["result", "error", "cancelled"] as const) {
    const slow = createTask(sleep(100));
    const fast = end === "error" ? failing(t, 5) : createTask(sleep(5));
    if (end === "cancelled") t.loop.callLater(5, () => void fast.cancel());
    const [done, pending] = yield* t.wait(wait([slow, fast], { returnWhen: FIRST_COMPLETED }));
    assertEquals([[...done], [...pending]], [[fast], [slow]]);
    if (end === "error") fast.exception();
    slow.cancel();
    yield* t.wait(wait([slow]));
  }
});

testProgram("wait() for the first has all that are done in that pass", function* (t) {
  const futures = [t.loop.createFuture<void>(), t.loop.createFuture<void>()];
  t.loop.callLater(5, () => {
    for (const future of futures) future.setResult();
  });
  const [done] = yield* t.wait(wait(futures, { returnWhen: FIRST_COMPLETED }));
  assertEquals(done.size, 2);
});

testProgram("wait() for an exception returns with the first, or when all are done", function* (t) {
  const fails = failing(t, 10);
  const slow = createTask(sleep(20));
  const cancelled = createTask(sleep(20));
  t.loop.callLater(5, () => void cancelled.cancel());
  let [done, pending] = yield* t.wait(
    wait([slow, fails, cancelled], { returnWhen: FIRST_EXCEPTION }),
  );
  assertEquals([[...done], [...pending]], [[fails, cancelled], [slow]]);
  assertEquals(t.loop.time(), 10);
  [done, pending] = yield* t.wait(wait([slow], { returnWhen: FIRST_EXCEPTION }));
  assertEquals([done.size, pending.size], [1, 0]);
  // One that has failed before.
  [done, pending] = yield* t.wait(wait([fails], { returnWhen: FIRST_EXCEPTION }));
  assertEquals(done.size, 1);
  const nothing = failing(t, 1, undefined);
  const never = t.loop.createFuture<void>();
  const first = yield* t.wait(
    wait<Future<void>>([nothing, never], { returnWhen: FIRST_EXCEPTION }),
  );
  assertEquals([...first[0]], [nothing]);
});

testProgram("wait() with a timeout returns what is done, without an error", function* (t) {
  const fast = createTask(sleep(10));
  const slow = createTask(sleep(20));
  const [done, pending] = yield* t.wait(wait([fast, slow], { timeout: 15 }));
  assertEquals([[...done], [...pending]], [[fast], [slow]]);
  assertEquals(t.loop.time(), 15);
  for (const timeout of [0, -5]) {
    assertEquals((yield* t.wait(wait([slow], { timeout })))[1].size, 1);
  }
  assertEquals(t.loop.time(), 15);
  yield* t.wait(wait([slow], { timeout: undefined }));
  // A timer that is not needed is called off.
  yield* t.wait(wait([slow], { timeout: 1000 }));
});

testProgram("wait() takes every iterable, and each future once", function* (t) {
  const make = () => createTask(sleep(1, 1));
  const one = make();
  for (
    const futures of [
      [one, one],
      new Set([make(), make()]),
      new Map([["a", make()]]).values(),
      (function* () {
        yield make();
        yield make();
      })() as Iterable<Task<number>>,
    ]
  ) {
    const error = futures.toString() === "[object Generator]"
      ? yield* errorOf(t.wait(wait(futures)))
      : undefined;
    if (error !== undefined) assertInstanceOf(error, TypeError);
    else assert((yield* t.wait(wait(futures)))[0].size > 0);
  }
  assertEquals((yield* t.wait(wait([one, one])))[0].size, 1);
});

testProgram("Cancelling wait() leaves the futures alone", function* (t) {
  const future = t.loop.createFuture<void>();
  const task = createTask(t.work(function* () {
    yield* t.wait(wait([future], { timeout: 1000 }));
  }));
  yield* t.wait(sleep(1));
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertFalse(future.done());
  assertStrictEquals(future._waiters, null);
});

testProgram("wait() leaves nothing behind in futures that go on", function* (t) {
  const future = t.loop.createFuture<void>();
  for (let i = 0; i < 10; i++) {
    yield* t.wait(wait([future, createTask(sleep(1))] as Future<unknown>[], {
      returnWhen: FIRST_COMPLETED,
    }));
    yield* t.wait(wait([future], { timeout: 1 }));
  }
  assertStrictEquals(future._waiters, null);
});

testProgram(
  "An exception that wait() has seen is still nobody's, but for FIRST_EXCEPTION",
  function* (t) {
    yield* t.wait(wait([failing(t, 1)]));
    const slow = createTask(sleep(10));
    yield* t.wait(wait([failing(t, 1), slow], { returnWhen: FIRST_EXCEPTION }));
    yield* t.wait(slow);
  },
  {
    after: (t) => assertEquals(t.takeMessages(), ["Task exception was never retrieved"]),
  },
);

testProgram("wait() takes futures of a foreign class", function* (t) {
  const future = new ScratchFuture<number>(t.loop);
  t.loop.callLater(5, () => future.setResult(1));
  const slow = createTask(sleep(100));
  const [done] = yield* t.wait(
    wait([slow, future as unknown as Task<unknown>], { returnWhen: FIRST_COMPLETED }),
  );
  assertEquals(done.size, 1);
  const pending = new ScratchFuture<number>(t.loop);
  yield* t.wait(wait([pending as unknown as Task<unknown>], { timeout: 1 }));
  pending.setResult(1);
  slow.cancel();
  yield* t.wait(wait([slow]));
});

testProgram("wait() with a signal", function* (t) {
  const watched = countingSignal();
  const future = t.loop.createFuture<void>();
  t.loop.callLater(5, () => watched.abort("enough"));
  assertEquals(
    yield* errorOf(t.wait(wait([future], { signal: watched.signal }))),
    "enough",
  );
  assertEquals(watched.listeners, 0);
  assertFalse(future.done());
});

testAsync("wait() refuses what it cannot wait for", async () => {
  const refuse = (futures: unknown, options?: object) =>
    assertRejects(async () => await wait(futures as [], options), Error).then(({ message }) =>
      message
    );
  assertEquals(await refuse([]), "Cannot wait: there is nothing to wait for");
  const work = sleep(0);
  const task = createTask(sleep(0));
  assertEquals(await refuse(task), `Cannot wait: an array of futures is needed, got ${task}`);
  assertEquals(
    await refuse(work),
    "Cannot wait: an array of futures is needed, got <coroutine sleep>",
  );
  assertEquals(await refuse(5), "Cannot wait: an array of futures is needed, got 5");
  assertEquals(
    await refuse([work]),
    "Cannot wait for <coroutine sleep>: futures and tasks are needed; make a task of a coroutine " +
      "with createTask()",
  );
  assertEquals(
    await refuse([task], { returnWhen: "SOMEDAY" }),
    'Cannot wait: returnWhen has no meaning, got "SOMEDAY"',
  );
  assertEquals(
    await refuse([task], { timeout: NaN }),
    "Cannot wait: the delay must be a number of milliseconds, got NaN",
  );
  // Who comes from Python may write null for None.
  assertEquals(
    await refuse([task], { timeout: null }),
    "Cannot wait: the delay must be a number of milliseconds, got null",
  );
  work.close();
  await task;
});
