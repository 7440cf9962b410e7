/** Workloads: timers that are called off, and timers that fire. */

import { assert, assertEquals } from "@std/assert";
import { type Future, getRunningLoop, run, sleep } from "../../mod.ts";
import { loadEffect, loadEffection } from "../_peers.ts";
import { block, type Details, pseudoRandom, type Watch, type Workload } from "../_workload.ts";

const CANCELLED = 100_000;
const FIRED = 10_000;
/** How long after the scheduling the first deadline is, at the earliest, in milliseconds. */
const LEAD_MS = 100;
/** Over how many milliseconds the deadlines are spread. */
const SPREAD_MS = 50;

// ---- Called off ---------------------------------------------------------------------------------

let calls = 0;

function count(): void {
  calls++;
}

/** Schedules timers 1 to 60 s ahead, and calls them off. */
function scheduleAndCancel<T>(
  watch: Watch,
  schedule: (callback: () => void, delay: number) => T,
  cancel: (timer: T) => void,
): void {
  const random = pseudoRandom();
  const timers: T[] = [];
  calls = 0;
  watch.start();
  for (let i = 0; i < CANCELLED; i++) timers.push(schedule(count, 1000 + random() * 59_000));
  for (const timer of timers) cancel(timer);
}

function onLoop(watch: Watch): void {
  const loop = getRunningLoop();
  scheduleAndCancel(
    watch,
    (callback, delay) => loop.callLater(delay, callback),
    (timer) => timer.cancel(),
  );
}

export const timersCancelled: Workload = {
  name: "timers_cancel_100k",
  title: "100 000 timers cancelled",
  unit: "one of 100 000 timers, 1 to 60 s ahead, all scheduled, then all cancelled, and one turn",
  count: CANCELLED,
  notes: {
    effection: "has no callbacks",
    effect: "has no callbacks",
  },
  variants: {
    generators: (watch) =>
      run(function* () {
        onLoop(watch);
        yield* sleep(0);
        watch.end();
        assertEquals(calls, 0);
      }),
    functions: (watch) =>
      run(async () => {
        onLoop(watch);
        await sleep(0);
        watch.end();
        assertEquals(calls, 0);
      }),
    host: async (watch) => {
      scheduleAndCancel(watch, setTimeout, clearTimeout);
      await Promise.resolve();
      watch.end();
      assertEquals(calls, 0);
    },
    immediate: async (watch) => {
      scheduleAndCancel(watch, setTimeout, clearTimeout);
      await new Promise((resolve) => setImmediate(resolve));
      watch.end();
      assertEquals(calls, 0);
    },
  },
};

// ---- Fired --------------------------------------------------------------------------------------

/** Deadlines, who they have reached, and by how much late. */
class Deadlines {
  readonly lateness: number[] = [];
  readonly #random = pseudoRandom();
  readonly #base: number;

  constructor(now: number) {
    this.#base = now + LEAD_MS;
  }

  next(): number {
    return this.#base + this.#random() * SPREAD_MS;
  }

  /** Notes that one was reached. @returns whether it was the last */
  reached(now: number, deadline: number): boolean {
    return this.lateness.push(now - deadline) === FIRED;
  }

  /** Checks that all were reached, and says how late in microseconds. */
  finish(earliestMs: number): Details {
    assertEquals(this.lateness.length, FIRED);
    const sorted = Float64Array.from(this.lateness).sort();
    const at = (share: number) => Math.round(sorted[Math.floor((FIRED - 1) * share)]! * 1000);
    assert(sorted[0]! >= earliestMs, `A timer was ${-sorted[0]!} ms early`);
    return { late_p50_us: at(0.5), late_p99_us: at(0.99), late_max_us: at(1) };
  }
}

function fireOnLoop(deadlines: Deadlines): Future<void> {
  const loop = getRunningLoop();
  const done = loop.createFuture<void>();
  const fire = (deadline: number) => {
    if (deadlines.reached(loop.time(), deadline)) done.setResult();
  };
  for (let i = 0; i < FIRED; i++) {
    const deadline = deadlines.next();
    loop.callAt(deadline, fire, deadline);
  }
  return done;
}

