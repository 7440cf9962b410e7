/** `asCompleted()`. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  asCompleted,
  CancelledError,
  createTask,
  gather,
  RuntimeError,
  sleep,
  type Task,
  TimeoutError,
} from "../../futures/mod.ts";
import { errorOf, passes, testAsync, testProgram } from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";
import { ScratchFuture } from "./_third_party.ts";

testProgram(
  "asCompleted() in a plain loop gives results, the first that is there first",
  function* (t) {
    const seen: unknown[] = [];
    for (const next of asCompleted([sleep(15, "c"), sleep(10, "b"), sleep(5, "a")])) {
      seen.push(yield* t.wait(next), t.loop.time());
    }
    assertEquals(seen, ["a", 5, "b", 10, "c", 15]);
  },
);

testAsync(
  "asCompleted() in for await gives what is done, and tasks and futures as they are",
  async (t) => {
    const task = createTask(sleep(10, "task"));
    const future = t.loop.createFuture<string>();
    t.loop.callLater(5, () => future.setResult("future"));
    const coro = sleep(15, "coroutine");
    const seen: unknown[] = [];
    for await (const each of asCompleted([task, coro, future])) {
      assert(each.done());
      seen.push(each.result());
      if (seen.length === 1) assert(each === future);
      if (seen.length === 2) assert(each === task);
      if (seen.length === 3) assert(each as unknown !== coro);
    }
    assertEquals(seen, ["future", "task", "coroutine"]);
  },
);

testProgram("asCompleted() throws the errors where they are waited for", function* (t) {
  const wrong = new TypeError("no");
  const fails = t.work(function* () {
    yield* t.wait(sleep(5));
    throw wrong;
  });
  const [first, second] = [...asCompleted([sleep(10, "ok"), fails])];
  assertStrictEquals(yield* errorOf(t.wait(first!)), wrong);
  assertEquals(yield* t.wait(second!), "ok");
});

testProgram("asCompleted() starts everything at once, and counts nothing twice", function* (t) {
  let started = 0;
  const work = () =>
    t.work(function* () {
      started++;
      yield* t.wait(sleep(5));
      return started;
    });
  const twice = work();
  const all = [...asCompleted([twice, twice, work()])];
  assertEquals(all.length, 2);
  yield* t.wait(passes(1));
  assertEquals(started, 2);
  for (const next of all) yield* t.wait(next);
});

testProgram("The coroutine that is waited for first gets the first result", function* (t) {
  const [one, two] = [...asCompleted([sleep(5, "a"), sleep(10, "b")])];
  assertEquals(yield* t.wait(two!), "a");
  assertEquals(yield* t.wait(one!), "b");
});

testProgram("The coroutines may be waited for at the same time", function* (t) {
  const all = [...asCompleted([sleep(5, "a"), sleep(5, "b"), sleep(1, "c")])];
  assertEquals(yield* t.wait(gather(...all)), ["c", "a", "b"]);
});

testProgram("A plain loop over asCompleted() that was left is taken up again", function* (t) {
  const all = asCompleted([sleep(1, 1), sleep(2, 2), sleep(3, 3), sleep(4, 4)]);
  const seen: unknown[] = [];
  for (const next of all) {
    seen.push(yield* t.wait(next));
    if (seen.length === 2) break;
  }
  for (const next of all) seen.push(yield* t.wait(next));
  assertEquals(seen, [1, 2, 3, 4]);
});

testAsync("for await over asCompleted() that was left is taken up again", async () => {
  const all = asCompleted([sleep(1, 1), sleep(2, 2), sleep(3, 3), sleep(4, 4)]);
  const seen: unknown[] = [];
  for await (const task of all) {
    seen.push(task.result());
    if (seen.length === 2) break;
  }
  for await (const task of all) seen.push(task.result());
  assertEquals(seen, [1, 2, 3, 4]);
});

testProgram("asCompleted() with a timeout gives TimeoutError for each that is late", function* (t) {
  const tasks = [10, 20, 30].map((delay) => createTask(sleep(delay, delay)));
  const seen: unknown[] = [];
  for (const next of asCompleted(tasks, { timeout: 15 })) {
    try {
      seen.push(yield* t.wait(next));
    } catch (error) {
      assertInstanceOf(error, TimeoutError);
      seen.push(t.loop.time());
    }
  }
  assertEquals(seen, [10, 15, 15]);
  // They go on, and nobody watches them.
  assertFalse(tasks[1]!.done());
  assertStrictEquals(tasks[1]!._waiters, null);
  yield* t.wait(gather(...tasks));
});

testAsync("for await over asCompleted() with a timeout throws when it has passed", async (t) => {
  const tasks = [10, 20].map((delay) => createTask(sleep(delay, delay)));
  const seen: unknown[] = [];
  try {
    for await (const task of asCompleted(tasks, { timeout: 15 })) seen.push(task.result());
  } catch (error) {
    assertInstanceOf(error, TimeoutError);
    seen.push(t.loop.time());
  }
  assertEquals(seen, [10, 15]);
  await gather(...tasks);
});

testProgram("asCompleted() with a timeout that is not needed leaves no timer", function* (t) {
  for (const next of asCompleted([sleep(1)], { timeout: 1000 })) yield* t.wait(next);
  assertEquals(t.loop.liveTimers(), []);
  assertEquals([...asCompleted([], { timeout: 1000 })], []);
});

testAsync("Cancelling for await over asCompleted() loses nothing", async (t) => {
  const all = asCompleted([sleep(10, "a"), sleep(20, "b")]);
  const seen: string[] = [];
  const take = async () => {
    for await (const task of all) seen.push(task.result());
  };
  const first = createTask(take);
  await sleep(5);
  first.cancel();
  await gather(first, { returnExceptions: true });
  assert(first.cancelled());
  // And in the pass in which one is done.
  const second = createTask(take);
  t.loop.callLater(5, () => void second.cancel());
  await gather(second, { returnExceptions: true });
  await createTask(take);
  assertEquals(seen, ["a", "b"]);
});

testProgram("Cancelling one wait leaves what it was to get to the next", function* (t) {
  const [one, two] = [...asCompleted([sleep(10, "a"), sleep(20, "b")])];
  const task = createTask(one!);
  yield* t.wait(sleep(5));
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(yield* t.wait(two!), "a");
  yield* t.wait(sleep(20));
});

testProgram("asCompleted() with a signal ends its waits, not what is waited for", function* (t) {
  const watched = countingSignal();
  const task = createTask(sleep(10, "done"));
  const [next] = [...asCompleted([task], { signal: watched.signal })];
  t.loop.callLater(5, () => watched.abort("enough"));
  assertEquals(yield* errorOf(t.wait(next!)), "enough");
  assertEquals(watched.listeners, 0);
  assertEquals(yield* t.wait(task), "done");
});

testProgram("asCompleted() takes futures of a foreign class", function* (t) {
  const future = new ScratchFuture<number>(t.loop);
  t.loop.callLater(5, () => future.setResult(5));
  const late = new ScratchFuture<number>(t.loop);
  const [one, two] = [...asCompleted([late, future] as unknown as Task<number>[], { timeout: 10 })];
  assertEquals(yield* t.wait(one!), 5);
  assertInstanceOf(yield* errorOf(t.wait(two!)), TimeoutError);
  late.setResult(1);
  yield* t.wait(passes(2));
});

Deno.test("asCompleted() outside of a loop, and of what cannot be waited for", () => {
  assertThrows(() => asCompleted([sleep(1)]), RuntimeError, "no event loop is running");
  assertThrows(() => asCompleted(sleep(1) as never), TypeError, "an array is needed");
  assertThrows(() => asCompleted(5 as never), TypeError, "an array is needed, got 5");
  assertThrows(() => asCompleted([], { timeout: NaN }), RangeError, "got NaN");
  assertThrows(() => asCompleted([], { timeout: null as never }), TypeError, "number of milli");
});

testAsync("asCompleted() refuses what cannot be waited for", async () => {
  assertThrows(() => asCompleted([5 as never]), TypeError, "Cannot make a future");
  await sleep(0);
});
