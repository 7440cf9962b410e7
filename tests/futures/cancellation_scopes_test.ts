/**
 * Waiting, timeouts and task groups, cancelled and aborted in every pass of their life, with bodies of
 * both kinds; see `_cancellation_suite.ts`.
 */
import { assert, assertEquals } from "@std/assert";
import {
  asCompleted,
  type Body,
  type ConcurrentFuture,
  coroutine,
  createTask,
  exceptStar,
  FIRST_COMPLETED,
  type Future,
  gather,
  moveOnAfter,
  runCoroutineThreadsafe,
  shield,
  shielded,
  type Task,
  TaskGroup,
  taskGroup,
  timeout,
  wait,
  waitFor,
  wrapFuture,
} from "../../futures/mod.ts";
import { withSignal } from "../../futures/_abort.ts";
import { staggeredRace } from "../../futures/_staggered_race.ts";
import { passes, type Program, type Trial } from "../_helpers.ts";
import { type Scene, testCancellation } from "./_cancellation_suite.ts";

/** Tests with bodies of the same kind as the code around them, and of the other kind. */
function testBodies(
  name: string,
  makeScene: (
    t: Trial,
    body: <A extends unknown[], T>(program: (t: Trial, ...args: A) => Program<T>) => Body<A, T>,
  ) => Scene,
): void {
  for (const same of [true, false]) {
    testCancellation(`${name}, with bodies of ${same ? "the same" : "the other"} kind,`, (t) => {
      const kind = (t.kind === "generator") === same ? "generator" : "async function";
      const inner: Trial = Object.create(t, { kind: { value: kind } });
      return makeScene(t, (program) => inner.body((...args) => program(inner, ...args)));
    });
  }
}

/** Some passes of work; counts those that have begun and not ended. */
function worker(count: { open: number }, length = 3): (t: Trial) => Program<string> {
  return function* (t) {
    count.open++;
    try {
      yield* t.wait(passes(length));
      return "done";
    } finally {
      try {
        yield* t.wait(passes(1));
      } finally {
        count.open--;
      }
    }
  };
}

// ---- Waiting --------------------------------------------------------------------------------------

testCancellation("wait()", (t) => {
  const futures: Future<number>[] = [t.loop.createFuture(), t.loop.createFuture()];
  return {
    subject: ({ signal }) => wait(futures, { signal, timeout: 1000 }),
    before: [function* () {
      for (const future of futures) {
        yield* t.wait(passes(2));
        future.setResult(1);
      }
    }],
    check: () =>
      assert(futures.every((future) => future._waiters === null && future.result() === 1)),
  };
});

testCancellation("wait() for the first", (t) => {
  const future: Future<number> = t.loop.createFuture();
  const never: Future<number> = t.loop.createFuture();
  return {
    subject: ({ signal }) => wait([future, never], { signal, returnWhen: FIRST_COMPLETED }),
    after: [function* () {
      yield* t.wait(passes(2));
      future.setResult(1);
    }],
    check: () => assert(never._waiters === null && !never.done()),
  };
});

testBodies("waitFor()", (_t, body) => {
  const count = { open: 0 };
  return {
    subject: ({ signal }) => waitFor(body(worker(count)), 1000, { signal }),
    check: () => assertEquals(count.open, 0),
  };
});

testCancellation("waitFor() of a task", (t) => {
  const count = { open: 0 };
  let task: Task<string>;
  return {
    subject: ({ signal }) => {
      task = createTask(t.work(() => worker(count)(t)));
      return waitFor(task, 1000, { signal });
    },
    *afterwards() {
      yield* t.wait(passes(8));
    },
    check: (got) => {
      assertEquals(count.open, 0);
      assert(task === undefined || task.done());
      assert(!got || task.result() === "done");
    },
  };
});

