/** Connections of the simulated network, and what goes wrong with them. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  allTasks,
  CancelledError,
  createTask,
  Event,
  gather,
  RuntimeError,
  sleep,
  timeout,
  TimeoutError,
} from "../../../futures/mod.ts";
import {
  GAIError,
  openConnection,
  openUnixConnection,
  run,
  startServer,
  startUnixServer,
} from "../../../loop/mod.ts";
import {
  DeadlockError,
  SimulatedEventLoop,
  type SimulatedHost,
} from "../../../loop/simulated/mod.ts";
import type { StreamReader, StreamWriter } from "../../../transports/mod.ts";
import { bytes, testNetwork, text } from "./_recorders.ts";

async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  for (;;) {
    const data = await reader.read(65_536);
    if (data.length === 0) break;
    writer.write(data);
    await writer.drain();
  }
  writer.close();
}

/** Two hosts, and an echo server on one. */
async function setUp(
  { network }: SimulatedEventLoop,
  serve = echo,
): Promise<{ client: SimulatedHost; server: SimulatedHost }> {
  const [client, server] = [network.host("client"), network.host("server")];
  await server.run(() => startServer(serve, "0.0.0.0", 7));
  return { client, server };
}

/** The host's own class of error, and the loop's address in the message. */
async function failsWith(
  what: () => PromiseLike<unknown>,
  Class: new (...args: never[]) => Error,
  message: string,
): Promise<void> {
  await assertRejects(async () => await what(), Class as new () => Error, message);
}

// ---- Connections ----------------------------------------------------------------------------------

testNetwork("A connection takes a round trip to open, and each message a latency", async (loop) => {
  const { client } = await setUp(loop);
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    assertEquals(loop.time(), 20);
    assertEquals(writer.getExtraInfo("peername"), {
      transport: "tcp",
      hostname: "10.0.0.3",
      port: 7,
    });
    assertEquals((writer.getExtraInfo("sockname") as Deno.NetAddr).hostname, "10.0.0.2");
    writer.write(bytes("hello"));
    assertEquals(text(await reader.readexactly(5)), "hello");
    assertEquals(loop.time(), 40);
    writer.writeEof();
    assertEquals((await reader.read()).length, 0);
    writer.close();
    await writer.waitClosed();
  });
}, { network: { latencyMs: 10 } });

testNetwork("Bandwidth is shared by what is sent at once", async (loop) => {
  const { client } = await setUp(loop);
  await client.run(async () => {
    const fetchAll = async () => {
      const [reader, writer] = await openConnection("server", 7);
      writer.write(new Uint8Array(500_000));
      writer.writeEof();
      assertEquals((await reader.read()).length, 500_000);
      writer.close();
    };
    await gather(() => fetchAll(), () => fetchAll());
  });
  // A megabyte at a megabyte a second, with the headers.
  assert(loop.time() > 1000 && loop.time() < 1100, `${loop.time()}`);
}, { network: { latencyMs: 0, bytesPerSecond: 1_000_000 } });

testNetwork("A connection loses nothing, whatever the link loses, cuts or delays", async (loop) => {
  const { client } = await setUp(loop);
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    const sent = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
    const reading = createTask(() => reader.read());
    for (let start = 0; start < sent.length; start += 7001) {
      writer.write(sent.subarray(start, start + 7001));
      await writer.drain();
    }
    writer.writeEof();
    assertEquals(await reading, sent);
    writer.close();
  });
}, { seed: 3, network: { latencyMs: 5, jitterMs: 50, loss: 0.2, fragmentation: 0.5 } });

testNetwork("A reader that is slow holds the writer up", async (loop) => {
  let sent = 0;
  const { client } = await setUp(loop, async (_reader, writer) => {
    for (; sent < 10_000_000; sent += 10_000) {
      writer.write(new Uint8Array(10_000));
      await writer.drain();
    }
    writer.close();
  });
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    await sleep(3_600_000);
    // Two kernels, and the marks of two transports.
    assert(sent < 500_000, `${sent} bytes were sent`);
    assertEquals((await reader.read()).length, 10_000_000);
    writer.close();
  });
});

