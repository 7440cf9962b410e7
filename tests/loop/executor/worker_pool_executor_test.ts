/** `WorkerPoolExecutor`: its workers, their number, and their end. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { CancelledError, RuntimeError } from "../../../futures/mod.ts";
import { WorkerDiedError, WorkerPoolExecutor } from "../../../loop/mod.ts";
import { arrive, Gate, passGate } from "./_gate.ts";
import { failureOf, testPool } from "./_pool.ts";

// ---- Workers ------------------------------------------------------------------------------------

Deno.test("maxWorkers must be a whole number above 0", () => {
  for (const maxWorkers of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => new WorkerPoolExecutor({ maxWorkers }), RangeError, `got ${maxWorkers}`);
  }
  const { maxWorkers } = new WorkerPoolExecutor();
  assertEquals(maxWorkers, Math.min(32, navigator.hardwareConcurrency + 4));
});

/** A number that tells workers apart. Self-contained. */
function workerNumber(): number {
  const worker = globalThis as { number?: number };
  return worker.number ??= Math.random();
}

testPool("Workers are started when a call finds none idle, and used again", async (pool) => {
  const first = await pool.submit(workerNumber);
  assertEquals(await pool.submit(workerNumber), first);
  const gate = new Gate();
  const blocked = pool.submit(passGate, gate.buffer, 1);
  const second = await pool.submit(workerNumber);
  assertFalse(second === first);
  gate.open();
  await blocked;
  const numbers = [await pool.submit(workerNumber), await pool.submit(workerNumber)];
  assert(numbers.every((number) => number === first || number === second));
}, 3);

testPool(
  "No more than maxWorkers run at once, and a worker takes one call at a time",
  async (pool) => {
    const gates = [new Gate(), new Gate()];
    const blocked = gates.map((each, i) => pool.submit(passGate, each.buffer, i));
    const gate = new Gate();
    const waiting = Array.from({ length: 4 }, () => pool.submit(passGate, gate.buffer, 2));
    await Promise.all(gates.map((each) => each.arrivals(1)));
    assertEquals(gate.arrived, 0);
    gates[0]!.open();
    assertEquals(await blocked[0], 0);
    await gate.arrivals(1);
    gates[1]!.open();
    assertEquals(await blocked[1], 1);
    await gate.arrivals(2);
    assertEquals(gate.arrived, 2);
    gate.open();
    assertEquals(await Promise.all(waiting), [2, 2, 2, 2]);
  },
);

testPool("Calls that wait start in the order in which they came", async (pool) => {
  const [gate, counter] = [new Gate(), new Gate()];
  const blocked = pool.submit(passGate, gate.buffer, 1);
  const waiting = Array.from({ length: 20 }, () => pool.submit(arrive, counter.buffer));
  gate.open();
  await blocked;
  assertEquals(await Promise.all(waiting), Array.from({ length: 20 }, (_, i) => i));
}, 1);

testPool("A worker that exits fails its call and is replaced", async (pool) => {
  const gate = new Gate();
  const job = pool.submit(function leave(code: number) {
    Deno.exit(code);
  }, 7);
  const waiting = pool.submit(passGate, gate.buffer, "still here");
  gate.open();
  const error = await failureOf(job);
  assertInstanceOf(error, WorkerDiedError);
  assertInstanceOf(error, RuntimeError);
  assertEquals(error.message, "The worker that ran function leave exited with code 7");
  assertEquals(error.exitCode, 7);
  assertEquals(await waiting, "still here");
}, 1);

testPool("A worker that dies while it is idle is not used again", async (pool) => {
  await pool.submit(() => {
    setTimeout(() => Deno.exit(1), 0);
  });
  await using other = new WorkerPoolExecutor();
  await other.submit(() => new Promise((resolve) => setTimeout(resolve, 50)));
  // Should it have lived until now, this call is lost with it.
  const next = await Promise.resolve(pool.submit(() => 1)).catch((error: unknown) => error);
  if (next !== 1) assertInstanceOf(next, WorkerDiedError);
  assertEquals(await pool.submit(() => 2), 2);
}, 1);

