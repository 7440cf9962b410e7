/** What CPython's own tests of asyncio look at and no other test here does; see `coverage.json`. */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { ContextVar, createTask, gather, NotImplementedError, sleep } from "../../futures/mod.ts";
import type { DenoEventLoop } from "../../loop/mod.ts";
import { createSubprocessExec, GAIError, openConnection, startServer } from "../../loop/mod.ts";
import { BaseTransport } from "../../transports/base_transport.ts";
import { DatagramTransport } from "../../transports/datagram_transport.ts";
import {
  BufferedProtocol,
  DatagramProtocol,
  Protocol,
  SubprocessProtocol,
} from "../../transports/protocol.ts";
import { StreamReader } from "../../transports/stream_reader.ts";
import { SubprocessTransport } from "../../transports/subprocess_transport.ts";
import { Transport } from "../../transports/transport.ts";
import { errorOf, testAsync, testProgram, type Trial } from "../_helpers.ts";
import { testNet, testNetAsync } from "../loop/_net.ts";
import { testWith } from "../transports/_programs.ts";
import { ascii, latin1, pattern, Recorder } from "../transports/_recorder.ts";
import { clientContext, haveOpenssl, serverContext } from "../transports/tls/_certificates.ts";

// ---- Handlers ---------------------------------------------------------------------------------------

testProgram("The exception handler runs in the context of the callback that fails", function* (t) {
  const variable = new ContextVar<string>("name", { defaultValue: "outside" });
  const seen: string[] = [];
  t.loop.setExceptionHandler(() => void seen.push(variable.get()));
  t.loop.callSoon(() => {
    variable.set("inside");
    throw new TypeError();
  });
  t.loop.callLater(1, () => {
    variable.set("in a timer");
    throw new TypeError();
  });
  yield* t.wait(sleep(2));
  assertEquals(seen, ["inside", "in a timer"]);
  assertEquals(variable.get(), "outside");
});

// ---- Base classes -----------------------------------------------------------------------------------

Deno.test("The methods of every protocol class do nothing until they are overridden", () => {
  const transport = {} as never;
  const error = new TypeError();
  for (const made of [new Protocol(), new BufferedProtocol()]) {
    assertEquals(made.connectionMade(transport), undefined);
    assertEquals(made.connectionLost(error), undefined);
    assertEquals(made.pauseWriting(), undefined);
    assertEquals(made.resumeWriting(), undefined);
    assertEquals(made.eofReceived(), undefined);
  }
  assertEquals(new Protocol().dataReceived(new Uint8Array(1)), undefined);
  assertEquals(new BufferedProtocol().getBuffer(100).length, 0);
  assertEquals(new BufferedProtocol().bufferUpdated(1), undefined);
  const datagrams = new DatagramProtocol();
  assertEquals(datagrams.connectionMade(transport), undefined);
  assertEquals(datagrams.datagramReceived(new Uint8Array(1), ["::1", 1]), undefined);
  assertEquals(datagrams.errorReceived(error), undefined);
  const child = new SubprocessProtocol();
  assertEquals(child.connectionMade(transport), undefined);
  assertEquals(child.pipeDataReceived(1, new Uint8Array(1)), undefined);
  assertEquals(child.pipeConnectionLost(1, error), undefined);
  assertEquals(child.processExited(), undefined);
});

