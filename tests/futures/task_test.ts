/** `Task`: what it runs, when, and what it tells about itself. Cancelling is in `cancel_test.ts`. */
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
  allTasks,
  type Context,
  copyContext,
  coroutine,
  createTask,
  currentTask,
  ensureFuture,
  Future,
  InvalidStateError,
  KeyboardInterrupt,
  RuntimeError,
  sleep,
  Task,
} from "../../futures/mod.ts";
import { run } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import {
  collectGarbage,
  errorOf,
  type Program,
  testAsync,
  testLoop,
  testProgram,
} from "../_helpers.ts";

// ---- Running --------------------------------------------------------------------------------------

testProgram("Task runs its coroutine and gives its result", function* (t) {
  const inner1 = function* () {
    yield* t.wait(sleep(1));
    return 42;
  };
  const inner2 = function* () {
    yield* t.wait(sleep(0));
    return 1000;
  };
  const task = createTask(t.work(function* () {
    return (yield* t.call(inner1)) + (yield* t.call(inner2));
  }));
  assertFalse(task.done());
  assertStrictEquals(task.getLoop(), t.loop);
  assertEquals(yield* t.wait(task), 1042);
  assert(task.done());
  assertEquals(task.result(), 1042);
  assertEquals(task.exception(), undefined);
});

testProgram("Task starts with the next pass, after what was ready", function* (t) {
  const order: string[] = [];
  t.loop.callSoon(() => order.push("before"));
  const task = createTask(t.work(function* () {
    order.push("task");
    yield* t.wait(sleep(0));
    order.push("second step");
  }));
  t.loop.callSoon(() => order.push("after"));
  order.push("created");
  yield* t.wait(task);
  assertEquals(order, ["created", "before", "task", "after", "second step"]);
});

testProgram("Task ends with the exception of its coroutine", function* (t) {
  const error = new TypeError("no");
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    throw error;
  }));
  assertStrictEquals(yield* errorOf(t.wait(task)), error);
  assertStrictEquals(task.exception(), error);
  assertThrows(() => task.result(), TypeError, "no");
  assertFalse(task.cancelled());
});

testProgram("Task that throws in its first step fails as it would later", function* (t) {
  const error = new TypeError("at once");
  const task = createTask(t.work<void>(function* () {
    if (task !== undefined) throw error;
    yield* t.wait(sleep(0));
  }));
  yield* t.wait(sleep(0));
  assertStrictEquals(task.exception(), error);
});

testProgram("Tasks take their steps in turn", function* (t) {
  const order: string[] = [];
  const count = (name: string) =>
    t.work(function* () {
      for (let i = 0; i < 3; i++) {
        order.push(`${name}${i}`);
        yield* t.wait(sleep(0));
      }
    });
  const tasks = [createTask(count("a")), createTask(count("b")), createTask(count("c"))];
  for (const task of tasks) yield* t.wait(task);
  assertEquals(order, ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]);
});

testProgram("A nested coroutine runs inside the step that waits for it", function* (t) {
  const order: string[] = [];
  const leaf = function* () {
    order.push("leaf");
    yield* t.wait(sleep(0));
    order.push("leaf again");
    return 1;
  };
  const middle = function* () {
    order.push("middle");
    return (yield* t.call(leaf)) + 1;
  };
  const task = createTask(t.work(function* () {
    order.push("root");
    return (yield* t.call(middle)) + 1;
  }));
  yield* t.wait(sleep(0));
  assertEquals(order, ["root", "middle", "leaf"]);
  yield* t.wait(sleep(0));
  assertEquals(order, ["root", "middle", "leaf", "leaf again"]);
  assertEquals(yield* t.wait(task), 3);
});

testProgram("A coroutine that waits for nothing takes no pass", function* (t) {
  let passed = false;
  t.loop.callSoon(() => passed = true);
  let depth = 0;
  const descend = function* (): Program<number> {
    return ++depth < 50 ? yield* t.call(descend) : depth;
  };
  assertEquals(yield* t.call(descend), 50);
  assertFalse(passed);
  yield* t.wait(sleep(0));
});

