/**
 * What holds for every stream transport: the order of calls, flow control, and how connections end.
 * Real sockets and pipes in real time.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { NotImplementedError, sleep } from "../../futures/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import { Protocol } from "../../transports/protocol.ts";
import type { Transport } from "../../transports/transport.ts";
import { collectGarbage, testRealLoop, type Trial } from "../_helpers.ts";
import { KINDS, type Pair, type TransportKind } from "./_kinds.ts";
import { ascii, assertPattern, pattern, Recorder } from "./_recorder.ts";

type Net = Trial<DenoEventLoop>;

/** A test of one kind, with both ends connected; they are dropped in the end. */
type Contract = (
  t: Net,
  ends: { near: Transport; far: Transport; writer: Recorder; reader: Recorder },
  kind: TransportKind,
) => Promise<void>;

function contract(
  name: string,
  test: Contract,
  before: (ends: { writer: Recorder; reader: Recorder }) => void = () => {},
  applies: (kind: TransportKind) => boolean = () => true,
): void {
  for (const kind of KINDS.filter(applies)) {
    const full = `${kind.name}: ${name}`;
    if (kind.missing !== undefined) {
      Deno.test.ignore(`${full} (needs ${kind.missing})`, () => {});
      continue;
    }
    testRealLoop(full, () => new DenoEventLoop(), (t) =>
      t.loop.runUntilComplete(async () => {
        const [writer, reader] = [new Recorder(), new Recorder()];
        before({ writer, reader });
        const [near, far] = await kind.connect(t, writer, reader);
        await test(t, { near, far, writer, reader }, kind);
        await drop([near, far], writer, reader);
        for (const { calls } of [writer, reader]) assertInOrder(calls);
      }));
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

// A protocol whose handshake the other end has broken off is never told anything.
const isLost = ({ calls }: Recorder) =>
  calls.length === 0 || calls.some((call) => call.startsWith("lost"));

async function drop(pair: Pair, ...recorders: Recorder[]): Promise<void> {
  // A pipe that is read can only be closed.
  for (const transport of pair) {
    if (typeof transport.abort === "function") transport.abort();
    else transport.close();
  }
  await until(() => recorders.every(isLost));
}

/** The order that a protocol may rely on, whatever happens. */
function assertInOrder(calls: readonly string[]): void {
  const text = calls.map((call) => call.replace(/^(\w+)[ :].*/, "$1")).join(" ");
  assert(!calls.some((call) => call.includes("outside")), calls.join());
  assert(
    text === "" || /^made( data| pause| resume)*( eof)?( pause| resume)* lost( pause)?$/.test(text),
    text.replace(/( data)+/g, " data…"),
  );
  const flow = text.match(/pause|resume/g) ?? [];
  assert(flow.every((call, i) => call === (i % 2 === 0 ? "pause" : "resume")), text);
}

// ---- Bytes ----------------------------------------------------------------------------------------

contract("calls come in order, each from the loop", async (_t, { near, writer, reader }) => {
  await until(() => reader.calls.length > 0);
  assertEquals([writer.calls[0], reader.calls[0]], ["made", "made"]);
  near.write(ascii("hello"));
  await until(() => reader.chunks.length > 0);
  near.close();
  assert(!isLost(writer), "connectionLost() is not called from inside close()");
  assert(near.isClosing());
  near.close();
  await until(() => isLost(reader) && isLost(writer));
  assertEquals(reader.calls, ["made", "data 5", "eof", "lost"]);
  assertEquals(writer.calls.at(-1), "lost");
});

/** A protocol that checks the pattern and keeps nothing. */
class Checker extends Protocol {
  received = 0;
  wrong: number | undefined = undefined;
  ended = false;
  readonly #table = pattern(2 * 65_536);

  override dataReceived(data: Uint8Array): void {
    // The pattern repeats itself.
    for (let done = 0; done < data.length; done += 65_536) {
      const part = data.subarray(done, done + 65_536);
      const at = (this.received + done) % 65_536;
      for (let i = 0; i < part.length; i++) {
        if (part[i] !== this.#table[at + i]) this.wrong ??= this.received + done + i;
      }
    }
    this.received += data.length;
  }

  override connectionLost(): void {
    this.ended = true;
  }
}

const SIZES = [0, 1, 0, 511, 512, 513, 65_535, 65_536, 65_537, 1_000_003, 0, 7, 67_108_864];

contract("writes of 0 bytes to 64 MiB arrive, every byte in its place", async (_t, ends) => {
  const { near, far, writer } = ends;
  const checker = new Checker();
  far.setProtocol(checker);
  let sent = 0;
  for (const size of SIZES) {
    // Large blocks one after the other: the pattern of 64 MiB is that of 64 KiB, many times.
    const bytes = pattern(size, sent);
    near.write(bytes);
    bytes.fill(0);
    sent += size;
    if (size % 2 === 1) await until(() => checker.received === sent);
  }
  near.close();
  await until(() => checker.ended && isLost(writer));
  assertEquals([checker.wrong, checker.received], [undefined, sent]);
  // The end was told to the checker.
  ends.reader.calls.push("lost");
});

contract("bytes whose memory is given away arrive in order with others", async (_t, ends) => {
  const { near, far, writer } = ends;
  const checker = new Checker();
  far.setProtocol(checker);
  let sent = 0;
  for (let i = 0; i < 300; i++) {
    const size = [1, 20_000, 8192, 8191, 300_000, 70_000, 0][i % 7]!;
    const bytes = inOtherMemory(pattern(size, sent), i);
    sent += size;
    near.write(bytes, { transfer: i % 3 > 0 });
    // What is given away is not used again; the rest may be.
    if (i % 3 === 0) bytes.fill(0);
    if (i % 10 === 0) await sleep(0);
  }
  near.close();
  await until(() => checker.ended && isLost(writer));
  assertEquals([checker.wrong, checker.received], [undefined, sent]);
  ends.reader.calls.push("lost");
});

contract("what was given away cannot be written again", async (_t, { near, writer, reader }) => {
  const bytes = pattern(20_000);
  near.write(bytes, { transfer: true });
  // Not every transport takes it.
  if (bytes.length === 0) assertThrows(() => near.write(bytes), TypeError, "given away");
  const gone = pattern(10);
  gone.buffer.transfer();
  assertThrows(() => near.write(gone), TypeError, "given away");
  near.write(new Uint8Array(0));
  near.close();
  await until(() => isLost(reader) && isLost(writer));
  assertPattern(reader.received, 20_000);
});

/** Alone in its memory, in the middle of some, or in memory that can't be taken. */
function inOtherMemory(bytes: Uint8Array<ArrayBuffer>, i: number): Uint8Array {
  let memory: Uint8Array;
  switch (i % 4) {
    case 0:
      return bytes;
    case 1:
      memory = new Uint8Array(bytes.length + 100).subarray(50, 50 + bytes.length);
      break;
    case 2:
      memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
      break;
    default:
      memory = new Uint8Array(new WebAssembly.Memory({ initial: 5 }).buffer, 1, bytes.length);
  }
  memory.set(bytes);
  return memory;
}

contract(
  "a protocol that gives away most of what it was given echoes all of it, and the rest stays as it is",
  async (_t, { near, far, writer, reader }) => {
    const kept: [data: Uint8Array, start: number][] = [];
    let [echoed, got] = [0, 0];
    reader.on.dataReceived = (data: Uint8Array<ArrayBuffer>) => {
      reader.chunks.length = 0;
      const transfer = data.length % 5 > 0;
      if (!transfer) kept.push([data, echoed]);
      echoed += data.length;
      far.write(data, { transfer });
    };
    writer.on.dataReceived = (data: Uint8Array<ArrayBuffer>) => {
      writer.chunks.length = 0;
      assertPattern(data, data.length, got);
      got += data.length;
      // So that the echo is taken in part, and waits.
      if (got % 7 !== 0) return;
      near.pauseReading();
      setTimeout(() => near.resumeReading(), 1);
    };
    let sent = 0;
    for (let i = 0; i < 120; i++) {
      const size = [100_000, 10, 66_000, 1_000_001, 4096, 16_384][i % 6]! + i;
      near.write(pattern(size, sent), { transfer: true });
      sent += size;
      if (i % 2 === 0) await until(() => got === sent || isLost(writer));
    }
    await until(() => got === sent || isLost(writer));
    assertEquals(got, sent);
    assert(kept.length > 5);
    for (const [data, start] of kept) assertPattern(data, data.length, start);
  },
  undefined,
  ({ duplex }) => duplex,
);

contract(
  "a protocol may give away what it gets to a peer that reads none of it for long",
  async (_t, { near, far, writer, reader }) => {
    const size = 16_000_000;
    let [echoed, got] = [0, 0];
    reader.on.dataReceived = (data: Uint8Array<ArrayBuffer>) => {
      reader.chunks.length = 0;
      echoed += data.length;
      far.write(data, { transfer: true });
    };
    writer.on.dataReceived = (data: Uint8Array<ArrayBuffer>) => {
      writer.chunks.length = 0;
      assertPattern(data, data.length, got);
      got += data.length;
    };
    near.pauseReading();
    const bytes = pattern(size);
    // In messages, so that each is long enough to be given away.
    for (let at = 0; at < size; at += 100_000) {
      near.write(bytes.subarray(at, at + 100_000));
      if (at % 1_000_000 === 0) await until(() => near.getWriteBufferSize() === 0);
    }
    await until(() => echoed === size);
    near.resumeReading();
    await until(() => got === size || isLost(writer));
    assertEquals(got, size);
  },
  undefined,
  ({ duplex }) => duplex,
);

contract("what a protocol was given stays as it is", async (_t, { near, writer, reader }) => {
  for (let i = 0; i < 50; i++) {
    near.write(pattern(3000, i * 3000));
    if (i % 7 === 0) await sleep(1);
  }
  near.close();
  await until(() => isLost(reader) && isLost(writer));
  assertPattern(reader.received, 150_000);
});

contract(
  "close() sends what was written, and delivers nothing more",
  async (_t, ends) => {
    const { near, far, writer, reader } = ends;
    near.write(pattern(5_000_000));
    near.close();
    far.write(ascii("too late"));
    await until(() => isLost(reader) && isLost(writer));
    assertPattern(reader.received, 5_000_000);
    assertEquals(writer.chunks, []);
  },
  undefined,
  ({ duplex, name }) => duplex && !name.startsWith("Unix"),
);

contract(
  "half-closing ends one direction only",
  async (_t, ends) => {
    const { near, far, writer, reader } = ends;
    assert(near.canWriteEof());
    near.write(pattern(200_000));
    near.writeEof();
    await until(() => reader.calls.at(-1) === "eof");
    assertPattern(reader.received, 200_000);
    far.write(pattern(200_000));
    far.close();
    await until(() => isLost(reader) && isLost(writer));
    assertPattern(writer.received, 200_000);
    assertEquals(writer.calls.slice(-2), ["eof", "lost"]);
  },
  ({ reader }) => reader.keepOpen = true,
  ({ halfClose }) => halfClose,
);

contract(
  "there is no half-closing, and asking for it says so",
  (_t, { near }) => {
    assert(!near.canWriteEof());
    assertThrows(() => near.writeEof(), NotImplementedError);
    return Promise.resolve();
  },
  undefined,
  ({ halfClose, duplex }) => duplex && !halfClose,
);

// ---- Flow control ---------------------------------------------------------------------------------

contract("pauseReading() in connectionMade() holds until resumeReading()", async (_t, ends) => {
  const { near, far, reader } = ends;
  near.write(ascii("hello"));
  await sleep(20);
  assertEquals(reader.calls, ["made"]);
  assert(!far.isReading());
  far.resumeReading();
  await until(() => reader.received.length === 5);
}, ({ reader }) => reader.on.connectionMade = (transport: Transport) => transport.pauseReading());

contract("pauseReading() in dataReceived() stops delivery at once", async (_t, ends) => {
  const { near, far, reader } = ends;
  near.write(pattern(300_000));
  let length = 0;
  let rounds = 0;
  while (length < 300_000) {
    await until(() => reader.received.length > length);
    length = reader.received.length;
    const { length: calls } = reader.calls;
    if (rounds++ < 5) await sleep(5);
    assertEquals(reader.calls.length, calls);
    far.resumeReading();
  }
  assertPattern(reader.received, 300_000);
}, ({ reader }) => reader.on.dataReceived = () => reader.transport.pauseReading());

contract("a stalled reader pauses the writer, and little is in memory", async (_t, ends) => {
  const { near, far, writer, reader } = ends;
  far.pauseReading();
  let [paused, sent] = [false, 0];
  writer.on.pauseWriting = () => {
    paused = true;
    assert(near.getWriteBufferSize() > near.getWriteBufferLimits()[1]);
  };
  writer.on.resumeWriting = () => {
    paused = false;
    assert(near.getWriteBufferSize() <= near.getWriteBufferLimits()[0]);
  };
  await collectGarbage();
  const before = Deno.memoryUsage().external;
  const chunk = pattern(10_000);
  for (let quiet = 0; quiet < 30; quiet = paused ? quiet + 1 : 0) {
    while (!paused) {
      near.write(chunk);
      sent += chunk.length;
    }
    await sleep(1);
  }
  const unsent = near.getWriteBufferSize();
  assert(unsent <= near.getWriteBufferLimits()[1] + chunk.length, `${unsent} bytes unsent`);
  await collectGarbage();
  const grown = Deno.memoryUsage().external - before;
  assert(grown < 4_000_000, `${grown} bytes more in memory`);
  far.resumeReading();
  await until(() => reader.received.length === sent && !paused);
});

contract("water marks are those that were set", async (_t, { near, far, writer, reader }) => {
  far.pauseReading();
  near.setWriteBufferLimits({ high: 200_000, low: 1000 });
  assertEquals(near.getWriteBufferLimits(), [1000, 200_000]);
  let sent = 0;
  while (!writer.calls.includes("pause")) {
    near.write(pattern(50_000));
    sent += 50_000;
    if (sent % 1_000_000 === 0) await sleep(1);
  }
  assert(near.getWriteBufferSize() > 200_000);
  far.resumeReading();
  await until(() => writer.calls.includes("resume") && reader.received.length === sent);
  assertThrows(() => near.setWriteBufferLimits({ high: 1, low: 2 }), RangeError);
  near.setWriteBufferLimits({ high: 0 });
  near.write(ascii("!"));
  await until(() => reader.received.length === sent + 1 && writer.calls.at(-1) === "resume");
});

// ---- The end, from every callback -----------------------------------------------------------------

type Method = "connectionMade" | "dataReceived" | "eofReceived" | "pauseWriting" | "resumeWriting";

/** Lets every callback come. */
async function converse(near: Transport, far: Transport, t: Net): Promise<void> {
  if (!far.isClosing()) far.pauseReading();
  for (let i = 0; i < 400 && !near.isClosing(); i++) near.write(pattern(20_000));
  await sleep(1);
  if (!far.isClosing()) far.resumeReading();
  t.loop.callLater(30, () => near.close());
}

for (const end of ["close", "abort"] as const) {
  for (
    const method of [
      "connectionMade",
      "dataReceived",
      "eofReceived",
      "pauseWriting",
      "resumeWriting",
      "connectionLost",
    ] as const
  ) {
    contract(`${end}() in ${method}() ends both sides, once`, async (t, ends) => {
      await converse(ends.near, ends.far, t);
      await until(() => isLost(ends.reader) && isLost(ends.writer));
      // Nothing comes after the end.
      await sleep(5);
      for (const { lostWith, calls } of [ends.writer, ends.reader]) {
        if (calls.length === 0) continue;
        // The other end may have been reset in the middle of a write.
        assert(lostWith === undefined || lostWith instanceof Error, String(lostWith));
      }
    }, ({ writer, reader }) => {
      for (const recorder of [writer, reader]) {
        recorder.on[method] = () => {
          const { transport } = recorder;
          if (typeof transport[end] === "function") transport[end]();
        };
      }
    });
  }
}

const FATAL: readonly Method[] = ["dataReceived", "eofReceived"];

for (const method of ["connectionMade", "pauseWriting", "resumeWriting", ...FATAL] as const) {
  contract(`a protocol whose ${method}() fails is reported`, async (t, ends) => {
    await converse(ends.near, ends.far, t);
    await until(() => isLost(ends.reader) && isLost(ends.writer));
    const reports = t.takeReports();
    assert(reports.length >= 1);
    for (const { exception, message } of reports) {
      assert(exception instanceof RangeError, message);
      assert(message.includes(`${method}() failed`), message);
    }
    if (FATAL.includes(method)) assert(ends.reader.lostWith instanceof RangeError);
  }, ({ writer, reader }) => {
    for (const recorder of [writer, reader]) {
      recorder.on[method] = () => {
        throw new RangeError("on purpose");
      };
    }
  });
}

/** Has an async method fail after what it does otherwise, in microtasks of its own. */
function makeAsync(recorder: Recorder, method: keyof Protocol): void {
  const original = recorder[method] as (...args: unknown[]) => unknown;
  const fail = async (...args: unknown[]) => {
    original.apply(recorder, args);
    await undefined;
    throw new RangeError("on purpose");
  };
  Object.assign(recorder, { [method]: fail });
}

for (
  const method of [
    "connectionMade",
    "pauseWriting",
    "resumeWriting",
    "connectionLost",
    ...FATAL,
  ] as const
) {
  const isFatal = FATAL.some((each) => each === method);
  contract(`a protocol whose ${method}() is async and fails is reported`, async (t, ends) => {
    await converse(ends.near, ends.far, t);
    // Whose eofReceived() returns a promise has said that the connection is to be kept.
    await until(() => isLost(ends.reader));
    ends.near.abort();
    await until(() => isLost(ends.writer));
    await sleep(1);
    const reports = t.takeReports();
    assert(reports.length >= 1);
    for (const { exception, message } of reports) {
      assert(exception instanceof RangeError, message);
      const fatal = isFatal ? "Fatal error: " : "";
      assertEquals(message, `${fatal}protocol.${method}() failed`);
    }
    if (method === "dataReceived") assert(ends.reader.lostWith instanceof RangeError);
  }, ({ writer, reader }) => {
    for (const recorder of [writer, reader]) makeAsync(recorder, method);
  });
}

contract(
  "a protocol whose connectionLost() fails is reported once",
  async (t, { near, ...ends }) => {
    near.close();
    await until(() => isLost(ends.writer) && isLost(ends.reader));
    await sleep(1);
    assertEquals(t.takeMessages(), ["protocol.connectionLost() failed"]);
  },
  ({ writer }) => {
    writer.on.connectionLost = () => {
      throw new RangeError("on purpose");
    };
  },
);