testCancellation("waitFor() with no time", (t) => {
  const count = { open: 0 };
  const task = t.loop.createTask(t.work(() => worker(count, 100)(t)));
  return {
    subject: ({ signal }) => {
      const work = waitFor(task, 0, { signal });
      return coroutine(function* () {
        try {
          yield* work;
        } catch (error) {
          if ((error as Error).name !== "TimeoutError") throw error;
        }
      })();
    },
    *afterwards() {
      task.cancel();
      yield* t.wait(passes(4));
    },
    check: () => assertEquals([count.open, task.cancelled()], [0, true]),
  };
});

testCancellation("shield()", (t) => {
  const count = { open: 0 };
  const task = t.loop.createTask(t.work(() => worker(count, 4)(t)));
  return {
    subject: ({ signal }) => withSignal(shield(task), signal),
    *afterwards() {
      yield* t.wait(passes(8));
    },
    check: () => assertEquals([task.result(), task._waiters], ["done", null]),
  };
});

testCancellation("asCompleted()", (t) => {
  const count = { open: 0 };
  const tasks = [2, 4].map((length) => t.loop.createTask(t.work(() => worker(count, length)(t))));
  return {
    subject: ({ signal }) =>
      coroutine(function* () {
        const results: string[] = [];
        for (const next of asCompleted(tasks, { signal })) results.push(yield* next);
        assertEquals(results, ["done", "done"]);
      })(),
    *afterwards() {
      yield* t.wait(passes(8));
    },
    check: () => assert(tasks.every((task) => task.result() === "done")),
  };
});

testCancellation("wrapFuture()", (t) => {
  let future: ConcurrentFuture<string> | undefined;
  const count = { open: 0 };
  return {
    subject: ({ signal }) =>
      coroutine(function* () {
        future = runCoroutineThreadsafe(t.work(() => worker(count)(t)), t.loop);
        return yield* withSignal(wrapFuture(future), signal);
      })(),
    *afterwards() {
      yield* t.wait(passes(8));
    },
    check: (got) => {
      assertEquals(count.open, 0);
      assert(future === undefined || (future.done() && !(got && future.cancelled())));
    },
  };
});

testBodies("staggeredRace()", (_t, body) => {
  const count = { open: 0 };
  const fails = body(function* (t: Trial): Program<string> {
    yield* t.wait(passes(2));
    throw new TypeError("no");
  });
  return {
    subject: ({ signal }) =>
      withSignal(
        staggeredRace([fails, body(worker(count)), body(worker(count))], { delay: 0 }),
        signal,
      ),
    check: () => assertEquals(count.open, 0),
  };
});

// ---- Timeouts -------------------------------------------------------------------------------------

testBodies("timeout()", (_t, body) => {
  const count = { open: 0 };
  return {
    subject: ({ signal }) => timeout(1000, body(worker(count)), { signal }),
    check: () => assertEquals(count.open, 0),
  };
});

testBodies("timeout() inside timeout()", (_t, body) => {
  const count = { open: 0 };
  const inner = body((t: Trial) =>
    (function* () {
      return yield* t.wait(timeout(1000, t.body(() => worker(count)(t))));
    })()
  );
  return {
    subject: ({ signal }) => timeout(1000, inner, { signal }),
    check: () => assertEquals(count.open, 0),
  };
});

testBodies("moveOnAfter() that expires", (_t, body) => {
  const count = { open: 0 };
  return {
    subject: ({ signal }) =>
      moveOnAfter(
        1000,
        body(function* (t, scope) {
          // Two passes from now, so that the expiry meets every request.
          yield* t.wait(passes(2));
          (scope as { reschedule(when: number): void }).reschedule(0);
          yield* worker(count, 100)(t);
        }),
        { signal },
      ),
    check: () => assertEquals(count.open, 0),
  };
});