testProgram("Generators in async functions in generators belong to one task", function* (t) {
  const order: string[] = [];
  const owners: unknown[] = [];
  const innermost = coroutine(function* (n: number) {
    owners.push(currentTask());
    yield* sleep(1);
    owners.push(currentTask());
    order.push("innermost");
    return n + 1;
  });
  async function between(n: number): Promise<number> {
    owners.push(currentTask());
    const result = await innermost(n + 1);
    owners.push(currentTask());
    await sleep(1);
    owners.push(currentTask());
    order.push("between");
    return result + 1;
  }
  const outer = coroutine(function* (n: number) {
    owners.push(currentTask());
    // A promise is no place where a generator may wait; a coroutine that awaits it is.
    const result = yield* ensureFuture(() => between(n + 1));
    order.push("outer");
    return result + 1;
  });
  const task = createTask(async () => await outer(0));
  assertEquals(yield* t.wait(task), 5);
  assertEquals(order, ["innermost", "between", "outer"]);
  const [outerOwner, ...others] = owners;
  assertStrictEquals(outerOwner, task as unknown);
  assertEquals(new Set(others).size, 1);
});

testAsync("A coroutine awaited in an async function belongs to the awaiting task", async () => {
  const main = currentTask();
  const owners: unknown[] = [];
  const inner = coroutine(function* () {
    owners.push(currentTask());
    yield* sleep(1);
    owners.push(currentTask());
  });
  const outer = coroutine(function* () {
    owners.push(currentTask());
    yield* inner();
    owners.push(currentTask());
  });
  await outer();
  assertEquals(owners.length, 4);
  for (const owner of owners) assertStrictEquals(owner, main);
});

testLoop("The running task is finished before its waiters are called", async ({ loop }) => {
  const seen: unknown[] = [];
  const task = loop.createTask(function* () {
    yield* sleep(0);
    return "x";
  });
  task.addDoneCallback((done) => seen.push(done.result(), currentTask()));
  await loop.runUntilComplete(task);
  assertEquals(seen, ["x", undefined]);
});

// ---- What it can be made of -----------------------------------------------------------------------

testAsync("createTask() takes every kind of coroutine", async () => {
  const made = coroutine(function* (x: number) {
    yield* sleep(0);
    return x;
  });
  assertEquals(await createTask(made(1)), 1);
  assertEquals(await createTask(sleep(1, "slept")), "slept");
  assertEquals(
    await createTask(async () => {
      await sleep(0);
      return 2;
    }),
    2,
  );
  assertEquals(
    await createTask(function* () {
      yield* sleep(0);
      return 3;
    }),
    3,
  );
  const generator = (function* () {
    yield* sleep(0);
    return 4;
  })();
  assertEquals(await createTask(generator), 4);
  assertEquals(await createTask(() => made(5)), 5);
  assertEquals(await createTask(() => sleep(1, 6)), 6);
  assertEquals(await createTask(() => Promise.resolve(7)), 7);
});

testAsync("Task of a function that returns a future waits for the future", async ({ loop }) => {
  const future = loop.createFuture<number>();
  const task = createTask(() => future);
  await sleep(0);
  assertFalse(task.done());
  future.setResult(1);
  assertEquals(await task, 1);
});

testAsync("Task of a function that returns another thenable waits for it", async () => {
  const thenable: PromiseLike<string> = {
    then: (onFulfilled) => Promise.resolve("from afar").then(onFulfilled),
  };
  assertEquals(await createTask(() => thenable), "from afar");
});

testAsync("Task of a function that returns nothing to wait for fails and says so", async () => {
  function plain() {
    return 42;
  }
  const task = createTask(plain as never);
  const error = await assertRejects(async () => await task, TypeError);
  assertEquals(
    error.message,
    "Cannot run function plain as a task: it must return a promise or a coroutine, got 42",
  );
});

testAsync("Task of a function that throws fails with that", async () => {
  const task = createTask(() => {
    throw new RangeError("sync");
  });
  await assertRejects(async () => await task, RangeError, "sync");
});

