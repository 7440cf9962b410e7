/** Debug mode: slow callbacks, where things were made, and coroutine functions as callbacks. */
import { assert, assertEquals, assertFalse, assertMatch, assertThrows } from "@std/assert";
import { coroutine, createTask, Event, gather, sleep, timeout } from "../../futures/mod.ts";
import { DenoEventLoop, getRunningLoop, run } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { warned } from "../_printed.ts";
import { type Kind, microtasks, type Program, testLoop, Trial } from "../_helpers.ts";

/** A loop whose callbacks take as much time as they say. */
class PacedLoop extends SimulatedEventLoop {
  #spent = 0;

  override time(): number {
    return super.time() + this.#spent;
  }

  spend(ms: number): void {
    this.#spent += ms;
  }
}

Deno.test("Debug mode is off at first, and can be turned on and off", async () => {
  const loop = new DenoEventLoop();
  assertFalse(loop.getDebug());
  loop.setDebug(true);
  assert(loop.getDebug());
  loop.setDebug(false);
  assertFalse(loop.getDebug());
  loop.close();
  for (const debug of [true, false]) {
    await run(async () => {
      await sleep(0);
      const task = createTask(sleep(0));
      assertEquals((task.getLoop() as DenoEventLoop).getDebug(), debug);
      await task;
    }, { debug });
  }
});

Deno.test("Debug mode can be turned on and off while the loop runs", async () => {
  const loop = new PacedLoop();
  const lines = await warned(() =>
    loop.runUntilComplete(async () => {
      for (const debug of [true, false, true]) {
        loop.setDebug(debug);
        await sleep(0);
        loop.callSoon(() => loop.spend(200));
        await sleep(0);
        await sleep(0);
      }
      loop.setDebug(false);
    })
  );
  assertEquals(lines.length, 2);
  loop.close();
});

Deno.test("Debug mode reports callbacks and steps that take too long", async () => {
  const loop = new PacedLoop();
  loop.setDebug(true);
  assertEquals(loop.slowCallbackDuration, 100);
  loop.slowCallbackDuration = 10;
  const lines = await warned(() =>
    loop.runUntilComplete(async () => {
      loop.callSoon(function slowCallback() {
        loop.spend(15);
      });
      loop.callSoon(function quickCallback() {
        loop.spend(9);
      });
      await createTask(
        coroutine(function* slowTask() {
          yield* sleep(1);
          loop.spend(10);
        })(),
        { name: "slow" },
      );
    })
  );
  assertMatch(
    lines[0]!,
    /^Executing <Handle function slowCallback>, made at file:\S+debug_test\.ts:\d+:\d+, took 15\.0 ms$/,
  );
  assertMatch(
    lines[1]!,
    /^Executing <Task .*name='slow' .*slowTask.*>, made at \S+debug_test\.ts:\d+:\d+, took 10\.0 ms$/,
  );
  assertEquals(lines.length, 2);
  loop.close();
});

/** What is printed of a program in debug mode whose steps take longer than 10 ms: names and times. */
async function slowSteps(
  kind: Kind,
  program: (t: Trial<PacedLoop>, loop: PacedLoop) => Program<void>,
): Promise<string[]> {
  const loop = new PacedLoop();
  loop.setDebug(true);
  loop.slowCallbackDuration = 10;
  const t = new Trial(loop, kind);
  const lines = await warned(() => loop.runUntilComplete(t.work(() => program(t, loop))));
  t.finish();
  return lines.map((line) => {
    const [, what, took] = /name='([^']*)'.* took (\S+) ms$/.exec(line) ?? [];
    assert(what !== undefined, line);
    return `${what} ${took}`;
  });
}

for (const kind of ["generator", "async function"] as const) {
  Deno.test(`Debug mode reports every slow step, wherever it stands: ${kind}`, async () => {
    const lines = await slowSteps(kind, function* (t, loop) {
      const event = new Event();
      const run = (name: string, program: () => Program<void>) =>
        createTask(t.work(program), { name });
      const tasks = [
        run("first", function* () {
          loop.spend(11);
          yield* t.wait(sleep(1));
        }),
        run("middle", function* () {
          yield* t.wait(sleep(0));
          loop.spend(12);
          yield* t.wait(sleep(1));
        }),
        run("last", function* () {
          yield* t.wait(sleep(1));
          loop.spend(13);
        }),
        run("failing", function* () {
          yield* t.wait(sleep(2));
          loop.spend(14);
          throw new TypeError();
        }),
        run("woken", function* () {
          yield* t.wait(event.wait());
          loop.spend(15);
          yield* t.wait(sleep(1));
        }),
        run("nested", function* () {
          yield* t.call(function* () {
            yield* t.wait(sleep(4));
            loop.spend(16);
          });
          loop.spend(1);
        }),
        run("in a scope", function* () {
          yield* t.wait(timeout(
            1000,
            t.body(function* () {
              yield* t.wait(sleep(5));
              loop.spend(18);
            }),
          ));
        }),
        run("quick", function* () {
          for (let i = 0; i < 9; i++) {
            loop.spend(9);
            yield* t.wait(sleep(1));
          }
        }),
      ];
      yield* t.wait(sleep(3));
      event.set();
      yield* t.wait(gather(...tasks, { returnExceptions: true }));
    });
    assertEquals(lines.sort(), [
      "failing 14.0",
      "first 11.0",
      "in a scope 18.0",
      "last 13.0",
      "middle 12.0",
      "nested 17.0",
      "woken 15.0",
    ]);
  });
}

