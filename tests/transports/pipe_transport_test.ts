/** `ReadPipeTransport` and `WritePipeTransport`: over web streams, files of Deno, FIFOs. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ContextVar, NotImplementedError } from "../../futures/mod.ts";
import { newEventLoop } from "../../loop/mod.ts";
import type { AnyProtocol } from "../../transports/protocol.ts";
import { ReadPipeTransport } from "../../transports/read_pipe_transport.ts";
import { WritePipeTransport } from "../../transports/write_pipe_transport.ts";
import { testAsync, testRealLoop, type Trial } from "../_helpers.ts";
import { settle, testWith } from "./_programs.ts";
import { ascii, BufferedRecorder, latin1, pattern, Recorder } from "./_recorder.ts";

/** A readable stream that the test feeds, and what becomes of it. */
function source(): {
  stream: ReadableStream<Uint8Array>;
  controller: ReadableStreamDefaultController<Uint8Array>;
  cancelled: () => boolean;
} {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (c) => void (controller = c),
    cancel: () => void (cancelled = true),
  }, { highWaterMark: 0 });
  return { stream, controller, cancelled: () => cancelled };
}

interface Reading {
  transport: ReadPipeTransport;
  protocol: Recorder;
  pipe: ReturnType<typeof source>;
}

async function reading(t: Trial): Promise<Reading> {
  const pipe = source();
  const protocol = new Recorder();
  const transport = new ReadPipeTransport(t.loop, pipe.stream, protocol);
  await settle();
  protocol.calls.length = 0;
  return { transport, protocol, pipe };
}

// ---- Reading --------------------------------------------------------------------------------------

testAsync(
  "ReadPipeTransport calls connectionMade() before its waiter is done, then reads",
  async (t) => {
    const { stream, controller, cancelled } = source();
    const protocol = new Recorder();
    const waiter = t.loop.createFuture<void>();
    const transport = new ReadPipeTransport(t.loop, stream, protocol, { waiter });
    waiter.addDoneCallback(() => protocol.calls.push("waiter"));
    controller.enqueue(ascii("early"));
    assertEquals(protocol.calls, []);
    await waiter;
    await settle();
    assertEquals(protocol.calls, ["made", "waiter", "data 5"]);
    assertStrictEquals(protocol.transport as unknown, transport);
    assertStrictEquals(transport.getExtraInfo("pipe"), stream);
    transport.close();
    await settle();
    assert(cancelled());
  },
);

testAsync(
  "ReadPipeTransport ends with eofReceived() and connectionLost(), whatever the former returns",
  async (t) => {
    const { protocol, pipe, transport } = await reading(t);
    protocol.keepOpen = true;
    pipe.controller.enqueue(ascii("last"));
    pipe.controller.close();
    await settle();
    assertEquals(protocol.calls, ["data 4", "eof", "lost"]);
    assertEquals([protocol.lostWith, transport.isClosing()], [undefined, true]);
  },
);

testAsync(
  "ReadPipeTransport.pauseReading() stops delivery at once, and what is read by one chunk",
  async (t) => {
    const { protocol, pipe, transport } = await reading(t);
    transport.pauseReading();
    transport.pauseReading();
    assertEquals(transport.isReading(), false);
    for (const text of ["a", "bc", "def"]) pipe.controller.enqueue(ascii(text));
    pipe.controller.close();
    await settle();
    assertEquals(protocol.calls, []);
    // One has been taken off the stream; two wait there.
    assertEquals(pipe.controller.desiredSize, -2);
    transport.resumeReading();
    assertEquals(protocol.calls, []);
    await settle();
    assertEquals(protocol.calls, ["data 1", "data 2", "data 3", "eof", "lost"]);
  },
);

testAsync(
  "ReadPipeTransport delivers one chunk at a time to a protocol that pauses each time",
  async (t) => {
    const { protocol, pipe, transport } = await reading(t);
    protocol.on.dataReceived = () => transport.pauseReading();
    for (let i = 1; i <= 3; i++) pipe.controller.enqueue(pattern(i));
    for (let i = 1; i <= 3; i++) {
      await settle();
      assertEquals(protocol.calls.length, i);
      transport.resumeReading();
    }
    await settle();
    transport.close();
    await settle();
    assertEquals(protocol.calls, ["data 1", "data 2", "data 3", "lost"]);
  },
);

