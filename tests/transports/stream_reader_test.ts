/** `StreamReader`, fed by hand. */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { CancelledError, createTask, RuntimeError, sleep } from "../../futures/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import { IncompleteReadError, LimitOverrunError } from "../../transports/stream_errors.ts";
import { StreamReader } from "../../transports/stream_reader.ts";
import { errorOf, hostTurn, passes, testAsync, testProgram, testRealLoop } from "../_helpers.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** A transport that only notes whether it is paused. */
class NotedTransport {
  calls: string[] = [];

  pauseReading(): void {
    this.calls.push("pause");
  }

  resumeReading(): void {
    this.calls.push("resume");
  }
}

/** A reader that has been fed pieces, and perhaps the end. */
function fed(pieces: readonly string[], { eof = true, limit = 65_536 } = {}): StreamReader {
  const reader = new StreamReader({ limit });
  for (const piece of pieces) reader.feedData(bytes(piece));
  if (eof) reader.feedEof();
  return reader;
}

testProgram("StreamReader.read() gives everything up to the end", function* (t) {
  assertEquals(text(yield* t.wait(fed(["ab", "cd", "e"]).read())), "abcde");
  assertEquals(text(yield* t.wait(fed([]).read())), "");
});

testProgram("StreamReader.read(n) gives what is there, and no more than n", function* (t) {
  const reader = fed(["abc", "def"]);
  assertEquals(text(yield* t.wait(reader.read(0))), "");
  assertEquals(text(yield* t.wait(reader.read(4))), "abcd");
  assertEquals(text(yield* t.wait(reader.read(4))), "ef");
  assertEquals(text(yield* t.wait(reader.read(4))), "");
  assert(reader.atEof());
});

testProgram("StreamReader.read(n) waits for the first byte", function* (t) {
  const reader = fed([], { eof: false });
  t.loop.callLater(5, () => reader.feedData(bytes("late")));
  assertEquals(text(yield* t.wait(reader.read(10))), "late");
  assertEquals(t.loop.time(), 5);
});

testProgram(
  "StreamReader.readline() gives lines with their newlines, and then the rest",
  function* (t) {
    const reader = fed(["one\ntw", "o\n", "rest"]);
    assertEquals(text(yield* t.wait(reader.readline())), "one\n");
    assertEquals(text(yield* t.wait(reader.readline())), "two\n");
    assertEquals(text(yield* t.wait(reader.readline())), "rest");
    assertEquals(text(yield* t.wait(reader.readline())), "");
  },
);

testProgram("StreamReader.readline() over the limit fails and loses no byte", function* (t) {
  const found = fed(["1234567\nnext\n"], { limit: 4 });
  const error = yield* errorOf(t.wait(found.readline()));
  assertInstanceOf(error, LimitOverrunError);
  assertEquals(error.consumed, 7);
  assertEquals(text(yield* t.wait(found.readexactly(8))), "1234567\n");
  assertEquals(text(yield* t.wait(found.readline())), "next\n");

  const none = fed(["123456"], { limit: 4, eof: false });
  assertInstanceOf(yield* errorOf(t.wait(none.readline())), LimitOverrunError);
  assertEquals(text(yield* t.wait(none.read(100))), "123456");
});

testProgram("StreamReader.readline({ limit }) has its own limit for one call", function* (t) {
  const reader = fed(["123456\n"], { limit: 4 });
  assertInstanceOf(yield* errorOf(t.wait(reader.readline())), LimitOverrunError);
  assertEquals(text(yield* t.wait(reader.readline({ limit: 6 }))), "123456\n");
});

testProgram("StreamReader.readuntil() finds a separator that is cut between chunks", function* (t) {
  const reader = fed(["a", "bcSE", "P", "ARATORrest"], { eof: false });
  assertEquals(text(yield* t.wait(reader.readuntil(bytes("SEPARATOR")))), "abcSEPARATOR");
  assertEquals(text(yield* t.wait(reader.read(100))), "rest");
});

testProgram("StreamReader.readuntil() takes the separator that ends first", function* (t) {
  const several = [bytes("\r\n"), bytes("\n"), bytes("!!")];
  const reader = fed(["ab\r\ncd\nef!!\r\n"]);
  assertEquals(text(yield* t.wait(reader.readuntil(several))), "ab\r\n");
  assertEquals(text(yield* t.wait(reader.readuntil(several))), "cd\n");
  assertEquals(text(yield* t.wait(reader.readuntil(several))), "ef!!");
  assertEquals(text(yield* t.wait(reader.readuntil(several))), "\r\n");
});

