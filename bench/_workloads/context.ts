/** Workloads: context variables. */

import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals } from "@std/assert";
import { ContextVar, copyContext, run } from "../../mod.ts";
import { loadEffect, loadEffection } from "../_peers.ts";
import type { Workload } from "../_workload.ts";

const READS = 50_000;
const RUNS = 50_000;

const variable = new ContextVar<number>("variable", { defaultValue: 1 });

const storage = new AsyncLocalStorage<number>();

let calls = 0;

function increment(): void {
  calls++;
}

/** Reads the variable again and again. */
function readOften(read: () => number): number {
  let sum = 0;
  for (let i = 0; i < READS; i++) sum += read();
  return sum;
}

/** Calls a function again and again, each time in a copy of the context. */
function runOften(): void {
  for (let i = 0; i < RUNS; i++) copyContext().run(increment);
}

export const contextGet: Workload = {
  name: "ctx_get",
  title: "context get",
  unit: "one read of a context variable",
  count: READS,
  notes: { host: "AsyncLocalStorage.getStore()" },
  variants: {
    generators: (watch) =>
      // deno-lint-ignore require-yield
      run(function* () {
        watch.start();
        const sum = readOften(() => variable.get());
        watch.end();
        assertEquals(sum, READS);
      }),
    functions: (watch) =>
      // deno-lint-ignore require-await
      run(async () => {
        watch.start();
        const sum = readOften(() => variable.get());
        watch.end();
        assertEquals(sum, READS);
      }),
    host: (watch) =>
      // deno-lint-ignore require-await
      storage.run(1, async () => {
        watch.start();
        const sum = readOften(() => storage.getStore()!);
        watch.end();
        assertEquals(sum, READS);
      }),
    effection: async (watch) => {
      const { createContext, run } = await loadEffection();
      const context = createContext<number>("variable", 1);
      await run(function* () {
        let sum = 0;
        watch.start();
        for (let i = 0; i < READS; i++) sum += yield* context.expect();
        watch.end();
        assertEquals(sum, READS);
      });
    },
    effect: async (watch) => {
      const { Context, Effect } = await loadEffect();
      const reference = Context.Reference<number>("variable", { defaultValue: () => 1 });
      await Effect.runPromise(Effect.gen(function* () {
        let sum = 0;
        watch.start();
        for (let i = 0; i < READS; i++) sum += yield* reference;
        watch.end();
        assertEquals(sum, READS);
      }));
    },
  },
};

export const contextRun: Workload = {
  name: "ctx_run",
  title: "context run",
  unit: "one call of a function in a fresh copy of the context",
  count: RUNS,
  notes: {
    host: "AsyncLocalStorage.run(), which sets a value for the call",
    effection: "context.with(), which sets a value for an operation",
    effect: "provideService(), which sets a value for an effect",
  },
  variants: {
    generators: (watch) =>
      // deno-lint-ignore require-yield
      run(function* () {
        calls = 0;
        watch.start();
        runOften();
        watch.end();
        assertEquals(calls, RUNS);
      }),
    functions: (watch) =>
      // deno-lint-ignore require-await
      run(async () => {
        calls = 0;
        watch.start();
        runOften();
        watch.end();
        assertEquals(calls, RUNS);
      }),
    // deno-lint-ignore require-await
    host: async (watch) => {
      calls = 0;
      watch.start();
      for (let i = 0; i < RUNS; i++) storage.run(i, increment);
      watch.end();
      assertEquals(calls, RUNS);
    },
    effection: async (watch) => {
      const { createContext, run } = await loadEffection();
      const context = createContext<number>("variable", 1);
      // deno-lint-ignore require-yield
      const operation = function* () {
        increment();
      };
      await run(function* () {
        calls = 0;
        watch.start();
        for (let i = 0; i < RUNS; i++) yield* context.with(i, operation);
        watch.end();
        assertEquals(calls, RUNS);
      });
    },
    effect: async (watch) => {
      const { Context, Effect } = await loadEffect();
      const reference = Context.Reference<number>("variable", { defaultValue: () => 1 });
      const call = Effect.sync(increment);
      await Effect.runPromise(Effect.gen(function* () {
        calls = 0;
        watch.start();
        for (let i = 0; i < RUNS; i++) yield* Effect.provideService(call, reference, i);
        watch.end();
        assertEquals(calls, RUNS);
      }));
    },
  },
};
