/** Debug mode: slow callbacks, where things were made, and coroutine functions as callbacks. */
import { assert, assertEquals, assertFalse, assertMatch, assertThrows } from "@std/assert";
import { coroutine, createTask, sleep } from "../../futures/mod.ts";
import { DenoEventLoop, run } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { testLoop } from "../_helpers.ts";

/** Runs `body` and gives back what it has printed as warnings. */
async function warned(body: () => Promise<unknown>): Promise<string[]> {
  const { warn } = console;
  const lines: string[] = [];
  console.warn = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    await body();
  } finally {
    console.warn = warn;
  }
  return lines;
}

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
  assertEquals(lines[0], "Executing <Handle function slowCallback> took 15.0 ms");
  assertMatch(lines[1]!, /^Executing <Task .*name='slow' .*slowTask.*> took 10\.0 ms$/);
  assertEquals(lines.length, 2);
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
    assertEquals(/made at .*\n.*(\n.*)*debug_test\.ts/.test(each), loop.getDebug(), each);
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
