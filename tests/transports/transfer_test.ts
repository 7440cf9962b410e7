/** Streams whose handlers give away what they have read: every byte arrives, whoever has its memory. */
import { assert, assertEquals } from "@std/assert";
import {
  coroutine,
  createTask,
  openConnection,
  run,
  startServer,
  type StreamHandler,
  type StreamReader,
  type StreamWriter,
} from "../../mod.ts";
import { assertPattern, pattern } from "./_recorder.ts";

const GIVEN = { transfer: true };

/** Each reads in its own way, and keeps some of what it reads. */
const handlers: Record<string, (keep: (data: Uint8Array) => void) => StreamHandler> = {
  "an async function": (keep) => async (reader, writer) => {
    for (let i = 0;; i++) {
      const data = await reader.read(1 << 17);
      if (data.length === 0) break;
      if (i % 10 === 0) keep(data);
      writer.write(data, i % 10 === 0 ? undefined : GIVEN);
      await writer.drain();
    }
    writer.close();
  },
  "a generator": (keep) =>
    coroutine(function* (reader: StreamReader, writer: StreamWriter) {
      for (let i = 0;; i++) {
        const data = yield* reader.read(50_000);
        if (data.length === 0) break;
        if (i % 10 === 0) keep(data);
        writer.write(data, i % 10 === 0 ? undefined : GIVEN);
        yield* writer.drain();
      }
      writer.close();
    }),
};

for (const [name, makeHandler] of Object.entries(handlers)) {
  Deno.test(`A stream handler that is ${name} gives away what it has read, and all of it is echoed`, () =>
    run(async () => {
      const kept: { data: Uint8Array; copy: Uint8Array }[] = [];
      const handler = makeHandler((data) => kept.push({ data, copy: data.slice() }));
      await using server = await startServer(handler, "127.0.0.1", 0);
      const { port } = server.sockets[0]!.addr as Deno.NetAddr;
      const [reader, writer] = await openConnection("127.0.0.1", port);
      const sizes = Array.from(
        { length: 300 },
        (_, i) => [70_000, 16_384, 131_072, 9, 400_000][i % 5]!,
      );
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const sending = createTask(async () => {
        let sent = 0;
        for (const size of sizes) {
          writer.write(pattern(size, sent), GIVEN);
          sent += size;
          await writer.drain();
        }
        writer.writeEof();
      });
      for (let got = 0; got < total;) {
        const data = await reader.read(1 << 17);
        assert(data.length > 0, `the echo ended after ${got} bytes`);
        assertPattern(data, data.length, got);
        got += data.length;
      }
      await sending;
      assertEquals((await reader.read()).length, 0);
      writer.close();
      await writer.waitClosed();
      assert(kept.length > 5);
      for (const { data, copy } of kept) assertEquals(data, copy);
    }));
}
