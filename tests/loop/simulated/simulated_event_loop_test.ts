/** `SimulatedEventLoop`: virtual time, and deadlocks that are told. */
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  ensureFuture,
  Future,
  gather,
  RuntimeError,
  sleep,
  type Task,
} from "../../../futures/mod.ts";
import { openConnection, run, startServer } from "../../../loop/mod.ts";
import { DeadlockError, SimulatedEventLoop } from "../../../loop/simulated/mod.ts";
import { Protocol } from "../../../transports/mod.ts";
import { hostTurn, microtasks } from "../../_helpers.ts";

const simulated = { loopFactory: () => new SimulatedEventLoop() };

/** Tests with a fresh loop. */
function test(name: string, body: (loop: SimulatedEventLoop) => Promise<void>): void {
  Deno.test(name, async () => {
    const loop = new SimulatedEventLoop();
    await body(loop);
    loop.close();
  });
}

// ---- Time -----------------------------------------------------------------------------------------

test("The clock starts at 0 and jumps to the next deadline", async (loop) => {
  assertEquals(loop.time(), 0);
  const times: number[] = [];
  await loop.runUntilComplete(async () => {
    for (const delay of [1, 0.5, 1000, 86_400_000, 0]) {
      await sleep(delay);
      times.push(loop.time());
    }
  });
  assertEquals(times, [1, 1.5, 1001.5, 86_401_001.5, 86_401_001.5]);
});

test("The clock stands still while something is ready", async (loop) => {
  loop.callLater(1, () => {});
  await loop.runUntilComplete(async () => {
    for (let i = 0; i < 1000; i++) await sleep(0);
    assertEquals(loop.time(), 0);
    await sleep(1);
  });
  assertEquals(loop.time(), 1);
});

test("A year passes in no time", async (loop) => {
  const year = 365 * 24 * 60 * 60 * 1000;
  let ticks = 0;
  await loop.runUntilComplete(async () => {
    const ticker = createTask(async () => {
      for (;;) {
        await sleep(year / 1024);
        ticks++;
      }
    });
    await sleep(year - 1);
    ticker.cancel();
    await assertRejects(async () => await ticker, CancelledError);
  });
  assertEquals([ticks, loop.time()], [1023, year - 1]);
});

test("Time goes on over several runs", async (loop) => {
  await loop.runUntilComplete(sleep(5));
  await loop.runUntilComplete(sleep(5));
  assertEquals(loop.time(), 10);
});

Deno.test("A program takes the same steps every time", async () => {
  const record = async () => {
    const steps: string[] = [];
    await run(async () => {
      const worker = async (name: string, delays: number[]) => {
        for (const delay of delays) {
          await sleep(delay);
          const loop = (currentTask() as Task<unknown>).getLoop();
          steps.push(`${loop.time()} ${name}`);
        }
      };
      await gather(
        () => worker("a", [3, 1, 4, 1, 5]),
        () => worker("b", [2, 7, 1, 8, 2]),
        () => worker("c", [1, 6, 1, 8, 0]),
      );
    }, simulated);
    return steps;
  };
  const first = await record();
  assertEquals(first.length, 15);
  for (let i = 0; i < 5; i++) assertEquals(await record(), first);
});

// ---- The host -------------------------------------------------------------------------------------

test("Promises of the host get one turn before the clock moves", async (loop) => {
  const times: number[] = [];
  await loop.runUntilComplete(async () => {
    loop.callLater(1000, () => times.push(-1));
    await microtasks(20);
    times.push(loop.time());
    assertEquals(await ensureFuture(hostTurn().then(() => "host")), "host");
    times.push(loop.time());
    await sleep(2000);
  });
  assertEquals(times, [0, 0, -1]);
});

test("Something that becomes ready during the turn keeps the clock from moving", async (loop) => {
  const future = loop.createFuture<number>();
  const timer = loop.callLater(1000, () => {});
  setImmediate(() => future.setResult(loop.time()));
  assertEquals(await loop.runUntilComplete(future), 0);
  assertEquals(loop.time(), 0);
  timer.cancel();
});

// ---- Deadlocks ------------------------------------------------------------------------------------

/** A stream that brings something in every turn of the host. */
function babbling(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      await hostTurn();
      controller.enqueue(new Uint8Array(10));
    },
  });
}

class Counter extends Protocol {
  chunks = 0;

  override dataReceived(): void {
    this.chunks++;
  }
}

test("A source that brings something in every turn does not stop the clock", async (loop) => {
  const counter = new Counter();
  await loop.runUntilComplete(async () => {
    const [transport] = await loop.connectReadPipe(() => counter, babbling());
    await sleep(1000);
    transport.close();
  });
  assertEquals(loop.time(), 1000);
  assert(counter.chunks > 0);
});

Deno.test("A source that brings something in every turn does not stop a manual clock", async () => {
  const loop = new SimulatedEventLoop({ manual: true });
  const counter = new Counter();
  const done = loop.runUntilComplete(async () => {
    const [transport] = await loop.connectReadPipe(() => counter, babbling());
    await sleep(1000);
    transport.close();
  });
  await loop.advance(500);
  assertEquals(loop.time(), 500);
  await loop.advance(500);
  await done;
  loop.close();
  assert(counter.chunks > 0);
});

