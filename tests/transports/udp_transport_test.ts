/** `UdpTransport`: its contract with the protocol in memory, then real sockets and socat. */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ContextVar, sleep } from "../../futures/mod.ts";
import {
  bindDatagram,
  type DatagramAddress,
  type DatagramSocket,
} from "../../transports/datagram_socket.ts";
import type { DatagramTransport } from "../../transports/datagram_transport.ts";
import { DatagramProtocol } from "../../transports/protocol.ts";
import { UdpTransport, type UdpTransportOptions } from "../../transports/udp_transport.ts";
import { testAsync, type Trial } from "../_helpers.ts";
import { testWith } from "./_programs.ts";
import { ascii, latin1, pattern } from "./_recorder.ts";

type Settle<T> = { resolve(value: T): void; reject(error: unknown): void };

/** A socket in memory: the test is the network. */
class MemoryDatagramSocket implements DatagramSocket {
  readonly addr = { transport: "udp", hostname: "192.0.2.1", port: 1000 };
  readonly sent: [text: string, to: string][] = [];
  receivers: ((Settle<[Uint8Array, DatagramAddress]>) & { buffer: Uint8Array })[] = [];
  closed = 0;
  /** How many sends settle at once; the others wait in `senders`. */
  capacity = Infinity;
  senders: Settle<number>[] = [];

  receive(buffer: Uint8Array): Promise<[Uint8Array, DatagramAddress]> {
    return new Promise((resolve, reject) => this.receivers.push({ resolve, reject, buffer }));
  }

  send(data: Uint8Array, to: DatagramAddress): Promise<number> {
    this.sent.push([latin1(data), `${to.hostname} ${to.port}`]);
    if (this.capacity-- > 0) return Promise.resolve(data.length);
    return new Promise((resolve, reject) => this.senders.push({ resolve, reject }));
  }

  close(): void {
    this.closed++;
    for (const { reject } of this.receivers) reject(new Deno.errors.Interrupted("closed"));
  }

  /** A datagram comes in. */
  arrive(text: string, hostname = "192.0.2.9", port = 9): void {
    const { resolve, buffer } = this.receivers.shift()!;
    buffer.set(ascii(text));
    resolve([buffer.subarray(0, text.length), { hostname, port }]);
  }
}

class DatagramRecorder extends DatagramProtocol {
  transport!: DatagramTransport;
  readonly calls: string[] = [];
  readonly datagrams: Uint8Array[] = [];
  onDatagram: ((data: Uint8Array, address: [string, number]) => void) | undefined = undefined;

  override connectionMade(transport: DatagramTransport): void {
    this.transport = transport;
    this.calls.push("made");
  }

  override datagramReceived(data: Uint8Array<ArrayBuffer>, address: [string, number]): void {
    this.datagrams.push(data);
    this.calls.push(`${latin1(data)} from ${address.join(" ")}`);
    this.onDatagram?.(data, address);
  }

  override errorReceived(error: unknown): void {
    this.calls.push(`error: ${(error as Error).message}`);
  }

  override pauseWriting(): void {
    this.calls.push("pause");
  }

  override resumeWriting(): void {
    this.calls.push("resume");
  }

  override connectionLost(error: unknown): void {
    this.calls.push(error === undefined ? "lost" : `lost: ${error}`);
  }
}

/** Lets everything happen that can happen. */
const settle = () => sleep(1);

interface Setup {
  transport: UdpTransport;
  protocol: DatagramRecorder;
  socket: MemoryDatagramSocket;
}

async function connected(t: Trial, options?: UdpTransportOptions): Promise<Setup> {
  const socket = new MemoryDatagramSocket();
  const protocol = new DatagramRecorder();
  const transport = new UdpTransport(t.loop, socket, protocol, options);
  await settle();
  protocol.calls.length = 0;
  return { transport, protocol, socket };
}

async function close({ transport, socket }: Setup): Promise<void> {
  transport.abort();
  await settle();
  assertEquals(socket.closed, 1);
}