// ---- Cancelling ---------------------------------------------------------------------------------

testPool("A call that waits is taken back by cancel()", async (pool) => {
  const gate = new Gate();
  const running = pool.submit(passGate, gate.buffer, "done");
  const waiting = pool.submit(passGate, gate.buffer, "never");
  assert(waiting.cancel());
  assertFalse(waiting.cancel());
  await assertRejects(() => Promise.resolve(waiting), CancelledError);
  await gate.arrivals(1);
  gate.open();
  assertEquals(await running, "done");
  await pool.shutdown();
  assertEquals(gate.arrived, 1);
}, 1);

testPool("A call that runs or is done is not taken back by cancel()", async (pool) => {
  const gate = new Gate();
  const running = pool.submit(passGate, gate.buffer, "done");
  await gate.arrivals(1);
  assertFalse(running.cancel());
  gate.open();
  assertEquals(await running, "done");
  assertFalse(running.cancel());
});

testPool(
  "terminateOnCancel ends the worker of a call that runs, which is replaced",
  async (pool) => {
    const gate = new Gate();
    const call = { function: passGate<string>, terminateOnCancel: true };
    const running = pool.submit(call, gate.buffer, "never");
    const waiting = pool.submit(() => "next");
    await gate.arrivals(1);
    assert(running.cancel());
    await assertRejects(() => Promise.resolve(running), CancelledError);
    assertFalse(running.cancel());
    assertEquals(await waiting, "next");
  },
  1,
);

// ---- Shutting down ------------------------------------------------------------------------------

testPool("shutdown() takes no further calls, and waits for those that were made", async (pool) => {
  const gate = new Gate();
  const jobs = [1, 2, 3].map((n) => pool.submit(passGate, gate.buffer, n));
  let over = false;
  const shutdown = pool.shutdown().then(() => over = true);
  const refused = assertThrows(() => void pool.submit(() => 1), RuntimeError);
  assertEquals(refused.message, "Cannot submit a call: the executor was shut down");
  await gate.arrivals(2);
  assertFalse(over);
  gate.open();
  await shutdown;
  assertEquals(await Promise.all(jobs), [1, 2, 3]);
  await pool.shutdown();
});

testPool("shutdown() with cancelFutures cancels the calls that wait", async (pool) => {
  const gate = new Gate();
  const running = pool.submit(passGate, gate.buffer, "done");
  const waiting = pool.submit(passGate, gate.buffer, "never");
  const shutdown = pool.shutdown({ cancelFutures: true });
  await assertRejects(() => Promise.resolve(waiting), CancelledError);
  gate.open();
  assertEquals(await running, "done");
  await shutdown;
  assertEquals(gate.arrived, 1);
}, 1);

testPool("shutdown() with terminate ends the calls that run", async (pool) => {
  const spinning = pool.submit(function spin(): void {
    while (true);
  });
  const waiting = pool.submit(() => 1);
  const shutdown = pool.shutdown();
  await pool.shutdown({ terminate: true, cancelFutures: true });
  await shutdown;
  const error = await failureOf(spinning);
  assertInstanceOf(error, WorkerDiedError);
  assertEquals(error.message, "The worker that ran function spin was terminated");
  await assertRejects(() => Promise.resolve(waiting), CancelledError);
}, 1);

testPool("shutdown() with terminate alone still runs the calls that wait", async (pool) => {
  const gate = new Gate();
  const running = pool.submit(passGate, gate.buffer, "never");
  const waiting = pool.submit(() => "done");
  await pool.shutdown({ terminate: true });
  assertInstanceOf(await failureOf(running), WorkerDiedError);
  assertEquals(await waiting, "done");
}, 1);

Deno.test("A pool without workers is shut down at once", async () => {
  await new WorkerPoolExecutor().shutdown();
});
