/** `createConnection()`: against a scripted host in virtual time, and over the real network. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { CancelledError, ExceptionGroup, sleep } from "../../futures/mod.ts";
import { type ConnectionOptions, GAIError } from "../../loop/mod.ts";
import { DatagramProtocol, Protocol } from "../../transports/protocol.ts";
import type { Transport } from "../../transports/transport.ts";
import { errorOf, passes, type Program, testProgram, type Trial } from "../_helpers.ts";
import { memoryPair } from "../transports/_memory_socket.ts";
import { Recorder } from "../transports/_recorder.ts";
import { portOf, refused, Script, testNet } from "./_net.ts";

const NAMES = {
  "one.example": ["192.0.2.1"],
  "two.example": ["192.0.2.1", "192.0.2.2"],
  "dual.example": ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"],
};

function* connectAndDrop(
  t: Trial,
  host: string,
  options?: ConnectionOptions,
): Program<void> {
  const [transport] = yield* t.wait(
    t.loop.createConnection(() => new Protocol(), host, 80, options),
  );
  transport.abort();
  yield* t.wait(passes(2));
}

function* failure(t: Trial, host: string, options?: ConnectionOptions): Program<unknown> {
  return yield* errorOf(
    t.wait(t.loop.createConnection(() => new Protocol(), host, 80, options)),
  );
}

// ---- Addresses ------------------------------------------------------------------------------------

testProgram(
  "createConnection() gives the transport to the protocol before it returns",
  function* (t) {
    const script = new Script(t, NAMES, { "192.0.2.1": {} });
    const [transport, protocol] = yield* t.wait(
      t.loop.createConnection(() => new Recorder(), "one.example", 80),
    );
    assertEquals(protocol.calls, ["made"]);
    assertEquals(protocol.transport, transport);
    assertEquals(script.log, ["0 ms: 192.0.2.1:80"]);
    transport.close();
    yield* t.wait(passes(2));
    assertEquals(protocol.calls, ["made", "lost"]);
    script.assertOpen(0);
  },
);

testProgram("createConnection() tries addresses one after the other", function* (t) {
  const script = new Script(t, NAMES, {
    "192.0.2.1": { after: 500, error: refused() },
    "192.0.2.2": { after: 10 },
  });
  yield* connectAndDrop(t, "two.example");
  assertEquals(script.log, ["0 ms: 192.0.2.1:80", "500 ms: 192.0.2.2:80"]);
  script.assertOpen(0);
});

testProgram(
  "createConnection() needs no resolver for an IP address, and knows services",
  function* (t) {
    const script = new Script(t, {}, { "192.0.2.1": {}, "::1": {} });
    yield* connectAndDrop(t, "192.0.2.1");
    const [transport] = yield* t.wait(
      t.loop.createConnection(() => new Protocol(), "::1", "https"),
    );
    transport.abort();
    yield* t.wait(passes(2));
    assertEquals(script.log, ["0 ms: 192.0.2.1:80", "0 ms: ::1:443"]);
  },
);

testProgram("createConnection() uses the addresses of one family only when told to", function* (t) {
  const script = new Script(t, NAMES, { "2001:db8::1": {}, "192.0.2.1": {} });
  yield* connectAndDrop(t, "dual.example", { family: 4 });
  yield* connectAndDrop(t, "dual.example", { family: 6 });
  assertEquals(script.log, ["0 ms: 192.0.2.1:80", "0 ms: 2001:db8::1:80"]);
  assertInstanceOf(yield* failure(t, "one.example", { family: 6 }), GAIError);
});

testProgram(
  "createConnection() fails with the resolver's error for an unknown host",
  function* (t) {
    const script = new Script(t, NAMES);
    const error = yield* failure(t, "nowhere.example");
    assertInstanceOf(error, GAIError);
    assertEquals(error.code, "EAI_NONAME");
    assertEquals(script.log, []);
  },
);

testProgram(
  "createConnection() starts attempts in a staggered way with happyEyeballsDelay",
  function* (t) {
    const script = new Script(t, NAMES, {
      "192.0.2.1": { after: 10_000 },
      "192.0.2.2": { after: 100 },
    });
    yield* connectAndDrop(t, "two.example", { happyEyeballsDelay: 250 });
    assertEquals(script.log, ["0 ms: 192.0.2.1:80", "250 ms: 192.0.2.2:80"]);
    assertEquals([t.loop.time(), script.aborted], [350, 1]);
    script.assertOpen(0);
  },
);

testProgram(
  "createConnection() starts the next attempt at once when one has failed",
  function* (t) {
    const script = new Script(t, NAMES, { "192.0.2.2": { after: 100 } });
    yield* connectAndDrop(t, "two.example", { happyEyeballsDelay: 250 });
    assertEquals(script.log, ["0 ms: 192.0.2.1:80", "0 ms: 192.0.2.2:80"]);
  },
);

testProgram(
  "createConnection() closes a connection that comes after another has won",
  function* (t) {
    const script = new Script(t, NAMES, {
      "192.0.2.1": { after: 400, deaf: true },
      "192.0.2.2": { after: 100 },
    });
    yield* connectAndDrop(t, "two.example", { happyEyeballsDelay: 250 });
    assertEquals(t.loop.time(), 350);
    yield* t.wait(sleep(100));
    assertEquals(script.opened.length, 2);
    script.assertOpen(0);
  },
);

testProgram("createConnection() keeps one of two attempts that succeed at once", function* (t) {
  const script = new Script(t, NAMES, {
    "192.0.2.1": { after: 300 },
    "192.0.2.2": { after: 50 },
  });
  const [transport] = yield* t.wait(t.loop.createConnection(
    () => new Protocol(),
    "two.example",
    80,
    { happyEyeballsDelay: 250 },
  ));
  assertEquals(script.opened.length, 2);
  script.assertOpen(1);
  transport.abort();
  yield* t.wait(passes(2));
  script.assertOpen(0);
});

const ORDERS: [options: ConnectionOptions, order: number[]][] = [
  [{}, [0, 1, 2, 3, 4]],
  [{ interleave: 1 }, [0, 3, 1, 4, 2]],
  [{ interleave: 2 }, [0, 1, 3, 2, 4]],
  [{ interleave: 5 }, [0, 1, 2, 3, 4]],
  [{ happyEyeballsDelay: 250 }, [0, 3, 1, 4, 2]],
  [{ happyEyeballsDelay: 250, interleave: 0 }, [0, 1, 2, 3, 4]],
];

testProgram("createConnection() lets families alternate as interleave says", function* (t) {
  for (const [options, order] of ORDERS) {
    const script = new Script(t, NAMES);
    yield* failure(t, "dual.example", options);
    const expected = order.map((i) => `0 ms: ${NAMES["dual.example"][i]}:80`);
    assertEquals(script.log, expected, Deno.inspect(options));
  }
});

testProgram("createConnection() tells of every address that has failed", function* (t) {
  new Script(t, NAMES);
  const single = yield* failure(t, "one.example");
  assertInstanceOf(single, Deno.errors.ConnectionRefused);
  assertStringIncludes(single.message, "Cannot connect to 192.0.2.1:80: ");
  const both = yield* failure(t, "two.example");
  assertInstanceOf(both, Deno.errors.ConnectionRefused);
  assertStringIncludes(both.message, "Cannot connect to two.example port 80");
  for (const address of ["192.0.2.1:80", "192.0.2.2:80"]) {
    assertStringIncludes(both.message, address);
  }
  const all = yield* failure(t, "two.example", { allErrors: true });
  assertInstanceOf(all, ExceptionGroup);
  assertEquals(all.exceptions.length, 2);
  for (const each of all.exceptions) assertInstanceOf(each, Deno.errors.ConnectionRefused);
});

testProgram("createConnection() tells of failures of several kinds", function* (t) {
  const reset = new Deno.errors.ConnectionReset("Connection reset by peer");
  new Script(t, NAMES, { "192.0.2.2": { error: reset } });
  const error = yield* failure(t, "two.example");
  assertInstanceOf(error, Error);
  assertStringIncludes(error.message, "Connection refused");
  assertStringIncludes(error.message, "Connection reset by peer");
});

testProgram("createConnection() keeps errors whose class is not made of a message", function* (t) {
  class Refusal extends Error {
    readonly status: number;
    constructor(status: number, message: string) {
      super(message);
      this.status = status;
    }
  }
  const error = new Refusal(503, "no");
  new Script(t, NAMES, { "192.0.2.1": { error }, "192.0.2.2": { error } });
  assertStrictEquals(yield* failure(t, "one.example"), error);
  const both = yield* failure(t, "two.example");
  assertInstanceOf(both, Deno.errors.ConnectionRefused);
  assertEquals(both.message, "Cannot connect to two.example port 80: Error: no; Error: no");
});

testProgram("createConnection() is cancelled when its hook is", function* (t) {
  const error = new CancelledError("by the hook");
  new Script(t, NAMES, { "192.0.2.1": { error }, "192.0.2.2": { error } });
  for (const allErrors of [false, true]) {
    assertStrictEquals(yield* failure(t, "two.example", { allErrors }), error);
  }
});

testProgram("A name without an address is an error, whatever it is for", function* (t) {
  Object.assign(t.loop, { _resolve: () => Promise.resolve([]) });
  const { loop } = t;
  for (
    const opening of [
      loop.createConnection(() => new Protocol(), "no.example", 80),
      loop.createConnection(() => new Protocol(), "no.example", 80, { allErrors: true }),
      loop.createServer(() => new Protocol(), "no.example", 80),
      loop.createServer(() => new Protocol(), ["127.0.0.1", "no.example"], 80),
      loop.createDatagramEndpoint(() => new DatagramProtocol(), { remoteAddr: ["no.example", 80] }),
    ]
  ) {
    const error = yield* errorOf(t.wait<unknown>(opening));
    assertInstanceOf(error, GAIError);
    assertEquals(
      [error.code, error.message],
      ["EAI_NONAME", 'Cannot resolve "no.example": it has no address'],
    );
  }
});

// ---- Arguments ------------------------------------------------------------------------------------

testProgram("createConnection() takes an open connection instead of an address", function* (t) {
  new Script(t, NAMES);
  const [near, far] = memoryPair();
  const [transport, protocol] = yield* t.wait(
    t.loop.createConnection(() => new Recorder(), undefined, undefined, { sock: near }),
  );
  yield* t.wait(t.loop.sockSendall(far, Uint8Array.of(1, 2, 3)));
  while (protocol.chunks.length === 0) yield* t.wait(passes(1));
  assertEquals(protocol.received, Uint8Array.of(1, 2, 3));
  transport.close();
  yield* t.wait(passes(2));
  assert(near.closed);
});

testProgram("createConnection() closes the connection when the factory fails", function* (t) {
  const script = new Script(t, NAMES, { "192.0.2.1": {} });
  const fail = (): Protocol => {
    throw new RangeError("no protocol");
  };
  const error = yield* errorOf(t.wait(t.loop.createConnection(fail, "one.example", 80)));
  assertInstanceOf(error, RangeError);
  assertEquals(script.opened.length, 1);
  script.assertOpen(0);
});

const MISTAKES: [Class: new (...args: never[]) => Error, text: string, ...args: unknown[]][] = [
  [TypeError, "host and port are needed"],
  [TypeError, "host and port are needed", "one.example"],
  [TypeError, "either host and port or sock", "one.example", 80, { sock: memoryPair()[0] }],
  [RangeError, "from 0 to 65535, got 65536", "one.example", 65_536],
  [RangeError, "from 0 to 65535, got -1", "one.example", -1],
  [RangeError, "from 0 to 65535, got 1.5", "one.example", 1.5],
  [TypeError, "a number or a service name", "one.example", null],
  [RangeError, "from 0 to 65535, got 70000", "one.example", 80, { localAddr: ["::", 70_000] }],
  [
    TypeError,
    'Cannot create a connection: localAddr must be a host and a port, as in ["127.0.0.1", 0], got "::1"',
    "one.example",
    80,
    { localAddr: "::1" },
  ],
  [TypeError, "only with ssl", "one.example", 80, { serverHostname: "x" }],
  [TypeError, "only with ssl", "one.example", 80, { sslHandshakeTimeout: 1 }],
  [TypeError, "an SSLContext or true", "one.example", 80, { ssl: "yes" }],
];

testProgram("createConnection() says what is wrong with its arguments", function* (t) {
  const script = new Script(t, NAMES);
  for (const [Class, text, ...args] of MISTAKES) {
    const connecting = t.loop.createConnection(
      () => new Protocol(),
      ...args as [string, number, ConnectionOptions],
    );
    const error = yield* errorOf(t.wait(connecting));
    assertInstanceOf(error, Class);
    assertStringIncludes(error.message, text);
  }
  const notAFactory = new Protocol() as unknown as () => Protocol;
  const error = yield* errorOf(t.wait(t.loop.createConnection(notAFactory, "one.example", 80)));
  assertInstanceOf(error, TypeError);
  assertStringIncludes(error.message, "() => new MyProtocol()");
  assertEquals(script.log, []);
});

// ---- Cancellation ---------------------------------------------------------------------------------

/** Cancels a connecting task after 0, 1, 2, … passes, until it is too late. */
function* cancelAtEveryPass(
  t: Trial,
  script: Script,
  host: string,
  options?: ConnectionOptions,
): Program<number> {
  for (let count = 0;; count++) {
    let made: Transport | undefined;
    const task = t.loop.createTask(t.work(function* () {
      [made] = yield* t.wait(
        t.loop.createConnection(() => new Protocol(), host, 80, options),
      );
    }));
    yield* t.wait(passes(count));
    const inTime = task.cancel();
    try {
      yield* t.wait(task);
      assert(!inTime);
    } catch (error) {
      assertInstanceOf(error, CancelledError);
      assert(inTime);
    }
    // What comes late comes now.
    yield* t.wait(sleep(1000));
    script.assertOpen(made === undefined ? 0 : 1);
    if (made !== undefined) {
      made.abort();
      yield* t.wait(passes(2));
      return count;
    }
    script.assertOpen(0);
  }
}

