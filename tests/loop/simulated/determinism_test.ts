/** The same seed, the same steps. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createTask, gather, sleep, timeout } from "../../../futures/mod.ts";
import { openConnection, run, startServer } from "../../../loop/mod.ts";
import { SimulatedEventLoop, type SimulatedEventLoopOptions } from "../../../loop/simulated/mod.ts";
import { bytes, DatagramRecorder, text } from "./_recorders.ts";

/** A program with everything that is random, and the trace of a run of it. */
async function record(options: SimulatedEventLoopOptions): Promise<string> {
  const lines: string[] = [];
  const loop = new SimulatedEventLoop({
    shuffle: true,
    network: {
      latencyMs: 10,
      jitterMs: 20,
      loss: 0.05,
      duplication: 0.05,
      reordering: 0.1,
      fragmentation: 0.3,
      bytesPerSecond: 1_000_000,
    },
    trace: (line) => lines.push(line),
    ...options,
  });
  loop.setExceptionHandler((_loop, { message, exception }) => {
    loop.network.trace(`${message}: ${exception}`);
  });
  const { network } = loop;
  const serve = () =>
    startServer(
      async (reader, writer) => {
        for await (const line of reader) {
          writer.write(line);
          await writer.drain();
        }
        writer.close();
      },
      "0.0.0.0",
      7,
    );
  const talk = async (name: string) => {
    for (let round = 0; round < 5; round++) {
      try {
        await timeout(2000, async () => {
          const [reader, writer] = await openConnection("server", 7);
          for (let i = 0; i < 5; i++) {
            writer.write(bytes(`${name} ${"x".repeat(loop.network.random() * 5000)} ${i}\n`));
            network.trace(`${name} got ${text(await reader.readline()).length}`);
          }
          writer.close();
        });
      } catch (error) {
        network.trace(`${name} failed: ${error}`);
        await sleep(100);
      }
    }
  };
  await run(async () => {
    const server = network.host("server");
    await server.run(serve);
    const [from] = await loop.createDatagramEndpoint(() => new DatagramRecorder(), { family: 4 });
    const clients = ["a", "b", "c"].map((name) => network.host(name).run(() => talk(name)));
    createTask(async () => {
      for (let i = 0; i < 50; i++) {
        from.sendto(bytes(`${i}`), ["10.0.0.2", 9]);
        await sleep(network.random() * 20);
      }
    });
    await sleep(150 * network.random());
    network.partition("a", "server");
    await sleep(500);
    network.heal();
    server.crash();
    await sleep(300);
    server.restart();
    await server.run(serve);
    await sleep(50);
    network.reset("b");
    await gather(...clients);
  }, { loopFactory: () => loop });
  return lines.join("\n");
}

Deno.test("SimulatedEventLoop takes the same steps for the same seed, byte for byte", async () => {
  for (const seed of [0, 1, 2 ** 40 + 1, -3]) {
    const first = await record({ seed });
    assert(first.length > 5000, `the trace has ${first.length} characters`);
    assertEquals(await record({ seed }), first);
  }
});

Deno.test("SimulatedEventLoop takes other steps for another seed", async () => {
  const traces = new Set<string>();
  for (let seed = 0; seed < 10; seed++) traces.add(await record({ seed }));
  assertEquals(traces.size, 10);
});

Deno.test("SimulatedEventLoop takes the same steps however slow the machine is", async () => {
  const steps = async (isSlow: boolean) => {
    const order: string[] = [];
    const loop = new SimulatedEventLoop();
    await run(async () => {
      await using server = await startServer(
        async (reader, writer) => {
          for await (const line of reader) writer.write(line);
          writer.close();
        },
        "localhost",
        7,
      );
      const talk = async (name: string) => {
        const [reader, writer] = await openConnection("localhost", 7);
        for (let i = 0; i < 3; i++) {
          writer.write(bytes(`${i}\n`));
          await reader.readline();
          order.push(`${name}${i}`);
        }
        writer.close();
      };
      const count = async () => {
        for (let i = 0; i < 30; i++) {
          await sleep(0);
          order.push(`${i}`);
          // The loop looks at a clock to find out when the host is due, in the midst of a pass.
          const start = performance.now();
          while (isSlow && performance.now() < start + 1);
        }
      };
      await gather(count, ...["a", "b", "c", "d"].map((name) => () => talk(name)));
      server.close();
    }, { loopFactory: () => loop });
    return order.join(" ");
  };
  assertEquals(await steps(true), await steps(false));
});

Deno.test("SimulatedEventLoop runs tasks in another order for another seed, if asked to", async () => {
  const orders = async (shuffle: boolean) => {
    const found = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const order: string[] = [];
      const work = (name: string) => async () => {
        order.push(name);
        await sleep(1);
        order.push(name);
      };
      const loop = new SimulatedEventLoop({ seed, shuffle });
      await run(() => gather(work("a"), work("b"), work("c")), { loopFactory: () => loop });
      found.add(order.join(""));
    }
    return [...found].sort();
  };
  assertEquals(await orders(false), ["abcabc"]);
  assertEquals((await orders(true)).length, 36);
});

Deno.test("SimulatedEventLoop leaves callbacks in their order, and the network as it was", async () => {
  const order: number[] = [];
  const trace: string[] = [];
  for (const shuffle of [false, true]) {
    const loop = new SimulatedEventLoop({
      shuffle,
      network: { jitterMs: 10 },
      trace: (line) => trace.push(line),
    });
    await run(async () => {
      for (let i = 0; i < 10; i++) loop.callSoon(() => order.push(i));
      await loop.network.host("a").run(() => startServer(() => {}, "0.0.0.0", 7));
      const [, writer] = await openConnection("a", 7);
      writer.close();
      await sleep(100);
    }, { loopFactory: () => loop });
  }
  assertEquals(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertNotEquals(trace.length, 0);
  assertEquals(trace.slice(0, trace.length / 2), trace.slice(trace.length / 2));
});
