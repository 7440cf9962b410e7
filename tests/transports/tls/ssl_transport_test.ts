/** `SSLTransport` over connections in memory: its contract with the protocol. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ContextVar, NotImplementedError, sleep, TimeoutError } from "../../../futures/mod.ts";
import type { BufferedProtocol, Protocol } from "../../../transports/protocol.ts";
import { SocketTransport } from "../../../transports/socket_transport.ts";
import { CERT_NONE } from "../../../transports/tls/ssl_constants.ts";
import { SSLContext } from "../../../transports/tls/ssl_context.ts";
import { SSLError } from "../../../transports/tls/ssl_error.ts";
import { SSLObject } from "../../../transports/tls/ssl_object.ts";
import { SSLProtocol } from "../../../transports/tls/ssl_protocol.ts";
import { makeSslTransport, type SSLTransportLoop } from "../../../transports/tls/start_tls.ts";
import type { Transport } from "../../../transports/transport.ts";
import { collectGarbage, testAsync } from "../../_helpers.ts";
import { warned } from "../../_printed.ts";
import { memoryPair } from "../_memory_socket.ts";
import { ascii, BufferedRecorder, latin1, pattern, Recorder } from "../_recorder.ts";
import { clientContext, haveOpenssl, serverContext } from "./_certificates.ts";
import { drop, type End, endOver, outcome, securePair, tlsPair } from "./_tls_pair.ts";

const test: typeof testAsync = (name, main, options) =>
  haveOpenssl
    ? testAsync(name, main, options)
    : Deno.test.ignore(`${name} (needs openssl)`, () => {});

/** Lets everything happen that can happen. */
const settle = () => sleep(1);

async function end(...ends: End<unknown>[]): Promise<void> {
  drop(...ends);
  await settle();
  for (const { socket } of ends) assert(socket.closed);
}

// ---- The beginning --------------------------------------------------------------------------------

test("SSLTransport calls connectionMade() when the handshake is done, then its waiter", async (t) => {
  const { client, server } = tlsPair(t);
  client.waiter.addDoneCallback(() => client.protocol.calls.push("waiter"));
  server.protocol.on.connectionMade = () => server.protocol.transport.write(ascii("hello"));
  await client.waiter;
  await settle();
  assertEquals(client.protocol.calls, ["made", "waiter", "data 5"]);
  assertEquals(server.protocol.calls, ["made"]);
  assertStrictEquals(client.protocol.transport as Transport, client.transport);
  assertEquals(latin1(client.protocol.received), "hello");
  await end(client, server);
});

test("SSLTransport leaves a cancelled waiter alone", async (t) => {
  const { client, server } = tlsPair(t);
  client.waiter.cancel();
  await server.waiter;
  assertEquals(client.protocol.calls, ["made"]);
  await end(client, server);
});

test("SSLTransport goes on when connectionMade() fails, and reports it", async (t) => {
  const protocol = new Recorder();
  protocol.on.connectionMade = () => {
    throw new RangeError("no");
  };
  const { client, server } = await securePair(t, { clientProtocol: protocol });
  server.transport.write(ascii("x"));
  await settle();
  assertEquals(protocol.calls, ["made", "data 1"]);
  assertEquals(t.takeMessages(), ["protocol.connectionMade() failed"]);
  await end(client, server);
});

test("SSLTransport calls its protocol in the context that it was made in", async (t) => {
  const variable = new ContextVar("variable", { defaultValue: "outside" });
  const seen = new Set<string>();
  const note = () => void seen.add(variable.get());
  const protocol = new Recorder();
  protocol.on = {
    connectionMade: note,
    dataReceived: note,
    eofReceived: note,
    connectionLost: note,
  };
  variable.set("inside");
  const { client, server } = await securePair(t, { clientProtocol: protocol });
  variable.set("later");
  server.transport.write(ascii("x"));
  await settle();
  server.transport.close();
  await settle();
  assertEquals(protocol.calls, ["made", "data 1", "eof", "lost"]);
  assertEquals([...seen], ["inside"]);
  await end(client, server);
});

