/** `Future`: its states, its callbacks, and its two ways of being waited for. */
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
  CancelledError,
  ContextVar,
  coroutine,
  createTask,
  Future,
  InvalidStateError,
  isfuture,
  RuntimeError,
  sleep,
  Task,
} from "../../futures/mod.ts";
import { DenoEventLoop, setEventLoop } from "../../loop/mod.ts";
import { errorOf, passes, testLoop, testProgram } from "../_helpers.ts";

// ---- Making one -----------------------------------------------------------------------------------

testLoop("Future is pending at first", ({ loop }) => {
  const future = new Future({ loop });
  assertFalse(future.done());
  assertFalse(future.cancelled());
  assertStrictEquals(future.getLoop(), loop);
});

Deno.test("Future made without a loop, while none is running, is an error that says so", () => {
  assertThrows(() => new Future(), RuntimeError, "no event loop is running");
});

testProgram("Future made without a loop belongs to the running one", function* (t) {
  yield* t.wait(sleep(0));
  assertStrictEquals(new Future().getLoop(), t.loop);
});

testLoop("Future made without a loop does not take the one that was set", ({ loop }) => {
  setEventLoop(loop);
  try {
    assertThrows(() => new Future(), RuntimeError, "no event loop is running");
  } finally {
    setEventLoop(undefined);
  }
});

testLoop("Future remembers where it was made in debug mode only", ({ loop }) => {
  const future = loop.createFuture();
  if (loop.getDebug()) assertMatch(future._sourceTraceback!, /^Error\n +at .*future_test\.ts/);
  else assertEquals(future._sourceTraceback, undefined);
});

// ---- Result and exception -------------------------------------------------------------------------

testLoop("Future.setResult() finishes it with the result", ({ loop }) => {
  const future = loop.createFuture<number>();
  assertThrows(() => future.result(), InvalidStateError, "Cannot get the result");
  assertThrows(() => future.exception(), InvalidStateError, "Cannot get the exception");
  future.setResult(42);
  assert(future.done());
  assertFalse(future.cancelled());
  assertEquals(future.result(), 42);
  assertEquals(future.exception(), undefined);
  assertFalse(future.cancel());
  assertFalse(future.cancelled());
});

testLoop("Future.setException() finishes it with the exception", ({ loop }) => {
  const future = loop.createFuture<number>();
  const error = new TypeError("no");
  future.setException(error);
  assert(future.done());
  assertFalse(future.cancelled());
  assertStrictEquals(assertThrows(() => future.result(), TypeError), error);
  assertStrictEquals(future.exception(), error);
  assertFalse(future.cancel());
});

testLoop("Future.setException() makes an error of an error class", ({ loop }) => {
  const future = loop.createFuture<number>();
  future.setException(RangeError);
  assertInstanceOf(future.exception(), RangeError);
});

testLoop("Future.setException() takes whatever can be thrown", ({ loop }) => {
  for (const thrown of ["text", 5, null, undefined, () => {}]) {
    const future = loop.createFuture<number>();
    future.setException(thrown);
    let caught: unknown = "nothing";
    try {
      future.result();
    } catch (error) {
      caught = error;
    }
    assertStrictEquals(caught, thrown);
  }
});

testLoop("Future that is done refuses another result, and says what it is", ({ loop }) => {
  const finished = loop.createFuture<number>();
  finished.setResult(1);
  const failed = loop.createFuture<number>();
  failed.setException(new TypeError());
  failed.exception();
  const cancelled = loop.createFuture<number>();
  cancelled.cancel();
  for (
    const [future, state] of [
      [finished, "finished"],
      [failed, "finished"],
      [cancelled, "cancelled"],
    ] as const
  ) {
    assertThrows(
      () => future.setResult(2),
      InvalidStateError,
      `Cannot set the result: the future is already done (${state})`,
    );
    assertThrows(
      () => future.setException(new TypeError()),
      InvalidStateError,
      `Cannot set the exception: the future is already done (${state})`,
    );
  }
  assertEquals(finished.result(), 1);
});

// ---- Cancelling -----------------------------------------------------------------------------------

testLoop("Future.cancel() finishes it with CancelledError", ({ loop }) => {
  const future = loop.createFuture<number>();
  assert(future.cancel());
  assert(future.cancelled());
  assert(future.done());
  assertThrows(() => future.result(), CancelledError);
  assertThrows(() => future.exception(), CancelledError);
  assertFalse(future.cancel());
});

