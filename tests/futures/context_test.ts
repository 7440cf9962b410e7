/** Context variables: in contexts by themselves, in callbacks, in tasks of both kinds. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  Context,
  ContextVar,
  copyContext,
  coroutine,
  createTask,
  currentTask,
  ensureFuture,
  gather,
  RuntimeError,
  sleep,
  type Task,
  Token,
} from "../../futures/mod.ts";
import { DenoEventLoop, getRunningLoop, type Handle } from "../../loop/mod.ts";
import {
  errorOf,
  hostTurn,
  microtasks,
  testAsync,
  testLoop,
  testProgram,
  testRealLoop,
} from "../_helpers.ts";

/** Tests in a context of its own, so that nothing is left in the outermost one. */
function testContext(name: string, body: () => void): void {
  Deno.test(name, () => new Context().run(body));
}

// ---- Variables ------------------------------------------------------------------------------------

Deno.test("ContextVar has a name, which must be a string", () => {
  assertEquals(new ContextVar("aaa").name, "aaa");
  for (const no of [1, undefined, null, {}]) {
    assertThrows(() => new ContextVar(no as never), TypeError, "name must be a string");
  }
});

testContext("ContextVar.get() without a value throws, or gives the fallback or the default", () => {
  const bare = new ContextVar<number>("bare");
  assertThrows(() => bare.get(), ReferenceError, "'bare'");
  assertEquals(bare.get(5), 5);
  const withDefault = new ContextVar<number>("withDefault", { defaultValue: 1 });
  assertEquals(withDefault.get(), 1);
  assertEquals(withDefault.get(5), 5);
  const undefinedDefault = new ContextVar<undefined>("u", { defaultValue: undefined });
  assertEquals(undefinedDefault.get(), undefined);
  const noDefault = new ContextVar<undefined>("n", {});
  assertThrows(() => noDefault.get(), ReferenceError);
});

testContext("ContextVar.set() and reset() nest", () => {
  const c = new ContextVar<unknown>("c");
  const first = c.set(42);
  assertEquals(c.get(), 42);
  assertEquals(c.get("fallback"), 42);
  assertStrictEquals(first.oldValue, Token.MISSING);
  assertStrictEquals(first.var, c);
  const second = c.set("spam");
  assertEquals(c.get(), "spam");
  assertEquals(second.oldValue, 42);
  c.reset(second);
  assertEquals(c.get(), 42);
  c.set("spam2");
  assertThrows(() => c.reset(second), RuntimeError, "used already");
  assertEquals(c.get(), "spam2");
  const copy = copyContext();
  c.reset(first);
  assertThrows(() => c.reset(first), RuntimeError, "used already");
  assertThrows(() => c.get(), ReferenceError);
  assertEquals(copy.get(c), "spam2");
});

testContext("ContextVar can hold undefined, and then has a value", () => {
  const c = new ContextVar<number | undefined>("c", { defaultValue: 1 });
  const token = c.set(undefined);
  assertEquals(c.get(), undefined);
  assertEquals(c.get(5), undefined);
  assert(copyContext().has(c as ContextVar<unknown>));
  const inner = c.set(2);
  assertEquals(inner.oldValue, undefined);
  c.reset(inner);
  assertEquals(c.get(), undefined);
  c.reset(token);
  assertEquals(c.get(), 1);
});

testContext("ContextVar.reset() refuses tokens of others", () => {
  const one = new ContextVar<number>("one");
  const two = new ContextVar<number>("two");
  const token = one.set(42);
  assertThrows(() => two.reset(token), RangeError, "the token is of 'one'");
  const foreign = new Context().run(() => one.set(1));
  assertThrows(() => one.reset(foreign), RangeError, "a different context");
  assertThrows(() => one.reset({} as never), TypeError, "no Token");
  assertEquals(one.get(), 42);
  one.reset(token);
});

testContext("ContextVar.get() sees each change at once, in whatever context", () => {
  // Values are cached by version of the context.
  const c = new ContextVar<number>("c", { defaultValue: 0 });
  const contexts = [new Context(), new Context(), copyContext()];
  for (let round = 1; round < 4; round++) {
    for (const [i, context] of contexts.entries()) {
      context.run(() => {
        assertEquals(c.get(), round === 1 ? 0 : (round - 1) * 10 + i);
        c.set(round * 10 + i);
        assertEquals(c.get(), round * 10 + i);
      });
      assertEquals(c.get(), 0);
    }
  }
});

