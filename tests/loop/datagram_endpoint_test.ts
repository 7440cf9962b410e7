/** `createDatagramEndpoint()`, and datagram sockets as such, over the real network. */
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { CancelledError, NotImplementedError, sleep } from "../../futures/mod.ts";
import type { DatagramEndpointOptions, DenoEventLoop } from "../../loop/mod.ts";
import type { DatagramTransport } from "../../transports/datagram_transport.ts";
import { DatagramProtocol } from "../../transports/protocol.ts";
import { bindDatagram } from "../../transports/datagram_socket.ts";
import { errorOf, passes, type Program, type Trial } from "../_helpers.ts";
import { ascii, latin1 } from "../transports/_recorder.ts";
import { testNet } from "./_net.ts";

type Net = Trial<DenoEventLoop>;

class Datagrams extends DatagramProtocol {
  readonly received: string[] = [];
  from: [host: string, port: number] | undefined;
  made = 0;
  lost = 0;

  override connectionMade(): void {
    this.made++;
  }

  override datagramReceived(data: Uint8Array, from: [host: string, port: number]): void {
    this.received.push(latin1(data));
    this.from = from;
  }

  override connectionLost(): void {
    this.lost++;
  }
}

function* open(
  t: Net,
  options: DatagramEndpointOptions,
): Program<[DatagramTransport, Datagrams, port: number]> {
  const [transport, protocol] = yield* t.wait(
    t.loop.createDatagramEndpoint(() => new Datagrams(), options),
  );
  assertEquals(protocol.made, 1);
  return [transport, protocol, (transport.getExtraInfo("sockname") as Deno.NetAddr).port];
}

function* shut(t: Net, ...ends: [DatagramTransport, Datagrams, ...unknown[]][]): Program<void> {
  for (const [transport] of ends) transport.close();
  while (ends.some(([, { lost }]) => lost === 0)) yield* t.wait(sleep(1));
}

for (const host of ["127.0.0.1", "::1"]) {
  testNet(`createDatagramEndpoint() binds to and talks with addresses of ${host}`, function* (t) {
    const server = yield* open(t, { localAddr: [host, 0] });
    const client = yield* open(t, { remoteAddr: [host, server[2]] });
    const stranger = yield* open(t, { localAddr: [host, 0], allowBroadcast: true });
    for (const text of ["one", "", "three"]) client[0].sendto(ascii(text));
    while (server[1].received.length < 3) yield* t.wait(sleep(1));
    assertEquals(server[1].received, ["one", "", "three"]);
    // A connected endpoint hears its peer only.
    stranger[0].sendto(ascii("who?"), [host, client[2]]);
    server[0].sendto(ascii("back"), server[1].from);
    while (client[1].received.length < 1) yield* t.wait(sleep(1));
    yield* t.wait(sleep(5));
    assertEquals(client[1].received, ["back"]);
    yield* shut(t, server, client, stranger);
  });
}

testNet("createDatagramEndpoint() names the address that is in use", function* (t) {
  const taken = yield* open(t, { localAddr: ["127.0.0.1", 0] });
  const opening = t.loop.createDatagramEndpoint(() => new Datagrams(), {
    localAddr: ["127.0.0.1", taken[2]],
  });
  const error = yield* errorOf(t.wait(opening));
  assertInstanceOf(error, Deno.errors.AddrInUse);
  assertStringIncludes(error.message, `127.0.0.1:${taken[2]}`);
  yield* shut(t, taken);
});

testNet(
  "createDatagramEndpoint() uses a socket that is given, and needs a family at least",
  function* (t) {
    const sock = yield* t.wait(
      t.loop.createTask(async () =>
        await bindDatagram({ host: "127.0.0.1", port: 0 }, { allowBroadcast: false })
      ),
    );
    yield* shut(t, yield* open(t, { sock }), yield* open(t, { family: 4 }));
  },
);

const MISTAKES: [new (...args: never[]) => Error, string, DatagramEndpointOptions][] = [
  [TypeError, "localAddr, remoteAddr, family or sock is needed", {}],
  [TypeError, "either localAddr or sock", { localAddr: ["127.0.0.1", 0], sock: {} as never }],
  [NotImplementedError, "share the port", { localAddr: ["127.0.0.1", 0], reusePort: true }],
  [RangeError, "different families", { localAddr: ["127.0.0.1", 0], remoteAddr: ["::1", 9] }],
  [RangeError, "from 0 to 65535, got 65536", { localAddr: ["127.0.0.1", 65_536] }],
  [
    TypeError,
    'localAddr must be a host and a port, as in ["127.0.0.1", 0], got "127.0.0.1"',
    { localAddr: "127.0.0.1" as never },
  ],
  [TypeError, "remoteAddr must be a host and a port", { remoteAddr: ["127.0.0.1"] as never }],
  [TypeError, "localAddr, remoteAddr, family or sock is needed", undefined as never],
];