testLoop("Future.cancel() gives its message to the error", ({ loop }) => {
  const future = loop.createFuture<number>();
  future.cancel("my message");
  assertThrows(() => future.result(), CancelledError, "my message");
  const without = loop.createFuture<number>();
  without.cancel();
  assertEquals((assertThrows(() => without.result()) as Error).message, "");
});

testLoop("Future.result() of a cancelled future makes a fresh error each time", ({ loop }) => {
  const future = loop.createFuture<number>();
  future.cancel();
  const [first, second] = [1, 2].map(() => assertThrows(() => future.result()));
  assertFalse(first === second);
});

testLoop("Future.cancel() after an exception means that it is retrieved", async ({ loop }) => {
  const future = loop.createFuture<number>();
  future.setException(new TypeError());
  assertFalse(future.cancel());
  await loop.runUntilComplete(sleep(0));
});

// ---- Done callbacks -------------------------------------------------------------------------------

testProgram("Done callbacks run in the next pass, in the order they were added", function* (t) {
  const future = t.loop.createFuture<string>();
  const seen: unknown[] = [];
  future.addDoneCallback((done) => seen.push(1, done.result()));
  future.addDoneCallback((done) => seen.push(2, done === future));
  future.setResult("x");
  assertEquals(seen, []);
  yield* t.wait(sleep(0));
  assertEquals(seen, [1, "x", 2, true]);
});

testProgram("Done callbacks run after an exception and after a cancellation", function* (t) {
  const seen: string[] = [];
  const failed = t.loop.createFuture();
  failed.addDoneCallback((future) => seen.push(String(future.exception())));
  failed.setException(new TypeError("no"));
  const cancelled = t.loop.createFuture();
  cancelled.addDoneCallback((future) => seen.push(String(future.cancelled())));
  cancelled.cancel();
  yield* t.wait(sleep(0));
  assertEquals(seen, ["TypeError: no", "true"]);
});

testProgram("Future.addDoneCallback() on a done future schedules at once", function* (t) {
  const future = t.loop.createFuture<number>();
  future.setResult(1);
  let called = 0;
  future.addDoneCallback(() => called++);
  assertEquals(called, 0);
  yield* t.wait(sleep(0));
  assertEquals(called, 1);
});

testProgram("Done callbacks that others add while they run wait for the next pass", function* (t) {
  const future = t.loop.createFuture<void>();
  const order: string[] = [];
  future.addDoneCallback(() => {
    order.push("outer");
    future.addDoneCallback(() => order.push("inner"));
  });
  t.loop.callSoon(() => order.push("before"));
  future.setResult();
  t.loop.callSoon(() => order.push("after"));
  yield* t.wait(sleep(0));
  assertEquals(order, ["before", "outer", "after"]);
  yield* t.wait(sleep(0));
  assertEquals(order, ["before", "outer", "after", "inner"]);
});

testProgram("Future.removeDoneCallback() takes out all of one callback", function* (t) {
  const bag: number[] = [];
  const future = t.loop.createFuture<string>();
  const callbacks = [1, 2, 3].map((n) => () => void bag.push(n));
  const [one, two, three] = callbacks as [() => void, () => void, () => void];
  future.addDoneCallback(one);
  assertEquals(future.removeDoneCallback(two), 0);
  assertEquals(future.removeDoneCallback(one), 1);
  assertEquals(future.removeDoneCallback(one), 0);
  for (const callback of [one, two, one, three, one]) future.addDoneCallback(callback);
  assertEquals(future.removeDoneCallback(one), 3);
  assertEquals(future.removeDoneCallback(one), 0);
  future.setResult("foo");
  // Scheduled ones are past taking out.
  assertEquals(future.removeDoneCallback(two), 0);
  yield* t.wait(sleep(0));
  assertEquals(bag, [2, 3]);
});

testProgram("A done callback that removes a later one comes too late", function* (t) {
  const future = t.loop.createFuture<number>();
  const seen: string[] = [];
  const last = () => void seen.push("last");
  future.addDoneCallback(() => assertEquals(future.removeDoneCallback(last), 0));
  future.addDoneCallback(last);
  future.setResult(1);
  yield* t.wait(sleep(0));
  assertEquals(seen, ["last"]);
});