test("makeSslTransport() wraps a connection, and tells the server of the transport with TLS", async (t) => {
  const [near, far] = memoryPair();
  const told: [string, Transport][] = [];
  const _makeSocketTransport: SSLTransportLoop["_makeSocketTransport"] = (...args) =>
    new SocketTransport(t.loop, ...args);
  const loop = Object.assign(t.loop, { _makeSocketTransport });
  const protocol = new Recorder();
  const transport = makeSslTransport(loop, far, protocol, serverContext(), {
    serverSide: true,
    extra: { colour: "red" },
    server: {
      _attach: (transport) => told.push(["attach", transport]),
      _detach: (transport) => told.push(["detach", transport]),
    },
  });
  const client = endOver(t, near, new Recorder(), clientContext(), { serverHostname: "localhost" });
  await client.waiter;
  await settle();
  assertEquals(told, [["attach", transport]]);
  assertEquals(transport.getExtraInfo("colour"), "red");
  protocol.on.connectionLost = () => assertEquals(told.length, 1);
  transport.close();
  await settle();
  assertEquals(protocol.calls, ["made", "lost"]);
  assertEquals(told[1], ["detach", transport]);
  assertEquals(client.protocol.calls, ["made", "eof", "lost"]);
});

test("SSLProtocol says what is wrong with its arguments", async (t) => {
  const make = (context: SSLContext | undefined, options: object) => () =>
    new SSLProtocol(t.loop, new Recorder(), context, options);
  const error = assertThrows(make(clientContext(), {}), TypeError);
  assertStringIncludes(error.message, "serverHostname");
  assertThrows(make(clientContext(), { serverHostname: "" }), TypeError);
  assertThrows(make(undefined, { serverSide: true }), TypeError, "SSLContext");
  assertThrows(make(clientContext(), { serverSide: true }), TypeError, "for a client");
  assertThrows(make(serverContext(), { serverHostname: "x" }), TypeError, "for a server");
  for (const name of ["sslHandshakeTimeout", "sslShutdownTimeout"]) {
    for (const timeout of [0, -1, NaN]) {
      assertThrows(make(serverContext(), { serverSide: true, [name]: timeout }), RangeError, name);
    }
  }
  const { transport } = make(undefined, {})();
  const context = transport.getExtraInfo("sslcontext");
  assert(context instanceof SSLContext && !context.checkHostname);
  assertEquals(transport.getExtraInfo("peername", "nobody"), "nobody");
  await settle();
});

// ---- Data -----------------------------------------------------------------------------------------

test("SSLTransport carries any number of bytes, both ways at once", async (t) => {
  const { client, server } = await securePair(t);
  let sent = 0;
  for (const size of [0, 1, 2, 1000, 16_383, 16_384, 16_385, 65_535, 65_536, 200_000]) {
    client.transport.write(pattern(size, sent));
    server.transport.write(pattern(size, sent));
    sent += size;
    await settle();
    while (server.protocol.received.length < sent || client.protocol.received.length < sent) {
      await settle();
    }
  }
  assertEquals(server.protocol.received, pattern(sent));
  assertEquals(client.protocol.received, pattern(sent));
  assertEquals([client.transport.getWriteBufferSize(), server.transport.getWriteBufferSize()], [
    0,
    0,
  ]);
  await end(client, server);
});

test("what is written can be changed afterwards, and what is received belongs to the protocol", async (t) => {
  const { client, server } = await securePair(t);
  const data = ascii("abc");
  for (const letter of ["x", "y", "z"]) {
    client.transport.write(data);
    data.fill(letter.charCodeAt(0));
  }
  await settle();
  assertEquals(latin1(server.protocol.received), "abcxxxyyy");
  for (const chunk of server.protocol.chunks) {
    assertEquals(chunk.constructor, Uint8Array);
    chunk.fill(0);
  }
  client.transport.write(new DataView(ascii("more").buffer, 1, 2));
  client.transport.writelines([ascii("1"), ascii("2").buffer]);
  await settle();
  assertEquals(latin1(server.protocol.chunks.at(-1)!), "or12");
  // deno-lint-ignore no-explicit-any
  assertThrows(() => client.transport.write("text" as any), TypeError, "encode");
  await end(client, server);
});

