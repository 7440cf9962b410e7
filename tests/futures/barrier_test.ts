/** `Barrier`: who passes it, and what `reset()`, `abort()` and a cancellation do to those who wait. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { CancelledError, createTask, gather, sleep, type Task } from "../../futures/mod.ts";
import { Barrier, BrokenBarrierError } from "../../futures/barrier.ts";
import { errorOf, passes, type Program, testProgram, type Trial } from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";

const N = 5;

function tasks<T>(t: Trial, count: number, program: () => Program<T>): Task<T>[] {
  return Array.from({ length: count }, () => createTask(t.work(program)));
}

/** What a wait at a barrier comes to: its index or the name of its error. */
function* outcome(t: Trial, barrier: Barrier): Program<number | string> {
  try {
    return yield* t.wait(barrier.wait());
  } catch (error) {
    return (error as Error).name;
  }
}

function assertUnused(barrier: Barrier): void {
  assertEquals(barrier.nWaiting, 0);
  assertFalse(barrier.broken);
  assertMatch(`${barrier}`, /filling/);
}

// ---- Passing --------------------------------------------------------------------------------------

Deno.test("Barrier takes a whole number of parties, 1 or more", () => {
  for (const parties of [0, -4, 1.5, NaN, Infinity]) {
    assertThrows(() => new Barrier(parties), RangeError, "the number of parties must be 1 or more");
  }
  assertEquals(new Barrier(N).parties, N);
});

testProgram("Barrier.wait() holds tasks up until all are there, and numbers them", function* (t) {
  const barrier = new Barrier(3);
  const waits = [];
  for (let waiting = 0; waiting < 2; waiting++) {
    waits.push(createTask(barrier.wait()));
    yield* t.wait(sleep(0));
    assertEquals(barrier.nWaiting, waiting + 1);
    assertEquals(`${barrier}`, `<Barrier [filling, waiters:${waiting + 1}/3]>`);
  }
  waits.push(createTask(barrier.wait()));
  yield* t.wait(sleep(0));
  assertEquals(`${barrier}`, "<Barrier [draining, waiters:0/3]>");
  const indices = yield* t.wait(gather(...waits));
  assertEquals([...indices].sort(), [0, 1, 2]);
  assertUnused(barrier);
});

testProgram("Barrier of one holds nobody up", function* (t) {
  const barrier = new Barrier(1);
  for (let i = 0; i < 2; i++) assertEquals(yield* t.wait(barrier.wait()), 0);
  assertUnused(barrier);
});

testProgram("Barrier can be passed again and again", function* (t) {
  const barrier = new Barrier(N);
  const log: number[] = [];
  yield* t.wait(gather(...tasks(t, N, function* () {
    for (const round of [1, 2, 3]) {
      yield* t.wait(barrier.wait());
      log.push(round);
    }
  })));
  assertEquals(log, [1, 2, 3].flatMap((round) => Array(N).fill(round)));
  assertUnused(barrier);
});

testProgram("Barrier is draining until the last task has left", function* (t) {
  const barrier = new Barrier(N);
  const states: boolean[] = [];
  yield* t.wait(gather(...tasks(t, N, function* () {
    yield* t.wait(barrier.wait());
    states.push(`${barrier}`.includes("draining"));
  })));
  assertEquals(states, [true, true, true, true, false]);
});

testProgram("Barrier.wait() while others leave waits for the next round", function* (t) {
  const again = 2;
  const barrier = new Barrier(N);
  const rest = new Barrier(N - again);
  let left = again;
  yield* t.wait(gather(...tasks(t, N, function* () {
    yield* t.wait(barrier.wait());
    if (left-- > 0) yield* t.wait(barrier.wait());
    else {
      yield* t.wait(rest.wait());
      yield* t.wait(barrier.wait());
    }
  })));
  assertUnused(barrier);
  assertUnused(rest);
});

// ---- Cancellation ---------------------------------------------------------------------------------