Deno.test("The methods of every transport class that bytes need raise NotImplementedError", () => {
  const bytes = new Uint8Array(1);
  class Bare extends BaseTransport {}
  class Stream extends Transport {}
  class Datagrams extends DatagramTransport {}
  class Child extends SubprocessTransport {}
  const bare = new Bare();
  const stream = new Stream();
  const datagrams = new Datagrams();
  const child = new Child();
  const calls: (() => unknown)[] = [
    () => bare.isClosing(),
    () => bare.close(),
    () => bare.setProtocol(new Protocol()),
    () => bare.getProtocol(),
    () => stream.isReading(),
    () => stream.pauseReading(),
    () => stream.resumeReading(),
    () => stream.setWriteBufferLimits(),
    () => stream.getWriteBufferSize(),
    () => stream.write(bytes),
    () => stream.writeEof(),
    () => stream.canWriteEof(),
    () => stream.abort(),
    () => datagrams.sendto(bytes),
    () => datagrams.abort(),
    () => child.getPid(),
    () => child.getReturncode(),
    () => child.getPipeTransport(1),
    () => child.sendSignal("SIGTERM"),
    () => child.terminate(),
    () => child.kill(),
  ];
  for (const call of calls) assertThrows(call, NotImplementedError, "does not implement");
  assertEquals(bare.getExtraInfo("peername"), undefined);
  assertEquals(bare.getExtraInfo("peername", "nobody"), "nobody");
});

// ---- Streams ----------------------------------------------------------------------------------------

testAsync("StreamReader.toString() tells what it holds, and how it has ended", (t) => {
  const reader = new StreamReader({ loop: t.loop });
  assertEquals(`${reader}`, "<StreamReader 0 bytes>");
  reader.feedData(ascii("data"));
  assertEquals(`${reader}`, "<StreamReader 4 bytes>");
  reader.feedEof();
  assertEquals(`${reader}`, "<StreamReader 4 bytes eof>");
  const failed = new StreamReader({ loop: t.loop });
  failed.setException(new TypeError("broken"));
  assert(`${failed}`.startsWith("<StreamReader 0 bytes exception="), `${failed}`);
  return Promise.resolve();
});

testNetAsync("StreamWriter.close() ends the reader of the same connection", async (t) => {
  const server = await startServer(
    async (reader, writer) => {
      await reader.read();
      writer.close();
    },
    "127.0.0.1",
    0,
  );
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const [reader, writer] = await openConnection("127.0.0.1", port);
  writer.close();
  await writer.waitClosed();
  assertEquals(await reader.read(), new Uint8Array(0));
  assert(reader.atEof());
  server.close();
  await server.waitClosed();
  await allClosed(t);
});

/** Waits until both ends of all connections are closed. */
async function allClosed(t: Trial<DenoEventLoop>): Promise<void> {
  while (t.loop._held.size > 0) await sleep(1);
}

// ---- Files ------------------------------------------------------------------------------------------

testNetAsync("sendfile() sends the file between what is written before and after", async (t) => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "the file");
  using file = await Deno.open(path);
  const far = new Recorder();
  const server = await t.loop.createServer(() => far, "127.0.0.1", 0);
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const [transport] = await t.loop.createConnection(() => new Protocol(), "127.0.0.1", port);
  transport.write(ascii("before, "));
  assertEquals(await t.loop.sendfile(transport, file), 8);
  transport.write(ascii(", after"));
  transport.close();
  server.close();
  await server.waitClosed();
  await allClosed(t);
  assertEquals(latin1(far.received), "before, the file, after");
  await Deno.remove(path);
});

testNetAsync("sockSendfile() of an empty file sends nothing", async (t) => {
  const path = await Deno.makeTempFile();
  using file = await Deno.open(path);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const sock = await t.loop.sockConnect(["127.0.0.1", port]);
  const [far] = await t.loop.sockAccept(listener);
  assertEquals(await t.loop.sockSendfile(sock, file), 0);
  sock.close();
  assertEquals(await t.loop.sockRecv(far, 10), new Uint8Array(0));
  far.close();
  await Deno.remove(path);
});

// ---- Endpoints --------------------------------------------------------------------------------------

const NOWHERE = "nowhere.invalid";

testNet(
  "createServer() of a host that is not found fails with the resolver's error",
  function* (t) {
    t.loop._resolve = () => Promise.reject(new GAIError("EAI_NONAME", "not found"));
    const error = yield* errorOf(t.wait(t.loop.createServer(() => new Protocol(), NOWHERE, 1)));
    assertInstanceOf(error, GAIError);
  },
);

