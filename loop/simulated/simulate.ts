/**
 * `simulate()`: a program on many seeds, until one makes it fail.
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import { RuntimeError } from "../../futures/errors.ts";
import type { ExceptionContext } from "../../futures/future_loop.ts";
import { run } from "../runner.ts";
import { SimulatedEventLoop, type SimulatedEventLoopOptions } from "./simulated_event_loop.ts";

/** A simulated program has failed. Its `cause` is the program's own error. */
export class SimulationError extends RuntimeError {
  /** The class name, for printing. */
  override readonly name: string = "SimulationError";
  /** The seed with which it fails, every time. */
  readonly seed: number;

  /**
   * Makes the error.
   *
   * @param seed the seed
   * @param tried how many seeds were tried, this one included
   * @param cause what the program has failed with
   */
  constructor(seed: number, tried: number, cause: unknown) {
    const count = tried === 1 ? "the first one tried" : `after ${tried - 1} that passed`;
    super(
      `The simulation fails with seed ${seed} (${count}); run it again with { seed: ${seed} }: ` +
        describe(cause),
      { cause },
    );
    this.seed = seed;
  }
}

/** What {@linkcode simulate} takes beside the program. */
export interface SimulateOptions extends SimulatedEventLoopOptions {
  /**
   * How many seeds are tried, from `seed` on.
   * @default 1
   */
  seeds?: number;
}

/**
 * Runs a program on a fresh {@linkcode SimulatedEventLoop} for each of several seeds.
 *
 * It stops at the first seed with which the program throws, or leaves an error that nobody has taken:
 * what would go to the loop's exception handler counts, unless the program sets one of its own.
 *
 * @param main the program
 * @param options the seeds, and what the loops take
 * @returns what the program returns with the last seed
 * @throws {SimulationError} when it fails; the error tells the seed
 * @throws {RangeError} when `seeds` is no positive integer
 *
 * @example A race that needs a rare order
 * ```ts
 * import { gather, sleep } from "@asyncio/asyncio";
 * import { simulate, SimulationError } from "@asyncio/asyncio/simulated";
 * import { assert, assertRejects } from "@std/assert";
 *
 * async function program() {
 *   let balance = 100;
 *   async function withdraw(amount: number) {
 *     if (balance < amount) return;
 *     await sleep(Math.round(amount / 50));
 *     balance -= amount;
 *   }
 *   await gather(() => withdraw(70), () => withdraw(60));
 *   assert(balance >= 0, "overdrawn");
 * }
 * const error = await assertRejects(() => simulate(program, { seeds: 10 }), SimulationError);
 * await assertRejects(() => simulate(program, { seed: error.seed }), SimulationError, "overdrawn");
 * ```
 */
export async function simulate<T>(
  main: (loop: SimulatedEventLoop) => Promise<T>,
  options: SimulateOptions = {},
): Promise<T> {
  const { seed: first = 0, seeds = 1 } = options;
  if (!(Number.isInteger(seeds) && seeds > 0)) {
    throw new RangeError(
      `Cannot simulate: the number of seeds must be a positive integer, got ${describe(seeds)}`,
    );
  }
  for (let tried = 1;; tried++) {
    const seed = first + tried - 1;
    let result: T;
    try {
      result = await simulateOnce(main, { ...options, seed });
    } catch (error) {
      throw new SimulationError(seed, tried, error);
    }
    if (tried === seeds) return result;
  }
}

async function simulateOnce<T>(
  main: (loop: SimulatedEventLoop) => Promise<T>,
  options: SimulatedEventLoopOptions,
): Promise<T> {
  const loop = new SimulatedEventLoop(options);
  const reports: ExceptionContext[] = [];
  loop.setExceptionHandler((_loop, context) => void reports.push(context));
  const result = await run(() => main(loop), { loopFactory: () => loop });
  const [report] = reports;
  if (report === undefined) return result;
  throw new RuntimeError(
    `Nobody has taken this: ${report.message}` +
      ("exception" in report ? `: ${describe(report.exception)}` : ""),
    { cause: report.exception },
  );
}
