/**
 * `TaskGroup` and `taskGroup()` as asyncio has them. The additions are in
 * `task_group_options_test.ts`, random programs in `tests/upstream/scopes_test.ts`.
 */
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
  ContextVar,
  copyContext,
  createTask,
  currentTask,
  eagerTaskFactory,
  ExceptionGroup,
  exceptStar,
  KeyboardInterrupt,
  RuntimeError,
  sleep,
  Task,
  TaskGroup,
  taskGroup,
} from "../../futures/mod.ts";
import { errorOf, passes, type Program, testLoop, testProgram, type Trial } from "../_helpers.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

/** A task that fails after some time. */
function failing(t: Trial, delay: number, error: unknown = new TypeError("no")) {
  return t.work(function* () {
    yield* t.wait(sleep(delay));
    throw error;
  });
}

/** The error of a group, whose errors are then printed. */
function* errorsOf(t: Trial, body: (group: TaskGroup) => Program<unknown>): Program<string[]> {
  const error = yield* errorOf(t.wait(taskGroup(t.body(body))));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(error.title, "unhandled errors in a TaskGroup");
  return error.exceptions.map(String);
}

// ---- All goes well --------------------------------------------------------------------------------

testProgram("taskGroup() waits for its tasks, and gives what the body returns", function* (t) {
  const [one, two] = yield* t.wait(taskGroup(t.body(function* (group) {
    const one = group.createTask(sleep(10, "one"));
    yield* t.wait(sleep(5));
    return [one, group.createTask(sleep(20, 2))] as const;
  })));
  assertEquals([one.result(), two.result()], ["one", 2]);
  assertEquals(t.loop.time(), 25);
});

testProgram("taskGroup() without tasks ends with its body", function* (t) {
  assertEquals(
    yield* t.wait(taskGroup(t.body(function* () {
      return 5;
    }))),
    5,
  );
});

testProgram("The body of a group may be a plain function", function* (t) {
  const tasks = yield* t.wait(taskGroup((group) => [group.createTask(sleep(5, "done"))]));
  assertEquals(tasks[0]!.result(), "done");
  assertEquals(yield* t.wait(taskGroup(() => undefined)), undefined);
  const error = yield* errorOf(t.wait(taskGroup((group) => {
    group.createTask(sleep(100));
    throw new TypeError("body");
  })));
  assertInstanceOf(error, ExceptionGroup);
});

testProgram(
  "A task may make further tasks in its group, also while the group waits",
  function* (t) {
    const done: number[] = [];
    yield* t.wait(taskGroup(t.body(function* (group) {
      const work = (depth: number) =>
        t.work(function* (): Program<void> {
          yield* t.wait(sleep(1));
          if (depth > 0) {
            group.createTask(work(depth - 1));
            group.createTask(work(depth - 1));
          }
          done.push(depth);
        });
      group.createTask(work(3));
      yield* t.wait(passes(0));
    })));
    assertEquals(done.length, 15);
  },
);

testProgram("A task that is cancelled alone leaves the group as it is", function* (t) {
  let one!: Task<void>;
  let two!: Task<string>;
  yield* t.wait(taskGroup(t.body(function* (group) {
    one = group.createTask(t.work(function* () {
      yield* t.wait(sleep(1000));
    }));
    two = group.createTask(sleep(10, "two"));
    yield* t.wait(sleep(5));
    one.cancel();
  })));
  assert(one.cancelled());
  assertEquals(two.result(), "two");
});

testProgram("TaskGroup.createTask() passes name and context on", function* (t) {
  const variable = new ContextVar<number>("variable");
  const context = copyContext();
  yield* t.wait(taskGroup(t.body(function* (group) {
    const set = (value: number) =>
      t.work(function* () {
        yield* t.wait(sleep(0));
        variable.set(value);
      });
    const task = group.createTask(set(1), { name: "yolo", context });
    assertEquals(task.getName(), "yolo");
    yield* t.wait(task);
    assertEquals(context.get(variable), 1);
    yield* t.wait(group.createTask(set(2), { context }));
    assertEquals(context.get(variable), 2);
  })));
});