testNet("createDatagramEndpoint() says what is wrong with its arguments", function* (t) {
  for (const [Class, text, options] of MISTAKES) {
    const opening = t.loop.createDatagramEndpoint(() => new Datagrams(), options);
    const error = yield* errorOf(t.wait(opening));
    assertInstanceOf(error, Class);
    assertStringIncludes(error.message, text);
  }
});

testNet("createDatagramEndpoint() closes its socket when the factory fails", function* (t) {
  const first = yield* open(t, { localAddr: ["127.0.0.1", 0] });
  yield* shut(t, first);
  const fail = (): DatagramProtocol => {
    throw new RangeError("no protocol");
  };
  const localAddr = ["127.0.0.1", first[2]] as const;
  const error = yield* errorOf(t.wait(t.loop.createDatagramEndpoint(fail, { localAddr })));
  assertInstanceOf(error, RangeError);
  yield* t.wait(sleep(1));
  yield* shut(t, yield* open(t, { localAddr }));
});

testNet("createDatagramEndpoint() cancelled at any pass leaves no socket", function* (t) {
  const first = yield* open(t, { localAddr: ["127.0.0.1", 0] });
  yield* shut(t, first);
  const localAddr = ["127.0.0.1", first[2]] as const;
  for (let count = 0;; count += 1 + (count >> 2)) {
    const task = t.loop.createTask(
      t.loop.createDatagramEndpoint(() => new Datagrams(), { localAddr }),
    );
    yield* t.wait(passes(count));
    if (!task.cancel()) {
      assert(count > 1);
      return yield* shut(t, yield* t.wait(task));
    }
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    // The port becomes free only if nobody has kept the socket.
    for (let attempts = 0;; attempts++) {
      yield* t.wait(sleep(3));
      try {
        yield* shut(t, yield* open(t, { localAddr }));
        break;
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse) || attempts === 100) throw error;
      }
    }
  }
});

testNet("sockRecvfrom() refuses sizes that mean nothing", function* (t) {
  const options = { allowBroadcast: false };
  const socket = yield* t.wait(
    t.loop.createTask(() => bindDatagram({ host: "127.0.0.1", port: 0 }, options)),
  );
  const to = socket.addr as Deno.NetAddr;
  for (const size of [-1, 1.5, NaN]) {
    yield* t.wait(t.loop.sockSendto(socket, ascii("hello"), [to.hostname, to.port]));
    const error = yield* errorOf(t.wait(t.loop.sockRecvfrom(socket, size)));
    assertInstanceOf(error, RangeError);
    assertStringIncludes(error.message, `Cannot receive ${size} bytes`);
  }
  socket.close();
});

testNet("sockRecvfrom() that is cancelled loses no datagram", function* (t) {
  const bind = () => bindDatagram({ host: "127.0.0.1", port: 0 }, { allowBroadcast: false });
  const near = yield* t.wait(t.loop.createTask(async () => await bind()));
  const far = yield* t.wait(t.loop.createTask(async () => await bind()));
  const to = far.addr as Deno.NetAddr;
  const received: string[] = [];
  for (let count = 0; count < 8; count++) {
    const task = t.loop.createTask(t.loop.sockRecvfrom(far, 100));
    yield* t.wait(passes(count));
    const bytes = ascii(`<${count}>`);
    assertEquals(yield* t.wait(t.loop.sockSendto(near, bytes, [to.hostname, to.port])), 3);
    if (task.cancel()) assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    else received.push(latin1((yield* t.wait(task))[0]));
  }
  const memory = new Uint8Array(100);
  while (received.length < 8) {
    const [count, from] = yield* t.wait(t.loop.sockRecvfromInto(far, memory));
    assertEquals(from[1], (near.addr as Deno.NetAddr).port);
    received.push(latin1(memory.subarray(0, count)));
  }
  assertEquals(received, Array.from({ length: 8 }, (_, i) => `<${i}>`));
  near.close();
  far.close();
});
