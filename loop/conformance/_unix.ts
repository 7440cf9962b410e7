/**
 * The area "Unix": connections and servers at paths.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { casesOf, type ConformanceCase, type Trial } from "./_case.ts";
import { bytes, Echo, pattern, Recorder } from "./_protocols.ts";

/** A path that nothing is at. */
async function freePath(t: Trial): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "conformance-" });
  t.defer(() => Deno.remove(directory, { recursive: true }));
  return `${directory}/socket`;
}

export const unix: readonly ConformanceCase[] = casesOf("Unix", {
  "bytes arrive whole and in order, both ways": async (t) => {
    const path = await freePath(t);
    await t.run(async () => {
      await using _server = await t.loop.createUnixServer(() => new Echo(t.loop), path);
      const make = () => new Recorder(t.loop);
      const [transport, client] = await t.loop.createUnixConnection(make, path);
      transport.write(pattern(100_000));
      await client.bytesReceived(100_000);
      assertEquals(client.received, pattern(100_000));
      transport.close();
      await client.lost;
      assertEquals(client.order, ["made", "data", "lost"]);
    });
  },

  "the end of the stream arrives": async (t) => {
    const path = await freePath(t);
    await t.run(async () => {
      const accepted = t.loop.createFuture<[Recorder]>();
      await using _server = await t.loop.createUnixServer(() => {
        const protocol = new Recorder(t.loop);
        accepted.setResult([protocol]);
        return protocol;
      }, path);
      const make = () => new Recorder(t.loop);
      const [transport, client] = await t.loop.createUnixConnection(make, path);
      transport.write(bytes("last words"));
      transport.close();
      const [protocol] = await accepted;
      await protocol.lost;
      assertEquals(protocol.text, "last words");
      assertEquals(protocol.order, ["made", "data", "eof", "lost"]);
      await client.lost;
    });
  },

  "a path where nobody listens is an error": async (t) => {
    const path = await freePath(t);
    await t.run(async () => {
      const make = () => new Recorder(t.loop);
      await assertRejects(async () => await t.loop.createUnixConnection(make, path));
    });
  },
});
