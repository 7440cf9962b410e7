/**
 * The area "TCP": connections and servers, and the contract between transport and protocol.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createTask, gather, sleep } from "../../futures/mod.ts";
import type { Server } from "../server.ts";
import { casesOf, type ConformanceCase, portOf, type Trial } from "./_case.ts";
import { bytes, Echo, pattern, Recorder } from "./_protocols.ts";

const HOST = "127.0.0.1";

interface Pair {
  client: Recorder;
  server: Recorder;
}

/** Lets a body talk over a fresh connection, and ends both sides. */
async function withPair(
  t: Trial,
  body: (pair: Pair) => Promise<void>,
  make: () => Recorder = () => new Recorder(t.loop),
): Promise<void> {
  await withServer(t, make, async (listening, accepted) => {
    const [, client] = await t.loop.createConnection(make, HOST, portOf(listening));
    const server = await accepted();
    await body({ client, server });
    client.transport.abort();
    server.transport.abort();
    await client.lost;
    await server.lost;
    checkOrder(client);
    checkOrder(server);
  });
}

/** `accepted()` is the protocol of the first connection, once that is there. */
async function withServer(
  t: Trial,
  make: () => Recorder,
  body: (server: Server, accepted: () => Promise<Recorder>) => Promise<void>,
): Promise<void> {
  const first = t.loop.createFuture<[Recorder]>();
  const server = await t.loop.createServer(
    () => {
      const protocol = make();
      if (!first.done()) first.setResult([protocol]);
      return protocol;
    },
    HOST,
    0,
  );
  const accepted = async () => {
    const [protocol] = await first;
    await protocol.called("made");
    return protocol;
  };
  await body(server, accepted);
  server.close();
  await server.waitClosed();
}

/** Writes until nothing on the way takes any more; says how many bytes that were. */
async function fill({ transport }: Recorder): Promise<number> {
  const piece = pattern(1_000_000);
  let sent = 0;
  while (sent < 100e6 && transport.getWriteBufferSize() <= 1000) {
    transport.write(piece);
    sent += piece.length;
    await sleep(2);
  }
  return sent;
}

/** made, then data, then perhaps the end, then lost; each but data once. */
function checkOrder({ order }: Recorder): void {
  const letters = order.map((call) => call[0]!).join("");
  assert(/^md*e?l$/.test(letters), `the order of calls: ${order.join(", ")}`);
}

