/** `ImmediateOperation`: what is done as soon as it is awaited. */
import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { ImmediateOperation, NOT_YET } from "../../futures/_immediate.ts";
import type { Suspension } from "../../futures/awaitable.ts";
import type { Future } from "../../futures/future.ts";
import type { FutureLoop } from "../../futures/future_loop.ts";
import { CancelledError, createTask, RuntimeError, sleep } from "../../futures/mod.ts";
import { getRunningLoop } from "../../loop/mod.ts";
import { errorOf, passes, testAsync, testLoop, testProgram } from "../_helpers.ts";

/** Takes from a list, or waits for a future. */
class Take extends ImmediateOperation<number> {
  readonly #items: (number | Error)[];
  readonly #future: Future<number> | undefined;
  readonly #loop = getRunningLoop() as FutureLoop;

  constructor(items: (number | Error)[], future?: Future<number>) {
    super();
    this.#items = items;
    this.#future = future;
  }

  protected override get loop(): FutureLoop {
    return this.#loop;
  }

  protected override now(): number | typeof NOT_YET {
    const item = this.#items.shift();
    if (item instanceof Error) throw item;
    return item ?? NOT_YET;
  }

  override next(): IteratorResult<Suspension, number> {
    const future = this.#future;
    if (future === undefined || future.done()) {
      const value = future === undefined ? this.now() : future.result();
      return { value: value as number, done: true };
    }
    future._asyncioFutureBlocking = true;
    return { value: future as Future<unknown>, done: false };
  }
}

testProgram("An operation that is done at once gives its result", function* (t) {
  const items = [1, 2];
  assertEquals(yield* t.wait(new Take(items)), 1);
  assertEquals(yield* t.wait(new Take(items)), 2);
});

testProgram("An operation that fails at once throws where it is awaited", function* (t) {
  const error = yield* errorOf(t.wait(new Take([new TypeError("no")])));
  assertInstanceOf(error, TypeError);
  assertEquals(error.message, "no");
});

testProgram("An operation that is not done at once waits", function* (t) {
  const future = t.loop.createFuture<number>();
  t.loop.callLater(5, () => future.setResult(7));
  assertEquals(yield* t.wait(new Take([], future)), 7);
  assertEquals(t.loop.time(), 5);
});

testProgram("An operation does nothing before it is awaited", function* (t) {
  const items = [1];
  const take = new Take(items);
  yield* t.wait(sleep(0));
  assertEquals(items, [1]);
  assertEquals(yield* t.wait(take), 1);
});

testProgram("An operation that is done at once cannot be awaited again", function* (t) {
  const take = new Take([1, 2]);
  yield* t.wait(take);
  const error = yield* errorOf(t.wait(take));
  assertInstanceOf(error, RuntimeError);
  assertMatch(error.message, /Cannot await .* again/);
});

testProgram(
  "A cancellation passes what is done at once, and comes at the next wait",
  function* (t) {
    const log: unknown[] = [];
    const task = t.loop.createTask(t.work<void>(function* () {
      task.cancel();
      log.push(yield* t.wait(new Take([1])));
      yield* t.wait(sleep(1000));
    }));
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assertEquals([...log, t.loop.time()], [1, 0]);
  },
);

testAsync("Operations that are done at once keep the callbacks of the pass waiting", async (t) => {
  const log: string[] = [];
  const items = Array.from({ length: 500 }, (_, i) => i + 1);
  const task = createTask(async () => {
    t.loop.callSoon(() => log.push("callback"));
    for (let i = 0; i < 500; i++) await new Take(items);
    log.push("task");
  });
  t.loop.callSoon(() => log.push("same pass"));
  await task;
  await sleep(0);
  assertEquals(log, ["task", "same pass", "callback"]);
});

testAsync(
  "What was done at once before does not keep the loop from a foreign promise",
  async (t) => {
    for (const count of [1, 10, 100, 1000]) {
      const items = Array.from({ length: count }, (_, i) => i + 1);
      const { promise, resolve } = Promise.withResolvers<void>();
      await createTask(async () => {
        t.loop.callSoon(() => t.loop.callSoon(resolve));
        for (let i = 0; i < count; i++) await new Take(items);
        await promise;
        await sleep(0);
      });
    }
  },
);

testLoop("then() of an operation that is done at once chains as a promise does", async (t) => {
  await t.loop.runUntilComplete(async () => {
    const log: string[] = [];
    const noted = (n: number) => log.push(`then ${n}`);
    const chained = new Take([21]).then(noted, String).then((length) => `${length} said`);
    log.push("called");
    assertEquals(await chained, "2 said");
    assertEquals(log, ["called", "then 21"]);
    const late = new Take([1]).then((n) => n + 1, String);
    await sleep(0);
    assertEquals(await late, 2);
    const failing = () => {
      throw new TypeError("inside");
    };
    await assertRejects(async () => await new Take([1]).then(failing, String), TypeError, "inside");
    const failed = new Take([new TypeError("no")]);
    assertEquals(await failed.then(String, (error: unknown) => `${error}`), "TypeError: no");
    const passed = new Take([new TypeError("no")]).then(String).then(undefined, String);
    assertEquals(await passed, "TypeError: no");
  });
});

testLoop("An exception after an operation that is done at once is reported", async (t) => {
  await t.loop.runUntilComplete(async () => {
    const failing = () => {
      throw new TypeError("lost");
    };
    new Take([1]).then(failing, String);
    await sleep(0);
  });
  await t.loop.runUntilComplete(passes(3));
  const [report, ...more] = t.takeReports();
  assertEquals(more, []);
  assertMatch(report!.message, /then\(\) chain/);
  assertInstanceOf(report!.exception, TypeError);
});