// ---- Contexts -------------------------------------------------------------------------------------

testContext("Context is empty at first, and lists what is set in it", () => {
  const context = new Context();
  assertEquals(context.size, 0);
  const c = new ContextVar<string>("c");
  assertEquals(context.get(c), undefined);
  assertFalse(context.has(c as ContextVar<unknown>));
  context.run(() => c.set("x"));
  assertEquals(context.size, 1);
  assertEquals(context.get(c), "x");
  assert(context.has(c as ContextVar<unknown>));
  assertEquals([...context], [c as ContextVar<unknown>]);
  assertEquals([...context.keys()], [c as ContextVar<unknown>]);
  assertEquals([...context.values()], ["x"]);
  assertEquals([...context.entries()], [[c as ContextVar<unknown>, "x"]]);
});

testContext("Context.run() passes arguments, result and errors", () => {
  const context = new Context();
  assertEquals(context.run((...args: number[]) => args), []);
  assertEquals(context.run((a: number, b: string) => `${a}${b}`, 1, "b"), "1b");
  const error = new TypeError("inside");
  assertStrictEquals(
    assertThrows(() =>
      context.run(() => {
        throw error;
      })
    ),
    error,
  );
  // It is not left entered.
  assertEquals(context.run(() => 1), 1);
});

testContext("Context.run() keeps what is set inside to the context", () => {
  const outer = new Context();
  const inner = new Context();
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const returned = outer.run(() => {
    assertEquals(c.get(), "none");
    c.set("spam");
    inner.run(() => assertEquals(c.get(), "none"));
    assertEquals(c.get(), "spam");
    return copyContext();
  });
  assertEquals(c.get(), "none");
  assertEquals(outer.get(c), "spam");
  assertEquals(returned.get(c), "spam");
  assertThrows(() =>
    outer.run(() => {
      c.set("kept");
      throw new TypeError();
    })
  );
  assertEquals(outer.get(c), "kept");
  assertEquals(c.get(), "none");
});

testContext("Context.run() refuses a context that is entered", () => {
  const context = new Context();
  context.run(() => {
    assertThrows(() => context.run(() => {}), RuntimeError, "already entered");
    new Context().run(() => {
      assertThrows(() => context.run(() => {}), RuntimeError, "already entered");
    });
  });
});

testContext("Context.copy() and copyContext() are independent of the original", () => {
  const c = new ContextVar<number>("c", { defaultValue: 42 });
  const one = new Context();
  one.run(() => {
    c.set(10);
    const two = one.copy();
    const three = copyContext();
    c.set(20);
    assertEquals([one.get(c), two.get(c), three.get(c)], [20, 10, 10]);
    two.run(() => {
      assertEquals(c.get(), 10);
      c.set(30);
    });
    assertEquals([one.get(c), two.get(c), three.get(c)], [20, 30, 10]);
    three.run(() => c.reset(c.set(5)));
    assertEquals(three.get(c), 10);
  });
  assertNotStrictEquals(copyContext(), copyContext());
});

testContext("A copy of a context copies no values: an object in it is shared", () => {
  const c = new ContextVar<number[]>("c");
  c.set([]);
  copyContext().run(() => c.get().push(1));
  assertEquals(c.get(), [1]);
  copyContext().run(() => c.set([2]));
  assertEquals(c.get(), [1]);
});

testContext("copyContext() costs the same whatever is in the context", () => {
  const variables = Array.from({ length: 5000 }, (_, i) => new ContextVar<number>(`v${i}`));
  for (const [i, variable] of variables.entries()) variable.set(i);
  const copies = Array.from({ length: 20_000 }, () => copyContext());
  assertEquals(copies.at(-1)!.size, 5000);
  assertEquals(variables[1234]!.get(), 1234);
});

testContext("Context.wrap() binds a function to the context", () => {
  const c = new ContextVar<string>("c", { defaultValue: "outside" });
  const context = new Context();
  context.run(() => c.set("inside"));
  const read = context.wrap((prefix: string) => prefix + c.get());
  assertEquals(read("> "), "> inside");
  assertEquals(new Context().run(read, "> "), "> inside");
  assertEquals(c.get(), "outside");
});

