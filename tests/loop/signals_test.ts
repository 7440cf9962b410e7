/** Signal handlers of the default loop. Whole programs with signals are in `tests/programs/`. */
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  ContextVar,
  currentTask,
  NotImplementedError,
  RuntimeError,
  sleep,
} from "../../futures/mod.ts";
import { DenoEventLoop, getRunningLoop, newEventLoop } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { testRealLoop } from "../_helpers.ts";

const options = { ignore: Deno.build.os === "windows" };
const loopOf = () => new DenoEventLoop();

function kill(signal: Deno.Signal): void {
  Deno.kill(Deno.pid, signal);
}

testRealLoop("A signal handler runs in the loop, with its arguments", loopOf, async ({ loop }) => {
  const seen: unknown[] = [];
  loop.addSignalHandler(
    "SIGUSR1",
    (...args: unknown[]) => {
      seen.push(args, getRunningLoop() === loop, currentTask());
      loop.stop();
    },
    "some args",
    42,
  );
  loop.callSoon(() => kill("SIGUSR1"));
  await loop.runForever();
  assertEquals(seen, [["some args", 42], true, undefined]);
  assert(loop.removeSignalHandler("SIGUSR1"));
});

testRealLoop("A signal ends the wait of an idle loop", loopOf, async ({ loop }) => {
  const future = loop.createFuture<string>();
  loop.addSignalHandler("SIGUSR1", () => future.setResult("signal"));
  setTimeout(() => kill("SIGUSR1"), 5);
  const keepAlive = setInterval(() => {}, 1000);
  assertEquals(await loop.runUntilComplete(future), "signal");
  clearInterval(keepAlive);
});

testRealLoop("A signal has one handler, the last that was set", loopOf, async ({ loop }) => {
  const seen: string[] = [];
  loop.addSignalHandler("SIGUSR1", () => void seen.push("first"));
  loop.addSignalHandler("SIGUSR1", () => {
    seen.push("second");
    loop.stop();
  });
  loop.addSignalHandler("SIGUSR2", () => void seen.push("other"));
  loop.callSoon(() => kill("SIGUSR1"));
  await loop.runForever();
  assertEquals(seen, ["second"]);
});

testRealLoop("removeSignalHandler() tells whether there was one", loopOf, ({ loop }) => {
  assertFalse(loop.removeSignalHandler("SIGUSR1"));
  loop.addSignalHandler("SIGUSR1", () => {});
  assert(loop.removeSignalHandler("SIGUSR1"));
  assertFalse(loop.removeSignalHandler("SIGUSR1"));
  assertFalse(loop.removeSignalHandler("SIGKILL"));
});

testRealLoop("A signal handler runs in the context it was set in", loopOf, async ({ loop }) => {
  const variable = new ContextVar("variable", { defaultValue: "default" });
  const seen: string[] = [];
  await loop.runUntilComplete(async () => {
    variable.set("when set");
    loop.addSignalHandler("SIGUSR1", () => void seen.push(variable.get()));
    variable.set("later");
    kill("SIGUSR1");
    await sleep(20);
    kill("SIGUSR1");
    await sleep(20);
  });
  assertEquals(seen, ["when set", "when set"]);
});

testRealLoop("A signal handler that throws is reported, and goes on", loopOf, async (t) => {
  const { loop } = t;
  loop.addSignalHandler("SIGUSR1", () => {
    throw new TypeError("handler");
  });
  await loop.runUntilComplete(async () => {
    for (let i = 0; i < 2; i++) {
      kill("SIGUSR1");
      await sleep(20);
    }
  });
  assertEquals(t.takeReports().map(({ exception }) => String(exception)), [
    "TypeError: handler",
    "TypeError: handler",
  ]);
});

testRealLoop("addSignalHandler() refuses what cannot be handled", loopOf, ({ loop }) => {
  for (const signal of ["SIGKILL", "SIGSTOP", "boom", "", 5, undefined]) {
    assertThrows(() => loop.addSignalHandler(signal as never, () => {}), TypeError);
    assertFalse(loop.removeSignalHandler(signal as never));
  }
  for (const callback of [undefined, 5, "x"]) {
    assertThrows(
      () => loop.addSignalHandler("SIGUSR1", callback as never),
      TypeError,
      "Cannot handle SIGUSR1: the callback must be a function",
    );
  }
});

Deno.test("A closed loop handles no signals, and has given them back", options, () => {
  const loop = newEventLoop();
  loop.addSignalHandler("SIGUSR1", () => {});
  loop.addSignalHandler("SIGUSR2", () => {});
  // The sanitizer would find what is left.
  loop.close();
  assertThrows(() => loop.addSignalHandler("SIGUSR1", () => {}), RuntimeError, "loop is closed");
  assertFalse(loop.removeSignalHandler("SIGUSR1"));
});

Deno.test("A simulated loop knows no signals, and says so", () => {
  const loop = new SimulatedEventLoop();
  assertThrows(() => loop.addSignalHandler("SIGUSR1", () => {}), NotImplementedError);
  assertThrows(() => loop.removeSignalHandler("SIGUSR1"), NotImplementedError);
  loop.close();
});
