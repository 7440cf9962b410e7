/** What futures and tasks weigh, and that nothing of them stays behind. */
import { assert } from "@std/assert";
import { createTask, Future, gather, sleep, type Task } from "../../futures/mod.ts";
import { DenoEventLoop, run } from "../../loop/mod.ts";
import { collectGarbage, passes } from "../_helpers.ts";

async function heapUsed(): Promise<number> {
  await collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

/** Runs `body` on a real loop; it gives back the bytes that are left of each of `count` things. */
function testBytes(
  name: string,
  { count, limit }: { count: number; limit: number },
  body: (loop: DenoEventLoop, count: number) => Promise<number>,
): void {
  Deno.test(name, async () => {
    const loop = new DenoEventLoop();
    const bytes = await loop.runUntilComplete(() => body(loop, count)) / count;
    loop.close();
    assert(bytes <= limit, `${bytes.toFixed(0)} bytes`);
  });
}

testBytes(
  "An idle task weighs at most 800 bytes",
  { count: 20_000, limit: 800 },
  async (loop, count) => {
    const never = new Future<void>({ loop });
    function* idle() {
      yield* never;
    }
    // So that what is made once is not counted.
    const tasks: Task<void>[] = [loop.createTask(idle)];
    await passes(2);
    const before = await heapUsed();
    for (let i = 0; i < count; i++) tasks.push(loop.createTask(idle));
    await passes(2);
    const after = await heapUsed();
    never.cancel();
    await passes(3);
    return after - before;
  },
);

for (
  const [kind, work] of Object.entries({
    "generator tasks": function* () {
      yield* sleep(0);
      return "x".repeat(10);
    },
    "async functions": async () => {
      await sleep(0);
      return "x".repeat(10);
    },
  })
) {
  testBytes(
    `Tasks that have ended leave nothing: ${kind}`,
    // The smallest thing that could be left is twice as large; compiled code comes and goes.
    { count: 80_000, limit: 12 },
    async (_loop, count) => {
      const round = async (tasks: number) => {
        for (let i = 0; i < tasks; i += 1000) {
          for (let j = 0; j < 1000; j++) createTask(work);
          await passes(4);
        }
      };
      await round(2000);
      const before = await heapUsed();
      await round(count);
      return await heapUsed() - before;
    },
  );
}

testBytes(
  "Tasks that fail or are cancelled leave nothing",
  { count: 10_000, limit: 40 },
  async (_loop, count) => {
    const round = async (tasks: number) => {
      for (let i = 0; i < tasks; i += 100) {
        const made: Task<unknown>[] = [];
        for (let j = 0; j < 100; j++) {
          made.push(
            j % 2 === 0
              ? createTask(function* () {
                yield* sleep(0);
                throw new TypeError();
              })
              : createTask(async () => {
                await sleep(1e6);
              }),
          );
        }
        await passes(1);
        for (const task of made) if (task !== made[0]) task.cancel();
        await gather(...made, { returnExceptions: true });
      }
    };
    await round(1000);
    const before = await heapUsed();
    await round(count);
    return await heapUsed() - before;
  },
);

testBytes(
  "Failures that somebody asks for late leave nothing",
  { count: 10_000, limit: 40 },
  async (_loop, count) => {
    const round = async (futures: number) => {
      for (let i = 0; i < futures; i += 100) {
        const failed = Array.from({ length: 100 }, () => new Future());
        for (const future of failed) future.setException(new TypeError());
        await passes(5);
        for (const future of failed) future.exception();
      }
    };
    await round(1000);
    const before = await heapUsed();
    await round(count);
    return await heapUsed() - before;
  },
);

Deno.test("A program that is run again and again leaves nothing", async () => {
  const program = () =>
    run(async () => {
      const tasks = Array.from({ length: 20 }, (_, i) => createTask(() => sleep(i % 3)));
      createTask(() => sleep(1e6));
      await gather(...tasks);
    });
  for (let i = 0; i < 20; i++) await program();
  const before = await heapUsed();
  for (let i = 0; i < 50; i++) await program();
  const bytes = (await heapUsed() - before) / 50;
  assert(bytes < 5000, `${bytes.toFixed(0)} bytes a run`);
});
