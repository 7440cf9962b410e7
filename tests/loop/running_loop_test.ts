/** Finding the loop: the running one, the set one, and a declared one. */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { createTask, RuntimeError, sleep } from "../../futures/mod.ts";
import {
  _getRunningLoop,
  _setRunningLoop,
  DenoEventLoop,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  Runner,
  setEventLoop,
} from "../../loop/mod.ts";
import { hostTurn, testLoop, testProgram, testRealLoop } from "../_helpers.ts";

testProgram("getRunningLoop() finds the loop in coroutines and callbacks", function* (t) {
  const seen: unknown[] = [getRunningLoop(), getEventLoop(), _getRunningLoop()];
  yield* t.wait(sleep(1));
  seen.push(getRunningLoop());
  t.loop.callSoon(() => seen.push(getRunningLoop()));
  t.loop.callLater(1, () => seen.push(getRunningLoop(), _getRunningLoop()));
  const future = t.loop.createFuture<void>();
  future.addDoneCallback(() => seen.push(getRunningLoop()));
  future.setResult();
  const task = createTask(t.work(function* () {
    seen.push(getRunningLoop());
    yield* t.wait(sleep(0));
    seen.push(getRunningLoop());
  }));
  yield* t.wait(task);
  yield* t.wait(sleep(5));
  assertEquals(seen.length, 10);
  for (const loop of seen) assertStrictEquals(loop, t.loop as unknown);
});

testRealLoop(
  "getRunningLoop() finds the loop after foreign awaits and in their callbacks",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const seen: unknown[] = [];
    await loop.runUntilComplete(async () => {
      await hostTurn();
      seen.push(getRunningLoop());
      await new Promise<void>((resolve) =>
        setTimeout(() => {
          seen.push(getRunningLoop());
          resolve();
        }, 1)
      );
      await hostTurn().then(() => seen.push(getRunningLoop()));
      queueMicrotask(() => seen.push(getRunningLoop()));
      await sleep(1);
    });
    assertEquals(seen.length, 4);
    for (const found of seen) assertStrictEquals(found, loop);
  },
);

Deno.test("getRunningLoop() outside of a loop is an error that shows the way", () => {
  assertThrows(
    () => getRunningLoop(),
    RuntimeError,
    "No running event loop: call this from a coroutine or callback, as in run(async () => { … })",
  );
  assertEquals(_getRunningLoop(), undefined);
});

testLoop("getRunningLoop() after a run is an error again", async ({ loop }) => {
  await loop.runUntilComplete(sleep(1));
  assertThrows(() => getRunningLoop(), RuntimeError);
});

Deno.test("getEventLoop() makes no loop in passing", () => {
  assertThrows(() => getEventLoop(), RuntimeError, "none is running and none was set");
});

testLoop("getEventLoop() gives the set loop outside, the running one inside", async ({ loop }) => {
  const set = newEventLoop();
  setEventLoop(set);
  try {
    assertStrictEquals(getEventLoop(), set);
    // It does not make it run.
    assertThrows(() => getRunningLoop(), RuntimeError);
    await loop.runUntilComplete(async () => {
      await sleep(1);
      assertStrictEquals(getEventLoop(), loop as unknown);
    });
    assertStrictEquals(getEventLoop(), set);
  } finally {
    setEventLoop(undefined);
    set.close();
  }
  assertThrows(() => getEventLoop(), RuntimeError);
});

Deno.test("A runner sets its loop while it has one, unless it was given a factory", async () => {
  const runner = new Runner();
  const loop = runner.getLoop();
  assertStrictEquals(getEventLoop(), loop);
  await runner.close();
  assertThrows(() => getEventLoop(), RuntimeError);
  const other = new Runner({ loopFactory: newEventLoop });
  other.getLoop();
  assertThrows(() => getEventLoop(), RuntimeError);
  await other.close();
});

Deno.test("A runner that closes leaves a loop that others have set", async () => {
  const mine = newEventLoop();
  const runner = new Runner();
  runner.getLoop();
  setEventLoop(mine);
  try {
    await runner.close();
    assertStrictEquals(getEventLoop(), mine);
  } finally {
    setEventLoop(undefined);
    mine.close();
  }
});

testLoop("_setRunningLoop() declares a loop to run, until it is taken back", ({ loop }) => {
  _setRunningLoop(loop);
  try {
    assertStrictEquals(getRunningLoop(), loop as unknown);
    assertStrictEquals(_getRunningLoop(), loop as unknown);
  } finally {
    _setRunningLoop(undefined);
  }
  assertEquals(_getRunningLoop(), undefined);
});

testProgram("_setRunningLoop() does not hide the loop that really runs", function* (t) {
  const other = newEventLoop();
  _setRunningLoop(other);
  try {
    assertStrictEquals(getRunningLoop(), t.loop as unknown);
  } finally {
    _setRunningLoop(undefined);
    other.close();
  }
  yield* t.wait(sleep(0));
});