Deno.test("Context.run() of an async function keeps the context to its end", async () => {
  const c = new ContextVar<string>("c", { defaultValue: "outside" });
  const context = new Context();
  async function nested() {
    assertEquals(c.get(), "inside");
    await hostTurn();
    c.set("nested");
  }
  const done = context.run(async () => {
    c.set("inside");
    await microtasks(3);
    assertEquals(c.get(), "inside");
    await nested();
    assertEquals(c.get(), "nested");
  });
  assertEquals(c.get(), "outside");
  // It is entered while the call lasts, not while the function does.
  context.run(() => assertEquals(c.get(), "inside"));
  await done;
  assertEquals(context.get(c), "nested");
  assertEquals(c.get(), "outside");
});

// ---- Callbacks ------------------------------------------------------------------------------------

testLoop("A callback runs in a copy of the context it was scheduled from", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const seen: string[] = [];
  const see = (name: string) => {
    seen.push(`${name} ${c.get()}`);
    c.set("changed");
  };
  await new Context().run(async () => {
    c.set("scheduled");
    loop.callSoon(see, "soon");
    loop.callLater(1, see, "later");
    loop.callAt(2, see, "at");
    loop.callSoonThreadsafe(see, "threadsafe");
    c.set("after");
    await loop.runUntilComplete(sleep(5));
    assertEquals(c.get(), "after");
  });
  assertEquals(seen, ["soon scheduled", "threadsafe scheduled", "later scheduled", "at scheduled"]);
});

testLoop("A callback bound with wrap() runs in that context itself", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const context = new Context();
  loop.callSoon(context.wrap((value: string) => void c.set(value)), "from the callback");
  await loop.runUntilComplete(sleep(0));
  assertEquals(context.get(c), "from the callback");
});

testLoop("Handle.getContext() is the context that the callback runs in", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const handle = loop.callSoon(() => void c.set("set"));
  await loop.runUntilComplete(sleep(0));
  assertEquals(handle.getContext().get(c), "set");
});

testLoop("Callbacks scheduled from one place do not see what another sets", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  c.set("outside");
  const seen: string[] = [];
  const future = loop.createFuture<void>();
  const setting = (name: string) => () => {
    seen.push(c.get());
    const token = c.set(name);
    seen.push(c.get());
    if (name === "second") c.reset(token);
    seen.push(c.get());
  };
  loop.callSoon(setting("first"));
  loop.callSoon(setting("second"));
  loop.callLater(1, setting("third"));
  future.addDoneCallback(setting("fourth"));
  future.addDoneCallback(setting("fifth"));
  future.setResult();
  await loop.runUntilComplete(sleep(5));
  assertEquals(seen, [
    ...["outside", "first", "first"],
    ...["outside", "second", "outside"],
    ...["outside", "fourth", "fourth"],
    ...["outside", "fifth", "fifth"],
    ...["outside", "third", "third"],
  ]);
  assertEquals(c.get(), "outside");
});

testLoop("What a callback sets, its tasks and what it waits for see", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const seen: string[] = [];
  const steps = coroutine(function* () {
    seen.push(c.get());
    c.set("first step");
    yield* sleep(0);
    seen.push(c.get());
  });
  loop.callSoon(() => {
    // In the context of the callback, though nothing is set in it yet.
    steps().then(() => {});
    c.set("callback");
    loop.createTask(steps());
  });
  await loop.runUntilComplete(sleep(5));
  assertEquals(seen, ["none", "callback", "callback", "first step"]);
});

testLoop("A failed callback's context is there when its failure is reported", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const seen: unknown[] = [];
  loop.setExceptionHandler((_, { handle }) => {
    seen.push(c.get(), (handle as Handle).getContext().get(c));
  });
  const failing = () => {
    c.set("failed");
    throw new Error("expected");
  };
  const future = loop.createFuture<void>();
  loop.callSoon(failing);
  loop.callLater(1, failing);
  future.addDoneCallback(failing);
  future.setResult();
  await loop.runUntilComplete(sleep(2));
  assertEquals(seen, Array(6).fill("failed"));
});

testLoop("A handle that is run by hand runs in its context and leaves no trace", ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const context = copyContext();
  const seen: string[] = [];
  let handle!: Handle;
  context.run(() => {
    c.set("scheduled");
    handle = loop.callSoon(() => {
      seen.push(c.get());
      c.set("run");
    });
  });
  handle._run();
  assertEquals(seen, ["scheduled"]);
  assertEquals(c.get(), "none");
  assertEquals(handle.getContext().get(c), "run");
  assertEquals(context.get(c), "scheduled");
  handle.cancel();
  return Promise.resolve();
});

