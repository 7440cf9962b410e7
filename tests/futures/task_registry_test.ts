/** `currentTask()`, `allTasks()`, and the functions that make third parties' tasks visible. */
import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import {
  _enterTask,
  _leaveTask,
  _registerEagerTask,
  _registerTask,
  _swapCurrentTask,
  _unregisterEagerTask,
  _unregisterTask,
  allTasks,
  createTask,
  currentTask,
  RuntimeError,
  sleep,
  type Task,
  type TaskLike,
} from "../../futures/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import {
  collectGarbage,
  errorOf,
  passes,
  testAsync,
  TestLoop,
  testLoop,
  testProgram,
} from "../_helpers.ts";

class FakeTask implements TaskLike {
  readonly #loop: TestLoop;
  readonly #name: string;
  ended = false;

  constructor(loop: TestLoop, name = "fake") {
    this.#loop = loop;
    this.#name = name;
  }

  getLoop(): TestLoop {
    return this.#loop;
  }

  done(): boolean {
    return this.ended;
  }

  cancel(): boolean {
    return false;
  }

  toString(): string {
    return this.#name;
  }
}

// ---- currentTask() --------------------------------------------------------------------------------

testProgram("currentTask() is the task, over all its waits", function* (t) {
  const task: Task<void> = createTask(t.work(function* () {
    assertStrictEquals(currentTask(), task as unknown);
    assertStrictEquals(currentTask(t.loop), task as unknown);
    yield* t.wait(sleep(1));
    assertStrictEquals(currentTask(), task as unknown);
  }));
  yield* t.wait(task);
});

testProgram("currentTask() of tasks that alternate is never the other one", function* (t) {
  const [one, two] = [t.loop.createFuture<void>(), t.loop.createFuture<void>()];
  const first: Task<void> = createTask(t.work(function* () {
    assertStrictEquals(currentTask(), first as unknown);
    yield* t.wait(one);
    assertStrictEquals(currentTask(), first as unknown);
    two.setResult();
  }));
  const second: Task<void> = createTask(t.work(function* () {
    assertStrictEquals(currentTask(), second as unknown);
    one.setResult();
    yield* t.wait(two);
    assertStrictEquals(currentTask(), second as unknown);
  }));
  const main = currentTask();
  yield* t.wait(first);
  yield* t.wait(second);
  assertStrictEquals(currentTask(), main);
});

testLoop("currentTask() outside of a loop needs one, and then there is none", ({ loop }) => {
  assertThrows(() => currentTask(), RuntimeError, "No running event loop");
  assertEquals(currentTask(loop), undefined);
});

testProgram("currentTask() of another loop than the running one is that loop's", function* (t) {
  const other = new TestLoop();
  assertEquals(currentTask(other), undefined);
  yield* t.wait(sleep(0));
  assertEquals(currentTask(other), undefined);
  other.close();
});

testProgram("currentTask() in a callback and in a done callback is undefined", function* (t) {
  const seen: unknown[] = [];
  t.loop.callSoon(() => seen.push(currentTask()));
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
  }));
  task.addDoneCallback(() => seen.push(currentTask()));
  yield* t.wait(passes(3));
  assertEquals(seen, [undefined, undefined]);
});

// ---- allTasks() -----------------------------------------------------------------------------------

testProgram("allTasks() has the tasks that are not done", function* (t) {
  const main = currentTask()!;
  assertEquals(allTasks(), new Set([main]));
  const short = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
  }));
  const long = createTask(t.work(function* () {
    yield* t.wait(sleep(10));
  }));
  assertEquals(allTasks(), new Set<TaskLike>([main, short, long]));
  yield* t.wait(short);
  assertEquals(allTasks(), new Set<TaskLike>([main, long]));
  long.cancel();
  assertEquals(allTasks(), new Set<TaskLike>([main, long]));
  yield* errorOf(t.wait(long));
  assertEquals(allTasks(t.loop), new Set([main]));
});

testProgram("allTasks() is right whatever the order in which tasks end", function* (t) {
  const tasks = Array.from({ length: 50 }, (_, i) =>
    createTask(t.work(function* () {
      yield* t.wait(sleep((i * 37) % 50));
    })));
  for (let left = 51; left > 1; left = allTasks().size) {
    const pending = tasks.filter((task) => !task.done());
    assertEquals(left, pending.length + 1);
    assert(pending.every((task) => allTasks().has(task)));
    yield* t.wait(sleep(1));
  }
  assertEquals(allTasks().size, 1);
});

testLoop("allTasks() outside of a loop needs one", ({ loop }) => {
  assertThrows(() => allTasks(), RuntimeError, "No running event loop");
  assertEquals(allTasks(loop), new Set());
});

