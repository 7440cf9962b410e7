/** `WorkerPoolExecutor`: what becomes of arguments and results. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Gate, passGate } from "./_gate.ts";
import { failureOf, testPool } from "./_pool.ts";

testPool("Arguments and results are cloned", async (pool) => {
  const list = [new Map([["a", new Set([1n])]]), new Date(0), /x/g, undefined];
  const back = await pool.submit((x: unknown[]) => x, list);
  assertEquals(back, list);
  assertFalse(back === list);
});

testPool("Arguments are cloned at the call, also when it has to wait", async (pool) => {
  const gate = new Gate();
  const first = pool.submit(passGate, gate.buffer, 1);
  const list = [1, 2];
  const second = pool.submit((x: number[]) => x, list);
  list.push(3);
  gate.open();
  assertEquals(await first, 1);
  assertEquals(await second, [1, 2]);
}, 1);

testPool("What is transferred is moved, there and back", async (pool) => {
  const bytes = new Uint8Array([1, 2, 3]);
  const negate = (x: Uint8Array<ArrayBuffer>) => ({ all: [x.map((byte) => -byte)], same: x });
  const call = { function: negate, transfer: [bytes.buffer], transferResult: true };
  const { all, same } = await pool.submit(call, bytes);
  assert(bytes.buffer.detached);
  assertEquals(all, [new Uint8Array([255, 254, 253])]);
  assertEquals(same, new Uint8Array([1, 2, 3]));
});

testPool(
  "A result that is transferred is lost to the worker, one that is not is kept",
  async (pool) => {
    // A function of a module would keep it in a variable of that.
    const keep = () => {
      const bytes = (globalThis as unknown as { kept: Uint8Array }).kept ??= new Uint8Array(8);
      return new Map([["bytes", [{ bytes }]]]);
    };
    const keptSize = () => (globalThis as unknown as { kept: Uint8Array }).kept.buffer.byteLength;
    const expected = new Map([["bytes", [{ bytes: new Uint8Array(8) }]]]);
    assertEquals(await pool.submit(keep), expected);
    assertEquals(await pool.submit(keptSize), 8);
    assertEquals(await pool.submit({ function: keep, transferResult: true }), expected);
    assertEquals(await pool.submit(keptSize), 0);
  },
  1,
);

testPool("What is transferred to a call that has to wait is moved at the call", async (pool) => {
  const gate = new Gate();
  const first = pool.submit(passGate, gate.buffer, 1);
  const buffer = new ArrayBuffer(16);
  const { port1, port2 } = new MessageChannel();
  const second = pool.submit(
    {
      function: (buffer: ArrayBuffer, port: MessagePort) => {
        port.postMessage("hello");
        port.close();
        return buffer.byteLength;
      },
      transfer: [buffer, port2],
    },
    buffer,
    port2,
  );
  assert(buffer.detached);
  const greeting = new Promise((resolve) => port1.onmessage = (event) => resolve(event.data));
  gate.open();
  assertEquals(await first, 1);
  assertEquals(await second, 16);
  assertEquals(await greeting, "hello");
  port1.close();
}, 1);

testPool("Shared memory is shared", async (pool) => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  await pool.submit((x: Int32Array) => Atomics.add(x, 0, 5), shared);
  assertEquals(shared[0], 5);
});

testPool("An argument that cannot be cloned is an error at the call", async (pool) => {
  const consume = (_a: unknown, _b?: unknown) => 1;
  const refused = assertThrows(() => void pool.submit(consume, 1, () => 2), TypeError);
  assertMatch(
    refused.message,
    /^Cannot run function consume in a worker: it must be possible to clone argument 2 \(.* could not be cloned\.\)$/,
  );
  assertInstanceOf(refused.cause, Error);
  const buffer = new ArrayBuffer(1);
  buffer.transfer();
  const gone = { function: consume, transfer: [buffer] };
  assertThrows(() => void pool.submit(gone, 1), TypeError, "to clone its arguments");
  // The worker is none the worse for it.
  assertEquals(await pool.submit(consume, 1), 1);
}, 1);

testPool(
  "An argument that cannot be cloned is an error at the call also when it has to wait",
  async (pool) => {
    const gate = new Gate();
    const first = pool.submit(passGate, gate.buffer, 1);
    assertThrows(() => void pool.submit((x: unknown) => x, () => 2), TypeError, "clone argument 1");
    gate.open();
    assertEquals(await first, 1);
  },
  1,
);

testPool("A result that cannot be cloned is an error", async (pool) => {
  const returned = await failureOf(pool.submit(function make() {
    return () => 1;
  }));
  assertInstanceOf(returned, TypeError);
  assertMatch(
    returned.message,
    /^Cannot bring back what function make gave in a worker: it must be possible to clone it \(.* could not be cloned\.\)$/,
  );
  const thrown = await failureOf(pool.submit(() => {
    throw Symbol("odd");
  }));
  assertStringIncludes(thrown.message, "it threw Symbol(odd)");
  assertEquals(await pool.submit(() => 1), 1);
});
