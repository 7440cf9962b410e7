/** `shield()`. */
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
  gather,
  RuntimeError,
  shield,
  sleep,
  TimeoutError,
  waitFor,
} from "../../futures/mod.ts";
import { collectGarbage, errorOf, passes, testLoop, testProgram } from "../_helpers.ts";
import { ScratchFuture } from "./_third_party.ts";

testProgram(
  "shield() gives the result, the error or the cancellation of what it protects",
  function* (t) {
    assertEquals(yield* t.wait(shield(sleep(1, "done"))), "done");
    const wrong = new TypeError("no");
    const fails = t.work(function* () {
      yield* t.wait(sleep(1));
      throw wrong;
    });
    assertStrictEquals(yield* errorOf(t.wait(shield(fails))), wrong);
    const future = t.loop.createFuture();
    t.loop.callSoon(() => void future.cancel("stop", { reason: "why" }));
    const error = yield* errorOf(t.wait(shield(future)));
    assertInstanceOf(error, CancelledError);
    assertEquals([error.message, error.reason], ["stop", "why"]);
  },
);

testProgram("shield() protects from the cancellation of who waits", function* (t) {
  let proof = 0;
  const inner = t.work(function* () {
    yield* t.wait(sleep(5));
    proof += 1;
  });
  const outer = createTask(t.work(function* () {
    yield* t.wait(shield(inner));
    proof += 100;
  }));
  yield* t.wait(sleep(1));
  outer.cancel();
  assertInstanceOf(yield* errorOf(t.wait(outer)), CancelledError);
  assertEquals(proof, 0);
  yield* t.wait(sleep(10));
  assertEquals(proof, 1);
});

testLoop("shield() of a future that is done is the future", ({ loop }) => {
  const future = loop.createFuture<number>();
  future.setResult(1);
  assertStrictEquals(shield(future), future);
});

testProgram("shield() of gather(), and gather() of shield()", function* (t) {
  const inner = [t.loop.createFuture<number>(), t.loop.createFuture<number>()] as const;
  const gathered = gather(...inner);
  const outer = shield(gathered);
  outer.cancel();
  yield* t.wait(passes(2));
  assert(outer.cancelled());
  assertFalse(gathered.done());
  inner[0].setResult(1);
  inner[1].setResult(2);
  assertEquals(yield* t.wait(gathered), [1, 2]);

  const futures = [t.loop.createFuture<number>(), t.loop.createFuture<number>()];
  const shields = futures.map((each) => shield(each));
  const both = gather(...shields);
  both.cancel();
  assertInstanceOf(yield* errorOf(t.wait(both)), CancelledError);
  assert(shields.every((each) => each.cancelled()));
  assert(futures.every((each) => !each.done()));
});

// cpython#156321, cpython#86802
testProgram("What fails later and is awaited reports nothing", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(10));
    throw new TypeError("late");
  }));
  assertInstanceOf(yield* errorOf(t.wait(waitFor(shield(task), 5))), TimeoutError);
  assertInstanceOf(yield* errorOf(t.wait(task)), TypeError);
});

testProgram("What fails later and is never awaited is reported once", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(10));
    throw new TypeError("late");
  }));
  assertInstanceOf(yield* errorOf(t.wait(waitFor(shield(task), 5))), TimeoutError);
  yield* t.wait(sleep(20));
  assert(task.done());
}, {
  after: (t) => assertEquals(t.takeMessages(), ["Task exception was never retrieved"]),
});

testProgram("What fails in the pass in which the wait is cancelled keeps its error", function* (t) {
  for (const order of ["cancel first", "failure first"]) {
    const inner = t.loop.createFuture<void>();
    const outer = shield(inner);
    if (order === "cancel first") outer.cancel();
    inner.setException(new TypeError("late"));
    if (order === "failure first") outer.cancel();
    yield* t.wait(passes(5));
    assert(outer.cancelled(), order);
  }
}, {
  after: (t) => {
    const message = "Future exception was never retrieved";
    assertEquals(t.takeMessages(), [message, message]);
  },
});

// cpython#86802
testProgram("A shield that was given up stays in no list of what it protected", function* (t) {
  const inner = t.loop.createFuture();
  for (let i = 0; i < 10; i++) yield* errorOf(t.wait(waitFor(shield(inner), 1)));
  assertStrictEquals(inner._waiters, null);
});

testProgram("shield() takes a future of a foreign class", function* (t) {
  const inner = new ScratchFuture<number>(t.loop);
  const [one, two] = [shield(inner as never), shield(inner as never)];
  one.cancel();
  t.loop.callSoon(() => inner.setResult(5));
  assertEquals(yield* t.wait(two), 5 as never);
  assert(one.cancelled());
});

testProgram("shield() that others have ended leaves what it protected alone", function* (t) {
  const inner = t.loop.createFuture<number>();
  const outer = shield(inner);
  outer.setResult(1);
  inner.setResult(2);
  yield* t.wait(passes(3));
  assertEquals([outer.result(), inner.result()], [1, 2]);
});

Deno.test("shield() of a coroutine outside of a loop is an error", () => {
  const coro = sleep(1);
  assertThrows(() => shield(coro), RuntimeError, "no event loop is running");
  assertThrows(() => shield(5 as never), TypeError, "Cannot make a future");
});

// cpython#88831
testLoop("What is shielded runs to its end, whoever refers to it", async (t) => {
  let ended = false;
  await t.loop.runUntilComplete(async () => {
    try {
      await waitFor(
        shield(async () => {
          await sleep(10);
          ended = true;
        }),
        1,
      );
    } catch {
      // It goes on.
    }
  });
  await collectGarbage();
  await t.loop.runUntilComplete(() => sleep(20));
  assert(ended);
});
