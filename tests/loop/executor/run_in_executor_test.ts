/** `runInExecutor()`, `setDefaultExecutor()` and `shutdownDefaultExecutor()`. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  ensureFuture,
  gather,
  NotImplementedError,
  RuntimeError,
  sleep,
  Task,
} from "../../../futures/mod.ts";
import {
  AbstractEventLoop,
  DenoEventLoop,
  type Executor,
  type ExecutorFunction,
  type ExecutorJob,
  type ExecutorShutdownOptions,
  getRunningLoop,
  type Handle,
  run,
  WorkerPoolExecutor,
} from "../../../loop/mod.ts";
import {
  collectGarbage,
  errorOf,
  hostTurn,
  testAsync,
  testLoop,
  testRealLoop,
} from "../../_helpers.ts";
import { arrive, Gate, passGate } from "./_gate.ts";
import { testWithWorkers } from "./_workers.ts";

/** Runs functions in the same thread, whatever they close over, and notes what happens. */
class InlineExecutor implements Executor {
  readonly notes: string[] = [];
  readonly over: PromiseLike<void>;

  constructor(over: PromiseLike<void> = Promise.resolve()) {
    this.over = over;
  }

  submit<A extends unknown[], R>(
    func: ExecutorFunction<A, R>,
    ...args: A
  ): ExecutorJob<Awaited<R>> {
    if (typeof func !== "function") throw new TypeError("Only plain functions");
    this.notes.push(`submit ${func.name}`);
    const result = Promise.try(func, ...args);
    return {
      then: (onFulfilled, onRejected) => result.then(onFulfilled, onRejected),
      cancel: () => this.notes.push("cancel") > 0,
    };
  }

  shutdown(options: ExecutorShutdownOptions = {}): PromiseLike<void> {
    this.notes.push(`shutdown ${Object.keys(options)}`);
    return this.over;
  }
}

// ---- Running --------------------------------------------------------------------------------------

testWithWorkers("runInExecutor() runs a function in another thread", function* (t) {
  const report = (text: string) => [text, Reflect.has(globalThis, "postMessage")] as const;
  const [text, inWorker] = yield* t.wait(t.loop.runInExecutor(undefined, report, "yo"));
  assertEquals([text, inWorker], ["yo", true]);
  assertEquals(report("yo"), ["yo", false]);
});

testWithWorkers("The loop goes on while a function runs in another thread", function* (t) {
  const gate = new Gate();
  const future = t.loop.runInExecutor(undefined, passGate, gate.buffer, "through");
  t.loop.callLater(1, () => t.loop.callSoon(() => gate.open()));
  assertEquals(yield* t.wait(future), "through");
});

testWithWorkers("Calls run side by side, and their futures can be gathered", function* (t) {
  const gates = [new Gate(), new Gate()];
  const futures = gates.map((gate, i) => t.loop.runInExecutor(undefined, passGate, gate.buffer, i));
  yield* t.wait(ensureFuture(Promise.all(gates.map((gate) => gate.arrivals(1)))));
  gates.forEach((gate) => gate.open());
  assertEquals(yield* t.wait(gather(...futures)), [0, 1]);
});

testWithWorkers(
  "An error that the function throws is raised where the future is awaited",
  function* (t) {
    const fail = (name: string) => {
      throw new RangeError(`no ${name}`);
    };
    const error = yield* errorOf(t.wait(t.loop.runInExecutor(undefined, fail, "luck")));
    assertInstanceOf(error, RangeError);
    assertEquals(error.message, "no luck");
  },
);

testWithWorkers("An error that nobody retrieves is reported when the run ends", function* (t) {
  const future = t.loop.runInExecutor(undefined, () => {
    throw new RangeError("lost");
  });
  while (!future.done()) yield* t.wait(t.loop.runInExecutor(undefined, () => {}));
}, (t) => {
  assertEquals(t.takeMessages(), ["Future exception was never retrieved"]);
});

