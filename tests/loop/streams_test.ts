/** Streams over real connections. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  allTasks,
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  gather,
  sleep,
  timeout,
} from "../../futures/mod.ts";
import {
  DenoEventLoop,
  openConnection,
  openUnixConnection,
  type Server,
  startServer,
  startUnixServer,
} from "../../loop/mod.ts";
import type { StreamReader, StreamWriter } from "../../transports/mod.ts";
import { testRealLoop, type Trial } from "../_helpers.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const portOf = (server: Server) => (server.sockets[0]!.addr as Deno.NetAddr).port;

function testStreams(name: string, main: (t: Trial<DenoEventLoop>) => Promise<void>): void {
  testRealLoop(
    name,
    () => new DenoEventLoop(),
    (t) => t.loop.runUntilComplete(() => main(t)),
  );
}

async function echoLines(reader: StreamReader, writer: StreamWriter): Promise<void> {
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
  writer.close();
}

testStreams(
  "startServer() takes async functions, coroutine functions and plain functions",
  async () => {
    const handlers = [
      echoLines,
      coroutine(function* (reader: StreamReader, writer: StreamWriter) {
        writer.write(yield* reader.readline());
        writer.close();
      }),
      (reader: StreamReader, writer: StreamWriter) => echoLines(reader, writer),
      (reader: StreamReader, writer: StreamWriter) => {
        createTask(() => echoLines(reader, writer));
      },
    ];
    for (const handler of handlers) {
      await using server = await startServer(handler, "127.0.0.1", 0);
      const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
      await using _ = writer;
      writer.write(bytes("hello\n"));
      assertEquals(text(await reader.readline()), "hello\n");
    }
  },
);

testStreams(
  "A handler that fails is reported and closes its connection, not the server",
  async (t) => {
    let calls = 0;
    await using server = await startServer(
      async (reader, writer) => {
        if (++calls === 1) throw new RangeError("first");
        await echoLines(reader, writer);
      },
      "127.0.0.1",
      0,
    );
    const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
    assertEquals((await reader.read()).length, 0);
    writer.close();
    await writer.waitClosed();
    assertEquals(t.takeMessages(), ["Unhandled exception in the handler of a connection"]);
    const [reader2, writer2] = await openConnection("127.0.0.1", portOf(server));
    writer2.write(bytes("still here\n"));
    assertEquals(text(await reader2.readline()), "still here\n");
    writer2.close();
  },
);

testStreams(
  "A handler belongs to a task that can be cancelled, also behind an arrow function",
  async (t) => {
    let ended = "";
    const waitForEver = async (_reader: StreamReader, _writer: StreamWriter) => {
      try {
        await sleep(Infinity);
      } catch (error) {
        ended = (error as Error).name;
        throw error;
      }
    };
    await using server = await startServer(
      (reader, writer) => waitForEver(reader, writer),
      "127.0.0.1",
      0,
      { limit: 100 },
    );
    const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
    writer.write(bytes("x"));
    await sleep(5);
    for (const task of allTasks(t.loop)) if (task !== currentTask()) task.cancel();
    assertEquals((await reader.read()).length, 0);
    assertEquals(ended, "CancelledError");
    writer.close();
  },
);

testStreams(
  "Half-closing: what was written reaches the other end, whose answer comes back",
  async () => {
    await using server = await startServer(
      async (reader, writer) => {
        const all = await reader.read();
        writer.write(bytes(`${all.length} bytes`));
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
    assert(writer.canWriteEof());
    writer.writelines([new Uint8Array(100_000), new Uint8Array(300_000).buffer, bytes("end")]);
    writer.writeEof();
    assertEquals(text(await reader.read()), "400003 bytes");
    writer.close();
    await writer.waitClosed();
  },
);

testStreams("drain() waits while the other end does not read, in any number of tasks", async () => {
  const gate = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let total = 0;
  await using server = await startServer(
    async (reader, writer) => {
      await gate.promise;
      while (true) {
        const block = await reader.read(1 << 20);
        if (block.length === 0) break;
        total += block.length;
      }
      ended.resolve();
      writer.close();
    },
    "127.0.0.1",
    0,
  );
  const [, writer] = await openConnection("127.0.0.1", portOf(server));
  const size = 32 << 20;
  writer.write(new Uint8Array(size));
  let drained = 0;
  const drains = Array.from({ length: 10 }, () =>
    createTask(async () => {
      await writer.drain();
      drained++;
    }));
  const cancelled = createTask(async () => await writer.drain());
  await sleep(20);
  assertEquals(drained, 0);
  cancelled.cancel();
  await assertRejects(async () => await cancelled, CancelledError);
  gate.resolve();
  await gather(...drains);
  writer.close();
  await writer.waitClosed();
  // What the writer has sent is still under way.
  await ended.promise;
  assertEquals(total, size);
});

testStreams(
  "waitClosed() ends on every path, and throws what the connection was lost with",
  async () => {
    await using server = await startServer(
      (_reader, writer) => {
        writer.transport.abort();
      },
      "127.0.0.1",
      0,
    );
    for (const path of ["close", "abort", "peer"]) {
      const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
      if (path === "close") writer.close();
      else if (path === "abort") writer.transport.abort();
      else {
        try {
          await reader.read();
        } catch (error) {
          assertInstanceOf(error, Deno.errors.ConnectionReset);
        }
        writer.close();
      }
      try {
        await writer.waitClosed();
      } catch (error) {
        assertInstanceOf(error, Deno.errors.ConnectionReset);
      }
      assert(writer.isClosing());
      // Again, at once.
      await timeout(1000, async () => {
        try {
          await writer.waitClosed();
        } catch (error) {
          assertInstanceOf(error, Deno.errors.ConnectionReset);
        }
      });
    }
  },
);

testStreams("openConnection() that is cancelled leaves nothing open", async () => {
  await using server = await startServer(echoLines, "127.0.0.1", 0);
  const port = portOf(server);
  for (let turns = 0; turns < 8; turns++) {
    const task = createTask(async () => {
      const [, writer] = await openConnection("127.0.0.1", port);
      writer.close();
      await writer.waitClosed();
    });
    for (let i = 0; i < turns; i++) await sleep(0);
    task.cancel();
    await assertRejects(async () => await task, CancelledError);
  }
  await sleep(20);
});

testStreams("Streams over Unix sockets, with a path and with an abstract name", async () => {
  const dir = await Deno.makeTempDir();
  for (const path of [`${dir}/echo.sock`, `\0asyncio-test-${crypto.randomUUID()}`]) {
    await using _server = await startUnixServer(echoLines, path);
    const [reader, writer] = await openUnixConnection(path);
    writer.write(bytes("unix\n"));
    assertEquals(text(await reader.readline()), "unix\n");
    writer.close();
    await writer.waitClosed();
  }
  // A socket that nobody listens on any more is replaced; a file is not.
  const path = `${dir}/stale.sock`;
  const stale = new Deno.Command(Deno.execPath(), {
    args: ["eval", `Deno.listen({ transport: "unix", path: "${path}" }); Deno.exit(0);`],
  });
  await stale.output();
  assert((await Deno.lstat(path)).isSocket);
  const server = await startUnixServer(echoLines, path);
  await assertRejects(
    async () => await startUnixServer(echoLines, path),
    Deno.errors.AddrInUse,
    path,
  );
  server.close();
  await server.waitClosed();
  await Deno.writeTextFile(`${dir}/file`, "mine");
  await assertRejects(
    async () => await startUnixServer(echoLines, `${dir}/file`),
    Deno.errors.AddrInUse,
  );
  assertEquals(await Deno.readTextFile(`${dir}/file`), "mine");
  await Deno.remove(dir, { recursive: true });
});

testStreams("StreamWriter.writable and StreamReader.readable carry web streams", async () => {
  await using server = await startServer(
    async (reader, writer) => {
      await reader.readable.pipeTo(writer.writable);
      writer.close();
    },
    "127.0.0.1",
    0,
  );
  const [reader, writer] = await openConnection("127.0.0.1", portOf(server));
  const source = new Blob([new Uint8Array(500_000).fill(7)]).stream();
  const sent = source.pipeTo(writer.writable);
  const all = await reader.read();
  await sent;
  assertEquals(all.length, 500_000);
  assert(all.every((byte) => byte === 7));
  writer.close();
});

testStreams("Errors of streams name what was asked and what is wrong", async () => {
  await assertRejects(
    async () => await startServer("handler" as never, "127.0.0.1", 0),
    TypeError,
    "the handler of connections must be a function",
  );
  await assertRejects(
    async () => await openConnection("127.0.0.1", 70_000),
    RangeError,
    "the port must be an integer from 0 to 65535, got 70000",
  );
  await assertRejects(
    async () => await openConnection("127.0.0.1"),
    TypeError,
    "host and port are needed",
  );
  await assertRejects(
    async () => await openConnection("127.0.0.1", 80, { serverHostname: "x" }),
    TypeError,
    "serverHostname means something only with ssl",
  );
});
