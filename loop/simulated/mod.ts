/**
 * A loop with virtual time and a network in memory, for tests and simulations.
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
 * @example A client and a server on a network that loses packets
 * ```ts
 * import { openConnection, startServer } from "@asyncio/asyncio";
 * import { simulate } from "@asyncio/asyncio/simulated";
 * import { assertEquals } from "@std/assert";
 *
 * await simulate(async ({ network }) => {
 *   await network.host("server").run(() =>
 *     startServer(async (reader, writer) => {
 *       writer.write(await reader.read());
 *       writer.close();
 *     }, "0.0.0.0", 7)
 *   );
 *   await network.host("client").run(async () => {
 *     const [reader, writer] = await openConnection("server", 7);
 *     writer.write(new TextEncoder().encode("hello"));
 *     writer.writeEof();
 *     assertEquals(new TextDecoder().decode(await reader.read()), "hello");
 *     writer.close();
 *   });
 * }, { seeds: 20, shuffle: true, network: { latencyMs: 30, jitterMs: 50, loss: 0.1 } });
 * ```
 *
 * @module
 */

export { SimulatedEventLoop, type SimulatedEventLoopOptions } from "./simulated_event_loop.ts";
export { DeadlockError } from "./deadlock_error.ts";
export { simulate, type SimulateOptions, SimulationError } from "./simulate.ts";
export {
  type DirectionOptions,
  type HostOptions,
  type Hosts,
  SimulatedNetwork,
} from "./simulated_network.ts";
export { SimulatedHost } from "./simulated_host.ts";
export type { LinkConditions } from "./link.ts";