// effection#899
testProgram("The clean-up of tasks ends before the code around the group cleans up", function* (t) {
  const log: string[] = [];
  const error = yield* errorOf(t.call(function* () {
    try {
      yield* t.wait(taskGroup(t.body(function* (group) {
        group.createTask(t.work(function* () {
          try {
            yield* t.wait(sleep(1000));
          } finally {
            yield* t.wait(sleep(10));
            log.push("task");
          }
        }));
        yield* t.wait(sleep(1));
        throw new TypeError("no");
      })));
    } finally {
      log.push("around");
    }
  }));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(log, ["task", "around"]);
});

// ---- Something fails --------------------------------------------------------------------------------

testProgram("A task that fails cancels the others and the body", function* (t) {
  const log: string[] = [];
  const wrong = new TypeError("no");
  let group!: TaskGroup;
  const errors = yield* errorsOf(t, function* (given) {
    group = given;
    group.createTask(failing(t, 10, wrong));
    group.createTask(t.work(function* () {
      const error = yield* errorOf(t.wait(sleep(1000)));
      assertInstanceOf(error, CancelledError);
      assertStrictEquals(error.reason, wrong);
      assertStrictEquals(error.origin!.scope, group);
      log.push("task");
      throw error;
    }));
    const error = yield* errorOf(t.wait(sleep(1000)));
    assertInstanceOf(error, CancelledError);
    assertStrictEquals(error.reason, wrong);
    assertStrictEquals(error.origin!.scope, group);
    log.push("body");
    throw error;
  });
  assertEquals(errors, ["TypeError: no"]);
  assertEquals(log, ["task", "body"]);
  assertEquals(me().cancelling(), 0);
  assertEquals(t.loop.time(), 10);
});

testProgram(
  "Errors of several tasks come together, in the order in which they came",
  function* (t) {
    const errors = yield* errorsOf(t, function* (group) {
      for (const name of ["a", "b", "c"]) group.createTask(failing(t, 10, new TypeError(name)));
      group.createTask(t.work(function* () {
        try {
          yield* t.wait(sleep(1000));
        } finally {
          yield* t.wait(sleep(5));
          // deno-lint-ignore no-unsafe-finally
          throw new RangeError("in the clean-up");
        }
      }));
      yield* t.wait(passes(0));
    });
    assertEquals(errors, [
      "TypeError: a",
      "TypeError: b",
      "TypeError: c",
      "RangeError: in the clean-up",
    ]);
  },
);

testProgram("A body that fails cancels the tasks", function* (t) {
  const tasks: Task<unknown>[] = [];
  const errors = yield* errorsOf(t, function* (group) {
    tasks.push(group.createTask(sleep(1000)), group.createTask(sleep(2000)));
    yield* t.wait(sleep(1));
    throw new TypeError("body");
  });
  assertEquals(errors, ["TypeError: body"]);
  assert(tasks.every((task) => task.cancelled()));
});

testProgram("A body that fails at once cancels tasks that have not started", function* (t) {
  let task!: Task<void>;
  const errors = yield* errorsOf(t, function* (group) {
    task = group.createTask(t.work(function* () {
      throw new RangeError("never runs");
    }));
    throw new TypeError("body");
  });
  assertEquals(errors, ["TypeError: body"]);
  assert(task.cancelled());
});

testProgram("The error of the body comes after those of the tasks", function* (t) {
  const errors = yield* errorsOf(t, function* (group) {
    group.createTask(failing(t, 10, new TypeError("task")));
    try {
      yield* t.wait(sleep(1000));
    } finally {
      // deno-lint-ignore no-unsafe-finally
      throw new RangeError("body");
    }
  });
  assertEquals(errors, ["TypeError: task", "RangeError: body"]);
});