testProgram("StreamReader.readuntil() at the end hands over what came", function* (t) {
  const reader = fed(["partSE"]);
  const error = yield* errorOf(t.wait(reader.readuntil(bytes("SEP"))));
  assertInstanceOf(error, IncompleteReadError);
  assertEquals([text(error.partial), error.expected], ["partSE", undefined]);
  assertEquals(text(yield* t.wait(reader.read())), "");
});

testProgram(
  "StreamReader.readexactly() waits for so many bytes, beyond the limit too",
  function* (t) {
    const reader = fed(["abc"], { limit: 2, eof: false });
    const transport = new NotedTransport();
    reader.setTransport(transport);
    t.loop.callLater(1, () => reader.feedData(bytes("defgh")));
    t.loop.callLater(2, () => reader.feedData(bytes("ij")));
    assertEquals(text(yield* t.wait(reader.readexactly(9))), "abcdefghi");
    assertEquals(text(yield* t.wait(reader.readexactly(0))), "");
  },
);

testProgram("StreamReader.readexactly() at the end hands over what came", function* (t) {
  const error = yield* errorOf(t.wait(fed(["abc"]).readexactly(5)));
  assertInstanceOf(error, IncompleteReadError);
  assertEquals([text(error.partial), error.expected], ["abc", 5]);
});

testProgram(
  "StreamReader pauses its transport above twice the limit, and resumes it",
  function* (t) {
    const reader = new StreamReader({ limit: 4 });
    const transport = new NotedTransport();
    reader.setTransport(transport);
    reader.feedData(bytes("12345678"));
    assertEquals(transport.calls, []);
    reader.feedData(bytes("9"));
    assertEquals(transport.calls, ["pause"]);
    yield* t.wait(reader.read(4));
    assertEquals(transport.calls, ["pause"]);
    yield* t.wait(reader.read(1));
    assertEquals(transport.calls, ["pause", "resume"]);
  },
);

testProgram("StreamReader resumes a paused transport for a read that needs more", function* (t) {
  const reader = new StreamReader({ limit: 2 });
  const transport = new NotedTransport();
  reader.setTransport(transport);
  reader.feedData(bytes("12345"));
  t.loop.callLater(1, () => reader.feedData(bytes("67890")));
  assertEquals(text(yield* t.wait(reader.readexactly(10))), "1234567890");
  assertEquals(transport.calls.slice(0, 2), ["pause", "resume"]);
});

testProgram("StreamReader resumes a paused transport after a read that is cut off", function* (t) {
  const reads = [
    (reader: StreamReader) => reader.readexactly(10),
    (reader: StreamReader) => reader.readuntil(bytes("SEP"), { limit: 10 }),
  ];
  for (const read of reads) {
    const reader = new StreamReader({ limit: 2 });
    const transport = new NotedTransport();
    reader.setTransport(transport);
    reader.feedData(bytes("12345"));
    reader.feedEof();
    const error = yield* errorOf(t.wait(read(reader)));
    assertInstanceOf(error, IncompleteReadError);
    assertEquals(transport.calls, ["pause", "resume"]);
  }
});

testProgram("StreamReader refuses a second task that waits", function* (t) {
  const reader = fed([], { eof: false });
  const first = createTask(t.work(function* () {
    return text(yield* t.wait(reader.readline()));
  }));
  yield* t.wait(sleep(0));
  const error = yield* errorOf(t.wait(reader.read(1)));
  assertInstanceOf(error, RuntimeError);
  assertEquals(
    error.message,
    "Cannot call read(): another task is waiting for data of this reader already",
  );
  reader.feedData(bytes("x\n"));
  assertEquals(yield* t.wait(first), "x\n");
});

testProgram("StreamReader: a cancelled read loses no byte, whatever had come", function* (t) {
  for (const method of ["readline", "readuntil", "readexactly", "read"] as const) {
    const reader = fed(["abc"], { eof: false });
    const task = createTask(t.work(function* () {
      yield* t.wait(method === "readexactly" ? reader.readexactly(9) : reader[method]());
    }));
    yield* t.wait(passes(3));
    task.cancel();
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    reader.feedData(bytes("def\n"));
    assertEquals(text(yield* t.wait(reader.read(100))), "abcdef\n", method);
  }
});

