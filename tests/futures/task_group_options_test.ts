/** What `TaskGroup` has beyond asyncio: `start()`, supervising, a limit, a signal. */
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
  currentTask,
  ExceptionGroup,
  KeyboardInterrupt,
  RuntimeError,
  sleep,
  type Task,
  TaskGroup,
  taskGroup,
} from "../../futures/mod.ts";
import { run } from "../../loop/mod.ts";
import { collectGarbage, errorOf, passes, testLoop, testProgram } from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;
type Started = (port: number) => void;

// ---- start() --------------------------------------------------------------------------------------

testProgram(
  "TaskGroup.start() waits until the task is ready, and gives what it says",
  function* (t) {
    let task: Task<unknown> | undefined;
    yield* t.wait(taskGroup(t.body(function* (group) {
      const port: number = yield* t.wait(group.start(t.body(function* (started: Started) {
        task = me();
        yield* t.wait(sleep(10));
        started(8080);
        yield* t.wait(sleep(1000));
      })));
      assertEquals(port, 8080);
      assertEquals(t.loop.time(), 10);
      assertFalse(task!.done());
      group.cancel();
    })));
    assert(task!.cancelled());
  },
);

testProgram("TaskGroup.start() throws what the task fails with before it is ready", function* (t) {
  const wrong = new TypeError("no");
  yield* t.wait(taskGroup(t.body(function* (group) {
    const error = yield* errorOf(t.wait(group.start(t.body(function* (_started: Started) {
      yield* t.wait(sleep(1));
      throw wrong;
    }))));
    assertStrictEquals(error, wrong);
    yield* t.wait(sleep(1));
  })));
});

testProgram("A task that fails after it was ready fails its group", function* (t) {
  const error = yield* errorOf(t.wait(taskGroup(t.body(function* (group) {
    yield* t.wait(group.start(t.body(function* (started: Started) {
      started(1);
      yield* t.wait(sleep(1));
      throw new TypeError("no");
    })));
    yield* t.wait(sleep(1000));
  }))));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(error.exceptions.map(String), ["TypeError: no"]);
});

testProgram("A task that ends before it is ready is an error of start()", function* (t) {
  yield* t.wait(taskGroup(t.body(function* (group) {
    const error = yield* errorOf(t.wait(group.start(t.body(function* () {
      yield* t.wait(sleep(1));
    }))));
    assertInstanceOf(error, RuntimeError);
    assertEquals(error.message, "A task has ended before it has said that it is ready");
  })));
});

testProgram("Saying twice that a task is ready is an error of the task", function* (t) {
  const error = yield* errorOf(t.wait(taskGroup(t.body(function* (group) {
    yield* t.wait(group.start(t.body(function* (started: Started) {
      started(1);
      yield* t.wait(sleep(1));
      started(2);
    })));
  }))));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(error.exceptions.map(String), [
    "RuntimeError: Cannot say that a task is ready: it was said before",
  ]);
});

// anyio#710
testProgram("Cancelling start() cancels that task only, and waits for it", function* (t) {
  const log: string[] = [];
  yield* t.wait(taskGroup(t.body(function* (group) {
    const other = group.createTask(sleep(100, "other"));
    const starter = createTask(t.work(function* () {
      yield* t.wait(group.start(t.body(function* (_started: Started) {
        try {
          yield* t.wait(sleep(1000));
        } finally {
          yield* t.wait(sleep(10));
          log.push("cleaned up");
        }
      })));
    }));
    yield* t.wait(sleep(1));
    starter.cancel("stop");
    yield* t.wait(sleep(1));
    const error = yield* errorOf(t.wait(starter));
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "stop");
    assertEquals(log, ["cleaned up"]);
    assertEquals(t.loop.time(), 11);
    assertEquals(yield* t.wait(other), "other");
  })));
});

