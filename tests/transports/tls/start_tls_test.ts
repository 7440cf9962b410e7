/** `startTls()`: TLS over a connection that is in use. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { CancelledError, createTask, sleep } from "../../../futures/mod.ts";
import type { AnyProtocol, Protocol } from "../../../transports/protocol.ts";
import { SocketTransport } from "../../../transports/socket_transport.ts";
import type { SSLContext } from "../../../transports/tls/ssl_context.ts";
import { SSLCertVerificationError } from "../../../transports/tls/ssl_error.ts";
import type { SSLTransport } from "../../../transports/tls/ssl_transport.ts";
import { startTls, type StartTlsOptions } from "../../../transports/tls/start_tls.ts";
import type { Transport } from "../../../transports/transport.ts";
import { type Program, testAsync, testProgram, type Trial } from "../../_helpers.ts";
import { memoryPair, type MemorySocket } from "../_memory_socket.ts";
import { ascii, joined, latin1, pattern, Recorder } from "../_recorder.ts";
import { clientContext, haveOpenssl, serverContext } from "./_certificates.ts";

const ignored = (name: string) => Deno.test.ignore(`${name} (needs openssl)`, () => {});
const test: typeof testAsync = haveOpenssl ? testAsync : ignored;
const testBoth: typeof testProgram = haveOpenssl ? testProgram : ignored;

const settle = () => sleep(1);

interface PlainEnd {
  transport: Transport;
  protocol: Recorder;
  socket: MemorySocket;
}

function plainPair(t: Trial, capacity?: number): { client: PlainEnd; server: PlainEnd } {
  const [near, far] = memoryPair(capacity);
  const make = (socket: MemorySocket) => {
    const protocol = new Recorder();
    return { transport: new SocketTransport(t.loop, socket, protocol), protocol, socket };
  };
  return { client: make(near), server: make(far) };
}

function upgrade(
  t: Trial,
  { transport, protocol }: { transport: Transport; protocol: AnyProtocol },
  context: SSLContext,
  options: StartTlsOptions = {},
) {
  return startTls(t.loop, transport, protocol, context, {
    ...(context.role === "server" ? { serverSide: true } : { serverHostname: "localhost" }),
    ...options,
  });
}

async function upgradeBoth(
  t: Trial,
  client: PlainEnd,
  server: PlainEnd,
): Promise<[SSLTransport, SSLTransport]> {
  const accepted = createTask(upgrade(t, server, serverContext()));
  return [await upgrade(t, client, clientContext()), await accepted];
}

testBoth(
  "startTls() goes on with TLS in the middle of a conversation, in both roles",
  function* (t): Program<void> {
    const { client, server } = plainPair(t);
    const texts = () => [client, server].map(({ protocol }) => latin1(protocol.received));
    yield* t.wait(settle());
    client.transport.write(ascii("STARTTLS\n"));
    yield* t.wait(settle());
    server.transport.write(ascii("go ahead\n"));
    const accepted = t.loop.createTask(upgrade(t, server, serverContext()));
    yield* t.wait(settle());
    const secure = yield* t.wait(upgrade(t, client, clientContext()));
    const secureServer = yield* t.wait(accepted);
    assertEquals(texts(), ["go ahead\n", "STARTTLS\n"]);
    secure.write(ascii("secret"));
    secureServer.write(ascii("too"));
    yield* t.wait(settle());
    assertEquals(texts(), ["go ahead\ntoo", "STARTTLS\nsecret"]);
    assertEquals(
      client.protocol.calls,
      ["made", "data 9", "data 3"],
      "connectionMade() was before",
    );
    assertStrictEquals(secure.getProtocol() as Protocol, client.protocol);
    assertEquals(secure.getExtraInfo("cipher", "none") === "none", false);
    assertStrictEquals(secure.getExtraInfo("socket"), client.socket);
    secure.close();
    yield* t.wait(settle());
    assertEquals(client.protocol.calls, ["made", "data 9", "data 3", "lost"]);
    assertEquals(server.protocol.calls, ["made", "data 9", "data 6", "eof", "lost"]);
  },
);

test("what the transport has read ahead belongs to the handshake", async (t) => {
  const { client, server } = plainPair(t);
  await settle();
  // The client does not wait for an answer: its first flight comes with the request, or right after it.
  server.protocol.on.dataReceived = () => server.transport.pauseReading();
  client.transport.write(ascii("STARTTLS\n"));
  await settle();
  const connecting = createTask(upgrade(t, client, clientContext()));
  await settle();
  assert(client.socket.writes.length > 1);
  await sleep(100);
  const secure = await upgrade(t, server, serverContext());
  (await connecting).write(ascii("x"));
  await settle();
  assertEquals(latin1(server.protocol.received), "STARTTLS\nx");
  secure.abort();
  await settle();
});

test("what the protocol has read ahead can be given back with readAhead", async (t) => {
  const [near, far] = memoryPair();
  const server = new Recorder();
  const transport = new SocketTransport(t.loop, far, server);
  const client = new Recorder();
  const plain = new SocketTransport(t.loop, near, client);
  await settle();
  far.reads.length = 0;
  // Request and first flight arrive in one piece.
  transport.pauseReading();
  plain.write(ascii("STARTTLS\n"));
  const connecting = createTask(
    upgrade(t, { transport: plain, protocol: client }, clientContext()),
  );
  await settle();
  transport.resumeReading();
  await settle();
  const all = joined(server.chunks);
  assertEquals(latin1(all.subarray(0, 9)), "STARTTLS\n");
  const readAhead = all.slice(9);
  assert(readAhead.length > 100);
  const secure = await upgrade(t, { transport, protocol: server }, serverContext(), { readAhead });
  server.chunks.length = 0;
  (await connecting).write(ascii("x"));
  await settle();
  assertEquals(latin1(server.received), "x");
  secure.abort();
  await settle();
});

test("data that comes with the end of the handshake reaches the protocol", async (t) => {
  const { client, server } = plainPair(t);
  await settle();
  const accepted = createTask(async () => {
    const secure = await upgrade(t, server, serverContext());
    secure.write(ascii("first words"));
    return secure;
  });
  const secure = await upgrade(t, client, clientContext());
  await accepted;
  await settle();
  assertEquals(latin1(client.protocol.received), "first words");
  secure.abort();
  await settle();
});

test("a failed startTls() raises its error and loses the connection, once", async (t) => {
  const { client, server } = plainPair(t);
  await settle();
  const accepted = createTask(upgrade(t, server, serverContext()));
  const error = await assertRejects(
    async () => await upgrade(t, client, clientContext(), { serverHostname: "example.org" }),
    SSLCertVerificationError,
  );
  (await accepted).write(ascii("x"));
  await settle();
  assertEquals(client.protocol.calls.length, 2);
  assertStrictEquals(client.protocol.lostWith, error);
  assert(client.socket.closed && server.socket.closed);
  assertEquals(server.protocol.calls.filter((call) => call.startsWith("lost")).length, 1);
});

test("a peer that stalls lets startTls() fail after sslHandshakeTimeout", async (t) => {
  const { client, server } = plainPair(t);
  await settle();
  await assertRejects(
    async () => await upgrade(t, client, clientContext(), { sslHandshakeTimeout: 100 }),
    Deno.errors.ConnectionAborted,
  );
  assertEquals(t.loop.time(), 101);
  assertInstanceOf(client.protocol.lostWith, Deno.errors.ConnectionAborted);
  server.transport.abort();
  await settle();
});

test("a connection that is lost meanwhile lets startTls() fail", async (t) => {
  for (const error of [undefined, new Deno.errors.ConnectionReset("reset")]) {
    const { client, server } = plainPair(t);
    await settle();
    const upgrading = createTask(upgrade(t, client, clientContext()));
    await settle();
    if (error === undefined) server.socket.close();
    else client.socket.fail(error);
    await assertRejects(async () => await upgrading, Deno.errors.ConnectionReset);
    assertInstanceOf(client.protocol.lostWith, Deno.errors.ConnectionReset);
    server.transport.abort();
    await settle();
    assert(client.socket.closed);
  }
});

testBoth("a cancelled startTls() closes the connection", function* (t): Program<void> {
  for (const delay of [0, 1]) {
    const { client, server } = plainPair(t);
    yield* t.wait(settle());
    const upgrading = t.loop.createTask(upgrade(t, client, clientContext()));
    yield* t.wait(sleep(delay));
    upgrading.cancel();
    try {
      yield* t.wait(upgrading);
      throw new TypeError("Not cancelled");
    } catch (error) {
      assertInstanceOf(error, CancelledError);
    }
    yield* t.wait(settle());
    assertEquals(client.protocol.calls, ["made", "lost"]);
    assert(client.socket.closed);
    server.transport.abort();
    yield* t.wait(settle());
  }
});

test("startTls() says what is wrong with its arguments", async (t) => {
  const { client, server } = plainPair(t);
  await settle();
  const attempt = (transport: unknown, context: unknown) =>
    Promise.resolve(
      startTls(t.loop, transport as Transport, client.protocol, context as SSLContext),
    );
  await assertRejects(() => attempt(client.transport, null), TypeError, "SSLContext");
  await assertRejects(() => attempt({}, serverContext()), TypeError, "transport");
  await assertRejects(() => attempt(client.transport, serverContext()), TypeError, "server");
  await assertRejects(
    () => attempt(client.transport, clientContext()),
    TypeError,
    "serverHostname",
  );
  server.transport.write(ascii("x"));
  await settle();
  assertEquals(client.protocol.calls, ["made", "data 1"], "nothing has happened to the transport");
  client.transport.close();
  await assertRejects(
    () => attempt(client.transport, clientContext()),
    Deno.errors.ConnectionAborted,
    "closed",
  );
  server.transport.abort();
  await settle();
});

test("a protocol that the old transport has told to pause is told to go on", async (t) => {
  const { client, server } = plainPair(t, 1000);
  await settle();
  server.transport.pauseReading();
  client.transport.setWriteBufferLimits({ high: 10_000, low: 0 });
  client.transport.write(pattern(20_000));
  await settle();
  assertEquals(client.protocol.calls, ["made", "pause"]);
  const connecting = createTask(upgrade(t, client, clientContext()));
  await settle();
  // The old protocol takes its data, and leaves the rest to TLS.
  server.protocol.on.dataReceived = () => {
    if (server.protocol.received.length < 20_000) return;
    server.transport.pauseReading();
  };
  server.transport.resumeReading();
  await sleep(100);
  assertEquals(server.protocol.received.length >= 20_000, true);
  assertEquals(client.protocol.calls, ["made", "pause", "resume"]);
  const readAhead = server.protocol.received.slice(20_000);
  await upgrade(t, server, serverContext(), { readAhead });
  (await connecting).abort();
  await settle();
  server.transport.abort();
  await settle();
});

test("TLS goes over TLS", async (t) => {
  const { client, server } = plainPair(t);
  await settle();
  const [near, far] = await upgradeBoth(t, client, server);
  const [inner, innerServer] = await upgradeBoth(
    t,
    { ...client, transport: near },
    { ...server, transport: far },
  );
  inner.write(pattern(10_000));
  innerServer.write(ascii("hello"));
  await settle();
  assertEquals(server.protocol.received, pattern(10_000));
  assertEquals(latin1(client.protocol.received), "hello");
  inner.close();
  await sleep(10);
  assertEquals(client.protocol.calls.at(-1), "lost");
  assertEquals(server.protocol.calls.slice(-2), ["eof", "lost"]);
  assert(client.socket.closed && server.socket.closed);
});
