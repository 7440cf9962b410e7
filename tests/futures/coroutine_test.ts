/** `Coroutine` and `coroutine()`: lazy, used once, waited for in two ways. */
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
  Coroutine,
  coroutine,
  currentTask,
  Future,
  iscoroutine,
  iscoroutinefunction,
  RuntimeError,
  sleep,
} from "../../futures/mod.ts";
import { getRunningLoop } from "../../loop/mod.ts";
import {
  described,
  errorOf,
  passes,
  type Program,
  testAsync,
  testLoop,
  testProgram,
  type Waitable,
} from "../_helpers.ts";

Deno.test("A coroutine does nothing until it is waited for", () => {
  let ran = false;
  const work = coroutine(function* () {
    ran = true;
    yield* sleep(0);
  });
  work();
  assertFalse(ran);
});

testProgram("A coroutine gets its arguments and gives its result", function* (t) {
  const add = coroutine(function* (a: number, b: number) {
    yield* sleep(1);
    return a + b;
  });
  assertEquals(yield* t.wait(add(1, 2)), 3);
});

testProgram("A coroutine throws where it is waited for", function* (t) {
  // deno-lint-ignore require-yield
  const early = coroutine(function* (): Program<void> {
    throw new TypeError("early");
  });
  const late = coroutine(function* () {
    yield* sleep(1);
    throw new TypeError("late");
  });
  assertEquals(String(yield* errorOf(t.wait(early()))), "TypeError: early");
  assertEquals(String(yield* errorOf(t.wait(late()))), "TypeError: late");
});

testProgram("A coroutine runs in the task that waits for it", function* (t) {
  const task = currentTask();
  const who = coroutine(function* () {
    const before = currentTask();
    yield* sleep(0);
    assertStrictEquals(getRunningLoop(), t.loop as unknown);
    return [before, currentTask()];
  });
  for (const each of yield* t.wait(who())) assertStrictEquals(each, task);
});

testProgram("A coroutine is used once", function* (t) {
  const once = coroutine(function* once() {
    yield* sleep(0);
    return 1;
  })();
  assertEquals(yield* t.wait(once), 1);
  const error = yield* errorOf(t.wait(once));
  assertInstanceOf(error, RuntimeError);
  assertEquals(error.message, "Cannot await <coroutine once> again: a coroutine runs once");
  const slept = sleep(1);
  yield* t.wait(slept);
  assertInstanceOf(yield* errorOf(t.wait(slept)), RuntimeError);
});

testAsync("A coroutine that is awaited twice at once is refused the second time", async () => {
  const coro = sleep(5, "x");
  const first = (async () => await coro)();
  await assertRejects(async () => await coro, RuntimeError, "a coroutine runs once");
  assertEquals(await first, "x");
});

testProgram("A coroutine function keeps its this", function* (t) {
  class Counter {
    count = 40;
    add = coroutine(function* (this: Counter, n: number) {
      yield* sleep(0);
      return this.count += n;
    });
  }
  const counter = new Counter();
  assertEquals(yield* t.wait(counter.add(2)), 42);
});

Deno.test("coroutine() refuses what is no generator function", () => {
  for (const no of [async () => {}, () => {}, 5, undefined, (function* () {})()]) {
    assertThrows(() => coroutine(no as never), TypeError, "must be a generator function");
  }
});

Deno.test("A coroutine function and its coroutines have the generator function's name", () => {
  const fetchAll = coroutine(function* fetchAll() {});
  assertEquals(fetchAll.name, "fetchAll");
  assertEquals(coroutine(function* () {}).name, "");
  assertEquals(String(fetchAll()), "<coroutine fetchAll>");
  assertEquals(Deno.inspect(fetchAll()), "<coroutine fetchAll>");
  assertEquals(String(coroutine(function* () {})()), "<coroutine coroutine>");
  assertEquals(String(sleep(1)), "<coroutine sleep>");
});

// ---- close() --------------------------------------------------------------------------------------

testProgram("Coroutine.close() before use keeps it from running", function* (t) {
  let ran = false;
  const coro = coroutine(function* () {
    ran = true;
    yield* sleep(0);
  })();
  coro.close();
  coro.close();
  assertInstanceOf(yield* errorOf(t.wait(coro)), RuntimeError);
  assertFalse(ran);
});

Deno.test("Coroutine.close() runs the finally blocks of one that is suspended", () => {
  const order: string[] = [];
  const coro = coroutine(function* () {
    try {
      yield undefined;
      order.push("never");
    } finally {
      order.push("finally");
    }
  })();
  coro[Symbol.iterator]().next();
  coro.close();
  assertEquals(order, ["finally"]);
});

