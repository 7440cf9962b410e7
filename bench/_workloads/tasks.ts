/** Workloads: tasks that are made and waited for. */

import { assertEquals } from "@std/assert";
import { createTask, gather, run } from "../../mod.ts";
import { loadEffect, loadEffection } from "../_peers.ts";
import type { Workload } from "../_workload.ts";
import { one, oneAsync } from "./_one.ts";

const JOINED = 10_000;
const GATHERED = 10_000;

export const spawnJoin: Workload = {
  name: "spawn_join",
  title: "spawn and join",
  unit: "one task with an empty body, made and waited for before the next",
  count: JOINED,
  notes: { host: "the promise of an async function: nothing to cancel, nothing scheduled" },
  variants: {
    generators: (watch) =>
      run(function* () {
        let sum = 0;
        watch.start();
        for (let i = 0; i < JOINED; i++) sum += yield* createTask(one());
        watch.end();
        assertEquals(sum, JOINED);
      }),
    functions: (watch) =>
      run(async () => {
        let sum = 0;
        watch.start();
        for (let i = 0; i < JOINED; i++) sum += await createTask(oneAsync);
        watch.end();
        assertEquals(sum, JOINED);
      }),
    host: async (watch) => {
      let sum = 0;
      watch.start();
      for (let i = 0; i < JOINED; i++) sum += await oneAsync();
      watch.end();
      assertEquals(sum, JOINED);
    },
    effection: async (watch) => {
      const { run, spawn } = await loadEffection();
      await run(function* () {
        let sum = 0;
        watch.start();
        for (let i = 0; i < JOINED; i++) sum += yield* yield* spawn(yieldOne);
        watch.end();
        assertEquals(sum, JOINED);
      });
    },
    effect: async (watch) => {
      const { Effect, Fiber } = await loadEffect();
      await Effect.runPromise(Effect.gen(function* () {
        let sum = 0;
        watch.start();
        for (let i = 0; i < JOINED; i++) {
          sum += yield* Fiber.join(yield* Effect.forkChild(Effect.succeed(1)));
        }
        watch.end();
        assertEquals(sum, JOINED);
      }));
    },
  },
};

export const gather10k: Workload = {
  name: "spawn_gather_10k",
  title: "10 000 tasks gathered",
  unit: "one of 10 000 tasks with an empty body, all made, then all waited for",
  count: GATHERED,
  notes: { host: spawnJoin.notes!.host! },
  variants: {
    generators: (watch) =>
      run(function* () {
        watch.start();
        const ones = yield* gather(...Array.from({ length: GATHERED }, () => createTask(one())));
        watch.end();
        assertAllOnes(ones);
      }),
    functions: (watch) =>
      run(async () => {
        watch.start();
        const ones = await gather(...Array.from({ length: GATHERED }, () => createTask(oneAsync)));
        watch.end();
        assertAllOnes(ones);
      }),
    host: async (watch) => {
      watch.start();
      const ones = await Promise.all(Array.from({ length: GATHERED }, oneAsync));
      watch.end();
      assertAllOnes(ones);
    },
    effection: async (watch) => {
      const { all, run } = await loadEffection();
      const operation = { [Symbol.iterator]: yieldOne };
      await run(function* () {
        watch.start();
        const ones = yield* all(Array.from({ length: GATHERED }, () => operation));
        watch.end();
        assertAllOnes(ones);
      });
    },
    effect: async (watch) => {
      const { Effect, Fiber } = await loadEffect();
      await Effect.runPromise(Effect.gen(function* () {
        const fibers = [];
        watch.start();
        for (let i = 0; i < GATHERED; i++) {
          fibers.push(yield* Effect.forkChild(Effect.succeed(1)));
        }
        const ones = yield* Fiber.joinAll(fibers);
        watch.end();
        assertAllOnes(ones);
      }));
    },
  },
};

// deno-lint-ignore require-yield
function* yieldOne(): Generator<never, number, never> {
  return 1;
}

function assertAllOnes(ones: readonly number[]): void {
  assertEquals(ones.length, GATHERED);
  assertEquals(ones.every((each) => each === 1), true);
}
