/** Workloads: tasks that take turns at a lock or semaphore, and tasks that wait for an event. */

import { assertEquals } from "@std/assert";
import { coroutine, createTask, Event, gather, Lock, run, Semaphore, sleep } from "../../mod.ts";
import { loadAsyncMutex, loadEffect, loadEffection, loadPQueue } from "../_peers.ts";
import type { Variant, Workload } from "../_workload.ts";

// ---- Taking turns ---------------------------------------------------------------------------------

/** So many permits, and so many tasks that take one so often. */
interface Turns {
  permits: number;
  tasks: number;
  times: number;
}

const LOCK: Turns = { permits: 1, tasks: 10, times: 1000 };
const SEMAPHORE: Turns = { permits: 5, tasks: 20, times: 500 };

function all<T>(count: number, start: () => T): T[] {
  return Array.from({ length: count }, start);
}

// What `using` does is written out here: each `using` costs V8 0.2 to 0.3 µs more.

function withGenerators(make: () => Lock | Semaphore, { tasks, times }: Turns): Variant {
  return (watch) =>
    run(function* () {
      const lock = make();
      let entered = 0;
      const body = coroutine(function* () {
        for (let i = 0; i < times; i++) {
          yield* lock.acquire();
          try {
            entered++;
            yield* sleep(0);
          } finally {
            lock.release();
          }
        }
      });
      watch.start();
      yield* gather(...all(tasks, () => createTask(body())));
      watch.end();
      assertEquals(entered, tasks * times);
    });
}

function withFunctions(make: () => Lock | Semaphore, { tasks, times }: Turns): Variant {
  return (watch) =>
    run(async () => {
      const lock = make();
      let entered = 0;
      const body = async () => {
        for (let i = 0; i < times; i++) {
          await lock.acquire();
          try {
            entered++;
            await sleep(0);
          } finally {
            lock.release();
          }
        }
      };
      watch.start();
      await gather(...all(tasks, () => createTask(body)));
      watch.end();
      assertEquals(entered, tasks * times);
    });
}

/** Calls a function in each of the tasks; the function takes the turn and gives it back. */
function withPromises(
  make: () => Promise<(enter: () => Promise<void>) => Promise<unknown>>,
  { tasks, times }: Turns,
): Variant {
  return async (watch) => {
    const takeTurn = await make();
    let entered = 0;
    const enter = async () => {
      entered++;
      await Promise.resolve();
    };
    const body = async () => {
      for (let i = 0; i < times; i++) await takeTurn(enter);
    };
    watch.start();
    await Promise.all(all(tasks, body));
    watch.end();
    assertEquals(entered, tasks * times);
  };
}

/** Permits and the promises of those who wait; one that gives up cannot be taken out. */
function onHost(turns: Turns): Variant {
  // deno-lint-ignore require-await
  return withPromises(async () => {
    let permits = turns.permits;
    const waiting: (() => void)[] = [];
    return async (enter) => {
      if (permits > 0) permits--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        await enter();
      } finally {
        const next = waiting.shift();
        if (next === undefined) permits++;
        else next();
      }
    };
  }, turns);
}

function withEffect({ permits, tasks, times }: Turns): Variant {
  return async (watch) => {
    const { Effect, Semaphore } = await loadEffect();
    let entered = 0;
    await Effect.runPromise(Effect.gen(function* () {
      const semaphore = yield* Semaphore.make(permits);
      const enter = Effect.suspend(() => {
        entered++;
        return Effect.yieldNow;
      });
      const body = Effect.gen(function* () {
        for (let i = 0; i < times; i++) yield* Semaphore.withPermit(semaphore, enter);
      });
      watch.start();
      yield* Effect.all(all(tasks, () => body), { concurrency: "unbounded" });
      watch.end();
    }));
    assertEquals(entered, tasks * times);
  };
}

const notes: Workload["notes"] = {
  host: "promises in a list; the turn inside is a microtask",
  effection: "it has no locks",
};

export const lock10: Workload = {
  name: "lock_10",
  title: "lock, 10 tasks",
  unit: "take a lock, sleep(0) while holding it, release it; 10 tasks do the same",
  count: LOCK.tasks * LOCK.times,
  notes,
  variants: {
    generators: withGenerators(() => new Lock(), LOCK),
    functions: withFunctions(() => new Lock(), LOCK),
    host: onHost(LOCK),
    effect: withEffect(LOCK),
  },
};

export const semaphore: Workload = {
  name: "semaphore",
  title: "semaphore of 5, 20 tasks",
  unit: "take one of 5 permits, sleep(0) while holding it, release it; 20 tasks do the same",
  count: SEMAPHORE.tasks * SEMAPHORE.times,
  notes,
  variants: {
    generators: withGenerators(() => new Semaphore(5), SEMAPHORE),
    functions: withFunctions(() => new Semaphore(5), SEMAPHORE),
    host: onHost(SEMAPHORE),
    effect: withEffect(SEMAPHORE),
  },
};