testProgram("A done callback that throws is reported, and the others run", function* (t) {
  const future = t.loop.createFuture<number>();
  const seen: string[] = [];
  function broken() {
    throw new TypeError("broken");
  }
  future.addDoneCallback(broken);
  future.addDoneCallback(() => seen.push("next"));
  future.setResult(1);
  yield* t.wait(sleep(0));
  assertEquals(seen, ["next"]);
  const [report, ...more] = t.takeReports();
  assertEquals(more, []);
  assertMatch(report!.message, /^Exception in callback .*broken.*<Future finished result=1>/);
  assertInstanceOf(report!.exception, TypeError);
});

testProgram("A done callback runs in a copy of the context it was added in", function* (t) {
  const variable = new ContextVar("variable", { defaultValue: "default" });
  const seen: string[] = [];
  const future = t.loop.createFuture<void>();
  variable.set("when added");
  future.addDoneCallback(() => {
    seen.push(variable.get());
    variable.set("changed inside");
  });
  variable.set("later");
  future.setResult();
  yield* t.wait(sleep(0));
  assertEquals(seen, ["when added"]);
  assertEquals(variable.get(), "later");
});

testLoop("Future.addDoneCallback() refuses what is no function", ({ loop }) => {
  const future = loop.createFuture();
  assertThrows(
    () => future.addDoneCallback("no" as never),
    TypeError,
    'Cannot add a done callback: it must be a function, got "no"',
  );
});

// ---- Waiting --------------------------------------------------------------------------------------

testProgram("Waiting for a future gives its result, once and again", function* (t) {
  const future = t.loop.createFuture<number>();
  t.loop.callLater(10, () => future.setResult(42));
  assertEquals(yield* t.wait(future), 42);
  assertEquals(t.loop.time(), 10);
  assertEquals(yield* t.wait(future), 42);
});

testProgram("Waiting for a done future takes no pass", function* (t) {
  const future = t.loop.createFuture<number>();
  future.setResult(1);
  let passed = false;
  t.loop.callSoon(() => passed = true);
  for (let i = 0; i < 10; i++) yield* t.wait(future);
  assertFalse(passed);
  yield* t.wait(sleep(0));
});

testProgram("Waiting for a future throws its exception where it waits", function* (t) {
  const error = new TypeError("no");
  const later = t.loop.createFuture();
  t.loop.callSoon(() => later.setException(error));
  assertStrictEquals(yield* errorOf(t.wait(later)), error);
  assertStrictEquals(yield* errorOf(t.wait(later)), error);
  const cancelled = t.loop.createFuture();
  cancelled.cancel("over");
  const caught = yield* errorOf(t.wait(cancelled));
  assertInstanceOf(caught, CancelledError);
  assertEquals(caught.message, "over");
});

testProgram("Several tasks wait for one future and resume in the order they came", function* (t) {
  const future = t.loop.createFuture<string>();
  const order: string[] = [];
  const tasks = ["a", "b", "c"].map((name) =>
    createTask(t.work(function* () {
      order.push(name + (yield* t.wait(future)));
    }))
  );
  yield* t.wait(sleep(0));
  future.setResult("!");
  for (const task of tasks) yield* t.wait(task);
  assertEquals(order, ["a!", "b!", "c!"]);
});

testProgram("Cancelling one of several tasks that wait cancels the future for all", function* (t) {
  const future = t.loop.createFuture<void>();
  const wait = function* () {
    yield* t.wait(future);
  };
  const first = createTask(t.work(wait));
  const second = createTask(t.work(wait));
  yield* t.wait(sleep(0));
  first.cancel();
  assert(future.cancelled());
  yield* errorOf(t.wait(first));
  yield* errorOf(t.wait(second));
  assert(first.cancelled());
  assert(second.cancelled());
});

testLoop("Iterating over a future gives it once, then its result", ({ loop }) => {
  const future = loop.createFuture<number>();
  const steps = future[Symbol.iterator]();
  assertStrictEquals(steps.next().value, future as Future<unknown>);
  assert(future._asyncioFutureBlocking);
  future._asyncioFutureBlocking = false;
  future.setResult(7);
  assertEquals(steps.next(), { value: 7, done: true });
  assertEquals(future[Symbol.iterator]().next(), { value: 7, done: true });
});

