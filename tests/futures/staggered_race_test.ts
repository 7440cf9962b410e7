/** `staggeredRace()`, what happy eyeballs is made of. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  CancelledError,
  createTask,
  eagerTaskFactory,
  KeyboardInterrupt,
  sleep,
} from "../../futures/mod.ts";
import { staggeredRace } from "../../futures/_staggered_race.ts";
import { errorOf, passes, type Program, testLoop, testProgram, type Trial } from "../_helpers.ts";

/** An attempt that takes some time, and logs what happens to it. */
function attempt(t: Trial, log: string[], name: string, delay: number, fails = false) {
  return t.body(function* (): Program<string> {
    log.push(`${name} starts at ${t.loop.time()}`);
    try {
      yield* t.wait(sleep(delay));
    } finally {
      yield* t.wait(passes(2));
      log.push(`${name} ends at ${t.loop.time()}`);
    }
    if (fails) throw new TypeError(name);
    return name;
  });
}

for (const eager of [false, true]) {
  const race = (name: string, program: (t: Trial, log: string[]) => Program<void>) =>
    testProgram(`staggeredRace() ${name}${eager ? ", with eager tasks" : ""}`, function* (t) {
      if (eager) t.loop.setTaskFactory(eagerTaskFactory);
      yield* program(t, []);
    });

  race("of nothing has no winner", function* (t) {
    for (const delay of [undefined, 5]) {
      const { winner, exceptions } = yield* t.wait(staggeredRace([], { delay }));
      assertEquals([winner, exceptions], [undefined, []]);
    }
  });

  race("gives the first result, and starts no more", function* (t, log) {
    const attempts = [attempt(t, log, "a", 1), attempt(t, log, "b", 1)];
    const { winner, exceptions } = yield* t.wait(staggeredRace(attempts, { delay: 5 }));
    assertEquals([winner, exceptions], [{ index: 0, result: "a" }, [undefined]]);
    assertEquals(log, ["a starts at 0", "a ends at 1"]);
  });

  race("starts the next one as soon as the one before has failed", function* (t, log) {
    const attempts = [attempt(t, log, "a", 1, true), attempt(t, log, "b", 1)];
    for (const delay of [undefined, 1000]) {
      const { winner, exceptions } = yield* t.wait(staggeredRace(attempts, { delay }));
      assertEquals(winner, { index: 1, result: "b" });
      assertEquals(exceptions.map(String), ["TypeError: a", "undefined"]);
    }
    assertEquals(t.loop.time(), 4);
  });

  race("starts the next one after the delay, and cancels who loses", function* (t, log) {
    const attempts = [
      attempt(t, log, "a", 100),
      attempt(t, log, "b", 10),
      attempt(t, log, "c", 100),
    ];
    const { winner, exceptions } = yield* t.wait(staggeredRace(attempts, { delay: 8 }));
    assertEquals(winner, { index: 1, result: "b" });
    assertInstanceOf(exceptions[0], CancelledError);
    assertEquals(exceptions[1], undefined);
    assertInstanceOf(exceptions[2], CancelledError);
    assertEquals(log, [
      "a starts at 0",
      "b starts at 8",
      "c starts at 16",
      "b ends at 18",
      "a ends at 18",
      "c ends at 18",
    ]);
  });

  race("waits the whole delay when an earlier one fails", function* (t, log) {
    const attempts = [
      attempt(t, log, "a", 12, true),
      attempt(t, log, "b", 100),
      attempt(t, log, "c", 1),
    ];
    yield* t.wait(staggeredRace(attempts, { delay: 10 }));
    assert(log.includes("c starts at 20"), log.join());
  });

  // cpython#131728
  race("of attempts that all fail has no winner, but their errors", function* (t, log) {
    const attempts = [attempt(t, log, "a", 5, true), attempt(t, log, "b", 1, true)];
    for (const delay of [undefined, 2, 0]) {
      const { winner, exceptions } = yield* t.wait(staggeredRace(attempts, { delay }));
      assertEquals(winner, undefined);
      assertEquals(exceptions.map(String), ["TypeError: a", "TypeError: b"]);
    }
    // deno-lint-ignore require-yield
    const atOnce = t.body(function* (): Program<void> {
      throw new TypeError("at once");
    });
    const { exceptions } = yield* t.wait(staggeredRace([atOnce, atOnce], { delay: 5 }));
    assertEquals(exceptions.length, 2);
  });

  race("of attempts that are done at once starts one", function* (t) {
    let started = 0;
    // deno-lint-ignore require-yield
    const atOnce = t.body(function* () {
      return ++started;
    });
    const { winner } = yield* t.wait(staggeredRace([atOnce, atOnce], { delay: 5 }));
    assertEquals([winner, started], [{ index: 0, result: 1 }, 1]);
  });

  // uvloop#740
  race(
    "that is cancelled cancels all attempts, and waits until they have ended",
    function* (t, log) {
      const task = createTask(t.work(function* () {
        const attempts = [attempt(t, log, "a", 100), attempt(t, log, "b", 100)];
        yield* t.wait(staggeredRace(attempts, { delay: 5 }));
      }));
      yield* t.wait(sleep(7));
      task.cancel();
      assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
      assertEquals(log, ["a starts at 0", "b starts at 5", "a ends at 7", "b ends at 7"]);
      assertEquals(task.cancelling(), 1);
    },
  );

  race("gives results that come too late away, to be closed", function* (t) {
    const closed: string[] = [];
    const discard = (result: string) => void closed.push(result);
    const futures = ["a", "b", "c"].map(() => t.loop.createFuture<string>());
    const wait = (index: number) =>
      t.body(function* () {
        // One that is connected when it is cancelled.
        try {
          return yield* t.wait(futures[index]!);
        } catch {
          return `late ${index}`;
        }
      });
    t.loop.callLater(5, () => {
      futures[1]!.setResult("b");
      futures[2]!.setResult("c");
    });
    const { winner } = yield* t.wait(
      staggeredRace([wait(0), wait(1), wait(2)], { delay: 1, discard }),
    );
    assertEquals(winner, { index: 1, result: "b" });
    assertEquals(closed.sort(), ["c", "late 0"]);
  });

  race("that is cancelled when it has a winner gives that away too", function* (t) {
    const closed: string[] = [];
    const slow = t.body(function* (): Program<string> {
      try {
        yield* t.wait(sleep(100));
      } finally {
        yield* t.wait(sleep(5));
      }
      return "not reached";
    });
    const task = createTask(t.work(function* () {
      yield* t.wait(staggeredRace([slow, () => sleep(1, "winner")], {
        delay: 1,
        discard: (result) => void closed.push(result),
      }));
    }));
    yield* t.wait(sleep(4));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertEquals(closed, ["winner"]);
  });

  race("takes an attempt only when it is its turn", function* (t, log) {
    const taken: number[] = [];
    const attempts = function* () {
      for (let i = 0; i < 3; i++) {
        taken.push(t.loop.time());
        yield attempt(t, log, String(i), 100, i < 2);
      }
    };
    yield* t.wait(staggeredRace(attempts(), { delay: 10 }));
    assertEquals(taken, [0, 10, 20]);
  });
}

testLoop("staggeredRace() lets a KeyboardInterrupt through", async (t) => {
  let thrown: unknown;
  const main = t.loop.createTask(() =>
    staggeredRace([async () => {
      await sleep(1);
      throw new KeyboardInterrupt("now");
    }], { delay: 5 })
  );
  await t.loop.runUntilComplete(main).catch((error) => thrown = error);
  assertInstanceOf(thrown, KeyboardInterrupt);
  // The run has ended before the race could ask its attempt.
  t.takeReports();
  await t.loop.runUntilComplete(main).catch((error) => thrown = error);
  assert(main.done());
});
