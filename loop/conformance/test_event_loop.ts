/**
 * `testEventLoop()`: the suite, as tests of Deno; and its cases, to be run by other means.
 *
 * @module
 */

import type { AbstractEventLoop } from "../abstract_event_loop.ts";
import { callbacks } from "./_callbacks.ts";
import type { CaseOptions, ConformanceArea, ConformanceCase } from "./_case.ts";
import { contexts } from "./_contexts.ts";
import { errors } from "./_errors.ts";
import { executors } from "./_executors.ts";
import { pipes } from "./_pipes.ts";
import { shutdown } from "./_shutdown.ts";
import { signals } from "./_signals.ts";
import { subprocesses } from "./_subprocesses.ts";
import { tasks } from "./_tasks.ts";
import { tcp } from "./_tcp.ts";
import { timers } from "./_timers.ts";
import { tls } from "./_tls.ts";
import { udp } from "./_udp.ts";
import { unix } from "./_unix.ts";
import { wakeups } from "./_wakeups.ts";

const CASES: readonly ConformanceCase[] = [
  ...[callbacks, timers, wakeups, tasks, contexts],
  ...[tcp, unix, udp, tls, pipes, subprocesses],
  ...[signals, executors, errors, shutdown],
].flat();

/** The areas that need nothing but a clock and a wait: what every loop can claim. */
export const CORE_AREAS: readonly ConformanceArea[] = [
  ...["callbacks", "timers", "tasks", "contexts", "error handling", "shutdown"] as const,
];

/** All areas, in the order of the suite. */
export const ALL_AREAS: readonly ConformanceArea[] = [...new Set(CASES.map(({ area }) => area))];

/** What {@linkcode testEventLoop} takes beside the loop. */
export interface ConformanceOptions extends CaseOptions {
  /**
   * The areas that the loop claims; the others are shown as ignored.
   * @default all
   */
  areas?: readonly ConformanceArea[];
}

/**
 * The cases of some areas, to be listed, or run without `Deno.test`: on another host, or in a worker.
 *
 * @param areas the areas; all by default
 * @throws {RangeError} when there is no such area
 *
 * @example Running the timers of a loop by hand
 * ```ts
 * import { conformanceCases } from "@asyncio/asyncio/conformance";
 * import { SimulatedEventLoop } from "@asyncio/asyncio/simulated";
 *
 * for (const each of conformanceCases(["timers"])) {
 *   await each.run(() => new SimulatedEventLoop());
 * }
 * ```
 */
export function conformanceCases(
  areas: readonly ConformanceArea[] = ALL_AREAS,
): readonly ConformanceCase[] {
  for (const area of areas) {
    if (!ALL_AREAS.includes(area)) {
      throw new RangeError(
        `Cannot list the cases of ${JSON.stringify(area)}: the areas are ${ALL_AREAS.join(", ")}`,
      );
    }
  }
  return CASES.filter(({ area }) => areas.includes(area));
}

/**
 * Registers the suite as tests of Deno, one for each case, named after loop, area and behaviour.
 *
 * The tests of areas that the loop does not claim are registered too, as ignored ones, so that the
 * summary shows what it cannot do.
 *
 * @param name what the loop is called in the names of the tests
 * @param factory makes a fresh loop; called at least once for each case
 * @param options the areas that the loop claims, and how long a case may take
 * @throws {RangeError} when there is no such area
 *
 * @example A loop that claims the core
 * Not run where examples are run, as those are tests already, and tests cannot register others.
 *
 * ```ts ignore
 * import { CORE_AREAS, testEventLoop } from "@asyncio/asyncio/conformance";
 * import { BaseEventLoop } from "@asyncio/asyncio";
 *
 * class MyLoop extends BaseEventLoop {}
 * testEventLoop("MyLoop", () => new MyLoop(), { areas: [...CORE_AREAS, "wake-ups"] });
 * ```
 */
export function testEventLoop(
  name: string,
  factory: () => AbstractEventLoop,
  options: ConformanceOptions = {},
): void {
  const claimed = new Set(conformanceCases(options.areas));
  for (const each of CASES) {
    Deno.test({
      name: `${name}: ${each.area}: ${each.name}`,
      ignore: !claimed.has(each),
      fn: () => each.run(factory, options),
    });
  }
}
