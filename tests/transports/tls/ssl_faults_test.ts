/**
 * TLS over connections that break at any byte: whatever happens, handshakes end, protocols are called
 * in order, nothing wrong is delivered, and nothing is left behind.
 */
import { assert, assertEquals } from "@std/assert";
import { createTask, sleep } from "../../../futures/mod.ts";
import type { StreamSocket } from "../../../transports/stream_socket.ts";
import { SSLError } from "../../../transports/tls/ssl_error.ts";
import { startTls } from "../../../transports/tls/start_tls.ts";
import { SocketTransport } from "../../../transports/socket_transport.ts";
import { testAsync, type Trial } from "../../_helpers.ts";
import { memoryPair, type MemorySocket } from "../_memory_socket.ts";
import { pattern, Recorder } from "../_recorder.ts";
import { clientContext, haveOpenssl, serverContext } from "./_certificates.ts";
import { drop, endOver, outcome } from "./_tls_pair.ts";

const test: typeof testAsync = (name, main, options) =>
  haveOpenssl
    ? testAsync(name, main, { debug: false, ...options })
    : Deno.test.ignore(`${name} (needs openssl)`, () => {});

/** What happens at the fatal byte of what an end reads. */
type Fault = "end" | "reset" | "garble" | "stall";

/** Lets something happen to what a socket reads. */
function faulty(socket: MemorySocket, fault: Fault, at: number): MemorySocket {
  let count = 0;
  let stalled = false;
  const read: StreamSocket["read"] = async (memory) => {
    if (stalled) return await new Promise(() => {});
    const left = at - count;
    if (left <= 0 && fault === "end") return null;
    if (left <= 0 && fault === "reset") throw new Deno.errors.ConnectionReset("reset");
    if (left <= 0 && fault === "stall") {
      stalled = true;
      return await read(memory);
    }
    const room = left > 0 && fault !== "garble" ? memory.subarray(0, left) : memory;
    const got = await MemorySocketRead.call(socket, room);
    if (got !== null) {
      if (fault === "garble" && count <= at && at < count + got) room[at - count]! ^= 0x55;
      count += got;
    }
    return got;
  };
  const MemorySocketRead = socket.read;
  return Object.assign(socket, { read });
}

/** made, then data, then perhaps the end, then lost; or nothing at all. Flow control goes anywhere. */
function checkOrder(calls: string[]): void {
  const letters = calls
    .filter((call) => call !== "pause" && call !== "resume")
    .map((call) => call[0]!)
    .join("");
  assert(/^(md*e?l)?$/.test(letters), calls.join(", "));
}

function isExpected(error: unknown): boolean {
  return error === undefined || error instanceof SSLError ||
    Object.values(Deno.errors).some((Class) => error instanceof Class);
}

function talkative(): Recorder {
  const protocol = new Recorder();
  protocol.on.connectionMade = () => protocol.transport.write(pattern(5000));
  let heard = 0;
  protocol.on.dataReceived = (data: Uint8Array) => {
    heard += data.length;
    if (heard === 5000) protocol.transport.close();
  };
  return protocol;
}

async function breakAt(
  t: Trial,
  fault: Fault,
  at: number,
  where: "client" | "server",
  version: "TLSv1.2" | "TLSv1.3",
): Promise<boolean> {
  const [near, far] = memoryPair();
  if (where === "client") faulty(near, fault, at);
  else faulty(far, fault, at);
  const context = clientContexts[version] ??= clientContext();
  context.minimumVersion = context.maximumVersion = version;
  const client = endOver(t, near, talkative(), context, {
    serverHostname: "localhost",
    sslHandshakeTimeout: 1000,
    sslShutdownTimeout: 1000,
  });
  const server = endOver(t, far, talkative(), serverContexts.plain ??= serverContext(), {
    serverSide: true,
    sslHandshakeTimeout: 1000,
    sslShutdownTimeout: 1000,
  });
  const outcomes = [await outcome(client), await outcome(server)];
  for (const error of outcomes) assert(isExpected(error), `${error}`);
  await sleep(3000);
  // Nobody is told of a stall that is no handshake's and no farewell's.
  drop(client, server);
  await sleep(1);
  for (const [i, { protocol, socket }] of [client, server].entries()) {
    assert(socket.closed);
    checkOrder(protocol.calls);
    assertEquals(protocol.calls.length > 0, outcomes[i] === undefined);
    // A part of what was sent, and nothing else.
    assertEquals(protocol.received, pattern(5000).slice(0, protocol.received.length));
  }
  return outcomes.every((error) => error === undefined) &&
    [client, server].every(({ protocol }) => protocol.received.length === 5000);
}

const clientContexts: Partial<Record<string, ReturnType<typeof clientContext>>> = {};
const serverContexts: { plain?: ReturnType<typeof serverContext> } = {};

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const where of ["client", "server"] as const) {
    for (const fault of ["end", "reset", "garble", "stall"] as const) {
      test(`${version}: ${fault} at any byte that the ${where} reads does no harm`, async (t) => {
        // Dense where the handshake is, then through the data to where nothing breaks any more.
        let at = 0;
        for (; at < 2000; at += 61) await breakAt(t, fault, at, where, version);
        for (; at < 8000; at += 701) await breakAt(t, fault, at, where, version);
        assert(await breakAt(t, fault, 100_000, where, version));
      });
    }
  }
}

test("an upgrade that breaks at any byte does no harm", async (t) => {
  for (const fault of ["end", "reset", "garble"] as const) {
    for (let at = 0; at < 2000; at += 113) {
      const [near, far] = memoryPair();
      faulty(near, fault, at);
      const [client, server] = [new Recorder(), new Recorder()];
      const [plain, plainServer] = [
        new SocketTransport(t.loop, near, client),
        new SocketTransport(t.loop, far, server),
      ];
      await sleep(1);
      const upgrades = [
        createTask(startTls(t.loop, plainServer, server, serverContext(), { serverSide: true })),
        createTask(
          startTls(t.loop, plain, client, clientContext(), { serverHostname: "localhost" }),
        ),
      ];
      for (const upgrade of upgrades) {
        try {
          (await upgrade).write(pattern(10));
        } catch (error) {
          assert(isExpected(error), `${error}`);
        }
      }
      await sleep(1);
      plain.abort();
      plainServer.abort();
      await sleep(1);
      for (const { calls } of [client, server]) {
        assertEquals([calls[0], calls.at(-1)!.slice(0, 4)], ["made", "lost"]);
        checkOrder(calls);
      }
      assert(near.closed && far.closed);
    }
  }
});