// anyio#706
testProgram(
  "A task may say that it is ready in the pass in which start() is cancelled",
  function* (t) {
    for (const order of ["cancel first", "ready first"]) {
      let ended = false;
      yield* t.wait(taskGroup(t.body(function* (group) {
        let ready!: Started;
        const starter = createTask(t.work(function* () {
          yield* t.wait(group.start(t.body(function* (started: Started) {
            ready = started;
            try {
              yield* t.wait(sleep(1000));
            } finally {
              ended = true;
            }
          })));
        }));
        yield* t.wait(passes(3));
        if (order === "ready first") ready(1);
        starter.cancel();
        if (order === "cancel first") ready(1);
        assertInstanceOf(yield* errorOf(t.wait(starter)), CancelledError);
        assert(ended, order);
      })));
    }
  },
);

testProgram(
  "start() of a task that is cancelled before it has run does not wait for ever",
  function* (t) {
    const starter: { task?: Task<void> } = {};
    yield* t.wait(taskGroup(t.body(function* (group) {
      starter.task = createTask(t.work(function* () {
        yield* t.wait(group.start(t.body(function* () {
          yield* t.wait(sleep(1));
        })));
      }));
      yield* t.wait(passes(1));
      group.cancel();
    })));
    assertInstanceOf(yield* errorOf(t.wait(starter.task!)), CancelledError);
  },
);

testProgram("TaskGroup.start() with a signal cancels the task for its reason", function* (t) {
  const watched = countingSignal();
  let seen: unknown;
  yield* t.wait(taskGroup(t.body(function* (group) {
    t.loop.callLater(5, () => watched.abort("enough"));
    const error = yield* errorOf(t.wait(group.start(
      t.body(function* (_started: Started) {
        seen = yield* errorOf(t.wait(sleep(1000)));
        throw seen;
      }),
      { signal: watched.signal },
    )));
    assertEquals(error, "enough");
    assertInstanceOf(seen, CancelledError);
  })));
  assertEquals(watched.listeners, 0);
});

// ---- Supervising ------------------------------------------------------------------------------------

testProgram('TaskGroup with onError "report" goes on when a task fails', function* (t) {
  const wrong = new TypeError("no");
  let other!: Task<string>;
  const result = yield* t.wait(taskGroup(
    t.body(function* (group) {
      other = group.createTask(sleep(10, "other"));
      group.createTask(t.work(function* () {
        yield* t.wait(sleep(1));
        throw wrong;
      }));
      yield* t.wait(sleep(5));
      assertEquals(t.takeReports().map(({ message, exception }) => [message, exception]), [
        ["A task of a supervising task group has failed", wrong],
      ]);
      return "body";
    }),
    { onError: "report" },
  ));
  assertEquals([result, other.result()], ["body", "other"]);
});

testProgram("TaskGroup with a function for errors is told of each, and its task", function* (t) {
  const told: unknown[] = [];
  let first!: Task<void>;
  yield* t.wait(taskGroup(
    t.body(function* (group) {
      const fail = (delay: number) =>
        t.work(function* () {
          yield* t.wait(sleep(delay));
          throw `error ${delay}`;
        });
      first = group.createTask(fail(1));
      group.createTask(fail(2));
      yield* t.wait(sleep(5));
    }),
    { onError: (error, task) => void told.push(error, task === first) },
  ));
  assertEquals(told, ["error 1", true, "error 2", false]);
});

testProgram("A function for errors that throws ends the group with that", function* (t) {
  const error = yield* errorOf(t.wait(taskGroup(
    t.body(function* (group) {
      group.createTask(t.work(function* () {
        yield* t.wait(sleep(1));
        throw new TypeError("no");
      }));
      yield* t.wait(sleep(1000));
    }),
    {
      onError: (error) => {
        throw new RangeError("worse", { cause: error });
      },
    },
  )));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(error.exceptions.map(String), ["RangeError: worse"]);
  assertEquals(t.loop.time(), 1);
});

