/** Workloads: futures between callbacks and tasks. */

import { assertEquals } from "@std/assert";
import { type Future, getRunningLoop, run } from "../../mod.ts";
import { loadEffect, loadEffection } from "../_peers.ts";
import type { Variant, Workload } from "../_workload.ts";

const TRIPS = 10_000;

function setOne(future: Future<number>): void {
  future.setResult(1);
}

function onHost(schedule: (callback: () => void) => void): Variant {
  return async (watch) => {
    let sum = 0;
    watch.start();
    for (let i = 0; i < TRIPS; i++) {
      const { promise, resolve } = Promise.withResolvers<number>();
      schedule(() => resolve(1));
      sum += await promise;
    }
    watch.end();
    assertEquals(sum, TRIPS);
  };
}

export const futureRoundTrip: Workload = {
  name: "future_roundtrip",
  title: "future round trip",
  unit: "one future that is made, whose result a callback sets, and that is waited for",
  count: TRIPS,
  notes: {
    effection: "withResolvers() and a microtask of the host",
    effect: "a Deferred and a task of its scheduler",
  },
  variants: {
    generators: (watch) =>
      run(function* () {
        const loop = getRunningLoop();
        let sum = 0;
        watch.start();
        for (let i = 0; i < TRIPS; i++) {
          const future = loop.createFuture<number>();
          loop.callSoon(setOne, future);
          sum += yield* future;
        }
        watch.end();
        assertEquals(sum, TRIPS);
      }),
    functions: (watch) =>
      run(async () => {
        const loop = getRunningLoop();
        let sum = 0;
        watch.start();
        for (let i = 0; i < TRIPS; i++) {
          const future = loop.createFuture<number>();
          loop.callSoon(setOne, future);
          sum += await future;
        }
        watch.end();
        assertEquals(sum, TRIPS);
      }),
    host: onHost(queueMicrotask),
    immediate: onHost(setImmediate),
    effection: async (watch) => {
      const { run, withResolvers } = await loadEffection();
      await run(function* () {
        let sum = 0;
        watch.start();
        for (let i = 0; i < TRIPS; i++) {
          const { operation, resolve } = withResolvers<number>();
          queueMicrotask(() => resolve(1));
          sum += yield* operation;
        }
        watch.end();
        assertEquals(sum, TRIPS);
      });
    },
    effect: async (watch) => {
      const { Deferred, Effect } = await loadEffect();
      const result = Effect.succeed(1);
      await Effect.runPromise(Effect.withFiber((fiber) =>
        Effect.gen(function* () {
          const dispatcher = fiber.currentDispatcher;
          let sum = 0;
          watch.start();
          for (let i = 0; i < TRIPS; i++) {
            const deferred = Deferred.makeUnsafe<number>();
            dispatcher.scheduleTask(() => Deferred.doneUnsafe(deferred, result), 0);
            sum += yield* Deferred.await(deferred);
          }
          watch.end();
          assertEquals(sum, TRIPS);
        })
      ));
    },
  },
};