testProgram(
  "StreamReader: data that comes in the pass of a cancellation is not lost",
  function* (t) {
    const reader = fed([], { eof: false });
    for (const dataFirst of [true, false]) {
      const task = createTask(t.work(function* () {
        yield* t.wait(reader.readline());
      }));
      yield* t.wait(passes(3));
      if (dataFirst) reader.feedData(bytes("line\n"));
      task.cancel();
      if (!dataFirst) reader.feedData(bytes("line\n"));
      assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
      assertEquals(text(yield* t.wait(reader.readline())), "line\n");
    }
  },
);

testProgram(
  "StreamReader.setException() fails the waiting read and all that follow",
  function* (t) {
    const reader = fed([], { eof: false });
    const broken = new Error("broken");
    t.loop.callSoon(() => reader.setException(broken));
    assertEquals(yield* errorOf(t.wait(reader.readline())), broken);
    assertEquals(yield* errorOf(t.wait(reader.read(1))), broken);
    assertEquals(reader.exception(), broken);
  },
);

testProgram("StreamReader: an abort signal ends one read and leaves the bytes", function* (t) {
  const reader = fed(["ab"], { eof: false });
  const controller = new AbortController();
  t.loop.callLater(1, () => controller.abort(new Error("enough")));
  const error = yield* errorOf(t.wait(reader.readline({ signal: controller.signal })));
  assertEquals((error as Error).message, "enough");
  assertEquals(text(yield* t.wait(reader.read(10))), "ab");
});

testAsync("StreamReader can be iterated by line", async () => {
  const lines: string[] = [];
  for await (const line of fed(["a\nb", "\nc"])) lines.push(text(line));
  assertEquals(lines, ["a\n", "b\n", "c"]);
});

testAsync("StreamReader: an iteration by line waits for lines that have not come", async (t) => {
  const reader = fed(["a\nb\n"], { eof: false });
  t.loop.callLater(5, () => reader.feedData(bytes("c\nd")));
  t.loop.callLater(7, () => reader.feedEof());
  const log: unknown[] = [];
  for await (const line of reader) log.push(text(line), t.loop.time());
  assertEquals(log, ["a\n", 0, "b\n", 0, "c\n", 5, "d", 7]);
});

testAsync(
  "StreamReader: what ends an iteration by line leaves the rest in the reader",
  async (t) => {
    const reader = fed(["a\nb\nc\nlonger than that\nd\n"], { eof: false, limit: 4 });
    for await (const line of reader) if (text(line) === "b\n") break;
    const lines = reader[Symbol.asyncIterator]();
    assertEquals(text((await lines.next()).value!), "c\n");
    assertInstanceOf(await errorFrom(lines.next()), LimitOverrunError);
    assertEquals(await lines.next(), { value: undefined, done: true });
    assertEquals((await reader.readexactly(17)).length, 17);
    const task = t.loop.createTask(async () => {
      for await (const line of reader) assertEquals(text(line), "d\n");
    });
    await sleep(1);
    reader.feedData(bytes("e"));
    task.cancel();
    assertInstanceOf(await errorFrom(task), CancelledError);
    reader.feedData(bytes("\n"));
    assertEquals(text(await reader.readline()), "e\n");
    reader.setException(new TypeError("lost"));
    assertInstanceOf(await errorFrom(reader[Symbol.asyncIterator]().next()), TypeError);
  },
);

testAsync("StreamReader: lines may be asked for ahead", async (t) => {
  const reader = fed(["a\n"], { eof: false });
  t.loop.callLater(5, () => reader.feedData(bytes("b\nc\n")));
  t.loop.callLater(6, () => reader.feedEof());
  const lines = reader[Symbol.asyncIterator]();
  const steps = await Promise.all([lines.next(), lines.next(), lines.next(), lines.next()]);
  assertEquals(steps.map((step) => step.value && text(step.value)), [
    "a\n",
    "b\n",
    "c\n",
    undefined,
  ]);
  const more = fed(["a\nb\n"])[Symbol.asyncIterator]();
  await more.next();
  assertEquals(await more.return!(), { value: undefined, done: true });
  assertEquals(await more.next(), { value: undefined, done: true });
});