test("many small writes of one pass make one record", async (t) => {
  const { client, server } = await securePair(t);
  client.socket.writes.length = 0;
  for (let i = 0; i < 1000; i++) client.transport.write(pattern(10, 10 * i));
  await settle();
  assertEquals(server.protocol.received, pattern(10_000));
  assertEquals(client.socket.writes.length, 1);
  await end(client, server);
});

test("what was written before the handshake is sent after it", async (t) => {
  const { client, server } = tlsPair(t);
  client.transport.write(ascii("early "));
  server.protocol.on.dataReceived = () => assertEquals(client.protocol.calls, ["made"]);
  client.protocol.on.connectionMade = () => client.transport.write(ascii("late"));
  await client.waiter;
  await settle();
  assertEquals(latin1(server.protocol.received), "early late");
  await end(client, server);
});

test("SSLTransport fills the memory of a buffered protocol", async (t) => {
  for (const size of [1, 7, 100, 100_000]) {
    const protocol = new BufferedRecorder(size);
    const { client, server } = await securePair<Recorder, BufferedRecorder>(t, {
      serverProtocol: protocol,
    });
    client.transport.write(pattern(1000));
    await settle();
    assertEquals(protocol.received, pattern(1000));
    assertEquals(protocol.chunks.length, Math.ceil(1000 / size));
    await end(client, server);
  }
});

test("a protocol can be replaced while data comes", async (t) => {
  const { client, server } = await securePair<Recorder, BufferedRecorder>(t, {
    serverProtocol: new BufferedRecorder(3),
  });
  const second = new Recorder();
  server.protocol.onUpdated = () => server.transport.setProtocol(second);
  client.transport.write(ascii("abcdef"));
  await settle();
  assertEquals([latin1(server.protocol.received), latin1(second.received)], ["abc", "def"]);
  assertStrictEquals(server.transport.getProtocol() as Protocol, second);
  client.transport.close();
  await settle();
  assertEquals(second.calls, ["data 3", "eof", "lost"]);
});

test("memory that cannot be filled ends the connection", async (t) => {
  for (const memory of [new Uint8Array(0), "none"]) {
    const protocol = new BufferedRecorder(1);
    protocol.getBuffer = () => memory as Uint8Array;
    const { client, server } = await securePair<Recorder, BufferedProtocol>(t, {
      serverProtocol: protocol,
    });
    client.transport.write(ascii("x"));
    await settle();
    assert(server.socket.closed);
    assertEquals(t.takeReports().map(({ message }) => message).length, 1);
    await end(client, server);
  }
});

// ---- Flow control ---------------------------------------------------------------------------------

test("pauseReading() stops delivery at once, also inside of dataReceived() and connectionMade()", async (t) => {
  const protocol = new Recorder();
  protocol.on.connectionMade = () => protocol.transport.pauseReading();
  const { client, server } = await securePair(t, { serverProtocol: protocol });
  assert(!server.transport.isReading());
  client.transport.write(ascii("one"));
  await settle();
  assertEquals(protocol.calls, ["made"]);

  protocol.on.dataReceived = () => protocol.transport.pauseReading();
  server.transport.resumeReading();
  assert(server.transport.isReading());
  assertEquals(protocol.calls, ["made"], "not from inside of resumeReading()");
  await settle();
  assertEquals(protocol.calls, ["made", "data 3"]);
  client.transport.write(ascii("two!"));
  client.transport.close();
  await settle();
  assertEquals(protocol.calls, ["made", "data 3"]);
  server.transport.resumeReading();
  await settle();
  assertEquals(protocol.calls, ["made", "data 3", "data 4"]);
  server.transport.resumeReading();
  await settle();
  assertEquals(protocol.calls, ["made", "data 3", "data 4", "eof", "lost"]);
  assertEquals(client.protocol.calls, ["made", "lost"]);
});

test("reading that was paused before the handshake is paused after it, below as well", async (t) => {
  const { client, server } = tlsPair(t);
  client.transport.pauseReading();
  server.transport.write(ascii("x"));
  await client.waiter;
  assert(!client.below.isReading());
  await settle();
  assertEquals(client.protocol.calls, ["made"]);
  client.transport.resumeReading();
  assert(client.below.isReading());
  await settle();
  assertEquals(client.protocol.calls, ["made", "data 1"]);
  await end(client, server);
});

