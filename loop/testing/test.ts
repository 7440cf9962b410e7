/**
 * `test()`: a test function on a fresh loop, which it must leave in order.
 *
 * asyncio counterpart: `unittest.IsolatedAsyncioTestCase`.
 *
 * Invariants: each run has a loop of its own, closed when it ends; a run that leaves something behind
 * fails, unless the function has failed already.
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import { RuntimeError } from "../../futures/errors.ts";
import { sleep } from "../../futures/sleep.ts";
import { allTasks, currentTask } from "../../futures/task_registry.ts";
import type { BaseEventLoop } from "../base_event_loop.ts";
import { DenoEventLoop } from "../deno_event_loop.ts";
import { run } from "../runner.ts";
import { SimulationError } from "../simulated/simulate.ts";
import {
  SimulatedEventLoop,
  type SimulatedEventLoopOptions,
} from "../simulated/simulated_event_loop.ts";
import { LoopWatch } from "./_watch.ts";

/** What a test may be: called with its loop, once for each seed. */
export type TestFunction<L extends BaseEventLoop = BaseEventLoop> = (
  loop: L,
  seed: number,
) => Promise<void>;

/** What {@linkcode runTest} takes beside the function. */
export interface RunTestOptions {
  /**
   * The loop: Deno's, one with virtual time and a network in memory, or one of your own.
   * @default "deno"
   */
  loop?: "deno" | "simulated" | ((seed: number) => BaseEventLoop);
  /**
   * How many seeds are tried, each on a fresh loop.
   * @default 1
   */
  seeds?: number;
  /**
   * The first seed.
   * @default 0
   */
  seed?: number;
  /** What a simulated loop takes beside the seed. */
  simulation?: Omit<SimulatedEventLoopOptions, "seed">;
  /**
   * Whether the loop is in debug mode.
   * @default false
   */
  debug?: boolean;
}

/** What {@linkcode test} takes beside name and function. */
export interface TestOptions extends RunTestOptions {
  /**
   * Whether the test is left out.
   * @default false
   */
  ignore?: boolean;
  /**
   * Whether no other tests are run.
   * @default false
   */
  only?: boolean;
}

/** Passes in which tasks that are about to end may do so. */
const LAST_PASSES = 10;

/**
 * Registers a test with `Deno.test` that runs an async function on a fresh loop.
 *
 * The test fails when the function throws, and when it leaves tasks, open transports or listening
 * sockets, or an error that nobody has retrieved. With a simulated loop, or several seeds, the failure
 * tells the seed.
 *
 * @param name the name of the test
 * @param fn the function; it is given the loop and the seed
 * @param options which loop, and how many seeds
 *
 * @example A test in virtual time, in twenty orders
 * Not run where examples are run, as those are tests already, and tests cannot register others.
 *
 * ```ts ignore
 * import { createTask, sleep } from "@asyncio/asyncio";
 * import { test } from "@asyncio/asyncio/testing";
 * import { assertEquals } from "@std/assert";
 *
 * test("the slow one comes last", async () => {
 *   const seen: string[] = [];
 *   const slow = createTask(async () => void seen.push(await sleep(60_000, "slow")));
 *   const fast = createTask(async () => void seen.push(await sleep(1_000, "fast")));
 *   await slow;
 *   await fast;
 *   assertEquals(seen, ["fast", "slow"]);
 * }, { loop: "simulated", seeds: 20, simulation: { shuffle: true } });
 * ```
 */
export function test(name: string, fn: TestFunction, options: TestOptions = {}): void {
  const { ignore = false, only = false } = options;
  Deno.test({ name, ignore, only, fn: () => runTest(fn, options) });
}

/**
 * Does what a {@linkcode test} does, at once, for other test runners.
 *
 * @param fn the function; it is given the loop and the seed
 * @param options which loop, and how many seeds
 * @throws {SimulationError} when it fails on a simulated loop, or with several seeds; the error tells
 * the seed
 * @throws {RuntimeError} when it leaves something behind, on Deno's loop
 * @throws {RangeError} when `seeds` is no positive integer
 *
 * @example An hour in no time
 * ```ts
 * import { sleep } from "@asyncio/asyncio";
 * import { runTest } from "@asyncio/asyncio/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await runTest(async (loop) => {
 *   await sleep(3_600_000);
 *   assertEquals(loop.time(), 3_600_000);
 * }, { loop: "simulated" });
 * ```
 */
export async function runTest(fn: TestFunction, options: RunTestOptions = {}): Promise<void> {
  const { loop = "deno", seed: first = 0, seeds = 1 } = options;
  if (!(Number.isInteger(seeds) && seeds > 0)) {
    throw new RangeError(
      `Cannot run a test: the number of seeds must be a positive integer, got ${describe(seeds)}`,
    );
  }
  const isSeeded = loop !== "deno" || seeds > 1;
  for (let i = 0; i < seeds; i++) {
    try {
      await runOnce(fn, first + i, options);
    } catch (error) {
      throw isSeeded ? new SimulationError(first + i, i + 1, error) : error;
    }
  }
}

function makeLoop(seed: number, { loop = "deno", simulation }: RunTestOptions): BaseEventLoop {
  if (loop === "deno") return new DenoEventLoop();
  if (loop === "simulated") return new SimulatedEventLoop({ ...simulation, seed });
  return loop(seed);
}

async function runOnce(fn: TestFunction, seed: number, options: RunTestOptions): Promise<void> {
  const loop = makeLoop(seed, options);
  const watch = new LoopWatch(loop);
  const left: string[] = [];
  await run(async () => {
    await fn(loop, seed);
    for (let i = 0; i < LAST_PASSES && pendingTasks().length > 0; i++) await sleep(0);
    left.push(...pendingTasks().map((task) => `pending: ${task}`), ...watch.open());
  }, { loopFactory: () => loop, debug: options.debug });
  left.push(...watch.reports());
  if (left.length === 0) return;
  throw new RuntimeError(
    `The test has left something behind:${left.map((line) => `\n  ${line}`).join("")}`,
    { cause: watch.cause },
  );
}

function pendingTasks(): object[] {
  const main = currentTask();
  return [...allTasks()].filter((task) => task !== main);
}