/** Packages that do nothing else, by the name of the workload; the turn inside is a microtask. */
export const LOCK_PACKAGES: Record<string, Record<string, Variant>> = {
  [lock10.name]: {
    "async-mutex": withPromises(async () => {
      const { Mutex } = await loadAsyncMutex();
      const mutex = new Mutex();
      return (enter) => mutex.runExclusive(enter);
    }, LOCK),
    "p-queue": withPromises(async () => {
      const { default: PQueue } = await loadPQueue();
      const queue = new PQueue({ concurrency: LOCK.permits });
      return (enter) => queue.add(enter);
    }, LOCK),
  },
  [semaphore.name]: {
    "async-mutex": withPromises(async () => {
      const { Semaphore } = await loadAsyncMutex();
      const semaphore = new Semaphore(SEMAPHORE.permits);
      return (enter) => semaphore.runExclusive(enter);
    }, SEMAPHORE),
    "p-queue": withPromises(async () => {
      const { default: PQueue } = await loadPQueue();
      const queue = new PQueue({ concurrency: SEMAPHORE.permits });
      return (enter) => queue.add(enter);
    }, SEMAPHORE),
  },
};

// ---- Events ---------------------------------------------------------------------------------------

const WAITERS = 1000;
const GATES = 20;

export const event1000: Workload = {
  name: "event_1000",
  title: "event with 1000 waiters",
  unit: "one waiter woken, while 1000 tasks wait for each of 20 events in turn",
  count: WAITERS * GATES,
  notes: {
    host: "one promise for all who wait",
    effection: "withResolvers(), which all wait for",
    effect: "a Latch",
  },
  variants: {
    generators: (watch) =>
      run(function* () {
        const gates = all(GATES, () => new Event());
        const passed = all(GATES, () => new Event());
        let wakeups = 0;
        const body = coroutine(function* () {
          for (let k = 0; k < GATES; k++) {
            yield* gates[k]!.wait();
            if (++wakeups === WAITERS * (k + 1)) passed[k]!.set();
          }
        });
        const tasks = all(WAITERS, () => createTask(body()));
        yield* sleep(1);
        watch.start();
        for (let k = 0; k < GATES; k++) {
          gates[k]!.set();
          yield* passed[k]!.wait();
        }
        watch.end();
        yield* gather(...tasks);
        assertEquals(wakeups, WAITERS * GATES);
      }),
    functions: (watch) =>
      run(async () => {
        const gates = all(GATES, () => new Event());
        const passed = all(GATES, () => new Event());
        let wakeups = 0;
        const body = async () => {
          for (let k = 0; k < GATES; k++) {
            await gates[k]!.wait();
            if (++wakeups === WAITERS * (k + 1)) passed[k]!.set();
          }
        };
        const tasks = all(WAITERS, () => createTask(body));
        await sleep(1);
        watch.start();
        for (let k = 0; k < GATES; k++) {
          gates[k]!.set();
          await passed[k]!.wait();
        }
        watch.end();
        await gather(...tasks);
        assertEquals(wakeups, WAITERS * GATES);
      }),
    host: async (watch) => {
      const gates = all(GATES, () => Promise.withResolvers<void>());
      const passed = all(GATES, () => Promise.withResolvers<void>());
      let wakeups = 0;
      const body = async () => {
        for (let k = 0; k < GATES; k++) {
          await gates[k]!.promise;
          if (++wakeups === WAITERS * (k + 1)) passed[k]!.resolve();
        }
      };
      const tasks = all(WAITERS, body);
      watch.start();
      for (let k = 0; k < GATES; k++) {
        gates[k]!.resolve();
        await passed[k]!.promise;
      }
      watch.end();
      await Promise.all(tasks);
      assertEquals(wakeups, WAITERS * GATES);
    },
    effection: async (watch) => {
      const { run, sleep, spawn, withResolvers } = await loadEffection();
      await run(function* () {
        const gates = all(GATES, () => withResolvers<void>());
        const passed = all(GATES, () => withResolvers<void>());
        let wakeups = 0;
        for (let i = 0; i < WAITERS; i++) {
          yield* spawn(function* () {
            for (let k = 0; k < GATES; k++) {
              yield* gates[k]!.operation;
              if (++wakeups === WAITERS * (k + 1)) passed[k]!.resolve();
            }
          });
        }
        yield* sleep(1);
        watch.start();
        for (let k = 0; k < GATES; k++) {
          gates[k]!.resolve();
          yield* passed[k]!.operation;
        }
        watch.end();
        assertEquals(wakeups, WAITERS * GATES);
      });
    },
    effect: async (watch) => {
      const { Effect, Fiber, Latch } = await loadEffect();
      await Effect.runPromise(Effect.gen(function* () {
        const gates = all(GATES, () => Latch.makeUnsafe());
        const passed = all(GATES, () => Latch.makeUnsafe());
        let wakeups = 0;
        const body = Effect.gen(function* () {
          for (let k = 0; k < GATES; k++) {
            yield* gates[k]!.await;
            if (++wakeups === WAITERS * (k + 1)) passed[k]!.openUnsafe();
          }
        });
        const fibers = [];
        for (let i = 0; i < WAITERS; i++) fibers.push(yield* Effect.forkChild(body));
        yield* Effect.sleep(1);
        watch.start();
        for (let k = 0; k < GATES; k++) {
          gates[k]!.openUnsafe();
          yield* passed[k]!.await;
        }
        watch.end();
        for (const fiber of fibers) yield* Fiber.join(fiber);
        assertEquals(wakeups, WAITERS * GATES);
      }));
    },
  },
};
