/** `test()` and `runTest()`: what they let pass, and what they find. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createTask, gather, sleep } from "../../../futures/mod.ts";
import { openConnection, startServer } from "../../../loop/mod.ts";
import { SimulatedEventLoop, SimulationError } from "../../../loop/simulated/mod.ts";
import { runTest, test } from "../../../loop/testing/mod.ts";
import { Protocol } from "../../../transports/mod.ts";

test("test() runs a function on Deno's loop", async (loop) => {
  assertEquals(await sleep(1, "slept"), "slept");
  assert(loop.isRunning());
});

test("test() runs a function in virtual time", async (loop) => {
  await sleep(3_600_000);
  assertEquals(loop.time(), 3_600_000);
}, { loop: "simulated" });

const seen: number[] = [];
test("test() runs a function with each seed", async (_loop, seed) => {
  await sleep(0);
  seen.push(seed);
}, { loop: "simulated", seed: 5, seeds: 3 });
Deno.test("test() has run with each seed", () => assertEquals(seen, [5, 6, 7]));

test("test() lets connections pass that are closed", async () => {
  await using server = await startServer(
    async (reader, writer) => {
      writer.write(await reader.read());
      writer.close();
    },
    "127.0.0.1",
    0,
  );
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const [reader, writer] = await openConnection("127.0.0.1", port);
  writer.write(new TextEncoder().encode("hello"));
  writer.writeEof();
  assertEquals(new TextDecoder().decode(await reader.read()), "hello");
  writer.close();
  await writer.waitClosed();
});

Deno.test("runTest() throws what the function throws", async () => {
  await assertRejects(
    () => runTest(() => Promise.reject(new TypeError("as planned"))),
    TypeError,
    "as planned",
  );
});

Deno.test("runTest() fails on tasks that are left", async () => {
  const error = await assertRejects(() =>
    runTest(async () => {
      createTask(async () => await sleep(1e6), { name: "forgotten" });
      await sleep(0);
    })
  );
  assertStringIncludes(String(error), "left something behind");
  assertStringIncludes(String(error), "pending: <Task pending name='forgotten'");
});

Deno.test("runTest() fails on errors that nobody has retrieved", async () => {
  const planned = new TypeError("as planned");
  const error = await assertRejects(() =>
    runTest(async () => {
      createTask(() => Promise.reject(planned));
      await sleep(1);
    })
  );
  assertStringIncludes(String(error), "never retrieved: TypeError: as planned");
  assertEquals((error as Error).cause, planned);
});

Deno.test("runTest() fails on transports and listeners that are open", async () => {
  const error = await assertRejects(() =>
    runTest(async (loop) => {
      const server = await loop.createServer(() => new Protocol(), "127.0.0.1", 0);
      const { port } = server.sockets[0]!.addr as Deno.NetAddr;
      const [transport] = await loop.createConnection(() => new Protocol(), "127.0.0.1", port);
      // It would leak for real.
      loop.callLater(1, () => {
        transport.close();
        server.close();
      });
    }, { loop: "simulated" })
  );
  assertStringIncludes(String(error), "open: <SocketTransport");
  assertStringIncludes(String(error), "open: a listening socket");
});

Deno.test("runTest() tells the seed of a failure, with which it fails again", async () => {
  const overdrawn = async () => {
    let balance = 100;
    const withdraw = async (amount: number) => {
      if (balance < amount) return;
      await sleep(0);
      balance -= amount;
    };
    const rich: string[] = [];
    await gather(
      async () => void rich.push(String(await sleep(1, "a"))),
      async () => void rich.push(String(await sleep(1, "b"))),
    );
    if (rich[0] === "b") await gather(() => withdraw(70), () => withdraw(60));
    assert(balance >= 0, "overdrawn");
  };
  const options = { loop: "simulated", simulation: { shuffle: true } } as const;
  const error = await assertRejects(
    () => runTest(overdrawn, { ...options, seeds: 100 }),
    SimulationError,
  );
  assert(error instanceof SimulationError);
  assertStringIncludes(error.message, `{ seed: ${error.seed} }`);
  await assertRejects(
    () => runTest(overdrawn, { ...options, seed: error.seed }),
    SimulationError,
    "overdrawn",
  );
});

Deno.test("runTest() takes a loop of one's own", async () => {
  const seeds: number[] = [];
  class MyLoop extends SimulatedEventLoop {}
  await runTest(async (loop) => {
    assert(loop instanceof MyLoop);
    await sleep(1);
  }, {
    loop: (seed) => {
      seeds.push(seed);
      return new MyLoop({ seed });
    },
    seeds: 2,
  });
  assertEquals(seeds, [0, 1]);
  await assertRejects(() => runTest(async () => {}, { seeds: 0 }), RangeError);
});