test("a buffered protocol that closes or aborts gets no more", async (t) => {
  for (const method of ["close", "abort"] as const) {
    const protocol = new BufferedRecorder(3);
    protocol.onUpdated = () => protocol.transport[method]();
    const { client, server } = await securePair<Recorder, BufferedRecorder>(t, {
      serverProtocol: protocol,
    });
    client.transport.write(pattern(100));
    client.transport.close();
    await settle();
    assertEquals(protocol.received.length, 3);
    assertEquals(protocol.calls.at(-1), "lost");
    await end(client, server);
  }
});

test("a buffered protocol that pauses keeps the rest for later", async (t) => {
  const protocol = new BufferedRecorder(4);
  protocol.onUpdated = () => protocol.transport.pauseReading();
  const { client, server } = await securePair<Recorder, BufferedRecorder>(t, {
    serverProtocol: protocol,
  });
  client.transport.write(ascii("0123456789"));
  for (const expected of ["0123", "01234567", "0123456789"]) {
    await settle();
    assertEquals(latin1(protocol.received), expected);
    server.transport.resumeReading();
  }
  await end(client, server);
});

test("a peer that does not read makes the writer pause, and little is kept", async (t) => {
  const { client, server } = await securePair(t, { capacity: 4096 });
  server.transport.pauseReading();
  client.transport.setWriteBufferLimits({ high: 20_000, low: 5_000 });
  assertEquals(client.transport.getWriteBufferLimits(), [5_000, 20_000]);
  const paused = () => client.protocol.calls.at(-1) === "pause";
  let sent = 0;
  const write = (size: number) => {
    client.transport.write(pattern(size, sent));
    sent += size;
  };
  write(20_000);
  assert(!paused());
  write(1);
  assert(paused(), "plaintext counts");
  assertEquals(client.transport.getWriteBufferSize(), 20_001);
  // The transport below takes some of it.
  for (let i = 0; i < 100; i++) {
    if (!paused()) write(20_001);
    await settle();
  }
  assert(paused());
  assertLess(sent, 200_000);
  assertLess(server.socket.available, 4097);
  assertEquals(server.protocol.received.length, 0);
  server.transport.resumeReading();
  while (server.protocol.received.length < sent) await settle();
  assertEquals(client.protocol.calls.at(-1), "resume");
  assertEquals(server.protocol.received, pattern(sent));
  assertEquals(client.transport.getWriteBufferSize(), 0);
  await end(client, server);
});

test("a high water mark that is set below what is unsent lets the writer pause", async (t) => {
  const { client, server } = await securePair(t);
  client.transport.write(pattern(1000));
  client.transport.setWriteBufferLimits({ high: 999 });
  assertEquals(client.protocol.calls, ["made", "pause"]);
  await settle();
  assertEquals(client.protocol.calls, ["made", "pause", "resume"]);
  await end(client, server);
});

test("with a high water mark of 0, the writer pauses whenever anything is unsent", async (t) => {
  const { client, server } = await securePair(t);
  client.transport.setWriteBufferLimits({ high: 0 });
  client.transport.write(ascii("x"));
  assertEquals(client.protocol.calls, ["made", "pause"]);
  await settle();
  assertEquals(client.protocol.calls, ["made", "pause", "resume"]);
  client.transport.setWriteBufferLimits();
  assertEquals(client.transport.getWriteBufferLimits(), [131_072, 524_288]);
  client.transport.setWriteBufferLimits({ low: 10 });
  assertEquals(client.transport.getWriteBufferLimits(), [10, 40]);
  assertThrows(() => client.transport.setWriteBufferLimits({ high: 1, low: 2 }), RangeError);
  await end(client, server);
});

// ---- The end --------------------------------------------------------------------------------------

