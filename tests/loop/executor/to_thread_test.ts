/** `toThread()`. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  CancelledError,
  Coroutine,
  createTask,
  ensureFuture,
  gather,
  RuntimeError,
} from "../../../futures/mod.ts";
import { type ModuleFunction, run, toThread } from "../../../loop/mod.ts";
import { errorOf } from "../../_helpers.ts";
import { arrive, Gate, passGate } from "./_gate.ts";
import { testWithWorkers } from "./_workers.ts";

const WORK = import.meta.resolve("./_work.ts");

testWithWorkers("toThread() gives what the function returns", function* (t) {
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b);
  const result: number = yield* t.wait(toThread(sum, [40, 2]));
  assertEquals(result, 42);
});

testWithWorkers("toThread() raises what the function throws", function* (t) {
  const error = yield* errorOf(t.wait(toThread(() => {
    throw new RangeError("test");
  })));
  assertInstanceOf(error, RangeError);
  assertEquals(error.message, "test");
});

testWithWorkers("toThread() calls the function once, with all its arguments", function* (t) {
  const gate = new Gate();
  const call = (buffer: SharedArrayBuffer, ...rest: unknown[]) =>
    [Atomics.add(new Int32Array(buffer), 0, 1), ...rest] as const;
  const result = yield* t.wait(toThread(call, gate.buffer, "test", { something: true }));
  assertEquals(result, [0, "test", { something: true }]);
  assertEquals(gate.arrived, 1);
});

testWithWorkers("Several calls of toThread() run at once", function* (t) {
  const gate = new Gate();
  const calls = Array.from({ length: 10 }, () => toThread(arrive, gate.buffer));
  const results = yield* t.wait(gather(...calls));
  assertEquals(results.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

testWithWorkers(
  "toThread() is lazy: nothing is checked or started before it is awaited",
  function* (t) {
    const gate = new Gate();
    const call = toThread(arrive, gate.buffer);
    assert(call instanceof Coroutine);
    const wrong = toThread(() => t);
    yield* t.wait(toThread(() => {}));
    assertEquals(gate.arrived, 0);
    assertEquals(yield* t.wait(call), 0);
    assertInstanceOf(yield* errorOf(t.wait(wrong)), TypeError);
  },
);

testWithWorkers("toThread() runs functions of modules, with options", function* (t) {
  const double: ModuleFunction<[number], number> = { module: WORK, name: "double" };
  const doubled: number = yield* t.wait(toThread(double, 21));
  assertEquals(doubled, 42);
  const buffer = new ArrayBuffer(3);
  const call = { function: (x: ArrayBuffer) => x.byteLength, transfer: [buffer] };
  assertEquals(yield* t.wait(toThread(call, buffer)), 3);
  assert(buffer.detached);
});

testWithWorkers("A program of its own can run in a worker", function* (t) {
  const runLoop: ModuleFunction<[string], string> = { module: WORK, name: "runLoop" };
  assertEquals(yield* t.wait(toThread(runLoop, "slept elsewhere")), "slept elsewhere");
});

testWithWorkers("Cancelling a task ends its wait in toThread()", function* (t) {
  const gate = new Gate();
  const task = createTask(toThread(passGate, gate.buffer, 1));
  yield* t.wait(ensureFuture(gate.arrivals(1)));
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  gate.open();
});

Deno.test("toThread() needs a running loop", async () => {
  await assertRejects(async () => await toThread(() => 1), RuntimeError, "No running event loop");
});

Deno.test("toThread() works under run(), which ends the workers", async () => {
  assertEquals(await run(toThread((x: number) => x + 1, 1)), 2);
});