testProgram("A group inside a group fails as one error of the outer one", function* (t) {
  const error = yield* errorOf(t.wait(taskGroup(t.body(function* (outer) {
    outer.createTask(failing(t, 1000, new TypeError("outer")));
    yield* t.wait(taskGroup(t.body(function* (inner) {
      inner.createTask(failing(t, 10, new TypeError("inner")));
      yield* t.wait(passes(0));
    })));
  }))));
  assertInstanceOf(error, ExceptionGroup);
  const [inner] = error.exceptions as [ExceptionGroup];
  assertInstanceOf(inner, ExceptionGroup);
  assertEquals(inner.exceptions.map(String), ["TypeError: inner"]);
});

testProgram("The failure of the outer group cancels the inner one", function* (t) {
  const errors = yield* errorsOf(t, function* (outer) {
    outer.createTask(failing(t, 10, new TypeError("outer")));
    yield* t.wait(taskGroup(t.body(function* (inner) {
      inner.createTask(failing(t, 1000, new TypeError("inner")));
      yield* t.wait(passes(0));
    })));
  });
  assertEquals(errors, ["TypeError: outer"]);
});

testProgram(
  "Nested groups that fail in one pass: the outer cancellation is not lost",
  function* (t) {
    let between = -1;
    const error = yield* errorOf(t.wait(taskGroup(t.body(function* (outer) {
      yield* t.wait(exceptStar(
        () =>
          taskGroup(t.body(function* (inner) {
            inner.createTask(failing(t, 0, new RangeError("inner")));
            outer.createTask(failing(t, 0, new TypeError("outer")));
            yield* t.wait(passes(0));
          })),
        [RangeError, () => {}],
      ));
      between = me().cancelling();
    }))));
    assertEquals(between, 1);
    assertInstanceOf(error, ExceptionGroup);
    assertEquals(error.exceptions.map(String), ["TypeError: outer"]);
    assertEquals(me().cancelling(), 0);
    yield* t.wait(sleep(1));
  },
);

// cpython#95289
testProgram(
  "A body that swallows the cancellation for a failed task is no longer cancelled",
  function* (t) {
    const errors = yield* errorsOf(t, function* (group) {
      group.createTask(failing(t, 1));
      yield* errorOf(t.wait(sleep(1000)));
      yield* t.wait(sleep(5));
    });
    assertEquals(errors, ["TypeError: no"]);
    assertEquals(me().cancelling(), 0);
    assertEquals(t.loop.time(), 6);
    yield* t.wait(sleep(1));
  },
);

// cpython#113848
testProgram("A body that ends in a subclass of CancelledError was cancelled", function* (t) {
  class Stopped extends CancelledError {}
  const errors = yield* errorsOf(t, function* (group) {
    group.createTask(failing(t, 1));
    yield* errorOf(t.wait(sleep(1000)));
    throw new Stopped();
  });
  assertEquals(errors, ["TypeError: no"]);
});

testProgram("TaskGroup ends although its task factory has made no task", function* (t) {
  yield* t.wait(taskGroup(t.body(function* (group) {
    t.loop.setTaskFactory(() => undefined as never);
    const work = sleep(1);
    assertThrows(() => group.createTask(work), TypeError);
    t.loop.setTaskFactory(undefined);
    yield* t.wait(group.createTask(work));
  })));
});

testProgram("TaskGroup.createTask() is refused while the group ends", function* (t) {
  let refused: unknown;
  const errors = yield* errorsOf(t, function* (group) {
    group.createTask(failing(t, 1));
    group.createTask(t.work(function* () {
      yield* errorOf(t.wait(sleep(1000)));
      refused = (() => {
        try {
          return group.createTask(sleep(1));
        } catch (error) {
          return error;
        }
      })();
    }));
    yield* t.wait(passes(0));
  });
  assertEquals(errors, ["TypeError: no"]);
  assertInstanceOf(refused, RuntimeError);
  assertEquals(
    refused.message,
    "Cannot create a task: <TaskGroup cancelling tasks=1 errors=1> is shutting down",
  );
});

// ---- Cancelled from outside -------------------------------------------------------------------------

