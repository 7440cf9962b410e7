/** `wrapFuture()`, `runCoroutineThreadsafe()` and `ConcurrentFuture`: results from other loops. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  ConcurrentFuture,
  createTask,
  currentTask,
  getRunningLoop,
  InvalidStateError,
  newEventLoop,
  run,
  runCoroutineThreadsafe,
  RuntimeError,
  sleep,
  wrapFuture,
} from "../../mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { errorOf, passes, testAsync, testProgram } from "../_helpers.ts";

/** Runs a program beside a loop that runs too. */
async function beside(program: (other: SimulatedEventLoop) => Promise<void>): Promise<void> {
  const other = new OtherLoop();
  const running = other.runForever();
  try {
    await program(other);
  } finally {
    other.stop();
    await running;
    other.close();
  }
}

/** A loop that may have nothing to do. */
class OtherLoop extends SimulatedEventLoop {
  readonly reports: string[] = [];

  constructor() {
    super();
    this.setExceptionHandler((_loop, { message }) => void this.reports.push(message));
  }

  override async _select(timeoutMs: number): Promise<void> {
    await super._select(timeoutMs === Infinity ? 1 : timeoutMs);
  }
}

// ---- runCoroutineThreadsafe() ---------------------------------------------------------------------

Deno.test("runCoroutineThreadsafe() runs a coroutine in the loop that is given", () =>
  beside(async (other) => {
    const future = runCoroutineThreadsafe(async () => {
      assertStrictEquals(getRunningLoop(), other);
      assert(currentTask() !== undefined);
      await sleep(5);
      return "done";
    }, other);
    assertInstanceOf(future, ConcurrentFuture);
    assertEquals(String(future), "<ConcurrentFuture pending>");
    assertThrows(() => future.result(), InvalidStateError);
    assertEquals(await future, "done");
    assert(future.done());
    assertEquals(future.result(), "done");
    assertEquals(Deno.inspect(future), "<ConcurrentFuture finished>");
    assertFalse(future.cancel());
    assertEquals(await runCoroutineThreadsafe(sleep(1, "coroutine"), other), "coroutine");
    assertEquals(
      await runCoroutineThreadsafe(function* () {
        yield* sleep(1);
        return "generator";
      }, other),
      "generator",
    );
  }));

Deno.test("runCoroutineThreadsafe() gives the error, and reports it when nobody asks", async () => {
  let loop!: OtherLoop;
  const fails = async () => {
    await sleep(1);
    throw new TypeError("no");
  };
  await beside(async (other) => {
    loop = other as OtherLoop;
    await assertRejects(async () => await runCoroutineThreadsafe(fails, other), TypeError, "no");
    runCoroutineThreadsafe(fails, other);
    await runCoroutineThreadsafe(sleep(10), other);
  });
  assertEquals(loop.reports, ["Task exception was never retrieved"]);
});

Deno.test("Cancelling what runCoroutineThreadsafe() returned cancels the task", () =>
  beside(async (other) => {
    let seen: unknown;
    const future = runCoroutineThreadsafe(async () => {
      try {
        await sleep(1000);
      } catch (error) {
        seen = error;
        throw error;
      }
    }, other);
    await runCoroutineThreadsafe(sleep(1), other);
    assert(future.cancel("stop"));
    assert(future.cancelled());
    assertEquals(String(future), "<ConcurrentFuture cancelled>");
    await assertRejects(async () => await future, CancelledError, "stop");
    await runCoroutineThreadsafe(sleep(1), other);
    assertInstanceOf(seen, CancelledError);
    assertEquals(seen.message, "stop");
    // Before it has started.
    let started = false;
    const early = runCoroutineThreadsafe(async () => {
      started = true;
      await sleep(1);
    }, other);
    early.cancel();
    await runCoroutineThreadsafe(sleep(5), other);
    assertFalse(started);
  }));

