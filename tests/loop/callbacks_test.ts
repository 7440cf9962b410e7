/** `callSoon()`, handles, and the pass that runs them. */
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
import { createTask, currentTask, RuntimeError, sleep } from "../../futures/mod.ts";
import { DenoEventLoop, Handle, TimerHandle } from "../../loop/mod.ts";
import {
  collectGarbage,
  microtasks,
  passes,
  testAsync,
  testLoop,
  testProgram,
  testRealLoop,
} from "../_helpers.ts";

// ---- The pass -------------------------------------------------------------------------------------

testLoop("Callbacks run once each, in order, with their arguments", async ({ loop }) => {
  const seen: unknown[] = [];
  loop.callSoon(() => seen.push("none"));
  loop.callSoon((a: string) => seen.push(a), "one");
  loop.callSoon((a: string, b: number) => seen.push(a, b), "two", 2);
  loop.callSoon((...all: number[]) => seen.push(all), 1, 2, 3, 4, 5);
  loop.callSoonThreadsafe((a: string) => seen.push(a), "threadsafe");
  assertEquals(seen, []);
  await loop.runUntilComplete(passes(3));
  assertEquals(seen, ["none", "one", "two", 2, [1, 2, 3, 4, 5], "threadsafe"]);
});

testLoop("A pass runs what was ready at its start; what that adds waits", async ({ loop }) => {
  const order: string[] = [];
  loop.callSoon(() => {
    order.push("a");
    loop.callSoon(() => {
      order.push("a of a");
      loop.callSoon(() => order.push("a of a of a"));
    });
  });
  loop.callSoon(() => {
    order.push("b");
    loop.callSoon(() => order.push("b of b"));
  });
  loop.callSoon(() => order.push("c"));
  await loop.runUntilComplete(passes(3));
  assertEquals(order, ["a", "b", "c", "a of a", "b of b", "a of a of a"]);
});

testLoop("A pass of a hundred thousand callbacks keeps their order", async ({ loop }) => {
  let next = 0;
  let late = 0;
  for (let i = 0; i < 100_000; i++) {
    loop.callSoon((n: number) => {
      if (n === next) next++;
      if (n % 1000 === 0) loop.callSoon(() => late += next === 100_000 ? 1 : 0);
    }, i);
  }
  await loop.runUntilComplete(passes(2));
  assertEquals([next, late], [100_000, 100]);
}, { debug: false });

testLoop("Promises of the host make progress between two passes", async ({ loop }) => {
  const order: string[] = [];
  loop.callSoon(() => {
    order.push("first pass");
    void Promise.resolve().then(() => order.push("microtask"));
    loop.callSoon(() => order.push("second pass"));
  });
  await loop.runUntilComplete(passes(3));
  assertEquals(order, ["first pass", "microtask", "second pass"]);
});

testAsync("An async function that was resumed runs before the next callback", async ({ loop }) => {
  const order: string[] = [];
  const future = loop.createFuture<void>();
  const nested = async (depth: number): Promise<void> => {
    if (depth > 0) await nested(depth - 1);
    else await future;
    order.push(`level ${depth}`);
  };
  createTask(() => nested(5));
  createTask(function* () {
    yield* future;
    order.push("generator");
  });
  await sleep(0);
  future.setResult();
  loop.callSoon(() => order.push("callback"));
  await passes(1);
  assertEquals(order, [
    "level 0",
    "level 1",
    "level 2",
    "level 3",
    "level 4",
    "level 5",
    "generator",
    "callback",
  ]);
});

testAsync(
  "An async function that waits for the host does not hold up the pass",
  async ({ loop }) => {
    const order: string[] = [];
    const foreign = Promise.withResolvers<void>();
    const task = createTask(async () => {
      order.push("starts");
      await foreign.promise;
      order.push("ends");
    });
    loop.callSoon(() => order.push("callback"));
    await passes(3);
    assertEquals(order, ["starts", "callback"]);
    foreign.resolve();
    await task;
  },
);