testAsync(
  "ReadPipeTransport reads nothing before resumeReading() when paused in connectionMade()",
  async (t) => {
    const { stream, controller } = source();
    const protocol = new Recorder();
    protocol.on.connectionMade = () => transport.pauseReading();
    const transport: ReadPipeTransport = new ReadPipeTransport(t.loop, stream, protocol);
    controller.enqueue(ascii("x"));
    await settle();
    assertEquals(protocol.calls, ["made"]);
    assertEquals(controller.desiredSize, -1);
    transport.resumeReading();
    await settle();
    assertEquals(protocol.calls, ["made", "data 1"]);
    transport.close();
    await settle();
  },
);

testAsync(
  "ReadPipeTransport.close() delivers nothing more, and calls connectionLost() from the loop, once",
  async (t) => {
    const { protocol, pipe, transport } = await reading(t);
    pipe.controller.enqueue(ascii("x"));
    transport.close();
    transport.close();
    assertEquals(protocol.calls, []);
    await settle();
    transport.close();
    transport.resumeReading();
    await settle();
    assertEquals([protocol.calls, pipe.cancelled()], [["lost"], true]);
  },
);

testAsync("ReadPipeTransport may be closed in every call", async (t) => {
  for (
    const method of ["connectionMade", "dataReceived", "eofReceived", "connectionLost"] as const
  ) {
    const { stream, controller } = source();
    const protocol = new Recorder();
    protocol.on[method] = () => transport.close();
    const transport: ReadPipeTransport = new ReadPipeTransport(t.loop, stream, protocol);
    controller.enqueue(ascii("x"));
    controller.close();
    await settle();
    const all = ["made", "data 1", "eof", "lost"];
    const until = { connectionMade: 1, dataReceived: 2, eofReceived: 3, connectionLost: 4 }[method];
    assertEquals(protocol.calls, [...new Set([...all.slice(0, until), "lost"])]);
  }
});

testAsync(
  "ReadPipeTransport ends with the error that a stream fails with, which is reported",
  async (t) => {
    const { protocol, pipe } = await reading(t);
    const error = new RangeError("broken");
    pipe.controller.error(error);
    await settle();
    assertStrictEquals(protocol.lostWith, error);
    assertEquals(t.takeMessages(), ["Fatal read error on a pipe transport"]);
  },
);

testAsync("ReadPipeTransport tells the protocol alone of an error of the host", async (t) => {
  const { protocol, pipe } = await reading(t);
  pipe.controller.error(new Deno.errors.ConnectionReset("reset"));
  await settle();
  assertEquals(protocol.calls, ["lost: ConnectionReset: reset"]);
});

testAsync("ReadPipeTransport refuses chunks that are no bytes", async (t) => {
  const { protocol, pipe } = await reading(t);
  pipe.controller.enqueue("text" as never);
  await settle();
  assertInstanceOf(protocol.lostWith, TypeError);
  assertEquals(t.takeMessages(), ["Fatal read error on a pipe transport"]);
});

testAsync("ReadPipeTransport loses a protocol that fails", async (t) => {
  for (const method of ["dataReceived", "eofReceived"] as const) {
    const { protocol, pipe } = await reading(t);
    const error = new RangeError("no");
    protocol.on[method] = () => {
      throw error;
    };
    pipe.controller.enqueue(ascii("x"));
    pipe.controller.close();
    await settle();
    assertStrictEquals(protocol.lostWith, error);
    assertEquals(t.takeMessages(), [`Fatal error: protocol.${method}() failed`]);
  }
});

testAsync("ReadPipeTransport loses a BufferedProtocol that fails, and says where", async (t) => {
  for (const method of ["getBuffer", "bufferUpdated"] as const) {
    const protocol = new BufferedRecorder(1);
    protocol[method] = () => {
      throw new RangeError("no");
    };
    const pipe = source();
    const transport = new ReadPipeTransport(t.loop, pipe.stream, protocol);
    pipe.controller.enqueue(ascii("xy"));
    await settle();
    assert(transport.isClosing());
    assertEquals(t.takeMessages(), [`Fatal error: protocol.${method}() failed`]);
  }
});

testAsync(
  "ReadPipeTransport brings bytes to a buffered protocol, which may pause in the middle",
  async (t) => {
    const { stream, controller } = source();
    const protocol = new BufferedRecorder(3);
    const transport = new ReadPipeTransport(t.loop, stream, protocol);
    await settle();
    protocol.onUpdated = () => transport.pauseReading();
    controller.enqueue(ascii("abcdefgh"));
    controller.close();
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) {
      await settle();
      seen.push(latin1(protocol.received));
      transport.resumeReading();
    }
    await settle();
    assertEquals(seen, ["abc", "abcdef", "abcdefgh"]);
    assertEquals(protocol.calls.at(-1), "lost");
  },
);

