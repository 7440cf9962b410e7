/**
 * How cost grows: it should not, or slowly.
 *
 * One iteration is 10 000 units of what the group's name says, beside few others and beside a million,
 * which are there already. In the table of `table.ts`, "bytes per sleeping task" is for a million too.
 *
 * It serves the decision for a wheel of timers, and for lists of tasks from which one is taken out
 * in constant time.
 */

import { assertEquals } from "@std/assert";
import {
  coroutine,
  createTask,
  DenoEventLoop,
  type FutureInput,
  sleep,
  type TimerHandle,
} from "../mod.ts";

const UNITS = 10_000;
const FEW = 10;
const MANY = 1_000_000;
const HOUR_MS = 3_600_000;

const nothing = () => {};
const nop = coroutine(function* () {});

/** A loop with so many timers at random times within a day. */
function withTimers(count: number): DenoEventLoop {
  const loop = new DenoEventLoop();
  for (let i = 0; i < count; i++) loop.callLater(laterMs(), nothing);
  return loop;
}

function laterMs(): number {
  return HOUR_MS * (1 + 23 * Math.random());
}

/** A loop on which so many tasks wait, and as many have ended. */
async function withTasks(count: number): Promise<DenoEventLoop> {
  const loop = new DenoEventLoop();
  const wait = coroutine(function* () {
    yield* loop.createFuture<void>();
  });
  for (let i = 0; i < count; i++) {
    loop.createTask(wait());
    loop.createTask(nop());
  }
  await loop.runUntilComplete(sleep(1));
  return loop;
}

function bench(group: string, fn: (watch: Deno.BenchContext, others: number) => Promise<void>) {
  for (const others of [FEW, MANY]) {
    Deno.bench({
      group: `${group}, × ${UNITS}`,
      name: `among ${others}`,
      baseline: others === FEW,
      // Deno waits for functions that are marked as async, and for no others.
      fn: async (watch) => {
        await fn(watch, others);
      },
    });
  }
}

/** What is made once for all iterations. */
function kept<T>(make: (others: number) => T): (others: number) => T {
  const made = new Map<number, T>();
  return (others) => {
    if (!made.has(others)) made.set(others, make(others));
    return made.get(others)!;
  };
}

const timerLoop = kept(withTimers);
const taskLoop = kept(withTasks);

// deno-lint-ignore require-await
bench("schedule a timer", async (watch, others) => {
  const loop = timerLoop(others);
  const timers: TimerHandle[] = [];
  watch.start();
  for (let i = 0; i < UNITS; i++) timers.push(loop.callLater(laterMs(), nothing));
  watch.end();
  for (const timer of timers) timer.cancel();
});

// deno-lint-ignore require-await
bench("cancel a timer", async (watch, others) => {
  const loop = timerLoop(others);
  const timers = Array.from({ length: UNITS }, () => loop.callLater(laterMs(), nothing));
  watch.start();
  for (const timer of timers) timer.cancel();
  watch.end();
});

function onLoop(
  group: string,
  work: (watch: Deno.BenchContext) => FutureInput<void>,
): void {
  bench(group, async (watch, others) => {
    const loop = await taskLoop(others);
    await loop.runUntilComplete(work(watch));
  });
}

onLoop("make a task and wait for it", (watch) =>
  function* () {
    watch.start();
    for (let i = 0; i < UNITS; i++) yield* createTask(nop());
    watch.end();
  });

onLoop("resume a task", (watch) =>
  function* () {
    let resumed = 0;
    watch.start();
    for (let i = 0; i < UNITS; i++) {
      yield* sleep(0);
      resumed++;
    }
    watch.end();
    assertEquals(resumed, UNITS);
  });