testProgram("Cancelling the task cancels the body and the tasks of its group", function* (t) {
  const log: string[] = [];
  const task = createTask(t.work(function* () {
    yield* t.wait(taskGroup(t.body(function* (group) {
      for (let i = 0; i < 3; i++) {
        group.createTask(t.work(function* () {
          const error = yield* errorOf(t.wait(sleep(1000)));
          assertInstanceOf((error as CancelledError).reason, CancelledError);
          log.push(`task ${i}`);
          throw error;
        }));
      }
      const error = yield* errorOf(t.wait(sleep(1000)));
      log.push("body");
      throw error;
    })));
  }));
  yield* t.wait(sleep(1));
  task.cancel("stop");
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "stop");
  assertEquals(log, ["body", "task 0", "task 1", "task 2"]);
  assertEquals(task.cancelling(), 1);
});

testProgram("Cancelling the task while its group waits cancels the tasks", function* (t) {
  let cleaned = 0;
  const task = createTask(t.work(function* () {
    yield* t.wait(taskGroup(t.body(function* (group) {
      group.createTask(t.work(function* () {
        try {
          yield* t.wait(sleep(1000));
        } finally {
          yield* t.wait(sleep(10));
          cleaned++;
        }
      }));
      yield* t.wait(passes(0));
    })));
  }));
  yield* t.wait(sleep(1));
  task.cancel();
  yield* t.wait(sleep(1));
  // Once more, while it cleans up: the group still waits.
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(cleaned, 1);
  assertEquals(t.loop.time(), 11);
  assertEquals(task.cancelling(), 2);
});

testProgram(
  "Errors in the clean-up of a cancelled group take the place of the cancellation",
  function* (t) {
    let next: unknown;
    const task = createTask(t.work(function* () {
      const errors = yield* errorsOf(t, function* (group) {
        group.createTask(t.work(function* () {
          try {
            yield* t.wait(sleep(1000));
          } finally {
            // deno-lint-ignore no-unsafe-finally
            throw new TypeError("no");
          }
        }));
        yield* t.wait(sleep(1000));
      });
      assertEquals(errors, ["TypeError: no"]);
      assertEquals(me().cancelling(), 1);
      next = yield* errorOf(t.wait(sleep(1000)));
      throw next;
    }));
    yield* t.wait(sleep(1));
    task.cancel("stop");
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertEquals((next as CancelledError).message, "stop");
    assertEquals(t.loop.time(), 1);
  },
);

testProgram(
  "A failure and a cancellation in one pass: the errors, then the cancellation",
  function* (t) {
    const log: string[] = [];
    const task: Task<void> = createTask(t.work(function* () {
      log.push(
        ...yield* errorsOf(t, function* (group) {
          group.createTask(failing(t, 10)).addDoneCallback(() => void task.cancel());
          yield* t.wait(sleep(1000));
        }),
      );
      yield* t.wait(sleep(1000));
    }));
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertEquals(log, ["TypeError: no"]);
    assertEquals(task.cancelling(), 1);
  },
);

testProgram("A cancellation while a failed group cleans up is delivered after it", function* (t) {
  for (const nested of [false, true]) {
    const start = t.loop.time();
    const inner = t.work(function* () {
      yield* t.wait(taskGroup(t.body(function* (group) {
        group.createTask(failing(t, 10));
        try {
          yield* t.wait(sleep(1000));
        } finally {
          yield* t.wait(sleep(20));
        }
      })));
    });
    const task = createTask(
      nested
        ? t.work(function* () {
          yield* t.wait(createTask(inner));
        })
        : inner,
    );
    yield* t.wait(sleep(5));
    task.cancel();
    const error = yield* errorOf(t.wait(task));
    assertInstanceOf(error, ExceptionGroup);
    // The failure breaks into the clean-up of the body.
    assertEquals(t.loop.time() - start, 10);
  }
});