test("close() sends what was written, says farewell, and ends both sides without an error", async (t) => {
  const { client, server } = await securePair(t, { capacity: 1000 });
  client.transport.write(pattern(50_000));
  client.transport.close();
  assert(client.transport.isClosing() && !client.transport.isReading());
  client.transport.close();
  client.transport.write(ascii("too late"));
  while (!server.socket.closed) await settle();
  await settle();
  assertEquals(server.protocol.received, pattern(50_000));
  assertEquals(server.protocol.calls.slice(-2), ["eof", "lost"]);
  assertEquals(client.protocol.calls, ["made", "lost"]);
  assert(client.socket.closed);
});

test("after close() nothing more is delivered, and what comes is no error", async (t) => {
  const { client, server } = await securePair(t);
  server.protocol.on.eofReceived = () => server.transport.write(ascii("last words"));
  client.transport.close();
  server.transport.write(pattern(10_000));
  await settle();
  assertEquals(client.protocol.calls, ["made", "lost"]);
  assertEquals(server.protocol.calls, ["made", "eof", "lost"]);
});

test("close() of a transport that has paused reading ends well", async (t) => {
  const { client, server } = await securePair(t, { capacity: 1000 });
  client.transport.pauseReading();
  server.transport.write(pattern(5000));
  await settle();
  client.transport.close();
  await settle();
  server.transport.close();
  await sleep(100);
  assertEquals(client.protocol.calls, ["made", "lost"]);
  assertEquals(server.protocol.calls, ["made", "eof", "lost"]);
});

test("both ends can close at once", async (t) => {
  const { client, server } = await securePair(t);
  client.transport.write(ascii("a"));
  client.transport.close();
  server.transport.write(ascii("b"));
  server.transport.close();
  await settle();
  assertEquals(client.protocol.calls, ["made", "lost"]);
  assertEquals(server.protocol.calls, ["made", "lost"]);
});

test("a peer that does not answer a farewell is waited for as long as sslShutdownTimeout", async (t) => {
  for (const [options, timeoutMs] of [[{}, 30_000], [{ sslShutdownTimeout: 50 }, 50]] as const) {
    const { client, server } = await securePair(t, { client: options });
    server.below.pauseReading();
    const start = t.loop.time();
    client.transport.close();
    await sleep(timeoutMs - 1);
    assertEquals(client.protocol.calls, ["made"]);
    while (!client.socket.closed) await settle();
    assertLess(t.loop.time() - start, timeoutMs + 10);
    assertInstanceOf(client.protocol.lostWith, TimeoutError);
    assertEquals(client.protocol.calls.length, 2);
    await end(server);
  }
});

test("a farewell is answered, and the end of the stream will do for an answer", async (t) => {
  const one = await securePair(t);
  await settle();
  one.server.socket.writes.length = 0;
  one.client.transport.close();
  await settle();
  assertEquals(one.server.socket.writes.length, 1);

  const { client, server } = await securePair(t);
  server.below.pauseReading();
  client.transport.close();
  await settle();
  assertEquals(client.protocol.calls, ["made"]);
  server.below.abort();
  await settle();
  assertEquals(client.protocol.calls, ["made", "lost"]);
});

test("a peer that takes nothing is waited for as long as sslShutdownTimeout", async (t) => {
  const { client, server } = await securePair(t, {
    capacity: 100,
    client: { sslShutdownTimeout: 1000 },
  });
  server.below.pauseReading();
  client.transport.write(pattern(100_000));
  client.transport.close();
  await sleep(1010);
  assertInstanceOf(client.protocol.lostWith, TimeoutError);
  assert(client.socket.closed);
  await end(server);
});

test("a peer that only ends the stream ends it without an error, as in asyncio", async (t) => {
  const { client, server } = await securePair(t);
  client.transport.write(ascii("bye"));
  await settle();
  await client.socket.closeWrite();
  await settle();
  assertEquals(server.protocol.calls, ["made", "data 3", "eof", "lost"]);
  await end(client);
});

test("a reset ends the connection with its error", async (t) => {
  const { client, server } = await securePair(t);
  const error = new Deno.errors.ConnectionReset("reset");
  // What the server sends after its handshake is read before.
  await settle();
  client.socket.fail(error);
  await settle();
  assertStrictEquals(client.protocol.lostWith, error);
  assertEquals(client.protocol.calls.length, 2);
  await end(client, server);
});