testProgram(
  "Barrier.wait() that is cancelled does not count, and the others go on waiting",
  function* (t) {
    const barrier = new Barrier(3);
    const first = createTask(barrier.wait());
    const second = createTask(barrier.wait());
    yield* t.wait(sleep(0));
    assertEquals(barrier.nWaiting, 2);
    first.cancel();
    yield* t.wait(sleep(0));
    assertEquals(barrier.nWaiting, 1);
    assert(first.cancelled());
    const third = createTask(barrier.wait());
    yield* t.wait(sleep(0));
    assertEquals(barrier.nWaiting, 2);
    yield* t.wait(gather(second, third, createTask(barrier.wait())));
    assertUnused(barrier);
  },
);

testProgram(
  "Barrier.wait() that is aborted by its signal: only that one is (asyncutil)",
  function* (t) {
    const barrier = new Barrier(3);
    const signal = countingSignal();
    const others = [
      createTask(barrier.wait()),
      createTask(barrier.wait({ signal: signal.signal })),
    ];
    yield* t.wait(sleep(0));
    const reason = new TypeError("enough");
    signal.abort(reason);
    assertEquals(yield* errorOf(t.wait(others[1]!)), reason);
    assertEquals(signal.listeners, 0);
    assertEquals(barrier.nWaiting, 1);
    assertFalse(others[0]!.done());
    const later = [createTask(barrier.wait()), createTask(barrier.wait())];
    yield* t.wait(gather(others[0]!, ...later));
    assertUnused(barrier);
  },
);

testProgram("Barrier.wait() cancelled as the last one comes: the others pass", function* (t) {
  const barrier = new Barrier(3);
  const waits = tasks(t, 2, () => outcome(t, barrier));
  yield* t.wait(sleep(0));
  const last = createTask(barrier.wait());
  t.loop.callSoon(() => waits[0]!.cancel());
  yield* t.wait(passes(4));
  assertEquals(waits[0]!.result(), "CancelledError");
  assertEquals(waits[1]!.result(), 1);
  assertEquals(last.result(), 2);
  assertUnused(barrier);
});

// ---- Reset ----------------------------------------------------------------------------------------

testProgram("Barrier.reset() of an unused barrier does nothing", function* (t) {
  const barrier = new Barrier(1);
  yield* t.wait(barrier.reset());
  assertUnused(barrier);
});

testProgram("Barrier.reset() gives those who wait an error", function* (t) {
  const barrier = new Barrier(N);
  const waits = tasks(t, N - 1, () => outcome(t, barrier));
  yield* t.wait(sleep(0));
  const reset = createTask(barrier.reset());
  yield* t.wait(sleep(0));
  assertEquals(`${barrier}`, `<Barrier [resetting, waiters:0/${N}]>`);
  assertEquals(yield* t.wait(gather(...waits)), Array(N - 1).fill("BrokenBarrierError"));
  assertEquals(yield* t.wait(reset), undefined);
  assertUnused(barrier);
  const again = tasks(t, N, () => outcome(t, barrier));
  assertEquals([...yield* t.wait(gather(...again))].sort(), [0, 1, 2, 3, 4]);
});

testProgram(
  "Barrier.reset() while half of the tasks have left gives the others an error",
  function* (t) {
    const barrier = new Barrier(N);
    const errors: unknown[] = [];
    let passed = 0;
    yield* t.wait(gather(...tasks(t, N, function* () {
      try {
        yield* t.wait(barrier.wait());
      } catch (error) {
        assertInstanceOf(error, BrokenBarrierError);
        assertEquals(error.message, "Cannot wait at the barrier: it was reset meanwhile");
        errors.push(error);
        return;
      }
      if (++passed === N - 2) yield* t.wait(barrier.reset());
    })));
    assertEquals(errors.length, 2);
    assertUnused(barrier);
  },
);

