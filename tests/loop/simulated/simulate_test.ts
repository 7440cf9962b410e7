/** `simulate()`: bugs that need rare circumstances are found, and found again from their seed. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  AssertionError,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { createTask, Event, gather, sleep, timeout, TimeoutError } from "../../../futures/mod.ts";
import { openConnection, startServer } from "../../../loop/mod.ts";
import { simulate, type SimulatedEventLoop, SimulationError } from "../../../loop/simulated/mod.ts";
import { bytes, text } from "./_recorders.ts";

/** Finds the seed with which a program fails, and checks that it fails so again. */
async function findSeed(
  program: (loop: SimulatedEventLoop) => Promise<void>,
  options: Parameters<typeof simulate>[1],
): Promise<SimulationError> {
  const failing = async (more: Parameters<typeof simulate>[1]) => {
    const lines: string[] = [];
    const trace = (line: string) => {
      if (line.startsWith("0 seed ")) lines.length = 0;
      lines.push(line);
    };
    const error = await assertRejects(
      () => simulate(program, { ...options, ...more, trace }),
      SimulationError,
    );
    return { error, trace: lines.join("\n") };
  };
  const found = await failing({});
  const { seed } = found.error;
  const again = await failing({ seed, seeds: 1 });
  assertEquals(again.error.seed, seed);
  assertEquals(String(again.error.cause), String(found.error.cause));
  assertEquals(again.trace, found.trace);
  return found.error;
}

// ---- A race in a server ---------------------------------------------------------------------------

/** A server that sells tickets; the careless one looks first, and takes the ticket after a wait. */
function ticketOffice(careful: boolean) {
  return async ({ network }: SimulatedEventLoop): Promise<void> => {
    let left = 3;
    await network.host("office").run(() =>
      startServer(
        async (reader, writer) => {
          await reader.readline();
          if (left === 0) writer.write(bytes("sold out\n"));
          else {
            if (careful) left--;
            // The ledger takes its time.
            await sleep(1);
            if (!careful) left--;
            writer.write(bytes("ticket\n"));
          }
          writer.close();
        },
        "0.0.0.0",
        80,
      )
    );
    const answers = await gather(
      ...Array.from({ length: 5 }, (_, i) => () =>
        network.host(`customer ${i}`).run(async () => {
          // They come one after the other; the network brings some together.
          await sleep(50 * i);
          const [reader, writer] = await openConnection("office", 80);
          writer.write(bytes("please\n"));
          const answer = text(await reader.readline());
          writer.close();
          return answer;
        })),
    );
    assertEquals(answers.filter((answer) => answer === "ticket\n").length, 3);
  };
}

const SLOW_NETWORK = { latencyMs: 5, jitterMs: 60 };

Deno.test("simulate() finds a race that needs two requests to meet", async () => {
  const options = { seeds: 1000, network: SLOW_NETWORK };
  const error = await findSeed(ticketOffice(false), options);
  assert(error.seed > 10, `the race is no rare one: seed ${error.seed}`);
  assertMatch(
    error.message,
    /^The simulation fails with seed \d+ \(after \d+ that passed\); run it again with \{ seed: \d+ \}: .*AssertionError/,
  );
  await simulate(ticketOffice(true), { ...options, seeds: error.seed + 20 });
});

// ---- A race among tasks that are ready together ---------------------------------------------------

/** Workers that note who is done; the careless one forgets that others may be done first. */
function handOver(careful: boolean) {
  return async (): Promise<void> => {
    let waiting: (() => void) | undefined;
    let isDone = false;
    const signal = () => {
      isDone = true;
      waiting?.();
    };
    const consumer = async () => {
      await sleep(10);
      if (careful && isDone) return;
      await timeout(1000, async () => {
        const event = new Event();
        waiting = () => event.set();
        await event.wait();
      });
    };
    const producer = async () => {
      await sleep(10);
      signal();
    };
    const bystander = () => sleep(10);
    await gather(consumer, bystander, producer);
  };
}

Deno.test("simulate() finds a race that needs another order of tasks", async () => {
  await simulate(handOver(false), { seeds: 20 });
  const error = await findSeed(handOver(false), { seeds: 50, shuffle: true });
  assertInstanceOf(error.cause, TimeoutError);
  await simulate(handOver(true), { seeds: 50, shuffle: true });
});

// ---- A missing timeout under a partition ----------------------------------------------------------

