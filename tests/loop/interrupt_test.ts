/**
 * SIGINT under `Runner`, on a simulated loop whose signals the test sends itself. Programs that get
 * real signals are in `tests/programs/`.
 */
import { assertEquals, assertFalse, assertInstanceOf, assertRejects } from "@std/assert";
import {
  allTasks,
  CancelledError,
  createTask,
  currentTask,
  KeyboardInterrupt,
  sleep,
  type Task,
} from "../../futures/mod.ts";
import { Runner } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";

class SignalledLoop extends SimulatedEventLoop {
  readonly handlers = new Map<string, () => void>();

  override addSignalHandler<A extends unknown[]>(
    signal: Deno.Signal,
    callback: (...args: A) => void,
    ...args: A
  ): void {
    this.handlers.set(signal, () => void this.callSoon(callback, ...args));
  }

  override removeSignalHandler(signal: Deno.Signal): boolean {
    return this.handlers.delete(signal);
  }

  interrupt(): void {
    this.handlers.get("SIGINT")!();
  }
}

interface Trial {
  loop: SignalledLoop;
  runner: Runner;
}

function testInterrupt(name: string, body: (t: Trial) => Promise<void>): void {
  Deno.test(name, async () => {
    const loop = new SignalledLoop();
    const runner = new Runner({ loopFactory: () => loop });
    await body({ loop, runner });
    await runner.close();
    assertEquals(loop.handlers.size, 0);
  });
}

for (
  const [kind, program] of [
    ["an async function", (order: string[]) => async () => {
      try {
        await sleep(1e6);
      } finally {
        order.push("cleans up");
        await sleep(5);
        order.push("is clean");
      }
    }],
    ["a generator", (order: string[]) =>
      function* () {
        try {
          yield* sleep(1e6);
        } finally {
          order.push("cleans up");
          yield* sleep(5);
          order.push("is clean");
        }
      }],
  ] as const
) {
  testInterrupt(`SIGINT cancels ${kind}, which may clean up`, async ({ loop, runner }) => {
    const order: string[] = [];
    runner.getLoop().callLater(10, () => loop.interrupt());
    await assertRejects(() => runner.run(program(order)), KeyboardInterrupt);
    assertEquals(order, ["cleans up", "is clean"]);
    assertEquals(loop.time(), 15);
    // The runner is as good as before.
    assertEquals(await runner.run(() => sleep(1, "next")), "next");
  });
}

testInterrupt("SIGINT reaches a program that never rests", async ({ loop, runner }) => {
  let turns = 0;
  await assertRejects(
    () =>
      runner.run(function* () {
        for (;;) {
          if (++turns === 100) loop.interrupt();
          yield* sleep(0);
        }
      }),
    KeyboardInterrupt,
  );
  assertEquals(turns, 100);
});

testInterrupt("SIGINT cancels what the program waits for", async ({ loop, runner }) => {
  const future = loop.createFuture<void>();
  loop.callLater(1, () => loop.interrupt());
  await assertRejects(() => runner.run(() => future), KeyboardInterrupt);
  assertEquals(future.cancelled(), true);
});

testInterrupt("SIGINT that the program swallows is its own business", async ({ loop, runner }) => {
  loop.callLater(1, () => loop.interrupt());
  const result = await runner.run(async () => {
    try {
      await sleep(1e6);
    } catch {
      return "swallowed";
    }
  });
  assertEquals(result, "swallowed");
});

testInterrupt(
  "SIGINT whose effect becomes another error is that error",
  async ({ loop, runner }) => {
    loop.callLater(1, () => loop.interrupt());
    await assertRejects(
      () =>
        runner.run(async () => {
          try {
            await sleep(1e6);
          } catch {
            throw new TypeError("instead");
          }
        }),
      TypeError,
      "instead",
    );
  },
);

testInterrupt("SIGINT to a program that others have cancelled is no interrupt", async (t) => {
  const error = await assertRejects(() =>
    t.runner.run(async () => {
      const main = currentTask()!;
      createTask(async () => {
        await sleep(1);
        main.cancel("by a task");
        t.loop.interrupt();
      });
      try {
        await sleep(1e6);
      } catch (error) {
        // The second request is delivered here.
        await sleep(1).then(undefined, () => {});
        throw error;
      }
    })
  );
  assertInstanceOf(error, CancelledError);
});

testInterrupt(
  "A second SIGINT interrupts a program that does not end",
  async ({ loop, runner }) => {
    let refused = 0;
    let stop = false;
    loop.callLater(1, () => loop.interrupt());
    loop.callLater(5, () => loop.interrupt());
    const main: Task<unknown>[] = [];
    await assertRejects(
      () =>
        runner.run(async () => {
          main.push(currentTask() as Task<unknown>);
          while (!stop) {
            try {
              await sleep(1e6);
            } catch {
              refused++;
            }
          }
        }),
      KeyboardInterrupt,
    );
    assertEquals(loop.time(), 5);
    assertEquals(refused, 1);
    assertFalse(main[0]!.done());
    // It is cancelled with the rest when the runner closes.
    stop = true;
  },
);

testInterrupt("A program's own SIGINT handler takes the place of the runner's", async (t) => {
  const result = await t.runner.run(async () => {
    const future = t.loop.createFuture<string>();
    t.loop.addSignalHandler("SIGINT", () => future.setResult("my own"));
    t.loop.interrupt();
    return await future;
  });
  assertEquals(result, "my own");
});

Deno.test("An interruption that comes between two passes ends the run at once", async () => {
  // Some of these meet the loop when it has nothing more to run, and does not wait yet.
  for (let hops = 0; hops < 10; hops++) {
    const loop = new SimulatedEventLoop();
    const interrupt = async () => {
      for (let i = 0; i < hops; i++) await undefined;
      loop._interrupt(new KeyboardInterrupt("now"));
    };
    const running = loop.runUntilComplete(async () => {
      void interrupt();
      await sleep(1e6);
    });
    await assertRejects(() => running, KeyboardInterrupt, "now");
    assertEquals(loop.time(), 0);
    const [main] = allTasks(loop) as Set<Task<unknown>>;
    main!.cancel();
    await assertRejects(() => loop.runUntilComplete(main!), CancelledError);
    loop.close();
  }
});

testInterrupt(
  "SIGINT after the program has ended is not the runner's",
  async ({ loop, runner }) => {
    await runner.run(sleep(1));
    assertEquals(loop.handlers.size, 0);
  },
);