// ---- Receiving ------------------------------------------------------------------------------------

testAsync(
  "UdpTransport calls connectionMade() before its waiter is done, then receives",
  async (t) => {
    const socket = new MemoryDatagramSocket();
    const protocol = new DatagramRecorder();
    const waiter = t.loop.createFuture<void>();
    const transport = new UdpTransport(t.loop, socket, protocol, { waiter });
    waiter.addDoneCallback(() => protocol.calls.push("waiter"));
    assertEquals([protocol.calls, socket.receivers], [[], []]);
    await waiter;
    socket.arrive("one");
    await settle();
    assertEquals(protocol.calls, ["made", "waiter", "one from 192.0.2.9 9"]);
    assertStrictEquals(protocol.transport, transport);
    await close({ transport, protocol, socket });
  },
);

testAsync(
  "UdpTransport delivers datagrams that the protocol may keep, empty ones too",
  async (t) => {
    const setup = await connected(t);
    for (const text of ["first", "", "second"]) {
      setup.socket.arrive(text);
      await settle();
    }
    assertEquals(setup.protocol.datagrams.map(latin1), ["first", "", "second"]);
    await close(setup);
  },
);

testAsync("UdpTransport with a remote address drops what others send", async (t) => {
  const setup = await connected(t, { remoteAddr: ["192.0.2.9", 9] });
  for (const [host, port] of [["192.0.2.8", 9], ["192.0.2.9", 8], ["192.0.2.9", 9]] as const) {
    setup.socket.arrive("x", host, port);
    await settle();
  }
  assertEquals(setup.protocol.calls, ["x from 192.0.2.9 9"]);
  await close(setup);
});

testAsync("UdpTransport knows the remote address in every notation of IPv6", async (t) => {
  for (
    const [given, told] of [
      ["2001:DB8:0::0:1", "2001:db8::1"],
      ["::ffff:192.0.2.9", "::ffff:192.0.2.9"],
      ["::FFFF:c000:0209", "::ffff:192.0.2.9"],
      ["fe80::1%eth0", "fe80::1%eth0"],
    ] as const
  ) {
    const setup = await connected(t, { remoteAddr: [given, 9] });
    setup.socket.arrive("x", told, 9);
    await settle();
    assertEquals(setup.protocol.calls, [`x from ${told} 9`]);
    await close(setup);
  }
});

testAsync("UdpTransport tells a failed receive to errorReceived(), and goes on", async (t) => {
  const setup = await connected(t);
  const { protocol, socket } = setup;
  socket.receivers.shift()!.reject(new Deno.errors.ConnectionRefused("nobody there"));
  await settle();
  socket.arrive("x");
  await settle();
  assertEquals(protocol.calls, ["error: nobody there", "x from 192.0.2.9 9"]);
  await close(setup);
});

testAsync("UdpTransport ends when somebody closes its socket", async (t) => {
  const { protocol, socket, transport } = await connected(t);
  socket.receivers.shift()!.reject(new Deno.errors.BadResource("closed"));
  await settle();
  assertEquals(protocol.calls, ["lost: BadResource: closed"]);
  assert(transport.isClosing());
});

testAsync("UdpTransport reports a protocol that fails, and goes on", async (t) => {
  const setup = await connected(t);
  setup.protocol.onDatagram = () => {
    throw new RangeError("no");
  };
  for (const text of ["a", "b"]) {
    setup.socket.arrive(text);
    await settle();
  }
  assertEquals(setup.protocol.datagrams.length, 2);
  assertEquals(t.takeMessages(), Array(2).fill("protocol.datagramReceived() failed"));
  await close(setup);
});

testAsync("UdpTransport reports a protocol with an async method that fails", async (t) => {
  const setup = await connected(t);
  Object.assign(setup.protocol, { datagramReceived: () => Promise.reject(new RangeError("no")) });
  for (const text of ["a", "b"]) {
    setup.socket.arrive(text);
    await settle();
  }
  assertEquals(t.takeMessages(), Array(2).fill("protocol.datagramReceived() failed"));
  await close(setup);
});

