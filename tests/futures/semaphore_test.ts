/** `Semaphore` and `BoundedSemaphore`: permits are handed out in order, and none is ever lost. */
import { assert, assertEquals, assertFalse, assertInstanceOf, assertThrows } from "@std/assert";
import { CancelledError, createTask, gather, sleep, type Task } from "../../futures/mod.ts";
import { BoundedSemaphore, Semaphore } from "../../futures/semaphore.ts";
import { described, errorOf, passes, testProgram, type Trial } from "../_helpers.ts";

/** A task that takes a permit, tells so, and keeps it. */
function taker(t: Trial, semaphore: Semaphore, name: string, log: string[]): Task<boolean> {
  return createTask(t.work(function* () {
    assert(yield* t.wait(semaphore.acquire()));
    log.push(name);
    return true;
  }));
}

// ---- Making ---------------------------------------------------------------------------------------

Deno.test("Semaphore takes a whole number of permits, 0 or more", () => {
  for (const value of [-1, 0.5, NaN, -Infinity]) {
    const error = assertThrows(() => new Semaphore(value), RangeError);
    assertEquals(
      error.message,
      `Cannot make a semaphore: the value must be a whole number, 0 or more, got ${value}`,
    );
  }
  assert(new Semaphore(0).locked());
  assertFalse(new Semaphore().locked());
  assertFalse(new Semaphore(Infinity).locked());
});

testProgram("Semaphore tells its state", function* (t) {
  const semaphore = new Semaphore();
  assertEquals(`${semaphore}`, "<Semaphore [unlocked, value:1]>");
  yield* t.wait(semaphore.acquire());
  assertEquals(`${semaphore}`, "<Semaphore [locked]>");
  const tasks = [createTask(semaphore.acquire()), createTask(semaphore.acquire())];
  yield* t.wait(sleep(0));
  assertEquals(Deno.inspect(semaphore), "<Semaphore [locked, waiters:2]>");
  semaphore.release();
  semaphore.release();
  yield* t.wait(gather(...tasks));
  assertEquals(`${new BoundedSemaphore(3)}`, "<BoundedSemaphore [unlocked, value:3]>");
  assertEquals(described(semaphore.acquire()), "<coroutine Semaphore.acquire>");
});

// ---- Taking and releasing -------------------------------------------------------------------------

testProgram("Semaphore.acquire() takes permits until there are none", function* (t) {
  const semaphore = new Semaphore(3);
  const log: string[] = [];
  yield* t.wait(semaphore.acquire());
  yield* t.wait(semaphore.acquire());
  assertFalse(semaphore.locked());
  const tasks = [1, 2, 3].map((number) => taker(t, semaphore, `${number}`, log));
  yield* t.wait(sleep(0));
  assertEquals(log, ["1"]);
  assert(semaphore.locked());
  assertEquals(`${semaphore}`, "<Semaphore [locked, waiters:2]>");

  const fourth = taker(t, semaphore, "4", log);
  semaphore.release();
  semaphore.release();
  // The permits belong to those who were woken already.
  assert(semaphore.locked());
  yield* t.wait(sleep(0));
  assertEquals(log, ["1", "2", "3"]);
  assert(tasks.every((task) => task.result()));
  assertEquals(`${semaphore}`, "<Semaphore [locked, waiters:1]>");
  semaphore.release();
  yield* t.wait(fourth);
});

testProgram("Semaphore.release() with nobody waiting gives the permit back", function* (t) {
  const semaphore = new Semaphore();
  yield* t.wait(semaphore.acquire());
  assert(semaphore.locked());
  semaphore.release();
  assertFalse(semaphore.locked());
  semaphore.release();
  assertEquals(`${semaphore}`, "<Semaphore [unlocked, value:2]>");
});

testProgram("BoundedSemaphore.release() is an error when all permits are there", function* (t) {
  const semaphore = new BoundedSemaphore(2);
  const error = assertThrows(() => semaphore.release(), RangeError);
  assertEquals(
    error.message,
    "Cannot release the semaphore: all of its permits (2) are there already",
  );
  yield* t.wait(semaphore.acquire());
  semaphore.release();
  assertThrows(() => semaphore.release(), RangeError);
});

testProgram("Semaphore lets in as many as it has permits", function* (t) {
  const semaphore = new Semaphore(3);
  let inside = 0;
  let most = 0;
  const body = function* () {
    for (let i = 0; i < 10; i++) {
      using _guard = yield* t.wait(semaphore.acquire());
      most = Math.max(most, ++inside);
      yield* t.wait(sleep(0));
      inside--;
    }
  };
  yield* t.wait(gather(...Array.from({ length: 8 }, () => createTask(t.work(body)))));
  assertEquals(most, 3);
  assertEquals(`${semaphore}`, "<Semaphore [unlocked, value:3]>");
});

// ---- Order ----------------------------------------------------------------------------------------

testProgram(
  "Semaphore serves tasks in the order in which they ask, again and again",
  function* (t) {
    const semaphore = new Semaphore(1);
    const log: string[] = [];
    const body = (name: string) =>
      createTask(t.work(function* () {
        for (const time of [1, 2]) {
          yield* t.wait(semaphore.acquire());
          log.push(`${name}${time}`);
          yield* t.wait(sleep(10));
          semaphore.release();
        }
      }));
    yield* t.wait(gather(body("a"), body("b"), body("c")));
    assertEquals(log, ["a1", "b1", "c1", "a2", "b2", "c2"]);
  },
);

