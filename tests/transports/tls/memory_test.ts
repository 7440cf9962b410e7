/** What TLS keeps bytes in. */
import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { LentBuffer } from "../../../transports/tls/_lent_buffer.ts";
import { PlainQueue } from "../../../transports/tls/_plain_queue.ts";
import { pattern } from "../_recorder.ts";

Deno.test("PlainQueue hands out the bytes in their order, and leaves what it has handed out alone", () => {
  for (const sizes of [[1, 2, 3], [500, 20, 3000], [100_000, 1], [600_000, 600_000, 7]]) {
    const queue = new PlainQueue();
    let total = 0;
    for (const size of sizes) {
      const data = pattern(size, total);
      queue.append(data);
      data.fill(0);
      total += size;
      assertEquals(queue.size, total);
    }
    const found = new Uint8Array(total);
    for (let at = 0; queue.size > 0;) {
      const before = queue.size;
      const piece = queue.take();
      assertEquals(queue.size, before - piece.length);
      queue.append(new Uint8Array(1));
      found.set(piece.subarray(0, total - at), at);
      at += piece.length;
      if (at >= total) queue.drop();
    }
    assertEquals(found, pattern(total));
  }
});

Deno.test("LentBuffer lends the same memory again, grows while reads fill it, and shrinks afterwards", () => {
  const buffer = new LentBuffer();
  const first = buffer.space();
  assertEquals(buffer.take(10).length, 10);
  assertStrictEquals(buffer.space(), first);
  for (let i = 0; i < 5; i++) buffer.take(buffer.space().length);
  assertEquals(buffer.space().length, 128 * 1024);
  assertNotStrictEquals(buffer.space(), first);
  for (let i = 0; i < 7; i++) buffer.take(1);
  assertEquals(buffer.space().length, 128 * 1024);
  for (let i = 0; i < 30; i++) buffer.take(1);
  assertEquals(buffer.space().length, 2 * 1024);
});
