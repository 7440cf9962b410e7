/** TLS over the simulated network: streams, in virtual time, whatever the packets go through. */
import { assertEquals, assertInstanceOf } from "@std/assert";
import { sleep, timeout, TimeoutError } from "../../../futures/mod.ts";
import { openConnection, startServer } from "../../../loop/mod.ts";
import { SimulatedEventLoop } from "../../../loop/simulated/mod.ts";
import type { StreamReader, StreamWriter } from "../../../transports/mod.ts";
import type { SSLObject } from "../../../transports/tls/ssl_object.ts";
import { ascii, latin1, pattern } from "../_recorder.ts";
import { clientContext, haveOpenssl, serverContext } from "./_certificates.ts";

type Conditions = ConstructorParameters<typeof SimulatedEventLoop>[0];

function test(
  name: string,
  conditions: Conditions,
  body: (loop: SimulatedEventLoop) => Promise<void>,
): void {
  if (!haveOpenssl) return Deno.test.ignore(`${name} (needs openssl)`, () => {});
  Deno.test(name, async () => {
    const loop = new SimulatedEventLoop(conditions);
    const reports: unknown[] = [];
    loop.setExceptionHandler((_loop, context) => void reports.push(context));
    await loop.runUntilComplete(() => body(loop));
    loop.close();
    assertEquals(reports, []);
  });
}

async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  for (;;) {
    const data = await reader.read(65_536);
    if (data.length === 0) break;
    writer.write(data);
    await writer.drain();
  }
  writer.close();
}

const ssl = { serverHostname: "localhost" };

test("a handshake takes one round trip more, and no time of the clock", {
  network: { latencyMs: 10 },
}, async (loop) => {
  const [client, server] = [loop.network.host("client"), loop.network.host("server")];
  await server.run(() => startServer(echo, "0.0.0.0", 7, { ssl: serverContext() }));
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 7, { ssl: clientContext(), ...ssl });
    assertEquals(loop.time(), 40);
    writer.write(ascii("hello"));
    assertEquals(latin1(await reader.readexactly(5)), "hello");
    assertEquals(loop.time(), 60);
    assertEquals((writer.getExtraInfo("sslObject") as SSLObject).version(), "TLSv1.3");
    writer.close();
    await writer.waitClosed();
    assertEquals(loop.time(), 80);
  });
});

for (let seed = 0; seed < 5; seed++) {
  test(`TLS goes over links that lose, delay and cut packets, seed ${seed}`, {
    seed,
    network: { latencyMs: 5, jitterMs: 20, loss: 0.1, fragmentation: 0.5, bytesPerSecond: 1e6 },
  }, async (loop) => {
    const [client, server] = [loop.network.host("client"), loop.network.host("server")];
    await server.run(() => startServer(echo, "0.0.0.0", 7, { ssl: serverContext() }));
    await client.run(async () => {
      const [reader, writer] = await openConnection("server", 7, { ssl: clientContext(), ...ssl });
      await using _ = writer;
      for (const size of [1, 1000, 100_000]) {
        writer.write(pattern(size));
        assertEquals(await reader.readexactly(size), pattern(size));
      }
    });
  });
}

test("a connection of streams is upgraded in the middle of a conversation", {
  network: { latencyMs: 10 },
}, async (loop) => {
  const [client, server] = [loop.network.host("client"), loop.network.host("server")];
  await server.run(() =>
    startServer(
      async (reader, writer) => {
        assertEquals(latin1(await reader.readline()), "STARTTLS\n");
        writer.write(ascii("go ahead\n"));
        await writer.startTls(serverContext());
        await echo(reader, writer);
      },
      "0.0.0.0",
      25,
    )
  );
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 25);
    await using _ = writer;
    writer.write(ascii("STARTTLS\n"));
    assertEquals(latin1(await reader.readline()), "go ahead\n");
    await writer.startTls(clientContext(), ssl);
    writer.write(pattern(50_000));
    assertEquals(await reader.readexactly(50_000), pattern(50_000));
  });
});

test("a client that does not wait for the answer to its request is upgraded as well", {
  network: { latencyMs: 10 },
}, async (loop) => {
  const [client, server] = [loop.network.host("client"), loop.network.host("server")];
  await server.run(() =>
    startServer(
      async (reader, writer) => {
        // By then, the reader has the client's first flight.
        await sleep(1000);
        assertEquals(latin1(await reader.readline()), "STARTTLS\n");
        await writer.startTls(serverContext());
        await echo(reader, writer);
      },
      "0.0.0.0",
      25,
    )
  );
  await client.run(async () => {
    const [reader, writer] = await openConnection("server", 25);
    await using _ = writer;
    writer.write(ascii("STARTTLS\n"));
    await writer.startTls(clientContext(), ssl);
    writer.write(ascii("hello"));
    assertEquals(latin1(await reader.readexactly(5)), "hello");
  });
});

test("a timeout around a handshake with a server that says nothing closes the connection", {
  network: { latencyMs: 10 },
}, async (loop) => {
  const [client, server] = [loop.network.host("client"), loop.network.host("server")];
  let ended = false;
  await server.run(() =>
    startServer(
      async (reader, writer) => {
        while ((await reader.read(1000)).length > 0);
        ended = true;
        writer.close();
      },
      "0.0.0.0",
      7,
    )
  );
  await client.run(async () => {
    try {
      await timeout(100, async () => {
        await openConnection("server", 7, { ssl: clientContext(), ...ssl });
      });
      throw new TypeError("No timeout");
    } catch (error) {
      assertInstanceOf(error, TimeoutError);
    }
    assertEquals(loop.time(), 100);
    await sleep(50);
  });
  assertEquals(ended, true);
});
