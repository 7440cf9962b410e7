/** `Condition`: what `wait()` does with the lock, and where a notification goes. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CancelledError, createTask, RuntimeError, sleep, type Task } from "../../futures/mod.ts";
import { Condition } from "../../futures/condition.ts";
import { Lock } from "../../futures/lock.ts";
import { errorOf, passes, type Program, testProgram, type Trial } from "../_helpers.ts";

/** A task that waits for a notification, tells so, and keeps the lock. */
function waiter(t: Trial, condition: Condition, name: string, log: string[]): Task<void> {
  return createTask(t.work(function* () {
    yield* t.wait(condition.acquire());
    assertEquals(yield* t.wait(condition.wait()), true);
    log.push(name);
  }));
}

/** Runs a body with the lock held. */
function* locked(t: Trial, condition: Condition, body: () => void): Program<void> {
  yield* t.wait(condition.acquire());
  body();
  condition.release();
}

// ---- Waiting --------------------------------------------------------------------------------------

testProgram("Condition.wait() ends when it is notified and has the lock", function* (t) {
  const condition = new Condition();
  const log: string[] = [];
  const tasks = ["1", "2", "3"].map((name) => waiter(t, condition, name, log));
  yield* t.wait(sleep(0));
  assertEquals(log, []);
  assertFalse(condition.locked());

  yield* t.wait(condition.acquire());
  condition.notify();
  yield* t.wait(sleep(0));
  assertEquals(log, []);
  assert(condition.locked());

  condition.release();
  yield* t.wait(sleep(0));
  assertEquals(log, ["1"]);
  assert(condition.locked());

  condition.notify(2);
  yield* t.wait(sleep(0));
  assertEquals(log, ["1"]);
  condition.release();
  yield* t.wait(sleep(0));
  assertEquals(log, ["1", "2"]);
  condition.release();
  yield* t.wait(sleep(0));
  assertEquals(log, ["1", "2", "3"]);
  assert(condition.locked());
  assert(tasks.every((task) => task.done()));
});

testProgram("Condition.notify() wakes as many as it is told", function* (t) {
  const condition = new Condition();
  const log: string[] = [];
  const body = (name: string) =>
    createTask(t.work(function* () {
      using _guard = yield* t.wait(condition.acquire());
      yield* t.wait(condition.wait());
      log.push(name);
    }));
  const tasks = ["1", "2", "3"].map(body);
  yield* t.wait(sleep(0));
  yield* locked(t, condition, () => condition.notify(0));
  yield* t.wait(passes(2));
  assertEquals(log, []);
  yield* locked(t, condition, () => condition.notify(1));
  yield* t.wait(sleep(0));
  assertEquals(log, ["1"]);
  yield* locked(t, condition, () => {
    condition.notify(1);
    condition.notify(2048);
  });
  yield* t.wait(passes(2));
  assertEquals(log, ["1", "2", "3"]);
  assert(tasks.every((task) => task.done()));
});

testProgram("Condition.notifyAll() wakes all", function* (t) {
  const condition = new Condition();
  const log: string[] = [];
  for (const name of ["1", "2"]) {
    createTask(t.work(function* () {
      using _guard = yield* t.wait(condition.acquire());
      yield* t.wait(condition.wait());
      log.push(name);
    }));
  }
  yield* t.wait(sleep(0));
  yield* locked(t, condition, () => condition.notifyAll());
  yield* t.wait(passes(2));
  assertEquals(log, ["1", "2"]);
});

testProgram(
  "Condition.waitFor() waits until the predicate is true, and gives its value",
  function* (t) {
    const condition = new Condition();
    let value = 0;
    const task = createTask(t.work(function* () {
      using _guard = yield* t.wait(condition.acquire());
      return yield* t.wait(condition.waitFor(() => value > 0 && `value ${value}`));
    }));
    yield* t.wait(sleep(0));
    yield* locked(t, condition, () => condition.notify());
    yield* t.wait(passes(2));
    assertFalse(task.done());
    value = 5;
    yield* locked(t, condition, () => condition.notify());
    assertEquals(yield* t.wait(task), "value 5");
    assertFalse(condition.locked());
  },
);

testProgram("Condition.waitFor() with a predicate that throws ends with that error", function* (t) {
  const condition = new Condition();
  using _guard = yield* t.wait(condition.acquire());
  const error = new TypeError("of the predicate");
  assertStrictEquals(
    yield* errorOf(t.wait(condition.waitFor(() => {
      throw error;
    }))),
    error,
  );
  assert(condition.locked());
});

testProgram("Condition needs its lock for wait(), notify() and notifyAll()", function* (t) {
  const condition = new Condition();
  const error = yield* errorOf(t.wait(condition.wait()));
  assertInstanceOf(error, RuntimeError);
  assertEquals(error.message, "Cannot wait for the condition: its lock is not acquired");
  assertThrows(
    () => condition.notify(),
    RuntimeError,
    "Cannot notify the condition: its lock is not acquired",
  );
  assertThrows(() => condition.notifyAll(), RuntimeError);
  assertThrows(() => condition.release(), RuntimeError);

  // A predicate that is true at once needs nothing.
  assertEquals(yield* t.wait(condition.waitFor(() => [1, 2, 3])), [1, 2, 3]);
  assertInstanceOf(yield* errorOf(t.wait(condition.waitFor(() => false))), RuntimeError);
});

