/** Workloads: task groups, timeouts, and tasks that are cancelled. */

import { assertEquals } from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  gather,
  run,
  sleep,
  taskGroup,
  timeout,
} from "../../mod.ts";
import { loadEffect, loadEffection } from "../_peers.ts";
import type { Workload } from "../_workload.ts";
import { one, oneAsync } from "./_one.ts";

const GROUPED = 10_000;
const CANCELLED = 10_000;
const SCOPES = 5_000;
const LONG_MS = 3_600_000;
const LIMIT_MS = 10_000;

// ---- Groups ---------------------------------------------------------------------------------------

function assertAllOnes(ones: readonly number[]): void {
  assertEquals(ones.length, GROUPED);
  assertEquals(ones.every((each) => each === 1), true);
}

export const group10k: Workload = {
  name: "taskgroup_10k",
  title: "10 000 tasks in a group",
  unit: "one of 10 000 tasks with an empty body, all made in a task group, which waits for them",
  count: GROUPED,
  notes: {
    host: "the promises of async functions, which a failure does not cancel",
    effection: "spawned in a scope that waits for them",
    effect: "a FiberSet, whose fibers run as soon as they are made: none waits for its turn",
  },
  variants: {
    generators: (watch) =>
      run(function* () {
        watch.start();
        const tasks = yield* taskGroup((group) =>
          Array.from({ length: GROUPED }, () => group.createTask(one()))
        );
        watch.end();
        assertAllOnes(tasks.map((task) => task.result()));
      }),
    functions: (watch) =>
      run(async () => {
        watch.start();
        const tasks = await taskGroup((group) =>
          Array.from({ length: GROUPED }, () => group.createTask(oneAsync))
        );
        watch.end();
        assertAllOnes(tasks.map((task) => task.result()));
      }),
    host: async (watch) => {
      watch.start();
      const ones = await Promise.all(Array.from({ length: GROUPED }, oneAsync));
      watch.end();
      assertAllOnes(ones);
    },
    effection: async (watch) => {
      const { run, scoped, spawn } = await loadEffection();
      const operation = {
        // deno-lint-ignore require-yield
        *[Symbol.iterator](): Generator<never, number, never> {
          return 1;
        },
      };
      await run(function* () {
        watch.start();
        const ones = yield* scoped(function* () {
          const tasks = [];
          for (let i = 0; i < GROUPED; i++) tasks.push(yield* spawn(() => operation));
          const ones: number[] = [];
          for (const task of tasks) ones.push(yield* task);
          return ones;
        });
        watch.end();
        assertAllOnes(ones);
      });
    },
    effect: async (watch) => {
      const { Effect, Fiber, FiberSet } = await loadEffect();
      const work = Effect.succeed(1);
      await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        const fibers = [];
        watch.start();
        const group = yield* FiberSet.make<number>();
        for (let i = 0; i < GROUPED; i++) fibers.push(yield* FiberSet.run(group, work));
        yield* FiberSet.awaitEmpty(group);
        watch.end();
        assertAllOnes(yield* Fiber.joinAll(fibers));
      })));
    },
  },
};

// ---- Timeouts -------------------------------------------------------------------------------------