testNetwork("One direction can end before the other", async (loop) => {
  const { client } = await setUp(loop, async (reader, writer) => {
    const request = await reader.read();
    await sleep(1000);
    writer.write(bytes(`${request.length} bytes`));
    writer.close();
  });
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    writer.write(new Uint8Array(1234));
    writer.writeEof();
    assertEquals(text(await reader.read()), "1234 bytes");
    writer.close();
  });
});

testNetwork("Unix sockets are files of one host", async ({ network }) => {
  const [here, there] = [network.host("here"), network.host("there")];
  const path = "/run/simulated.sock";
  const server = await here.run(() => startUnixServer(echo, path));
  await here.run(async () => {
    const [reader, writer] = await openUnixConnection(path);
    writer.write(bytes("x"));
    assertEquals(text(await reader.readexactly(1)), "x");
    writer.close();
    await writer.waitClosed();
  });
  const failing = () => there.run(() => openUnixConnection(path));
  await failsWith(failing, Deno.errors.NotFound, "/run/simulated.sock");
  await failsWith(
    () => here.run(() => startUnixServer(echo, path)),
    Deno.errors.AddrInUse,
    "Cannot listen on /run/simulated.sock",
  );
  server.close();
  await server.waitClosed();
  await failsWith(() => here.run(() => openUnixConnection(path)), Deno.errors.NotFound, path);

  for (let i = 0; i < 2; i++) {
    const kept = await here.run(() => startUnixServer(echo, path, { cleanupSocket: false }));
    kept.close();
    await failsWith(
      () => here.run(() => openUnixConnection(path)),
      Deno.errors.ConnectionRefused,
      path,
    );
  }
});

testNetwork("A server answers on localhost without delay", async (loop) => {
  const server = await startServer(echo, "localhost", 0);
  const port = (server.sockets[0]!.addr as Deno.NetAddr).port;
  const [reader, writer] = await openConnection("localhost", port);
  writer.write(bytes("x"));
  assertEquals(text(await reader.readexactly(1)), "x");
  assertEquals(loop.time(), 0);
  writer.close();
  await writer.waitClosed();
  server.close();
  await server.waitClosed();
});

// ---- Names and addresses --------------------------------------------------------------------------

testNetwork("Hosts have names and addresses", async (loop) => {
  const { network } = loop;
  assertEquals(String(network.host("a")), "<SimulatedHost a 10.0.0.2>");
  assertEquals(network.host("b", { addresses: ["10.9.9.9", "FD00::9"] }).addresses, [
    "10.9.9.9",
    "fd00::9",
  ]);
  const [v4, v6] = await loop.getaddrinfo("b", 80, { type: "stream" });
  assertEquals([v4!.address, v6!.address], [
    { host: "10.9.9.9", port: 80 },
    { host: "fd00::9", port: 80 },
  ]);
  assertEquals((await loop.getaddrinfo("b", 80, { family: 6, type: "stream" })).length, 1);
  await failsWith(() => loop.getaddrinfo("nobody", 80), GAIError, "the name is not known");
  await failsWith(() => loop.getaddrinfo("a", 80, { family: 6 }), GAIError, "no IPv6 address");
  assertThrows(() => network.host("b", { addresses: ["10.1.1.1"] }), RangeError, "it is there");
  assertThrows(() => network.host("c", { addresses: ["10.9.9.9"] }), RangeError, "is taken");
  assertThrows(() => network.host("localhost"), RangeError, "is no name");
  assertThrows(() => network.partition("nobody"), RangeError, "there is none");
});

testNetwork("Addresses have names", async (loop) => {
  loop.network.host("a");
  const nameOf = (host: string, options = {}) => loop.getnameinfo({ host, port: 443 }, options);
  assertEquals(await nameOf("10.0.0.2"), { host: "a", service: "https" });
  assertEquals((await nameOf("::1")).host, "localhost");
  assertEquals((await nameOf("10.0.0.2", { numericHost: true })).host, "10.0.0.2");
  assertEquals((await nameOf("10.0.0.99")).host, "10.0.0.99");
  await failsWith(() => nameOf("10.0.0.99", { nameRequired: true }), GAIError, "is not known");
});