test("what is no TLS ends the connection with an SSLError", async (t) => {
  const { client, server } = await securePair(t);
  server.below.write(ascii("please corrupt the connection"));
  await settle();
  const { lostWith } = client.protocol;
  assertInstanceOf(lostWith, SSLError);
  assertStringIncludes(lostWith.message, "The TLS connection is broken: ");
  assertEquals(client.protocol.calls.length, 2);
  assert(client.socket.closed);
  await end(client, server);
});

test("abort() drops everything", async (t) => {
  const { client, server } = await securePair(t, { capacity: 1000 });
  client.transport.write(pattern(100_000));
  client.transport.abort();
  assertEquals(client.protocol.calls.at(-1), "made", "not from inside of abort()");
  assert(client.transport.isClosing());
  client.transport.abort();
  await settle();
  assertEquals(client.protocol.calls, ["made", "lost"]);
  assertLess(server.protocol.received.length, 2000);
  await end(client, server);
});

for (const method of ["close", "abort"] as const) {
  for (
    const callback of ["connectionMade", "dataReceived", "eofReceived", "connectionLost"] as const
  ) {
    test(`${method}() in ${callback}() is followed by connectionLost(), once, and nothing else`, async (t) => {
      const protocol = new Recorder();
      protocol.on[callback] = () => {
        const before = protocol.calls.length;
        protocol.transport[method]();
        assertEquals(protocol.calls.length, before);
      };
      const { client, server } = await securePair(t, { serverProtocol: protocol });
      client.transport.write(ascii("x"));
      await settle();
      client.transport.write(ascii("y"));
      client.transport.close();
      await sleep(100);
      const calls = ["made", "data 1", "data 1", "eof", "lost"];
      const last =
        { connectionMade: 1, dataReceived: 2, eofReceived: 4, connectionLost: 5 }[callback];
      assertEquals(protocol.calls, [...calls.slice(0, last), ...(last < 5 ? ["lost"] : [])]);
      await end(client, server);
    });
  }

  test(`${method}() during the handshake ends it`, async (t) => {
    const { client, server } = tlsPair(t);
    client.transport[method]();
    assertInstanceOf(await outcome(client), Deno.errors.ConnectionAborted);
    assertInstanceOf(await outcome(server), Deno.errors.ConnectionReset);
    assertEquals([client.protocol.calls, server.protocol.calls], [[], []]);
    await end(client, server);
  });
}

test("a protocol whose methods fail is reported, and loses its connection", async (t) => {
  for (const method of ["dataReceived", "eofReceived"] as const) {
    const protocol = new Recorder();
    const error = new RangeError("no");
    protocol.on[method] = () => {
      throw error;
    };
    const { client, server } = await securePair(t, { serverProtocol: protocol });
    client.transport.write(ascii("x"));
    await settle();
    client.transport.close();
    await settle();
    assertEquals(t.takeMessages(), [`Fatal error: protocol.${method}() failed`]);
    assertStrictEquals(protocol.lostWith, error);
    assert(server.socket.closed);
    await end(client);
  }
});

test("a BufferedProtocol that fails is reported with the method, and loses its connection", async (t) => {
  for (const method of ["getBuffer", "bufferUpdated"] as const) {
    const protocol = new BufferedRecorder(1);
    protocol[method] = () => {
      throw new RangeError("no");
    };
    const { client, server } = await securePair(t);
    server.transport.setProtocol(protocol);
    client.transport.write(ascii("xy"));
    await settle();
    assert(server.transport.isClosing());
    assertEquals(t.takeMessages(), [`Fatal error: protocol.${method}() failed`]);
    await end(client, server);
  }
});

test("a protocol that aborts and then fails has aborted", async (t) => {
  const protocol = new Recorder();
  protocol.on.dataReceived = () => {
    protocol.transport.abort();
    throw new RangeError("no");
  };
  const { client, server } = await securePair(t, { serverProtocol: protocol });
  client.transport.write(ascii("x"));
  await settle();
  assertEquals(protocol.calls, ["made", "data 1", "lost"]);
  assertEquals(t.takeMessages(), ["Fatal error: protocol.dataReceived() failed"]);
  await end(client, server);
});

