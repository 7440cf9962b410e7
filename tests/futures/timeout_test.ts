/** `timeout()`, `timeoutAt()`, `Timeout`. Random programs are in `tests/upstream/scopes_test.ts`. */
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
  coroutine,
  createTask,
  currentTask,
  ExceptionGroup,
  gather,
  RuntimeError,
  sleep,
  type Task,
  taskGroup,
  Timeout,
  timeout,
  timeoutAt,
  TimeoutError,
} from "../../futures/mod.ts";
import { errorOf, passes, testAsync, testLoop, testProgram } from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

// ---- Expiring, or not -----------------------------------------------------------------------------

testProgram("timeout() ends a body whose time has passed, with TimeoutError", function* (t) {
  let scope!: Timeout;
  let seen: unknown;
  const error = yield* errorOf(t.wait(timeout(
    10,
    t.body(function* (given: Timeout) {
      scope = given;
      try {
        yield* t.wait(sleep(10_000));
      } catch (error) {
        seen = error;
        throw error;
      }
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertInstanceOf(seen, CancelledError);
  assertStrictEquals(error.cause, seen);
  assertStrictEquals(error.scope, scope);
  assertStrictEquals(seen.origin!.scope, scope);
  assert(scope.expired());
  assertEquals(t.loop.time(), 10);
  assertEquals(scope.when(), 10);
  assertEquals(me().cancelling(), 0);
});

testProgram("timeoutAt() takes a time of the loop's clock", function* (t) {
  yield* t.wait(sleep(3));
  let scope!: Timeout;
  const error = yield* errorOf(t.wait(timeoutAt(
    10,
    t.body(function* (given: Timeout) {
      scope = given;
      yield* t.wait(sleep(10_000));
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertEquals(t.loop.time(), 10);
  assertEquals(scope.when(), 10);
});

testProgram("timeout() gives the result of a body that ends in time", function* (t) {
  let scope!: Timeout;
  const result = yield* t.wait(timeout(
    10,
    t.body(function* (given: Timeout) {
      scope = given;
      yield* t.wait(sleep(4));
      return "done";
    }),
  ));
  assertEquals(result, "done");
  assertFalse(scope.expired());
  assertEquals(scope.when(), 10);
});

testProgram("timeout() of undefined never expires", function* (t) {
  for (const make of [timeout, timeoutAt]) {
    const result = yield* t.wait(make(
      undefined,
      t.body(function* (scope) {
        assertEquals(scope.when(), undefined);
        yield* t.wait(sleep(1e9));
        return 1;
      }),
    ));
    assertEquals(result, 1);
  }
});

testProgram("timeout() of 0 or less lets the body run to its first wait", function* (t) {
  for (const delay of [0, -11]) {
    let started = false;
    let scope!: Timeout;
    const error = yield* errorOf(t.wait(timeout(
      delay,
      t.body(function* (given: Timeout) {
        scope = given;
        started = true;
        yield* t.wait(sleep(0));
      }),
    )));
    assertInstanceOf(error, TimeoutError);
    assert(started);
    assert(scope.expired());
    assertEquals(scope.when(), t.loop.time() + delay);
  }
});

testProgram("timeout() of 0 leaves a body alone that does not wait", function* (t) {
  assertEquals(
    yield* t.wait(timeout(
      0,
      t.body(function* () {
        return 5;
      }),
    )),
    5,
  );
  yield* t.wait(passes(3));
});

testProgram("timeout() passes errors of the body on", function* (t) {
  const wrong = new RangeError("wrong");
  const body = t.body(function* () {
    yield* t.wait(sleep(1));
    throw wrong;
  });
  assertStrictEquals(yield* errorOf(t.wait(timeout(10, body))), wrong);
});

testProgram("timeout() passes an error on that comes out of the clean-up", function* (t) {
  const wrong = new RangeError("wrong");
  let scope!: Timeout;
  const error = yield* errorOf(t.wait(timeout(
    1,
    t.body(function* (given: Timeout) {
      scope = given;
      try {
        yield* t.wait(sleep(10));
      } finally {
        // deno-lint-ignore no-unsafe-finally
        throw wrong;
      }
    }),
  )));
  assertStrictEquals(error, wrong);
  assert(scope.expired());
  assertEquals(me().cancelling(), 0);
});

testProgram("timeout() believes a body that gives a result after its time", function* (t) {
  let scope!: Timeout;
  const result = yield* t.wait(timeout(
    1,
    t.body(function* (given: Timeout) {
      scope = given;
      try {
        yield* t.wait(sleep(10));
      } catch {
        return "saved";
      }
      return "not reached";
    }),
  ));
  assertEquals(result, "saved");
  assert(scope.expired());
  assertEquals(me().cancelling(), 0);
  yield* t.wait(sleep(1));
});

testProgram("The time that cleaning up takes is the body's own", function* (t) {
  const error = yield* errorOf(t.wait(timeout(
    1,
    t.body(function* () {
      try {
        yield* t.wait(sleep(10));
      } finally {
        yield* t.wait(sleep(20));
      }
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertEquals(t.loop.time(), 21);
});

// ---- Cancelled by others ---------------------------------------------------------------------------

testProgram("A cancellation by others inside timeout() stays one", function* (t) {
  let scope!: Timeout;
  const task = createTask(t.work(function* () {
    yield* t.wait(timeout(
      10,
      t.body(function* (given: Timeout) {
        scope = given;
        yield* t.wait(sleep(20));
      }),
    ));
  }));
  yield* t.wait(sleep(1));
  task.cancel("stop");
  const error = yield* errorOf(t.wait(task));
  assertInstanceOf(error, CancelledError);
  assertEquals(error.message, "stop");
  assertFalse(scope.expired());
  assertEquals(task.cancelling(), 1);
});

for (const first of ["timer", "cancel"] as const) {
  testProgram(
    `A cancellation by others in the pass of the deadline wins: ${first} first`,
    function* (t) {
      const task = createTask(t.work(function* () {
        yield* t.wait(timeout(
          10,
          t.body(function* () {
            yield* t.wait(sleep(20));
          }),
        ));
      }));
      if (first === "cancel") t.loop.callAt(10, () => void task.cancel());
      yield* t.wait(sleep(0));
      if (first === "timer") t.loop.callAt(10, () => void task.cancel());
      assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
      assert(task.cancelled());
      assertEquals(task.cancelling(), 1);
    },
  );
}

testProgram("A cancellation by others while an expired body cleans up wins", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(timeout(
      10,
      t.body(function* () {
        try {
          yield* t.wait(sleep(20));
        } finally {
          yield* t.wait(sleep(20));
        }
      }),
    ));
  }));
  yield* t.wait(sleep(15));
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(t.loop.time(), 15);
});

testProgram("A task that cancels itself inside timeout() is cancelled", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(timeout(
      10,
      t.body(function* () {
        currentTask()!.cancel();
        yield* t.wait(sleep(5));
      }),
    ));
  }));
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
});

// cpython#134471
testProgram("timeout(0) does not take a cancellation that was requested before", function* (t) {
  const task = createTask(t.work(function* () {
    currentTask()!.cancel();
    yield* t.wait(timeout(
      0,
      t.body(function* () {
        yield* t.wait(sleep(1));
      }),
    ));
  }));
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(task.cancelling(), 1);
});

testProgram(
  "timeout() works after a cancellation that was caught and not taken back",
  function* (t) {
    const task = createTask(t.work(function* () {
      const results: unknown[] = [];
      try {
        yield* t.wait(sleep(100));
      } catch {
        for (const delay of [0, 5]) {
          results.push(
            yield* errorOf(t.wait(timeout(
              delay,
              t.body(function* () {
                yield* t.wait(sleep(10));
              }),
            ))),
          );
        }
      }
      return results;
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    const results = yield* t.wait(task);
    assert(results.every((error) => error instanceof TimeoutError), String(results));
    assertEquals(task.cancelling(), 1);
  },
);

testProgram(
  "timeout() leaves a cancellation alone that came after its own was taken back",
  function* (t) {
    const task = createTask(t.work(function* () {
      yield* errorOf(t.wait(sleep(100)));
      yield* t.wait(timeout(
        0,
        t.body(function* () {
          yield* errorOf(t.wait(sleep(100)));
          me().uncancel();
          me().cancel("own");
        }),
      ));
      return [yield* errorOf(t.wait(sleep(100)))];
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    const [error] = yield* t.wait(task);
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "own");
  },
);

testProgram(
  "timeout() passes a cancellation on that comes after one that was caught",
  function* (t) {
    const task = createTask(t.work(function* () {
      try {
        yield* t.wait(sleep(100));
      } catch {
        yield* t.wait(timeout(
          10,
          t.body(function* () {
            currentTask()!.cancel();
            yield* t.wait(sleep(5));
          }),
        ));
      }
    }));
    yield* t.wait(sleep(1));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertEquals(task.cancelling(), 2);
  },
);

// cpython#113848
testProgram("A subclass of CancelledError is a cancellation", function* (t) {
  class Stopped extends CancelledError {}
  const error = yield* errorOf(t.wait(timeout(
    1,
    t.body(function* () {
      try {
        yield* t.wait(sleep(10));
      } catch {
        throw new Stopped();
      }
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertInstanceOf(error.cause, Stopped);
});

// ---- Nested ---------------------------------------------------------------------------------------

testProgram("Of nested timeouts with one deadline the outermost throws", function* (t) {
  const scopes: Timeout[] = [];
  let between: unknown;
  const error = yield* errorOf(t.wait(timeoutAt(
    10,
    t.body(function* (outer: Timeout) {
      scopes.push(outer);
      try {
        yield* t.wait(timeoutAt(
          10,
          t.body(function* (inner: Timeout) {
            scopes.push(inner);
            yield* t.wait(sleep(20));
          }),
        ));
      } catch (error) {
        between = error;
        throw error;
      }
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertStrictEquals(error.scope, scopes[0]);
  assertInstanceOf(between, CancelledError);
  assert(scopes.every((scope) => scope.expired()));
  assertEquals(me().cancelling(), 0);
});

testProgram("An inner timeout expires and the outer one goes on", function* (t) {
  const error = yield* errorOf(t.wait(timeout(
    10,
    t.body(function* () {
      const inner = yield* errorOf(t.wait(timeout(
        5,
        t.body(function* () {
          yield* t.wait(sleep(20));
        }),
      )));
      assertInstanceOf(inner, TimeoutError);
      assertEquals(t.loop.time(), 5);
      yield* t.wait(sleep(20));
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertEquals(t.loop.time(), 10);
});

testProgram("An outer timeout expires while an inner one is running", function* (t) {
  let inner!: Timeout;
  const error = yield* errorOf(t.wait(timeout(
    5,
    t.body(function* () {
      yield* t.wait(timeout(
        10,
        t.body(function* (scope: Timeout) {
          inner = scope;
          yield* t.wait(sleep(20));
        }),
      ));
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertFalse(inner.expired());
  assertEquals(t.loop.time(), 5);
});

testProgram("A timeout in the clean-up of another works", function* (t) {
  let inner: unknown;
  const error = yield* errorOf(t.wait(timeout(
    1,
    t.body(function* () {
      try {
        yield* t.wait(sleep(10));
      } finally {
        inner = yield* errorOf(t.wait(timeout(
          1,
          t.body(function* () {
            yield* t.wait(sleep(10));
          }),
        )));
      }
    }),
  )));
  assertInstanceOf(error, TimeoutError);
  assertInstanceOf(inner, TimeoutError);
  assert(inner.cause !== error.cause);
  assertEquals(me().cancelling(), 0);
});

testProgram("A task group that fails while it is timed out throws its errors", function* (t) {
  const error = yield* errorOf(t.wait(timeout(
    1,
    t.body(function* () {
      yield* t.wait(taskGroup(t.body(function* (group) {
        group.createTask(t.work(function* () {
          try {
            yield* t.wait(sleep(10));
          } finally {
            // deno-lint-ignore no-unsafe-finally
            throw new RangeError("in the clean-up");
          }
        }));
        yield* t.wait(sleep(10));
      })));
    }),
  )));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(error.exceptions.map(String), ["RangeError: in the clean-up"]);
  assertEquals(me().cancelling(), 0);
  yield* t.wait(sleep(1));
});

// ---- The scope ------------------------------------------------------------------------------------

testProgram("Timeout.reschedule() changes the deadline, or removes it", function* (t) {
  const scopes: Timeout[] = [];
  const task = createTask(t.work(function* () {
    yield* t.wait(timeout(
      10,
      t.body(function* (scope: Timeout) {
        scopes.push(scope);
        yield* t.wait(sleep(1000));
      }),
    ));
  }));
  yield* t.wait(passes(1));
  const [scope] = scopes as [Timeout];
  assertEquals(scope.when(), 10);
  scope.reschedule(30);
  assertEquals(scope.when(), 30);
  yield* t.wait(sleep(20));
  assertFalse(task.done());
  scope.reschedule(undefined);
  assertEquals(scope.when(), undefined);
  yield* t.wait(sleep(20));
  assertFalse(task.done());
  scope.reschedule(3);
  assertInstanceOf(yield* errorOf(t.wait(task)), TimeoutError);
  assertEquals(t.loop.time(), 40);
});

testProgram("Timeout.reschedule() is refused before, after and once it has expired", function* (t) {
  const unused = new Timeout(10);
  assertThrows(() => unused.reschedule(1), RuntimeError, "has not been entered");
  let scope!: Timeout;
  yield* t.wait(timeout(
    10,
    t.body(function* (given: Timeout) {
      scope = given;
      yield* t.wait(passes(1));
    }),
  ));
  assertThrows(() => scope.reschedule(1), RuntimeError, "is finished");
  yield* t.wait(timeout(
    10,
    t.body(function* (given: Timeout) {
      scope = given;
      yield* errorOf(t.wait(sleep(100)));
      assertThrows(() => scope.reschedule(1), RuntimeError, "is expiring");
    }),
  ));
  assertThrows(() => scope.reschedule(1), RuntimeError, "is expired");
});

testProgram("Timeout is entered once", function* (t) {
  const scope = new Timeout(10);
  const nothing = t.body(function* () {});
  const inside = t.body(function* () {
    const error = yield* errorOf(t.wait(scope.run(nothing)));
    assertInstanceOf(error, RuntimeError);
    assertEquals(error.message, "Cannot enter the timeout: it has already been entered");
  });
  yield* t.wait(scope.run(inside));
  assertInstanceOf(yield* errorOf(t.wait(scope.run(nothing))), RuntimeError);
});

testProgram("Timeout.toString() tells the state", function* (t) {
  assertEquals(String(new Timeout(10)), "<Timeout [created]>");
  let scope!: Timeout;
  yield* t.wait(timeout(
    10,
    t.body(function* (given: Timeout) {
      scope = given;
      assertEquals(String(scope), "<Timeout [active] when=10>");
      scope.reschedule(undefined);
      assertEquals(String(scope), "<Timeout [active] when=never>");
      scope.reschedule(12.3456);
      assertEquals(String(scope), "<Timeout [active] when=12.346>");
      yield* errorOf(t.wait(sleep(100)));
      assertEquals(String(scope), "<Timeout [expiring]>");
    }),
  ));
  assertEquals(String(scope), "<Timeout [expired]>");
  yield* t.wait(timeout(
    10,
    t.body(function* (given: Timeout) {
      scope = given;
    }),
  ));
  assertEquals(String(scope), "<Timeout [finished]>");
  assertEquals(Deno.inspect(scope), "<Timeout [finished]>");
});

testProgram("timeout() starts its time with its body", function* (t) {
  const work = timeout(
    10,
    t.body(function* (scope: Timeout) {
      yield* t.wait(sleep(5));
      return scope.when();
    }),
  );
  yield* t.wait(sleep(100));
  assertEquals(yield* t.wait(work), 110);
});

testLoop("timeout() outside of a task is an error that says so", async ({ loop }) => {
  const error = await new Promise((resolve) => {
    loop.callSoon(() => {
      try {
        timeout(1, () => sleep(1))[Symbol.iterator]().next();
      } catch (error) {
        resolve(error);
      }
      loop.stop();
    });
    loop.runForever();
  });
  assertInstanceOf(error, RuntimeError);
  assertEquals(error.message, "Cannot enter a timeout: no task is running; use it inside a task");
  await assertRejects(async () => await timeout(1, () => sleep(1)), RuntimeError, "no task");
});

Deno.test("timeout() refuses a time that is none", () => {
  const wrong = [[NaN, RangeError, "got NaN"], ["1", TypeError, 'got "1"']] as const;
  for (const [time, ErrorClass, got] of wrong) {
    const times = time as number;
    assertThrows(() => timeout(times, () => sleep(1)), ErrorClass, got);
    assertThrows(() => timeoutAt(times, () => sleep(1)), ErrorClass, got);
  }
});

testProgram("timeout() leaves no timer when its body has ended, however", function* (t) {
  const count = () => t.loop.liveTimers().length;
  const before = count();
  yield* t.wait(timeout(
    1000,
    t.body(function* () {
      assertEquals(count(), before + 1);
      yield* t.wait(passes(1));
    }),
  ));
  assertEquals(count(), before);
  yield* errorOf(t.wait(timeout(
    1000,
    t.body(function* () {
      throw new TypeError();
    }),
  )));
  assertEquals(count(), before);
  const steps = timeout(1000, function* () {
    yield undefined;
  });
  steps[Symbol.iterator]().next();
  assertEquals(count(), before + 1);
  steps.close();
  assertEquals(count(), before);
});

// ---- A signal -------------------------------------------------------------------------------------

testProgram("timeout() with a signal ends with its reason, and keeps no listener", function* (t) {
  const watched = countingSignal();
  const options = { signal: watched.signal };
  const body = t.body(function* () {
    assertEquals(watched.listeners, 1);
    yield* t.wait(sleep(5));
    return 1;
  });
  assertEquals(yield* t.wait(timeout(10, body, options)), 1);
  assertEquals(watched.listeners, 0);
  t.loop.callLater(2, () => watched.abort("enough"));
  assertEquals(yield* errorOf(t.wait(timeout(10, body, options))), "enough");
  assertEquals(watched.listeners, 0);
  assertEquals(me().cancelling(), 0);
  // Aborted before: nothing is run.
  assertEquals(yield* errorOf(t.wait(timeout(10, body, options))), "enough");
  assertEquals(watched.added, 2);
});

testProgram("A cancellation that comes with an abortion is thrown", function* (t) {
  const controller = new AbortController();
  const task = createTask(t.work(function* () {
    yield* t.wait(timeout(
      10,
      t.body(function* () {
        yield* t.wait(sleep(5));
      }),
      controller,
    ));
  }));
  yield* t.wait(passes(1));
  controller.abort();
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(task.cancelling(), 1);
});

// ---- Kinds of bodies --------------------------------------------------------------------------------

testAsync("timeout() takes every kind of body", async () => {
  const make = coroutine(function* () {
    yield* sleep(1);
    return "coroutine";
  });
  assertEquals(await timeout(10, make), "coroutine");
  assertEquals(await timeout(10, () => make()), "coroutine");
  assertEquals(await timeout(10, () => gather(sleep(1, "future"))), ["future"]);
  assertEquals(await timeout(10, () => Promise.resolve("promise")), "promise");
  assertEquals(
    await timeout(10, () => ({ then: (f: (v: string) => void) => f("thenable") }) as never),
    "thenable",
  );
  const wrong = (body: unknown) =>
    assertRejects(async () => await timeout(10, body as never), TypeError);
  assertEquals(
    (await wrong(() => 5)).message,
    "Cannot run an unnamed function as a body: an async function or a generator function is " +
      "needed; it returned 5",
  );
  const work = sleep(1);
  assertEquals(
    (await wrong(work)).message,
    "Cannot run <coroutine sleep> as a body: an async function or a generator function is needed",
  );
  work.close();
});