testAsync(
  "ReadPipeTransport goes on with the protocol that is set in the middle of a chunk",
  async (t) => {
    const { stream, controller } = source();
    const first = new BufferedRecorder(2);
    const second = new Recorder();
    const transport = new ReadPipeTransport(t.loop, stream, first);
    first.onUpdated = () => transport.setProtocol(second);
    await settle();
    controller.enqueue(ascii("abcd"));
    controller.enqueue(ascii("e"));
    controller.close();
    await settle();
    assertEquals([latin1(first.received), latin1(second.received)], ["ab", "cde"]);
    assertEquals(second.calls, ["data 2", "data 1", "eof", "lost"]);
    assertStrictEquals(transport.getProtocol(), second);
  },
);

testAsync("Pipe transports call the protocol in the context that they were made in", async (t) => {
  const variable = new ContextVar<string>("variable");
  const seen: (string | undefined)[] = [];
  variable.set("made");
  const { protocol, pipe } = await reading(t);
  variable.set("later");
  protocol.on.dataReceived = () => seen.push(variable.get());
  protocol.on.connectionLost = () => seen.push(variable.get());
  pipe.controller.enqueue(ascii("x"));
  pipe.controller.close();
  await settle();
  assertEquals(seen, ["made", "made"]);
});

testAsync("Pipe transports refuse what is no pipe", (t) => {
  const protocol = new Recorder();
  for (const Transport of [ReadPipeTransport, WritePipeTransport]) {
    assertThrows(() => new Transport(t.loop, {} as never, protocol), TypeError, "it must be a ");
    assertThrows(() => new Transport(t.loop, null as never, protocol), TypeError, "got null");
    assertThrows(() => new Transport(t.loop, -1, protocol), RangeError, "descriptor -1");
  }
  return Promise.resolve();
});

testRealLoop("Pipe transports refuse a descriptor that was not inherited", newEventLoop, (t) => {
  const protocol = new Recorder();
  for (const Transport of [ReadPipeTransport, WritePipeTransport]) {
    assertThrows(
      () => new Transport(t.loop, 9_999, protocol),
      NotImplementedError,
      "descriptor 9999",
    );
  }
});

// ---- Writing --------------------------------------------------------------------------------------

/** A writable stream whose writes the test lets pass one by one. */
class Sink {
  readonly chunks: Uint8Array[] = [];
  writing: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  controller!: WritableStreamDefaultController;
  end: "open" | "closed" | "aborted" = "open";
  /** How many bytes are taken at once, without the test. */
  free: number;

  constructor(free = Infinity) {
    this.free = free;
  }

  readonly stream: WritableStream<Uint8Array> = new WritableStream<Uint8Array>({
    start: (controller) => void (this.controller = controller),
    write: (chunk) => {
      this.chunks.push(chunk);
      if ((this.free -= chunk.length) >= 0) return;
      return new Promise((resolve, reject) => this.writing = { resolve, reject });
    },
    close: () => void (this.end = "closed"),
    abort: () => void (this.end = "aborted"),
  });

  get text(): string {
    return this.chunks.map(latin1).join("");
  }

  /** Lets the pending write pass, and what is written next. */
  async pass(): Promise<void> {
    this.writing!.resolve();
    this.writing = null;
    await settle();
  }
}

interface Writing {
  transport: WritePipeTransport;
  protocol: Recorder;
  sink: Sink;
}

async function writing(t: Trial, free?: number): Promise<Writing> {
  const sink = new Sink(free);
  const protocol = new Recorder();
  const transport = new WritePipeTransport(t.loop, sink.stream, protocol);
  await settle();
  protocol.calls.length = 0;
  return { transport, protocol, sink };
}

testAsync("WritePipeTransport calls connectionMade() before its waiter is done", async (t) => {
  const sink = new Sink();
  const protocol = new Recorder();
  const waiter = t.loop.createFuture<void>();
  const transport = new WritePipeTransport(t.loop, sink.stream, protocol, { waiter });
  waiter.addDoneCallback(() => protocol.calls.push("waiter"));
  await waiter;
  assertStrictEquals(protocol.transport as unknown, transport);
  assertStrictEquals(transport.getExtraInfo("pipe"), sink.stream);
  transport.close();
  await settle();
  assertEquals([protocol.calls, sink.end], [["made", "waiter", "lost"], "closed"]);
});