function fireOnHost(deadlines: Deadlines): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const fire = (deadline: number) => {
    if (deadlines.reached(performance.now(), deadline)) resolve();
  };
  for (let i = 0; i < FIRED; i++) {
    const deadline = deadlines.next();
    setTimeout(fire, Math.max(0, deadline - performance.now()), deadline);
  }
  return promise;
}

/** The host drops the fraction of a delay. */
const HOST_EARLIEST_MS = -1;

/**
 * The two ways to measure timers that fire: as they come, by the time of the processor, or all due
 * already, by the clock.
 */
interface Stage {
  /** Called before the timers are scheduled. */
  scheduling(watch: Watch): void;
  /** Called when they are. */
  scheduled(watch: Watch): void;
}

const asTheyCome: Stage = {
  scheduling: (watch) => watch.start(),
  scheduled: () => {},
};

const allDue: Stage = {
  scheduling: () => {},
  scheduled: (watch) => {
    block(LEAD_MS + SPREAD_MS);
    watch.start();
  },
};

function fireVariants(stage: Stage): Workload["variants"] {
  return {
    generators: async (watch) => {
      let deadlines!: Deadlines;
      await run(function* () {
        stage.scheduling(watch);
        deadlines = new Deadlines(getRunningLoop().time());
        const done = fireOnLoop(deadlines);
        stage.scheduled(watch);
        yield* done;
        watch.end();
      });
      return deadlines.finish(0);
    },
    functions: async (watch) => {
      let deadlines!: Deadlines;
      await run(async () => {
        stage.scheduling(watch);
        deadlines = new Deadlines(getRunningLoop().time());
        const done = fireOnLoop(deadlines);
        stage.scheduled(watch);
        await done;
        watch.end();
      });
      return deadlines.finish(0);
    },
    host: async (watch) => {
      stage.scheduling(watch);
      const deadlines = new Deadlines(performance.now());
      const done = fireOnHost(deadlines);
      stage.scheduled(watch);
      await done;
      watch.end();
      return deadlines.finish(HOST_EARLIEST_MS);
    },
  };
}

/** What comes next to timers where there are no callbacks. */
const sleepingTasks: Workload["variants"] = {
  effection: async (watch) => {
    const { run, sleep, spawn } = await loadEffection();
    let deadlines!: Deadlines;
    await run(function* () {
      watch.start();
      deadlines = new Deadlines(performance.now());
      const tasks = [];
      for (let i = 0; i < FIRED; i++) {
        const deadline = deadlines.next();
        tasks.push(
          yield* spawn(function* () {
            yield* sleep(Math.max(0, deadline - performance.now()));
            deadlines.reached(performance.now(), deadline);
          }),
        );
      }
      for (const task of tasks) yield* task;
      watch.end();
    });
    return deadlines.finish(HOST_EARLIEST_MS);
  },
  effect: async (watch) => {
    const { Effect, Fiber } = await loadEffect();
    let deadlines!: Deadlines;
    await Effect.runPromise(Effect.gen(function* () {
      watch.start();
      deadlines = new Deadlines(performance.now());
      const fibers = [];
      for (let i = 0; i < FIRED; i++) {
        const deadline = deadlines.next();
        fibers.push(
          yield* Effect.forkChild(Effect.gen(function* () {
            yield* Effect.sleep(Math.max(0, deadline - performance.now()));
            deadlines.reached(performance.now(), deadline);
          })),
        );
      }
      yield* Fiber.joinAll(fibers);
      watch.end();
    }));
    return deadlines.finish(HOST_EARLIEST_MS);
  },
};

export const timersFired: Workload = {
  name: "timers_fire_10k",
  title: "10 000 timers firing",
  unit: "one of 10 000 timers with random deadlines in 50 ms, scheduled and run",
  count: FIRED,
  cpu: true,
  variants: { ...fireVariants(asTheyCome), ...sleepingTasks },
  notes: {
    effection: "10 000 tasks that sleep, since it has no callbacks",
    effect: "10 000 fibers that sleep, since it has no callbacks",
  },
};

export const timersDue: Workload = {
  name: "timers_due_10k",
  title: "10 000 timers due",
  unit: "one of 10 000 timers with random deadlines in 50 ms, scheduled before, all due, run",
  count: FIRED,
  variants: fireVariants(allDue),
  notes: {
    effection: "has no callbacks, and is still making tasks when the first would be due",
    effect: "has no callbacks, and may still be making fibers when the first is due",
  },
};
