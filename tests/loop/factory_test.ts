/** Protocol factories, and hooks that make transports: what each call says that is given a wrong one. */
import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { DenoEventLoop } from "../../loop/mod.ts";
import { type AnyProtocol, DatagramProtocol, Protocol, SSLContext } from "../../transports/mod.ts";
import { passes, testProgram, testRealLoop, type Trial } from "../_helpers.ts";
import { memoryPair, type MemorySocket } from "../transports/_memory_socket.ts";
import { testNetAsync } from "./_net.ts";

class Echo extends Protocol {}

type Factory = () => AnyProtocol;

/** Every call that takes a factory, and how its messages begin. */
const CALLS: [
  name: string,
  action: string,
  call: (loop: DenoEventLoop, factory: Factory) => PromiseLike<unknown>,
][] = [
  [
    "createConnection()",
    "Cannot create a connection",
    (loop, factory) =>
      loop.createConnection(factory, undefined, undefined, { sock: memoryPair()[0] }),
  ],
  [
    "createServer()",
    "Cannot create a server",
    (loop, factory) => loop.createServer(factory, "127.0.0.1", 0),
  ],
  [
    "createUnixConnection()",
    "Cannot create a Unix connection",
    (loop, factory) => loop.createUnixConnection(factory, undefined, { sock: memoryPair()[0] }),
  ],
  [
    "createUnixServer()",
    "Cannot create a Unix server",
    (loop, factory) => loop.createUnixServer(factory, "/nowhere/socket"),
  ],
  [
    "connectAcceptedSocket()",
    "Cannot use an accepted connection",
    (loop, factory) => loop.connectAcceptedSocket(factory, memoryPair()[0]),
  ],
  [
    "createDatagramEndpoint()",
    "Cannot create a datagram endpoint",
    (loop, factory) =>
      loop.createDatagramEndpoint(factory as never, { localAddr: ["127.0.0.1", 0] }),
  ],
  [
    "connectReadPipe()",
    "Cannot connect a pipe",
    (loop, factory) => loop.connectReadPipe(factory, new ReadableStream()),
  ],
  [
    "connectWritePipe()",
    "Cannot connect a pipe",
    (loop, factory) => loop.connectWritePipe(factory, new WritableStream()),
  ],
  [
    "subprocessExec()",
    "Cannot start a process",
    (loop, factory) => loop.subprocessExec(factory as never, "/nowhere/program"),
  ],
];

for (const [name, action, call] of CALLS) {
  testNetAsync(`${name} refuses a class as protocol factory`, async ({ loop }) => {
    for (const [given, shown] of [[Echo, "Echo"], [class extends Protocol {}, "MyProtocol"]]) {
      const error = await failure(call(loop, given as never));
      assertInstanceOf(error, TypeError);
      assertEquals(
        error.message,
        `${action}: the protocol factory must be a function, got the class ${shown}; ` +
          `pass () => new ${shown}()`,
      );
    }
  });

  if (name.includes("Server")) continue;
  testNetAsync(`${name} refuses a factory that returns no protocol`, async ({ loop }) => {
    const wrong: [made: unknown, shown: string][] = [
      [undefined, "got undefined"],
      [Echo, "got function Echo"],
      [{ dataReceived() {} }, "got an object, which has no method connectionMade()"],
      [Promise.resolve(new Echo()), "got a promise; a factory cannot be async"],
    ];
    for (const [made, shown] of wrong) {
      const error = await failure(call(loop, () => made as AnyProtocol));
      assertInstanceOf(error, TypeError);
      assertEquals(
        error.message,
        `${action}: the protocol factory must return a protocol, as () => new MyProtocol() does, ` +
          shown,
      );
    }
  });
}

async function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
}

testNetAsync(
  "A server reports a factory that returns no protocol, at the connection",
  async (t) => {
    const server = await t.loop.createServer(() => undefined as never, "127.0.0.1", 0);
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    const lost = t.loop.createFuture<void>();
    class Client extends Protocol {
      override connectionLost(): void {
        lost.setResult(undefined);
      }
    }
    await t.loop.createConnection(() => new Client(), "127.0.0.1", port);
    await lost;
    const [report] = t.takeReports();
    assertInstanceOf(report!.exception, TypeError);
    assertStringIncludes(report!.message, "accepted connection");
    assertEquals(
      report!.exception.message,
      "Cannot serve a connection: the protocol factory must return a protocol, as () => new " +
        "MyProtocol() does, got undefined",
    );
    server.close();
    await server.waitClosed();
  },
);

testProgram("A function of the old kind will do as a factory", function* (t) {
  const [near, far] = memoryPair();
  const factory = Object.freeze(function () {
    return new Echo();
  });
  const [transport, protocol] = yield* t.wait(
    t.loop.createConnection(factory, undefined, undefined, { sock: near }),
  );
  assertInstanceOf(protocol, Echo);
  transport.close();
  far.close();
  yield* t.wait(passes(2));
});

/** A loop whose hooks forget what they have made. */
class ForgetfulLoop extends DenoEventLoop {
  override _makeSocketTransport(): never {
    return undefined as never;
  }
  override _makeSslTransport(): never {
    return undefined as never;
  }
  override _makeDatagramTransport(): never {
    return Promise.resolve() as never;
  }
  override _makeReadPipeTransport(): never {
    return {} as never;
  }
}

testRealLoop(
  "A hook that returns no transport is named",
  () => new ForgetfulLoop(),
  (t: Trial<DenoEventLoop>) =>
    t.loop.runUntilComplete(async () => {
      const sockets: MemorySocket[] = [];
      const connect = (tls: { ssl?: SSLContext; serverHostname?: string } = {}) => {
        const [sock] = memoryPair();
        sockets.push(sock);
        return t.loop.createConnection(() => new Echo(), undefined, undefined, { sock, ...tls });
      };
      const calls: [hook: string, shown: string, call: PromiseLike<unknown>][] = [
        ["_makeSocketTransport()", "undefined", connect()],
        [
          "_makeSslTransport()",
          "undefined",
          connect({ ssl: new SSLContext("client"), serverHostname: "x" }),
        ],
        [
          "_makeDatagramTransport()",
          "a promise",
          t.loop.createDatagramEndpoint(() => new DatagramProtocol(), {
            localAddr: ["127.0.0.1", 0],
          }),
        ],
        [
          "_makeReadPipeTransport() or _makeWritePipeTransport()",
          "an object",
          t.loop.connectReadPipe(() => new Echo(), new ReadableStream()),
        ],
      ];
      for (const [hook, shown, call] of calls) {
        const error = await failure(call);
        assertInstanceOf(error, TypeError);
        assertEquals(
          error.message,
          `ForgetfulLoop.${hook} must return a transport, got ${shown}`,
        );
      }
      assertEquals(sockets.map(({ closed }) => closed), [true, true]);
    }),
);

testNetAsync("startTls() refuses what is no protocol", async ({ loop }) => {
  const [near, far] = memoryPair();
  const [transport] = await loop.createConnection(() => new Echo(), undefined, undefined, {
    sock: near,
  });
  for (const protocol of [undefined, Echo, {}]) {
    const error = await failure(
      loop.startTls(transport, protocol as never, new SSLContext("client")),
    );
    assertInstanceOf(error, TypeError);
    assertStringIncludes(error.message, "Cannot start TLS: a protocol is needed, got ");
  }
  transport.close();
  far.close();
  await passes(2);
});
