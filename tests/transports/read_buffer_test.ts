/** `ReadBuffer` and the block pool: how much memory connections hold. */
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { giveBlock, MAX_BLOCK_BYTES, takeBlock } from "../../transports/_block_pool.ts";
import { ReadBuffer } from "../../transports/_read_buffer.ts";
import { joined, pattern } from "./_recorder.ts";

/** Reads as a socket does, at most `available` bytes, and returns what was handed out. */
function read(buffer: ReadBuffer, available: number, start = 0): Uint8Array {
  const space = buffer.space();
  const count = Math.min(space.length, available);
  space.set(pattern(count, start));
  return buffer.take(count);
}

function readMany(buffer: ReadBuffer, length: number, times: number): void {
  for (let i = 0; i < times; i++) read(buffer, length);
}

Deno.test("ReadBuffer holds half a KiB for a connection that is idle", () => {
  const buffer = new ReadBuffer();
  assertEquals(buffer.space().buffer.byteLength, 520);
  readMany(buffer, 64, 1000);
  assertEquals(buffer.space().buffer.byteLength, 1024);
});

Deno.test("ReadBuffer grows while reads fill it, up to 128 KiB, and shrinks again", () => {
  const buffer = new ReadBuffer();
  const sizes: number[] = [];
  for (let i = 0; i < 8; i++) {
    sizes.push(buffer.space().length);
    read(buffer, Infinity);
  }
  assertEquals(sizes, [520, ...new Array(7).fill(131_072)]);
  readMany(buffer, 100, 10);
  assertEquals(buffer.space().buffer.byteLength, 2048);
});

Deno.test("ReadBuffer reads at once what is left of a message, and grows as far as that tells", () => {
  for (const [length, size] of [[600, 16_384], [5000, 8192], [30_000, 32_768], [40_000, 131_072]]) {
    const buffer = new ReadBuffer();
    const first = read(buffer, length!);
    const rest = read(buffer, length! - first.length, first.length);
    assertEquals(joined([first, rest]), pattern(length!));
    // The block that the rest was read into is nobody's memory.
    assertEquals(rest.buffer.byteLength, rest.length);
    assertEquals(buffer.space().buffer.byteLength, size!, `a message of ${length} bytes`);
    // The next one is read whole.
    assertEquals(read(buffer, length!).length, length);
  }
});

Deno.test("ReadBuffer waits in little memory after a first message of 512 bytes", () => {
  const buffer = new ReadBuffer();
  read(buffer, 512);
  assert(buffer.space().buffer.byteLength <= 8192);
});

Deno.test("ReadBuffer stays large when only some reads are short", () => {
  const buffer = new ReadBuffer();
  readMany(buffer, Infinity, 6);
  for (let i = 0; i < 20; i++) {
    read(buffer, 100_000);
    readMany(buffer, 100, 5);
  }
  assertEquals(buffer.space().length, 131_072);
});

Deno.test("ReadBuffer has room to spare for reads of the present length", () => {
  for (const length of [1, 16, 64, 100, 500, 1000, 1024, 2000, 4000, 16_384, 65_536]) {
    const buffer = new ReadBuffer();
    readMany(buffer, length, 20);
    for (let i = 0; i < 50; i++) {
      // A read that fills the memory costs one more system call.
      assert(buffer.space().length > length, `reads of ${length} bytes`);
      read(buffer, length);
    }
  }
});

Deno.test("ReadBuffer never touches again what it has handed out", () => {
  const buffer = new ReadBuffer();
  const handedOut: Uint8Array[] = [];
  let start = 0;
  for (let i = 1; i < 3000; i++) {
    const chunk = read(buffer, (i * 7919) % (i % 50 === 0 ? 200_000 : 1000), start);
    handedOut.push(chunk);
    start += chunk.length;
  }
  assertEquals(joined(handedOut), pattern(start));
});

Deno.test("ReadBuffer hands out long reads with memory of their own", () => {
  const buffer = new ReadBuffer();
  readMany(buffer, Infinity, 4);
  const chunk = read(buffer, 20_000);
  assertEquals(chunk.buffer.byteLength, 20_000);
});

