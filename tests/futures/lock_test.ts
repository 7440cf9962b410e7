/** `Lock`: who gets it, when, and what becomes of it when the wait is cancelled. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { CancelledError, createTask, gather, RuntimeError, sleep } from "../../futures/mod.ts";
import type { Future } from "../../futures/mod.ts";
import { Lock } from "../../futures/lock.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import {
  described,
  errorOf,
  passes,
  type Program,
  testAsync,
  testProgram,
  type Trial,
} from "../_helpers.ts";

/** A task that takes the lock, tells so, and keeps it. */
function taker(t: Trial, lock: Lock, name: string, log: string[]) {
  return createTask(t.work(function* () {
    assert(yield* t.wait(lock.acquire()));
    log.push(name);
  }));
}

// ---- Taking and releasing -------------------------------------------------------------------------

testProgram("Lock.acquire() takes a free lock without giving a turn away", function* (t) {
  const lock = new Lock();
  let turns = 0;
  t.loop.callSoon(() => turns++);
  assertFalse(lock.locked());
  assert(yield* t.wait(lock.acquire()));
  assert(lock.locked());
  assertEquals(turns, 0);
  lock.release();
  assertFalse(lock.locked());
});

testProgram("Lock.acquire() does nothing until it is awaited", function* (t) {
  const lock = new Lock();
  const acquire = lock.acquire();
  yield* t.wait(passes(2));
  assertFalse(lock.locked());
  assert(yield* t.wait(acquire));
  assert(lock.locked());
  assertInstanceOf(yield* errorOf(t.wait(acquire)), RuntimeError);
});

testProgram("Lock.release() lets one task go on, in the order in which they came", function* (t) {
  const lock = new Lock();
  const log: string[] = [];
  yield* t.wait(lock.acquire());
  taker(t, lock, "first", log);
  taker(t, lock, "second", log);
  yield* t.wait(sleep(0));
  assertEquals(log, []);

  lock.release();
  yield* t.wait(sleep(0));
  assertEquals(log, ["first"]);
  yield* t.wait(sleep(0));
  assertEquals(log, ["first"]);

  const third = taker(t, lock, "third", log);
  lock.release();
  yield* t.wait(sleep(0));
  assertEquals(log, ["first", "second"]);
  lock.release();
  yield* t.wait(sleep(0));
  assertEquals(log, ["first", "second", "third"]);
  assert(third.done());
});

testProgram("Lock.acquire() does not overtake a task that was woken", function* (t) {
  const lock = new Lock();
  const log: string[] = [];
  yield* t.wait(lock.acquire());
  taker(t, lock, "woken", log);
  yield* t.wait(sleep(0));
  lock.release();
  // The lock is free, but it is as good as taken.
  assertFalse(lock.locked());
  const late = createTask(
    t.work(function* () {
      yield* t.wait(lock.acquire());
      log.push("late");
    }),
    { eagerStart: true },
  );
  yield* t.wait(passes(3));
  assertEquals(log, ["woken"]);
  lock.release();
  yield* t.wait(late);
  assertEquals(log, ["woken", "late"]);
});

Deno.test("Lock.release() of a free lock is an error", () => {
  const lock = new Lock();
  const error = assertThrows(() => lock.release(), RuntimeError);
  assertEquals(error.message, "Cannot release the lock: it is not acquired");
});

testProgram("Lock keeps tasks out while one is inside", function* (t) {
  const lock = new Lock();
  let inside = 0;
  let most = 0;
  const body = function* () {
    for (let i = 0; i < 20; i++) {
      const guard = yield* t.wait(lock.acquire());
      most = Math.max(most, ++inside);
      yield* t.wait(sleep(0));
      inside--;
      guard[Symbol.dispose]();
    }
  };
  yield* t.wait(gather(...Array.from({ length: 5 }, () => createTask(t.work(body)))));
  assertEquals(most, 1);
  assertFalse(lock.locked());
});

testProgram("Lock tells its state", function* (t) {
  const lock = new Lock();
  assertEquals(`${lock}`, "<Lock [unlocked]>");
  yield* t.wait(lock.acquire());
  assertEquals(`${lock}`, "<Lock [locked]>");
  const waiting = createTask(lock.acquire());
  yield* t.wait(sleep(0));
  assertEquals(Deno.inspect(lock), "<Lock [locked, waiters:1]>");
  assertEquals(described(lock.acquire()), "<coroutine Lock.acquire>");
  lock.release();
  yield* t.wait(waiting);
});

// ---- Cancellation ---------------------------------------------------------------------------------

testProgram("Lock.acquire() that is cancelled leaves nobody in the queue", function* (t) {
  const lock = new Lock();
  yield* t.wait(lock.acquire());
  const task = createTask(lock.acquire());
  t.loop.callSoon(() => task.cancel());
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertEquals(`${lock}`, "<Lock [locked]>");
});