Deno.test("Coroutine.close() of one that goes on regardless is an error", () => {
  const coro = coroutine(function* stubborn() {
    try {
      yield undefined;
    } finally {
      yield undefined;
    }
  })();
  coro[Symbol.iterator]().next();
  assertThrows(
    () => coro.close(),
    RuntimeError,
    "Cannot close <coroutine stubborn>: it ignores being closed",
  );
});

// ---- Outside of a loop ----------------------------------------------------------------------------

Deno.test("A coroutine can be awaited outside of a loop as long as it needs none", async () => {
  // deno-lint-ignore require-yield
  const five = coroutine(function* (): Program<number> {
    return 5;
  });
  assertEquals(await five(), 5);
});

Deno.test("A coroutine that needs a loop says so when it is awaited outside", async () => {
  await assertRejects(async () => await sleep(1), RuntimeError, "no event loop is running");
  await assertRejects(async () => await sleep(0), RuntimeError, "no event loop is running");
  await assertRejects(async () => await passes(1), RuntimeError, "no event loop is running");
});

testLoop("A coroutine awaited outside waits for a future of a loop", async ({ loop }) => {
  const future = loop.createFuture<number>();
  const outside = coroutine(function* () {
    return (yield* future) + 1;
  })();
  const result = (async () => await outside)();
  loop.callSoon(() => future.setResult(1));
  await loop.runUntilComplete(future);
  assertEquals(await result, 2);
});

// ---- Of one's own ---------------------------------------------------------------------------------

testProgram("A coroutine class of one's own is waited for both ways", function* (t) {
  class Twice extends Coroutine<string> {
    protected override *_start(): Program<string> {
      yield* sleep(1);
      yield* sleep(1);
      return "twice";
    }
  }
  assertEquals(yield* t.wait(new Twice()), "twice");
  assertEquals(t.loop.time(), 2);
  assertEquals(described(new Twice()), "<coroutine Twice>");
});

testProgram(
  "An iterator written by hand that forgets throw() fails with what is thrown",
  function* (t) {
    class Bare extends Coroutine<void> {
      protected override _start(): Iterator<undefined, void, unknown> {
        return { next: () => ({ value: undefined, done: false }) };
      }
    }
    const task = t.loop.createTask(new Bare());
    yield* t.wait(sleep(0));
    task.cancel();
    // Which error it is does not matter as long as the task ends.
    yield* errorOf(t.wait(task as unknown as Waitable<void> & PromiseLike<void>));
    assert(task.done());
  },
);

// ---- What counts as one ---------------------------------------------------------------------------

Deno.test("iscoroutine() knows coroutines and generators", () => {
  const generator = (function* () {})();
  assert(iscoroutine(sleep(1)));
  assert(iscoroutine(coroutine(function* () {})()));
  assert(iscoroutine(generator));
  const no = [
    async () => {},
    function* () {},
    Promise.resolve(),
    [][Symbol.iterator](),
    (async function* () {})(),
    null,
    undefined,
    5,
    "text",
    {},
  ];
  for (const each of no) assertFalse(iscoroutine(each), String(each));
});

testLoop("iscoroutine() says no to futures and tasks", async ({ loop }) => {
  const task = loop.createTask(sleep(0));
  assertFalse(iscoroutine(task));
  assertFalse(iscoroutine(new Future({ loop })));
  await loop.runUntilComplete(task);
});

Deno.test("iscoroutinefunction() knows what makes coroutines", () => {
  class Methods {
    async one() {}
    *two() {}
    three() {}
  }
  const { one, two, three } = new Methods();
  for (
    const yes of [
      coroutine(function* () {}),
      async () => {},
      async function () {},
      function* () {},
      one,
      two,
      (async () => {}).bind(null),
    ]
  ) assert(iscoroutinefunction(yes), String(yes));
  for (
    const no of [
      () => {},
      three,
      async function* () {},
      () => Promise.resolve(),
      sleep(1),
      Promise.resolve(),
      (function* () {})(),
      5,
      null,
      undefined,
      class {},
    ]
  ) assertFalse(iscoroutinefunction(no), String(no));
});

testAsync(
  "An async function that awaits many things that are there is not interrupted",
  async (t) => {
    const order: string[] = [];
    const ready = t.loop.createFuture<number>();
    ready.setResult(1);
    const task = t.loop.createTask(async () => {
      for (let i = 0; i < 500; i++) await ready;
      order.push("task");
    });
    t.loop.callSoon(() => void order.push("callback"));
    await task;
    assertEquals(order, ["task", "callback"]);
  },
);
