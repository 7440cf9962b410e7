/** `SocketTransport` over connections in memory: its contract with the protocol. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ContextVar, NotImplementedError, RuntimeError, sleep } from "../../futures/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import type { AnyProtocol } from "../../transports/protocol.ts";
import { SocketTransport, type SocketTransportOptions } from "../../transports/socket_transport.ts";
import type { Transport } from "../../transports/transport.ts";
import {
  hostTurn,
  microtasks,
  testAsync,
  testLoop,
  testRealLoop,
  type Trial,
} from "../_helpers.ts";
import { memoryPair, type MemorySocket } from "./_memory_socket.ts";
import { ascii, BufferedRecorder, joined, latin1, pattern, Recorder } from "./_recorder.ts";

interface Setup<P> {
  transport: SocketTransport;
  protocol: P;
  near: MemorySocket;
  far: MemorySocket;
}

function setUp(
  t: Trial,
  options?: SocketTransportOptions & { capacity?: number },
): Setup<Recorder>;
function setUp<P extends AnyProtocol>(
  t: Trial,
  options: SocketTransportOptions & { capacity?: number },
  protocol: P,
): Setup<P>;
function setUp(
  t: Trial,
  options: SocketTransportOptions & { capacity?: number } = {},
  protocol: AnyProtocol = new Recorder(),
): Setup<AnyProtocol> {
  const [near, far] = memoryPair(options.capacity);
  return { transport: new SocketTransport(t.loop, near, protocol, options), protocol, near, far };
}

/** Lets everything happen that can happen. */
const settle = () => sleep(1);

async function connected(
  t: Trial,
  options?: SocketTransportOptions & { capacity?: number },
): Promise<Setup<Recorder>> {
  const setup = setUp(t, options);
  await settle();
  setup.protocol.calls.length = 0;
  return setup;
}

async function close({ transport, near }: Pick<Setup<unknown>, "transport" | "near">) {
  transport.abort();
  await settle();
  assert(near.closed);
}