testAsync(
  "WritePipeTransport writes bytes in every guise, in order, from memory of its own",
  async (t) => {
    const { transport, sink } = await writing(t, 0);
    const data = ascii("abc");
    transport.write(data);
    transport.write(new Uint8Array(0));
    data.fill(120);
    transport.write(ascii("def").buffer);
    transport.write(new DataView(ascii("xghiy").buffer, 1, 3));
    transport.writelines([ascii("j"), ascii("k")]);
    assertThrows(() => transport.write("text" as never), TypeError, "TextEncoder");
    assertEquals(transport.getWriteBufferSize(), 11);
    await settle();
    assertEquals(sink.text, "abc");
    // What came meanwhile leaves in one piece.
    await sink.pass();
    assertEquals([sink.text, sink.chunks.length], ["abcdefghijk", 2]);
    await sink.pass();
    assertEquals(transport.getWriteBufferSize(), 0);
    transport.close();
    await settle();
    assertEquals([sink.end, sink.text], ["closed", "abcdefghijk"]);
  },
);

testAsync("WritePipeTransport never changes a chunk that a stream may keep", async (t) => {
  const { readable, writable } = new TransformStream<Uint8Array>(undefined, undefined, {
    highWaterMark: 100,
  });
  const transport = new WritePipeTransport(t.loop, writable, new Recorder());
  for (const text of ["one", "two", "three"]) {
    transport.write(ascii(text));
    await settle();
  }
  transport.close();
  await settle();
  assertEquals((await Array.fromAsync(readable)).map(latin1), ["one", "two", "three"]);
});

testAsync("WritePipeTransport pauses and resumes the protocol at its water marks", async (t) => {
  const { transport, protocol, sink } = await writing(t, 0);
  transport.setWriteBufferLimits({ high: 10, low: 4 });
  assertEquals(transport.getWriteBufferLimits(), [4, 10]);
  transport.write(pattern(8));
  assertEquals(protocol.calls, []);
  transport.write(pattern(4));
  assertEquals(protocol.calls, ["pause"]);
  await settle();
  await sink.pass();
  assertEquals([transport.getWriteBufferSize(), protocol.calls], [4, ["pause", "resume"]]);
  transport.abort();
  await settle();
});

for (const method of ["close", "writeEof"] as const) {
  testAsync(`WritePipeTransport.${method}() ends the pipe after what was written`, async (t) => {
    const { transport, protocol, sink } = await writing(t, 0);
    assert(transport.canWriteEof());
    transport.write(ascii("ab"));
    transport.write(ascii("cd"));
    transport[method]();
    transport[method]();
    transport.write(ascii("ef"));
    assertEquals(transport.isClosing(), true);
    await settle();
    assertEquals(protocol.calls, []);
    await sink.pass();
    assertEquals([protocol.calls, sink.end], [[], "open"]);
    await sink.pass();
    assertEquals([sink.text, sink.end, protocol.calls], ["abcd", "closed", ["lost"]]);
  });
}

testAsync(
  "WritePipeTransport.abort() drops what is unsent, and calls connectionLost() once",
  async (t) => {
    const { transport, protocol, sink } = await writing(t, 0);
    transport.write(ascii("ab"));
    transport.write(ascii("cd"));
    transport.close();
    transport.abort();
    transport.abort();
    assertEquals([protocol.calls, transport.getWriteBufferSize()], [[], 0]);
    await settle();
    assertEquals(protocol.calls, ["lost"]);
    await sink.pass();
    assertEquals([sink.text, sink.end], ["ab", "aborted"]);
  },
);

testAsync("WritePipeTransport ends with the error that a write fails with", async (t) => {
  const { transport, protocol, sink } = await writing(t, 0);
  transport.write(ascii("ab"));
  await settle();
  sink.writing!.reject(new Deno.errors.BrokenPipe("broken"));
  await settle();
  assertEquals(protocol.calls, ["lost: BrokenPipe: broken"]);
  transport.write(ascii("cd"));
});

testAsync("WritePipeTransport reports an error that is none of the host", async (t) => {
  const { transport, protocol, sink } = await writing(t, 0);
  transport.write(ascii("ab"));
  await settle();
  const error = new RangeError("no");
  sink.writing!.reject(error);
  await settle();
  assertStrictEquals(protocol.lostWith, error);
  assertEquals(t.takeMessages(), ["Fatal write error on a pipe transport"]);
});

testAsync("WritePipeTransport ends when the other end of a stream goes away", async (t) => {
  const idle = await writing(t);
  idle.sink.controller.error(new Error("gone"));
  await settle();
  assertEquals(idle.protocol.calls, ["lost"]);
});

