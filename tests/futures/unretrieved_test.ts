/** Exceptions that nobody asks for: reported once, by collection or by the end of the run. */
import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { createTask, type ExceptionContext, Future, gather, sleep } from "../../futures/mod.ts";
import { DenoEventLoop, getRunningLoop, run, Runner } from "../../loop/mod.ts";
import {
  collectGarbage,
  errorOf,
  passes,
  testLoop,
  testProgram,
  testRealLoop,
  type Trial,
} from "../_helpers.ts";

class Lost extends Error {}

function assertReported(t: Trial, ...messages: string[]): ExceptionContext[] {
  const reports = t.takeReports();
  assertEquals(reports.map(({ message }) => message), messages);
  for (const { exception } of reports) assertInstanceOf(exception, Lost);
  return reports;
}

// ---- What is reported, at the end of the run ------------------------------------------------------

testProgram("A failed future that nobody asks is reported when the run ends", function* (t) {
  const future = t.loop.createFuture();
  future.setException(new Lost());
  yield* t.wait(passes(5));
  assertEquals(t.reports, []);
}, {
  after: (t) => {
    const [report] = assertReported(t, "Future exception was never retrieved");
    if (t.loop.getDebug()) assertMatch(report!.sourceTraceback!, /unretrieved_test\.ts/);
    else assertFalse("sourceTraceback" in report!);
  },
});

testProgram("A failed task that nobody asks is reported when the run ends", function* (t) {
  createTask(t.work(function* () {
    yield* t.wait(sleep(1));
    throw new Lost();
  }));
  yield* t.wait(sleep(10));
}, { after: (t) => void assertReported(t, "Task exception was never retrieved") });

testProgram("A failure in the last step of the run is reported when it ends", function* (t) {
  yield* t.wait(sleep(0));
  t.loop.createFuture().setException(new Lost());
}, { after: (t) => void assertReported(t, "Future exception was never retrieved") });

testProgram("A task that fails in the last pass of the run is reported", function* (t) {
  createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    throw new Lost();
  }));
  yield* t.wait(sleep(0));
}, { after: (t) => void assertReported(t, "Task exception was never retrieved") });

testLoop("The report names the future, as long as it is there", async (t) => {
  const future = t.loop.createFuture();
  await t.loop.runUntilComplete(async () => {
    future.setException(new Lost());
    await passes(5);
  });
  const [report] = assertReported(t, "Future exception was never retrieved");
  assertStrictEquals(report!.future, future);
});

testLoop("A failure is reported once, however often the loop runs", async (t) => {
  const future = t.loop.createFuture();
  future.setException(new Lost());
  for (let i = 0; i < 3; i++) await t.loop.runUntilComplete(passes(3));
  assertReported(t, "Future exception was never retrieved");
  // Asking late does no harm.
  assertInstanceOf(future.exception(), Lost);
});

testLoop("A future that fails between two runs is reported by the next", async (t) => {
  t.loop.createFuture().setException(new Lost());
  assertEquals(t.reports, []);
  await t.loop.runUntilComplete(sleep(0));
  assertReported(t, "Future exception was never retrieved");
});

testLoop("runForever() reports when it ends", async (t) => {
  const { loop } = t;
  loop.callSoon(() => {
    loop.createFuture().setException(new Lost());
    loop.callLater(5, () => loop.stop());
  });
  await loop.runForever();
  assertReported(t, "Future exception was never retrieved");
});

// ---- What is not reported -------------------------------------------------------------------------

testProgram("A failure that somebody asks for is not reported", function* (t) {
  const future = () => {
    const made = t.loop.createFuture<number>();
    made.setException(new Lost());
    return made;
  };
  future().exception();
  yield* errorOf(t.wait(future()));
  future().cancel();
  const early = t.loop.createFuture();
  const waiting = createTask(t.work(function* () {
    yield* errorOf(t.wait(early));
  }));
  yield* t.wait(sleep(0));
  early.setException(new Lost());
  yield* t.wait(waiting);
  const called = future();
  called.addDoneCallback((done) => done.exception());
  yield* t.wait(passes(5));
});

testProgram("A done callback that does not ask is no reason to keep silent", function* (t) {
  const future = t.loop.createFuture();
  future.addDoneCallback(() => {});
  future.setException(new Lost());
  yield* t.wait(passes(5));
}, { after: (t) => void assertReported(t, "Future exception was never retrieved") });

testProgram("Results, cancellations and pending futures are not reported", function* (t) {
  t.loop.createFuture<number>().setResult(1);
  t.loop.createFuture<number>().cancel();
  t.loop.createFuture<number>();
  const task = createTask(t.work(function* () {
    yield* t.wait(sleep(1000));
  }));
  yield* t.wait(sleep(0));
  task.cancel();
  yield* t.wait(passes(3));
});

testLoop("A failure of the main coroutine is its caller's", async ({ loop }) => {
  await assertRejects(() =>
    loop.runUntilComplete(async () => {
      await sleep(0);
      throw new Lost();
    }), Lost);
  const future = loop.createFuture();
  future.setException(new Lost());
  await assertRejects(() => loop.runUntilComplete(future), Lost);
  await loop.runUntilComplete(passes(5));
});

