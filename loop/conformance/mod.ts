/**
 * The conformance suite: what every event loop does, as tests that any loop can be run against.
 *
 * A loop claims areas: TCP, timers, subprocesses and so on. Each area has cases, each with a fresh loop
 * of its own; a case also fails when it leaves a task, an open socket, or an error that nobody was
 * told of.
 *
 * @example The tests of a loop
 * Not run where examples are run, as those are tests already, and tests cannot register others.
 *
 * ```ts ignore
 * import { DenoEventLoop } from "@asyncio/asyncio";
 * import { testEventLoop } from "@asyncio/asyncio/conformance";
 *
 * class MyLoop extends DenoEventLoop {}
 * testEventLoop("MyLoop", () => new MyLoop(), { areas: ["callbacks", "timers", "TCP"] });
 * ```
 *
 * @module
 */

export {
  ALL_AREAS,
  conformanceCases,
  type ConformanceOptions,
  CORE_AREAS,
  testEventLoop,
} from "./test_event_loop.ts";
export type { CaseOptions, ConformanceArea, ConformanceCase } from "./_case.ts";
