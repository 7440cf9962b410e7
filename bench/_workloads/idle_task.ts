/** What tasks that wait cost: bytes, not time. */

import { coroutine, createTask, type Future, getRunningLoop, run, sleep } from "../../mod.ts";
import { loadEffect, loadEffection } from "../_peers.ts";
import type { MemoryWorkload } from "../_workload.ts";

export const idleTask: MemoryWorkload = {
  name: "mem_idle_task",
  title: "bytes per idle task",
  unit: "resident bytes for one of 100 000 tasks that each wait for a future of their own",
  count: 100_000,
  notes: { host: "the promise of an async function that awaits a promise" },
  variants: {
    generators: (count, look) =>
      run(function* () {
        const loop = getRunningLoop();
        const wait = coroutine(function* (future: Future<number>) {
          return yield* future;
        });
        const futures = Array.from({ length: count }, () => loop.createFuture<number>());
        const tasks = futures.map((future) => createTask(wait(future)));
        yield* sleep(1);
        look();
        for (const future of futures) future.setResult(1);
        let sum = 0;
        for (const task of tasks) sum += yield* task;
        return sum;
      }),
    functions: (count, look) =>
      run(async () => {
        const loop = getRunningLoop();
        const futures = Array.from({ length: count }, () => loop.createFuture<number>());
        const tasks = futures.map((future) => createTask(async () => await future));
        await sleep(1);
        look();
        for (const future of futures) future.setResult(1);
        let sum = 0;
        for (const task of tasks) sum += await task;
        return sum;
      }),
    host: async (count, look) => {
      const wait = async (promise: Promise<number>) => await promise;
      const pairs = Array.from({ length: count }, () => Promise.withResolvers<number>());
      const tasks = pairs.map(({ promise }) => wait(promise));
      await new Promise((resolve) => setTimeout(resolve, 1));
      look();
      for (const { resolve } of pairs) resolve(1);
      let sum = 0;
      for (const task of tasks) sum += await task;
      return sum;
    },
    effection: async (count, look) => {
      const { run, sleep, spawn, withResolvers } = await loadEffection();
      return await run(function* () {
        const futures = Array.from({ length: count }, () => withResolvers<number>());
        const tasks = [];
        for (const { operation } of futures) {
          tasks.push(
            yield* spawn(function* () {
              return yield* operation;
            }),
          );
        }
        yield* sleep(1);
        look();
        for (const { resolve } of futures) resolve(1);
        let sum = 0;
        for (const task of tasks) sum += yield* task;
        return sum;
      });
    },
    effect: async (count, look) => {
      const { Deferred, Effect, Fiber } = await loadEffect();
      return await Effect.runPromise(Effect.gen(function* () {
        const futures = Array.from({ length: count }, () => Deferred.makeUnsafe<number>());
        const fibers = [];
        for (const future of futures) {
          fibers.push(
            yield* Effect.forkChild(Effect.gen(function* () {
              return yield* Deferred.await(future);
            })),
          );
        }
        yield* Effect.sleep(1);
        look();
        for (const future of futures) Deferred.doneUnsafe(future, Effect.succeed(1));
        let sum = 0;
        for (const fiber of fibers) sum += yield* Fiber.join(fiber);
        return sum;
      }));
    },
  },
};

export const sleepingTask: MemoryWorkload = {
  name: "mem_sleeping_1m",
  title: "bytes per sleeping task",
  unit: "resident bytes for one of 1 000 000 tasks that each sleep for an hour",
  count: 1_000_000,
  notes: { functions: "left out: it is the idle task's size and a timer's" },
  variants: {
    generators: (count, look) =>
      run(function* () {
        const rest = coroutine(function* () {
          yield* sleep(3_600_000);
        });
        const tasks = Array.from({ length: count }, () => createTask(rest()));
        yield* sleep(1);
        look();
        for (const task of tasks) task.cancel();
        yield* sleep(0);
        let ended = 0;
        for (const task of tasks) if (task.cancelled()) ended++;
        return ended;
      }),
  },
};
