/** Transports over real TCP connections. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { connect as connectWithNode } from "node:net";
import type { Future } from "../../futures/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import type { Transport } from "../../transports/transport.ts";
import { testRealLoop, type Trial } from "../_helpers.ts";
import { BufferedRecorder, pattern, Recorder } from "./_recorder.ts";

/** A recorder with a future for its end. */
class Peer extends Recorder {
  readonly ended: Future<void>;

  constructor(t: Trial<DenoEventLoop>) {
    super();
    this.ended = t.loop.createFuture();
    this.on.connectionLost = () => this.ended.setResult(undefined);
  }
}

function testTcp(name: string, main: (t: Trial<DenoEventLoop>) => Promise<void>): void {
  const make = () => new DenoEventLoop();
  testRealLoop(name, make, (t) => t.loop.runUntilComplete(() => main(t)));
}

/** A connection of two transports in this process. */
async function connect(
  t: Trial<DenoEventLoop>,
  near: Peer,
  far: Peer | BufferedRecorder,
): Promise<[near: Transport, far: Transport]> {
  const server = await t.loop.createServer(() => far, "127.0.0.1", 0);
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const [transport] = await t.loop.createConnection(() => near, "127.0.0.1", port);
  server.close();
  return [transport, await until(() => far.transport)];
}

async function until<T>(probe: () => T | undefined): Promise<T> {
  for (;;) {
    const value = probe();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

testTcp("A TCP connection carries every byte both ways, whatever the sizes", async (t) => {
  const [near, far] = [new Peer(t), new Peer(t)];
  const [client] = await connect(t, near, far);
  far.on.dataReceived = (data: Uint8Array) => far.transport.write(data);
  const sizes = [1, 64, 511, 512, 513, 4096, 65_536, 100_000, 131_072, 1_000_003];
  let sent = 0;
  for (const size of sizes) {
    client.write(pattern(size, sent));
    sent += size;
    if (size % 2 === 0) await until(() => near.received.length === sent || undefined);
  }
  await until(() => near.received.length === sent || undefined);
  assertEquals(near.received, pattern(sent));
  client.close();
  await near.ended;
  await far.ended;
  assertEquals(far.calls.slice(-2), ["eof", "lost"]);
});

testTcp("A TCP connection brings bytes straight into lent memory", async (t) => {
  const near = new Peer(t);
  const far = new BufferedRecorder(1000);
  const [client] = await connect(t, near, far);
  client.write(pattern(300_000));
  client.close();
  await near.ended;
  await until(() => far.calls.at(-1) === "lost" || undefined);
  assertEquals(far.received, pattern(300_000));
});

testTcp("A TCP connection that nobody reads from holds the writer back", async (t) => {
  const [near, far] = [new Peer(t), new Peer(t)];
  const [client, server] = await connect(t, near, far);
  server.pauseReading();
  let [paused, sent, most] = [false, 0, 0];
  near.on = {
    ...near.on,
    pauseWriting: () => void (paused = true),
    resumeWriting: () => void (paused = false),
  };
  const total = 40_000_000;
  const chunk = 50_000;
  const sending = (async () => {
    while (sent < total) {
      await until(() => !paused || undefined);
      client.write(pattern(chunk, sent));
      sent += chunk;
      most = Math.max(most, client.getWriteBufferSize());
    }
  })();
  await until(() => paused || undefined);
  // The water mark and one chunk, whatever the kernel takes besides.
  assert(most <= 65_536 + chunk, `${most} bytes unsent`);
  client.abort();
  server.abort();
  sent = total;
  paused = false;
  await sending;
  await near.ended;
  await far.ended;
});

testTcp("A TCP connection is half-closed by writeEof()", async (t) => {
  const [near, far] = [new Peer(t), new Peer(t)];
  far.keepOpen = true;
  far.on.eofReceived = () => {
    far.transport.write(far.received);
    far.transport.close();
  };
  const [client] = await connect(t, near, far);
  client.write(pattern(100_000));
  client.writeEof();
  await near.ended;
  await far.ended;
  assertEquals(near.received, pattern(100_000));
  assertEquals(near.calls.slice(-2), ["eof", "lost"]);
});

testTcp("A TCP connection that is reset is lost with that error", async (t) => {
  const far = new Peer(t);
  const server = await t.loop.createServer(() => far, "127.0.0.1", 0);
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const socket = connectWithNode(port, "127.0.0.1");
  const transport = await until(() => far.transport);
  socket.resetAndDestroy();
  await far.ended;
  assertInstanceOf(far.lostWith, Deno.errors.ConnectionReset);
  assert(transport.isClosing());
  server.close();
  await server.waitClosed();
});

testTcp("A TCP connection tells its addresses", async (t) => {
  const [near, far] = [new Peer(t), new Peer(t)];
  const [client, server] = await connect(t, near, far);
  assertEquals(client.getExtraInfo("peername"), server.getExtraInfo("sockname"));
  assertEquals(client.getExtraInfo("sockname"), server.getExtraInfo("peername"));
  client.close();
  await near.ended;
  await far.ended;
});