async function errorFrom(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
}

testAsync("StreamReader.readable is the rest of the stream", async () => {
  const reader = fed(["first\nabc", "def"]);
  assertEquals(text(await reader.readline()), "first\n");
  assertEquals(await new Response(reader.readable).text(), "abcdef");
});

testRealLoop(
  "StreamReader.from() reads a web stream no faster than it is read from",
  () => new DenoEventLoop(),
  (t) => t.loop.runUntilComplete(readWebStream),
);

async function readWebStream(): Promise<void> {
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++pulled > 100) controller.close();
      else controller.enqueue(new Uint8Array(1000).fill(pulled));
    },
  }, { highWaterMark: 0 });
  const reader = StreamReader.from(source, { limit: 2000 });
  assertEquals((await reader.readexactly(10)).length, 10);
  for (let i = 0; i < 5; i++) await hostTurn();
  assert(pulled < 10, `${pulled} chunks were pulled for 10 bytes`);
  let total = 10;
  for (;;) {
    const block = await reader.read(1 << 16);
    if (block.length === 0) break;
    total += block.length;
  }
  assertEquals(total, 100_000);
}

testProgram("StreamReader.read(Infinity) gives what is there", function* (t) {
  assertEquals(text(yield* t.wait(fed(["abc"]).read(Infinity))), "abc");
});

testAsync("StreamReader.feedData() takes bytes of every kind, and nothing else", async () => {
  const reader = new StreamReader();
  reader.feedData(bytes("ab").buffer as never);
  reader.feedData(new DataView(bytes("cd").buffer) as never);
  for (const data of ["abc", "", 5, [1, 2], null, undefined]) {
    assertThrows(() => reader.feedData(data as never), TypeError, "bytes are needed");
  }
  assertThrows(
    () => reader.feedData("abc" as never),
    TypeError,
    'Cannot feed a reader with "abc": bytes are needed; encode it with new TextEncoder().encode(',
  );
  reader.feedEof();
  assertEquals(text(await reader.read()), "abcd");
});

testRealLoop(
  "StreamReader.from() of a stream of strings fails, and says how to encode them",
  () => new DenoEventLoop(),
  (t) =>
    t.loop.runUntilComplete(async () => {
      const reader = StreamReader.from(ReadableStream.from(["abc", "def"]) as never);
      const error = await errorFrom(reader.read());
      assertInstanceOf(error, TypeError);
      assertEquals(
        error.message,
        'Cannot read a stream of strings, got "abc": bytes are needed; ' +
          "use stream.pipeThrough(new TextEncoderStream())",
      );
    }),
);

testAsync("StreamReader.from() refuses what is no stream", async () => {
  await undefined;
  for (const stream of ["abc", bytes("abc"), undefined, null, {}]) {
    assertThrows(
      () => StreamReader.from(stream as never),
      TypeError,
      "a ReadableStream of bytes is needed",
    );
  }
});

testAsync("StreamReader says what is wrong with arguments", async () => {
  await undefined;
  const reader = fed([]);
  assertThrows(() => new StreamReader({ limit: 0 }), RangeError, "must be positive, got 0");
  assertThrows(() => reader.readexactly(-1), RangeError, "Cannot read exactly -1 bytes");
  assertThrows(() => reader.readexactly(1.5), RangeError, "Cannot read exactly 1.5 bytes");
  assertThrows(
    () => reader.readexactly("5" as never),
    TypeError,
    'Cannot read exactly "5" bytes: a whole number of 0 or more is needed',
  );
  assertThrows(() => reader.read(NaN), RangeError, "Cannot read NaN bytes");
  assertThrows(
    () => reader.read(1.5),
    RangeError,
    "Cannot read 1.5 bytes: a whole number is needed",
  );
  assertThrows(() => reader.read("5" as never), TypeError, 'Cannot read "5" bytes');
  assertThrows(() => reader.read(null as never), TypeError, "Cannot read null bytes");
  assertThrows(() => reader.readuntil([]), RangeError, "at least one is needed");
  assertThrows(() => reader.readuntil(new Uint8Array()), RangeError, "it is empty");
  assertThrows(
    () => reader.readuntil("\r\n" as unknown as Uint8Array),
    TypeError,
    "new TextEncoder().encode(",
  );
  assertThrows(() => reader.feedData(bytes("x")), RuntimeError, "its end has been fed already");
});