test("a protocol whose connectionLost() or pauseWriting() fails is reported", async (t) => {
  const { client, server } = await securePair(t);
  const fail = () => {
    throw new RangeError("no");
  };
  client.protocol.on = { pauseWriting: fail, resumeWriting: fail, connectionLost: fail };
  client.transport.setWriteBufferLimits({ high: 0 });
  client.transport.write(ascii("x"));
  await settle();
  await end(client, server);
  assertEquals(t.takeMessages(), [
    "protocol.pauseWriting() failed",
    "protocol.resumeWriting() failed",
    "protocol.connectionLost() failed",
  ]);
});

test("over TLS, eofReceived() cannot keep the connection open, which is said", async (t) => {
  const { client, server } = await securePair(t);
  server.protocol.keepOpen = true;
  const said = await warned(async () => {
    client.transport.close();
    await settle();
  });
  assertEquals(said.length, 1);
  assertStringIncludes(said[0]!, "eofReceived()");
  assertEquals(server.protocol.calls, ["made", "eof", "lost"]);
});

test("writing to a closed connection is borne, and said once", async (t) => {
  const { client, server } = await securePair(t);
  const said = await warned(async () => {
    await end(client, server);
    for (let i = 0; i < 20; i++) client.transport.write(ascii("x"));
  });
  assertEquals(said.length, 1);
  assertStringIncludes(said[0]!, "<SSLTransport lost");
});

test("there is no half-close", async (t) => {
  const { client, server } = await securePair(t);
  assert(!client.transport.canWriteEof());
  assertThrows(() => client.transport.writeEof(), NotImplementedError);
  await end(client, server);
});

const kept: Record<string, WeakRef<object>> = {};

test("nothing holds on to a connection that has ended, nor to its context", async (t) => {
  const open = async (fails: boolean) => {
    const context = clientContext();
    const { client, server } = tlsPair(t, {
      clientContext: context,
      client: { serverHostname: fails ? "example.org" : "localhost" },
    });
    await outcome(client);
    await outcome(server);
    client.transport.write(ascii("x"));
    client.transport.close();
    await sleep(100);
    const end = fails ? "failed" : "closed";
    kept[`context of a ${end} client`] = new WeakRef(context);
    for (const [side, { transport, protocol }] of Object.entries({ client, server })) {
      kept[`transport of a ${end} ${side}`] = new WeakRef(transport);
      kept[`protocol of a ${end} ${side}`] = new WeakRef(protocol);
    }
  };
  await open(false);
  await open(true);
  await sleep(1);
}, {
  after: async () => {
    await collectGarbage();
    const left = Object.keys(kept).filter((name) => kept[name]!.deref() !== undefined);
    assertEquals([Object.keys(kept).length, left], [10, []]);
  },
});

// ---- A handshake that does not happen -------------------------------------------------------------

test("a peer that does not answer is waited for as long as sslHandshakeTimeout", async (t) => {
  for (const serverSide of [false, true]) {
    for (const [options, timeoutMs] of [[{}, 60_000], [{ sslHandshakeTimeout: 50 }, 50]] as const) {
      const [near, far] = memoryPair();
      const context = serverSide ? serverContext() : clientContext();
      const start = t.loop.time();
      const one = endOver(t, near, new Recorder(), context, {
        serverSide,
        serverHostname: "localhost",
        ...options,
      });
      const error = await outcome(one);
      assertInstanceOf(error, Deno.errors.ConnectionAborted);
      assertEquals(error.message, `The TLS handshake took longer than ${timeoutMs} ms`);
      assertEquals(t.loop.time() - start, timeoutMs);
      assertEquals(one.protocol.calls, []);
      await settle();
      assert(near.closed);
      far.close();
    }
  }
});

test("a peer that goes away during the handshake has reset the connection", async (t) => {
  for (const serverSide of [false, true]) {
    const [near, far] = memoryPair();
    const context = serverSide ? serverContext() : clientContext();
    const one = endOver(t, near, new Recorder(), context, {
      serverSide,
      serverHostname: "localhost",
    });
    await settle();
    far.close();
    assertInstanceOf(await outcome(one), Deno.errors.ConnectionReset);
    assertEquals(one.protocol.calls, []);
  }
});