testLoop("Handle.getContext() in the callback is the context that it runs in", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const seen: unknown[] = [];
  const handles: Handle[] = [];
  const look = (i: number) => {
    const handle = handles[i]!;
    if (i === 0) c.set("before");
    if (i === 1) handle.cancel();
    // In a nested run too it is the callback's, not the nested one.
    const context = i === 2 ? copyContext().run(() => handle.getContext()) : handle.getContext();
    if (i > 0) c.set("after");
    seen.push(context.get(c), context === handle.getContext());
  };
  handles.push(loop.callSoon(look, 0), loop.callLater(1, look, 1), loop.callSoon(look, 2));
  const contexts = new Promise<Context[]>((resolve) =>
    loop.callLater(2, () => resolve(handles.map((handle) => handle.getContext())))
  );
  await loop.runUntilComplete(sleep(5));
  assertEquals(seen, ["before", true, "after", true, "after", true]);
  assertEquals((await contexts).map((context) => context.get(c)), ["before", "after", "after"]);
});

testLoop(
  "Handle.getContext() of another callback is not that of the present one",
  async ({ loop }) => {
    const c = new ContextVar<string>("c", { defaultValue: "none" });
    const seen: string[] = [];
    const see = () => seen.push(c.get());
    const sibling: Handle[] = [];
    loop.callSoon(() => {
      const child = loop.callSoon(see);
      child.getContext().run(() => c.set("for the child"));
      sibling[0]!.getContext().run(() => c.set("for the sibling"));
      see();
      c.set("own");
    });
    sibling.push(loop.callSoon(see));
    await loop.runUntilComplete(sleep(1));
    assertEquals(seen, ["none", "for the sibling", "for the child"]);
  },
);

testLoop("A handle that a callback runs by hand runs in its own context", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const seen: string[] = [];
  const change = (to: string) => {
    seen.push(c.get());
    c.set(to);
  };
  const byHand = () => {
    const handle = loop.callLater(1000, change, "by hand");
    handle._run();
    seen.push(c.get(), handle.getContext().get(c)!);
    // The arguments are still there.
    handle._run();
    handle.cancel();
  };
  loop.callSoon(byHand);
  const future = loop.createFuture<void>();
  future.addDoneCallback(byHand);
  future.setResult();
  loop.createTask(
    coroutine(function* () {
      byHand();
      yield* sleep(0);
    })(),
  );
  await loop.runUntilComplete(sleep(1));
  assertEquals(seen, [1, 2, 3].flatMap(() => ["none", "none", "by hand", "by hand"]));
});

testLoop("Callbacks that callbacks schedule inherit from them", async ({ loop }) => {
  const c = new ContextVar<number>("c", { defaultValue: 0 });
  const seen: number[] = [];
  const next = () => {
    seen.push(c.get());
    c.set(c.get() + 1);
    if (seen.length < 4) loop.callSoon(next);
  };
  loop.callSoon(next);
  await loop.runUntilComplete(sleep(5));
  assertEquals(seen, [0, 1, 2, 3]);
});

testProgram("Context.run() inside a coroutine enters, leaves and restores", function* (t) {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const inner = new Context();
  c.set("task");
  for (let round = 0; round < 3; round++) {
    assertEquals(inner.run(() => c.get()), round === 0 ? "none" : `round ${round - 1}`);
    inner.run((value: string) => {
      c.set(value);
      assertThrows(() => inner.run(() => {}), RuntimeError, "already entered");
      new Context().run(() => assertEquals(c.get(), "none"));
      assertEquals(c.get(), value);
    }, `round ${round}`);
    assertEquals(c.get(), "task");
    assertThrows(() =>
      inner.run(() => {
        throw new TypeError("inside");
      }), TypeError);
    assertEquals(c.get(), "task");
    yield* t.wait(sleep(1));
  }
  assertEquals(inner.get(c), "round 2");
});

