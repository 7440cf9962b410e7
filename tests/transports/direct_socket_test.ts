/** Which connections are used by Deno's operations, and that the others are used as they are. */
import { assert, assertEquals } from "@std/assert";
import { DenoEventLoop, type Server } from "../../loop/mod.ts";
import { directSocket, findCore, trust, trustAccepted } from "../../transports/_direct_socket.ts";
import type { StreamSocket } from "../../transports/stream_socket.ts";
import type { Transport } from "../../transports/transport.ts";
import { testRealLoop } from "../_helpers.ts";
import { ascii, latin1, Recorder } from "./_recorder.ts";

const portOf = (server: Server) => (server.sockets[0]!.addr as Deno.NetAddr).port;
const socketOf = (transport: Transport) => transport.getExtraInfo("socket") as StreamSocket;

async function connectedPair(): Promise<[near: Deno.TcpConn, far: Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  return await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
}

testRealLoop(
  "Connections that a loop has opened or accepted itself are used by Deno's operations",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    await loop.runUntilComplete(async () => {
      const far = new Recorder();
      for (const path of [undefined, `\0asyncio-direct-${Deno.pid}`]) {
        const server = path === undefined
          ? await loop.createServer(() => far, "127.0.0.1", 0)
          : await loop.createUnixServer(() => far, path);
        const [near] = path === undefined
          ? await loop.createConnection(() => new Recorder(), "127.0.0.1", portOf(server))
          : await loop.createUnixConnection(() => new Recorder(), path);
        const accepted = Promise.withResolvers<void>();
        far.on.dataReceived = () => accepted.resolve();
        near.write(ascii("hello"));
        await accepted.promise;
        for (const transport of [near, far.transport]) {
          assert(directSocket(socketOf(transport)) !== null);
          transport.close();
        }
        server.close();
        await server.waitClosed();
      }
    });
  },
);

testRealLoop(
  "A connection that the program has opened is used by its methods, whatever they have become",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const [near, far] = await connectedPair();
    const asked: string[] = [];
    const { read, write } = near;
    near.read = (buffer) => (asked.push("read"), read.call(near, buffer));
    near.write = (data) => (asked.push("write"), write.call(near, data));
    await loop.runUntilComplete(async () => {
      const recorder = new Recorder();
      const [transport] = await loop.createConnection(() => recorder, undefined, undefined, {
        sock: near,
      });
      assertEquals(directSocket(near), null);
      transport.write(ascii("ping"));
      const buffer = new Uint8Array(9);
      assertEquals(latin1(buffer.subarray(0, await far.read(buffer) as number)), "ping");
      const came = Promise.withResolvers<void>();
      recorder.on.dataReceived = () => came.resolve();
      await far.write(ascii("pong"));
      await came.promise;
      assertEquals(latin1(recorder.received), "pong");
      transport.abort();
    });
    assertEquals(asked.slice(0, 3), ["read", "write", "read"]);
    far.close();
  },
);

Deno.test("A connection whose methods a loop has replaced is used by them", async () => {
  const [near, far] = await connectedPair();
  for (const conn of [near, far]) trust(conn);
  near.read = () => Promise.resolve(null);
  far.write = () => Promise.resolve(0);
  assertEquals([directSocket(near), directSocket(far)], [null, null]);
  for (const conn of [near, far]) conn.close();
});

testRealLoop(
  "What sockConnect() returns belongs to the program, and is used by its methods",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await loop.runUntilComplete(async () => {
      const accepted = listener.accept();
      const sock = await loop.sockConnect(["127.0.0.1", listener.addr.port]);
      assertEquals(directSocket(sock), null);
      sock.close();
      (await accepted).close();
    });
  },
);

Deno.test("What a listener accepts is trusted if the listener is, and has its own accept()", async () => {
  for (const kind of ["trusted", "unknown", "changed"]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    if (kind !== "unknown") trust(listener);
    const accept = listener.accept.bind(listener);
    if (kind === "changed") listener.accept = async () => new Proxy(await accept(), {});
    const [near, far] = await Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
      accept(),
    ]);
    trustAccepted(listener, far);
    assertEquals(directSocket(far) !== null, kind === "trusted");
    near.close();
    far.close();
  }
});

testRealLoop(
  "A socket takes the memory that it is given from 8 KiB on",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const [near, far] = await connectedPair();
    await loop.runUntilComplete(async () => {
      const [transport] = await loop.createConnection(() => new Recorder(), undefined, undefined, {
        sock: near,
      });
      const [short, long] = [new Uint8Array(8191), new Uint8Array(8192)];
      for (const bytes of [short, long]) transport.write(bytes, { transfer: true });
      assertEquals([short.length, long.length], [8191, 0]);
      transport.abort();
    });
    far.close();
  },
);

Deno.test("DirectSocket tells at once what a write has taken, and -1 when it waits", async () => {
  const [near, far] = await connectedPair();
  trust(near);
  const socket = directSocket(near)!;
  assertEquals(socket.taken(socket.write(ascii("hello"))), 5);
  const chunk = new Uint8Array(1 << 20);
  let [sent, pending] = [5, undefined as Promise<number> | undefined];
  for (let taken = 0; taken >= 0; sent += Math.max(taken, 0)) {
    pending = socket.write(chunk);
    taken = socket.taken(pending);
  }
  const buffer = new Uint8Array(1 << 20);
  let got = 0;
  while (got < sent) got += await far.read(buffer) as number;
  assert(await pending! > 0);
  near.close();
  const refused = socket.write(chunk);
  assertEquals(socket.taken(refused), -1);
  assert(await refused.catch((error) => error) instanceof Deno.errors.BadResource);
  far.close();
});

Deno.test("DirectSocket reads 0 bytes at the end of the stream", async () => {
  const [near, far] = await connectedPair();
  trust(near);
  const socket = directSocket(near)!;
  await far.write(ascii("end"));
  far.close();
  const buffer = new Uint8Array(8);
  assertEquals(await socket.read(buffer), 3);
  assertEquals(await socket.read(buffer), 0);
  near.close();
});

Deno.test("Connections are used by their methods where Deno does not show its operations", () => {
  const internal = Symbol();
  const shown = (core: unknown) => ({ Deno: { internal, [internal]: { core } } });
  assert(findCore() !== undefined);
  for (const host of [{}, { Deno: {} }, { Deno: { internal } }, shown(undefined), shown({})]) {
    assertEquals(findCore(host), undefined);
  }
  const read = () => {};
  assertEquals(findCore(shown({ read, write: read, getPromiseDetails: read })), undefined);
});