testProgram(
  "Semaphore.acquire() right after release() stands behind those who wait",
  function* (t) {
    const semaphore = new Semaphore(1);
    const log: number[] = [];
    const first = createTask(t.work(function* () {
      yield* t.wait(semaphore.acquire());
      log.push(1);
    }));
    const second = createTask(t.work(function* () {
      yield* t.wait(semaphore.acquire());
      log.push(2);
      semaphore.release();
      yield* t.wait(semaphore.acquire());
      log.push(4);
    }));
    const third = createTask(t.work(function* () {
      yield* t.wait(semaphore.acquire());
      log.push(3);
    }));
    yield* t.wait(sleep(0));
    semaphore.release();
    semaphore.release();
    yield* t.wait(gather(first, second, third));
    assertEquals(log, [1, 2, 3, 4]);
  },
);

testProgram("Semaphore.acquire() wakes those who came while permits were there", function* (t) {
  const semaphore = new Semaphore(0);
  const log: number[] = [];
  let fourth: Task<void> | undefined;
  const first = createTask(t.work(function* () {
    yield* t.wait(semaphore.acquire());
    // By now the others are woken as well, before a task that is made here.
    assertEquals(semaphore._value, 0);
    fourth = createTask(t.work(function* () {
      yield* t.wait(passes(0));
      log.push(4);
    }));
    log.push(1);
  }));
  const second = createTask(t.work(function* () {
    for (let i = 0; i < 3; i++) semaphore.release();
    assertEquals(semaphore._value, 2);
    // Somebody was woken and has not run, so there is nothing to have at once.
    assert(semaphore.locked());
    yield* t.wait(semaphore.acquire());
    log.push(2);
  }));
  const third = createTask(t.work(function* () {
    yield* t.wait(semaphore.acquire());
    assert(semaphore.locked());
    log.push(3);
  }));
  yield* t.wait(sleep(0));
  assertEquals(semaphore._value, 2);
  yield* t.wait(gather(first, second, third));
  yield* t.wait(fourth!);
  assertEquals(log, [1, 2, 3, 4]);
});

// ---- Cancellation ---------------------------------------------------------------------------------

testProgram("Semaphore.acquire() that is cancelled leaves nobody in the queue", function* (t) {
  const semaphore = new Semaphore();
  yield* t.wait(semaphore.acquire());
  const task = createTask(semaphore.acquire());
  t.loop.callSoon(() => task.cancel());
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(`${semaphore}`, "<Semaphore [locked]>");
});

testProgram("Semaphore.release() passes over cancelled waiters (cpy#90155)", function* (t) {
  const semaphore = new Semaphore(0);
  const log: string[] = [];
  const tasks = ["1", "2", "3", "4"].map((name) => taker(t, semaphore, name, log));
  yield* t.wait(sleep(0));
  tasks[0]!.cancel();
  tasks[1]!.cancel();
  semaphore.release();
  yield* t.wait(passes(2));
  assertEquals(log, ["3"]);
  assertFalse(tasks[3]!.done());
  tasks[3]!.cancel();
  assertInstanceOf(yield* errorOf(t.wait(tasks[3]!)), CancelledError);
  assertEquals(`${semaphore}`, "<Semaphore [locked]>");
});

testProgram(
  "Semaphore.acquire() cancelled after being woken: the permit goes to the next, or back (cpy#90155, asyncio#270)",
  function* (t) {
    const semaphore = new Semaphore(0);
    const log: string[] = [];
    const woken = taker(t, semaphore, "woken", log);
    const next = taker(t, semaphore, "next", log);
    yield* t.wait(sleep(0));
    semaphore.release();
    woken.cancel();
    yield* t.wait(next);
    assertEquals(log, ["next"]);
    assert(semaphore.locked());

    const alone = taker(t, semaphore, "alone", log);
    yield* t.wait(sleep(0));
    semaphore.release();
    alone.cancel();
    assertInstanceOf(yield* errorOf(t.wait(alone)), CancelledError);
    assertEquals(`${semaphore}`, "<Semaphore [unlocked, value:1]>");
  },
);

testProgram("Semaphore.acquire() of all cancelled waiters leaves the permits", function* (t) {
  const semaphore = new Semaphore(1);
  const first = createTask(t.work(function* () {
    using _guard = yield* t.wait(semaphore.acquire());
    yield* t.wait(sleep(0));
    second.cancel();
  }));
  const second: Task<void> = createTask(t.work(function* () {
    using _guard = yield* t.wait(semaphore.acquire());
    throw new TypeError("The semaphore was had");
  }));
  yield* t.wait(first);
  assertInstanceOf(yield* errorOf(t.wait(second)), CancelledError);
  assertFalse(semaphore.locked());
  yield* t.wait(semaphore.acquire());
});

// ---- Guards ---------------------------------------------------------------------------------------

testProgram(
  "a guard of a semaphore that is disposed of twice gives one permit back (std, asyncutil#31)",
  function* (t) {
    const semaphore = new Semaphore(2);
    const guard = yield* t.wait(semaphore.acquire());
    yield* t.wait(semaphore.acquire());
    guard[Symbol.dispose]();
    guard[Symbol.dispose]();
    assertEquals(`${semaphore}`, "<Semaphore [unlocked, value:1]>");
  },
);
