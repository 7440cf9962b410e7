/** Several loops at once in one thread. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  allTasks,
  ContextVar,
  coroutine,
  createTask,
  currentTask,
  RuntimeError,
  sleep,
  type Task,
} from "../../futures/mod.ts";
import { DenoEventLoop, getRunningLoop, run } from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { hostTurn, testRealLoop } from "../_helpers.ts";

Deno.test("Two loops run at once, each finding itself and its tasks", async () => {
  const loops = [new DenoEventLoop(), new DenoEventLoop(), new SimulatedEventLoop()];
  const steps: number[] = [];
  await Promise.all(loops.map((loop, index) =>
    loop.runUntilComplete(async () => {
      const main = currentTask();
      assertEquals(allTasks().size, 1);
      const generator = createTask(
        coroutine(function* () {
          const task = currentTask();
          for (let i = 0; i < 20; i++) {
            steps.push(index);
            assertStrictEquals(getRunningLoop(), loop as unknown);
            assertStrictEquals(currentTask(), task);
            yield* sleep(i % 3 === 0 ? 0.5 : 0);
          }
        })(),
      );
      for (let i = 0; i < 20; i++) {
        assertStrictEquals(getRunningLoop(), loop as unknown);
        assertStrictEquals(currentTask(), main);
        assertEquals(currentTask(loops[(index + 1) % 3]!), undefined);
        if (i % 5 === 0) await hostTurn();
        else await sleep(i % 2);
      }
      await generator;
    })
  ));
  for (const loop of loops) loop.close();
  // They took turns.
  const changes = steps.filter((index, i) => i > 0 && index !== steps[i - 1]).length;
  assert(changes > 5, String(changes));
});

Deno.test("A loop that is never idle lets another one run", async () => {
  const busy = new DenoEventLoop();
  const other = new DenoEventLoop();
  let spins = 0;
  const spin = () => {
    spins++;
    busy.callSoon(spin);
  };
  busy.callSoon(spin);
  const running = busy.runForever();
  let atEnd = 0;
  await other.runUntilComplete(async () => {
    for (let i = 0; i < 10; i++) await sleep(1);
    atEnd = spins;
  });
  busy.stop();
  await running;
  assert(atEnd > 100);
  busy.close();
  other.close();
});

Deno.test("A loop started inside another one's generator task is its own", async () => {
  const outer = new DenoEventLoop();
  const inner = new DenoEventLoop();
  const seen: unknown[] = [];
  await outer.runUntilComplete(
    coroutine(function* () {
      const task = currentTask();
      inner.callSoon(() => seen.push(getRunningLoop(), currentTask(), currentTask(inner)));
      inner.callLater(5, () => inner.stop());
      // The first pass of the inner loop runs before this returns.
      const running = inner.runForever();
      assertStrictEquals(getRunningLoop(), outer);
      assertStrictEquals(currentTask(), task);
      yield* sleep(20);
      assertStrictEquals(currentTask(), task);
      void running;
    })(),
  );
  assertEquals(seen, [inner, undefined, undefined]);
  inner.close();
  outer.close();
});

Deno.test("A loop started inside another one's async function is its own", async () => {
  const outer = new DenoEventLoop();
  await outer.runUntilComplete(async () => {
    const task = currentTask();
    const inner = new DenoEventLoop();
    const result = await inner.runUntilComplete(async () => {
      assertStrictEquals(getRunningLoop(), inner);
      await sleep(1);
      return (currentTask() as Task<unknown>).getLoop() === inner;
    });
    assert(result);
    assertStrictEquals(getRunningLoop(), outer);
    assertStrictEquals(currentTask(), task);
    inner.close();
  });
  outer.close();
});

Deno.test("Contexts of several loops stay apart", async () => {
  const c = new ContextVar("c", { defaultValue: "none" });
  const loops = [new DenoEventLoop(), new DenoEventLoop()];
  const seen = await Promise.all(loops.map((loop, i) =>
    loop.runUntilComplete(async () => {
      c.set(`loop ${i}`);
      await sleep(1);
      await createTask(async () => {
        c.set("inner");
        await sleep(1);
      });
      return c.get();
    })
  ));
  assertEquals(seen, ["loop 0", "loop 1"]);
  assertEquals(c.get(), "none");
  for (const loop of loops) loop.close();
});

Deno.test("A loop started inside another one's callback leaves it its context", async () => {
  const c = new ContextVar("c", { defaultValue: "none" });
  const [outer, inner] = [new DenoEventLoop(), new DenoEventLoop()];
  // Its callback runs in the first pass of the run, inside the callback of the other loop.
  const done = inner.createFuture<string>();
  done.setResult("done");
  const { promise, resolve } = Promise.withResolvers<string>();
  const handle = outer.callSoon(() => {
    resolve(inner.runUntilComplete(done));
    c.set("callback");
    assertStrictEquals(getRunningLoop(), outer);
  });
  await outer.runUntilComplete(sleep(0));
  assertEquals(handle.getContext().get(c), "callback");
  assertEquals(c.get(), "none");
  assertEquals(await promise, "done");
  for (const loop of [outer, inner]) loop.close();
});

Deno.test("One loop's callbacks can schedule on another", async () => {
  const one = new DenoEventLoop();
  const two = new DenoEventLoop();
  const seen: unknown[] = [];
  const running = two.runForever();
  await one.runUntilComplete(async () => {
    two.callSoon(() => {
      seen.push(getRunningLoop() === two);
      two.stop();
    });
    await sleep(1);
  });
  await running;
  assertEquals(seen, [true]);
  one.close();
  two.close();
});

Deno.test("Closing one loop does not disturb another", async () => {
  const one = new DenoEventLoop();
  const two = new DenoEventLoop();
  const result = two.runUntilComplete(sleep(20, "two"));
  assertEquals(await one.runUntilComplete(sleep(1, "one")), "one");
  one.close();
  assertEquals(await result, "two");
  two.close();
});

Deno.test("run() twice at once runs two programs", async () => {
  const order: string[] = [];
  const program = (name: string, ms: number) => async () => {
    await sleep(ms);
    order.push(name);
    return name;
  };
  assertEquals(await Promise.all([run(program("slow", 30)), run(program("fast", 5))]), [
    "slow",
    "fast",
  ]);
  assertEquals(order, ["fast", "slow"]);
});

testRealLoop(
  "A future of one loop is not for the tasks of another, nor is a task",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const other = new DenoEventLoop();
    const future = other.createFuture<void>();
    const task = other.createTask(sleep(1));
    await loop.runUntilComplete(async () => {
      for (const foreign of [future, task]) {
        await assertRejects(
          async () => await foreign,
          RuntimeError,
          "is attached to a different loop",
        );
      }
    });
    await other.runUntilComplete(task);
    other.close();
  },
);