testProgram("Condition uses the lock that it is given", function* (t) {
  const lock = new Lock();
  const one = new Condition(lock);
  const other = new Condition(lock);
  const guard = yield* t.wait(one.acquire());
  assert(lock.locked() && one.locked() && other.locked());
  guard[Symbol.dispose]();
  assertFalse(lock.locked() || one.locked() || other.locked());
  const log: string[] = [];
  const task = waiter(t, one, "one", log);
  yield* t.wait(sleep(0));
  yield* locked(t, other, () => other.notifyAll());
  yield* t.wait(passes(2));
  assertEquals(log, []);
  yield* locked(t, other, () => one.notifyAll());
  yield* t.wait(task);
  assertEquals(log, ["one"]);
});

testProgram("Condition tells its state", function* (t) {
  const condition = new Condition();
  assertEquals(`${condition}`, "<Condition [unlocked]>");
  const task = waiter(t, condition, "", []);
  yield* t.wait(sleep(0));
  assertEquals(`${condition}`, "<Condition [unlocked, waiters:1]>");
  yield* t.wait(condition.acquire());
  assertEquals(Deno.inspect(condition), "<Condition [locked, waiters:1]>");
  condition.notify();
  condition.release();
  yield* t.wait(task);
});

// ---- Cancellation ---------------------------------------------------------------------------------

testProgram(
  "Condition.wait() that is cancelled ends with the lock held (cpy#86766, cpy#77022)",
  function* (t) {
    const condition = new Condition();
    yield* t.wait(condition.acquire());
    const wait = createTask(condition.wait());
    t.loop.callSoon(() => wait.cancel());
    assertInstanceOf(yield* errorOf(t.wait(wait)), CancelledError);
    assert(condition.locked());
    assertEquals(`${condition}`, "<Condition [locked]>");
  },
);

testProgram(
  "Condition.wait() cancelled while it takes the lock again has it first, and is cancelled then (cpy#77022)",
  function* (t) {
    const condition = new Condition();
    let reached = "";
    const task = createTask(t.work(function* () {
      using _guard = yield* t.wait(condition.acquire());
      reached = "waiting";
      try {
        yield* t.wait(condition.wait());
      } finally {
        reached = `the lock is ${condition.locked() ? "" : "not "}held`;
      }
    }));
    yield* t.wait(sleep(0));
    yield* t.wait(condition.acquire());
    condition.notify();
    yield* t.wait(sleep(0));
    for (const message of ["first", "second", "last"]) {
      task.cancel(message);
      yield* t.wait(passes(2));
      assertEquals(reached, "waiting");
      assertFalse(task.done());
    }
    condition.release();
    yield* t.wait(sleep(0));
    assertEquals(reached, "the lock is held");
    assert(task.cancelled());
    const error = yield* errorOf(t.wait(task));
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "last");
    assertFalse(condition.locked());
  },
);

testProgram("Condition.wait() passes the very error on that it was cancelled with", function* (t) {
  for (const atRelock of [false, true]) {
    const condition = new Condition();
    let raised: unknown;
    const task = createTask(t.work(function* () {
      using _guard = yield* t.wait(condition.acquire());
      raised = yield* errorOf(t.wait(condition.waitFor(() => false)));
      throw raised;
    }));
    yield* t.wait(sleep(0));
    if (atRelock) {
      yield* t.wait(condition.acquire());
      condition.notify();
      yield* t.wait(sleep(0));
      task.cancel("foo");
      condition.release();
    } else task.cancel("foo");
    const error = yield* errorOf(t.wait(task));
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "foo");
    assertStrictEquals(error, raised);
  }
});

testProgram(
  "Condition.wait() notified and cancelled in one pass: another task is notified",
  function* (t) {
    for (const atRelock of [false, true]) {
      const condition = new Condition();
      let items = 0;
      const consumer = () =>
        createTask(t.work(function* () {
          using _guard = yield* t.wait(condition.acquire());
          for (;;) {
            yield* t.wait(condition.waitFor(() => items !== 0));
            if (items < 0) return;
            items--;
          }
        }));
      const first = consumer();
      const second = consumer();
      yield* t.wait(sleep(0));
      yield* t.wait(condition.acquire());
      items++;
      condition.notify(1);
      if (atRelock) yield* t.wait(sleep(0));
      first.cancel();
      condition.release();
      yield* t.wait(passes(4));
      assert(first.cancelled());
      assertEquals(items, 0);
      items = -1;
      yield* locked(t, condition, () => condition.notifyAll());
      yield* t.wait(second);
    }
  },
);

testProgram("Condition.wait() that is closed while it waits takes the lock again", function* (t) {
  const condition = new Condition();
  yield* t.wait(condition.acquire());
  const steps = condition.wait()[Symbol.iterator]();
  steps.next();
  assertFalse(condition.locked());
  steps.return!(undefined as never);
  assertEquals(`${condition}`, "<Condition [locked]>");
});