testLoop("A function for errors that throws KeyboardInterrupt ends the run", async ({ loop }) => {
  const onError = () => {
    throw new KeyboardInterrupt("now");
  };
  let sibling: Task<unknown> | undefined;
  const main = loop.createTask(() =>
    taskGroup(async (group) => {
      sibling = group.createTask(sleep(1000));
      group.createTask(() => Promise.reject(new TypeError("no")));
      await sleep(1000);
    }, { onError })
  );
  await assertRejects(() => loop.runUntilComplete(main), KeyboardInterrupt, "now");
  assertEquals([sibling!.cancelled(), loop.time()], [true, 0]);
});

testProgram("A supervising group is ended by its own body as any other", function* (t) {
  const error = yield* errorOf(t.wait(taskGroup(
    t.body(function* (group) {
      group.createTask(sleep(1000));
      yield* t.wait(sleep(1));
      throw new TypeError("body");
    }),
    { onError: "report" },
  )));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(t.loop.time(), 1);
});

testProgram(
  'TaskGroup with onExit "cancel" cancels its tasks at the end of the body',
  function* (t) {
    let cleaned = false;
    const result = yield* t.wait(taskGroup(
      t.body(function* (group) {
        group.createTask(t.work(function* () {
          try {
            yield* t.wait(sleep(1000));
          } finally {
            yield* t.wait(sleep(10));
            cleaned = true;
          }
        }));
        yield* t.wait(sleep(1));
        return "body";
      }),
      { onExit: "cancel" },
    ));
    assertEquals(result, "body");
    assert(cleaned);
    assertEquals(t.loop.time(), 11);
    assertEquals(me().cancelling(), 0);
  },
);

testProgram('A cancellation while onExit "cancel" cleans up is thrown', function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(taskGroup(
      t.body(function* (group) {
        group.createTask(t.work(function* () {
          try {
            yield* t.wait(sleep(1000));
          } finally {
            yield* t.wait(sleep(10));
          }
        }));
        yield* t.wait(passes(1));
      }),
      { onExit: "cancel" },
    ));
  }));
  yield* t.wait(sleep(5));
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(t.loop.time(), 10);
});

// cpython#101581
Deno.test("A group keeps no task that is done, and no error that was reported", async () => {
  const refs: WeakRef<object>[] = [];
  await run(() =>
    taskGroup(async (group) => {
      for (let i = 0; i < 1000; i++) {
        const task = group.createTask(async () => {
          await sleep(0);
          const error = new TypeError("no");
          refs.push(new WeakRef(error));
          throw error;
        });
        refs.push(new WeakRef(task));
      }
      let left = refs.length;
      // What the host has at hand survives a collection or two.
      for (let i = 0; i < 5 && left > 100; i++) {
        await sleep(1);
        await collectGarbage();
        left = refs.filter((ref) => ref.deref() !== undefined).length;
      }
      assert(left < 100, `${left} of ${refs.length} are still there`);
    }, { onError: () => {} })
  );
});

// ---- A limit --------------------------------------------------------------------------------------

testProgram("TaskGroup with a limit runs so many tasks at a time, in order", function* (t) {
  const started: number[] = [];
  let running = 0;
  let most = 0;
  yield* t.wait(taskGroup(
    t.body(function* (group) {
      for (let i = 0; i < 7; i++) {
        group.createTask(t.work(function* () {
          started.push(i);
          most = Math.max(most, ++running);
          yield* t.wait(sleep(10));
          running--;
        }));
      }
      yield* t.wait(passes(0));
    }),
    { limit: 3 },
  ));
  assertEquals(started, [0, 1, 2, 3, 4, 5, 6]);
  assertEquals(most, 3);
  assertEquals(t.loop.time(), 30);
});

testProgram(
  "Cancelling a task that runs, or waits for its turn, lets the next one run",
  function* (t) {
    const started: number[] = [];
    yield* t.wait(taskGroup(
      t.body(function* (group) {
        const tasks = [0, 1, 2, 3].map((i) =>
          group.createTask(t.work(function* () {
            started.push(i);
            yield* t.wait(sleep(10));
          }))
        );
        yield* t.wait(sleep(1));
        assertEquals(started, [0]);
        tasks[1]!.cancel();
        yield* t.wait(sleep(1));
        tasks[0]!.cancel();
        yield* t.wait(sleep(1));
        assertEquals(started, [0, 2]);
        assertEquals(tasks.map((task) => task.cancelled()), [true, true, false, false]);
      }),
      { limit: 1 },
    ));
    assertEquals(started, [0, 2, 3]);
  },
);

