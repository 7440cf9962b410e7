/** Coroutines that never begin: told of in debug mode, by collection or by the end of the run. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  asCompleted,
  Condition,
  type Coroutine,
  coroutine,
  createTask,
  ensureFuture,
  Event,
  gather,
  Lock,
  Queue,
  RuntimeError,
  Semaphore,
  shield,
  sleep,
  taskGroup,
  timeout,
  wait,
  waitFor,
} from "../../futures/mod.ts";
import { DenoEventLoop, run, Runner } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import {
  collectGarbage,
  errorOf,
  type Kind,
  passes,
  type Program,
  TestLoop,
  Trial,
} from "../_helpers.ts";
import { warned } from "../_printed.ts";

const KINDS = ["generator", "async function"] as const;
const work = coroutine(function* work() {
  yield* sleep(1);
});

/** What is told of a program, without the places. */
async function told(kind: Kind, program: (t: Trial) => Program<void>): Promise<string[]> {
  const t = new Trial(new TestLoop(), kind);
  t.loop.setDebug(true);
  const lines = await warned(() => t.loop.runUntilComplete(t.work(() => program(t))));
  assertEquals(await warned(() => t.finish()), []);
  return lines.map((line) => line.replace(/, made at \S+unawaited_test\.ts:\d+:\d+, /, ", here, "));
}

for (const kind of KINDS) {
  Deno.test(`A coroutine that never begins is told of, with its place: ${kind}`, async () => {
    const { signal } = new AbortController();
    const lines = await told(kind, function* (t) {
      const kept = [
        work(),
        sleep(0),
        sleep(5),
        new Queue().put(1),
        new Queue().get({ signal }),
        new Lock().acquire(),
        new Semaphore().acquire(),
        new Event().wait(),
        timeout(5, function* () {}),
      ];
      yield* t.wait(sleep(1));
      assertEquals(kept.length, 9);
    });
    const names = ["work", "sleep", "sleep", "Queue.put", "Queue.get", "Lock.acquire"];
    names.push("Semaphore.acquire", "Event.wait", "timeout");
    assertEquals(lines, names.map((name) => `<coroutine ${name}>, here, was never awaited`));
  });

  Deno.test(`A coroutine of the last step of a run is told of: ${kind}`, async () => {
    const lines = await told(kind, function* (t) {
      yield* t.wait(sleep(1));
      work();
    });
    assertEquals(lines, ["<coroutine work>, here, was never awaited"]);
  });

  Deno.test(`A coroutine that is used in whatever way is not told of: ${kind}`, async () => {
    const lines = await told(kind, function* (t) {
      const { signal } = new AbortController();
      yield* t.wait(work());
      void work().then();
      yield* t.wait(sleep(1, undefined, { signal }));
      const late = work();
      yield* t.wait(passes(3));
      yield* t.wait(late);
      yield* t.wait(createTask(work()));
      yield* t.wait(ensureFuture(work()));
      yield* t.wait(shield(work()));
      yield* t.wait(gather(work(), sleep(0)));
      yield* t.wait(wait([createTask(work())]));
      yield* t.wait(waitFor(work(), 100));
      for (const each of asCompleted([work(), work()])) yield* t.wait(each);
      yield* t.wait(taskGroup(t.body(function* (group) {
        group.createTask(work());
        yield* t.wait(sleep(0));
      })));
      const condition = new Condition();
      yield* t.wait(condition.acquire());
      condition.release();
      const task = createTask(work());
      yield* t.wait(sleep(0));
      task.cancel();
      yield* errorOf(t.wait(task));
    });
    assertEquals(lines, []);
  });

  Deno.test(`A coroutine that is given up is not told of: ${kind}`, async () => {
    const lines = await told(kind, function* (t) {
      work().close();
      sleep(1).close();
      new Queue().get({ signal: new AbortController().signal }).close();
      const later = work();
      yield* t.wait(passes(3));
      later.close();
      for (const make of [work, () => sleep(1, 1, { signal: new AbortController().signal })]) {
        const task = createTask(make() as Coroutine<unknown>);
        task.cancel();
        yield* errorOf(t.wait(task));
      }
      const signal = AbortSignal.abort();
      yield* errorOf(t.wait(new Lock().acquire({ signal })));
      yield* errorOf(t.wait(timeout(1, function* () {}, { signal })));
      yield* errorOf(t.wait(waitFor(work(), 1, { signal })));
      const waiting = createTask(waitFor(work(), 1));
      waiting.cancel();
      yield* errorOf(t.wait(waiting));
      yield* t.wait(taskGroup(
        t.body(function* (group) {
          group.createTask(work());
          const second = group.createTask(work());
          yield* t.wait(sleep(0));
          second.cancel();
        }),
        { limit: 1 },
      ));
    });
    assertEquals(lines, []);
  });

  Deno.test(`A coroutine that stands for another is told of alone: ${kind}`, async () => {
    const { signal } = new AbortController();
    const lines = await told(kind, function* (t) {
      const kept = [
        sleep(1, 1, { signal }),
        waitFor(work(), 5),
        waitFor(work(), 0),
        waitFor(work(), 5, { signal }),
        timeout(5, function* () {}, { signal }),
      ];
      yield* t.wait(sleep(1));
      assertEquals(kept.length, 5);
    });
    const names = ["sleep", "waitFor", "waitFor", "waitFor", "timeout"];
    assertEquals(lines, names.map((name) => `<coroutine ${name}>, here, was never awaited`));
  });
}