testProgram("createConnection() cancelled at any pass leaves no connection", function* (t) {
  const script = new Script(t, NAMES, { "192.0.2.1": {} });
  assert((yield* cancelAtEveryPass(t, script, "one.example")) > 4);
});

testProgram("createConnection() cancelled while attempts race leaves no connection", function* (t) {
  for (const deaf of [false, true]) {
    const script = new Script(t, NAMES, { "192.0.2.1": { deaf }, "192.0.2.2": { deaf } });
    const options = { happyEyeballsDelay: 0 };
    assert((yield* cancelAtEveryPass(t, script, "two.example", options)) > 4);
    assert(script.opened.length > 2);
  }
});

testProgram("createConnection() that is closed at any pass leaves no connection", function* (t) {
  for (const deaf of [false, true]) {
    const script = new Script(t, NAMES, { "192.0.2.1": { deaf }, "192.0.2.2": { deaf } });
    for (let count = 0;; count++) {
      const connecting = t.loop.createConnection(() => new Protocol(), "two.example", 80, {
        happyEyeballsDelay: 0,
      });
      const task = t.loop.createTask(connecting);
      yield* t.wait(passes(count));
      if (task.done()) {
        task.result()[0].abort();
        yield* t.wait(passes(2));
        assert(count > 4);
        break;
      }
      connecting.close();
      task.cancel();
      // What comes late comes now.
      yield* t.wait(sleep(1000));
      script.assertOpen(0);
    }
  }
});