Deno.test("A slow step goes on after awaits of what is done already", async () => {
  const promises = microtasks;
  const futures = async (count: number) => {
    const future = getRunningLoop().createFuture<void>();
    future.setResult(undefined);
    for (let i = 0; i < count; i++) await future;
  };
  for (
    const [wait, count] of [[promises, 1], [promises, 50], [futures, 1], [futures, 200]] as const
  ) {
    const loop = new PacedLoop();
    loop.setDebug(true);
    const lines = await warned(() =>
      loop.runUntilComplete(async () => {
        await sleep(1);
        loop.spend(60);
        await wait(count);
        loop.spend(60);
        await sleep(1);
      })
    );
    assertEquals(lines.length, 1, `${wait.name} ${count}: ${lines}`);
    assertMatch(lines[0]!, /took 120\.0 ms$/);
    loop.close();
  }
});

Deno.test("What an async function waits for outside of the loop is no slow step", async () => {
  let spent = 0;
  class Loop extends DenoEventLoop {
    override time(): number {
      return super.time() + spent;
    }
  }
  const loop = new Loop();
  loop.setDebug(true);
  loop.slowCallbackDuration = 10_000;
  const done = loop.createFuture<void>();
  done.setResult(undefined);
  const lines = await warned(() =>
    loop.runUntilComplete(async () => {
      for (const awaits of [0, 5, 20]) {
        await sleep(1);
        for (let i = 0; i < awaits; i++) await done;
        // Somebody else has the thread.
        setTimeout(() => spent += 100_000);
        await new Promise((resolve) => setTimeout(resolve, 5));
        await sleep(1);
      }
    })
  );
  assertEquals(spent, 300_000);
  assertEquals(lines, []);
  loop.close();
});

Deno.test("A step that turns debug mode off or on is not reported", async () => {
  const loop = new PacedLoop();
  loop.setDebug(true);
  const lines = await warned(() =>
    loop.runUntilComplete(async () => {
      await sleep(1);
      loop.spend(200);
      loop.setDebug(false);
      await sleep(1);
      loop.spend(200);
      loop.setDebug(true);
      await sleep(1);
    })
  );
  assertEquals(lines, []);
  loop.close();
});

Deno.test("Without debug mode, slow callbacks are not reported", async () => {
  const loop = new PacedLoop();
  const lines = await warned(async () => {
    loop.callSoon(() => loop.spend(5000));
    await loop.runUntilComplete(sleep(1));
  });
  assertEquals(lines, []);
  loop.close();
});

testLoop("Handles, timers, futures and tasks remember where they were made", async ({ loop }) => {
  const { error } = console;
  const text: string[] = [];
  console.error = (...parts: unknown[]) => void text.push(parts.map(String).join(" "));
  loop.setExceptionHandler(undefined);
  try {
    const fail = () => {
      throw new TypeError();
    };
    loop.callSoon(fail);
    loop.callLater(1, fail);
    loop.callAt(1, fail);
    loop.callSoonThreadsafe(fail);
    loop.createFuture().setException(new TypeError());
    loop.createTask(fail);
    await loop.runUntilComplete(sleep(5));
  } finally {
    console.error = error;
  }
  assertEquals(text.length, 6);
  for (const each of text) {
    // Timers of these loops are made by way of `_helpers.ts`.
    const place = /made at .*\n +at .*(debug_test|_helpers)\.ts:\d+:\d+\)?\n/;
    assertEquals(place.test(each), loop.getDebug(), each);
  }
});

testLoop("Debug mode refuses coroutine functions as callbacks", ({ loop }) => {
  class Methods {
    async asyncMethod() {}
    *generatorMethod() {}
  }
  const { asyncMethod, generatorMethod } = new Methods();
  const refused: (() => unknown)[] = [
    async () => {},
    async function named() {},
    function* () {},
    coroutine(function* () {}),
    asyncMethod,
    generatorMethod,
    (async () => {}).bind(null),
  ];
  for (const callback of refused) {
    for (
      const schedule of [
        () => loop.callSoon(callback),
        () => loop.callSoonThreadsafe(callback),
        () => loop.callLater(60, callback),
        () => loop.callAt(60, callback),
      ]
    ) {
      assertThrows(schedule, TypeError, "is a coroutine function; use createTask() for it");
    }
  }
  assertEquals(loop.liveTimers(), []);
}, { debug: true });

testLoop("Debug mode takes every plain function as a callback", async ({ loop }) => {
  let called = 0;
  class Methods {
    async = () => void called++;
    plain() {
      called++;
    }
  }
  const methods = new Methods();
  loop.callSoon(() => void called++);
  loop.callSoon(function () {
    called++;
  });
  loop.callSoon(methods.async);
  loop.callSoon(methods.plain.bind(methods));
  loop.callSoon(Math.max as () => void);
  await loop.runUntilComplete(sleep(1));
  assertEquals(called, 4);
}, { debug: true });
