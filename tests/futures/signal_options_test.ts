/** `sleep()` and `gather()` with a signal; the others are in the tests of their own. */
import { assert, assertEquals, assertFalse, assertInstanceOf, assertThrows } from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  eagerTaskFactory,
  Event,
  gather,
  sleep,
  type Task,
  taskGroup,
  timeout,
  waitFor,
} from "../../futures/mod.ts";
import { errorOf, passes, testProgram } from "../_helpers.ts";
import { testCancellation } from "./_cancellation_suite.ts";
import { countingSignal } from "./_signal.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

testProgram(
  "sleep() with a signal ends with its reason, and keeps neither timer nor listener",
  function* (t) {
    const watched = countingSignal();
    const options = { signal: watched.signal };
    assertEquals(yield* t.wait(sleep(5, "slept", options)), "slept");
    assertEquals(yield* t.wait(sleep(0, "turned", options)), "turned");
    assertEquals(watched.listeners, 0);
    t.loop.callLater(5, () => watched.abort("enough"));
    assertEquals(yield* errorOf(t.wait(sleep(1000, undefined, options))), "enough");
    assertEquals([t.loop.time(), watched.listeners], [10, 0]);
    for (const delay of [0, 1000]) {
      assertEquals(yield* errorOf(t.wait(sleep(delay, undefined, options))), "enough");
    }
    assertEquals(t.loop.liveTimers(), []);
  },
);

testProgram(
  "gather() with a signal cancels what is gathered, and fails with its reason",
  function* (t) {
    for (const returnExceptions of [false, true]) {
      const watched = countingSignal();
      const tasks = [createTask(sleep(1000)), createTask(sleep(1, "done"))];
      t.loop.callLater(5, () => watched.abort("enough"));
      const gathering = gather(...tasks, { signal: watched.signal, returnExceptions });
      assertEquals(yield* errorOf(t.wait(gathering)), "enough");
      assertEquals([tasks[0]!.cancelled(), tasks[1]!.result()], [true, "done"]);
      assertEquals([watched.listeners, me().cancelling()], [0, 0]);
    }
  },
);

testProgram("gather() keeps no listener when it has ended by itself", function* (t) {
  const watched = countingSignal();
  const options = { signal: watched.signal };
  assertEquals(yield* t.wait(gather(sleep(1, 1), sleep(2, 2), options)), [1, 2]);
  const fails = t.work(function* () {
    yield* t.wait(sleep(1));
    throw new TypeError("no");
  });
  assertInstanceOf(yield* errorOf(t.wait(gather(fails, sleep(2), options))), TypeError);
  yield* t.wait(sleep(5));
  assertEquals([watched.added, watched.listeners], [2, 0]);
});

testProgram("gather() that refuses an input leaves the others alone", function* (t) {
  const watched = countingSignal();
  const task = createTask(sleep(1, "kept"));
  assertThrows(() => gather(task, 5 as never, { signal: watched.signal }), TypeError);
  assertEquals(watched.listeners, 0);
  watched.abort("enough");
  assertEquals(yield* t.wait(task), "kept");
});

testProgram(
  "gather() cancels all, also what comes after a task that aborts at once",
  function* (t) {
    t.loop.setTaskFactory(eagerTaskFactory);
    const watched = countingSignal();
    const last = createTask(sleep(1000));
    const gathering = gather(
      t.work(function* () {
        watched.abort("enough");
        yield* t.wait(sleep(1000));
      }),
      last,
      { signal: watched.signal },
    );
    assertEquals(yield* errorOf(t.wait(gathering)), "enough");
    assert(last.cancelled());
    assertEquals([t.loop.time(), watched.listeners], [0, 0]);
  },
);

testProgram("gather() with a signal that is aborted starts nothing", function* (t) {
  const controller = new AbortController();
  controller.abort("enough");
  let started = false;
  const work = coroutine(function* () {
    started = true;
    yield* sleep(1);
  });
  const future = t.loop.createFuture();
  assertEquals(yield* errorOf(t.wait(gather(work(), future, controller))), "enough");
  yield* t.wait(passes(3));
  assertFalse(started);
  assertFalse(future.done());
});

for (const order of ["aborted, then cancelled", "cancelled, then aborted"]) {
  testProgram(
    `gather() that is ${order} while a task cleans up: the cancellation is thrown`,
    function* (t) {
      const watched = countingSignal();
      const cleaning = t.work(function* () {
        try {
          yield* t.wait(sleep(1000));
        } finally {
          yield* t.wait(sleep(10));
        }
      });
      const task = createTask(t.work(function* () {
        yield* t.wait(gather(cleaning, { signal: watched.signal }));
      }));
      yield* t.wait(sleep(1));
      if (order.startsWith("aborted")) watched.abort("enough");
      else task.cancel();
      yield* t.wait(passes(3));
      if (order.startsWith("aborted")) task.cancel();
      else watched.abort("enough");
      assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
      assertEquals(watched.listeners, 0);
    },
  );
}

testCancellation("sleep() with a signal", () => ({
  subject: ({ signal }) => sleep(10, "slept", { signal }),
}));

const notSignals: [given: unknown, text: string][] = [
  [new AbortController(), "got an object of class AbortController; pass controller.signal"],
  [null, "got null"],
  [5, "got 5"],
];
for (const [signal, text] of notSignals) {
  testProgram(`What is no signal is refused at the call: ${text}`, function* (t) {
    const options = { signal } as { signal: AbortSignal };
    const body = () => Promise.resolve();
    const calls = [
      () => sleep(1, undefined, options),
      () => gather(sleep(1), options),
      () => new Event().wait(options),
      () => timeout(5, body, options),
      () => waitFor(sleep(1), 5, options),
      () => taskGroup(body, options),
    ];
    for (const call of calls) {
      assertThrows(call, TypeError, `Cannot wait with a signal: an AbortSignal is needed, ${text}`);
    }
    yield* t.wait(passes(1));
  }, { kinds: ["generator"] });
}

testProgram("A signal of another realm, or of a library, will do", function* (t) {
  const { signal } = new AbortController();
  const like = {
    aborted: false,
    reason: undefined,
    addEventListener: signal.addEventListener.bind(signal),
    removeEventListener: signal.removeEventListener.bind(signal),
  };
  assertEquals(yield* t.wait(sleep(1, "slept", { signal: like as never })), "slept");
});
