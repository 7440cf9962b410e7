/** Connections that break, stall, or are too many. Real sockets, real time. */
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { connect as connectWithNode } from "node:net";
import { gather, sleep, timeout, TimeoutError } from "../../futures/mod.ts";
import { BufferedProtocol, Protocol } from "../../transports/protocol.ts";
import type { Transport } from "../../transports/transport.ts";
import { pattern, Recorder } from "../transports/_recorder.ts";
import { portOf, testNetAsync } from "./_net.ts";

/** How many connections are opened and dropped; more on demand. */
const STORM = Number(Deno.env.get("ASYNCIO_STORM") ?? 2000);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

testNetAsync("A reset in the middle of a write ends the connection with its error", async (t) => {
  const far = new Recorder();
  await using server = await t.loop.createServer(() => far, "127.0.0.1", 0);
  const socket = connectWithNode(portOf(server), "127.0.0.1");
  socket.on("error", () => {});
  await until(() => far.calls.length > 0);
  // More than the kernel takes; the peer reads nothing of it.
  far.transport.write(pattern(20_000_000));
  await until(() => far.calls.includes("pause"));
  socket.pause();
  await sleep(5);
  socket.resetAndDestroy();
  await until(() => far.calls.at(-1)!.startsWith("lost"));
  const error = far.lostWith;
  assert(
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe,
    String(error),
  );
  assertEquals(far.calls.slice(0, 2), ["made", "pause"]);
  far.transport.write(pattern(10));
});

testNetAsync("A peer that never reads lets close() wait, and abort() not", async (t) => {
  const far = new Recorder();
  await using server = await t.loop.createServer(() => far, "127.0.0.1", 0);
  const peer = await Deno.connect({ hostname: "127.0.0.1", port: portOf(server) });
  await until(() => far.calls.length > 0);
  far.transport.write(pattern(20_000_000));
  far.transport.close();
  await sleep(50);
  assert(!far.calls.includes("lost"));
  assert(far.transport.getWriteBufferSize() > 0);
  far.transport.abort();
  await until(() => far.calls.includes("lost"));
  peer.close();
});

testNetAsync("A peer that never answers is given up by timeout()", async (t) => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 0 });
  const { port } = silent.addr as Deno.NetAddr;
  const first = await Deno.connect({ hostname: "127.0.0.1", port });
  // The queue is full, so nobody answers this one.
  let error: unknown;
  try {
    await timeout(
      30,
      async () => void await t.loop.createConnection(() => new Protocol(), "127.0.0.1", port),
    );
  } catch (thrown) {
    error = thrown;
  }
  assertInstanceOf(error, TimeoutError);
  first.close();
  silent.close();
});

/** A generator of numbers from 0 to 1, the same each time. */
function makeRandom(seed: number): () => number {
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return seed / 0x80000000;
  };
}

class Echo extends Protocol {
  static open = 0;
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    Echo.open++;
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport.write(data);
  }

  override connectionLost(): void {
    Echo.open--;
  }
}

class BufferedEcho extends BufferedProtocol {
  readonly #memory = new Uint8Array(4096);
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    Echo.open++;
    this.#transport = transport;
  }

  override getBuffer(): Uint8Array {
    return this.#memory;
  }

  override bufferUpdated(count: number): void {
    this.#transport.write(this.#memory.subarray(0, count));
  }

  override connectionLost(): void {
    Echo.open--;
  }
}

testNetAsync(
  `${STORM} connections are opened and dropped at random, and nothing is left`,
  async (t) => {
    const random = makeRandom(1);
    Echo.open = 0;
    const server = await t.loop.createServer(
      () => random() < 0.5 ? new Echo() : new BufferedEcho(),
      "127.0.0.1",
      0,
    );
    const port = portOf(server);
    let left = STORM;
    let made = 0;
    const client = async () => {
      while (left-- > 0) {
        const choice = random();
        if (choice < 0.1) {
          // Given up while it connects, now and then.
          const task = t.loop.createTask(
            t.loop.createConnection(() => new Recorder(), "127.0.0.1", port),
          );
          for (let i = Math.floor(random() * 6); i > 0; i--) await sleep(0);
          if (task.cancel()) await task.then(() => {}, () => {});
          else (await task)[0].abort();
          continue;
        }
        if (choice < 0.2) {
          const socket = connectWithNode(port, "127.0.0.1");
          await new Promise((resolve) => socket.once("connect", resolve));
          socket.write(pattern(1000));
          socket.on("error", () => {});
          socket.resetAndDestroy();
          continue;
        }
        const [transport, protocol] = await t.loop.createConnection(
          () => new Recorder(),
          "127.0.0.1",
          port,
        );
        made++;
        if (random() < 0.7) transport.write(pattern(Math.floor(random() * 30_000)));
        if (random() < 0.3) await sleep(random() * 3);
        if (random() < 0.2) transport.pauseReading();
        if (random() < 0.3) transport.writeEof();
        if (random() < 0.5) transport.close();
        else transport.abort();
        await until(() => protocol.calls.some((call) => call.startsWith("lost")));
      }
    };
    await gather(...Array.from({ length: 20 }, client));
    assert(made > STORM / 2);
    server.close();
    server.closeClients();
    await server.waitClosed();
    assertEquals(Echo.open, 0);
    assertEquals(t.loop._held.size, 0);
  },
);

Deno.test({
  name: "A server out of descriptors says so once, and goes on when there are some again",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        'ulimit -n 80; exec "$0" run --no-prompt --allow-net=127.0.0.1 --allow-read --allow-env "$1"',
        Deno.execPath(),
        new URL("../programs/descriptors.ts", import.meta.url).pathname,
      ],
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 0, text + new TextDecoder().decode(stderr));
    assertMatch(text, /^reports: 1, served before: \d+, then all\n$/);
  },
});