export const timeoutScope: Workload = {
  name: "timeout_scope",
  title: "timeout",
  unit: "one timeout() of 10 s around one sleep(0), entered and left",
  count: SCOPES,
  notes: {
    host: "Promise.race of a microtask and a timer that is cleared",
    effection: "race() of a microtask and sleep()",
    effect: "Effect.timeout around Effect.yieldNow",
  },
  variants: {
    generators: (watch) =>
      run(function* () {
        let scopes = 0;
        const body = function* () {
          yield* sleep(0);
        };
        watch.start();
        for (; scopes < SCOPES; scopes++) yield* timeout(LIMIT_MS, body);
        watch.end();
        assertEquals(scopes, SCOPES);
      }),
    functions: (watch) =>
      run(async () => {
        let scopes = 0;
        const body = async () => {
          await sleep(0);
        };
        watch.start();
        for (; scopes < SCOPES; scopes++) await timeout(LIMIT_MS, body);
        watch.end();
        assertEquals(scopes, SCOPES);
      }),
    host: async (watch) => {
      let scopes = 0;
      watch.start();
      for (; scopes < SCOPES; scopes++) {
        const { promise, reject } = Promise.withResolvers<never>();
        const timer = setTimeout(reject, LIMIT_MS);
        try {
          await Promise.race([Promise.resolve(), promise]);
        } finally {
          clearTimeout(timer);
        }
      }
      watch.end();
      assertEquals(scopes, SCOPES);
    },
    effection: async (watch) => {
      const { action, race, run, sleep } = await loadEffection();
      const turn = action<void>((resolve) => {
        queueMicrotask(resolve);
        return () => {};
      });
      await run(function* () {
        let scopes = 0;
        watch.start();
        for (; scopes < SCOPES; scopes++) yield* race([turn, sleep(LIMIT_MS)]);
        watch.end();
        assertEquals(scopes, SCOPES);
      });
    },
    effect: async (watch) => {
      const { Effect } = await loadEffect();
      const scope = Effect.timeout(Effect.yieldNow, LIMIT_MS);
      await Effect.runPromise(Effect.gen(function* () {
        let scopes = 0;
        watch.start();
        for (; scopes < SCOPES; scopes++) yield* scope;
        watch.end();
        assertEquals(scopes, SCOPES);
      }));
    },
  },
};

// ---- Cancelled ------------------------------------------------------------------------------------

function assertAllCancelled(results: readonly unknown[]): void {
  assertEquals(results.length, CANCELLED);
  assertEquals(results.every((each) => each instanceof CancelledError), true);
}

export const cancelSleeping10k: Workload = {
  name: "cancel_sleeping_10k",
  title: "10 000 sleeping tasks cancelled",
  unit: "one of 10 000 sleeping tasks, all cancelled, then all waited for; making them is left out",
  count: CANCELLED,
  notes: {
    host: "promises of timers, rejected by one AbortSignal",
    effection: "each halted in turn",
    effect: "Fiber.interruptAll",
  },
  variants: {
    generators: (watch) =>
      run(function* () {
        const body = coroutine(function* () {
          yield* sleep(LONG_MS);
        });
        const tasks = Array.from({ length: CANCELLED }, () => createTask(body()));
        yield* sleep(1);
        watch.start();
        for (const task of tasks) task.cancel();
        const results = yield* gather(...tasks, { returnExceptions: true });
        watch.end();
        assertAllCancelled(results);
      }),
    functions: (watch) =>
      run(async () => {
        const body = async () => {
          await sleep(LONG_MS);
        };
        const tasks = Array.from({ length: CANCELLED }, () => createTask(body));
        await sleep(1);
        watch.start();
        for (const task of tasks) task.cancel();
        const results = await gather(...tasks, { returnExceptions: true });
        watch.end();
        assertAllCancelled(results);
      }),
    host: async (watch) => {
      const controller = new AbortController();
      const body = async () => {
        const { promise, reject } = Promise.withResolvers<never>();
        const timer = setTimeout(() => {}, LONG_MS);
        controller.signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(new CancelledError());
        });
        await promise;
      };
      const promises = Array.from({ length: CANCELLED }, body);
      watch.start();
      controller.abort();
      const results = await Promise.allSettled(promises);
      watch.end();
      assertAllCancelled(results.map((each) => (each as PromiseRejectedResult).reason));
    },
    effection: async (watch) => {
      const { run, sleep, spawn } = await loadEffection();
      await run(function* () {
        const tasks = [];
        for (let i = 0; i < CANCELLED; i++) tasks.push(yield* spawn(() => sleep(LONG_MS)));
        yield* sleep(1);
        watch.start();
        for (const task of tasks) yield* task.halt();
        watch.end();
      });
    },
    effect: async (watch) => {
      const { Effect, Fiber } = await loadEffect();
      await Effect.runPromise(Effect.gen(function* () {
        const fibers = [];
        for (let i = 0; i < CANCELLED; i++) {
          fibers.push(yield* Effect.forkChild(Effect.sleep(LONG_MS)));
        }
        yield* Effect.sleep(1);
        watch.start();
        yield* Fiber.interruptAll(fibers);
        watch.end();
      }));
    },
  },
};