testLoop("An iterator over a future throws on what is thrown into it", ({ loop }) => {
  const steps = loop.createFuture<number>()[Symbol.iterator]();
  assertThrows(() => steps.throw!(new TypeError("zebra")), TypeError, "zebra");
  assertEquals(steps.return!(5), { value: 5, done: true });
});

testLoop("A future can be awaited outside of the loop", async ({ loop }) => {
  const future = loop.createFuture<number>();
  const outside = (async () => await future)();
  loop.callSoon(() => future.setResult(5));
  await loop.runUntilComplete(future);
  assertEquals(await outside, 5);
});

testLoop("A future that failed can be awaited outside of the loop", async ({ loop }) => {
  const future = loop.createFuture<number>();
  const outside = assertRejects(async () => await future, TypeError, "no");
  loop.callSoon(() => future.setException(new TypeError("no")));
  await assertRejects(() => loop.runUntilComplete(future), TypeError, "no");
  await outside;
});

// ---- then() ---------------------------------------------------------------------------------------

testLoop("Future.then() chains as a promise does", async ({ loop }) => {
  const future = loop.createFuture<number>();
  const doubled = future.then((n) => 2 * n).then((n) => `${n}`);
  const kept = future.then();
  const recovered = future.then(() => {
    throw new TypeError("inside");
  }).then(undefined, (error: unknown) => String(error));
  loop.callSoon(() => future.setResult(21));
  await loop.runUntilComplete(future);
  assertEquals(await doubled, "42");
  assertEquals(await kept, 21);
  assertEquals(await recovered, "TypeError: inside");
});

testLoop("Future.then() hands an exception to the end of the chain", async ({ loop }) => {
  const future = loop.createFuture<number>();
  const chained = future.then((n) => n + 1).then(() => "fine", (error: unknown) => String(error));
  loop.callSoon(() => future.setException(new TypeError("no")));
  await assertRejects(() => loop.runUntilComplete(future), TypeError, "no");
  assertEquals(await chained, "TypeError: no");
});

testLoop(
  "An exception in a then() of a future that is done is not reported where it is awaited",
  async (t) => {
    const future = t.loop.createFuture<number>();
    future.setResult(1);
    const failing = () => {
      throw new TypeError("inside");
    };
    await t.loop.runUntilComplete(async () => {
      await assertRejects(async () => await future.then(failing), TypeError, "inside");
      await assertRejects(() => Promise.resolve(future.then(failing)), TypeError, "inside");
    });
    await t.loop.runUntilComplete(passes(3));
    assertEquals(t.takeReports(), []);
  },
);

testLoop("An exception in a then() chain that nobody handles is reported", async (t) => {
  const future = t.loop.createFuture<number>();
  future.then(() => {
    throw new TypeError("lost");
  });
  t.loop.callSoon(() => future.setResult(1));
  await t.loop.runUntilComplete(future);
  await t.loop.runUntilComplete(passes(3));
  const [report, ...more] = t.takeReports();
  assertEquals(more, []);
  assertMatch(report!.message, /then\(\) chain/);
  assertInstanceOf(report!.exception, TypeError);
});

Deno.test("An exception in a then() chain is told to the host where there is no loop", async () => {
  const told: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    told.push(event.reason);
  };
  addEventListener("unhandledrejection", listen);
  try {
    const lost = new TypeError("lost");
    // deno-lint-ignore require-yield
    const made = coroutine(function* () {
      return 1;
    });
    made().then(() => {
      throw lost;
    });
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(told, [lost]);
  } finally {
    removeEventListener("unhandledrejection", listen);
  }
});

testLoop("Future.then() with one argument takes no part in a cancellation", async ({ loop }) => {
  await loop.runUntilComplete(async () => {
    const aside = loop.createFuture<string>();
    const chained: PromiseLike<string>[] = [];
    const task = createTask(async () => {
      chained.push(aside.then((text) => text + "!"));
      await sleep(1000);
    });
    await sleep(0);
    task.cancel();
    await assertRejects(async () => await task, CancelledError);
    assertFalse(aside.done());
    aside.setResult("alive");
    assertEquals(await chained[0], "alive!");
  });
});