testLoop("createTask() refuses what is no coroutine, and says what to do", ({ loop }) => {
  const refuse = (coro: unknown) =>
    assertThrows(() => loop.createTask(coro as never), TypeError).message;
  assertEquals(
    refuse(Promise.resolve()),
    "Cannot make a task: a promise runs already and cannot be cancelled; pass the function, as in " +
      "createTask(() => work()), or wrap the promise with ensureFuture(promise)",
  );
  assertMatch(refuse(loop.createFuture()), /<Future pending> is a future already/);
  for (const coro of [123, "x", null, undefined, {}, [sleep(0)]]) {
    assertMatch(refuse(coro), /^Cannot make a task: a coroutine or an async function is needed, /);
  }
  assertEquals(allTasks(loop).size, 0);
});

testLoop("createTask() does not take a coroutine twice", async ({ loop }) => {
  const coro = sleep(1, "once");
  const task = loop.createTask(coro);
  assertThrows(
    () => loop.createTask(coro),
    RuntimeError,
    "Cannot await <coroutine sleep> again: a coroutine runs once",
  );
  assertEquals(await loop.runUntilComplete(task), "once");
  assertEquals(allTasks(loop).size, 0);
});

Deno.test("createTask() outside of a loop is an error, and does not use the coroutine up", () => {
  const coro = sleep(0);
  assertThrows(() => createTask(coro), RuntimeError, "no event loop is running");
  const loop = new SimulatedEventLoop();
  loop.createTask(coro).cancel();
  loop.close();
});

testLoop("Task's constructor takes the loop, for loop authors", async ({ loop }) => {
  const context = copyContext();
  const task = new Task(
    function* () {
      yield* sleep(0);
      return 1;
    },
    { loop, name: "mine", context },
  );
  assertStrictEquals(task.getLoop(), loop);
  assertStrictEquals(task.getContext(), context);
  assertEquals(task.getName(), "mine");
  assert(allTasks(loop).has(task));
  assertEquals(await loop.runUntilComplete(task), 1);
});

Deno.test("Task's constructor without a loop, while none is running, is an error", () => {
  assertThrows(() => new Task(async () => {}), RuntimeError, "no event loop is running");
});

testLoop("A subclass of Task runs as a task", async ({ loop }) => {
  class Named<T> extends Task<T> {
    override getName(): string {
      return `named ${super.getName()}`;
    }
  }
  const task = new Named(async () => await sleep(1, "x"), { loop, name: "a" });
  assertEquals(await loop.runUntilComplete(task), "x");
  assertMatch(String(task), /^<Named finished result="x" name='named a'/);
});

// ---- Mistakes in what it waits for ----------------------------------------------------------------

testProgram("A task that waits for itself is told so", function* (t) {
  const error: unknown[] = [];
  const task: Task<void> = createTask(t.work(function* () {
    error.push(yield* errorOf(t.wait(task)));
  }));
  yield* t.wait(task);
  assertInstanceOf(error[0], RuntimeError);
  assertMatch(error[0].message, /^A task cannot await itself: <Task pending/);
});

testProgram("A future of another loop cannot be waited for, and stays as it is", function* (t) {
  const other = new SimulatedEventLoop();
  const future = other.createFuture<number>();
  const error = yield* errorOf(t.wait(future));
  assertInstanceOf(error, RuntimeError);
  assertMatch(
    error.message,
    /^Task <Task .*> cannot await <Future pending>: the future is attached to a different loop$/,
  );
  assertFalse(future.done());
  other.close();
});

testAsync("A coroutine that yields what is no future is told what it did", async () => {
  const work = sleep(1);
  const bad = async (program: () => Generator<unknown, unknown, unknown>) =>
    (await assertRejects(
      async () => await createTask(program as () => Program<unknown>),
      RuntimeError,
    ))
      .message;
  assertMatch(
    await bad(function* () {
      yield 5;
    }),
    /^Task <Task .*> got a bad yield: 5$/,
  );
  assertMatch(
    await bad(function* () {
      yield Promise.resolve();
    }),
    /got a bad yield: a promise; wait for a promise with yield\* ensureFuture\(promise\)$/,
  );
  assertMatch(
    await bad(function* () {
      yield work;
    }),
    /got a bad yield: <coroutine sleep>; use yield\* instead of yield$/,
  );
  assertMatch(
    await bad(function* () {
      yield (function* () {})();
    }),
    /got a bad yield: .*; use yield\* instead of yield$/,
  );
  assertMatch(
    await bad(function* () {
      yield [1];
    }),
    /got a bad yield: an array of 1$/,
  );
  assertMatch(
    await bad(function* () {
      yield null;
    }),
    /got a bad yield: null$/,
  );
  const future = new Future();
  assertMatch(
    await bad(function* () {
      yield future;
    }),
    /^Task <Task .*> used yield instead of yield\* with <Future pending>$/,
  );
  assertFalse(future.done());
  work.close();
});