testProgram("Barrier.reset() does not disturb tasks that wait for the next round", function* (t) {
  const barrier = new Barrier(N);
  let passed = 0;
  const log: string[] = [];
  yield* t.wait(gather(...tasks(t, N, function* () {
    const first = yield* outcome(t, barrier);
    if (typeof first === "string") {
      log.push("was reset");
      yield* t.wait(barrier.wait());
    } else if (++passed > N >> 1) {
      yield* t.wait(barrier.reset());
      yield* t.wait(barrier.wait());
    } else {
      yield* t.wait(barrier.wait());
      log.push("passed twice");
    }
  })));
  assertEquals(log.toSorted(), ["passed twice", "passed twice", "was reset", "was reset"]);
  assertUnused(barrier);
});

testProgram("Barrier can be waited at again right after a reset", function* (t) {
  const barrier = new Barrier(N);
  const log: unknown[] = [];
  const waits = tasks(t, N - 1, function* () {
    log.push(yield* outcome(t, barrier));
    yield* t.wait(barrier.wait());
    log.push("passed");
  });
  createTask(barrier.reset());
  yield* t.wait(sleep(0));
  const last = createTask(barrier.wait());
  yield* t.wait(gather(...waits, last));
  assertEquals(log.filter((each) => each === "BrokenBarrierError").length, N - 1);
  assertEquals(log.filter((each) => each === "passed").length, N - 1);
  assertUnused(barrier);
});

// ---- Abort ----------------------------------------------------------------------------------------

testProgram("Barrier.abort() breaks it until reset()", function* (t) {
  const barrier = new Barrier(2);
  const waiting = createTask(t.work(() => outcome(t, barrier)));
  yield* t.wait(sleep(0));
  assertEquals(yield* t.wait(barrier.abort()), undefined);
  assert(barrier.broken);
  assertEquals(barrier.nWaiting, 0);
  assertEquals(Deno.inspect(barrier), "<Barrier [broken]>");
  assertEquals(yield* t.wait(waiting), "BrokenBarrierError");
  const error = yield* errorOf(t.wait(barrier.wait()));
  assertInstanceOf(error, BrokenBarrierError);
  assertEquals(error.message, "Cannot wait at the barrier: it was aborted");
  yield* t.wait(barrier.reset());
  assertUnused(barrier);
});

testProgram(
  "Barrier.abort() ends those who wait to leave and those who wait to come in",
  function* (t) {
    const barrier = new Barrier(N);
    const log: string[] = [];
    let passed = 0;
    yield* t.wait(gather(...tasks(t, N, function* () {
      const first = yield* outcome(t, barrier);
      if (typeof first === "string") log.push("waited to leave");
      else if (++passed > N >> 1) yield* t.wait(barrier.abort());
      else if (typeof (yield* outcome(t, barrier)) === "string") log.push("waited to come in");
    })));
    assertEquals(log.toSorted(), [
      "waited to come in",
      "waited to come in",
      "waited to leave",
      "waited to leave",
    ]);
    assert(barrier.broken);
  },
);

testProgram("Barrier that one task has aborted is as new after a reset", function* (t) {
  const broken = new Barrier(N);
  const sound = new Barrier(N);
  const outcomes: unknown[] = [];
  yield* t.wait(gather(...tasks(t, N, function* () {
    const first = yield* outcome(t, broken);
    if (first === N >> 1) yield* t.wait(broken.abort());
    else outcomes.push(typeof first === "string" ? first : yield* outcome(t, broken));
    // All have left when it is reset, and nobody comes before.
    if ((yield* t.wait(sound.wait())) === 0) yield* t.wait(broken.reset());
    yield* t.wait(sound.wait());
    yield* t.wait(broken.wait());
  })));
  assertEquals(outcomes, Array(N - 1).fill("BrokenBarrierError"));
  assertUnused(broken);
});

testProgram("Barrier.reset() and abort() that are cancelled have done nothing", function* (t) {
  const barrier = new Barrier(2);
  const waiting = createTask(barrier.wait());
  yield* t.wait(sleep(0));
  for (const change of [barrier.reset(), barrier.abort()]) {
    const task = createTask(change);
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  }
  assertEquals(barrier.nWaiting, 1);
  yield* t.wait(gather(waiting, createTask(barrier.wait())));
});
