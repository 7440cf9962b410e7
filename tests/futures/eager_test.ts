/** Tasks that start before their constructor returns. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import {
  allTasks,
  CancelledError,
  ContextVar,
  createTask,
  currentTask,
  sleep,
  Task,
  type TaskLike,
} from "../../futures/mod.ts";
import { errorOf, testAsync, testLoop, testProgram } from "../_helpers.ts";

const eagerStart = true;

testProgram("An eager task runs up to its first wait at once", function* (t) {
  const order: string[] = [];
  const task = createTask(
    t.work(function* () {
      order.push("started");
      yield* t.wait(sleep(1));
      order.push("went on");
      return "finished";
    }),
    { eagerStart },
  );
  order.push("created");
  assertFalse(task.done());
  assertEquals(yield* t.wait(task), "finished");
  assertEquals(order, ["started", "created", "went on"]);
});

testProgram("An eager task that waits for nothing is done at once", function* (t) {
  const future = t.loop.createFuture<string>();
  // deno-lint-ignore require-yield
  const task = createTask(function* () {
    future.setResult("my message");
    return "hello";
  }, { eagerStart });
  assert(task.done());
  assertEquals(task.getCoro(), null);
  assertFalse(task.cancel());
  assertEquals(yield* t.wait(task), "hello");
  assertEquals(yield* t.wait(future), "my message");
});

testProgram("An eager task that throws at once has failed", function* (t) {
  // deno-lint-ignore require-yield
  const task = createTask(function* () {
    throw new TypeError("at once");
  }, { eagerStart });
  assert(task.done());
  assertEquals(String(yield* errorOf(t.wait(task))), "TypeError: at once");
});

testAsync("An eager async function that waits for nothing is done within the pass", async (t) => {
  let passed = false;
  // deno-lint-ignore require-await
  const task = createTask(async () => "hello", { eagerStart });
  t.loop.callSoon(() => passed = true);
  assertEquals(await task, "hello");
  assertFalse(passed);
  await sleep(0);
});

testProgram("A task that an eager task blocks in can be cancelled", function* (t) {
  const task = createTask(
    t.work(function* () {
      yield* t.wait(sleep(100));
    }),
    { eagerStart },
  );
  task.cancel("cancellation message");
  assertEquals(task.cancelling(), 1);
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "cancellation message");
});

testProgram("currentTask() is the eager task inside, and the outer one after", function* (t) {
  const outer = currentTask();
  const seen: unknown[] = [];
  const task = createTask(
    t.work(function* () {
      seen.push(currentTask());
      yield* t.wait(sleep(1));
      seen.push(currentTask());
    }),
    { eagerStart },
  );
  seen.push(currentTask());
  yield* t.wait(task);
  assertEquals(seen, [task, outer, task]);
});

testProgram("An eager task inside an eager task", function* (t) {
  const main = currentTask();
  const seen: unknown[] = [];
  let inner: Task<void> | undefined;
  const outer = createTask(
    t.work(function* () {
      inner = createTask(
        t.work(function* () {
          seen.push(currentTask());
          yield* t.wait(sleep(2));
          seen.push(currentTask());
        }),
        { eagerStart },
      );
      seen.push(currentTask());
      yield* t.wait(sleep(1));
      seen.push(currentTask());
      yield* t.wait(inner);
    }),
    { eagerStart },
  );
  assertStrictEquals(currentTask(), main);
  yield* t.wait(outer);
  assertEquals(seen, [inner, outer, outer, inner]);
});

testProgram("allTasks() has the eager task while it runs, and not when it is done", function* (t) {
  let seen: Set<TaskLike> | undefined;
  // deno-lint-ignore require-yield
  const done = createTask(function* () {
    seen = allTasks();
  }, { eagerStart });
  assert(seen!.has(done));
  assertFalse(allTasks().has(done));
  const blocking = createTask(
    t.work(function* () {
      yield* t.wait(sleep(1));
    }),
    { eagerStart },
  );
  assert(allTasks().has(blocking));
  yield* t.wait(blocking);
  assertFalse(allTasks().has(blocking));
});

testProgram("An eager task has a context of its own", function* (t) {
  const c = new ContextVar<number>("c", { defaultValue: 0 });
  c.set(1);
  const task = createTask(
    t.work(function* () {
      assertEquals(c.get(), 1);
      c.set(2);
      yield* t.wait(sleep(1));
      assertEquals(c.get(), 2);
      c.set(3);
    }),
    { eagerStart },
  );
  assertEquals(c.get(), 1);
  yield* t.wait(task);
  assertEquals(c.get(), 1);
  assertEquals(task.getContext().get(c), 3);
});

testLoop("A task of a loop that does not run does not start eagerly", async ({ loop }) => {
  let started = false;
  const task = new Task(function* () {
    started = true;
    yield* sleep(0);
  }, { loop, eagerStart });
  assertFalse(started);
  await loop.runUntilComplete(task);
  assert(started);
});

testProgram("An eager task made in a callback of the loop", function* (t) {
  const seen: unknown[] = [];
  let task: Task<void> | undefined;
  t.loop.callSoon(() => {
    task = createTask(
      t.work(function* () {
        seen.push(currentTask());
        yield* t.wait(sleep(0));
        seen.push(currentTask());
      }),
      { eagerStart },
    );
    seen.push(currentTask());
  });
  yield* t.wait(sleep(1));
  assertEquals(seen, [task, undefined, task]);
});

testProgram("A task factory that makes eager tasks serves createTask()", function* (t) {
  t.loop.setTaskFactory((loop, coro, options) =>
    new Task(coro, { ...options, loop, eagerStart: true })
  );
  let started = false;
  const task = createTask(t.work(function* () {
    started = true;
    yield* t.wait(sleep(0));
    return 1;
  }));
  assert(started);
  assertEquals(yield* t.wait(task), 1);
});