testNetwork("Addresses can be listened on once, and by their host only", async ({ network }) => {
  const host = network.host("host");
  const listen = (address: string, port: number) =>
    host.run(() => startServer(echo, address, port));
  const server = await listen("0.0.0.0", 80);
  await failsWith(() => listen("127.0.0.1", 80), Deno.errors.AddrInUse, "127.0.0.1:80");
  await failsWith(() => listen("10.0.0.77", 80), Deno.errors.AddrNotAvailable, "10.0.0.77:80");
  server.close();
  await server.waitClosed();
  (await listen("127.0.0.1", 80)).close();
  // What listens on localhost is not there for others.
  await failsWith(() => openConnection("host", 80), Deno.errors.ConnectionRefused, "10.0.0.2:80");
});

testNetwork("Servers may share a port, and then share the connections", async ({ network }) => {
  const host = network.host("host");
  const counts = [0, 0];
  const listen = (i: number, reusePort: boolean) =>
    host.run(() =>
      startServer(
        (_reader, writer) => {
          counts[i]!++;
          writer.close();
        },
        "0.0.0.0",
        80,
        { reusePort },
      )
    );
  await listen(0, true);
  await listen(1, true);
  await failsWith(() => listen(0, false), Deno.errors.AddrInUse, "0.0.0.0:80");
  for (let i = 0; i < 40; i++) {
    const [reader, writer] = await openConnection("host", 80);
    await reader.read();
    writer.close();
  }
  assertEquals(counts[0]! + counts[1]!, 40);
  assert(counts[0]! > 10 && counts[1]! > 10, `${counts}`);
});

testNetwork("A server on all addresses takes both IP versions", async ({ network }) => {
  const server = network.host("server", { addresses: ["10.5.5.5", "fd00::5"] });
  const client = network.host("client", { addresses: ["10.5.5.6", "fd00::6"] });
  await server.run(() => startServer(echo, undefined, 7));
  await client.run(async () => {
    for (const address of ["10.5.5.5", "fd00::5", "server"]) {
      const [, writer] = await openConnection(address, 7);
      writer.close();
    }
    const options = { localAddr: ["10.5.5.6", 1234] } as const;
    const [, writer] = await openConnection("10.5.5.5", 7, options);
    assertEquals((writer.getExtraInfo("sockname") as Deno.NetAddr).port, 1234);
    writer.close();
  });
});

// ---- Connections that fail ------------------------------------------------------------------------

testNetwork("A port that nobody listens on refuses after a round trip", async (loop) => {
  const { client } = await setUp(loop);
  await failsWith(
    () => client.run(() => openConnection("server", 8)),
    Deno.errors.ConnectionRefused,
    "Cannot connect to 10.0.0.3:8: Connection refused (os error 111)",
  );
  assertEquals(loop.time(), 2);
});

testNetwork("A connection to nowhere hangs, and times out as by Linux", async (loop) => {
  const attempt = createTask(() => openConnection("10.200.0.1", 7));
  await assertRejects(() => timeout(60_000, async () => await attempt), TimeoutError);
  await failsWith(
    () => openConnection("10.200.0.1", 7),
    Deno.errors.TimedOut,
    "Cannot connect to 10.200.0.1:7: Connection timed out (os error 110)",
  );
  assertEquals(loop.time(), 60_000 + 127_000);
});

testNetwork("A connection that is called off leaves nothing behind", async (loop) => {
  const accepted: StreamWriter[] = [];
  const lost: unknown[] = [];
  const { client, server } = await setUp(loop, async (reader, writer) => {
    accepted.push(writer);
    await reader.read().then(null, (error) => void lost.push(error));
    writer.close();
  });
  const connecting = client.run(() => openConnection("server", 7));
  await sleep(1.5);
  connecting.cancel();
  await sleep(100);
  assertEquals(accepted.length, 1, "the server had it already");
  assertEquals([client._ends.size, server._ends.size], [0, 0]);
});

