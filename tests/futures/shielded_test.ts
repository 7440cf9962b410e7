/** `shielded()`: bodies that are not interrupted. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  ExceptionGroup,
  moveOnAfter,
  RuntimeError,
  shielded,
  sleep,
  type Task,
  taskGroup,
  timeout,
  TimeoutError,
} from "../../futures/mod.ts";
import { errorOf, passes, testLoop, testProgram } from "../_helpers.ts";
import { ScratchTask } from "./_third_party.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

testProgram("shielded() delivers a cancellation at the first wait after the body", function* (t) {
  const log: unknown[] = [];
  const task = createTask(t.work(function* () {
    log.push(
      yield* t.wait(shielded(t.body(function* () {
        yield* t.wait(sleep(5));
        assertEquals(me().cancelling(), 1);
        yield* t.wait(sleep(5));
        return "body";
      }))),
    );
    log.push("after");
    yield* t.wait(sleep(100));
    log.push("not reached");
  }));
  yield* t.wait(sleep(1));
  assert(task.cancel("stop", { reason: "why" }));
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, CancelledError);
  assertEquals([error.message, error.reason], ["stop", "why"]);
  assertEquals(log, ["body", "after"]);
  assertEquals(t.loop.time(), 10);
});

testProgram("shielded() cleans up although the task is cancelled again and again", function* (t) {
  let cleaned = false;
  const task = createTask(t.work(function* () {
    try {
      yield* t.wait(sleep(100));
    } finally {
      yield* t.wait(shielded(t.body(function* () {
        for (let i = 0; i < 10; i++) yield* t.wait(sleep(1));
        cleaned = true;
      })));
    }
  }));
  for (let i = 0; i < 5; i++) {
    yield* t.wait(sleep(1));
    task.cancel();
  }
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assert(cleaned);
  assertEquals(task.cancelling(), 5);
});

testProgram(
  "shielded() passes the error of its body on, and the cancellation after it",
  function* (t) {
    const wrong = new TypeError("no");
    const seen: unknown[] = [];
    const task = createTask(t.work(function* () {
      seen.push(
        yield* errorOf(t.wait(shielded(t.body(function* () {
          yield* t.wait(sleep(5));
          throw wrong;
        })))),
      );
      seen.push(yield* errorOf(t.wait(sleep(5))));
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    yield* t.wait(task);
    assertStrictEquals(seen[0], wrong);
    assertInstanceOf(seen[1], CancelledError);
  },
);

testProgram("A cancellation that was taken back is not delivered", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(shielded(t.body(function* () {
      yield* t.wait(sleep(5));
      me().uncancel();
    })));
    yield* t.wait(sleep(5));
    return "went on";
  }));
  yield* t.wait(sleep(1));
  task.cancel();
  assertEquals(yield* t.wait(task), "went on");
});

testProgram(
  "A timeout inside shielded() works, also while a cancellation is held back",
  function* (t) {
    const seen: unknown[] = [];
    const task = createTask(t.work(function* () {
      yield* t.wait(shielded(t.body(function* () {
        yield* t.wait(sleep(2));
        seen.push(
          yield* errorOf(t.wait(timeout(
            5,
            t.body(function* () {
              yield* t.wait(sleep(100));
            }),
          ))),
        );
        assertEquals(me().cancelling(), 1);
        seen.push(
          yield* t.wait(moveOnAfter(
            5,
            t.body(function* () {
              yield* t.wait(sleep(100));
            }),
          )),
        );
      })));
      seen.push("after");
      yield* t.wait(sleep(1));
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertInstanceOf(seen[0], TimeoutError);
    assertEquals(seen.slice(1), [undefined, "after"]);
    assertEquals(t.loop.time(), 12);
    assertEquals(task.cancelling(), 1);
  },
);

testProgram("A cancellation that comes while a timeout inside runs is held back", function* (t) {
  const log: unknown[] = [];
  const task = createTask(t.work(function* () {
    log.push(
      yield* t.wait(shielded(t.body(function* () {
        return yield* t.wait(timeout(
          50,
          t.body(function* () {
            yield* t.wait(sleep(10));
            return "body";
          }),
        ));
      }))),
    );
    yield* t.wait(sleep(1));
  }));
  yield* t.wait(sleep(1));
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(log, ["body"]);
});

testProgram("A timeout around shielded() waits for it", function* (t) {
  const log: string[] = [];
  const error = yield* errorOf(t.wait(timeout(
    5,
    t.body(function* (scope) {
      yield* t.wait(shielded(t.body(function* () {
        yield* t.wait(sleep(10));
        assert(scope.expired());
        log.push("body");
      })));
      log.push("after");
      yield* t.wait(sleep(10));
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertEquals(log, ["body", "after"]);
  assertEquals(t.loop.time(), 10);
  assertEquals(me().cancelling(), 0);
});

testProgram("A timeout around shielded() that is never felt leaves nothing behind", function* (t) {
  const result = yield* t.wait(timeout(
    5,
    t.body(function* () {
      return yield* t.wait(shielded(t.body(function* () {
        yield* t.wait(sleep(10));
        return "result";
      })));
    }),
  ));
  assertEquals(result, "result");
  assertEquals(me().cancelling(), 0);
  yield* t.wait(sleep(1));
});

testProgram(
  "shielded() inside shielded(): each holds back what is not from inside it",
  function* (t) {
    const log: unknown[] = [];
    const task = createTask(t.work(function* () {
      yield* t.wait(shielded(t.body(function* () {
        log.push(
          yield* errorOf(t.wait(timeout(
            5,
            t.body(function* () {
              yield* t.wait(shielded(t.body(function* () {
                yield* t.wait(sleep(10));
                log.push("inner");
              })));
              log.push("between");
              yield* t.wait(sleep(10));
            }),
          ))),
        );
        yield* t.wait(sleep(10));
        log.push("outer");
      })));
      yield* t.wait(sleep(1));
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertEquals([log[0], log[1], log[3]], ["inner", "between", "outer"]);
    assertInstanceOf(log[2], TimeoutError);
    assertEquals(t.loop.time(), 20);
    assertEquals(task.cancelling(), 1);
  },
);

testProgram("A task group inside shielded() works, one around it waits", function* (t) {
  const log: string[] = [];
  const error = yield* errorOf(t.wait(taskGroup(t.body(function* (outer) {
    outer.createTask(t.work(function* () {
      yield* t.wait(sleep(5));
      throw new TypeError("outer");
    }));
    yield* t.wait(shielded(t.body(function* () {
      yield* t.wait(sleep(10));
      const error = yield* errorOf(t.wait(taskGroup(t.body(function* (inner) {
        inner.createTask(t.work(function* () {
          yield* t.wait(sleep(1));
          throw new RangeError("inner");
        }));
        yield* t.wait(sleep(100));
      }))));
      assertInstanceOf(error, ExceptionGroup);
      log.push("inner");
      yield* t.wait(sleep(10));
      log.push("body");
    })));
    yield* t.wait(sleep(100));
  }))));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(error.exceptions.map(String), ["TypeError: outer"]);
  assertEquals(log, ["inner", "body"]);
  assertEquals(me().cancelling(), 0);
});

testProgram("The tasks that a shielded body makes are not shielded", function* (t) {
  let inner!: Task<void>;
  yield* t.wait(shielded(t.body(function* () {
    inner = createTask(t.work(function* () {
      yield* t.wait(sleep(100));
    }));
    yield* t.wait(passes(2));
    inner.cancel();
    assertInstanceOf(yield* errorOf(t.wait(inner)), CancelledError);
  })));
});

testProgram("task.signal is not aborted before a cancellation is delivered", function* (t) {
  for (const isMadeBefore of [true, false]) {
    const task = createTask(t.work(function* () {
      if (isMadeBefore) assertFalse(me().signal.aborted);
      yield* t.wait(shielded(t.body(function* () {
        yield* t.wait(sleep(5));
        assertFalse(me().signal.aborted);
      })));
      assert(me().signal.aborted);
      yield* t.wait(sleep(0));
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  }
});

testProgram("shielded() that is given up ends the shielding", function* (t) {
  const work = shielded(function* () {
    yield undefined;
  });
  work[Symbol.iterator]().next();
  work.close();
  const task = me();
  t.loop.callSoon(() => void task.cancel());
  assertInstanceOf(yield* errorOf(t.wait(sleep(100))), CancelledError);
  task.uncancel();
});

testLoop("shielded() needs a task that can be shielded", async (t) => {
  await assertRejects(
    async () => await shielded(() => sleep(1)),
    RuntimeError,
    "no task is running",
  );
  const task = new ScratchTask(t.loop, shielded(() => sleep(1)));
  await assertRejects(
    () => t.loop.runUntilComplete(task as never),
    RuntimeError,
    "Cannot shield a body",
  );
});