testProgram(
  "createConnection() cancelled while it connects aborts the call of the host",
  function* (t) {
    for (const deaf of [false, true]) {
      const script = new Script(t, NAMES, { "192.0.2.1": { after: 100, deaf } });
      const task = t.loop.createTask(t.work(() => connectAndDrop(t, "one.example")));
      yield* t.wait(sleep(50));
      task.cancel();
      const start = t.loop.time();
      assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
      assertEquals([t.loop.time() - start, script.aborted], [0, 1]);
      yield* t.wait(sleep(100));
      assertEquals(script.opened.length, deaf ? 1 : 0);
      script.assertOpen(0);
    }
  },
);

// ---- The real network -----------------------------------------------------------------------------

testNet("createConnection() connects from localAddr, whose family decides", function* (t) {
  const accepted: Recorder[] = [];
  const server = yield* t.wait(t.loop.createServer(
    () => {
      accepted.push(new Recorder());
      return accepted.at(-1)!;
    },
    "127.0.0.1",
    0,
  ));
  const port = portOf(server);
  const [near, protocol] = yield* t.wait(
    t.loop.createConnection(() => new Recorder(), "127.0.0.1", port, {
      localAddr: ["127.0.0.9", 0],
    }),
  );
  while (accepted[0]?.transport === undefined) yield* t.wait(sleep(1));
  const [far] = accepted;
  const peer = far!.transport.getExtraInfo("peername") as Deno.NetAddr;
  assertEquals(peer.hostname, "127.0.0.9");
  assertEquals(near.getExtraInfo("sockname"), peer);
  // A megabyte there and back, then a half-close.
  far!.on.dataReceived = (data: Uint8Array) => far!.transport.write(data);
  const bytes = new Uint8Array(1_000_000).map((_, i) => i * 7);
  near.write(bytes);
  near.writeEof();
  while (protocol.calls.at(-1) !== "lost") yield* t.wait(sleep(1));
  assertEquals(protocol.received, bytes);
  for (const localAddr of [["192.0.2.77", 0], ["::1", 0]] as const) {
    const error = yield* errorOf(
      t.wait(t.loop.createConnection(() => new Protocol(), "127.0.0.1", port, { localAddr })),
    );
    assertInstanceOf(error, Deno.errors.AddrNotAvailable);
    assertStringIncludes(error.message, `Cannot connect to 127.0.0.1:${port}`);
  }
  server.close();
  yield* t.wait(server.waitClosed());
});