testNetwork("Happy eyeballs get past an address that hangs", async (loop) => {
  const { network } = loop;
  const server = network.host("server", { addresses: ["fd00::1", "10.7.7.7"] });
  network.host("client", { addresses: ["fd00::2", "10.7.7.8"] });
  await server.run(() => startServer(echo, "10.7.7.7", 7));
  // An address that nobody has.
  network.host("decoy", { addresses: ["10.7.7.9"] }).crash();
  const [, writer] = await network.host("client").run(() =>
    openConnection("server", 7, { happyEyeballsDelay: 250 })
  );
  assertEquals((writer.getExtraInfo("peername") as Deno.NetAddr).hostname, "10.7.7.7");
  writer.close();
});

testNetwork("A full backlog makes connections wait", async (loop) => {
  const { network } = loop;
  const server = network.host("server");
  const listening = await server.run(() =>
    startServer(echo, "0.0.0.0", 7, { backlog: 2, startServing: false })
  );
  const connect = () => network.host("client").run(() => openConnection("server", 7));
  const clients = [connect(), connect(), connect()];
  await sleep(500);
  assertEquals(clients.map((client) => client.done()), [true, true, false]);
  server.run(() => listening.startServing());
  const [, writer] = await clients[2]!;
  // The third was tried again after a second.
  assertEquals(Math.floor(loop.time() / 100), 10);
  writer.close();
  for (const client of clients.slice(0, 2)) (await client)[1].close();
});

testNetwork("What is sent during a partition arrives when it has healed", async (loop) => {
  const { client } = await setUp(loop);
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    loop.network.partition("client", "server");
    writer.write(bytes("hello"));
    await assertRejects(
      () => timeout(5000, async () => await reader.readexactly(1)),
      TimeoutError,
    );
    loop.network.heal();
    assertEquals(text(await reader.readexactly(5)), "hello");
    writer.close();
  });
});

testNetwork("A partition in one direction lets the other through", async (loop) => {
  const heard: string[] = [];
  const { client } = await setUp(loop, async (reader, writer) => {
    heard.push(text(await reader.readexactly(5)));
    writer.write(bytes("answer"));
    writer.close();
  });
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    loop.network.partition("server", "client", { oneWay: true });
    writer.write(bytes("hello"));
    await assertRejects(() => timeout(5000, async () => await reader.read()), TimeoutError);
    assertEquals(heard, ["hello"]);
    loop.network.heal("client");
    assertEquals(text(await reader.read()), "answer");
    writer.close();
  });
});

testNetwork("A connection that sends into a partition is given up in the end", async (loop) => {
  const { client } = await setUp(loop);
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    loop.network.partition("client");
    // An idle connection does not notice.
    await sleep(24 * 3_600_000);
    const start = loop.time();
    writer.write(bytes("hello"));
    await assertRejects(async () => await reader.read(), Deno.errors.TimedOut);
    assertEquals(Math.round((loop.time() - start) / 60_000), 15);
    writer.close();
  });
});

testNetwork("A reset breaks both ends", async (loop) => {
  const errors: unknown[] = [];
  const { client } = await setUp(loop, async (reader) => {
    await reader.read().then(null, (error) => void errors.push(error));
  });
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    loop.network.reset("server");
    await assertRejects(async () => await reader.read(), Deno.errors.ConnectionReset);
    assertInstanceOf(errors[0], Deno.errors.ConnectionReset);
    writer.close();
  });
});

testNetwork("Who closes with something unread resets the connection", async (loop) => {
  const { client } = await setUp(loop, async (_reader, writer) => {
    writer.transport.pauseReading();
    await sleep(100);
    writer.transport.abort();
  });
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    // More than the reads of a paused transport take.
    for (let i = 0; i < 8; i++) writer.write(new Uint8Array(10_000));
    await assertRejects(async () => await reader.read(), Deno.errors.ConnectionReset);
    writer.close();
  });
});

// ---- Hosts that crash -----------------------------------------------------------------------------

