/** `eagerTaskFactory` and `createEagerTaskFactory()`. What an eager task does is in `eager_test.ts`. */
import { assert, assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import {
  allTasks,
  CancelledError,
  coroutine,
  type CoroutineLike,
  createEagerTaskFactory,
  createTask,
  currentTask,
  eagerTaskFactory,
  gather,
  sleep,
  Task,
  type TaskConstructorOptions,
  taskGroup,
} from "../../futures/mod.ts";
import { errorOf, type Program, testProgram, type Trial } from "../_helpers.ts";
import { ScratchTask } from "./_third_party.ts";

function eager(name: string, program: (t: Trial) => Program<void>): void {
  testProgram(`eagerTaskFactory: ${name}`, function* (t) {
    t.loop.setTaskFactory(eagerTaskFactory);
    assert(t.loop.getTaskFactory() === eagerTaskFactory);
    yield* program(t);
  });
}

eager("a task that does not wait is done when it is made", function* (t) {
  const future = t.loop.createFuture<string>();
  // deno-lint-ignore require-yield
  const task = createTask(function* () {
    assert(allTasks().has(currentTask()!));
    future.setResult("set");
    return "done";
  });
  assert(task.done());
  assertFalse(allTasks().has(task));
  task.cancel();
  assertEquals(yield* t.wait(task), "done");
  assertEquals(yield* t.wait(future), "set");
});

eager("a task that waits goes on as any other", function* (t) {
  const task = createTask(t.work(function* () {
    const before = currentTask();
    yield* t.wait(sleep(1));
    return before === currentTask();
  }));
  assertFalse(task.done());
  assert(allTasks().has(task));
  assertEquals(yield* t.wait(task), true);
});

eager("a task that waits can be cancelled at once", function* (t) {
  const task = createTask(sleep(1));
  task.cancel("message");
  assertEquals(task.cancelling(), 1);
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "message");
});

eager("options are passed on, and may ask for a lazy start", function* (t) {
  const context = (currentTask() as Task<unknown>).getContext().copy();
  const task = createTask(sleep(1), { name: "named", context });
  assertEquals([task.getName(), task.getContext()], ["named", context]);
  let started = false;
  const lazy = createTask(
    t.work(function* () {
      started = true;
      yield* t.wait(sleep(1));
    }),
    { eagerStart: false },
  );
  assertFalse(started);
  yield* t.wait(gather(task, lazy));
});

eager("trees of groups and gathers that do not wait take no task", function* (t) {
  let waited = 0;
  const groups = coroutine(function* (width: number, depth: number): Program<void> {
    if (depth === 0) return;
    yield* taskGroup(function* (group) {
      for (let i = 0; i < width; i++) assert(group.createTask(groups(width, depth - 1)).done());
    });
  });
  const gathers = coroutine(function* (width: number, depth: number): Program<void> {
    if (depth === 0) return;
    const all = gather(...Array.from({ length: width }, () => gathers(width, depth - 1)));
    if (!all.done()) waited++;
    yield* all;
  });
  yield* t.wait(groups(3, 3));
  yield* t.wait(gathers(3, 3));
  assertEquals(waited, 0);
});

testProgram(
  "createEagerTaskFactory() takes a class, or a function that makes tasks",
  function* (t) {
    class OwnTask<T> extends Task<T> {}
    const made: TaskConstructorOptions[] = [];
    for (
      const construct of [
        OwnTask,
        function (coro: CoroutineLike<unknown>, options: TaskConstructorOptions) {
          made.push(options);
          return new OwnTask(coro, options);
        },
        (coro: CoroutineLike<unknown>, options: TaskConstructorOptions) =>
          new OwnTask(coro, options),
        {
          // The text of a method begins with its name.
          classyTask(coro: CoroutineLike<unknown>, options: TaskConstructorOptions) {
            return new OwnTask(coro, options);
          },
        }.classyTask,
      ]
    ) {
      t.loop.setTaskFactory(createEagerTaskFactory(construct));
      let started = false;
      const task = createTask(
        t.work(function* () {
          started = true;
          assertInstanceOf(currentTask(), OwnTask);
          yield* t.wait(sleep(1));
        }),
        { name: "own" },
      );
      assertInstanceOf(task, OwnTask);
      assert(started);
      yield* t.wait(task);
    }
    assertEquals(made.map(({ name, eagerStart }) => [name, eagerStart]), [["own", true]]);
  },
);

testProgram("createEagerTaskFactory() serves classes of third parties", function* (t) {
  t.loop.setTaskFactory(
    createEagerTaskFactory((coro: CoroutineLike<unknown>, options: TaskConstructorOptions) =>
      new ScratchTask(options.loop!, coro, options.name)
    ),
  );
  const task = createTask(sleep(1, "done"), { name: "scratch" });
  assertInstanceOf(task, ScratchTask);
  yield* t.wait(sleep(5));
  assertEquals(task.result(), "done");
});