Deno.test("ReadBuffer keeps its memory for long reads, which it copies", () => {
  const buffer = new ReadBuffer();
  readMany(buffer, Infinity, 4);
  readMany(buffer, 3000, 1);
  const memory = buffer.space().buffer;
  for (const length of [5000, 20_000, 65_536, 100_000, 131_071]) {
    const chunk = read(buffer, length);
    assert(chunk.buffer !== memory, `reads of ${length} bytes`);
    assertStrictEquals(buffer.space().buffer, memory);
    // The receiver may do with it as it likes.
    (chunk.buffer as ArrayBuffer).transfer();
  }
  assertEquals(buffer.space().length, 131_072);
});

/** Gives an array away, as a transport does whose socket has taken all of it: short ones are copied. */
function giveAway(buffer: ReadBuffer, chunk: Uint8Array): boolean {
  if (chunk.length < 8192) return false;
  const memory = chunk.buffer as ArrayBuffer;
  const isLent = buffer.givenAway(memory);
  const moved = memory.transfer();
  if (isLent) buffer.giveBack(moved);
  return isLent;
}

Deno.test("ReadBuffer hands out its memory to who gives it away, and takes it back", () => {
  for (const length of [9000, 20_000, 65_536, 100_000, 131_072]) {
    const buffer = new ReadBuffer();
    readMany(buffer, Infinity, 4);
    assertEquals(giveAway(buffer, read(buffer, length)), false);
    for (let i = 0; i < 20; i++) {
      const chunk = read(buffer, length, i);
      assertEquals(chunk, pattern(length, i));
      // Where little of the memory is used, it is not worth handing out.
      const isLent = 4 * length > 131_072;
      assertEquals(chunk.buffer.byteLength, isLent ? 131_072 : length);
      assertEquals(giveAway(buffer, chunk), isLent, `reads of ${length} bytes`);
    }
  }
});

Deno.test("ReadBuffer never touches what was not given away, nor takes memory of others", () => {
  const buffer = new ReadBuffer();
  const kept: Uint8Array[] = [];
  let start = 0;
  for (let i = 0; i < 400; i++) {
    const chunk = read(buffer, [200_000, 70_000, 100, 40_000][i % 4]!, start);
    if (i % 3 === 0) kept.push(chunk.slice(), chunk);
    else giveAway(buffer, chunk);
    // Of the right size, but not the buffer.
    assertEquals(giveAway(buffer, new Uint8Array(131_072)), false);
    start += chunk.length;
  }
  for (let i = 0; i < kept.length; i += 2) assertEquals(kept[i], kept[i + 1]);
});

Deno.test("ReadBuffer has two buffers take turns where what it has handed out comes back late", () => {
  const buffer = new ReadBuffer();
  readMany(buffer, Infinity, 4);
  giveAway(buffer, read(buffer, 70_000));
  for (let i = 0; i < 10; i++) {
    const chunk = read(buffer, 70_000, i);
    // The next read begins before this one is given away.
    const next = buffer.space();
    assertEquals(next.length, 131_072);
    assert(next.buffer !== chunk.buffer);
    assertEquals(chunk, pattern(70_000, i));
    assertEquals(giveAway(buffer, chunk), true);
    assertStrictEquals(buffer.space().buffer, next.buffer);
  }
});

Deno.test("ReadBuffer copies again where what it has handed out does not come back", () => {
  const buffer = new ReadBuffer();
  readMany(buffer, Infinity, 4);
  giveAway(buffer, read(buffer, 70_000));
  const lent = read(buffer, 70_000);
  assertEquals(lent.buffer.byteLength, 131_072);
  (lent.buffer as ArrayBuffer).transfer();
  assertEquals(buffer.space().length, 131_072);
  for (let i = 0; i < 3; i++) {
    const chunk = read(buffer, 70_000);
    assertEquals(chunk.buffer.byteLength, 70_000);
    assertEquals(giveAway(buffer, chunk), false);
  }
});

Deno.test("takeBlock() returns a block that is large enough, again when it was given back", () => {
  for (const bytes of [1, 512, 513, 100_000, MAX_BLOCK_BYTES]) {
    const block = takeBlock(bytes);
    assert(block.length >= bytes);
    const other = takeBlock(bytes);
    assertNotStrictEquals(other.buffer, block.buffer);
    giveBlock(block);
    assertEquals(takeBlock(bytes).buffer, block.buffer);
    giveBlock(block);
    giveBlock(other);
  }
  assertEquals(takeBlock(MAX_BLOCK_BYTES * 3).length, MAX_BLOCK_BYTES);
});