testLoop("A function that cannot be sent is refused at the call", ({ loop }) => {
  const refused = () => loop.runInExecutor(undefined, () => loop);
  assertThrows(refused, TypeError, "it uses loop of the code");
  const coroutineFunction = coroutine(function* () {});
  for (const func of [coroutineFunction, coroutineFunction(), undefined]) {
    const call = () => loop.runInExecutor(undefined, func as unknown as () => void);
    assertThrows(call, TypeError, "in a worker: a");
  }
});

testWithWorkers("An executor of one's own is used when it is given", function* (t) {
  const executor = new InlineExecutor();
  let closedOver = 0;
  const add = (n: number) => closedOver += n;
  assertEquals(yield* t.wait(t.loop.runInExecutor(executor, add, 5)), 5);
  assertEquals(closedOver, 5);
  assertEquals(executor.notes, ["submit add"]);
});

testRealLoop(
  "runInExecutor() may be called before the loop runs",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const future = loop.runInExecutor(undefined, (a: number, b: number) => a * b, 6, 7);
    assertEquals(await loop.runUntilComplete(future), 42);
    await loop.runUntilComplete(loop.shutdownDefaultExecutor());
  },
);

testLoop("runInExecutor() on a closed loop raises", ({ loop }) => {
  loop.close();
  const error = assertThrows(() => loop.runInExecutor(undefined, () => 1), RuntimeError);
  assertEquals(error.message, "Cannot call runInExecutor(): the event loop is closed");
});

Deno.test("A loop that implements nothing has no executors", () => {
  class BareLoop extends AbstractEventLoop {}
  const loop = new BareLoop();
  const executor = new InlineExecutor();
  assertThrows(() => loop.runInExecutor(executor, () => 1), NotImplementedError);
  assertThrows(() => loop.setDefaultExecutor(executor), NotImplementedError);
  assertThrows(() => void loop.shutdownDefaultExecutor(), NotImplementedError);
});

Deno.test("A worker does not hold on to the task whose call has started it", async () => {
  await using pool = new WorkerPoolExecutor();
  const loop = new DenoEventLoop();
  const makeTask = () =>
    new WeakRef(loop.createTask(async () => await loop.runInExecutor(pool, () => {})));
  const ref = makeTask();
  await loop.runUntilComplete(async () => {
    while (!ref.deref()!.done()) await sleep(1);
  });
  await collectGarbage();
  assertEquals(ref.deref(), undefined);
  loop.close();
});

// ---- Cancelling -----------------------------------------------------------------------------------

testWithWorkers("A call that was cancelled before it started is not started", function* (t) {
  const pool = new WorkerPoolExecutor({ maxWorkers: 1 });
  const [gate, counter] = [new Gate(), new Gate()];
  const running = t.loop.runInExecutor(pool, passGate, gate.buffer, "done");
  const task = createTask(t.work(function* () {
    return yield* t.wait(t.loop.runInExecutor(pool, arrive, counter.buffer));
  }));
  yield* t.wait(ensureFuture(gate.arrivals(1)));
  const next = t.loop.runInExecutor(pool, arrive, counter.buffer);
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  gate.open();
  assertEquals(yield* t.wait(running), "done");
  assertEquals(yield* t.wait(next), 0);
  yield* t.wait(ensureFuture(pool.shutdown()));
  assertEquals(counter.arrived, 1);
});

testWithWorkers(
  "A call that runs goes on when the task that awaits it is cancelled",
  function* (t) {
    const gate = new Gate();
    const task = createTask(t.work(function* () {
      return yield* t.wait(t.loop.runInExecutor(undefined, passGate, gate.buffer, "dropped"));
    }));
    const arrived = t.loop.createFuture<void>();
    void gate.arrivals(1).then(() => arrived.setResult());
    yield* t.wait(arrived);
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertEquals(task.cancelling(), 1);
    const shutdown = createTask(t.loop.shutdownDefaultExecutor());
    t.loop.callSoon(() => gate.open());
    yield* t.wait(shutdown);
  },
);