/** A client that fetches pages, tries again when that fails, and is to be done within ten minutes. */
function fetchPages(patience: number) {
  return async ({ network }: SimulatedEventLoop): Promise<void> => {
    const server = network.host("server");
    const serve = () =>
      startServer(
        async (reader, writer) => {
          const line = await reader.readline();
          await sleep(1000);
          writer.write(line);
          writer.close();
        },
        "0.0.0.0",
        80,
      );
    await server.run(serve);
    const fetchPage = async (page: number): Promise<void> => {
      for (;;) {
        try {
          await timeout(patience, async () => {
            const [reader, writer] = await openConnection("server", 80);
            try {
              writer.write(bytes(`${page}\n`));
              assertEquals(text(await reader.readline()), `${page}\n`);
            } finally {
              writer.transport.abort();
            }
          });
          return;
        } catch (error) {
          if (error instanceof AssertionError) throw error;
          await sleep(100);
        }
      }
    };
    createTask(async () => {
      // At some time the server is cut off, and restarted meanwhile: it has forgotten whom it owes an
      // answer, and those who wait for one are told nothing.
      await sleep(network.random() * 300_000);
      network.partition(server);
      server.crash();
      await sleep(network.random() * 2000);
      server.restart();
      await server.run(serve);
      network.heal();
    });
    const client = network.host("client").run(async () => {
      for (let page = 0; page < 20; page++) {
        await fetchPage(page);
        await sleep(3000);
      }
    });
    await timeout(600_000, async () => await client);
  };
}

Deno.test("simulate() finds a timeout that is missing under a partition", async () => {
  const error = await findSeed(fetchPages(Infinity), { seeds: 100 });
  assertInstanceOf(error.cause, TimeoutError);
  await simulate(fetchPages(5000), { seeds: error.seed + 10 });
});

// ---- Options and failures -------------------------------------------------------------------------

Deno.test("simulate() passes the loop, and returns what the last run returns", async () => {
  const seeds: number[] = [];
  const last = await simulate(async (loop) => {
    await sleep(1);
    seeds.push(loop.seed);
    return loop.time() + loop.seed;
  }, { seed: 5, seeds: 3 });
  assertEquals([seeds, last], [[5, 6, 7], 8]);
});

Deno.test("simulate() fails for an error that nobody has taken", async () => {
  const error = await assertRejects(
    () =>
      simulate(async ({ network }) => {
        network.host("server").run(async () => {
          await sleep(1);
          throw new RangeError("too far");
        });
        await sleep(10);
      }, { seed: 9 }),
    SimulationError,
  );
  assertMatch(error.message, /seed 9 \(the first one tried\)/);
  assertInstanceOf((error.cause as Error).cause, RangeError);
});

Deno.test("simulate() checks its options", async () => {
  const nothing = async () => {};
  await assertRejects(() => simulate(nothing, { seeds: 0 }), RangeError, "positive integer");
  const wrong = [
    [{ seed: 0.5 }, "the seed must be an integer, got 0.5"],
    [{ network: { loss: 2 } }, "Cannot set loss of a link: it must be from 0 to 1, got 2"],
    [{ network: { latencyMs: -1 } }, "it must be a number of milliseconds, got -1"],
    [{ network: { bytesPerSecond: 0 } }, "it must be above 0, got 0"],
  ] as const;
  for (const [options, message] of wrong) {
    const error = await assertRejects(() => simulate(nothing, options), SimulationError, message);
    assertInstanceOf(error.cause, RangeError);
  }
});

Deno.test("simulate() traces what the network does", async () => {
  const lines: string[] = [];
  await simulate(async ({ network }) => {
    await network.host("server").run(() =>
      startServer(
        async (reader, writer) => {
          await reader.read();
          writer.close();
        },
        "0.0.0.0",
        80,
      )
    );
    const [reader, writer] = await openConnection("server", 80);
    network.partition("server", "main", { oneWay: true });
    writer.write(bytes("hello"));
    writer.writeEof();
    await sleep(100);
    network.heal();
    network.trace("a line of the program");
    await reader.read();
    writer.close();
    network.host("server").crash();
  }, { seed: 3, trace: (line) => lines.push(line) });
  assertEquals(lines, [
    "0 seed 3",
    "1 10.0.0.1:49152 > 10.0.0.2:80 connect",
    "2 10.0.0.2:80 > 10.0.0.1:49152 accept",
    "2 partition server from main, one way",
    "3 10.0.0.1:49152 > 10.0.0.2:80 data 5",
    "3 10.0.0.1:49152 > 10.0.0.2:80 end",
    "102 heal main, server",
    "102 a line of the program",
    // Sent again after 200 milliseconds.
    "204 10.0.0.2:80 > 10.0.0.1:49152 end",
    "204 server crashes",
  ]);
});