testProgram("gather() asks its children, also those that fail later", function* (t) {
  const fail = (delay: number) =>
    t.work(function* () {
      yield* t.wait(sleep(delay));
      throw new Lost();
    });
  yield* errorOf(t.wait(gather(fail(1), fail(2), fail(3))));
  yield* t.wait(sleep(10));
});

testProgram("An awaited task that fails in the same pass is not reported", function* (t) {
  // The waiter of an async function asks a few microtasks after the pass has woken it.
  const inner = createTask(t.work(function* () {
    yield* t.wait(sleep(0));
    throw new Lost();
  }));
  const middle = createTask(t.work(function* () {
    yield* t.wait(inner);
  }));
  const outer = createTask(t.work(function* () {
    yield* t.wait(middle);
  }));
  assertInstanceOf(yield* errorOf(t.wait(outer)), Lost);
});

// ---- Collection -----------------------------------------------------------------------------------

testRealLoop(
  "A failed future is reported when it is collected, while the loop runs",
  () => new DenoEventLoop(),
  async (t) => {
    await t.loop.runUntilComplete(async () => {
      (() => {
        for (let i = 0; i < 3; i++) new Future().setException(new Lost());
      })();
      await passes(5);
      assertEquals(t.reports, []);
      await collectGarbage(() => t.reports.length === 3);
      assertEquals(
        t.takeMessages(),
        new Array(3).fill("Future exception was never retrieved"),
      );
    });
    assertEquals(t.reports, []);
  },
);

testRealLoop(
  "A failed task is reported when it is collected, without the task",
  () => new DenoEventLoop(),
  async (t) => {
    await t.loop.runUntilComplete(async () => {
      createTask(async () => {
        await sleep(0);
        throw new Lost("task");
      });
      await sleep(1);
      await collectGarbage(() => t.reports.length > 0);
      const [report, ...more] = t.takeReports();
      assertEquals(more, []);
      assertEquals(report!.message, "Task exception was never retrieved");
      assertInstanceOf(report!.exception, Lost);
      assertFalse("future" in report!);
    });
  },
);

testRealLoop(
  "A failed future that is still referred to is not reported before the run ends",
  () => new DenoEventLoop(),
  async (t) => {
    const kept: Future<unknown>[] = [];
    await t.loop.runUntilComplete(async () => {
      const future = new Future();
      kept.push(future);
      future.setException(new Lost());
      await sleep(1);
      await collectGarbage();
      assertEquals(t.reports, []);
      assertInstanceOf(future.exception(), Lost);
    });
    assertEquals(kept.length, 1);
  },
);

testRealLoop(
  "A failed future that was asked is collected in silence",
  () => new DenoEventLoop(),
  async (t) => {
    await t.loop.runUntilComplete(async () => {
      (() => {
        const future = new Future();
        future.setException(new Lost());
        future.exception();
        const late = new Future();
        late.setException(new Lost());
        // After it has been put under watch.
        t.loop.callLater(1, () => late.exception());
      })();
      await sleep(5);
      await collectGarbage();
    });
  },
);

// ---- run() and Runner -----------------------------------------------------------------------------

Deno.test("run() reports at the latest when it has ended", async () => {
  const reports: string[] = [];
  let kept: Future<unknown> | undefined;
  await run(async () => {
    await sleep(0);
    const future = new Future();
    kept = future;
    (future.getLoop() as DenoEventLoop).setExceptionHandler((_loop, { message }) => {
      reports.push(message);
    });
    future.setException(new Lost());
  });
  assertEquals(reports, ["Future exception was never retrieved"]);
  kept!.exception();
});

Deno.test("Runner reports at the end of each of its runs", async () => {
  const reports: string[] = [];
  await using runner = new Runner();
  runner.getLoop().setExceptionHandler((_loop, { exception }) => {
    reports.push((exception as Error).message);
  });
  for (const message of ["first", "second"]) {
    // deno-lint-ignore require-await
    await runner.run(async () => {
      new Future().setException(new Lost(message));
    });
    assertEquals(reports.splice(0), [message]);
  }
});

Deno.test("run() leaves it to those who wait when a future fails in its last pass", async () => {
  const reports: string[] = [];
  const seen: unknown[] = [];
  await run(async () => {
    const loop = getRunningLoop();
    loop.setExceptionHandler((_loop, { message }) => reports.push(message));
    const future = loop.createFuture<void>();
    const wait = async () => {
      await future.then(undefined, (error) => seen.push(error));
    };
    createTask(wait);
    createTask(function* () {
      seen.push(yield* errorOf(future));
    });
    await sleep(1);
    loop.callSoon(() => future.setException(new Lost()));
  });
  assertEquals(reports, []);
  assertEquals(seen.length, 2);
});

Deno.test("A loop reports when it is closed what those who wait were not woken for", async () => {
  const reports: string[] = [];
  const loop = new DenoEventLoop();
  loop.setExceptionHandler((_loop, { message }) => reports.push(message));
  const future = loop.createFuture<void>();
  // deno-lint-ignore require-await
  await loop.runUntilComplete(async () => {
    future.addDoneCallback(() => {});
    loop.callSoon(() => future.setException(new Lost()));
  });
  assertEquals(reports, []);
  loop.close();
  assertEquals(reports, ["Future exception was never retrieved"]);
});