testAsync(
  "Async functions that wait for the host one after the other share one pass",
  async ({ loop }) => {
    // Each costs the pass a bounded wait; they must not add up to anything observable.
    const foreign = Promise.withResolvers<void>();
    let started = 0;
    const tasks = Array.from({ length: 200 }, () =>
      createTask(async () => {
        started++;
        await foreign.promise;
      }));
    let passed = 0;
    loop.callSoon(() => passed = started);
    await passes(1);
    assertEquals(passed, 200);
    foreign.resolve();
    for (const task of tasks) await task;
  },
);

testAsync(
  "A chain of microtasks longer than the pass waits for ends in a later pass",
  async ({ loop }) => {
    const order: string[] = [];
    const task = createTask(async () => {
      await microtasks(1000);
      order.push("chain");
    });
    loop.callSoon(() => order.push("callback"));
    await task;
    assertEquals(order.toSorted(), ["callback", "chain"]);
  },
);

testAsync("A pass is not left for an async function that waits for the host", async ({ loop }) => {
  const foreign = Promise.withResolvers<void>();
  const task = createTask(async () => await foreign.promise);
  await passes(3);
  // Between two callbacks of one pass, microtasks run only when the pass is left for some reason.
  let left = 0;
  for (let i = 0; i < 100; i++) loop.callSoon(() => queueMicrotask(() => left++));
  let seen = -1;
  loop.callSoon(() => seen = left);
  await passes(2);
  assert(seen <= 50, `left after ${seen} of 100 callbacks`);
  foreign.resolve();
  await task;
}, { debug: false });

// ---- stop() ---------------------------------------------------------------------------------------

testLoop("stop() lets the pass finish, and nothing more", async ({ loop }) => {
  const order: string[] = [];
  loop.callSoon(() => order.push("before"));
  loop.callSoon(() => {
    loop.stop();
    loop.callSoon(() => order.push("next run"));
  });
  loop.callSoon(() => order.push("after"));
  await loop.runForever();
  assertEquals(order, ["before", "after"]);
  loop.callSoon(() => loop.stop());
  await loop.runForever();
  assertEquals(order, ["before", "after", "next run"]);
});

testLoop("stop() before the run lets it make one pass, without waiting", async ({ loop }) => {
  const order: string[] = [];
  loop.callLater(1000, () => order.push("timer")).cancel();
  loop.callSoon(() => {
    order.push("first pass");
    loop.callSoon(() => order.push("second pass"));
  });
  loop.stop();
  await loop.runForever();
  assertEquals(order, ["first pass"]);
  assertEquals(loop.time(), 0);
  loop.stop();
  await loop.runForever();
  assertEquals(order, ["first pass", "second pass"]);
});

testLoop("stop() before a run with nothing to do ends it at once", async ({ loop }) => {
  loop.stop();
  await loop.runForever();
  assertFalse(loop.isRunning());
});

testLoop("stop() called twice stops one run", async ({ loop }) => {
  loop.callSoon(() => {
    loop.stop();
    loop.stop();
  });
  await loop.runForever();
  let ran = 0;
  loop.callSoon(() => {
    ran++;
    loop.callSoon(() => {
      ran++;
      loop.stop();
    });
  });
  await loop.runForever();
  assertEquals(ran, 2);
});

testLoop("stop() by an async function lets the pass finish", async ({ loop }) => {
  const order: string[] = [];
  const task = loop.createTask(async () => {
    await sleep(0);
    loop.stop();
    order.push("async");
    await sleep(0);
    order.push("next run");
  });
  loop.callSoon(() => loop.callSoon(() => order.push("same pass")));
  await loop.runForever();
  assertEquals(order, ["async", "same pass"]);
  await loop.runUntilComplete(task);
  assertEquals(order, ["async", "same pass", "next run"]);
});

testRealLoop(
  "stop() from the host ends a loop that waits",
  () => new DenoEventLoop(),
  async (t) => {
    setTimeout(() => t.loop.stop(), 5);
    await t.loop.runForever();
    const timer = t.loop.callLater(1e6, () => {});
    setTimeout(() => t.loop.stop(), 5);
    await t.loop.runForever();
    timer.cancel();
  },
);