/** A small random generator, so that a failure can be had again. */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
}

/** Reads all of a reader by a random series of methods, and tells what each gave. */
async function readByChance(
  reader: StreamReader,
  seed: number,
  length: number,
): Promise<string[]> {
  const next = random(seed);
  const log: string[] = [];
  let left = length;
  while (left > 0) {
    const kind = next(length > 200 ? 6 : 5);
    try {
      const data = kind === 0
        ? await reader.readline()
        : kind === 1
        ? await reader.readuntil([bytes("ab"), bytes("b\n")])
        : kind === 2
        ? await reader.readexactly(next(12))
        : kind === 3
        ? await reader.readuntil(bytes("aab"))
        : kind === 5
        ? await reader.readexactly(next(1500))
        : await reader.readexactly(1);
      log.push(`${kind} ${JSON.stringify(text(data))}`);
      left -= data.length;
      // It is the receiver's to do with as he likes.
      if (left % 3 === 0 && data.length > 0) data.buffer.transfer();
      else data.fill(0);
    } catch (error) {
      if (error instanceof IncompleteReadError) {
        log.push(`${kind} incomplete ${JSON.stringify(text(error.partial))}`);
        left -= error.partial.length;
      } else throw error;
    }
  }
  return log;
}

testAsync("StreamReader: many short lines in one chunk come out one by one", async () => {
  const lines = Array.from({ length: 500 }, (_, i) => "x".repeat(i % 90) + i + "\n");
  const reader = fed([lines.join("")]);
  const got: Uint8Array[] = [];
  for await (const line of reader) got.push(line);
  assertEquals(got.map(text), lines);
});

testProgram(
  "StreamReader.readexactly() gives bytes at the beginning of their memory",
  function* (t) {
    const reader = new StreamReader();
    reader.feedData(Uint8Array.of(9, 9, 0, 0, 1, 0, 0, 0, 2, 0).subarray(2));
    for (const expected of [256, 512]) {
      const header = yield* t.wait(reader.readexactly(4));
      assertEquals(new DataView(header.buffer).getUint32(0), expected);
    }
    reader.feedData(Uint8Array.of(9, 0, 0, 3, 0).subarray(1));
    assertEquals(yield* t.wait(reader.readexactly(1)), Uint8Array.of(0));
    const rest = yield* t.wait(reader.readexactly(3));
    assertEquals([rest.byteOffset, ...rest], [0, 0, 3, 0]);
  },
);

testAsync("StreamReader.read() hands out no memory that is still to be read", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = random(seed);
    const data = Uint8Array.from({ length: 1 + next(20_000) }, () => next(256));
    const reader = new StreamReader();
    const got: number[] = [];
    const take = async () => {
      const read = await reader.read(1 + next(6000));
      got.push(...read);
      read.buffer.transfer();
    };
    for (let at = 0; at < data.length;) {
      const end = at + 1 + next(8000);
      reader.feedData(data.slice(at, end));
      at = end;
      if (next(2) === 0) await take();
    }
    reader.feedEof();
    while (!reader.atEof()) await take();
    assertEquals(Uint8Array.from(got), data, `seed ${seed}`);
  }
});

testAsync("StreamReader: how data is cut into chunks makes no difference", async (t) => {
  for (let seed = 1; seed <= 150; seed++) {
    const next = random(seed);
    // Some with short lines in short chunks, and some with long ones.
    const long = seed % 5 === 0;
    const data = Uint8Array.from(
      { length: long ? 3000 + next(2000) : next(200) },
      () => bytes("aaabbb\ncd")[long ? next(900) % 6 + (next(700) === 0 ? 1 : 0) : next(9)]!,
    );
    const whole = fed([text(data)]);
    const expected = await readByChance(whole, seed, data.length);
    const reader = new StreamReader();
    const feeder = t.loop.createTask(async () => {
      for (let at = 0; at < data.length;) {
        const end = at + 1 + next(long ? 2000 : 9);
        reader.feedData(data.slice(at, end));
        at = end;
        if (next(2) === 0) await sleep(next(3));
      }
      reader.feedEof();
    });
    assertEquals(await readByChance(reader, seed, data.length), expected, `seed ${seed}`);
    await feeder;
  }
}, { debug: false });
