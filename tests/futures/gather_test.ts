/** `gather()`. The order of events is in `tests/upstream/order_test.ts`. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  allTasks,
  CancelledError,
  coroutine,
  createTask,
  type Future,
  gather,
  RuntimeError,
  sleep,
  Task,
} from "../../futures/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { errorOf, passes, testAsync, testLoop, testProgram } from "../_helpers.ts";

testProgram("gather() gives the results in the order of its arguments", function* (t) {
  const [a, b, c] = [1, 2, 3].map(() => t.loop.createFuture<number>()) as [
    Future<number>,
    Future<number>,
    Future<number>,
  ];
  const outer = gather(a, b, c);
  let called = 0;
  outer.addDoneCallback(() => called++);
  b.setResult(1);
  a.setResult(2);
  yield* t.wait(passes(3));
  assertFalse(outer.done());
  c.setResult(3);
  yield* t.wait(passes(3));
  assertEquals(outer.result(), [2, 1, 3]);
  assertEquals(called, 1);
});

testProgram("gather() takes everything that can be waited for", function* (t) {
  const future = t.loop.createFuture<string>();
  future.setResult("future");
  const made = coroutine(function* () {
    yield* sleep(1);
    return "coroutine";
  });
  const results = yield* t.wait(gather(
    future,
    createTask(() => sleep(1, "task")),
    made(),
    sleep(3, "sleep"),
    async () => await sleep(2, "async function"),
    function* () {
      yield* sleep(1);
      return "generator function";
    },
    Promise.resolve("promise"),
    t.work(function* () {
      yield* t.wait(sleep(0));
      return "program";
    }),
  ));
  assertEquals(results, [
    "future",
    "task",
    "coroutine",
    "sleep",
    "async function",
    "generator function",
    "promise",
    "program",
  ]);
  assertEquals(t.loop.time(), 3);
});

testProgram("gather() of nothing is an empty list", function* (t) {
  assertEquals(yield* t.wait(gather()), []);
  assertEquals(yield* t.wait(gather({ returnExceptions: true })), []);
});

testProgram(
  "gather() runs a coroutine once that it is given more than once, and a function each time",
  function* (t) {
    let runs = 0;
    const once = coroutine(function* () {
      yield* sleep(1);
      return ++runs;
    })();
    const fn = async () => {
      await sleep(1);
      return `fn${++runs}`;
    };
    assertEquals(yield* t.wait(gather(once, once, sleep(0, "x"), once, fn, fn)), [
      1,
      1,
      "x",
      1,
      "fn2",
      "fn3",
    ]);
  },
);

testProgram("gather() ends with the first exception, and the others go on", function* (t) {
  const done: string[] = [];
  const part = (name: string, delay: number, error?: Error) =>
    t.work(function* () {
      yield* t.wait(sleep(delay));
      done.push(name);
      if (error !== undefined) throw error;
    });
  const error = new TypeError("b");
  const outer = gather(
    part("a", 1),
    part("b", 2, error),
    part("c", 3),
    part("d", 4, new RangeError()),
  );
  assertStrictEquals(yield* errorOf(t.wait(outer)), error);
  assertEquals(done, ["a", "b"]);
  assertStrictEquals(outer.exception(), error);
  yield* t.wait(sleep(10));
  // The later failure was asked for, so nothing is reported.
  assertEquals(done, ["a", "b", "c", "d"]);
});

testProgram("gather() with returnExceptions gives them as results", function* (t) {
  const [one, two] = [new TypeError("one"), new RangeError("two")];
  const [a, b, c, d] = Array.from({ length: 4 }, () => t.loop.createFuture<number>()) as [
    Future<number>,
    Future<number>,
    Future<number>,
    Future<number>,
  ];
  const outer = gather(a, b, c, d, { returnExceptions: true });
  b.setResult(1);
  c.setException(one);
  a.setResult(3);
  yield* t.wait(passes(3));
  assertFalse(outer.done());
  d.setException(two);
  assertEquals(yield* t.wait(outer), [3, 1, one, two]);
});

testProgram("gather() treats a thrown undefined as an exception", function* (t) {
  const failing = () =>
    t.work(function* () {
      yield* t.wait(sleep(1));
      throw undefined;
    });
  let caught: unknown = "nothing";
  try {
    yield* t.wait(gather(sleep(5, 1), failing()));
  } catch (error) {
    caught = error;
  }
  assertEquals(caught, undefined);
  assertEquals(t.loop.time(), 1);
  assertEquals(
    yield* t.wait(gather(sleep(5, 1), failing(), { returnExceptions: true })),
    [1, undefined] as unknown[],
  );
  yield* t.wait(sleep(10));
});

testProgram("gather() with a cancelled child fails with CancelledError", function* (t) {
  const [a, b, c] = Array.from({ length: 3 }, () => t.loop.createFuture<number>()) as [
    Future<number>,
    Future<number>,
    Future<number>,
  ];
  const outer = gather(a, b, c);
  a.setResult(1);
  b.cancel("child");
  const error = yield* errorOf(t.wait(outer));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "child");
  assertFalse(outer.cancelled());
  assertInstanceOf(outer.exception(), CancelledError);
  assertFalse(c.done());
  c.cancel();
});

testProgram("gather() with returnExceptions and a cancelled child goes on", function* (t) {
  const [a, b, c] = Array.from({ length: 3 }, () => t.loop.createFuture<number>()) as [
    Future<number>,
    Future<number>,
    Future<number>,
  ];
  const outer = gather(a, b, c, { returnExceptions: true });
  a.cancel();
  yield* t.wait(passes(2));
  assertFalse(outer.done());
  b.setResult(2);
  c.cancel();
  const [first, second, third] = yield* t.wait(outer);
  assertInstanceOf(first, CancelledError);
  assertEquals(second, 2);
  assertInstanceOf(third, CancelledError);
});

testProgram("Cancelling what waits for gather() cancels all its children", function* (t) {
  const waiter = t.loop.createFuture<void>();
  const children = [1, 2].map(() =>
    createTask(t.work(function* () {
      yield* t.wait(waiter);
    }))
  );
  let outer: Future<unknown> | undefined;
  const task = createTask(t.work(function* () {
    outer = gather(...children);
    yield* t.wait(outer);
  }));
  yield* t.wait(sleep(0));
  assert(task.cancel("all"));
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "all");
  assertFalse(outer!.cancel());
  assert(waiter.cancelled());
  for (const child of children) assert(child.cancelled());
});

testProgram("Cancelling gather() with returnExceptions cancels its waiter", function* (t) {
  const task = createTask(t.work(function* () {
    for (;;) yield* t.wait(gather(sleep(50), { returnExceptions: true }));
  }));
  yield* t.wait(sleep(120));
  task.cancel("my message");
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "my message");
  assertEquals(t.loop.time(), 120);
});

testProgram("gather() cannot be cancelled once its children are done", function* (t) {
  const future = t.loop.createFuture<number>();
  const outer = gather(t.work(function* () {
    return yield* t.wait(future);
  }));
  yield* t.wait(sleep(0));
  const results: boolean[] = [];
  // Called when the child task has its result, and before the outer future hears of it.
  future.addDoneCallback(() => results.push(outer.cancel()));
  future.setResult(42);
  yield* t.wait(outer);
  assertEquals(results, [false]);
  assertFalse(outer.cancelled());
  assertEquals(outer.result(), [42]);
});

testProgram("gather() of gather()s cancels down to the leaves", function* (t) {
  const leaves = Array.from({ length: 4 }, () => t.loop.createFuture<void>());
  const outer = gather(gather(leaves[0]!, leaves[1]!), gather(leaves[2]!, leaves[3]!));
  const task = createTask(t.work(function* () {
    yield* t.wait(outer);
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  yield* errorOf(t.wait(task));
  for (const leaf of leaves) assert(leaf.cancelled());
});

testLoop("gather() refuses futures of different loops", ({ loop }) => {
  const other = new SimulatedEventLoop();
  assertThrows(() => gather(loop.createFuture(), other.createFuture()), RangeError, "a loop other");
  other.close();
});

testLoop("gather() of futures needs no running loop", async ({ loop }) => {
  const future = loop.createFuture<number>();
  const outer = gather(future);
  assertStrictEquals(outer.getLoop(), loop);
  future.setResult(1);
  assertEquals(await loop.runUntilComplete(outer), [1]);
});

Deno.test("gather() outside of a loop is an error", () => {
  assertThrows(() => gather(), RuntimeError, "no event loop is running");
  assertThrows(() => gather(sleep(1)), RuntimeError, "no event loop is running");
  assertThrows(() => gather(Promise.resolve()), RuntimeError, "no event loop is running");
});

testAsync("gather() refuses what cannot be waited for", async () => {
  for (const bad of [5, "text", null, undefined]) {
    const [first, last] = [sleep(0), sleep(1)];
    assertThrows(() => gather(first, bad as never, last), TypeError);
    last.close();
  }
  // Only the last argument can be options.
  const last = sleep(0);
  assertThrows(() => gather({ returnExceptions: true } as never, last), TypeError);
  last.close();
  await passes(3);
  for (const task of allTasks()) if (String(task).includes("sleep")) task.cancel();
  await passes(3);
});

testAsync("gather() of promises gives their values and errors", async () => {
  assertEquals(await gather(Promise.resolve(1), Promise.resolve("2")), [1, "2"]);
  await assertRejects(async () => await gather(Promise.reject(new TypeError("no"))), TypeError);
  const [error] = await gather(Promise.reject(new TypeError("no")), { returnExceptions: true });
  assertInstanceOf(error, TypeError);
});

testProgram("gather() counts a child once that ends while others are made", function* (t) {
  const first = t.loop.createFuture<string>();
  const last = t.loop.createFuture<string>();
  t.loop.setTaskFactory((loop, coro, options) =>
    new Task(coro, { ...options, loop, eagerStart: true })
  );
  const outer = gather(
    first,
    t.work(function* () {
      first.setResult("first");
      yield* t.wait(sleep(1));
      return "eager";
    }),
    last,
  );
  yield* t.wait(sleep(2));
  assertFalse(outer.done());
  last.setResult("last");
  assertEquals(yield* t.wait(outer), ["first", "eager", "last"]);
});

testProgram("gather() of ten thousand", function* (t) {
  const results = yield* t.wait(
    gather(...Array.from({ length: 10_000 }, (_, i) => sleep(i % 7, i))),
  );
  assertEquals(results.length, 10_000);
  assert(results.every((result, i) => result === i));
}, { debug: false });

testAsync("gather() of an array, or of another collection, says to spread it", async () => {
  const wait = createTask(sleep(1));
  for (const inputs of [[[wait]], [[wait], { returnExceptions: true }], [wait, [wait]], [[]]]) {
    assertThrows(
      () => gather(...inputs as never[]),
      TypeError,
      "what is waited for is given one by one, as in gather(...array)",
    );
  }
  assertThrows(() => gather(new Set([wait]) as never), TypeError, "gather(...array)");
  await wait;
});