testNet(
  "createDatagramEndpoint() of a host that is not found fails with the resolver's error",
  function* (t) {
    t.loop._resolve = () => Promise.reject(new GAIError("EAI_NONAME", "not found"));
    const options = { remoteAddr: [NOWHERE, 1] } as const;
    const error = yield* errorOf(
      t.wait(t.loop.createDatagramEndpoint(() => new DatagramProtocol(), options)),
    );
    assertInstanceOf(error, GAIError);
  },
);

testNet("createDatagramEndpoint() asks no resolver for an IP address", function* (t) {
  t.loop._resolve = () => Promise.reject(new TypeError("asked"));
  const options = { localAddr: ["127.0.0.1", 0] } as const;
  const [transport] = yield* t.wait(
    t.loop.createDatagramEndpoint(() => new DatagramProtocol(), options),
  );
  transport.close();
  yield* t.wait(sleep(5));
});

testNet("createDatagramEndpoint() carries datagrams, in both versions of IP", function* (t) {
  for (const host of ["127.0.0.1", "::1"]) {
    const got: string[] = [];
    class Echo extends DatagramProtocol {
      #transport!: DatagramTransport;
      override connectionMade(transport: DatagramTransport): void {
        this.#transport = transport;
      }
      override datagramReceived(data: Uint8Array, address: [string, number]): void {
        this.#transport.sendto(ascii(`${latin1(data)} back`), address);
      }
    }
    class Client extends DatagramProtocol {
      override datagramReceived(data: Uint8Array): void {
        got.push(latin1(data));
      }
    }
    const [far] = yield* t.wait(
      t.loop.createDatagramEndpoint(() => new Echo(), { localAddr: [host, 0] }),
    );
    const { port } = far.getExtraInfo("sockname") as Deno.NetAddr;
    const [near] = yield* t.wait(
      t.loop.createDatagramEndpoint(() => new Client(), { remoteAddr: [host, port] }),
    );
    near.sendto(ascii("there"));
    while (got.length === 0) yield* t.wait(sleep(1));
    assertEquals(got, ["there back"]);
    near.close();
    far.close();
    yield* t.wait(sleep(5));
  }
});

testNet("createDatagramEndpoint() at an address that is taken names it", function* (t) {
  const make = (port: number) =>
    t.loop.createDatagramEndpoint(() => new DatagramProtocol(), { localAddr: ["127.0.0.1", port] });
  const [first] = yield* t.wait(make(0));
  const { port } = first.getExtraInfo("sockname") as Deno.NetAddr;
  const error = yield* errorOf(t.wait(make(port)));
  assertInstanceOf(error, Deno.errors.AddrInUse);
  assert(error.message.includes(String(port)), error.message);
  first.close();
  yield* t.wait(sleep(5));
});

testNet("createDatagramEndpoint() passes allowBroadcast on to the hook", function* (t) {
  const asked: unknown[] = [];
  t.loop._bindDatagram = (_address, options) => {
    asked.push(options);
    return Promise.reject(new Deno.errors.AddrNotAvailable("none"));
  };
  for (const allowBroadcast of [true, false]) {
    const options = { localAddr: ["127.0.0.1", 0], allowBroadcast } as const;
    const error = yield* errorOf(
      t.wait(t.loop.createDatagramEndpoint(() => new DatagramProtocol(), options)),
    );
    assertInstanceOf(error, Deno.errors.AddrNotAvailable);
  }
  assertEquals(asked, [{ allowBroadcast: true }, { allowBroadcast: false }]);
});