testProgram("A failure in a group with a limit ends those that wait for their turn", function* (t) {
  const started: number[] = [];
  const error = yield* errorOf(t.wait(taskGroup(
    t.body(function* (group) {
      for (let i = 0; i < 5; i++) {
        group.createTask(t.work(function* () {
          started.push(i);
          yield* t.wait(sleep(10));
          throw new TypeError(String(i));
        }));
      }
      yield* t.wait(passes(0));
    }),
    { limit: 2 },
  )));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(started, [0, 1]);
});

testProgram("A group with a limit refuses what no task can be made of", function* (t) {
  yield* t.wait(taskGroup(
    t.body(function* (group) {
      for (const wrong of [5, undefined, Promise.resolve(), t.loop.createFuture()]) {
        assertThrows(() => group.createTask(wrong as never), TypeError, "Cannot make a task");
      }
      yield* t.wait(group.createTask(sleep(1)));
    }),
    { limit: 1 },
  ));
});

testProgram("A group with a limit gives the results of its tasks", function* (t) {
  const results = yield* t.wait(taskGroup(
    t.body(function* (group) {
      const port = yield* t.wait(group.start(t.body(function* (started: Started) {
        started(80);
        yield* t.wait(sleep(1));
      })));
      const tasks = [sleep(1, "a"), () => sleep(1, "b"), async () => await sleep(1, "c")].map((c) =>
        group.createTask(c)
      );
      for (const task of tasks) yield* t.wait(task);
      return [port, ...tasks.map((task) => task.result())];
    }),
    { limit: 1 },
  ));
  assertEquals(results, [80, "a", "b", "c"]);
});

// ---- A signal, and wrong options ------------------------------------------------------------------

testProgram("taskGroup() with a signal ends with its reason when all have ended", function* (t) {
  const watched = countingSignal();
  let cleaned = false;
  t.loop.callLater(5, () => watched.abort("enough"));
  const error = yield* errorOf(t.wait(taskGroup(
    t.body(function* (group) {
      group.createTask(t.work(function* () {
        try {
          yield* t.wait(sleep(1000));
        } finally {
          yield* t.wait(sleep(10));
          cleaned = true;
        }
      }));
      yield* t.wait(passes(0));
    }),
    { signal: watched.signal },
  )));
  assertEquals(error, "enough");
  assert(cleaned);
  assertEquals(watched.listeners, 0);
  assertEquals(me().cancelling(), 0);
  yield* t.wait(sleep(1));
});

testProgram("Errors in the clean-up of an aborted group are thrown", function* (t) {
  const controller = new AbortController();
  t.loop.callLater(5, () => controller.abort());
  const error = yield* errorOf(t.wait(taskGroup(
    t.body(function* (group) {
      group.createTask(t.work(function* () {
        try {
          yield* t.wait(sleep(1000));
        } finally {
          // deno-lint-ignore no-unsafe-finally
          throw new TypeError("no");
        }
      }));
      yield* t.wait(passes(0));
    }),
    controller,
  )));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(me().cancelling(), 0);
  yield* t.wait(sleep(1));
});

Deno.test("TaskGroup refuses options that mean nothing", () => {
  const make = (options: unknown) => () => new TaskGroup(options as Record<string, never>);
  assertThrows(make({ onError: "ignore" }), TypeError, 'must be "cancel", "report" or a function');
  assertThrows(make({ onExit: "kill" }), TypeError, 'must be "wait" or "cancel"');
  for (const limit of [0, -1, 1.5, NaN, "2"]) {
    assertThrows(make({ limit }), RangeError, "must be a whole number above 0");
  }
});
