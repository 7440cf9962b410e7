/** Futures and tasks of classes that have nothing to do with the library's own. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  allTasks,
  type Awaitable,
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  ensureFuture,
  Future,
  gather,
  isfuture,
  RuntimeError,
  sleep,
  Task,
} from "../../futures/mod.ts";
import { type BaseEventLoop, Runner } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { errorOf, passes, type Program, testLoop, testProgram } from "../_helpers.ts";
import { ScratchFuture, ScratchTask } from "./_third_party.ts";

/** Lets the loop make tasks of the foreign class of generators, and its own of async functions. */
function useScratchTasks(loop: BaseEventLoop): void {
  loop.setTaskFactory((loop, coro, options) =>
    typeof coro === "function"
      ? new Task(coro, { ...options, loop })
      : new ScratchTask(loop, coro, options?.name)
  );
}

const generator = { kinds: ["generator"] } as const;

// ---- A future -------------------------------------------------------------------------------------

testProgram("A foreign future is a future, and is waited for with yield*", function* (t) {
  const future = new ScratchFuture<number>(t.loop);
  assert(isfuture(future));
  assertStrictEquals(ensureFuture(future), future as unknown);
  t.loop.callLater(5, () => future.setResult(42));
  assertEquals(yield* future, 42);
  assertEquals(t.loop.time(), 5);
  assertEquals(yield* future, 42);
  const failed = new ScratchFuture<number>(t.loop);
  t.loop.callSoon(() => failed.setException(new TypeError("no")));
  assertEquals(String(yield* errorOf(failed)), "TypeError: no");
}, generator);

testProgram("A foreign future is waited for with await", function* (t) {
  const future = new ScratchFuture<number>(t.loop);
  t.loop.callLater(5, () => future.setResult(42));
  assertEquals(yield* t.wait(future), 42);
}, { kinds: ["async function"] });

testProgram("Cancelling a task that waits for a foreign future cancels the future", function* (t) {
  const future = new ScratchFuture<number>(t.loop);
  const task = createTask(function* () {
    return yield* future;
  });
  yield* t.wait(sleep(0));
  task.cancel("reached");
  assert(future.cancelled());
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "reached");
});

testProgram("A cancellation in the pass of a foreign result wins", function* (t) {
  const future = new ScratchFuture<number>(t.loop);
  const task = createTask(function* () {
    return yield* future;
  });
  yield* t.wait(sleep(0));
  future.setResult(1);
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
});

testProgram("A foreign future inside a coroutine that an async function awaits", function* (t) {
  const future = new ScratchFuture<string>(t.loop);
  const inner = coroutine(function* () {
    return yield* future;
  });
  const task = createTask(async () => await inner());
  yield* t.wait(sleep(0));
  future.setResult("through");
  assertEquals(yield* t.wait(task), "through");
  const other = new ScratchFuture<string>(t.loop);
  const cancelled = createTask(async () => {
    await coroutine(function* () {
      return yield* other;
    })();
  });
  yield* t.wait(sleep(0));
  cancelled.cancel();
  assert(other.cancelled());
  assertInstanceOf(yield* errorOf(t.wait(cancelled)), CancelledError);
});

testProgram("What the methods of a foreign future throw fails the wait for it", function* (t) {
  for (const method of ["getLoop", "addDoneCallback"] as const) {
    const broken = new ScratchFuture<number>(t.loop);
    const wrong = new RangeError(method);
    let isBroken = false;
    const work = createTask(t.work(function* () {
      yield* t.wait(sleep(1));
      const error = yield* errorOf(t.wait(
        coroutine(function* () {
          broken[method] = () => {
            isBroken = true;
            throw wrong;
          };
          return yield* broken;
        })(),
      ));
      yield* t.wait(sleep(1));
      return error;
    }));
    assertStrictEquals(yield* t.wait(work), wrong);
    assert(isBroken);
  }
});

testProgram("A foreign future that was yielded without a star is told", function* (t) {
  const future = new ScratchFuture<number>(t.loop);
  const task = createTask(function* (): Program<void> {
    yield future as never;
  });
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, RuntimeError);
  assert(error.message.includes("used yield instead of yield*"), error.message);
});