testAsync("WritePipeTransport reports a protocol that fails, and goes on", async (t) => {
  const { transport, protocol, sink } = await writing(t, 0);
  transport.setWriteBufferLimits({ high: 0 });
  for (const method of ["pauseWriting", "resumeWriting", "connectionLost"] as const) {
    protocol.on[method] = () => {
      throw new RangeError("no");
    };
  }
  transport.write(ascii("ab"));
  await settle();
  await sink.pass();
  transport.close();
  await settle();
  assertEquals(protocol.calls, ["pause", "resume", "lost"]);
  assertEquals(t.takeMessages(), [
    "protocol.pauseWriting() failed",
    "protocol.resumeWriting() failed",
    "protocol.connectionLost() failed",
  ]);
  assertEquals(sink.end, "closed");
});

// ---- FIFOs ----------------------------------------------------------------------------------------

/** Waits for a protocol's `connectionLost()`. */
function ended(protocol: Recorder): Promise<void> {
  return new Promise((resolve) => protocol.on.connectionLost = () => resolve());
}

async function withFifo(work: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/fifo`;
    await new Deno.Command("mkfifo", { args: [path] }).output();
    await work(path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

testWith(
  ["mkfifo", "bash"],
  "Pipe transports carry a FIFO's bytes, from a child and to one",
  async (t) => {
    await withFifo(async (path) => {
      const child = new Deno.Command("bash", { args: ["-c", `cat ${path}`], stdout: "piped" })
        .spawn();
      const protocol = new Recorder();
      const file = await Deno.open(path, { write: true });
      const transport = new WritePipeTransport(t.loop, file, protocol);
      await settle();
      const data = pattern(300_000);
      transport.write(data);
      transport.close();
      const { stdout } = await child.output();
      assertEquals(stdout, data);
      assertEquals(protocol.calls, ["made", "pause", "resume", "lost"]);
    });
    await withFifo(async (path) => {
      const child = new Deno.Command("bash", {
        args: ["-c", `head -c 300000 /dev/zero > ${path}`],
      }).spawn();
      const protocol = new Recorder();
      const end = ended(protocol);
      new ReadPipeTransport(t.loop, await Deno.open(path), protocol);
      await end;
      assertEquals(protocol.received.length, 300_000);
      assertEquals(protocol.calls.slice(-2), ["eof", "lost"]);
      await child.status;
    });
  },
);

testWith(
  ["mkfifo", "bash"],
  "ReadPipeTransport.close() lets go of a FIFO that nobody writes to",
  async (t) => {
    await withFifo(async (path) => {
      const child = new Deno.Command("bash", {
        args: ["-c", `exec 3> ${path}; read -r`],
        stdin: "piped",
      }).spawn();
      const protocol = new Recorder();
      const end = ended(protocol);
      const transport = new ReadPipeTransport(t.loop, await Deno.open(path), protocol);
      await settle();
      transport.close();
      await end;
      assertEquals(protocol.calls, ["made", "lost"]);
      await child.stdin.close();
      await child.status;
    });
  },
);

testWith(
  ["mkfifo", "bash"],
  "WritePipeTransport learns with a write that nobody reads a FIFO",
  async (t) => {
    await withFifo(async (path) => {
      const child = new Deno.Command("bash", { args: ["-c", `exec 3< ${path}`] }).spawn();
      const protocol = new Recorder();
      const end = ended(protocol);
      const transport: WritePipeTransport = new WritePipeTransport(
        t.loop,
        await Deno.open(path, { write: true }),
        protocol as AnyProtocol,
      );
      await child.status;
      transport.write(ascii("x"));
      await end;
      assertInstanceOf(protocol.lostWith, Deno.errors.BrokenPipe);
    });
  },
);

// ---- Standard input and output, and what was inherited ---------------------------------------------

const PROGRAM = new URL("../programs/pipes.ts", import.meta.url).pathname;

/** Runs the program that copies `from` to `to` in capitals. */
function shout(from: string, to: string): Promise<Deno.CommandOutput> {
  const command = `{ printf "one "; sleep 0.05; printf two; } | deno run --quiet ${PROGRAM} `;
  const redirections = `${from === "5" ? "5<&0" : ""} ${to === "6" ? "6>&1" : ""}`;
  return new Deno.Command("bash", {
    args: ["-c", `set -o pipefail; ${command} ${from} ${to} ${redirections} | cat`],
  }).output();
}

for (const from of ["stdin", "0", "5"]) {
  for (const to of ["stdout", "1", "6"]) {
    testWith(["bash", "deno"], `Pipe transports copy from ${from} to ${to}`, async () => {
      const { stdout, stderr, code } = await shout(from, to);
      assertEquals([latin1(stdout), latin1(stderr), code], ["ONE TWO", "", 0]);
    });
  }
}