testBodies("exceptStar()", (_t, body) => {
  const count = { open: 0 };
  const fails = body(function* (t: Trial): Program<string> {
    yield* t.wait(passes(2));
    throw new TypeError("no");
  });
  return {
    subject: ({ signal }) =>
      withSignal(
        exceptStar(fails, [TypeError, body(worker(count)) as () => Promise<string>]),
        signal,
      ),
    check: () => assertEquals(count.open, 0),
  };
});

// ---- Task groups ----------------------------------------------------------------------------------

testBodies("taskGroup()", (_t, body) => {
  const count = { open: 0 };
  return {
    subject: ({ signal }) =>
      taskGroup(
        body(function* (t, group: TaskGroup) {
          for (const length of [1, 3]) group.createTask(t.work(() => worker(count, length)(t)));
          return yield* worker(count, 2)(t);
        }),
        { signal },
      ),
    check: () => assertEquals(count.open, 0),
  };
});

testBodies("taskGroup() inside taskGroup()", (_t, body) => {
  const count = { open: 0 };
  return {
    subject: ({ signal }) =>
      taskGroup(
        body(function* (t, outer: TaskGroup) {
          outer.createTask(t.work(() => worker(count, 2)(t)));
          yield* t.wait(taskGroup(t.body(function* (inner) {
            inner.createTask(t.work(() => worker(count, 3)(t)));
            yield* t.wait(passes(1));
          })));
        }),
        { signal },
      ),
    check: () => assertEquals(count.open, 0),
  };
});

testBodies("taskGroup() that is ended by cancel()", (_t, body) => {
  const count = { open: 0 };
  return {
    subject: ({ signal }) =>
      taskGroup(
        body(function* (t, group: TaskGroup) {
          group.createTask(t.work(() => worker(count, 100)(t)));
          yield* t.wait(passes(2));
          group.cancel();
          yield* worker(count, 100)(t);
        }),
        { signal },
      ),
    check: () => assertEquals(count.open, 0),
  };
});

testBodies("taskGroup() with a limit", (_t, body) => {
  const count = { open: 0 };
  return {
    subject: ({ signal }) =>
      taskGroup(
        body(function* (t, group: TaskGroup) {
          for (let i = 0; i < 3; i++) group.createTask(t.work(() => worker(count, 1)(t)));
          yield* t.wait(passes(1));
        }),
        { signal, limit: 1 },
      ),
    check: () => assertEquals(count.open, 0),
  };
});

testBodies("TaskGroup.start()", (t, body) => {
  const count = { open: 0 };
  const group = new TaskGroup();
  const other = t.loop.createTask(t.work(function* () {
    yield* t.wait(group.run(t.body(function* () {
      yield* t.wait(passes(100));
    })));
  }));
  return {
    subject: ({ signal }) =>
      coroutine(function* () {
        yield* passes(1);
        return yield* group.start(
          body(function* (t, started: (port: number) => void) {
            count.open++;
            try {
              yield* t.wait(passes(2));
              started(80);
              yield* t.wait(passes(2));
            } finally {
              try {
                yield* t.wait(passes(1));
              } finally {
                count.open--;
              }
            }
          }),
          { signal },
        );
      })(),
    got: (port) => assertEquals(port, 80),
    *afterwards() {
      yield* t.wait(passes(20));
      assertEquals(count.open, 0);
      assert(!other.done(), "the group was disturbed");
      yield* t.wait(other);
    },
  };
});

// ---- What is not interrupted ----------------------------------------------------------------------

for (const kind of ["generator", "async function"] as const) {
  testCancellation(`A wait after shielded(), with a body that is a ${kind},`, (t) => {
    let ended = 0;
    const inner: Trial = Object.create(t, { kind: { value: kind } });
    return {
      takesSignal: false,
      subject: () =>
        coroutine(function* () {
          yield* shielded(inner.body(function* () {
            yield* inner.wait(passes(3));
            ended++;
          }));
          yield* gather(passes(1));
        })(),
      check: () => assertEquals(ended <= 1, true),
    };
  });
}
