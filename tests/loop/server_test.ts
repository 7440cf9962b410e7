/** `createServer()` and `Server`, over the real network, and with listeners that fail. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  allTasks,
  CancelledError,
  createTask,
  ensureFuture,
  type ExceptionContext,
  KeyboardInterrupt,
  RuntimeError,
  sleep,
  Task,
} from "../../futures/mod.ts";
import { DenoEventLoop, type Server, type ServerOptions } from "../../loop/mod.ts";
import { ACCEPT_RETRY_DELAY_MS } from "../../loop/server.ts";
import { Protocol } from "../../transports/protocol.ts";
import { SocketTransport } from "../../transports/socket_transport.ts";
import type { StreamListener, StreamSocket } from "../../transports/stream_socket.ts";
import type { Transport } from "../../transports/transport.ts";
import {
  errorOf,
  passes,
  type Program,
  testProgram,
  testRealLoop,
  type Trial,
} from "../_helpers.ts";
import { memoryPair, type MemorySocket } from "../transports/_memory_socket.ts";
import { Recorder } from "../transports/_recorder.ts";
import { portOf, testNet, testNetAsync } from "./_net.ts";

type Net = Trial<DenoEventLoop>;

function* until(t: Net, condition: () => boolean): Program<void> {
  while (!condition()) yield* t.wait(sleep(1));
}

/** A server that keeps its protocols. */
function* serve(
  t: Net,
  host?: string | string[],
  port: number | string = 0,
  options?: ServerOptions,
): Program<[Server, Recorder[]]> {
  const made: Recorder[] = [];
  const factory = () => {
    made.push(new Recorder());
    return made.at(-1)!;
  };
  return [yield* t.wait(t.loop.createServer(factory, host, port, options)), made];
}

function* connect(t: Net, port: number, host = "127.0.0.1"): Program<[Transport, Recorder]> {
  return yield* t.wait(t.loop.createConnection(() => new Recorder(), host, port));
}

function* shut(t: Net, server: Server): Program<void> {
  server.close();
  server.abortClients();
  yield* t.wait(server.waitClosed());
}

// ---- Listening ------------------------------------------------------------------------------------

testNet("createServer() listens on a port of the system's choice", function* (t) {
  const [server, made] = yield* serve(t, "127.0.0.1");
  assert(portOf(server) > 0);
  assert(server.isServing());
  assertEquals(server.getLoop(), t.loop);
  assertStringIncludes(String(server), `127.0.0.1:${portOf(server)}`);
  const [client] = yield* connect(t, portOf(server));
  yield* until(t, () => made.length === 1);
  assertEquals(client.getExtraInfo("peername"), made[0]!.transport.getExtraInfo("sockname"));
  yield* shut(t, server);
  assertEquals(server.sockets, []);
  assert(!server.isServing());
  assertStringIncludes(String(server), "closed");
  client.abort();
  yield* t.wait(passes(2));
});

testNet(
  "createServer() listens on every interface when told no host, or an empty one",
  function* (t) {
    // Who comes from Python may write null for None.
    for (const host of [undefined, "", null]) {
      const [server, made] = yield* serve(t, host as string | undefined);
      const [client] = yield* connect(t, portOf(server));
      yield* until(t, () => made.length === 1);
      yield* shut(t, server);
      client.abort();
      yield* t.wait(passes(2));
    }
  },
);

testNet("createServer() listens on several hosts, each once", function* (t) {
  const [server, made] = yield* serve(t, ["127.0.0.1", "127.0.0.2", "127.0.0.1"]);
  assertEquals(server.sockets.map(({ addr }) => (addr as Deno.NetAddr).hostname), [
    "127.0.0.1",
    "127.0.0.2",
  ]);
  const clients: Transport[] = [];
  for (const [i, host] of ["127.0.0.1", "127.0.0.2"].entries()) {
    clients.push((yield* connect(t, portOf(server, i), host))[0]);
  }
  yield* until(t, () => made.length === 2);
  yield* shut(t, server);
  for (const client of clients) client.abort();
  yield* t.wait(passes(2));
});