testProgram("A cancellation that was caught before the group does not count", function* (t) {
  const task = createTask(t.work(function* () {
    yield* errorOf(t.wait(sleep(1000)));
    assertEquals(me().cancelling(), 1);
    const errors = yield* errorsOf(t, function* (group) {
      group.createTask(failing(t, 1));
      yield* t.wait(sleep(1000));
    });
    yield* t.wait(sleep(1));
    return errors;
  }));
  yield* t.wait(sleep(1));
  task.cancel();
  assertEquals(yield* t.wait(task), ["TypeError: no"]);
  assertEquals(task.cancelling(), 1);
});

testLoop("A KeyboardInterrupt in the body is thrown as it is", async (t) => {
  let cancelling = -1;
  const main = t.loop.createTask(async () => {
    try {
      await taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(1);
          throw new TypeError("no");
        });
        try {
          await sleep(1000);
        } catch {
          throw new KeyboardInterrupt("now");
        }
      });
    } catch (error) {
      cancelling = me().cancelling();
      assertInstanceOf(error, KeyboardInterrupt);
      return "interrupted";
    }
  });
  assertEquals(await t.loop.runUntilComplete(main), "interrupted");
  assertEquals(cancelling, 0);
});

testLoop("A KeyboardInterrupt in a task ends the run, and then the group", async (t) => {
  const main = t.loop.createTask(() =>
    taskGroup(async (group) => {
      group.createTask(async () => {
        await sleep(1);
        throw new KeyboardInterrupt("now");
      });
      await sleep(1000);
    })
  );
  await assertRejects(() => t.loop.runUntilComplete(main), KeyboardInterrupt);
  await assertRejects(() => t.loop.runUntilComplete(main), KeyboardInterrupt);
});

// ---- cancel() -------------------------------------------------------------------------------------

testProgram("TaskGroup.cancel() in the body ends the group without an error", function* (t) {
  const tasks: Task<unknown>[] = [];
  let error: unknown;
  const result = yield* t.wait(taskGroup(t.body(function* (group) {
    tasks.push(group.createTask(sleep(1000)));
    yield* t.wait(sleep(1));
    group.cancel("enough", { reason: "why" });
    group.cancel("again");
    error = yield* errorOf(t.wait(sleep(1000)));
    throw error;
  })));
  assertEquals(result as unknown, undefined);
  assertInstanceOf(error, CancelledError);
  assertEquals([error.message, error.reason], ["enough", "why"]);
  assert(tasks[0]!.cancelled());
  assertEquals(me().cancelling(), 0);
  assertEquals(t.loop.time(), 1);
  yield* t.wait(sleep(1));
});

testProgram("TaskGroup.cancel() at the end of the body cancels the tasks", function* (t) {
  const task = createTask(t.work(function* () {
    return yield* t.wait(taskGroup(t.body(function* (group) {
      group.createTask(sleep(1000));
      yield* t.wait(sleep(1));
      group.cancel();
      return "result";
    })));
  }));
  assertEquals(yield* t.wait(task), "result");
  assertEquals(task.cancelling(), 0);
  assertEquals(t.loop.time(), 1);
});

testProgram("TaskGroup.cancel() in a task, and from outside", function* (t) {
  for (const outside of [false, true]) {
    const group = new TaskGroup();
    let cancelled = 0;
    const start = t.loop.time();
    if (outside) t.loop.callLater(5, () => group.cancel());
    yield* t.wait(group.run(t.body(function* () {
      for (let i = 0; i < 2; i++) {
        group.createTask(t.work(function* () {
          if (i === 0 && !outside) {
            yield* t.wait(sleep(5));
            group.cancel();
          }
          const error = yield* errorOf(t.wait(sleep(1000)));
          if (error instanceof CancelledError) cancelled++;
          throw error;
        }));
      }
      yield* t.wait(sleep(1000));
    })));
    assertEquals(cancelled, 2);
    assertEquals(t.loop.time() - start, 5);
    assertEquals(me().cancelling(), 0);
  }
});