testProgram("A foreign future of another loop cannot be waited for", function* (t) {
  const other = new SimulatedEventLoop();
  const future = new ScratchFuture<number>(other);
  const task = createTask(function* () {
    return yield* future;
  });
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, RuntimeError);
  assert(error.message.includes("attached to a different loop"), error.message);
  other.close();
});

testProgram("gather() takes foreign futures, whatever they end with", function* (t) {
  const futures = Array.from({ length: 4 }, () => new ScratchFuture<number>(t.loop));
  const [a, b, c, d] = futures as [
    ScratchFuture<number>,
    ScratchFuture<number>,
    ScratchFuture<number>,
    ScratchFuture<number>,
  ];
  a.setResult(1);
  t.loop.callSoon(() => {
    b.setResult(2);
    c.setException(new TypeError("c"));
    d.cancel("d");
  });
  const results = yield* t.wait(gather(a, b, c, d, { returnExceptions: true }));
  assertEquals(results.slice(0, 2), [1, 2]);
  assertInstanceOf(results[2], TypeError);
  assertInstanceOf(results[3], CancelledError);
  assertInstanceOf(yield* errorOf(t.wait(gather(a, d))), CancelledError);
  assertInstanceOf(yield* errorOf(t.wait(gather(a, c))), TypeError);
  const pending = new ScratchFuture<number>(t.loop);
  const outer = gather(pending, { returnExceptions: true });
  const task = createTask(t.work(function* () {
    yield* t.wait(outer);
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  assert(pending.cancelled());
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
});

testLoop("runUntilComplete() runs until a foreign future is done", async ({ loop }) => {
  const future = new ScratchFuture<string>(loop);
  loop.callLater(3, () => future.setResult("done"));
  assertEquals(await loop.runUntilComplete(future as Awaitable<string>), "done");
  assertEquals(loop.time(), 3);
  const failed = new ScratchFuture<string>(loop);
  loop.callSoon(() => failed.setException(new TypeError("no")));
  await assertRejects(() => loop.runUntilComplete(failed as Awaitable<string>), TypeError, "no");
});

testLoop("gather() of foreign futures needs no running loop", async ({ loop }) => {
  const future = new ScratchFuture<number>(loop);
  const outer = gather(future);
  assertStrictEquals(outer.getLoop(), loop);
  future.setResult(1);
  assertEquals(await loop.runUntilComplete(outer), [1]);
});

// ---- A task ---------------------------------------------------------------------------------------

testProgram("A task factory's foreign task runs, and is seen while it runs", function* (t) {
  useScratchTasks(t.loop);
  const seen: unknown[] = [];
  const work = coroutine(function* () {
    seen.push(currentTask());
    yield* sleep(0);
    seen.push(currentTask(), currentTask(t.loop));
    yield* sleep(5);
    seen.push(allTasks().has(currentTask()!));
    return "scratch";
  });
  const task = createTask(work(), { name: "foreign" });
  assertInstanceOf(task, ScratchTask);
  assertEquals(task.getName(), "foreign");
  assert(allTasks().has(task));
  const main = currentTask();
  assertEquals(yield* t.wait(task), "scratch");
  assertEquals(seen, [task, task, task, true]);
  assertFalse(allTasks().has(task));
  assertStrictEquals(currentTask(), main);
});

testProgram("Callbacks between the steps of a foreign task have no task", function* (t) {
  useScratchTasks(t.loop);
  const seen: unknown[] = [];
  const task = createTask(
    coroutine(function* () {
      t.loop.callSoon(() => seen.push(currentTask()));
      yield* sleep(0);
      t.loop.callSoon(() => seen.push(currentTask()));
      yield* sleep(1);
    })(),
  );
  yield* t.wait(task);
  assertEquals(seen, [undefined, undefined]);
});

testProgram("Foreign tasks and the library's own wait for each other", function* (t) {
  useScratchTasks(t.loop);
  const own = new Task(
    t.work(function* () {
      yield* t.wait(sleep(2));
      return "own";
    }),
    { loop: t.loop },
  );
  const foreign = createTask(
    coroutine(function* () {
      return `foreign of ${yield* own}`;
    })(),
  );
  assertInstanceOf(foreign, ScratchTask);
  const outer = new Task(
    t.work(function* () {
      return `own of ${yield* t.wait(foreign)}`;
    }),
    { loop: t.loop },
  );
  assertEquals(yield* t.wait(outer), "own of foreign of own");
});

testProgram("Cancelling goes through foreign tasks both ways", function* (t) {
  useScratchTasks(t.loop);
  const future = t.loop.createFuture<void>();
  const own = new Task(function* () {
    yield* future;
  }, { loop: t.loop });
  const foreign = createTask(
    coroutine(function* () {
      yield* own;
    })(),
  );
  const outer = new Task(function* () {
    yield* foreign;
  }, { loop: t.loop });
  yield* t.wait(passes(3));
  outer.cancel("down");
  assert(future.cancelled());
  const error = yield* errorOf(t.wait(outer));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "down");
  assert(own.cancelled());
  assert(foreign.cancelled());
});

testProgram("gather() takes the foreign tasks that it makes", function* (t) {
  useScratchTasks(t.loop);
  const part = coroutine(function* (n: number) {
    yield* sleep(n);
    return n;
  });
  assertEquals(yield* t.wait(gather(part(3), part(1), part(2))), [3, 1, 2]);
  const fail = coroutine(function* () {
    yield* sleep(1);
    throw new TypeError("foreign");
  });
  assertEquals(String(yield* errorOf(t.wait(gather(part(1), fail())))), "TypeError: foreign");
  const before = ScratchTask.made;
  yield* t.wait(gather(sleep(1), sleep(2)));
  assertEquals(ScratchTask.made, before + 2);
});

testProgram(
  "A foreign task starts an eager task of ours, and is the current one after",
  function* (t) {
    const seen: unknown[] = [];
    let eager: Task<void> | undefined;
    const foreign = new ScratchTask(
      t.loop,
      coroutine(function* () {
        eager = new Task(
          t.work(function* () {
            seen.push(currentTask());
            yield* t.wait(sleep(0));
            seen.push(currentTask());
          }),
          { loop: t.loop, eagerStart: true },
        );
        seen.push(currentTask());
        yield* eager;
        seen.push(currentTask());
      })(),
    );
    yield* t.wait(foreign as unknown as Task<void>);
    assertEquals(seen, [eager, foreign, eager, foreign]);
  },
);

testProgram("A foreign task starts an async function as a task: each has its own", function* (t) {
  const seen: unknown[] = [];
  let own: Task<void> | undefined;
  const foreign = new ScratchTask(
    t.loop,
    coroutine(function* () {
      own = new Task(async () => {
        seen.push(currentTask());
        await sleep(1);
        seen.push(currentTask());
      }, { loop: t.loop });
      yield* sleep(0.5);
      seen.push(currentTask());
      yield* own;
      seen.push(currentTask());
    })(),
  );
  yield* t.wait(foreign as unknown as Task<void>);
  assertEquals(seen, [own, foreign, own, foreign]);
});

Deno.test("Runner runs foreign tasks, and cancels and reports those that are left", async () => {
  const reports: string[] = [];
  let left: ScratchTask<void> | undefined;
  await using runner = new Runner({
    loopFactory: () => {
      const loop = new SimulatedEventLoop();
      useScratchTasks(loop);
      loop.setExceptionHandler((_loop, { message }) => void reports.push(message));
      return loop;
    },
  });
  const result = await runner.run(
    coroutine(function* () {
      left = createTask(
        coroutine(function* () {
          try {
            yield* sleep(1e6);
          } catch {
            throw new TypeError("in the clean-up");
          }
        })(),
      ) as unknown as ScratchTask<void>;
      yield* sleep(1);
      // In a box, as a promise would wait for it.
      return [currentTask()];
    })(),
  );
  assertInstanceOf(result[0], ScratchTask);
  await runner.close();
  assert(left!.done());
  assertEquals(reports, ["Unhandled exception during the shutdown of run()"]);
});

testLoop("A loop that makes futures of another class is used by its tasks", async ({ loop }) => {
  class Traced<T> extends Future<T> {
    static made = 0;
    constructor() {
      super({ loop });
      Traced.made++;
    }
  }
  loop.createFuture = <T>() => new Traced<T>();
  await loop.runUntilComplete(async () => await sleep(5));
  assertEquals(Traced.made, 1);
});
