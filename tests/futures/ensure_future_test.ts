/** `ensureFuture()` and `createTask()`. */
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
  CancelledError,
  createTask,
  ensureFuture,
  Future,
  RuntimeError,
  sleep,
  Task,
} from "../../futures/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { errorOf, hostTurn, testAsync, testLoop, testProgram } from "../_helpers.ts";

testProgram("ensureFuture() of a future or a task is the same object", function* (t) {
  const future = t.loop.createFuture<number>();
  assertStrictEquals(ensureFuture(future), future);
  assertStrictEquals(ensureFuture(future, { loop: t.loop }), future);
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
  }));
  assertStrictEquals(ensureFuture(task), task);
  yield* t.wait(task);
});

testProgram("ensureFuture() makes a task of a coroutine", function* (t) {
  const future = ensureFuture(t.work(function* () {
    yield* t.wait(sleep(1));
    return "ok";
  }));
  assertInstanceOf(future, Task);
  assertStrictEquals(future.getLoop(), t.loop);
  assertEquals(yield* t.wait(future), "ok");
});

testProgram("ensureFuture() makes a future of a promise", function* (t) {
  const future = ensureFuture(Promise.resolve("ok"));
  assertInstanceOf(future, Future);
  assertFalse(future instanceof Task);
  assertEquals(yield* t.wait(future), "ok");
  const failed = ensureFuture(Promise.reject(new TypeError("no")));
  assertEquals(String(yield* errorOf(t.wait(failed))), "TypeError: no");
});

testProgram("ensureFuture() takes any object with then()", function* (t) {
  const thenable = {
    then: (onFulfilled: (value: number) => void) => onFulfilled(5),
  } as unknown as PromiseLike<number>;
  assertEquals(yield* t.wait(ensureFuture(thenable)), 5);
});

testProgram(
  "ensureFuture() of a promise: cancelling ends the wait, not the promise",
  function* (t) {
    const foreign = Promise.withResolvers<string>();
    const future = ensureFuture(foreign.promise);
    const task = createTask(t.work(function* () {
      return yield* t.wait(future);
    }));
    yield* t.wait(sleep(0));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assert(future.cancelled());
    foreign.resolve("too late");
    yield* t.wait(ensureFuture(hostTurn()));
    assert(future.cancelled());
  },
);

testLoop("ensureFuture() with a loop needs none running", async ({ loop }) => {
  const task = ensureFuture(sleep(1, "task"), { loop });
  const future = ensureFuture(Promise.resolve("future"), { loop });
  assertEquals(await loop.runUntilComplete(task), "task");
  assertEquals(await loop.runUntilComplete(future), "future");
});

testLoop("ensureFuture() refuses a future of another loop", ({ loop }) => {
  const other = new SimulatedEventLoop();
  const future = other.createFuture();
  assertThrows(
    () => ensureFuture(future, { loop }),
    RangeError,
    "Cannot use <Future pending>: it belongs to a loop other than the one given",
  );
  other.close();
});

Deno.test("ensureFuture() outside of a loop is an error", () => {
  assertThrows(() => ensureFuture(sleep(1)), RuntimeError, "no event loop is running");
  assertThrows(() => ensureFuture(Promise.resolve()), RuntimeError, "no event loop is running");
});

testLoop("ensureFuture() refuses what cannot be waited for", ({ loop }) => {
  for (const bad of [5, "ok", null, undefined, {}, [], true]) {
    assertThrows(
      () => ensureFuture(bad as never, { loop }),
      TypeError,
      "Cannot make a future: a future, coroutine, async function or promise is needed, got",
    );
  }
});

testAsync("A promise that rejects with undefined makes a future that does", async () => {
  let caught: unknown = "nothing";
  try {
    await ensureFuture(Promise.reject());
  } catch (error) {
    caught = error;
  }
  assertEquals(caught, undefined);
});

testAsync("createTask() passes name and context on", async ({ loop }) => {
  const task = createTask(sleep(1), { name: "named" });
  assertEquals(task.getName(), "named");
  assertStrictEquals(task.getLoop(), loop);
  await task;
});

testLoop("createTask() of a loop that is closed is an error", async ({ loop }) => {
  loop.close();
  assertThrows(
    () => loop.createTask(sleep(1)),
    RuntimeError,
    "Cannot create a task: the event loop is closed",
  );
  assertThrows(() => ensureFuture(sleep(1), { loop }), RuntimeError, "closed");
  assertThrows(() => new Task(sleep(1), { loop }), RuntimeError, "closed");
  await assertRejects(() => loop.runUntilComplete(sleep(1)), RuntimeError, "closed");
});