testProgram(
  "Context.run() of an async function inside a coroutine lasts to its end",
  function* (t) {
    const c = new ContextVar<string>("c", { defaultValue: "none" });
    const context = new Context();
    const seen: unknown[] = [];
    c.set("task");
    const task = currentTask();
    const running = context.run(async () => {
      c.set("context");
      await microtasks(3);
      seen.push(c.get(), currentTask() === task, getRunningLoop() === t.loop as unknown);
      await sleep(1);
      seen.push(c.get(), currentTask() === task);
    });
    assertEquals(c.get(), "task");
    yield* t.wait(ensureFuture(running));
    assertEquals(seen, ["context", true, true, "context", true]);
    assertEquals(c.get(), "task");
  },
);

testLoop("Context.run() inside a callback enters, leaves and restores", async ({ loop }) => {
  const c = new ContextVar<string>("c", { defaultValue: "none" });
  const context = new Context();
  const seen: string[] = [];
  loop.callSoon(() => {
    c.set("callback");
    for (let i = 0; i < 2; i++) {
      context.run(() => {
        seen.push(c.get());
        c.set("context");
      });
      seen.push(c.get());
    }
    void context.run(async () => {
      await microtasks(2);
      seen.push(`async ${c.get()}`);
    });
  });
  await loop.runUntilComplete(sleep(1));
  assertEquals(seen, ["none", "callback", "context", "callback", "async context"]);
});

// ---- Tasks ----------------------------------------------------------------------------------------

testProgram("A task runs in a copy of the context it was created in", function* (t) {
  const c = new ContextVar("c", { defaultValue: "nope" });
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(1));
    assertEquals(c.get(), "nope");
    c.set("something else");
  }));
  c.set("yes");
  yield* t.wait(task);
  assertEquals(c.get(), "yes");
  assertEquals(task.getContext().get(c), "something else");
});

testProgram("A task keeps its values over all its waits, and from done callbacks", function* (t) {
  const c = new ContextVar("c", { defaultValue: "nope" });
  for (let j = 0; j < 2; j++) {
    const future = t.loop.createFuture<void>();
    future.addDoneCallback(() => void c.set("pollution"));
    c.set(`yes${j}`);
    t.loop.callSoon(() => future.setResult());
    yield* t.wait(future);
    assertEquals(c.get(), `yes${j}`);
    for (let i = 0; i < 3; i++) {
      c.set(`yes${i}-${j}`);
      yield* t.wait(sleep(1));
      assertEquals(c.get(), `yes${i}-${j}`);
    }
  }
});

testProgram("A hundred tasks at once each see their own values", function* (t) {
  const c = new ContextVar<number>("c", { defaultValue: -1 });
  let seed = 7;
  const random = (n: number) => (seed = (seed * 16807) % 2147483647) % n;
  const sub = (number: number) =>
    t.work(function* () {
      for (let i = 0; i < 10; i++) {
        c.set(number + i);
        yield* t.wait(sleep(random(50) / 10));
        assertEquals(c.get(), number + i);
      }
    });
  const tasks = Array.from({ length: 100 }, (_, i) => createTask(sub(i * 100)));
  for (const task of tasks) yield* t.wait(task);
  assertEquals(c.get(), -1);
});

testProgram("A task given a context runs in it, not in a copy", function* (t) {
  const c = new ContextVar<number>("c");
  const set = (value: number) =>
    t.work(function* () {
      yield* t.wait(sleep(0));
      c.set(value);
    });
  const context = copyContext();
  const seen = [context.get(c)];
  yield* t.wait(createTask(set(1), { context }));
  seen.push(context.get(c));
  yield* t.wait(t.loop.createTask(set(2), { context }));
  seen.push(context.get(c));
  assertEquals(seen, [undefined, 1, 2]);
  assertThrows(() => c.get(), ReferenceError);
});

testProgram("Coroutines that a task waits for share its context", function* (t) {
  const c = new ContextVar("c", { defaultValue: "default" });
  const library = coroutine(function* () {
    assertEquals(c.get(), "outer");
    yield* sleep(1);
    c.set("library");
  });
  c.set("outer");
  yield* t.wait(library());
  assertEquals(c.get(), "library");
  yield* t.call(function* () {
    c.set("nested");
    yield* t.wait(sleep(1));
  });
  assertEquals(c.get(), "nested");
});

testProgram(
  "gather() and ensureFuture() of coroutines copy the context, as createTask()",
  function* (t) {
    const c = new ContextVar("c", { defaultValue: "default" });
    const set = (value: string) =>
      t.work(function* () {
        const before = c.get();
        c.set(value);
        yield* t.wait(sleep(1));
        assertEquals(c.get(), value);
        return before;
      });
    c.set("main");
    assertEquals(yield* t.wait(gather(set("a"), set("b"))), ["main", "main"]);
    assertEquals(yield* t.wait(ensureFuture(set("c"))), "main");
    assertEquals(c.get(), "main");
  },
);