testProgram(
  "TaskGroup.cancel() before the group is entered ends the body at its first wait",
  function* (t) {
    const group = new TaskGroup();
    group.cancel("early");
    const log: string[] = [];
    yield* t.wait(group.run(t.body(function* () {
      log.push("body");
      const error = yield* errorOf(t.wait(sleep(1000)));
      log.push(String(error));
      throw error;
    })));
    assertEquals(log, ["body", "CancelledError: early"]);
    assertEquals(t.loop.time(), 0);
    assertEquals(me().cancelling(), 0);
    group.cancel();
    yield* t.wait(sleep(1));
  },
);

// cpython#155418
testProgram("TaskGroup.cancel() in an eager task, before its first wait", function* (t) {
  let error: unknown;
  yield* t.wait(taskGroup(t.body(function* (group) {
    group.createTask(
      t.work(function* () {
        group.cancel();
        error = yield* errorOf(t.wait(sleep(1000)));
        throw error;
      }),
      { eagerStart: true },
    );
    yield* t.wait(sleep(1000));
  })));
  assertInstanceOf(error, CancelledError);
  assertEquals(t.loop.time(), 0);
  assertEquals(me().cancelling(), 0);
});

testProgram("TaskGroup.cancel() hides no error", function* (t) {
  const errors = yield* errorsOf(t, function* (group) {
    group.createTask(t.work(function* () {
      try {
        yield* t.wait(sleep(1000));
      } finally {
        // deno-lint-ignore no-unsafe-finally
        throw new TypeError("in the clean-up");
      }
    }));
    yield* t.wait(sleep(1));
    group.cancel();
  });
  assertEquals(errors, ["TypeError: in the clean-up"]);
  assertEquals(me().cancelling(), 0);
});

testProgram("TaskGroup.cancel() hides no cancellation from outside", function* (t) {
  for (const order of ["cancel first", "group first", "in the clean-up"]) {
    const task = createTask(t.work(function* () {
      yield* t.wait(taskGroup(t.body(function* (group) {
        group.createTask(t.work(function* () {
          try {
            yield* t.wait(sleep(1000));
          } finally {
            yield* t.wait(sleep(20));
          }
        }));
        yield* t.wait(sleep(10));
        if (order === "cancel first") task.cancel();
        group.cancel();
        if (order === "group first") task.cancel();
        if (order === "in the clean-up") t.loop.callLater(5, () => void task.cancel());
      })));
    }));
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError, order);
    assertEquals(task.cancelling(), 1, order);
  }
});