Deno.test("A task that is cancelled in its loop cancels what was returned", () =>
  beside(async (other) => {
    const future = runCoroutineThreadsafe(async () => {
      currentTask()!.cancel("own");
      await sleep(1);
    }, other);
    await assertRejects(async () => await future, CancelledError, "own");
    assert(future.cancelled());
  }));

Deno.test("A task factory that throws is an error of both", async () => {
  let loop!: OtherLoop;
  await beside(async (other) => {
    loop = other as OtherLoop;
    other.setTaskFactory(() => {
      throw new EvalError("no task");
    });
    await assertRejects(
      async () => await runCoroutineThreadsafe(sleep(1), other),
      EvalError,
      "no task",
    );
  });
  assertEquals(loop.reports.length, 1);
  assert(loop.reports[0]!.startsWith("Exception in callback"));
});

Deno.test("runCoroutineThreadsafe() refuses what is no coroutine, and a closed loop", () => {
  const loop = newEventLoop();
  assertThrows(
    () => runCoroutineThreadsafe(Promise.resolve() as never, loop),
    TypeError,
    "Cannot run a promise: a coroutine or an async function is needed",
  );
  loop.close();
  assertThrows(() => runCoroutineThreadsafe(sleep(1), loop), RuntimeError, "closed");
});

// ---- wrapFuture() -----------------------------------------------------------------------------------

testProgram("wrapFuture() of a future of the same loop is the future", function* (t) {
  const future = t.loop.createFuture<number>();
  assertStrictEquals(wrapFuture(future), future);
  future.setResult(1);
  assertEquals(yield* t.wait(wrapFuture(future)), 1);
});

Deno.test("wrapFuture() makes a place to be cancelled at of what runs in another loop", () =>
  beside(async (other) => {
    await run(async () => {
      assertEquals(await wrapFuture(runCoroutineThreadsafe(sleep(1, "done"), other)), "done");
      const future = runCoroutineThreadsafe(sleep(1000), other);
      const task = createTask(async () => await wrapFuture(future));
      await sleep(1);
      task.cancel("stop");
      await assertRejects(async () => await task, CancelledError, "stop");
      assert(future.cancelled());
    }, { loopFactory: () => new OtherLoop() });
  }));

Deno.test("wrapFuture() follows a future of another loop, both ways", () =>
  beside(async (other) => {
    await run(async () => {
      const make = () => other.createTask(() => sleep(5, "there"));
      assertEquals(await wrapFuture(make()), "there");
      const cancelled = make();
      other.callSoonThreadsafe(() => void cancelled.cancel("why"));
      await assertRejects(async () => await wrapFuture(cancelled), CancelledError, "why");
      const failing = other.createTask(async () => {
        await sleep(1);
        throw new TypeError("no");
      });
      await assertRejects(async () => await wrapFuture(failing), TypeError, "no");
      const inner = make();
      const outer = wrapFuture(inner);
      outer.cancel("stop");
      assert(outer.cancelled());
      await runCoroutineThreadsafe(sleep(1), other);
      assert(inner.cancelled());
    }, { loopFactory: () => new OtherLoop() });
  }));

testProgram("wrapFuture() follows a promise", function* (t) {
  assertEquals(yield* t.wait(wrapFuture(Promise.resolve(1))), 1);
  assertInstanceOf(
    yield* errorOf(t.wait(wrapFuture(Promise.reject(new TypeError("no"))))),
    TypeError,
  );
  const { promise, reject } = Promise.withResolvers<void>();
  const future = wrapFuture(promise);
  future.cancel();
  reject(new TypeError("nobody's"));
  yield* t.wait(passes(3));
});

testAsync("wrapFuture() refuses what is no future", async () => {
  assertThrows(() => wrapFuture(5 as never), TypeError, "Cannot wrap 5");
  await sleep(0);
});

Deno.test("wrapFuture() outside of a loop is an error, unless one is given", async () => {
  assertThrows(() => wrapFuture(Promise.resolve()), RuntimeError, "no event loop is running");
  const loop = newEventLoop();
  assertEquals(await loop.runUntilComplete(wrapFuture(Promise.resolve(1), { loop })), 1);
  loop.close();
});