testAsync("A coroutine that yields wrongly can catch that and go on", async () => {
  const task = createTask(function* () {
    try {
      yield 5 as never;
    } catch (error) {
      yield* sleep(1);
      return String(error);
    }
  });
  assertMatch((await task)!, /^RuntimeError: .* got a bad yield: 5$/);
});

testAsync("An async function that awaits a coroutine is told of its wrong yields", async () => {
  const wrong = coroutine(function* () {
    yield "text" as never;
  });
  const error = await assertRejects(async () => await wrong(), RuntimeError);
  assertMatch(error.message, /^Task <Task .*> got a bad yield: "text"$/);
});

// ---- What it tells --------------------------------------------------------------------------------

testLoop("Task has no setters, but ends as its coroutine does", async ({ loop }) => {
  const task = loop.createTask(sleep(1, "ko"));
  assertThrows(() => (task as Future<string>).setResult("ok"), RuntimeError, "result of a task");
  assertThrows(() => task.setException(new TypeError()), RuntimeError, "exception of a task");
  assertEquals(await loop.runUntilComplete(task), "ko");
});

testLoop("A task that was finished from outside refuses its next step", async (t) => {
  const { loop } = t;
  const task = loop.createTask(sleep(0, 10));
  Future.prototype.setResult.call(task, "spam");
  assertEquals(await loop.runUntilComplete(task as Task<unknown>), "spam");
  const [report, ...more] = t.takeReports();
  assertEquals(more, []);
  assertInstanceOf(report!.exception, InvalidStateError);
  assertMatch(report!.exception.message, /^Cannot step <Task finished .*: it is already done$/);
  // It is not unlinked, since it did not end by itself.
  await loop.runUntilComplete(sleep(0));
  for (const left of allTasks(loop)) assertStrictEquals(left, task);
});

testLoop("Task.getCoro() and Task.getContext() give what it was made of", async ({ loop }) => {
  const coro = sleep(0);
  const context: Context = copyContext();
  const task = loop.createTask(coro, { context });
  await loop.runUntilComplete(task);
  assertStrictEquals(task.getCoro(), coro);
  assertStrictEquals(task.getContext(), context);
  const fn = async () => {};
  const other = loop.createTask(fn);
  await loop.runUntilComplete(other);
  assertStrictEquals(other.getCoro(), fn);
});

testAsync("Task names count up, and can be given and changed", async () => {
  const number = (task: Task<unknown>) => Number(/^Task-(\d+)$/.exec(task.getName())![1]);
  const first = createTask(sleep(0));
  const second = createTask(sleep(0));
  assert(number(first) < number(second));
  assertEquals(first.getName(), first.getName());
  const named = createTask(sleep(0), { name: "reader" });
  assertEquals(named.getName(), "reader");
  named.setName("writer");
  assertEquals(named.getName(), "writer");
  named.setName(987);
  assertEquals(named.getName(), "987");
  const numbered = createTask(sleep(0), { name: 123456789 as never });
  assertEquals(numbered.getName(), "123456789");
  for (const task of [first, second, named, numbered]) await task;
});

testProgram("Task.toString() follows its life", function* (t) {
  const notmuch = coroutine(function* notmuch() {
    yield* sleep(1);
    return "abc";
  });
  const task = createTask(notmuch(), { name: "test" });
  assertEquals(String(task), "<Task pending name='test' coro=<coroutine notmuch>>");
  yield* t.wait(sleep(0));
  assertEquals(
    String(task),
    "<Task pending name='test' coro=<coroutine notmuch> waitFor=<Future pending>>",
  );
  task.cancel();
  assertMatch(String(task), /^<Task cancelling pending name='test' coro=<coroutine notmuch>/);
  yield* errorOf(t.wait(task));
  assertEquals(String(task), "<Task cancelled name='test' coro=<coroutine notmuch>>");
  const finished = createTask(notmuch(), { name: "test" });
  yield* t.wait(finished);
  assertEquals(
    String(finished),
    `<Task finished result="abc" name='test' coro=<coroutine notmuch>>`,
  );
  assertEquals(Deno.inspect(finished), String(finished));
});