// ---- Handles --------------------------------------------------------------------------------------

testLoop("A handle that was called off never runs", async ({ loop }) => {
  const seen: string[] = [];
  const handle = loop.callSoon((name: string) => seen.push(name), "never");
  assertInstanceOf(handle, Handle);
  assertFalse(handle.cancelled());
  handle.cancel();
  handle.cancel();
  assert(handle.cancelled());
  const late: Handle[] = [];
  loop.callSoon(() => late[0]!.cancel());
  late.push(loop.callSoon(() => seen.push("called off in its own pass")));
  const timer = loop.callLater(1, () => seen.push("timer"));
  loop.callLater(1, () => seen.push("other timer"));
  timer.cancel();
  await loop.runUntilComplete(sleep(5));
  assertEquals(seen, ["other timer"]);
});

testLoop("A handle that calls itself off while it runs, or after, changes nothing", async (t) => {
  const seen: string[] = [];
  const handle = t.loop.callSoon(() => {
    seen.push("runs");
    handle.cancel();
  });
  await t.loop.runUntilComplete(passes(2));
  handle.cancel();
  assertEquals(seen, ["runs"]);
  const broken = t.loop.callSoon(() => {
    broken.cancel();
    throw new TypeError("after cancel");
  });
  await t.loop.runUntilComplete(passes(2));
  assertEquals(t.takeMessages(), ["Exception in callback <Handle cancelled>"]);
});

Deno.test("A handle that was called off keeps nothing alive", async () => {
  const loop = new DenoEventLoop();
  const handles: Handle[] = [];
  const refs: WeakRef<object>[] = [];
  (() => {
    for (let i = 0; i < 2; i++) {
      const argument = { i };
      const callback = (_: object) => void argument;
      refs.push(new WeakRef(argument), new WeakRef(callback));
      handles.push(
        i === 0 ? loop.callSoon(callback, argument) : loop.callLater(1e6, callback, argument),
      );
    }
    for (const handle of handles) handle.cancel();
  })();
  await collectGarbage(() => refs.every((ref) => ref.deref() === undefined));
  assertEquals(refs.map((ref) => ref.deref()), [undefined, undefined, undefined, undefined]);
  loop.close();
});

Deno.test("A closed loop keeps nothing alive that was scheduled", async () => {
  const loop = new DenoEventLoop();
  const refs: WeakRef<object>[] = [];
  (() => {
    for (let i = 0; i < 3; i++) {
      const payload = { i };
      refs.push(new WeakRef(payload));
      if (i === 0) loop.callSoon(() => void payload);
      else loop.callLater(i === 1 ? 0 : 1e6, () => void payload);
    }
  })();
  loop.close();
  await collectGarbage(() => refs.every((ref) => ref.deref() === undefined));
  assertEquals(refs.map((ref) => ref.deref()), [undefined, undefined, undefined]);
  assert(loop.isClosed());
});

testLoop("Handle.toString() names the callback", ({ loop }) => {
  function tick() {}
  const handle = loop.callSoon(tick);
  assertEquals(String(handle), "<Handle function tick>");
  assertEquals(Deno.inspect(handle), "<Handle function tick>");
  assertEquals(String(loop.callSoon(() => {})), "<Handle an unnamed function>");
  handle.cancel();
  assertEquals(String(handle), "<Handle cancelled>");
  const timer = loop.callLater(0, tick);
  assertInstanceOf(timer, TimerHandle);
  assertMatch(String(timer), /^<TimerHandle .*function tick>$/);
});

// ---- Errors ---------------------------------------------------------------------------------------