testAsync("UdpTransport calls the protocol in the context that it was made in", async (t) => {
  const variable = new ContextVar<string>("variable");
  const seen: (string | undefined)[] = [];
  variable.set("made");
  const setup = await connected(t);
  variable.set("later");
  setup.protocol.onDatagram = () => seen.push(variable.get());
  setup.socket.arrive("x");
  await settle();
  assertEquals(seen, ["made"]);
  await close(setup);
});

// ---- Sending --------------------------------------------------------------------------------------

testAsync("UdpTransport sends one datagram at a time, in the order of calls", async (t) => {
  const setup = await connected(t);
  const { socket, transport } = setup;
  socket.capacity = 0;
  const data = ascii("0");
  for (let i = 0; i < 3; i++) {
    data[0] = 48 + i;
    transport.sendto(data, ["192.0.2.9", 9]);
  }
  const sent: string[] = [];
  while (socket.senders.length > 0) {
    assertEquals(socket.senders.length, 1);
    sent.push(socket.sent.at(-1)![0]);
    socket.senders.shift()!.resolve(1);
    await settle();
  }
  assertEquals(sent, ["0", "1", "2"]);
  assertEquals(transport.getWriteBufferSize(), 0);
  await close(setup);
});

testAsync("UdpTransport takes bytes in every guise, and nothing else", async (t) => {
  const setup = await connected(t, { remoteAddr: ["192.0.2.9", 9] });
  const { socket, transport } = setup;
  transport.sendto(new Uint8Array(0));
  transport.sendto(ascii("ab").buffer);
  transport.sendto(new DataView(ascii("abcd").buffer, 1, 2));
  assertThrows(() => transport.sendto("text" as never), TypeError, "TextEncoder");
  await settle();
  assertEquals(socket.sent.map(([text]) => text), ["", "ab", "bc"]);
  await close(setup);
});

testAsync("UdpTransport sends to the remote address only, where there is one", async (t) => {
  const setup = await connected(t, { remoteAddr: ["192.0.2.9", 9] });
  const { socket, transport } = setup;
  transport.sendto(ascii("a"));
  transport.sendto(ascii("b"), ["192.0.2.9", 9]);
  assertThrows(
    () => transport.sendto(ascii("c"), ["192.0.2.9", 10]),
    RangeError,
    "must be left out or be 192.0.2.9 port 9",
  );
  await settle();
  assertEquals(socket.sent, [["a", "192.0.2.9 9"], ["b", "192.0.2.9 9"]]);
  await close(setup);
});

testAsync("UdpTransport refuses an address that is none", async (t) => {
  const setup = await connected(t);
  const { socket, transport } = setup;
  const data = ascii("x");
  assertThrows(() => transport.sendto(data), TypeError, "there is no address");
  assertThrows(() => transport.sendto(data, "192.0.2.9" as never), TypeError, "[host, port]");
  assertThrows(() => transport.sendto(data, ["192.0.2.9", 0]), RangeError, "1 to 65535, got 0");
  assertThrows(() => transport.sendto(data, ["192.0.2.9", 70_000]), RangeError);
  assertEquals(socket.sent, []);
  await close(setup);
});

testAsync("UdpTransport pauses and resumes the protocol at its water marks", async (t) => {
  const setup = await connected(t, { remoteAddr: ["192.0.2.9", 9] });
  const { protocol, socket, transport } = setup;
  socket.capacity = 0;
  transport.setWriteBufferLimits({ high: 100, low: 40 });
  assertEquals(transport.getWriteBufferLimits(), [40, 100]);
  // With its header, each counts 30 bytes.
  for (let i = 0; i < 5; i++) transport.sendto(new Uint8Array(22));
  assertEquals([transport.getWriteBufferSize(), protocol.calls], [150, ["pause"]]);
  for (let i = 0; i < 4; i++) {
    assertEquals(protocol.calls, ["pause"]);
    socket.senders.shift()!.resolve(22);
    await settle();
  }
  assertEquals([transport.getWriteBufferSize(), protocol.calls], [30, ["pause", "resume"]]);
  await close(setup);
});

