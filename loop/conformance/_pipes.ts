/**
 * The area "pipes": protocols that read from one end or write to it.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import type { WriteTransport } from "../../transports/transport.ts";
import { casesOf, type ConformanceCase } from "./_case.ts";
import { bytes, Recorder } from "./_protocols.ts";

export const pipes: readonly ConformanceCase[] = casesOf("pipes", {
  "what a pipe brings arrives, then its end": async (t) => {
    await t.run(async () => {
      const pipe = ReadableStream.from([bytes("one "), bytes("two")]) as ReadableStream<Uint8Array>;
      const [, reader] = await t.loop.connectReadPipe(() => new Recorder(t.loop), pipe);
      assertStrictEquals(await reader.lost, undefined);
      assertEquals(reader.text, "one two");
      assertEquals(reader.calls, ["made", "data", "eof", "lost"]);
    });
  },

  "what is written to a pipe arrives, and close() sends it first": async (t) => {
    await t.run(async () => {
      let text = "";
      let ended = false;
      const decoder = new TextDecoder();
      const pipe = new WritableStream<Uint8Array>({
        write: (data) => void (text += decoder.decode(data)),
        close: () => void (ended = true),
      });
      const [transport, writer] = await t.loop.connectWritePipe(() => new Recorder(t.loop), pipe);
      assertEquals(writer.calls, ["made"]);
      const out: WriteTransport = transport;
      out.write(bytes("one "));
      out.write(bytes("two"));
      out.close();
      assertStrictEquals(await writer.lost, undefined);
      assertEquals([text, ended, writer.calls], ["one two", true, ["made", "lost"]]);
    });
  },

  "a pipe that is no longer read is given back": async (t) => {
    await t.run(async () => {
      let given = false;
      const pipe = new ReadableStream<Uint8Array>({ cancel: () => void (given = true) });
      const [transport, reader] = await t.loop.connectReadPipe(() => new Recorder(t.loop), pipe);
      transport.close();
      await reader.lost;
      assertEquals([given, reader.calls], [true, ["made", "lost"]]);
    });
  },
});