testAsync("Task.toString() of an async function names the function", async () => {
  async function work() {
    await sleep(1);
  }
  const task = createTask(work, { name: "w" });
  assertEquals(String(task), "<Task pending name='w' coro=function work>");
  await task;
});

testAsync("Task.getStack() has the frames of its exception, the last call at the end", async () => {
  function deep(): never {
    throw new TypeError("deep");
  }
  async function work() {
    await sleep(0);
    deep();
  }
  const task = createTask(work);
  await assertRejects(async () => await task);
  const stack = task.getStack();
  assertMatch(stack.at(-1)!, /^at deep .*task_test\.ts/);
  assertMatch(stack.at(-2)!, /^at .*work .*task_test\.ts/);
  assertEquals(task.getStack(1), stack.slice(-1));
  assertEquals(task.getStack(0), []);
  const printed: string[] = [];
  task.printStack({ print: (text) => printed.push(text) });
  assertMatch(printed[0]!, /^Traceback for <Task finished exception=TypeError: deep/);
  assertMatch(printed[0]!, /\n {2}at deep .*$/);
});

testAsync("Task.getStack() of a waiting task tells where it was made, in debug mode", async (t) => {
  const task = createTask(sleep(1));
  const stack = task.getStack();
  if (t.loop.getDebug()) {
    assertMatch(stack.at(-1)!, /^at .*task_test\.ts/);
  } else assertEquals(stack, []);
  await task;
  assertEquals(task.getStack(), []);
  const printed: string[] = [];
  task.printStack({ print: (text) => printed.push(text) });
  assertEquals(printed, [`No stack for ${task}`]);
});

// ---- Staying alive --------------------------------------------------------------------------------

Deno.test("A task that nobody refers to runs to its end", async () => {
  let ended = 0;
  await run(async () => {
    for (
      const work of [
        async () => {
          await sleep(20);
          ended++;
        },
        function* () {
          yield* sleep(20);
          ended++;
        },
      ]
    ) createTask(work);
    await sleep(1);
    await collectGarbage();
    await sleep(40);
  });
  assertEquals(ended, 2);
});

Deno.test("A task that waits for what nobody refers to is still there", async () => {
  await run(async () => {
    createTask(() => new Future<void>(), { name: "forgotten" });
    await sleep(0);
    await collectGarbage();
    const [task, ...more] = [...allTasks()].filter((task) => task !== currentTask());
    assertEquals(more, []);
    assertEquals((task as Task<void>).getName(), "forgotten");
  });
});

// ---- KeyboardInterrupt ----------------------------------------------------------------------------

for (
  const [kind, interrupted] of [
    ["a generator", function* () {
      yield* sleep(0);
      throw new KeyboardInterrupt();
    }],
    ["an async function", async () => {
      await sleep(0);
      throw new KeyboardInterrupt();
    }],
  ] as const
) {
  testLoop(`KeyboardInterrupt in ${kind} that nobody waits for ends the run`, async (t) => {
    const { loop } = t;
    const task = loop.createTask(interrupted as () => Program<void>);
    const main = loop.createTask(sleep(10));
    await assertRejects(() => loop.runUntilComplete(main), KeyboardInterrupt);
    assertEquals(loop.time(), 0);
    assertEquals(t.takeMessages(), ["Task exception was never retrieved"]);
    assertInstanceOf(task.exception(), KeyboardInterrupt);
    assertFalse(main.done());
    await loop.runUntilComplete(main);
  });

  testLoop(`KeyboardInterrupt in ${kind} ends the run, and is nobody's error`, async (t) => {
    const { loop } = t;
    let later = false;
    const task = loop.createTask(interrupted as () => Program<void>);
    loop.callLater(1, () => later = true);
    await assertRejects(() => loop.runUntilComplete(task), KeyboardInterrupt);
    assert(task.done());
    assertInstanceOf(task.exception(), KeyboardInterrupt);
    assertFalse(later);
    // The loop is as good as before.
    await loop.runUntilComplete(sleep(2));
    assert(later);
  });
}