/** The warnings that are printed while `body` runs. */
async function warningsOf(body: () => Promise<void>): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => void warnings.push(text);
  try {
    await body();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

/** A write that may be taken in parts. */
async function feed(socket: MemorySocket, data: Uint8Array): Promise<void> {
  for (let start = 0; start < data.length;) start += await socket.write(data.subarray(start));
}

// ---- The beginning --------------------------------------------------------------------------------

testAsync(
  "SocketTransport calls connectionMade() before its waiter is done, then reads",
  async (t) => {
    const waiter = t.loop.createFuture<void>();
    const setup = setUp(t, { waiter });
    const { protocol, near, far } = setup;
    far.write(ascii("early"));
    assertEquals([protocol.calls, near.reads], [[], []]);
    waiter.addDoneCallback(() => protocol.calls.push("waiter"));
    await waiter;
    await settle();
    assertEquals(protocol.calls, ["made", "waiter", "data 5"]);
    assertStrictEquals(protocol.transport, setup.transport);
    assertEquals(near.noDelay, true);
    await close(setup);
  },
);

testAsync("SocketTransport leaves a cancelled waiter alone", async (t) => {
  const waiter = t.loop.createFuture<void>();
  waiter.cancel();
  const setup = setUp(t, { waiter });
  await settle();
  assertEquals(setup.protocol.calls, ["made"]);
  await close(setup);
});

testAsync("SocketTransport goes on when connectionMade() fails, and reports it", async (t) => {
  const protocol = new Recorder();
  protocol.on.connectionMade = () => {
    throw new RangeError("no");
  };
  const setup = setUp(t, {}, protocol);
  setup.far.write(ascii("x"));
  await settle();
  assertEquals(protocol.calls, ["made", "data 1"]);
  assertEquals(t.takeMessages(), ["protocol.connectionMade() failed"]);
  await close(setup);
});

testAsync("SocketTransport tells its server when it begins and when it has ended", async (t) => {
  const told: [string, Transport][] = [];
  const server = {
    _attach: (transport: Transport) => told.push(["attach", transport]),
    _detach: (transport: Transport) => told.push(["detach", transport]),
  };
  const setup = setUp(t, { server });
  assertEquals(told, [["attach", setup.transport]]);
  setup.protocol.on.connectionLost = () => assertEquals(told.length, 1);
  await close(setup);
  assertEquals(told[1], ["detach", setup.transport]);
});

testAsync("SocketTransport calls its protocol in the context that it was made in", async (t) => {
  const variable = new ContextVar("variable", { defaultValue: "outside" });
  const seen: string[] = [];
  const note = () => {
    seen.push(variable.get());
    variable.set(`${variable.get()}+`);
  };
  const protocol = new Recorder();
  protocol.on = {
    connectionMade: note,
    dataReceived: note,
    eofReceived: note,
    connectionLost: note,
  };
  variable.set("inside");
  const setup = setUp(t, {}, protocol);
  variable.set("later");
  setup.far.write(ascii("x"));
  await settle();
  await setup.far.closeWrite();
  await settle();
  assertEquals(seen, ["inside", "inside+", "inside++", "inside+++"]);
  assertEquals(variable.get(), "later");
});

// ---- Reading --------------------------------------------------------------------------------------

testAsync("SocketTransport delivers every byte in order, however it is cut", async (t) => {
  for (const capacity of [1, 7, 512, 513, 40_000]) {
    const setup = await connected(t, { capacity });
    const data = pattern(capacity < 10 ? 300 : 300_000);
    const sent: Uint8Array[] = [];
    for (let i = 1, start = 0; start < data.length; start += i, i = (i * 7) % 50_021) {
      sent.push(data.subarray(start, start + i));
    }
    for (const piece of sent) await feed(setup.far, piece);
    await settle();
    // What was handed out first is still as it was.
    assertEquals(setup.protocol.received, data);
    await close(setup);
  }
});

testAsync(
  "SocketTransport.pauseReading() stops delivery at once, and keeps what was read",
  async (t) => {
    const setup = await connected(t);
    const { transport, protocol, far } = setup;
    transport.pauseReading();
    assertEquals(transport.isReading(), false);
    await feed(far, ascii("ab"));
    await settle();
    await feed(far, ascii("cd"));
    await settle();
    assertEquals(protocol.calls, []);
    transport.pauseReading();
    transport.resumeReading();
    transport.resumeReading();
    assertEquals(transport.isReading(), true);
    assertEquals(protocol.calls, [], "never from inside a call");
    await settle();
    assertEquals(protocol.calls, ["data 2", "data 2"]);
    assertEquals(latin1(protocol.received), "abcd");
    await close(setup);
  },
);

testAsync(
  "SocketTransport.pauseReading() works from dataReceived() and connectionMade()",
  async (t) => {
    const protocol = new Recorder();
    protocol.on.connectionMade = (transport: Transport) => transport.pauseReading();
    protocol.on.dataReceived = () => protocol.transport.pauseReading();
    const setup = setUp(t, { capacity: 3 }, protocol);
    const sending = feed(setup.far, ascii("abcdef"));
    await settle();
    assertEquals([protocol.calls, setup.near.reads], [["made"], []]);
    for (const expected of ["abc", "abcdef"]) {
      setup.transport.resumeReading();
      await settle();
      assertEquals(latin1(protocol.received), expected);
    }
    await sending;
    await close(setup);
  },
);

testAsync("SocketTransport reads no more than one chunk ahead while paused", async (t) => {
  const setup = await connected(t, { capacity: 1000 });
  setup.transport.pauseReading();
  let sent = 0;
  const sending = (async () => {
    for (; sent < 100_000; sent += 1000) await feed(setup.far, pattern(1000, sent));
  })();
  await settle();
  // What the pending read took, and what the connection holds.
  assert(sent <= 2000, `${sent} bytes were taken`);
  setup.transport.resumeReading();
  await sending;
  await settle();
  assertEquals(setup.protocol.received, pattern(100_000));
  await close(setup);
});

testAsync("SocketTransport takes a read of no bytes for what it is", async (t) => {
  const setup = setUp(t);
  const read = setup.near.read.bind(setup.near);
  let left = 3;
  setup.near.read = (memory) => left-- > 0 ? Promise.resolve(0) : read(memory);
  await feed(setup.far, ascii("x"));
  await settle();
  assertEquals(setup.protocol.calls, ["made", "data 1"]);
  await close(setup);
});

testAsync("SocketTransport closes at the end of the stream", async (t) => {
  const { transport, protocol, near, far } = await connected(t);
  await feed(far, ascii("x"));
  await far.closeWrite();
  await settle();
  assertEquals(protocol.calls, ["data 1", "eof", "lost"]);
  assert(near.closed);
  assertEquals(String(transport), "<SocketTransport lost, 0 bytes unsent>");
});

testAsync("SocketTransport stays open for writing when eofReceived() says so", async (t) => {
  const setup = await connected(t);
  const { transport, protocol, far } = setup;
  protocol.keepOpen = true;
  await far.closeWrite();
  await settle();
  // In asyncio, a second pause and resume brings a second eof_received().
  transport.pauseReading();
  transport.resumeReading();
  transport.write(ascii("more"));
  await settle();
  assertEquals(protocol.calls, ["eof"]);
  assertEquals(latin1(await far.readAll()), "more");
  await close(setup);
});

testAsync("SocketTransport keeps the end of the stream for later while paused", async (t) => {
  const { transport, protocol, far } = await connected(t);
  transport.pauseReading();
  await far.closeWrite();
  await settle();
  assertEquals(protocol.calls, []);
  transport.resumeReading();
  await settle();
  assertEquals(protocol.calls, ["eof", "lost"]);
});

// ---- Writing --------------------------------------------------------------------------------------

testAsync(
  "SocketTransport.write() sends every byte in order, however little is taken",
  async (t) => {
    for (const capacity of [1, 7, 512, 100_000]) {
      const setup = await connected(t, { capacity });
      const { transport, far } = setup;
      const length = capacity < 10 ? 2000 : 1_500_000;
      const data = pattern(length);
      const reading = far.readToEnd();
      for (let i = 1, start = 0; start < length; start += i, i = (i * 7) % 600_011) {
        transport.write(data.subarray(start, start + i));
      }
      transport.writeEof();
      assertEquals(await reading, data);
      assertEquals(transport.getWriteBufferSize(), 0);
      await close(setup);
    }
  },
);

testAsync("SocketTransport.write() sends what one pass writes in one piece", async (t) => {
  const setup = await connected(t);
  const { transport, near, far } = setup;
  const piece = pattern(16);
  t.loop.callSoon(() => {
    for (let i = 0; i < 1000; i++) transport.write(piece);
  });
  t.loop.callSoon(() => transport.writelines([piece, piece]));
  await settle();
  assertEquals(near.writes, [16_032]);
  assertEquals(far.available, 16_032);
  await close(setup);
});

testRealLoop(
  "SocketTransport.write() after a promise of the host sends without waiting for more",
  () => new DenoEventLoop(),
  async (t) => {
    const [near] = memoryPair();
    const transport = new SocketTransport(t.loop, near, new Recorder());
    await t.loop.runUntilComplete(async () => {
      // Wherever the loop is: in a pass, waiting for an async function, between passes, parked.
      for (let count = 1; count <= 100; count++) {
        await sleep(0);
        await microtasks(count);
        transport.write(ascii("x"));
        // The loop may just be letting the host poll.
        for (let turns = 0; turns < 50_000 && near.writes.length < count; turns++) await hostTurn();
        assertEquals(near.writes.length, count);
      }
      transport.abort();
      await sleep(0);
    });
  },
);

testAsync("SocketTransport.write() in dataReceived() sends in one piece too", async (t) => {
  const setup = await connected(t);
  const { protocol, near, far } = setup;
  protocol.on.dataReceived = () => {
    for (const word of ["a", "b", "c"]) protocol.transport.write(ascii(word));
  };
  await feed(far, ascii("?"));
  await settle();
  assertEquals(near.writes, [3]);
  await close(setup);
});

testAsync("SocketTransport.write() has copied or sent its argument when it returns", async (t) => {
  const setup = await connected(t, { capacity: 10 });
  const { transport, far } = setup;
  const reading = far.readToEnd();
  const expected: Uint8Array[] = [];
  for (const size of [3, 100, 70_000, 40, 600_000]) {
    const memory = pattern(size);
    expected.push(memory.slice());
    transport.write(memory);
    memory.fill(0);
  }
  transport.writeEof();
  assertEquals(await reading, joined(expected));
  await close(setup);
});

testAsync("SocketTransport.write() takes bytes in any guise, and nothing else", async (t) => {
  const setup = await connected(t);
  const { transport, far } = setup;
  const { buffer } = ascii("abcdef");
  transport.write(new DataView(buffer, 1, 2));
  transport.write(buffer);
  transport.write(new Uint8Array(0));
  transport.write(Uint16Array.of(0x4141));
  await settle();
  assertEquals(latin1(await far.readAll()), "bcabcdefAA");
  assertThrows(() => transport.write("text" as never), TypeError, "encode");
  assertThrows(() => transport.write([1, 2] as never), TypeError, "bytes are needed");
  assertThrows(() => transport.writelines([buffer, 7 as never]), TypeError);
  await settle();
  assertEquals(far.available, 0);
  await close(setup);
});

testAsync(
  "SocketTransport tells the protocol to pause and to resume at the water marks",
  async (t) => {
    const setup = await connected(t, { capacity: 100 });
    const { transport, protocol, far } = setup;
    assertEquals(transport.getWriteBufferLimits(), [16_384, 65_536]);
    transport.setWriteBufferLimits({ high: 1000 });
    assertEquals(transport.getWriteBufferLimits(), [250, 1000]);
    transport.write(pattern(1000));
    assertEquals(protocol.calls, []);
    transport.write(pattern(1));
    assertEquals(protocol.calls, ["pause"], "at once");
    transport.write(pattern(1));
    await settle();
    assertEquals(transport.getWriteBufferSize(), 902);
    await far.readAll();
    await settle();
    assertEquals([transport.getWriteBufferSize(), protocol.calls], [802, ["pause"]]);
    while (transport.getWriteBufferSize() > 250) {
      assertEquals(protocol.calls, ["pause"]);
      await far.readAll();
      await settle();
    }
    assertEquals(protocol.calls, ["pause", "resume"]);
    await close(setup);
  },
);

testAsync("SocketTransport.setWriteBufferLimits() checks and completes the marks", async (t) => {
  const setup = await connected(t, { capacity: 1 });
  const { transport, protocol } = setup;
  transport.setWriteBufferLimits({ low: 10 });
  assertEquals(transport.getWriteBufferLimits(), [10, 40]);
  assertThrows(() => transport.setWriteBufferLimits({ high: 5, low: 6 }), RangeError, "high (5)");
  assertThrows(() => transport.setWriteBufferLimits({ low: -1 }), RangeError);
  assertThrows(() => transport.setWriteBufferLimits({ high: NaN }), RangeError);
  assertEquals(transport.getWriteBufferLimits(), [10, 40]);
  transport.write(pattern(30));
  assertEquals(protocol.calls, []);
  transport.setWriteBufferLimits({ high: 0 });
  assertEquals(protocol.calls, ["pause"]);
  await close(setup);
});

testAsync("SocketTransport reports what pauseWriting() and resumeWriting() throw", async (t) => {
  const setup = await connected(t, { capacity: 10 });
  const { transport, protocol, far } = setup;
  const fail = () => {
    throw new RangeError("no");
  };
  protocol.on = { pauseWriting: fail, resumeWriting: fail };
  transport.setWriteBufferLimits({ high: 10 });
  transport.write(pattern(15));
  await settle();
  await far.readAll();
  await settle();
  assertEquals(protocol.calls, ["pause", "resume"]);
  assertEquals(t.takeMessages(), [
    "protocol.pauseWriting() failed",
    "protocol.resumeWriting() failed",
  ]);
  assertEquals(transport.isClosing(), false);
  await close(setup);
});

testAsync("SocketTransport.writeEof() ends the stream after what was written", async (t) => {
  const setup = await connected(t, { capacity: 5 });
  const { transport, protocol, far } = setup;
  protocol.keepOpen = true;
  assertEquals(transport.canWriteEof(), true);
  transport.write(ascii("goodbye"));
  transport.writeEof();
  transport.writeEof();
  assertThrows(() => transport.write(ascii("x")), RuntimeError, "writeEof()");
  assertEquals(latin1(await far.readToEnd()), "goodbye");
  await feed(far, ascii("still"));
  await settle();
  assertEquals(protocol.calls, ["data 5"]);
  await close(setup);
});

testAsync(
  "SocketTransport.writeEof() is refused by a connection without a half-close",
  async (t) => {
    const [near] = memoryPair();
    Object.defineProperty(near, "closeWrite", { value: undefined });
    const transport = new SocketTransport(t.loop, near, new Recorder());
    await settle();
    assertEquals(transport.canWriteEof(), false);
    assertThrows(() => transport.writeEof(), NotImplementedError, "half-close");
    await close({ transport, near });
  },
);

// ---- The end --------------------------------------------------------------------------------------

testAsync(
  "SocketTransport.close() sends what was written, and delivers nothing more",
  async (t) => {
    const { transport, protocol, near, far } = await connected(t, { capacity: 5 });
    far.write(ascii("unread"));
    transport.write(ascii("goodbye"));
    transport.close();
    transport.close();
    assertEquals([transport.isClosing(), transport.isReading()], [true, false]);
    transport.write(ascii("too late"));
    transport.resumeReading();
    await settle();
    assertEquals([protocol.calls, near.closed], [[], false]);
    assertEquals(latin1(await far.readToEnd()), "goodbye");
    await settle();
    assertEquals([protocol.calls, near.closed], [["lost"], true]);
    transport.abort();
    await settle();
    assertEquals(protocol.calls, ["lost"]);
  },
);

testAsync(
  "SocketTransport calls connectionLost() in its turn, not inside close() or abort()",
  async (t) => {
    for (const end of ["close", "abort"] as const) {
      const { transport, protocol } = await connected(t);
      t.loop.callSoon(() => protocol.calls.push("before"));
      transport[end]();
      t.loop.callSoon(() => protocol.calls.push("after"));
      assertEquals(protocol.calls, []);
      await settle();
      assertEquals(protocol.calls, ["before", "lost", "after"]);
    }
  },
);

testAsync(
  "SocketTransport.close() before the loop has begun still makes the connection first",
  async (t) => {
    const { transport, protocol, near } = setUp(t);
    transport.close();
    await settle();
    assertEquals(protocol.calls, ["made", "lost"]);
    assertEquals(near.reads, []);
  },
);

testAsync(
  "SocketTransport.close() drops a read that has come back but was not delivered",
  async (t) => {
    const { transport, protocol, far } = await connected(t);
    transport.pauseReading();
    await feed(far, ascii("x"));
    await settle();
    transport.close();
    await settle();
    assertEquals(protocol.calls, ["lost"]);
  },
);

testAsync("SocketTransport.abort() drops what could not be sent at once", async (t) => {
  const { transport, protocol, near, far } = await connected(t, { capacity: 5 });
  transport.write(ascii("goodbye"));
  transport.abort();
  assertEquals(transport.getWriteBufferSize(), 0);
  await settle();
  assertEquals([protocol.calls, near.closed], [["lost"], true]);
  assertEquals([near.writes, latin1(await far.readToEnd())], [[7], "goodb"]);
});

testLoop("SocketTransport sends what was written before the loop is stopped", async (t) => {
  const setup = setUp(t);
  const run = (work: () => void) => {
    t.loop.callLater(1, () => {
      work();
      t.loop.stop();
    });
    return t.loop.runForever();
  };
  await run(() => setup.transport.write(ascii("last words")));
  assertEquals(setup.near.writes, [10]);
  await run(() => setup.transport.abort());
  await run(() => {});
  assert(setup.near.closed);
});

testAsync("SocketTransport.write() bears a lost connection, and warns once", async (t) => {
  const { transport } = await connected(t);
  const early = await warningsOf(async () => {
    transport.close();
    for (let i = 0; i < 4; i++) transport.write(ascii("x"));
    await settle();
  });
  const late = await warningsOf(async () => {
    for (let i = 0; i < 10; i++) transport.write(ascii("x"));
    await settle();
  });
  assertEquals([early.length, late.length], [0, 1]);
});

testAsync("SocketTransport lets a protocol pause that writes to a lost connection", async (t) => {
  const { transport, protocol } = await connected(t);
  transport.abort();
  const piece = pattern(10_000);
  await warningsOf(async () => {
    for (let i = 0; i < 1000 && !protocol.calls.includes("pause"); i++) transport.write(piece);
    await settle();
    assertEquals(protocol.calls, ["pause", "lost"]);
    for (let i = 0; i < 10; i++) transport.write(piece);
    await settle();
  });
  assertEquals(protocol.calls, ["pause", "lost"]);
});

for (const kind of ["read", "write"] as const) {
  testAsync(
    `SocketTransport ends with the error of a failed ${kind}, and tells nobody else`,
    async (t) => {
      const { transport, protocol, near } = await connected(t, { capacity: 1 });
      if (kind === "write") {
        transport.pauseReading();
        transport.write(ascii("abc"));
        await settle();
      }
      const error = new Deno.errors.ConnectionReset("Connection reset by peer");
      near.fail(error);
      await settle();
      assertStrictEquals(protocol.lostWith, error);
      assertEquals([protocol.calls.length, near.closed], [1, true]);
    },
  );
}

testAsync("SocketTransport reports an error that no host has", async (t) => {
  const { protocol, near } = await connected(t);
  const error = new RangeError("a bug");
  near.fail(error);
  await settle();
  assertStrictEquals(protocol.lostWith, error);
  assertEquals(t.takeMessages(), ["Fatal read error on a socket transport"]);
});

testAsync("SocketTransport ends when a connection takes nothing of a write", async (t) => {
  const { transport, protocol, near } = await connected(t);
  near.write = () => Promise.resolve(0);
  transport.write(ascii("x"));
  await settle();
  assertInstanceOf(protocol.lostWith, Deno.errors.WriteZero);
});

testAsync("SocketTransport bears connections that throw instead of rejecting", async (t) => {
  for (const method of ["read", "write", "closeWrite", "close"] as const) {
    const setup = setUp(t);
    const error = new Deno.errors.BadResource("Bad resource ID");
    setup.near[method] = () => {
      throw error;
    };
    await settle();
    setup.transport.write(ascii("x"));
    setup.transport.writeEof();
    await settle();
    setup.transport.abort();
    await settle();
    assertEquals(setup.protocol.lostWith, method === "close" ? undefined : error);
  }
});

testAsync("SocketTransport ends and reports when the protocol fails", async (t) => {
  for (const method of ["dataReceived", "eofReceived"] as const) {
    const { protocol, near, far } = await connected(t);
    const error = new RangeError("no");
    protocol.on[method] = () => {
      throw error;
    };
    await feed(far, ascii("x"));
    await far.closeWrite();
    await settle();
    assertStrictEquals(protocol.lostWith, error);
    assert(near.closed);
    const [report] = t.takeReports();
    assertEquals(report!.message, `Fatal error: protocol.${method}() failed`);
    assertStrictEquals(report!.protocol, protocol);
  }
});

testAsync("SocketTransport closes the connection when connectionLost() fails", async (t) => {
  const setup = await connected(t);
  setup.protocol.on.connectionLost = () => {
    throw new RangeError("no");
  };
  await close(setup);
  assertEquals(t.takeMessages(), ["protocol.connectionLost() failed"]);
});

// ---- Protocols that lend memory, and changes of protocol --------------------------------------------

testAsync("SocketTransport reads straight into the memory of a BufferedProtocol", async (t) => {
  const protocol = new BufferedRecorder(10);
  const setup = setUp(t, {}, protocol);
  await settle();
  assertStrictEquals(setup.near.lastRead, protocol.memory);
  await feed(setup.far, ascii("hello, world"));
  await settle();
  assertEquals(latin1(protocol.received), "hello, world");
  assertEquals(protocol.calls, ["get -1", "updated 10", "get -1", "updated 2", "get -1"]);
  await setup.far.closeWrite();
  await settle();
  assertEquals(protocol.calls.at(-1), "lost");
});

testAsync("SocketTransport asks a paused BufferedProtocol for nothing", async (t) => {
  const protocol = new BufferedRecorder(10);
  const setup = setUp(t, {}, protocol);
  setup.transport.pauseReading();
  await settle();
  assertEquals(protocol.calls, []);
  setup.transport.resumeReading();
  assertEquals(protocol.calls, [], "never from inside a call");
  await settle();
  assertEquals(protocol.calls, ["get -1"]);
  await close(setup);
});

testAsync("SocketTransport ends when a BufferedProtocol lends nothing usable", async (t) => {
  for (const memory of [new Uint8Array(0), "memory" as never]) {
    const protocol = new BufferedRecorder(1);
    protocol.getBuffer = () => memory;
    const { near } = setUp(t, {}, protocol);
    await settle();
    assert(near.closed);
    assertEquals(t.takeMessages(), ["Fatal error: protocol.getBuffer() failed"]);
  }
});

testAsync(
  "SocketTransport.setProtocol() passes a pending read on to the new protocol",
  async (t) => {
    const setup = await connected(t);
    const { transport, protocol, far } = setup;
    const buffered = new BufferedRecorder(4);
    transport.setProtocol(buffered);
    assertStrictEquals(transport.getProtocol(), buffered);
    await feed(far, ascii("abcdefghij"));
    await settle();
    assertEquals(latin1(buffered.received), "abcdefghij");
    assertEquals(buffered.calls.slice(0, 2), ["get 10", "updated 4"]);
    const second = new BufferedRecorder(100);
    transport.setProtocol(second);
    await feed(far, ascii("klm"));
    await settle();
    assertEquals(latin1(second.received), "klm");
    transport.setProtocol(protocol);
    await feed(far, ascii("nop"));
    await settle();
    assertEquals(latin1(protocol.received), "nop");
    second.memory.fill(0);
    assertEquals(latin1(protocol.received), "nop", "the memory is the new protocol's own");
    await close(setup);
  },
);

testAsync(
  "SocketTransport keeps the rest when a new BufferedProtocol pauses between pieces",
  async (t) => {
    const setup = await connected(t);
    const { transport, protocol, far } = setup;
    const buffered = new BufferedRecorder(4);
    buffered.onUpdated = () => transport.pauseReading();
    transport.setProtocol(buffered);
    await feed(far, ascii("abcdefghij"));
    await settle();
    assertEquals(latin1(buffered.received), "abcd");
    transport.resumeReading();
    await settle();
    assertEquals(latin1(buffered.received), "abcdefgh");
    transport.setProtocol(protocol);
    transport.resumeReading();
    await settle();
    assertEquals([latin1(protocol.received), protocol.calls], ["ij", ["data 2"]]);
    await close(setup);
  },
);

testAsync("SocketTransport takes any object with the methods of a protocol", async (t) => {
  const calls: string[] = [];
  const protocol = {
    connectionMade: (transport: Transport) => transport.write(ascii("hello")),
    dataReceived: (data: Uint8Array) => void calls.push(latin1(data)),
    eofReceived: () => undefined,
    pauseWriting() {},
    resumeWriting() {},
    connectionLost: () => void calls.push("lost"),
  };
  const { far } = setUp(t, {}, protocol);
  await settle();
  assertEquals(latin1(await far.readAll()), "hello");
  await feed(far, ascii("you"));
  await far.closeWrite();
  await settle();
  assertEquals(calls, ["you", "lost"]);
});

testAsync(
  "SocketTransport.getExtraInfo() knows the connection, also when it is lost",
  async (t) => {
    const setup = await connected(t, { extra: { peername: "somebody", detail: 1 } });
    const { transport, near } = setup;
    await close(setup);
    const info = ["socket", "peername", "sockname", "detail", "other"].map((name) =>
      transport.getExtraInfo(name, "default")
    );
    assertEquals(info, [near, "somebody", near.localAddr, 1, "default"]);
    const plain = await connected(t);
    assertEquals(plain.transport.getExtraInfo("peername"), plain.near.remoteAddr);
    await close(plain);
  },
);