testLoop("An error in a callback goes to the handler, and the pass goes on", async (t) => {
  const { loop } = t;
  const seen: string[] = [];
  const error = new TypeError("broken");
  loop.callSoon(() => seen.push("before"));
  const handle = loop.callSoon(function broken() {
    throw error;
  });
  loop.callSoon(() => seen.push("after"));
  await loop.runUntilComplete(passes(2));
  assertEquals(seen, ["before", "after"]);
  const [report, ...more] = t.takeReports();
  assertEquals(more, []);
  assertEquals(report!.message, "Exception in callback <Handle function broken>");
  assertStrictEquals(report!.exception, error);
  assertStrictEquals(report!.handle, handle);
  assertEquals("sourceTraceback" in report!, loop.getDebug());
  if (loop.getDebug()) assertMatch(report!.sourceTraceback!, /callbacks_test\.ts/);
});

testLoop("An error in a timer's callback is the same", async (t) => {
  const seen: string[] = [];
  t.loop.callLater(1, () => {
    throw new RangeError("timer");
  });
  t.loop.callLater(1, () => seen.push("next timer"));
  await t.loop.runUntilComplete(sleep(3));
  assertEquals(seen, ["next timer"]);
  const [report] = t.takeReports();
  assertMatch(report!.message, /^Exception in callback <TimerHandle /);
  assertInstanceOf(report!.exception, RangeError);
});

testLoop("Whatever a callback throws is an error", async (t) => {
  for (const thrown of [undefined, null, "text", 5, {}]) {
    t.loop.callSoon(() => {
      throw thrown;
    });
  }
  await t.loop.runUntilComplete(passes(2));
  assertEquals(t.takeReports().map(({ exception }) => exception), [undefined, null, "text", 5, {}]);
});

testProgram("A callback that throws does not make another one's task or context", function* (t) {
  const seen: unknown[] = [];
  t.loop.callSoon(() => {
    throw new TypeError();
  });
  t.loop.callSoon(() => seen.push(currentTask()));
  const main = currentTask();
  yield* t.wait(sleep(0));
  assertStrictEquals(currentTask(), main);
  assertEquals(seen, [undefined]);
  t.takeReports();
});

// ---- Bad input ------------------------------------------------------------------------------------

testLoop("callSoon() and its like refuse a callback that is no function", ({ loop }) => {
  for (const callback of [undefined, null, 5, "text", {}, Promise.resolve()]) {
    const bad = callback as never;
    assertThrows(
      () => loop.callSoon(bad),
      TypeError,
      "Cannot call callSoon(): the callback must be",
    );
    assertThrows(() => loop.callSoonThreadsafe(bad), TypeError, "the callback must be a function");
    assertThrows(() => loop.callLater(1, bad), TypeError, "Cannot call callLater(): the callback");
    assertThrows(
      () => loop.callAt(1, bad),
      TypeError,
      "Cannot call callAt(): the callback must be",
    );
  }
  assertEquals(loop.liveTimers(), []);
});

testLoop("A closed loop takes no callbacks", async ({ loop }) => {
  let ran = false;
  loop.callSoon(() => ran = true);
  loop.callLater(0, () => ran = true);
  loop.close();
  const nothing = () => {};
  for (
    const call of [
      () => loop.callSoon(nothing),
      () => loop.callSoonThreadsafe(nothing),
      () => loop.callLater(1, nothing),
      () => loop.callAt(1, nothing),
    ]
  ) assertThrows(call, RuntimeError, "the event loop is closed");
  await assertRejects(
    () => loop.runForever(),
    RuntimeError,
    "Cannot run the event loop: it is closed",
  );
  await microtasks(10);
  assertFalse(ran);
});

testRealLoop(
  "callSoonThreadsafe() from a worker's message wakes a loop that waits",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const source = `self.onmessage = ({ data }) => self.postMessage(data + 1);`;
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url, { type: "module" });
    try {
      const answer = await loop.runUntilComplete(async () => {
        const future = loop.createFuture<number>();
        worker.onmessage = ({ data }) => loop.callSoonThreadsafe(() => future.setResult(data));
        worker.postMessage(41);
        return await future;
      });
      assertEquals(answer, 42);
    } finally {
      worker.terminate();
      URL.revokeObjectURL(url);
    }
  },
);