testAsync("UdpTransport tells a failed send to errorReceived(), and sends the next", async (t) => {
  const setup = await connected(t, { remoteAddr: ["192.0.2.9", 9] });
  const { protocol, socket, transport } = setup;
  socket.capacity = 0;
  transport.sendto(ascii("too long"));
  transport.sendto(ascii("b"));
  socket.senders.shift()!.reject(new Error("message too long"));
  await settle();
  assertEquals(protocol.calls, ["error: message too long"]);
  assertEquals(socket.sent.at(-1)![0], "b");
  await close(setup);
});

// ---- The end --------------------------------------------------------------------------------------

testAsync("UdpTransport.close() sends what it was given, and delivers nothing more", async (t) => {
  const setup = await connected(t, { remoteAddr: ["192.0.2.9", 9] });
  const { protocol, socket, transport } = setup;
  socket.capacity = 0;
  transport.sendto(ascii("a"));
  transport.sendto(ascii("b"));
  transport.close();
  transport.close();
  transport.sendto(ascii("c"));
  socket.arrive("x");
  await settle();
  assertEquals([protocol.calls, transport.isClosing()], [[], true]);
  for (let i = 0; i < 2; i++) {
    socket.senders.shift()!.resolve(1);
    await settle();
  }
  assertEquals(socket.sent.map(([text]) => text), ["a", "b"]);
  assertEquals([protocol.calls, socket.closed], [["lost"], 1]);
});

testAsync("UdpTransport.close() calls connectionLost() from the loop, once", async (t) => {
  const { protocol, socket, transport } = await connected(t);
  transport.close();
  transport.abort();
  assertEquals(protocol.calls, []);
  await settle();
  transport.abort();
  await settle();
  assertEquals([protocol.calls, socket.closed], [["lost"], 1]);
});

testAsync("UdpTransport.abort() drops what is unsent", async (t) => {
  const { protocol, socket, transport } = await connected(t, { remoteAddr: ["192.0.2.9", 9] });
  socket.capacity = 0;
  transport.sendto(ascii("a"));
  transport.sendto(ascii("b"));
  transport.abort();
  socket.senders.shift()!.resolve(1);
  await settle();
  assertEquals(socket.sent.length, 1);
  assertEquals([protocol.calls, transport.getWriteBufferSize()], [["lost"], 0]);
});

testAsync("UdpTransport tells its socket and addresses", async (t) => {
  const setup = await connected(t, { remoteAddr: ["192.0.2.9", 9], extra: { a: 1 } });
  const { socket, transport } = setup;
  assertStrictEquals(transport.getExtraInfo("socket"), socket);
  assertStrictEquals(transport.getExtraInfo("sockname"), socket.addr);
  assertEquals(transport.getExtraInfo("peername"), {
    transport: "udp",
    hostname: "192.0.2.9",
    port: 9,
  });
  assertEquals([transport.getExtraInfo("a"), transport.getExtraInfo("b", 2)], [1, 2]);
  assertEquals(`${transport}`, "<UdpTransport open, 0 bytes unsent>");
  await close(setup);
});

// ---- Real sockets ---------------------------------------------------------------------------------

/** A protocol that hands its datagrams out one by one. */
class Inbox extends DatagramProtocol {
  readonly #datagrams: [Uint8Array, [string, number]][] = [];
  #wake: (() => void) | null = null;
  lost = false;

  override datagramReceived(data: Uint8Array<ArrayBuffer>, address: [string, number]): void {
    this.#datagrams.push([data, address]);
    this.#wake?.();
  }

  override connectionLost(): void {
    this.lost = true;
    this.#wake?.();
  }