export const tcp: readonly ConformanceCase[] = casesOf("TCP", {
  "bytes arrive whole and in order, both ways": async (t) => {
    const sent = pattern(200_000);
    await t.run(() =>
      withServer(t, () => new Echo(t.loop), async (server) => {
        const make = () => new Recorder(t.loop);
        const [transport, client] = await t.loop.createConnection(make, HOST, portOf(server));
        for (let at = 0; at < sent.length; at += 30_000) {
          transport.write(sent.subarray(at, at + 30_000));
        }
        await client.bytesReceived(sent.length);
        assertEquals(client.received.length, sent.length);
        assert(client.received.every((byte, i) => byte === sent[i]), "the bytes differ");
        transport.close();
        await client.lost;
      })
    );
  },

  "connectionMade() has been called when createConnection() ends": async (t) => {
    await t.run(() =>
      withServer(t, () => new Recorder(t.loop), async (server, accepted) => {
        const make = () => new Recorder(t.loop);
        const [transport, client] = await t.loop.createConnection(make, HOST, portOf(server));
        assertEquals(client.calls, ["made"]);
        transport.close();
        await client.lost;
        await (await accepted()).lost;
      })
    );
  },

  "connectionMade() comes once and first, connectionLost() once and last": async (t) => {
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        server.transport.write(bytes("hello"));
        client.transport.write(bytes("hello"));
        await client.bytesReceived(5);
        await server.bytesReceived(5);
        client.transport.close();
        assertEquals(client.calls, ["made", "data"], "called from within close()");
        await client.lost;
        await server.lost;
        await sleep(2);
        assertEquals(client.calls, ["made", "data", "lost"]);
        assertEquals(server.calls, ["made", "data", "eof", "lost"]);
      })
    );
  },

  "what connectionMade() writes arrives": async (t) => {
    const make = () => {
      const protocol = new Recorder(t.loop);
      protocol.onMade = (transport) => transport.write(bytes("at once"));
      return protocol;
    };
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        await client.bytesReceived(7);
        await server.bytesReceived(7);
        assertEquals([client.text, server.text], ["at once", "at once"]);
      }, make)
    );
  },

  "close() sends what was written before": async (t) => {
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        server.transport.pauseReading();
        const sent = await fill(client);
        client.transport.close();
        assert(client.transport.isClosing());
        server.transport.resumeReading();
        await server.called("lost");
        assertStrictEquals(await client.lost, undefined);
        assertEquals(server.received.length, sent);
      })
    );
  },

  "writeEof() ends one direction, and the other goes on": async (t) => {
    const make = () => {
      const protocol = new Recorder(t.loop);
      protocol.keepsOpen = true;
      return protocol;
    };
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        client.transport.write(bytes("question"));
        client.transport.writeEof();
        await server.called("eof");
        assertEquals(server.text, "question");
        server.transport.write(bytes("answer"));
        server.transport.close();
        await client.called("eof");
        assertEquals(client.text, "answer");
      }, make)
    );
  },

  "abort() loses the connection at both ends, each once": async (t) => {
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        client.transport.abort();
        assertEquals(client.calls, ["made"], "called from within abort()");
        assertStrictEquals(await client.lost, undefined);
        await server.lost;
        await sleep(2);
        for (const { calls } of [client, server]) {
          assertEquals(calls.filter((call) => call === "lost").length, 1);
        }
      })
    );
  },

  "pauseReading() stops delivery, resumeReading() takes it up": async (t) => {
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        server.transport.pauseReading();
        assert(!server.transport.isReading());
        client.transport.write(bytes("kept"));
        await sleep(5);
        assertEquals(server.text, "");
        server.transport.resumeReading();
        await server.bytesReceived(4);
        assertEquals(server.text, "kept");
      })
    );
  },

  "a writer is paused while nobody reads, and resumed after": async (t) => {
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        server.transport.pauseReading();
        client.transport.setWriteBufferLimits({ high: 1000, low: 100 });
        const sent = await fill(client);
        assertEquals(client.calls.at(-1), "pause");
        server.transport.resumeReading();
        await server.bytesReceived(sent);
        while (client.calls.at(-1) !== "resume") await sleep(1);
      })
    );
  },

  "many connections at once": async (t) => {
    await t.run(() =>
      withServer(t, () => new Echo(t.loop), async (server) => {
        const one = async (i: number) => {
          const make = () => new Recorder(t.loop);
          const [transport, client] = await t.loop.createConnection(make, HOST, portOf(server));
          const text = `client ${i}`;
          transport.write(bytes(text));
          await client.bytesReceived(text.length);
          assertEquals(client.text, text);
          transport.close();
          await client.lost;
        };
        await gather(...Array.from({ length: 20 }, (_, i) => createTask(() => one(i))));
      })
    );
  },

  "a port where nobody listens refuses": async (t) => {
    await t.run(async () => {
      const make = () => new Recorder(t.loop);
      const server = await t.loop.createServer(make, HOST, 0);
      const port = portOf(server);
      server.close();
      await server.waitClosed();
      await assertRejects(
        async () => await t.loop.createConnection(make, HOST, port),
        Deno.errors.ConnectionRefused,
      );
    });
  },

  "a port that is taken cannot be listened on": async (t) => {
    await t.run(() =>
      withServer(t, () => new Recorder(t.loop), async (server) => {
        await assertRejects(
          async () => await t.loop.createServer(() => new Recorder(t.loop), HOST, portOf(server)),
          Deno.errors.AddrInUse,
        );
      })
    );
  },

  "a connection that is no longer wanted leaves nothing open": async (t) => {
    await t.run(() =>
      withServer(t, () => new Recorder(t.loop), async (server) => {
        const make = () => new Recorder(t.loop);
        const task = createTask(t.loop.createConnection(make, HOST, portOf(server)));
        await sleep(0);
        task.cancel();
        await assertRejects(async () => await task);
        // The server may have seen it, and loses it again.
        await sleep(5);
      })
    );
  },

  "transports know both addresses": async (t) => {
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        const here = client.transport.getExtraInfo("sockname");
        const there = client.transport.getExtraInfo("peername");
        assertEquals(server.transport.getExtraInfo("peername"), here);
        assertEquals(server.transport.getExtraInfo("sockname"), there);
        await t.passes(1);
      })
    );
  },

  "an error of the protocol is reported, and ends the connection": async (t) => {
    await t.run(() =>
      withPair(t, async ({ client, server }) => {
        server.onData = () => {
          throw new TypeError("as planned");
        };
        client.transport.write(bytes("x"));
        const error = await server.lost;
        assert(error instanceof TypeError);
        await client.lost;
        assertEquals(t.takeReports().map(({ exception }) => exception), [error]);
      })
    );
  },
});