testNet("createConnection() from localAddr is refused and cancelled like any other", function* (t) {
  const full = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 0 });
  const { port } = full.addr as Deno.NetAddr;
  const options = { localAddr: ["127.0.0.1", 0] } as const;
  // The second connection is not answered.
  const first = yield* t.wait(t.loop.sockConnect(["127.0.0.1", port]));
  const task = t.loop.createTask(
    t.loop.createConnection(() => new Protocol(), "127.0.0.1", port, options),
  );
  yield* t.wait(sleep(20));
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  full.close();
  first.close();
  const error = yield* errorOf(
    t.wait(t.loop.createConnection(() => new Protocol(), "127.0.0.1", port, options)),
  );
  assertInstanceOf(error, Deno.errors.ConnectionRefused);
});

testNet("createConnection() names the address that refuses", function* (t) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const error = yield* errorOf(
    t.wait(t.loop.createConnection(() => new Protocol(), "127.0.0.1", port)),
  );
  assertInstanceOf(error, Deno.errors.ConnectionRefused);
  assertStringIncludes(error.message, `Cannot connect to 127.0.0.1:${port}`);
  assertEquals((error as { code?: string }).code, "ECONNREFUSED");
});

testNet(
  "connectAcceptedSocket() makes a transport of a connection of somebody else's",
  function* (t) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const client = yield* t.wait(t.loop.sockConnect(["127.0.0.1", port]));
    const [sock] = yield* t.wait(t.loop.sockAccept(listener));
    const [transport, protocol] = yield* t.wait(
      t.loop.connectAcceptedSocket(() => new Recorder(), sock),
    );
    yield* t.wait(t.loop.sockSendall(client, Uint8Array.of(7)));
    while (protocol.chunks.length === 0) yield* t.wait(sleep(1));
    assertEquals(protocol.calls, ["made", "data 1"]);
    transport.close();
    assertEquals(yield* t.wait(t.loop.sockRecv(client, 10)), new Uint8Array(0));
    client.close();
    listener.close();
    const nothing = undefined as unknown as typeof sock;
    const error = yield* errorOf(
      t.wait(t.loop.connectAcceptedSocket(() => new Protocol(), nothing)),
    );
    assertInstanceOf(error, TypeError);
  },
);