testProgram("ContextVar.reset() works across waits in one task, not in another", function* (t) {
  const c = new ContextVar("c", { defaultValue: "default" });
  const token = c.set("set");
  yield* t.wait(sleep(1));
  const other = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    c.reset(token);
  }));
  assertInstanceOf(yield* errorOf(t.wait(other)), RangeError);
  c.reset(token);
  assertEquals(c.get(), "default");
});

testAsync("An async function keeps its context after foreign promises", async () => {
  const c = new ContextVar("c", { defaultValue: "default" });
  const task = createTask(async () => {
    c.set("mine");
    await Promise.resolve();
    assertEquals(c.get(), "mine");
    await hostTurn();
    assertEquals(c.get(), "mine");
    c.set("changed after a foreign await");
    await sleep(1);
    assertEquals(c.get(), "changed after a foreign await");
    await Promise.all([sleep(1), hostTurn()]);
    assertEquals(c.get(), "changed after a foreign await");
    for await (
      const x of (async function* () {
        yield 1;
        await microtasks(2);
        yield 2;
      })()
    ) {
      assertEquals(c.get(), "changed after a foreign await", `${x}`);
    }
  });
  await task;
  assertEquals(c.get(), "default");
});

testAsync(
  "Callbacks of foreign promises belong to the task that attached them",
  async ({ loop }) => {
    const c = new ContextVar("c", { defaultValue: "default" });
    const foreign = Promise.withResolvers<void>();
    const seen: unknown[] = [];
    const task: Task<void> = createTask(async () => {
      c.set("mine");
      const chained = foreign.promise.then(() => {
        seen.push(c.get(), currentTask() === task, getRunningLoop() === loop as unknown);
      });
      await sleep(1);
      foreign.resolve();
      await chained;
    });
    await task;
    assertEquals(seen, ["mine", true, true]);
  },
);

testRealLoop(
  "currentTask() and getRunningLoop() work after foreign awaits",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const check = async (name: string): Promise<void> => {
      const task = currentTask() as Task<void>;
      const foreign: (() => Promise<unknown>)[] = [
        () => Promise.resolve(),
        () => microtasks(7),
        hostTurn,
        () => new Promise((resolve) => setTimeout(resolve, 1)),
        () => Promise.all([hostTurn(), sleep(1), microtasks(3)]),
        () => Promise.race([hostTurn(), sleep(1)]),
        async () => await sleep(0),
        () => Deno.lstat("."),
      ];
      for (const wait of foreign) {
        await wait();
        assertStrictEquals(currentTask(), task);
        assertEquals(task.getName(), name);
        assertStrictEquals(getRunningLoop(), loop as unknown);
      }
    };
    await loop.runUntilComplete(async () => {
      const tasks = ["a", "b", "c"].map((name) => createTask(() => check(name), { name }));
      for (const task of tasks) await task;
    });
  },
);

testAsync("A callback of the loop has no task, whoever scheduled it", async ({ loop }) => {
  const seen: unknown[] = [];
  loop.callSoon(() => seen.push(currentTask()));
  const future = loop.createFuture<void>();
  future.addDoneCallback(() => seen.push(currentTask()));
  future.setResult();
  await sleep(1);
  assertEquals(seen, [undefined, undefined]);
});

testLoop("A program run inside a context starts with a copy of it", async ({ loop }) => {
  const c = new ContextVar("c", { defaultValue: "default" });
  await new Context().run(async () => {
    c.set("outside the loop");
    const seen = await loop.runUntilComplete(async () => {
      const before = c.get();
      c.set("inside");
      await sleep(1);
      return before;
    });
    assertEquals(seen, "outside the loop");
    assertEquals(c.get(), "outside the loop");
  });
});

testLoop("Nothing of a loop's program is left in the code around it", async ({ loop }) => {
  const c = new ContextVar("c", { defaultValue: "default" });
  await loop.runUntilComplete(async () => {
    c.set("inside");
    await sleep(1);
  });
  assertEquals(c.get(), "default");
  assertThrows(() => currentTask(), RuntimeError);
  await assertRejects(async () => await sleep(1), RuntimeError);
});