Deno.test("Without debug mode nobody is told of a coroutine that never begins", async () => {
  const other = new SimulatedEventLoop();
  other.setDebug(true);
  const lines = await warned(() => run(async () => await sleep(1, work())));
  assertEquals(lines, []);
  other.close();
});

Deno.test("A coroutine is told of once, however often its loop runs", async () => {
  const loop = new SimulatedEventLoop();
  loop.setDebug(true);
  const kept: Coroutine<void>[] = [];
  const lines = await warned(async () => {
    await loop.runUntilComplete(async () => {
      kept.push(work());
      await sleep(0);
      kept.push(work());
    });
    await loop.runUntilComplete(sleep(1));
    await assertRejects(async () => await kept[0], RuntimeError);
    kept[1]!.close();
    loop.close();
  });
  assertEquals(lines.length, 2);
  assertEquals(kept.length, 2);
});

Deno.test("A coroutine that begins when debug mode is over is not told of", async () => {
  const loop = new SimulatedEventLoop();
  loop.setDebug(true);
  const lines = await warned(async () => {
    await loop.runUntilComplete(async () => {
      const kept = work();
      await sleep(0);
      loop.setDebug(false);
      await kept;
      work();
    });
  });
  assertEquals(lines, []);
  loop.close();
});

Deno.test("run() and Runner tell of coroutines that never begin", async () => {
  const forget = async () => void await sleep(0, [work()]);
  for (
    const program of [() => run(forget, { debug: true }), async () => {
      await using runner = new Runner({ debug: true });
      await runner.run(forget);
    }]
  ) {
    const lines = await warned(program);
    assertEquals(lines.length, 1);
    assertMatch(lines[0]!, /^<coroutine work>, made at \S+, was never awaited$/);
  }
});

Deno.test("A coroutine that never begins is told of when it is collected", async () => {
  const loop = new DenoEventLoop();
  loop.setDebug(true);
  let before = 0;
  const lines: string[] = await warned(async () => {
    const { warn } = console;
    console.warn = (line: string) => {
      before++;
      warn(line);
    };
    await loop.runUntilComplete(async () => {
      (() => {
        for (let i = 0; i < 3; i++) work();
      })();
      await collectGarbage(() => before === 3);
    });
    assertEquals(before, 3);
  });
  for (const line of lines) assertMatch(line, /^<coroutine work>, made at \S+, was never awaited$/);
  assertEquals(lines.length, 3);
  loop.close();
});

Deno.test("The watch on coroutines keeps none of them alive", async () => {
  const loop = new DenoEventLoop();
  loop.setDebug(true);
  await loop.runUntilComplete(async () => {
    const refs: WeakRef<object>[] = [];
    (() => {
      const waited = work();
      refs.push(new WeakRef(waited), new WeakRef(createTask(waited)));
    })();
    await sleep(5);
    await collectGarbage(() => refs.every((ref) => ref.deref() === undefined));
    assert(refs.every((ref) => ref.deref() === undefined));
  });
  loop.close();
});