  async next(): Promise<[Uint8Array, [string, number]]> {
    while (this.#datagrams.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#datagrams.shift()!;
  }

  async end(): Promise<void> {
    while (!this.lost) await new Promise<void>((resolve) => this.#wake = resolve);
  }
}

type Endpoint = [transport: UdpTransport, inbox: Inbox, port: number];

async function open(
  t: { loop: ConstructorParameters<typeof UdpTransport>[0] },
  host: string,
  remoteAddr?: readonly [string, number],
): Promise<Endpoint> {
  const socket = await bindDatagram({ host, port: 0 });
  const inbox = new Inbox();
  const waiter = t.loop.createFuture<void>();
  const options = remoteAddr === undefined ? { waiter } : { waiter, remoteAddr };
  const transport = new UdpTransport(t.loop, socket, inbox, options);
  await waiter;
  return [transport, inbox, (socket.addr as Deno.NetAddr).port];
}

async function closeAll(...endpoints: Endpoint[]): Promise<void> {
  for (const [transport, inbox] of endpoints) {
    transport.close();
    await inbox.end();
  }
}

for (const host of ["127.0.0.1", "::1"]) {
  testWith([], `UdpTransport keeps the order of a thousand datagrams over ${host}`, async (t) => {
    const server = await open(t, host);
    const client = await open(t, host, [host, server[2]]);
    const [, inbox] = server;
    for (let batch = 0; batch < 20; batch++) {
      for (let i = 0; i < 50; i++) client[0].sendto(Uint8Array.of(batch, i));
      for (let i = 0; i < 50; i++) {
        const [data, from] = await inbox.next();
        assertEquals([[...data], from], [[batch, i], [host, client[2]]]);
      }
    }
    await closeAll(server, client);
  });
}

testWith(
  [],
  "UdpTransport sends empty and long datagrams, and survives too long ones",
  async (t) => {
    const server = await open(t, "127.0.0.1");
    const client = await open(t, "127.0.0.1", ["127.0.0.1", server[2]]);
    const errors: unknown[] = [];
    client[1].errorReceived = (error) => void errors.push(error);
    for (const length of [0, 1, 65_507, 65_508, 2]) client[0].sendto(pattern(length));
    for (const length of [0, 1, 65_507, 2]) {
      assertEquals((await server[1].next())[0], pattern(length));
    }
    assertEquals(errors.map((error) => (error as { code: string }).code), ["EMSGSIZE"]);
    await closeAll(server, client);
  },
);

/** A port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

testWith(["socat"], "UdpTransport talks with an echo of socat", async (t) => {
  const port = freePort();
  const socat = new Deno.Command("socat", {
    args: [`UDP4-LISTEN:${port},bind=127.0.0.1`, "PIPE"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const client = await open(t, "127.0.0.1", ["127.0.0.1", port]);
  // Until it listens, what is sent is lost.
  const knocking = setInterval(() => client[0].sendto(ascii("knock")), 10);
  assertEquals(latin1((await client[1].next())[0]), "knock");
  clearInterval(knocking);
  for (const text of ["hello", "x".repeat(8_000)]) {
    client[0].sendto(ascii(text));
    let echo: string;
    do echo = latin1((await client[1].next())[0]); while (echo.startsWith("knock"));
    assertEquals(echo, text);
  }
  await closeAll(client);
  socat.kill("SIGTERM");
  await socat.status;
});

testWith(["socat"], "UdpTransport receives from socat and answers it", async (t) => {
  const server = await open(t, "127.0.0.1");
  const [transport, inbox, port] = server;
  const socat = new Deno.Command("socat", {
    args: ["-t", "5", "STDIO", `UDP4:127.0.0.1:${port}`],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = socat.stdin.getWriter();
  await writer.write(ascii("question"));
  const [data, address] = await inbox.next();
  assertEquals(latin1(data), "question");
  transport.sendto(ascii("answer"), address);
  const reader = socat.stdout.getReader();
  assertEquals(latin1((await reader.read()).value!), "answer");
  socat.kill("SIGTERM");
  await Promise.all([writer.close(), reader.cancel(), socat.status]);
  await closeAll(server);
});