testNet(
  "createServer() listens on all its addresses or on none, and names the one in use",
  function* (t) {
    const taken = Deno.listen({ hostname: "127.0.0.2", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const hosts = ["127.0.0.1", "127.0.0.2"];
    for (const reusePort of [false, true]) {
      const options = { reusePort };
      const listening = t.loop.createServer(() => new Protocol(), hosts, port, options);
      const error = yield* errorOf(t.wait(listening));
      assertInstanceOf(error, Deno.errors.AddrInUse);
      assertStringIncludes(error.message, `Cannot listen on 127.0.0.2:${port}`);
    }
    taken.close();
    const [server] = yield* serve(t, hosts, port);
    yield* shut(t, server);
  },
);

testNet("createServer() with reusePort shares a port", function* (t) {
  const options = { reusePort: true };
  const [first, madeFirst] = yield* serve(t, "127.0.0.1", 0, options);
  const port = portOf(first);
  const [second, madeSecond] = yield* serve(t, "127.0.0.1", port, options);
  const clients: Transport[] = [];
  // One server gets none of 100 only if the kernel does not share.
  for (let i = 0; i < 100; i++) clients.push((yield* connect(t, port))[0]);
  yield* until(t, () => madeFirst.length + madeSecond.length === 100);
  assert(madeFirst.length > 0 && madeSecond.length > 0);
  yield* shut(t, first);
  yield* shut(t, second);
  for (const client of clients) client.abort();
  yield* t.wait(passes(2));
  const [third] = yield* serve(t, "127.0.0.1", port);
  yield* shut(t, third);
});

testNet("createServer() passes backlog, reusePort and family on to the hooks", function* (t) {
  const asked: unknown[] = [];
  Object.assign(t.loop, {
    _listen: (address: unknown, options: unknown) => {
      asked.push(address, options);
      return Promise.reject(new Deno.errors.AddrNotAvailable("no"));
    },
  });
  const options = { backlog: 7, reusePort: true, family: 6 } as const;
  yield* errorOf(t.wait(t.loop.createServer(() => new Protocol(), "::1", 80, options)));
  assertEquals(asked, [
    { transport: "tcp", host: "::1", port: 80 },
    { backlog: 7, reusePort: true },
  ]);
  asked.length = 0;
  yield* errorOf(t.wait(t.loop.createServer(() => new Protocol(), undefined, "http")));
  assertEquals(asked.slice(0, 2), [
    { transport: "tcp", host: "::", port: 80 },
    { backlog: 100, reusePort: false },
  ]);
});

testNet("createServer() with a full backlog leaves connections waiting", function* (t) {
  const [server] = yield* serve(t, "127.0.0.1", 0, { backlog: 0, startServing: false });
  const [first] = yield* connect(t, portOf(server));
  const second = t.loop.createTask(t.work(() => connect(t, portOf(server))));
  yield* t.wait(sleep(30));
  assert(!second.done());
  second.cancel();
  assertInstanceOf(yield* errorOf(t.wait(second)), CancelledError);
  first.abort();
  yield* shut(t, server);
});

testNet("createServer() turns keepAlive on for what it accepts", function* (t) {
  for (const keepAlive of [true, false]) {
    const told: unknown[] = [];
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const sock: StreamListener = {
      addr: listener.addr,
      close: () => listener.close(),
      accept: async () => {
        const conn = await listener.accept();
        const { setKeepAlive } = conn;
        conn.setKeepAlive = (on) => {
          told.push(on);
          setKeepAlive.call(conn, on);
        };
        return conn;
      },
    };
    const options = { sock, keepAlive };
    const server = yield* t.wait(
      t.loop.createServer(() => new Protocol(), undefined, undefined, options),
    );
    const [client] = yield* connect(t, portOf(server));
    yield* t.wait(sleep(5));
    assertEquals(told, keepAlive ? [true] : []);
    yield* shut(t, server);
    client.abort();
    yield* t.wait(passes(2));
  }
});

testNet("createServer() takes listeners of somebody else's, one or several", function* (t) {
  const listeners = [0, 1].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const made: Recorder[] = [];
  const factory = () => {
    made.push(new Recorder());
    return made.at(-1)!;
  };
  const server = yield* t.wait(
    t.loop.createServer(factory, undefined, undefined, { sock: listeners }),
  );
  assertEquals(server.sockets, listeners);
  const clients: Transport[] = [];
  for (const i of [0, 1]) clients.push((yield* connect(t, portOf(server, i)))[0]);
  yield* until(t, () => made.length === 2);
  yield* shut(t, server);
  for (const client of clients) client.abort();
  yield* t.wait(passes(2));
});

const MISTAKES: [Class: new (...args: never[]) => Error, text: string, ...args: unknown[]][] = [
  [TypeError, "a port is needed", "127.0.0.1"],
  [TypeError, "the list of hosts is empty", [], 0],
  [RangeError, "from 0 to 65535, got 65536", "127.0.0.1", 65_536],
  [RangeError, "the backlog must be an integer", "127.0.0.1", 0, { backlog: -1 }],
  [TypeError, "an SSLContext with a certificate", "127.0.0.1", 0, { ssl: true }],
  [TypeError, "only with ssl", "127.0.0.1", 0, { sslShutdownTimeout: 1 }],
];

testProgram("Server.close() closes all listeners, also beside one that fails", function* (t) {
  for (const error of [new Deno.errors.BadResource("closed already"), new RangeError("stuck")]) {
    const listeners = [0, 1].map(() => new FailingListener(t));
    listeners[0]!.failure = error;
    const serving = t.loop.createServer(() => new Protocol(), undefined, undefined, {
      sock: listeners,
    });
    const server = yield* t.wait(serving);
    const forever = createTask(server.serveForever());
    const closed = createTask(server.waitClosed());
    yield* t.wait(passes(2));
    if (error instanceof RangeError) assertThrows(() => server.close(), RangeError, "stuck");
    else server.close();
    assert(listeners[1]!.closed);
    yield* t.wait(closed);
    assertInstanceOf(yield* errorOf(t.wait(forever)), CancelledError);
  }
});

testNet("createServer() says what is wrong with its arguments", function* (t) {
  for (const [Class, text, ...args] of MISTAKES) {
    const listening = t.loop.createServer(
      () => new Protocol(),
      ...args as [string, number, ServerOptions],
    );
    const error = yield* errorOf(t.wait(listening));
    assertInstanceOf(error, Class);
    assertStringIncludes(error.message, text);
  }
});

testNet("createServer() cancelled at any pass leaves no listener", function* (t) {
  for (let count = 0;; count++) {
    const task = t.loop.createTask(t.loop.createServer(() => new Protocol(), "127.0.0.1", 0));
    yield* t.wait(passes(count));
    if (!task.cancel()) {
      assert(count > 1);
      return yield* shut(t, yield* t.wait(task));
    }
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    yield* t.wait(sleep(1));
    assertEquals(t.loop._held.size, 0);
  }
});

// ---- Accepting ------------------------------------------------------------------------------------

testNet("A server with startServing false accepts when it is told to", function* (t) {
  const [server, made] = yield* serve(t, "127.0.0.1", 0, { startServing: false });
  assert(!server.isServing());
  const [client] = yield* connect(t, portOf(server));
  yield* t.wait(sleep(10));
  assertEquals(made.length, 0);
  yield* t.wait(server.startServing());
  yield* t.wait(server.startServing());
  assert(server.isServing());
  yield* until(t, () => made.length === 1);
  yield* shut(t, server);
  const error = yield* errorOf(t.wait(server.startServing()));
  assertInstanceOf(error, RuntimeError);
  assertStringIncludes(error.message, "is closed");
  client.abort();
  yield* t.wait(passes(2));
});

testNet("A task factory that fails costs one connection, not the server", function* (t) {
  const [server, made] = yield* serve(t, "127.0.0.1");
  t.loop.setTaskFactory(() => {
    t.loop.setTaskFactory(undefined);
    throw new Error("no tasks today");
  });
  const socket = yield* t.wait(ensureFuture(Deno.connect({ port: portOf(server) })));
  assertEquals(yield* t.wait(ensureFuture(socket.read(new Uint8Array(1)))), null);
  socket.close();
  const [{ message, exception }] = t.takeReports() as [ExceptionContext];
  assertStringIncludes(message, "task factory");
  assertEquals((exception as Error).message, "no tasks today");
  const [client] = yield* connect(t, portOf(server));
  yield* until(t, () => made.length === 1);
  client.close();
  yield* shut(t, server);
});

testNet("A protocol factory that fails is reported, and its connection closed", function* (t) {
  let calls = 0;
  const factory = () => {
    if (++calls === 1) throw new RangeError("no protocol");
    return new Protocol();
  };
  const server = yield* t.wait(t.loop.createServer(factory, "127.0.0.1", 0));
  const [, first] = yield* connect(t, portOf(server));
  yield* until(t, () => first.calls.at(-1) === "lost");
  const [report, ...more] = t.takeReports();
  assertInstanceOf(report!.exception, RangeError);
  assertStringIncludes(report!.message, "accepted connection");
  assertEquals(more, []);
  const [second] = yield* connect(t, portOf(server));
  yield* until(t, () => calls === 2);
  yield* shut(t, server);
  second.abort();
  yield* t.wait(passes(2));
});

testRealLoop(
  "A KeyboardInterrupt in a protocol factory ends the run",
  () => new DenoEventLoop(),
  async (t) => {
    const factory = () => {
      throw new KeyboardInterrupt("now");
    };
    const serving = t.loop.runUntilComplete(async () => {
      await using server = await t.loop.createServer(factory, "127.0.0.1", 0);
      const socket = await Deno.connect({ hostname: "127.0.0.1", port: portOf(server) });
      await socket.read(new Uint8Array(1)).finally(() => socket.close());
      await sleep(1000);
    });
    await assertRejects(() => serving, KeyboardInterrupt, "now");
    for (const task of allTasks(t.loop)) {
      task.cancel();
      await t.loop.runUntilComplete(task as Task<unknown>).catch(() => {});
    }
    assertEquals(t.takeMessages(), ["Task exception was never retrieved"]);
  },
);

/** A listener that does as it is told. */
class FailingListener implements StreamListener {
  readonly addr = { transport: "memory" };
  /** What the next calls bring; then they wait. */
  readonly script: (Error | StreamSocket)[];
  readonly times: number[] = [];
  closed = false;
  readonly #t: Trial;
  #reject: (error: unknown) => void = () => {};

  constructor(t: Trial, ...script: (Error | StreamSocket)[]) {
    this.#t = t;
    this.script = script;
  }

  async accept(): Promise<StreamSocket> {
    this.times.push(this.#t.loop.time());
    const next = this.script.shift();
    if (next === undefined) {
      return await new Promise((_, reject) => this.#reject = reject);
    }
    await undefined;
    if (next instanceof Error) throw next;
    return next;
  }

  /** What `close()` throws when it has closed. */
  failure: Error | null = null;

  close(): void {
    this.closed = true;
    this.#reject(new Deno.errors.BadResource("Listener has been closed"));
    if (this.failure !== null) throw this.failure;
  }
}

function useSocketTransports(t: Trial): void {
  Object.assign(t.loop, {
    _makeSocketTransport: (...args: Parameters<DenoEventLoop["_makeSocketTransport"]>) =>
      new SocketTransport(t.loop, ...args),
  });
}

testProgram(
  "A server that cannot accept says so once, and tries again after a while",
  function* (t) {
    useSocketTransports(t);
    const full = () => new Error("Too many open files (os error 24)");
    const listener = new FailingListener(t, full(), full(), full(), memoryPair()[0], full());
    const made: Recorder[] = [];
    const server = yield* t.wait(t.loop.createServer(
      () => {
        made.push(new Recorder());
        return made.at(-1)!;
      },
      undefined,
      undefined,
      { sock: listener },
    ));
    yield* t.wait(sleep(3 * ACCEPT_RETRY_DELAY_MS + 10));
    assertEquals(made.map(({ calls }) => calls[0]), ["made"]);
    const waits = listener.times.slice(1).map((time, i) => time - listener.times[i]!);
    assertEquals(waits, [ACCEPT_RETRY_DELAY_MS, ACCEPT_RETRY_DELAY_MS, ACCEPT_RETRY_DELAY_MS, 0]);
    // A connection came in between; it is the same trouble all the same.
    const reports = t.takeReports();
    assertEquals(reports.length, 1);
    assertStringIncludes(reports[0]!.message, "trying again");
    assertEquals(reports[0]!.socket, listener);
    // Closing does not wait for the next try.
    const before = t.loop.time();
    server.close();
    server.abortClients();
    yield* t.wait(server.waitClosed());
    assertEquals(t.loop.time(), before);
    assert(listener.closed);
  },
);

testProgram("A connection that has gone before it is accepted is passed over", function* (t) {
  useSocketTransports(t);
  const listener = new FailingListener(
    t,
    new Deno.errors.NotConnected("Transport endpoint is not connected"),
    new Deno.errors.ConnectionAborted("Software caused connection abort"),
    memoryPair()[0],
  );
  let made = 0;
  const server = yield* t.wait(t.loop.createServer(
    () => {
      made++;
      return new Protocol();
    },
    undefined,
    undefined,
    { sock: listener },
  ));
  yield* t.wait(sleep(1));
  assertEquals([made, t.loop.time()], [1, 1]);
  server.close();
  server.abortClients();
  yield* t.wait(server.waitClosed());
});

let accepted: MemorySocket;

testProgram(
  "A connection whose accepting is cancelled before it has begun is closed with the loop",
  function* (t) {
    useSocketTransports(t);
    [accepted] = memoryPair();
    const server = yield* t.wait(t.loop.createServer(
      () => new Protocol(),
      undefined,
      undefined,
      { sock: new FailingListener(t, accepted), startServing: false },
    ));
    t.loop.setTaskFactory((loop, coroutine, options) => {
      const task = new Task(coroutine, { loop, ...options });
      task.cancel();
      return task;
    });
    yield* t.wait(server.startServing());
    yield* t.wait(passes(3));
    server.close();
    yield* t.wait(server.waitClosed());
  },
  {
    after: ({ loop }) => {
      loop.close();
      assert(accepted.closed);
    },
  },
);

testProgram("A connection that was accepted as its server closed is closed too", function* (t) {
  useSocketTransports(t);
  const [near] = memoryPair();
  let made = 0;
  const server = yield* t.wait(t.loop.createServer(
    () => {
      made++;
      return new Protocol();
    },
    undefined,
    undefined,
    { sock: new FailingListener(t, near), startServing: false },
  ));
  t.loop.setTaskFactory((loop, coroutine, options) => {
    server.close();
    return new Task(coroutine, { loop, ...options });
  });
  yield* t.wait(server.startServing());
  yield* t.wait(server.waitClosed());
  yield* t.wait(passes(3));
  assertEquals([made, near.closed], [0, true]);
});

// ---- The end --------------------------------------------------------------------------------------

testNet("A port can be bound again as soon as waitClosed() returns", function* (t) {
  const [first, made] = yield* serve(t, "127.0.0.1");
  const port = portOf(first);
  let server = first;
  for (let i = 0; i < 20; i++) {
    const [client] = yield* connect(t, port);
    if (i === 0) yield* until(t, () => made.length === 1);
    server.close();
    server.closeClients();
    yield* t.wait(server.waitClosed());
    [server] = yield* serve(t, "127.0.0.1", port, { reusePort: i % 2 === 0 });
    client.abort();
  }
  yield* shut(t, server);
  yield* t.wait(sleep(1));
});

testNet(
  "waitClosed() waits for close() and for the last connection, in either order",
  function* (t) {
    const [server, made] = yield* serve(t, "127.0.0.1");
    const waiting = t.loop.createTask(server.waitClosed());
    const [client] = yield* connect(t, portOf(server));
    yield* until(t, () => made.length === 1);
    assert(!waiting.done());
    server.close();
    server.close();
    yield* t.wait(sleep(10));
    // The client is idle, and nobody has closed it.
    assert(!waiting.done());
    assert(!client.isClosing());
    made[0]!.transport.write(Uint8Array.of(1));
    client.close();
    yield* t.wait(waiting);
    assertEquals(made[0]!.calls.at(-1), "lost");
    yield* t.wait(server.waitClosed());
  },
);

testNet("waitClosed() that is cancelled leaves the server alone", function* (t) {
  const [server] = yield* serve(t, "127.0.0.1");
  const waiting = t.loop.createTask(server.waitClosed());
  yield* t.wait(passes(2));
  waiting.cancel();
  assertInstanceOf(yield* errorOf(t.wait(waiting)), CancelledError);
  assert(server.isServing());
  yield* shut(t, server);
});

testNet(
  "closeClients() flushes what was written, abortClients() does not wait for it",
  function* (t) {
    const [server, made] = yield* serve(t, "127.0.0.1");
    const [client, protocol] = yield* connect(t, portOf(server));
    yield* until(t, () => made.length === 1);
    made[0]!.transport.write(new Uint8Array(3_000_000));
    server.close();
    server.closeClients();
    yield* t.wait(server.waitClosed());
    yield* until(t, () => protocol.calls.at(-1) === "lost");
    assertEquals(protocol.received.length, 3_000_000);
    assert(client.isClosing());

    const [other, madeThere] = yield* serve(t, "127.0.0.1");
    const [stalled] = yield* connect(t, portOf(other));
    stalled.pauseReading();
    yield* until(t, () => madeThere.length === 1);
    madeThere[0]!.transport.write(new Uint8Array(30_000_000));
    other.close();
    other.closeClients();
    yield* t.wait(sleep(20));
    assert(madeThere[0]!.calls.at(-1) !== "lost");
    other.abortClients();
    yield* t.wait(other.waitClosed());
    stalled.abort();
    yield* t.wait(passes(2));
  },
);

testNet("serveForever() ends with the server's close(), for whoever waits", function* (t) {
  const [server] = yield* serve(t, "127.0.0.1", 0, { startServing: false });
  const serving = t.loop.createTask(server.serveForever());
  yield* t.wait(passes(2));
  assert(server.isServing());
  const second = yield* errorOf(t.wait(server.serveForever()));
  assertInstanceOf(second, RuntimeError);
  server.close();
  assertInstanceOf(yield* errorOf(t.wait(serving)), CancelledError);
  assertInstanceOf(yield* errorOf(t.wait(server.serveForever())), RuntimeError);
});

testNet("serveForever() that is cancelled closes the server and waits for its end", function* (t) {
  const [server, made] = yield* serve(t, "127.0.0.1");
  const serving = t.loop.createTask(server.serveForever());
  const [client] = yield* connect(t, portOf(server));
  yield* until(t, () => made.length === 1);
  serving.cancel();
  yield* t.wait(sleep(5));
  assert(!server.isServing());
  assert(!serving.done());
  client.close();
  assertInstanceOf(yield* errorOf(t.wait(serving)), CancelledError);
  yield* t.wait(server.waitClosed());
});

testNetAsync("A server is closed at the end of its block", async (t) => {
  let server: Server;
  {
    await using inner = await t.loop.createServer(() => new Protocol(), "127.0.0.1", 0);
    server = inner;
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    const [client] = await t.loop.createConnection(() => new Protocol(), "127.0.0.1", port);
    client.close();
  }
  assert(!server.isServing());
  await server.waitClosed();
});

testNetAsync("A loop that is closed closes its servers and connections with itself", async (t) => {
  const server = await t.loop.createServer(() => new Protocol(), "127.0.0.1", 0);
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  await t.loop.createConnection(() => new Protocol(), "127.0.0.1", port, {
    localAddr: ["127.0.0.1", 0],
  });
  await t.loop.createConnection(() => new Protocol(), "127.0.0.1", port);
  await sleep(5);
  // Server, two clients, two accepted connections.
  assertEquals(t.loop._held.size, 5);
  closeWhenStopped(t);
});

function closeWhenStopped(t: Net): void {
  const { loop } = t;
  const finish = t.finish.bind(t);
  t.finish = () => {
    loop.close();
    assertEquals(loop._held.size, 0);
    finish();
  };
}
