/** Workloads: callbacks of the loop. */

import { assertEquals } from "@std/assert";
import { type Future, getRunningLoop, run } from "../../mod.ts";
import { loadEffect } from "../_peers.ts";
import type { Variant, Watch, Workload } from "../_workload.ts";

const CHAIN = 20_000;
const BATCH = 10_000;

/** Schedules work, and tells it when to call back. */
type Begin = (schedule: (callback: () => void) => void, done: (calls: number) => void) => void;

/** Each callback schedules the next one. */
const beginChain: Begin = (schedule, done) => {
  let calls = 0;
  const step = () => {
    if (++calls < CHAIN) schedule(step);
    else done(calls);
  };
  schedule(step);
};

/** All callbacks are scheduled, then all run. */
const beginBatch: Begin = (schedule, done) => {
  let calls = 0;
  const step = () => {
    if (++calls === BATCH) done(calls);
  };
  for (let i = 0; i < BATCH; i++) schedule(step);
};

function onLoop(begin: Begin, watch: Watch): Future<number> {
  const loop = getRunningLoop();
  const done = loop.createFuture<number>();
  watch.start();
  begin((callback) => loop.callSoon(callback), (calls) => done.setResult(calls));
  return done;
}

function onHost(
  begin: Begin,
  count: number,
  schedule: (callback: () => void) => void,
): Variant {
  return async (watch) => {
    const { promise, resolve } = Promise.withResolvers<number>();
    watch.start();
    begin(schedule, resolve);
    const calls = await promise;
    watch.end();
    assertEquals(calls, count);
  };
}

function variants(begin: Begin, count: number): Workload["variants"] {
  return {
    generators: (watch) =>
      run(function* () {
        const calls = yield* onLoop(begin, watch);
        watch.end();
        assertEquals(calls, count);
      }),
    functions: (watch) =>
      run(async () => {
        const calls = await onLoop(begin, watch);
        watch.end();
        assertEquals(calls, count);
      }),
    host: onHost(begin, count, queueMicrotask),
    immediate: onHost(begin, count, setImmediate),
    effect: async (watch) => {
      const { Effect } = await loadEffect();
      await Effect.runPromise(Effect.withFiber((fiber) =>
        Effect.promise(() => {
          const dispatcher = fiber.currentDispatcher;
          return onHost(begin, count, (callback) => dispatcher.scheduleTask(callback, 0))(watch);
        })
      ));
    },
  };
}

const notes: Workload["notes"] = {
  effection: "has no callbacks: whatever runs is an operation",
  effect: "tasks of its scheduler, which have no handle, no context and no error handling",
};

export const callSoonChain: Workload = {
  name: "call_soon_chain",
  title: "callSoon chain",
  unit: "one callback that schedules the next one",
  count: CHAIN,
  variants: variants(beginChain, CHAIN),
  notes,
};

export const callSoonBatch: Workload = {
  name: "call_soon_batch",
  title: "callSoon batch",
  unit: "one of many callbacks that are scheduled at once and then run",
  count: BATCH,
  variants: variants(beginBatch, BATCH),
  notes,
};
