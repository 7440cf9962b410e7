/**
 * A loop with virtual time, for tests and simulations.
 *
 * @example A timeout of a day, tested
 * ```ts
 * import { createTask, run, sleep } from "@asyncio/asyncio";
 * import { SimulatedEventLoop } from "@asyncio/asyncio/simulated";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await run(
 *   async () => await createTask(() => sleep(24 * 60 * 60 * 1000, "a day later")),
 *   { loopFactory: () => new SimulatedEventLoop() },
 * );
 * assertEquals(result, "a day later");
 * ```
 *
 * @module
 */

export { DeadlockError, SimulatedEventLoop } from "./simulated_event_loop.ts";
