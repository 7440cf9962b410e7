/** Ciphertext that is damaged on its way, anywhere: what is delivered is right, and everything ends. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { sleep } from "../../../futures/mod.ts";
import { SSLError } from "../../../transports/tls/ssl_error.ts";
import { testAsync } from "../../_helpers.ts";
import { Random } from "../../parity/_random.ts";
import type { MemorySocket } from "../_memory_socket.ts";
import { assertPattern, pattern } from "../_recorder.ts";
import { haveOpenssl } from "./_certificates.ts";
import { drop, outcome, securePair, tlsPair } from "./_tls_pair.ts";

const test: typeof testAsync = (name, main, options) =>
  haveOpenssl
    ? testAsync(name, main, options)
    : Deno.test.ignore(`${name} (needs openssl)`, () => {});

/** Has a bit flipped that is written at a place, counted from here. */
function flipBit(socket: MemorySocket, place: number, bit: number): void {
  const { write } = socket;
  let end = 0;
  socket.write = async (memory) => {
    const start = end;
    const damaged = memory.slice();
    if (place >= start && place < start + memory.length) damaged[place - start]! ^= 1 << bit;
    const count = await write.call(socket, damaged);
    end = start + count;
    return count;
  };
}

const SENT = 60_000;

for (let seed = 1; seed <= 12; seed++) {
  test(`A bit that flips in data ends the connection, and no wrong byte is delivered (seed ${seed})`, async (t) => {
    const random = new Random(seed);
    const { client, server } = await securePair(t);
    await sleep(1);
    flipBit(client.socket, random.below(SENT), random.below(8));
    for (let sent = 0; sent < SENT;) {
      const length = Math.min(SENT - sent, 1 + random.below(20_000));
      client.transport.write(pattern(length, sent));
      sent += length;
      if (random.below(2) === 0) await sleep(0);
    }
    await sleep(10);
    const { received, lostWith, calls } = server.protocol;
    assertPattern(received, received.length);
    assert(received.length < SENT);
    assertInstanceOf(lostWith, SSLError);
    assertEquals(calls.filter((call) => call.startsWith("lost")).length, 1);
    await sleep(40_000);
    // The peer was told, or saw the end.
    assertEquals(client.protocol.calls.filter((call) => call.startsWith("lost")).length, 1);
    assert(client.socket.closed && server.socket.closed);
  });

  test(`A bit that flips in a handshake lets it fail on one side at least, or changes nothing (seed ${seed})`, async (t) => {
    const random = new Random(seed);
    const { client, server } = tlsPair(t);
    flipBit(
      random.below(2) === 0 ? client.socket : server.socket,
      random.below(500),
      random.below(8),
    );
    const errors = await Promise.all([outcome(client), outcome(server)]);
    if (errors[0] === undefined && errors[1] === undefined) {
      client.transport.write(pattern(1000));
      await sleep(1);
      assertPattern(server.protocol.received, server.protocol.received.length);
    } else {
      assertEquals([client.protocol.received.length, server.protocol.received.length], [0, 0]);
    }
    drop(client, server);
    await sleep(1);
    assert(client.socket.closed && server.socket.closed);
  });
}