testNetwork("A crash ends the programs of a host where they are", async (loop) => {
  const host = loop.network.host("host");
  const steps: string[] = [];
  const program = host.run(async () => {
    try {
      createTask(async () => {
        for (;;) {
          await sleep(10);
          steps.push(`tick ${loop.time()}`);
        }
      });
      loop.callLater(30, () => steps.push("timer"));
      await new Event().wait();
    } finally {
      steps.push("finally");
    }
  });
  await sleep(25);
  assertEquals(allTasks(loop).size, 3);
  host.crash();
  assertEquals([allTasks(loop).size, host.isUp, String(host)], [
    1,
    false,
    "<SimulatedHost host down>",
  ]);
  await assertRejects(async () => await program, CancelledError, "Host host has crashed");
  assertThrows(() => host.run(async () => {}), RuntimeError, "host host is down");
  await sleep(100);
  assertEquals(steps, ["tick 10", "tick 20"]);
  host.restart();
  assertEquals(await host.run(async () => (await sleep(1), loop.time())), 126);
});

testNetwork("A program of a host fails with whatever it throws", async (loop) => {
  const host = loop.network.host("host");
  for (const thrown of [new RangeError("no"), undefined]) {
    // deno-lint-ignore require-await
    const program = host.run(async () => {
      throw thrown;
    });
    const [result] = await Promise.allSettled([program]);
    assertEquals(result, { status: "rejected", reason: thrown });
  }
});

testNetwork("A peer that has crashed is silent; one that is back, resets", async (loop) => {
  const { client, server } = await setUp(loop);
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    server.crash();
    writer.write(bytes("anybody?"));
    await assertRejects(
      () => timeout(10_000, async () => await reader.readexactly(1)),
      TimeoutError,
    );
    server.restart();
    await assertRejects(async () => await reader.readexactly(1), Deno.errors.ConnectionReset);
    writer.close();
    await failsWith(() => openConnection("server", 7), Deno.errors.ConnectionRefused, ":7");
    await server.run(() => startServer(echo, "0.0.0.0", 7));
    const [, again] = await openConnection("server", 7);
    again.close();
  });
});

testNetwork("A half-open connection is noticed by who sends, not by who waits", async (loop) => {
  const { client, server } = await setUp(loop);
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    server.crash();
    server.restart();
    const waiting = createTask(() => reader.read());
    await sleep(24 * 3_600_000);
    assertEquals(waiting.done(), false);
    writer.write(bytes("x"));
    await assertRejects(async () => await waiting, Deno.errors.ConnectionReset);
    writer.close();
  });
});

// ---- Deadlocks ------------------------------------------------------------------------------------

testNetwork("A packet under way is something to wait for", async (loop) => {
  const { client } = await setUp(loop);
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    writer.write(bytes("x"));
    assertEquals((await reader.readexactly(1)).length, 1);
    writer.close();
  });
}, { network: { latencyMs: 60_000 } });

Deno.test("A program that waits for a silent connection is told", async () => {
  const loop = new SimulatedEventLoop();
  const main = async () => {
    const { client } = await setUp(loop);
    await client.run(async () => {
      const [reader] = await openConnection("server", 7);
      await reader.read();
    });
  };
  await assertRejects(() => run(main, { loopFactory: () => loop }), DeadlockError);
});

// ---- Programs -------------------------------------------------------------------------------------

testNetwork("Programs may be generators, and know which host they are on", async (loop) => {
  const { network } = loop;
  const server = network.host("server");
  assertEquals(network.currentHost.name, "main");
  const hosts: string[] = [];
  const note = () => hosts.push(network.currentHost.name);
  await server.run(function* () {
    note();
    yield* startServer(
      function* (reader, writer) {
        const line = yield* reader.readline();
        note();
        loop.callSoon(note);
        writer.write(line);
        writer.close();
      },
      "0.0.0.0",
      7,
    );
  });
  const answer = await network.host("client").run(function* () {
    const [reader, writer] = yield* openConnection("server", 7);
    note();
    writer.write(bytes("hello\n"));
    const line = yield* reader.readline();
    writer.close();
    return text(line);
  });
  assertEquals(answer, "hello\n");
  assertEquals(hosts, ["server", "client", "server", "server"]);
});

testNetwork("A day of heartbeats is no long time", async (loop) => {
  const { client } = await setUp(loop);
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7);
    let beats = 0;
    for (; loop.time() < 86_400_000; beats++) {
      await sleep(30_000);
      writer.write(bytes("beat\n"));
      await reader.readline();
    }
    assertEquals(beats, 2880);
    writer.close();
  });
});