testProgram(
  "TaskGroup.cancel() in a task that was cancelled before, and caught that",
  function* (t) {
    const task = createTask(t.work(function* () {
      yield* errorOf(t.wait(sleep(1000)));
      yield* t.wait(taskGroup(t.body(function* (group) {
        group.cancel();
        yield* t.wait(sleep(1000));
      })));
      yield* t.wait(sleep(1));
      return "went on";
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    assertEquals(yield* t.wait(task), "went on");
  },
);

// ---- Eager tasks ----------------------------------------------------------------------------------

// cpython#128588
testProgram("An eager task that fails at once: the group throws its error", function* (t) {
  t.loop.setTaskFactory(eagerTaskFactory);
  let after = false;
  const errors = yield* errorsOf(t, function* (group) {
    group.createTask(function* () {
      throw new TypeError("at once");
    });
    yield* errorOf(t.wait(sleep(1000)));
    after = true;
  });
  assertEquals(errors, ["TypeError: at once"]);
  assert(after);
  assertEquals(me().cancelling(), 0);
  // The body does not wait at all.
  assertEquals(
    yield* errorsOf(t, function* (group) {
      group.createTask(function* () {
        throw new TypeError("at once");
      });
    }),
    ["TypeError: at once"],
  );
  assertEquals(me().cancelling(), 0);
  yield* t.wait(sleep(1));
});

testProgram("An eager task that is done at once takes no pass", function* (t) {
  t.loop.setTaskFactory(eagerTaskFactory);
  let passed = 0;
  t.loop.callSoon(() => passed++);
  const task = yield* t.wait(taskGroup(t.body(function* (group) {
    return [group.createTask(function* () {
      return 5;
    })];
  })));
  assertEquals(task[0]!.result(), 5);
  if (t.kind === "generator") assertEquals(passed, 0);
});

// ---- Wrong uses -----------------------------------------------------------------------------------

testProgram("TaskGroup is entered once, and takes tasks only meanwhile", function* (t) {
  const group = new TaskGroup();
  assertThrows(
    () => group.createTask(sleep(1)),
    RuntimeError,
    "<TaskGroup created> has not been entered",
  );
  yield* t.wait(group.run(t.body(function* () {
    const error = yield* errorOf(t.wait(group.run(() => sleep(1))));
    assertInstanceOf(error, RuntimeError);
    assertEquals(error.message, "Cannot enter <TaskGroup entered>: it has already been entered");
  })));
  assertInstanceOf(yield* errorOf(t.wait(group.run(() => sleep(1)))), RuntimeError);
  const unused = sleep(1);
  assertThrows(() => group.createTask(unused), RuntimeError, "<TaskGroup finished> is finished");
  // What cannot run any more is closed.
  assertInstanceOf(yield* errorOf(t.wait(unused)), RuntimeError);
});

testLoop("TaskGroup outside of a task is an error that says so", async () => {
  const group = new TaskGroup();
  await assertRejects(
    async () => await group.run(() => sleep(1)),
    RuntimeError,
    "no task is running",
  );
  assertThrows(() => group.createTask(sleep(1)), RuntimeError, "has not been entered");
});

testProgram("A group whose body was given up cancels its tasks", function* (t) {
  let task!: Task<void>;
  const work = taskGroup(function* (group) {
    task = group.createTask(t.work(function* () {
      try {
        yield* t.wait(sleep(1000));
      } finally {
        // deno-lint-ignore no-unsafe-finally
        throw new TypeError("late");
      }
    }));
    yield undefined;
  });
  work[Symbol.iterator]().next();
  yield* t.wait(passes(1));
  work.close();
  yield* t.wait(passes(4));
  assert(task.done());
  assertEquals(t.takeMessages(), ["A task has failed after its task group was given up"]);
});

testProgram("TaskGroup.toString() tells the state", function* (t) {
  const group = new TaskGroup();
  assertEquals(String(group), "<TaskGroup created>");
  yield* t.wait(group.run(t.body(function* () {
    group.createTask(sleep(1));
    assertEquals(String(group), "<TaskGroup entered tasks=1>");
    yield* t.wait(passes(0));
  })));
  assertEquals(Deno.inspect(group), "<TaskGroup finished>");
});

// cpython#140050
testProgram("Tasks of one's own class live in groups", function* (t) {
  class OwnTask<T> extends Task<T> {}
  t.loop.setTaskFactory((loop, coro, options) => new OwnTask(coro, { ...options, loop }));
  const errors = yield* errorsOf(t, function* (group) {
    group.createTask(failing(t, 1));
    const other = group.createTask(t.work(function* () {
      assertInstanceOf(currentTask(), OwnTask);
      yield* t.wait(sleep(10));
    }));
    assertInstanceOf(other, OwnTask);
    assertFalse(other.done());
    yield* t.wait(sleep(10));
  });
  assertEquals(errors, ["TypeError: no"]);
});

testProgram("taskGroup() refuses a body that is no function, at the call", function* (t) {
  for (
    const [body, shown] of [[5, "5"], [undefined, "undefined"], [sleep(1), "<coroutine sleep>"]]
  ) {
    for (const call of [taskGroup, (body: never) => new TaskGroup().run(body)]) {
      assertThrows(
        () => call(body as never),
        TypeError,
        `Cannot run ${shown} as the body of a task group: a function is needed, as in ` +
          "taskGroup(async (group) => { … })",
      );
    }
  }
  yield* t.wait(passes(1));
}, { kinds: ["generator"] });
