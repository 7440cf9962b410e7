/**
 * Tests of programs that use this library: each on a fresh loop, in real or virtual time, with one seed
 * or many, and nothing left behind.
 *
 * @example A test
 * Not run where examples are run, as those are tests already, and tests cannot register others.
 *
 * ```ts ignore
 * import { sleep } from "@asyncio/asyncio";
 * import { test } from "@asyncio/asyncio/testing";
 * import { assertEquals } from "@std/assert";
 *
 * test("an hour passes", async (loop) => {
 *   await sleep(3_600_000);
 *   assertEquals(loop.time(), 3_600_000);
 * }, { loop: "simulated" });
 * ```
 *
 * @module
 */

export { runTest, type RunTestOptions, test, type TestFunction, type TestOptions } from "./test.ts";