testProgram(
  "Lock.acquire() cancelled while another task releases: the next one gets it",
  function* (t) {
    const lock = new Lock();
    const blocker: Future<void> = t.loop.createFuture();
    const body = (wait: Future<void> | null) =>
      t.work(function* () {
        yield* t.wait(lock.acquire());
        try {
          if (wait !== null) yield* t.wait(wait);
        } finally {
          lock.release();
        }
      });
    const a = createTask(body(blocker));
    yield* t.wait(sleep(0));
    const b = createTask(body(null));
    const c = createTask(body(null));
    yield* t.wait(sleep(0));
    blocker.setResult();
    b.cancel();
    yield* t.wait(sleep(0));
    assertFalse(lock.locked());
    assert(a.done());
    assert(b.cancelled());
    yield* t.wait(c);
  },
);

testProgram("Lock.release() after a cancellation lets one task in, not two", function* (t) {
  const lock = new Lock();
  const log: string[] = [];
  yield* t.wait(lock.acquire());
  const first = taker(t, lock, "first", log);
  const second = taker(t, lock, "second", log);
  const third = taker(t, lock, "third", log);
  yield* t.wait(sleep(0));
  t.loop.callSoon(() => {
    first.cancel();
    lock.release();
  });
  assertInstanceOf(yield* errorOf(t.wait(first)), CancelledError);
  yield* t.wait(passes(2));
  assertEquals(log, ["second"]);
  assert(second.done());
  assertFalse(third.done());
  lock.release();
  yield* t.wait(third);
});

testProgram("Lock.acquire() cancelled after being woken passes the lock on", function* (t) {
  const lock = new Lock();
  yield* t.wait(lock.acquire());
  const woken = createTask(lock.acquire());
  yield* t.wait(sleep(0));
  const next = createTask(lock.acquire());
  yield* t.wait(sleep(0));
  lock.release();
  woken.cancel();
  yield* t.wait(sleep(0));
  assert(woken.cancelled());
  yield* t.wait(next);
  assert(lock.locked());
});

testProgram("Lock.acquire() passes over those who were cancelled in the same pass", function* (t) {
  const lock = new Lock();
  yield* t.wait(lock.acquire());
  const tasks = Array.from({ length: 4 }, () => createTask(lock.acquire()));
  yield* t.wait(sleep(0));
  lock.release();
  for (const task of tasks.slice(0, 3)) task.cancel();
  // All who wait are cancelled or woken, but not all are cancelled, so the lock is not to be had.
  const late = createTask(lock.acquire());
  yield* t.wait(tasks[3]!);
  assertFalse(late.done());
  lock.release();
  yield* t.wait(late);
});

// ---- Guards ---------------------------------------------------------------------------------------

testProgram(
  "a guard of a lock that is disposed of twice releases once (std, asyncutil)",
  function* (t) {
    const lock = new Lock();
    const guard = yield* t.wait(lock.acquire());
    guard[Symbol.dispose]();
    assertFalse(lock.locked());
    yield* t.wait(lock.acquire());
    guard[Symbol.dispose]();
    assert(lock.locked());
  },
);

testProgram("using releases the lock, whatever happens in the block", function* (t) {
  const lock = new Lock();
  {
    using guard = yield* t.wait(lock.acquire());
    assert(guard);
    assert(lock.locked());
  }
  assertFalse(lock.locked());
  const task = createTask(t.work(function* () {
    using _guard = yield* t.wait(lock.acquire());
    yield* t.wait(sleep(Infinity));
  }));
  yield* t.wait(sleep(0));
  assert(lock.locked());
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  assertFalse(lock.locked());
});

testAsync("await using releases the lock", async () => {
  const lock = new Lock();
  await assertRejects(
    async () => {
      await using _guard = await lock.acquire();
      assert(lock.locked());
      throw new TypeError("of the block");
    },
    TypeError,
    "of the block",
  );
  assertFalse(lock.locked());
});

// ---- Cost -----------------------------------------------------------------------------------------

Deno.test("Lock.acquire() of a free lock makes no future, in 40,000 cycles (asyncutil#27)", async () => {
  let futures = 0;
  class CountingLoop extends SimulatedEventLoop {
    override createFuture<T>(): Future<T> {
      futures++;
      return super.createFuture<T>();
    }
  }
  const loop = new CountingLoop();
  const lock = new Lock();
  function* cycles(): Program<void> {
    for (let i = 0; i < 40_000; i++) {
      yield* lock.acquire();
      lock.release();
    }
  }
  await loop.runUntilComplete(cycles);
  await loop.runUntilComplete(async () => {
    for (let i = 0; i < 40_000; i++) (await lock.acquire())[Symbol.dispose]();
  });
  assertEquals(futures, 0);
  assertEquals(`${lock}`, "<Lock [unlocked]>");
  loop.close();
});
