/** Who cancelled, and why: `CancelledError.reason` and `.origin`, wherever the error arrives. */
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  Future,
  gather,
  moveOnAfter,
  shield,
  sleep,
  type Task,
  type TaskGroup,
  taskGroup,
  type Timeout,
  timeout,
  wait,
  waitFor,
} from "../../futures/mod.ts";
import { errorOf, passes, type Program, testProgram, type Trial } from "../_helpers.ts";

/** Waits in some way, is cancelled, and gives the error that arrives. */
function* cancelled(
  t: Trial,
  work: () => Program<unknown>,
  cancel: (task: Task<unknown>) => void,
): Program<CancelledError> {
  const task = createTask(t.work(function* () {
    return { error: yield* errorOf(t.call(work)) };
  }));
  yield* t.wait(passes(5));
  cancel(task);
  const { error } = yield* t.wait(task);
  assertInstanceOf(error, CancelledError);
  return error;
}

const reason = new TypeError("why");
const ask = (task: Task<unknown>) => void task.cancel("stop", { reason });

const waits: Record<string, (t: Trial) => Program<unknown>> = {
  *"sleep()"(t) {
    yield* t.wait(sleep(100));
  },
  *"sleep(0) again and again"(t) {
    for (;;) yield* t.wait(sleep(0));
  },
  *"a future"(t) {
    yield* t.wait(t.loop.createFuture());
  },
  *"a task"(t) {
    yield* t.wait(createTask(sleep(100)));
  },
  *"a task that cleans up"(t) {
    yield* t.wait(createTask(t.work(function* () {
      try {
        yield* t.wait(sleep(100));
      } finally {
        yield* t.wait(sleep(1));
      }
    })));
  },
  *"a coroutine"(t) {
    yield* t.wait(
      coroutine(function* () {
        yield* sleep(100);
      })(),
    );
  },
  *"gather()"(t) {
    yield* t.wait(gather(sleep(100), sleep(200)));
  },
  *"shield()"(t) {
    yield* t.wait(shield(sleep(5)));
  },
  *"wait()"(t) {
    yield* t.wait(wait([createTask(sleep(5))]));
  },
  *"waitFor()"(t) {
    yield* t.wait(waitFor(sleep(100), 1000));
  },
  *"timeout()"(t) {
    yield* t.wait(timeout(1000, t.body(() => waits["sleep()"]!(t) as Program<void>)));
  },
  *"moveOnAfter()"(t) {
    yield* t.wait(moveOnAfter(1000, t.body(() => waits["sleep()"]!(t) as Program<void>)));
  },
  *"taskGroup()"(t) {
    yield* t.wait(taskGroup(t.body(function* (group) {
      group.createTask(sleep(100));
      yield* t.wait(passes(0));
    })));
  },
  *"a body of the other kind"(t) {
    if (t.kind === "generator") yield* t.wait(timeout(1000, async () => await sleep(100)));
    else {
      yield* t.wait(timeout(1000, function* () {
        yield* sleep(100);
      }));
    }
  },
};

for (const [name, work] of Object.entries(waits)) {
  testProgram(`The message, the reason and who asked arrive at ${name}`, function* (t) {
    const me = currentTask();
    const error = yield* cancelled(t, () => work(t), ask);
    assertEquals(error.message, "stop");
    assertStrictEquals(error.reason, reason);
    assertStrictEquals(error.origin!.task, me);
    assertEquals(error.origin!.scope, undefined);
    // Whatever goes on.
    yield* t.wait(sleep(10));
  });
}

testProgram("A callback that cancels is no task", function* (t) {
  const error = yield* cancelled(
    t,
    () => waits["sleep()"]!(t),
    (task) => void t.loop.callSoon(() => void task.cancel()),
  );
  assertEquals([error.message, error.reason, error.origin!.task], ["", undefined, undefined]);
});

testProgram("A task that cancels itself is the one who asked", function* (t) {
  const task = createTask(t.work(function* () {
    currentTask()!.cancel();
    return [yield* errorOf(t.wait(sleep(1)))];
  }));
  const [error] = yield* t.wait(task);
  assertStrictEquals((error as CancelledError).origin!.task, task);
});

