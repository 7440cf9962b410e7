import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  bindDatagram,
  type DatagramAddress,
  type DatagramSocket,
  NodeDatagramSocket,
} from "../../transports/datagram_socket.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

function addressOf(socket: DatagramSocket): DatagramAddress {
  return socket.addr as Deno.NetAddr;
}

function ports(...sockets: DatagramSocket[]): number[] {
  return sockets.map((socket) => addressOf(socket).port);
}

async function receive(socket: DatagramSocket): Promise<[Uint8Array, DatagramAddress]> {
  return await socket.receive(new Uint8Array(65_536));
}

Deno.test("NodeDatagramSocket carries datagrams, empty ones too, and tells who sent them", async () => {
  const [a, b] = [await NodeDatagramSocket.bind(LOOPBACK), await NodeDatagramSocket.bind(LOOPBACK)];
  const [port] = ports(a);
  for (const bytes of [[1, 2, 3], [], [4]]) {
    await a.send(new Uint8Array(bytes), addressOf(b));
    const [data, from] = await receive(b);
    assertEquals([...data], bytes);
    assertEquals([from.hostname, from.port], ["127.0.0.1", port]);
  }
  a.close();
  b.close();
});

Deno.test("NodeDatagramSocket keeps what comes while nobody receives, in memory of its own", async () => {
  const [a, b] = [await NodeDatagramSocket.bind(LOOPBACK), await NodeDatagramSocket.bind(LOOPBACK)];
  for (let i = 0; i < 20; i++) await a.send(new Uint8Array([i]), addressOf(b));
  for (let i = 0; i < 20; i++) {
    const [data] = await receive(b);
    assertEquals([...data], [i]);
    // Node's own memory for a datagram is 64 KiB.
    assertEquals(data.buffer.byteLength, 1);
    assert(data.constructor === Uint8Array);
  }
  a.close();
  b.close();
});

Deno.test("NodeDatagramSocket.close() rejects what is pending, and everything after it", async () => {
  const socket = await NodeDatagramSocket.bind(LOOPBACK);
  const pending = receive(socket);
  socket.close();
  socket.close();
  await assertRejects(() => pending, Deno.errors.Interrupted);
  await assertRejects(() => receive(socket), Deno.errors.BadResource);
  await assertRejects(
    () => socket.send(new Uint8Array(1), { hostname: "127.0.0.1", port: 9 }),
    Deno.errors.BadResource,
  );
});

Deno.test("NodeDatagramSocket fails with Deno's errors", async () => {
  const socket = await NodeDatagramSocket.bind(LOOPBACK);
  const [port] = ports(socket);
  await assertRejects(
    () => NodeDatagramSocket.bind({ host: "127.0.0.1", port: port! }),
    Deno.errors.AddrInUse,
  );
  await assertRejects(
    () => NodeDatagramSocket.bind({ host: "192.0.2.1", port: 0 }),
    Deno.errors.AddrNotAvailable,
  );
  socket.close();
});

Deno.test({
  name: "NodeDatagramSocket sends broadcasts only when asked to",
  // Elsewhere the loopback has no broadcast address.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const all = await NodeDatagramSocket.bind({ host: "0.0.0.0", port: 0 });
    const to = { hostname: "127.255.255.255", port: addressOf(all).port };
    const shy = await NodeDatagramSocket.bind(LOOPBACK);
    await assertRejects(
      () => shy.send(new Uint8Array([1]), to),
      Deno.errors.PermissionDenied,
      "Cannot send to 127.255.255.255: a broadcast takes allowBroadcast",
    );
    const loud = await NodeDatagramSocket.bind(LOOPBACK, { allowBroadcast: true });
    await loud.send(new Uint8Array([2]), to);
    assertEquals([...(await receive(all))[0]], [2]);
    for (const socket of [all, shy, loud]) socket.close();
  },
});

Deno.test("bindDatagram() binds to IPv4 and IPv6", async () => {
  const sockets = [
    await bindDatagram({ host: "0.0.0.0", port: 0 }),
    await bindDatagram({ host: "::1", port: 0 }, { allowBroadcast: true }),
  ];
  assertEquals(sockets.map((socket) => addressOf(socket).hostname), ["0.0.0.0", "::1"]);
  for (const socket of sockets) socket.close();
});

Deno.test({
  name: "bindDatagram() rejects without the net's permission",
  permissions: { net: ["127.0.0.1"] },
  fn: async () => {
    (await bindDatagram(LOOPBACK)).close();
    await assertRejects(() => bindDatagram({ host: "0.0.0.0", port: 0 }), Deno.errors.NotCapable);
  },
});
