/** Workloads: tasks that give turns away. */

import { assertEquals } from "@std/assert";
import { coroutine, createTask, gather, run, sleep } from "../../mod.ts";
import { loadEffect, loadEffection } from "../_peers.ts";
import type { Workload } from "../_workload.ts";

const ALONE = 20_000;
const TASKS = 100;
const EACH = 200;

const notes: Workload["notes"] = {
  host: "a microtask: sockets and timers starve meanwhile",
  effection: "an action that a microtask settles: its sleep(0) is a timer of the host, 2 ms",
  effect: "Effect.yieldNow: its sleep(0) does not give the turn away",
};

export const sleep0: Workload = {
  name: "sleep0",
  title: "sleep(0)",
  unit: "one sleep(0) in the only task",
  count: ALONE,
  notes,
  variants: {
    generators: (watch) =>
      run(function* () {
        let turns = 0;
        watch.start();
        for (; turns < ALONE; turns++) yield* sleep(0);
        watch.end();
        assertEquals(turns, ALONE);
      }),
    functions: (watch) =>
      run(async () => {
        let turns = 0;
        watch.start();
        for (; turns < ALONE; turns++) await sleep(0);
        watch.end();
        assertEquals(turns, ALONE);
      }),
    host: async (watch) => {
      let turns = 0;
      watch.start();
      for (; turns < ALONE; turns++) await Promise.resolve();
      watch.end();
      assertEquals(turns, ALONE);
    },
    immediate: async (watch) => {
      let turns = 0;
      watch.start();
      for (; turns < ALONE; turns++) await nextImmediate();
      watch.end();
      assertEquals(turns, ALONE);
    },
    effection: async (watch) => {
      const { action, run } = await loadEffection();
      const turn = action<void>(settleInMicrotask);
      await run(function* () {
        let turns = 0;
        watch.start();
        for (; turns < ALONE; turns++) yield* turn;
        watch.end();
        assertEquals(turns, ALONE);
      });
    },
    effect: async (watch) => {
      const { Effect } = await loadEffect();
      await Effect.runPromise(Effect.gen(function* () {
        let turns = 0;
        watch.start();
        for (; turns < ALONE; turns++) yield* Effect.yieldNow;
        watch.end();
        assertEquals(turns, ALONE);
      }));
    },
  },
};

export const sleep0In100: Workload = {
  name: "sleep0_100",
  title: "sleep(0) in 100 tasks",
  unit: "one sleep(0) while 100 tasks do the same",
  count: TASKS * EACH,
  notes,
  variants: {
    generators: (watch) =>
      run(function* () {
        const body = coroutine(function* () {
          let turns = 0;
          for (; turns < EACH; turns++) yield* sleep(0);
          return turns;
        });
        watch.start();
        const turns = yield* gather(...Array.from({ length: TASKS }, () => createTask(body())));
        watch.end();
        assertAllTurns(turns);
      }),
    functions: (watch) =>
      run(async () => {
        const body = async () => {
          let turns = 0;
          for (; turns < EACH; turns++) await sleep(0);
          return turns;
        };
        watch.start();
        const turns = await gather(...Array.from({ length: TASKS }, () => createTask(body)));
        watch.end();
        assertAllTurns(turns);
      }),
    host: async (watch) => {
      const body = async () => {
        let turns = 0;
        for (; turns < EACH; turns++) await Promise.resolve();
        return turns;
      };
      watch.start();
      const turns = await Promise.all(Array.from({ length: TASKS }, body));
      watch.end();
      assertAllTurns(turns);
    },
    immediate: async (watch) => {
      const body = async () => {
        let turns = 0;
        for (; turns < EACH; turns++) await nextImmediate();
        return turns;
      };
      watch.start();
      const turns = await Promise.all(Array.from({ length: TASKS }, body));
      watch.end();
      assertAllTurns(turns);
    },
    effection: async (watch) => {
      const { action, all, run } = await loadEffection();
      const turn = action<void>(settleInMicrotask);
      const body = {
        *[Symbol.iterator]() {
          let turns = 0;
          for (; turns < EACH; turns++) yield* turn;
          return turns;
        },
      };
      await run(function* () {
        watch.start();
        const turns = yield* all(Array.from({ length: TASKS }, () => body));
        watch.end();
        assertAllTurns(turns);
      });
    },
    effect: async (watch) => {
      const { Effect } = await loadEffect();
      const body = Effect.gen(function* () {
        let turns = 0;
        for (; turns < EACH; turns++) yield* Effect.yieldNow;
        return turns;
      });
      await Effect.runPromise(Effect.gen(function* () {
        watch.start();
        const turns = yield* Effect.all(Array.from({ length: TASKS }, () => body), {
          concurrency: "unbounded",
        });
        watch.end();
        assertAllTurns(turns);
      }));
    },
  },
};

function nextImmediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The cheapest wait for nothing that effection can be given. */
function settleInMicrotask(resolve: () => void): () => void {
  queueMicrotask(resolve);
  return () => {};
}

function assertAllTurns(turns: readonly number[]): void {
  assertEquals(turns.length, TASKS);
  assertEquals(turns.every((each) => each === EACH), true);
}