testProgram("Who waits for a cancelled task or future is told who cancelled that", function* (t) {
  for (
    const make of [
      () => t.loop.createFuture<void>(),
      () => createTask(sleep(100)) as Future<unknown>,
      () => gather(sleep(100)),
    ]
  ) {
    const future: Future<unknown> = make();
    t.loop.callLater(1, () => void future.cancel("stop", { reason }));
    for (const waiting of [future, shield(future), gather(future)]) {
      const error = yield* errorOf(t.wait(waiting));
      assertInstanceOf(error, CancelledError);
      assertEquals([error.message, error.reason], ["stop", reason]);
    }
  }
});

testProgram("A remembered cancellation keeps them", function* (t) {
  // In the pass of a result, and before the first step.
  const future = t.loop.createFuture<void>();
  const task = createTask(t.work(function* () {
    return [yield* errorOf(t.wait(future))];
  }));
  yield* t.wait(passes(2));
  future.setResult();
  ask(task);
  const [error] = yield* t.wait(task);
  assertEquals((error as CancelledError).reason, reason);
  const unstarted = createTask(sleep(1));
  ask(unstarted);
  const other = yield* errorOf(t.wait(unstarted));
  assertEquals((other as CancelledError).reason, reason);
});

testProgram("A timeout and a task group are the scopes of what they cancel", function* (t) {
  const seen: [unknown, object | undefined][] = [];
  let scope!: Timeout;
  let group!: TaskGroup;
  yield* t.wait(moveOnAfter(
    1,
    t.body(function* (given: Timeout) {
      scope = given;
      // Through a task that it waits for, too.
      yield* t.wait(createTask(t.work(function* () {
        const error = yield* errorOf(t.wait(sleep(100)));
        seen.push([(error as CancelledError).reason, (error as CancelledError).origin!.scope]);
        throw error;
      })));
    }),
  ));
  yield* t.wait(taskGroup(t.body(function* (given) {
    group = given;
    group.createTask(t.work(function* () {
      const error = yield* errorOf(t.wait(sleep(100)));
      seen.push([(error as CancelledError).reason, (error as CancelledError).origin!.scope]);
      throw error;
    }));
    yield* t.wait(sleep(1));
    group.cancel(undefined, { reason });
  })));
  assertEquals(seen.map(([reason]) => reason), [undefined, reason]);
  assertStrictEquals(seen[0]![1], scope);
  assertStrictEquals(seen[1]![1], group);
});

testProgram("A signal is the scope of what it cancels, and its reason the reason", function* (t) {
  const controller = new AbortController();
  let seen: unknown;
  t.loop.callLater(1, () => controller.abort(reason));
  const error = yield* errorOf(t.wait(timeout(
    100,
    t.body(function* () {
      seen = yield* errorOf(t.wait(sleep(100)));
      throw seen;
    }),
    controller,
  )));
  assertStrictEquals(error, reason);
  assertInstanceOf(seen, CancelledError);
  assertStrictEquals(seen.reason, reason);
  assertStrictEquals(seen.origin!.scope, controller.signal);
});

testProgram("The place of the call is known in debug mode", function* (t) {
  const error = yield* cancelled(t, () => waits["sleep()"]!(t), function thePlace(task) {
    task.cancel();
  });
  const { stack } = error.origin!;
  if (t.loop.getDebug()) assert(stack!.includes("thePlace"), stack);
  else assertEquals(stack, undefined);
});

testProgram("They pass through a subclass of Future that knows nothing of them", function* (t) {
  class Passing extends Future<void> {
    inner = t.loop.createFuture<void>();

    override cancel(message?: string): boolean {
      this.inner.cancel(message);
      return super.cancel(message);
    }
  }
  const passing = new Passing({ loop: t.loop });
  const error = yield* cancelled(t, function* () {
    yield* t.wait(passing);
  }, ask);
  assertStrictEquals(error.reason, reason);
  const inner = yield* errorOf(t.wait(passing.inner));
  assertStrictEquals((inner as CancelledError).reason, reason);
});

testProgram("An error made by hand has neither", function* (t) {
  const error = new CancelledError("made");
  assertEquals([error.reason, error.origin], [undefined, undefined]);
  yield* t.wait(passes(0));
});