testProgram("Promise.resolve() and Promise.all() take futures", function* (t) {
  const one = t.loop.createFuture<number>();
  const two = t.loop.createFuture<string>();
  t.loop.callSoon(() => {
    two.setResult("two");
    one.setResult(1);
  });
  const task = createTask(async () => await Promise.all([one, two, Promise.resolve(one)]));
  assertEquals(yield* t.wait(task), [1, "two", 1]);
});

// ---- What counts as one ---------------------------------------------------------------------------

testLoop("isfuture() knows futures, tasks, and whatever has their mark", async ({ loop }) => {
  class Duck {
    _asyncioFutureBlocking = false;
  }
  const future = loop.createFuture();
  const task = loop.createTask(sleep(0));
  assert(isfuture(future));
  assert(isfuture(task));
  assert(isfuture(new Duck()));
  for (const no of [Duck, Future, 1, null, undefined, "x", {}, Promise.resolve(), () => {}]) {
    assertFalse(isfuture(no));
  }
  await loop.runUntilComplete(task);
});

testLoop("A subclass of Future is waited for as a future", async ({ loop }) => {
  class Counting<T> extends Future<T> {
    cancels = 0;
    override cancel(message?: string): boolean {
      this.cancels++;
      return super.cancel(message);
    }
  }
  const future = new Counting<string>({ loop });
  loop.callSoon(() => future.setResult("spam"));
  assertEquals(
    await loop.runUntilComplete(
      coroutine(function* () {
        return yield* future;
      })(),
    ),
    "spam",
  );
  const other = new Counting<string>({ loop });
  const task = new Task(async () => await other, { loop });
  loop.callSoon(() => task.cancel());
  await assertRejects(() => loop.runUntilComplete(task), CancelledError);
  assertEquals(other.cancels, 1);
  assertEquals(String(other), "<Counting cancelled>");
});

// ---- For people -----------------------------------------------------------------------------------

testLoop("Future.toString() tells the state, and what is in it", ({ loop }) => {
  const future = () => loop.createFuture<unknown>();
  assertEquals(String(future()), "<Future pending>");
  const cancelled = future();
  cancelled.cancel();
  assertEquals(String(cancelled), "<Future cancelled>");
  const finished = future();
  finished.setResult(4);
  assertEquals(String(finished), "<Future finished result=4>");
  const text = future();
  text.setResult("four");
  assertEquals(String(text), '<Future finished result="four">');
  const failed = future();
  failed.setException(new TypeError("no"));
  assertEquals(String(failed), "<Future finished exception=TypeError: no>");
  // Asking for a description retrieves nothing, so the test does.
  failed.exception();
  assertEquals(Deno.inspect(finished), "<Future finished result=4>");
});

testLoop("Future.toString() survives a result that cannot be described", ({ loop }) => {
  const hostile = loop.createFuture<unknown>();
  hostile.setResult({
    toString() {
      throw new TypeError("hostile");
    },
  });
  assertMatch(String(hostile), /^<Future finished result=.*>$/);
  const bare = loop.createFuture<unknown>();
  bare.setResult(Object.create(null));
  assertMatch(String(bare), /^<Future finished result=an object>$/);
  const symbol = loop.createFuture<unknown>();
  symbol.setResult(Symbol("s"));
  assertMatch(String(symbol), /Symbol\(s\)/);
});

testLoop("Future.toString() survives a future that is its own result", ({ loop }) => {
  const future = loop.createFuture<unknown>();
  future.setResult(future);
  assertMatch(String(future), /^<Future finished result=/);
  assert(String(future).length < 1000);
});

testLoop("Future.toString() keeps long results short", ({ loop }) => {
  const future = loop.createFuture<unknown>();
  future.setResult("x".repeat(100_000));
  assert(String(future).length < 200);
  const object = loop.createFuture<unknown>();
  object.setResult({ toString: () => "y".repeat(100_000) });
  assert(String(object).length < 500);
});

// ---- A loop of its own ----------------------------------------------------------------------------

Deno.test("A future takes the loop that it was given, also while another runs", async () => {
  const other = new DenoEventLoop();
  const loop = new DenoEventLoop();
  try {
    await loop.runUntilComplete(async () => {
      await sleep(0);
      assertStrictEquals(new Future({ loop: other }).getLoop(), other);
    });
  } finally {
    loop.close();
    other.close();
  }
});