test("A program that waits for nothing is told, with its tasks", async (loop) => {
  const stuck = coroutine(function* stuck() {
    yield* new Future<void>();
  });
  const main = loop.createTask(
    coroutine(function* main() {
      yield* createTask(stuck(), { name: "other" });
    })(),
    { name: "main" },
  );
  const error = await assertRejects(() => loop.runUntilComplete(main), DeadlockError);
  assertInstanceOf(error, RuntimeError);
  assertEquals(error.name, "DeadlockError");
  assertMatch(
    error.message,
    /^The program waits for ever: nothing is ready, no timer is scheduled, and these tasks wait:/,
  );
  assertMatch(error.message, /\n {2}<Task pending name='main' coro=<coroutine main>/);
  assertMatch(error.message, /\n {2}<Task pending name='other' coro=<coroutine stuck>/);
  assertEquals(error.tasks.length, 2);
  assert(error.tasks.includes(main));
  // The loop is as good as before.
  main.cancel();
  await assertRejects(() => loop.runUntilComplete(main), CancelledError);
});

test("A deadlock without tasks says so", async (loop) => {
  const error = await assertRejects(
    () => loop.runUntilComplete(loop.createFuture()),
    DeadlockError,
  );
  assertMatch(error.message, /, and there is no task$/);
  await assertRejects(() => loop.runForever(), DeadlockError);
});

test("A timer at Infinity is no reason to wait", async (loop) => {
  loop.callLater(Infinity, () => {});
  const error = await assertRejects(
    () => loop.runUntilComplete(() => sleep(Infinity)),
    DeadlockError,
  );
  assertEquals(error.tasks.length, 1);
  (error.tasks[0] as Task<void>).cancel();
  await loop.runUntilComplete(sleep(1));
});

Deno.test("A deadlock under run() cancels and closes as any other error", async () => {
  let cleaned = false;
  await assertRejects(
    () =>
      run(async () => {
        try {
          await new Future<void>();
        } finally {
          cleaned = true;
        }
      }, simulated),
    DeadlockError,
  );
  assert(cleaned);
});

test("A loop that was stopped is no deadlock", async (loop) => {
  loop.callSoon(() => loop.stop());
  await loop.runForever();
  loop.stop();
  await loop.runForever();
});

test("A class that inherits keeps virtual time, and may add to it", async () => {
  class Stepped extends SimulatedEventLoop {
    readonly jumps: number[] = [];
    override async _select(timeoutMs: number): Promise<void> {
      const before = this.time();
      await super._select(timeoutMs);
      if (this.time() > before) this.jumps.push(this.time() - before);
    }
  }
  const loop = new Stepped();
  await loop.runUntilComplete(async () => {
    await sleep(5);
    await sleep(7);
  });
  assertEquals(loop.jumps, [5, 7]);
  assertEquals(loop.time(), 12);
  loop.close();
});

// ---- By hand --------------------------------------------------------------------------------------

Deno.test("A manual loop moves its clock when told to, and runs what is due", async () => {
  const loop = new SimulatedEventLoop({ manual: true });
  const times: number[] = [];
  const running = loop.runUntilComplete(async () => {
    for (const delay of [10, 20, 30]) {
      await sleep(delay);
      times.push(loop.time());
    }
  });
  await loop.advance(0);
  assertEquals([times, loop.time()], [[], 0]);
  await loop.advance(29.5);
  assertEquals([times, loop.time()], [[10], 29.5]);
  await loop.advance(0.5);
  assertEquals([times, loop.time()], [[10, 30], 30]);
  await loop.advance(1000);
  assertEquals([times, loop.isRunning()], [[10, 30, 60], false]);
  await running;
  loop.close();
});

Deno.test("A manual loop lets packets arrive in their time, and waits for what is outside", async () => {
  const loop = new SimulatedEventLoop({ manual: true, network: { latencyMs: 50 } });
  const future = loop.createFuture<string>();
  const steps: string[] = [];
  const running = loop.runUntilComplete(async () => {
    await loop.network.host("server").run(() => startServer(() => {}, "0.0.0.0", 7));
    const [, writer] = await openConnection("server", 7);
    steps.push("connected");
    writer.transport.abort();
    steps.push(await future);
  });
  await loop.advance(99);
  assertEquals(steps, []);
  await loop.advance(1);
  assertEquals(steps, ["connected"]);
  for (let i = 0; i < 10; i++) await hostTurn();
  loop.callSoonThreadsafe(() => future.setResult("told"));
  await running;
  assertEquals(steps, ["connected", "told"]);
  loop.close();
});

Deno.test("A clock that moves by itself cannot be advanced", async () => {
  await assertRejects(() => new SimulatedEventLoop().advance(1), RuntimeError, "by itself");
  const loop = new SimulatedEventLoop({ manual: true });
  await assertRejects(() => loop.advance(-1), RangeError, "0 milliseconds or more");
  await assertRejects(() => loop.advance(NaN), RangeError);
  await loop.advance(5);
  await loop.runUntilComplete(sleep(5));
  assertEquals(loop.time(), 5);
  loop.close();
});
