/** `sleep()`. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CancelledError, createTask, sleep } from "../../futures/mod.ts";
import { DenoEventLoop, run } from "../../loop/mod.ts";
import { DeadlockError } from "../../loop/simulated/mod.ts";
import { errorOf, passes, testLoop, testProgram, testRealLoop } from "../_helpers.ts";

testProgram("sleep() waits for the time, and gives its result", function* (t) {
  assertEquals(yield* t.wait(sleep(5)), undefined);
  assertEquals(yield* t.wait(sleep(2.5, "yeah")), "yeah");
  assertEquals(t.loop.time(), 7.5);
});

testProgram("sleep(0) lets what is ready run once", function* (t) {
  const order: string[] = [];
  t.loop.callSoon(() => {
    order.push("first");
    t.loop.callSoon(() => order.push("second"));
  });
  assertEquals(yield* t.wait(sleep(0, "turn")), "turn");
  assertEquals(order, ["first"]);
  yield* t.wait(sleep(0));
  assertEquals(order, ["first", "second"]);
  assertEquals(t.loop.time(), 0);
});

testProgram("sleep() of the same time ends in the order of falling asleep", function* (t) {
  const order: number[] = [];
  const tasks = Array.from({ length: 20 }, (_, i) =>
    createTask(t.work(function* () {
      yield* t.wait(sleep(5));
      order.push(i);
    })));
  for (const task of tasks) yield* t.wait(task);
  assertEquals(order, order.toSorted((a, b) => a - b));
});

testProgram("Shorter sleeps end first", function* (t) {
  const order: number[] = [];
  const tasks = [3, 1, 2, 0.5].map((ms) =>
    createTask(t.work(function* () {
      yield* t.wait(sleep(ms));
      order.push(ms);
    }))
  );
  for (const task of tasks) yield* t.wait(task);
  assertEquals(order, [0.5, 1, 2, 3]);
});

testProgram("A cancelled sleep() leaves no timer behind", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(1e6));
  }));
  yield* t.wait(sleep(0));
  assertEquals(t.loop.liveTimers().length, 1);
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(t.loop.liveTimers(), []);
});

testProgram("A coroutine that is closed in its sleep() leaves no timer behind", function* (t) {
  const closed = sleep(1e6)[Symbol.iterator]();
  closed.next();
  const thrown = sleep(1e6)[Symbol.iterator]();
  thrown.next();
  yield* t.wait(sleep(0));
  assertEquals(t.loop.liveTimers().length, 2);
  assertEquals(closed.return!(undefined), { value: undefined, done: true });
  assertEquals(t.loop.liveTimers().length, 1);
  assertThrows(() => thrown.throw!(new TypeError("into it")), TypeError, "into it");
  assertEquals(t.loop.liveTimers(), []);
}, { kinds: ["generator"] });

testProgram("sleep() starts when it is waited for, not when it is called", function* (t) {
  const later = sleep(10);
  yield* t.wait(sleep(100));
  yield* t.wait(later);
  assertEquals(t.loop.time(), 110);
});

testProgram("sleep(Infinity) waits until it is cancelled", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(Infinity));
  }));
  yield* t.wait(sleep(1e9));
  assertFalse(task.done());
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
});

testLoop("sleep(Infinity) is no deadline: a program that has nothing else is stuck", async (t) => {
  const main = t.loop.createTask(sleep(Infinity));
  await assertRejects(() => t.loop.runUntilComplete(main), DeadlockError);
  main.cancel();
  await assertRejects(() => t.loop.runUntilComplete(main), CancelledError);
});

for (const delay of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 0.5, Number.MAX_SAFE_INTEGER]) {
  testRealLoop(
    `sleep(${delay}) does not end early on the host`,
    () => new DenoEventLoop(),
    async ({ loop }) => {
      const long = loop.createTask(sleep(delay));
      await loop.runUntilComplete(sleep(20));
      assertFalse(long.done());
      long.cancel();
      await assertRejects(() => loop.runUntilComplete(long), CancelledError);
    },
  );
}

testRealLoop(
  "sleep() is never early, whatever the fraction",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    await loop.runUntilComplete(async () => {
      for (const delay of [0.1, 0.5, 0.999, 1.0001, 1.5, 2.3]) {
        for (let i = 0; i < 5; i++) {
          const start = performance.now();
          await sleep(delay);
          assert(performance.now() - start >= delay);
        }
      }
    });
  },
);

Deno.test("sleep() refuses a delay that is none, at the call", () => {
  assertThrows(
    () => sleep(NaN),
    RangeError,
    "Cannot sleep: the delay must be a number of milliseconds, got NaN",
  );
  for (const delay of ["5", null, undefined, {}, 5n]) {
    assertThrows(() => sleep(delay as never), TypeError, "must be a number of milliseconds");
  }
});

for (const delay of [-1, -1e-9, -0, -Infinity]) {
  testProgram(`sleep(${delay}) is a turn, as sleep(0) is`, function* (t) {
    const order: string[] = [];
    t.loop.callSoon(() => {
      order.push("first");
      t.loop.callSoon(() => order.push("second"));
    });
    assertEquals(yield* t.wait(sleep(delay, "turn")), "turn");
    assertEquals(order, ["first"]);
    assertEquals(t.loop.time(), 0);
    assertEquals(t.loop.liveTimers(), []);
  });
}

testProgram("A sleep() whose result is a promise or a future gives it as it is", function* (t) {
  const future = t.loop.createFuture<number>();
  const box = { future };
  assertStrictEquals((yield* t.wait(sleep(1, box))).future, future);
  yield* t.wait(passes(1));
});

Deno.test("sleep() keeps a program alive for its time, and no longer", async () => {
  // The sanitizers see a timer that is left behind.
  await run(async () => {
    createTask(() => sleep(1e6));
    await sleep(1);
  });
});