testLoop("allTasks() keeps the loops apart", async ({ loop }) => {
  const other = new TestLoop();
  const task = other.createTask(sleep(1));
  assertEquals(allTasks(loop), new Set());
  assertEquals(allTasks(other), new Set([task]));
  await other.runUntilComplete(task);
  other.close();
});

// ---- Third parties --------------------------------------------------------------------------------

testLoop("_registerTask() makes a task seen until _unregisterTask()", ({ loop }) => {
  const task = new FakeTask(loop);
  _registerTask(task);
  _registerTask(task);
  assertEquals(allTasks(loop), new Set([task]));
  _unregisterTask(task);
  assertEquals(allTasks(loop), new Set());
  _unregisterTask(task);
});

testLoop("_registerEagerTask() does the same for eager tasks", ({ loop }) => {
  const task = new FakeTask(loop);
  _registerEagerTask(task);
  assert(allTasks(loop).has(task));
  _unregisterEagerTask(task);
  assertEquals(allTasks(loop), new Set());
});

testLoop("A registered task that is done is not seen", ({ loop }) => {
  const task = new FakeTask(loop);
  _registerTask(task);
  task.ended = true;
  assertFalse(allTasks(loop).has(task));
  _unregisterTask(task);
});

testLoop("_enterTask() makes the current task, until _leaveTask()", ({ loop }) => {
  const task = new FakeTask(loop);
  _enterTask(loop, task);
  assertStrictEquals(currentTask(loop), task);
  _leaveTask(loop, task);
  assertEquals(currentTask(loop), undefined);
});

testLoop("_enterTask() inside another task is an error that changes nothing", ({ loop }) => {
  const [one, two] = [new FakeTask(loop, "one"), new FakeTask(loop, "two")];
  _enterTask(loop, one);
  assertThrows(
    () => _enterTask(loop, two),
    RuntimeError,
    "Cannot enter into task two: task one is being executed",
  );
  assertStrictEquals(currentTask(loop), one);
  assertThrows(
    () => _leaveTask(loop, two),
    RuntimeError,
    "Cannot leave task two: the current task is one",
  );
  assertStrictEquals(currentTask(loop), one);
  _leaveTask(loop, one);
  assertThrows(() => _leaveTask(loop, one), RuntimeError, "the current task is null");
  assertEquals(currentTask(loop), undefined);
});

testProgram("_enterTask() inside a task of ours is an error", function* (t) {
  yield* t.wait(sleep(0));
  const fake = new FakeTask(t.loop);
  assertThrows(() => _enterTask(t.loop, fake), RuntimeError, "is being executed");
  assertThrows(() => _leaveTask(t.loop, fake), RuntimeError, "the current task is <Task");
});

testLoop("_swapCurrentTask() exchanges and gives back the one before", ({ loop }) => {
  const [one, two] = [new FakeTask(loop, "one"), new FakeTask(loop, "two")];
  assertEquals(_swapCurrentTask(loop, one), undefined);
  assertStrictEquals(_swapCurrentTask(loop, two), one);
  assertStrictEquals(currentTask(loop), two);
  assertStrictEquals(_swapCurrentTask(loop, one), two);
  assertStrictEquals(_swapCurrentTask(loop, undefined), one);
  assertEquals(currentTask(loop), undefined);
});

testProgram("_swapCurrentTask() inside a task of ours", function* (t) {
  yield* t.wait(sleep(0));
  const main = currentTask();
  const fake = new FakeTask(t.loop);
  assertStrictEquals(_swapCurrentTask(t.loop, fake), main);
  assertStrictEquals(currentTask(), fake);
  assertStrictEquals(_swapCurrentTask(t.loop, main), fake);
  assertStrictEquals(currentTask(), main);
  yield* t.wait(sleep(0));
  assertStrictEquals(currentTask(), main);
});

testAsync("_enterTask() in a callback lasts for the callback's own code", async ({ loop }) => {
  const fake = new FakeTask(loop);
  const seen: unknown[] = [];
  loop.callSoon(() => {
    _enterTask(loop, fake);
    seen.push(currentTask());
    _leaveTask(loop, fake);
    seen.push(currentTask());
  });
  await sleep(1);
  assertEquals(seen, [fake, undefined]);
});

Deno.test("A loop that nobody refers to takes its tasks with it", async () => {
  const refs: WeakRef<object>[] = [];
  (() => {
    const loop = new DenoEventLoop();
    refs.push(new WeakRef(loop), new WeakRef(loop.createTask(sleep(1))));
    loop.close();
  })();
  await collectGarbage(() => refs.every((ref) => ref.deref() === undefined));
  assertEquals(refs.map((ref) => ref.deref()), [undefined, undefined]);
});