for (const at of ["client", "server"] as const) {
  test(`a peer that speaks something else is told so by the ${at}`, async (t) => {
    for (const text of ["GET / HTTP/1.1\r\n\r\n", "220 mail.example ESMTP\r\n", "\0".repeat(100)]) {
      for (const thenEnds of [false, true]) {
        const [near, far] = memoryPair();
        const one = endOver(
          t,
          near,
          new Recorder(),
          at === "server" ? serverContext() : clientContext(),
          {
            serverSide: at === "server",
            serverHostname: "localhost",
          },
        );
        await settle();
        await far.write(ascii(text));
        if (thenEnds) await far.closeWrite();
        const error = await outcome(one);
        assertInstanceOf(error, SSLError);
        assertEquals(error.code, "ERR_SSL_WRONG_VERSION_NUMBER");
        assertEquals(one.protocol.calls, []);
        await settle();
        assert(near.closed);
        // The last record is an alert.
        const said = await far.readToEnd();
        assertEquals(said[said.length - 7], 0x15);
        far.close();
      }
    }
  });
}

// ---- Information ----------------------------------------------------------------------------------

test("getExtraInfo() tells of TLS, and of the connection below", async (t) => {
  const context = clientContext();
  const { client, server } = tlsPair(t, { clientContext: context });
  assertStrictEquals(client.transport.getExtraInfo("sslcontext"), context);
  assertEquals(client.transport.getExtraInfo("cipher", "none yet"), "none yet");
  await client.waiter;
  await server.waiter;
  const info = (name: string) => client.transport.getExtraInfo(name);
  assertEquals(info("cipher"), ["TLS_AES_256_GCM_SHA384", "TLSv1.3", 256]);
  assertEquals(info("compression"), undefined);
  assertEquals(info("peername"), client.socket.remoteAddr);
  assertStrictEquals(info("socket"), client.socket);
  assertEquals(client.transport.getExtraInfo("unknown", 42), 42);
  const object = info("sslObject");
  assertInstanceOf(object, SSLObject);
  assertStrictEquals(object.context, context);
  assertEquals([object.version(), object.serverSide, object.sessionReused], [
    "TLSv1.3",
    false,
    false,
  ]);
  const { fingerprint256, serialNumber, notBefore, notAfter, ...certificate } = object
    .getpeercert()!;
  assertEquals(certificate, {
    subject: { commonName: "localhost" },
    issuer: { commonName: "Test-CA" },
    subjectAltName: [["DNS", "localhost"], ["IP Address", "127.0.0.1"], ["IP Address", "::1"]],
  });
  assert(
    /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(fingerprint256) && /^[0-9A-F]+$/.test(serialNumber),
  );
  assert(Date.parse(notBefore) < Date.now() && Date.now() < Date.parse(notAfter));
  assertEquals(info("peercert"), object.getpeercert());
  assertEquals(object.getpeercertDer()![0], 0x30);
  await end(client, server);
  assertEquals(info("cipher"), ["TLS_AES_256_GCM_SHA384", "TLSv1.3", 256], "also afterwards");
});

test("with CERT_NONE, getExtraInfo() does not tell of a peer that nobody has verified", async (t) => {
  const context = clientContext();
  context.checkHostname = false;
  context.verifyMode = CERT_NONE;
  const { client, server } = await securePair(t, { clientContext: context });
  assertEquals(client.transport.getExtraInfo("peercert"), undefined);
  await end(client, server);
});

test("an SSLTransport describes itself", async (t) => {
  const { client, server } = tlsPair(t);
  assertEquals(String(client.transport), "<SSLTransport unwrapped, reading, 0 bytes unsent>");
  await client.waiter;
  await server.waiter;
  client.transport.write(ascii("abc"));
  assertEquals(Deno.inspect(client.transport), "<SSLTransport open, reading, 3 bytes unsent>");
  await end(client, server);
  assertEquals(String(client.transport), "<SSLTransport lost, 0 bytes unsent>");
});