testNet("createDatagramEndpoint() says what is wrong with its arguments", function* (t) {
  const sock = {} as never;
  const wrong = [
    [TypeError, {}],
    [TypeError, { sock, localAddr: ["127.0.0.1", 0] }],
    [RangeError, { localAddr: ["127.0.0.1", 0], remoteAddr: ["::1", 1] }],
    [RangeError, { localAddr: ["127.0.0.1", 70_000] }],
    [NotImplementedError, { localAddr: ["127.0.0.1", 0], reusePort: true }],
  ] as const;
  for (const [type, options] of wrong) {
    const error = yield* errorOf(
      t.wait(t.loop.createDatagramEndpoint(() => new DatagramProtocol(), options)),
    );
    assertInstanceOf(error, type);
  }
});

testNet("connectAcceptedSocket() takes the times of TLS only with TLS", function* (t) {
  const sock = {} as never;
  for (const options of [{ sslHandshakeTimeout: 1 }, { sslShutdownTimeout: 1 }]) {
    const error = yield* errorOf(
      t.wait(t.loop.connectAcceptedSocket(() => new Protocol(), sock, options)),
    );
    assertInstanceOf(error, TypeError);
  }
});

// ---- Children ---------------------------------------------------------------------------------------

testWith(["sh"], "Process.wait() by several tasks gives each the return code", async () => {
  const child = await createSubprocessExec("sh", ["-c", "exit 3"]);
  const waits = Array.from({ length: 5 }, () => createTask(child.wait()));
  assertEquals(await gather(...waits), [3, 3, 3, 3, 3]);
  assertEquals(await child.wait(), 3);
});

// ---- TLS --------------------------------------------------------------------------------------------

function testTls(name: string, main: Parameters<typeof testNetAsync>[1]): void {
  if (haveOpenssl) testNetAsync(name, main);
  else Deno.test.ignore(`${name} (needs openssl)`, () => {});
}

testTls(
  "sendfile() sends the file over TLS, between what is written before and after",
  async (t) => {
    const path = await Deno.makeTempFile();
    const bytes = pattern(500_000);
    await Deno.writeFile(path, bytes);
    using file = await Deno.open(path);
    const far = new Recorder();
    const server = await t.loop.createServer(() => far, "127.0.0.1", 0, { ssl: serverContext() });
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    const ssl = clientContext();
    const [transport] = await t.loop.createConnection(() => new Protocol(), "127.0.0.1", port, {
      ssl,
      serverHostname: "localhost",
    });
    transport.write(ascii("before"));
    assertEquals(await t.loop.sendfile(transport, file), bytes.length);
    assertEquals(await t.loop.sendfile(transport, file, 100, 50), 50);
    transport.write(ascii("after"));
    transport.close();
    server.close();
    await server.waitClosed();
    await allClosed(t);
    const { received } = far;
    assertEquals(received.length, 6 + bytes.length + 50 + 5);
    assertEquals(latin1(received.subarray(0, 6)), "before");
    assert(received.subarray(6, 6 + bytes.length).every((byte, i) => byte === bytes[i]));
    assertEquals(received.subarray(-55, -5), bytes.subarray(100, 150));
    assertEquals(latin1(received.subarray(-5)), "after");
    await Deno.remove(path);
  },
);

testTls("connectAcceptedSocket() speaks TLS on a connection of somebody else's", async (t) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const accepting = createTask(async () => {
    const sock = await listener.accept();
    return await t.loop.connectAcceptedSocket(() => new Recorder(), sock, { ssl: serverContext() });
  });
  const options = { ssl: clientContext(), serverHostname: "localhost" };
  const [near, nearProtocol] = await t.loop.createConnection(
    () => new Recorder(),
    "127.0.0.1",
    port,
    options,
  );
  const [far, farProtocol] = await accepting;
  near.write(ascii("there"));
  while (farProtocol.received.length < 5) await sleep(1);
  far.write(ascii("back"));
  while (nearProtocol.received.length < 4) await sleep(1);
  assertEquals([latin1(farProtocol.received), latin1(nearProtocol.received)], ["there", "back"]);
  near.close();
  await allClosed(t);
});
