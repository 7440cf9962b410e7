/**
 * The area "UDP": datagram endpoints.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { sleep } from "../../futures/sleep.ts";
import { casesOf, type ConformanceCase, type Trial } from "./_case.ts";
import { bytes, DatagramRecorder } from "./_protocols.ts";

const HOST = "127.0.0.1";

async function endpoint(t: Trial): Promise<DatagramRecorder> {
  const make = () => new DatagramRecorder(t.loop);
  const [, protocol] = await t.loop.createDatagramEndpoint(make, { localAddr: [HOST, 0] });
  return protocol;
}

function addressOf(protocol: DatagramRecorder): [string, number] {
  const { hostname, port } = protocol.transport.getExtraInfo("sockname") as Deno.NetAddr;
  return [hostname, port];
}

async function end(...protocols: DatagramRecorder[]): Promise<void> {
  for (const protocol of protocols) {
    protocol.transport.close();
    assertStrictEquals(await protocol.lost, undefined);
  }
}

export const udp: readonly ConformanceCase[] = casesOf("UDP", {
  "a datagram arrives whole, with the address of its sender": async (t) => {
    await t.run(async () => {
      const [a, b] = [await endpoint(t), await endpoint(t)];
      a.transport.sendto(bytes("hello"), addressOf(b));
      await b.datagrams(1);
      assertEquals(b.received, [{ data: bytes("hello"), from: addressOf(a) }]);
      await end(a, b);
    });
  },

  "datagrams keep their boundaries, and may be empty": async (t) => {
    await t.run(async () => {
      const [a, b] = [await endpoint(t), await endpoint(t)];
      for (const text of ["one", "", "three"]) {
        a.transport.sendto(bytes(text), addressOf(b));
        await b.datagrams(b.received.length + 1);
      }
      const texts = b.received.map(({ data }) => new TextDecoder().decode(data));
      assertEquals(texts, ["one", "", "three"]);
      await end(a, b);
    });
  },

  "an answer goes back to the sender": async (t) => {
    await t.run(async () => {
      const [a, b] = [await endpoint(t), await endpoint(t)];
      b.onDatagram = (data, from) => b.transport.sendto(data, from);
      a.transport.sendto(bytes("ping"), addressOf(b));
      await a.datagrams(1);
      assertEquals(a.received, [{ data: bytes("ping"), from: addressOf(b) }]);
      await end(a, b);
    });
  },

  "connectionMade() comes once and first, connectionLost() once and last": async (t) => {
    await t.run(async () => {
      const a = await endpoint(t);
      assertEquals(a.calls, ["made"]);
      a.transport.sendto(bytes("to myself"), addressOf(a));
      await a.datagrams(1);
      a.transport.close();
      assertEquals(a.calls, ["made", "datagram"], "called from within close()");
      await a.lost;
      await sleep(2);
      assertEquals(a.calls, ["made", "datagram", "lost"]);
    });
  },

  "abort() ends an endpoint": async (t) => {
    await t.run(async () => {
      const a = await endpoint(t);
      a.transport.abort();
      assertStrictEquals(await a.lost, undefined);
      assertEquals(a.calls, ["made", "lost"]);
    });
  },
});