testWithWorkers(
  "terminateOnCancel ends a call that runs when its task is cancelled",
  function* (t) {
    const gate = new Gate();
    const call = { function: passGate<string>, terminateOnCancel: true };
    const task = createTask(t.work(function* () {
      return yield* t.wait(t.loop.runInExecutor(undefined, call, gate.buffer, "never"));
    }));
    const arrived = t.loop.createFuture<void>();
    void gate.arrivals(1).then(() => arrived.setResult());
    yield* t.wait(arrived);
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    // Without an end of the worker, this would wait for ever.
    yield* t.wait(t.loop.shutdownDefaultExecutor());
  },
);

testAsync("Cancelling the future cancels the job, once, and only then", async ({ loop }) => {
  const executor = new InlineExecutor();
  const future = loop.runInExecutor(executor, async function work() {
    await new Promise(() => {});
  });
  const done = loop.runInExecutor(executor, function quick() {});
  await done;
  assertEquals(executor.notes, ["submit work", "submit quick"]);
  future.cancel();
  await assertRejects(async () => await future, CancelledError);
  done.cancel();
  await createTask(async () => {});
  assertEquals(executor.notes, ["submit work", "submit quick", "cancel"]);
});

testWithWorkers("A call that its executor cancels is a cancelled future", function* (t) {
  const pool = new WorkerPoolExecutor({ maxWorkers: 1 });
  const gate = new Gate();
  const running = t.loop.runInExecutor(pool, passGate, gate.buffer, "done");
  const waiting = t.loop.runInExecutor(pool, passGate, gate.buffer, "never");
  const shutdown = ensureFuture(pool.shutdown({ cancelFutures: true }));
  gate.open();
  assertEquals(yield* t.wait(running), "done");
  yield* t.wait(shutdown);
  assert(waiting.cancelled());
});

Deno.test("A result that comes after the loop was closed is dropped", async () => {
  class WatchedLoop extends DenoEventLoop {
    callsAfterClose = 0;
    override callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): Handle {
      if (this.isClosed()) this.callsAfterClose++;
      return super.callSoon(callback, ...args);
    }
  }
  for (const cancel of [true, false]) {
    const loop = new WatchedLoop();
    await using pool = new WorkerPoolExecutor();
    const gate = new Gate();
    const job = loop.runInExecutor(pool, passGate, gate.buffer, 1);
    if (cancel) job.cancel();
    loop.close();
    gate.open();
    await pool.shutdown();
    assertEquals(loop.callsAfterClose, 0);
  }
});

// ---- The default executor -------------------------------------------------------------------------

testAsync("setDefaultExecutor() replaces the default executor", async ({ loop }) => {
  const executor = new InlineExecutor();
  loop.setDefaultExecutor(executor);
  assertEquals(
    await loop.runInExecutor(undefined, function five() {
      return 5;
    }),
    5,
  );
  assertEquals(executor.notes, ["submit five"]);
});

testLoop("setDefaultExecutor() takes executors only", ({ loop }) => {
  const message =
    "Cannot set the default executor: it must have the methods submit() and shutdown()";
  for (const wrong of [undefined, null, {}, { submit() {} }, { shutdown() {} }, 5, () => 1]) {
    assertThrows(() => loop.setDefaultExecutor(wrong as unknown as Executor), TypeError, message);
  }
});

testAsync("shutdownDefaultExecutor() without an executor does nothing", async ({ loop }) => {
  assertEquals(await loop.shutdownDefaultExecutor(), undefined);
  assertEquals(await loop.shutdownDefaultExecutor(1), undefined);
});

testWithWorkers(
  "After shutdownDefaultExecutor() the default executor takes no calls",
  function* (t) {
    const { loop } = t;
    yield* t.wait(loop.runInExecutor(undefined, () => {}));
    // It is a coroutine: nothing happens before it is awaited.
    const shutdown = loop.shutdownDefaultExecutor();
    yield* t.wait(loop.runInExecutor(undefined, () => {}));
    yield* t.wait(shutdown);
    const error = assertThrows(() => loop.runInExecutor(undefined, () => {}), RuntimeError);
    assertEquals(error.message, "Cannot run in the default executor: it was shut down");
    loop.setDefaultExecutor(new InlineExecutor());
    assertThrows(() => loop.runInExecutor(undefined, () => {}), RuntimeError);
    // Others are no concern of it.
    assertEquals(yield* t.wait(loop.runInExecutor(new InlineExecutor(), () => 1)), 1);
  },
);

testWithWorkers("shutdownDefaultExecutor() waits for the calls that were made", function* (t) {
  const gate = new Gate();
  const future = t.loop.runInExecutor(undefined, passGate, gate.buffer, "done");
  const shutdown = createTask(t.loop.shutdownDefaultExecutor(60_000));
  yield* t.wait(ensureFuture(gate.arrivals(1)));
  assertFalse(shutdown.done());
  gate.open();
  yield* t.wait(shutdown);
  assert(future.done());
  assertEquals(yield* t.wait(future), "done");
});

testAsync(
  "shutdownDefaultExecutor() raises what the executor's shutdown() does",
  async ({ loop }) => {
    const failure = Promise.reject(new RangeError("stuck"));
    loop.setDefaultExecutor(new InlineExecutor(failure));
    await assertRejects(async () => await loop.shutdownDefaultExecutor(5), RangeError, "stuck");
  },
);

testLoop("A loop is closed whatever its executor does, and tells what that was", async (t) => {
  const reports: unknown[] = [];
  const [throwing, rejecting] = [new InlineExecutor(), new InlineExecutor()];
  throwing.shutdown = () => {
    throw new RangeError("at once");
  };
  rejecting.shutdown = () => Promise.reject(new RangeError("later"));
  for (const executor of [throwing, rejecting]) {
    for (const wasShutDown of [false, true]) {
      const loop = new DenoEventLoop();
      loop.setExceptionHandler((_loop, { exception }) =>
        reports.push((exception as Error).message)
      );
      loop.setDefaultExecutor(executor);
      if (wasShutDown) {
        const shutdown = loop.runUntilComplete(loop.shutdownDefaultExecutor());
        await assertRejects(() => shutdown, RangeError);
      }
      loop.close();
      // Nobody can add a task to it.
      assertThrows(() => new Task(async () => {}, { loop }), RuntimeError, "closed");
    }
  }
  await t.loop.runUntilComplete(() => hostTurn());
  assertEquals(reports, ["at once", "later"]);
});

testAsync("shutdownDefaultExecutor() can be cancelled, and leaves no timer", async ({ loop }) => {
  const executor = new InlineExecutor(new Promise(() => {}));
  loop.setDefaultExecutor(executor);
  const task = createTask(loop.shutdownDefaultExecutor(5));
  loop.callLater(1, () => task.cancel());
  await assertRejects(async () => await task, CancelledError);
  assertEquals(executor.notes, ["shutdown "]);
}, {
  after: ({ loop }) => loop.setDefaultExecutor(new InlineExecutor()),
});

testAsync(
  "shutdownDefaultExecutor() takes a time that is over, and none that is no number",
  async (t) => {
    t.loop.setDefaultExecutor(new InlineExecutor());
    await t.loop.shutdownDefaultExecutor(-1);
    await assertRejects(async () => await t.loop.shutdownDefaultExecutor(NaN), RangeError);
  },
);

Deno.test("run() shuts the default executor down and waits for its work", async () => {
  const gate = new Gate();
  await run(async () => {
    getRunningLoop().runInExecutor(undefined, passGate, gate.buffer, 1);
    await gate.arrivals(1);
    queueMicrotask(() => gate.open());
  });
});

Deno.test("Closing a loop shuts the default executor down without waiting", () => {
  const loop = new DenoEventLoop();
  const executor = new InlineExecutor(Promise.reject(new Error("nobody is there to be told")));
  loop.setDefaultExecutor(executor);
  loop.close();
  loop.close();
  assertEquals(executor.notes, ["shutdown "]);
});
