/**
 * The scheduler core: what a callback, a turn, a task, a future, a timer and a context cost.
 *
 * One iteration is one run of a workload, of as many units as the group's name says; what a unit is
 * stands in `_workloads/`. Making the loop and checking the result are left out. The baseline is the
 * host's bare way, which has no fairness, no cancellation and no context.
 *
 * It serves the decisions of the core: what stands in the ready queue, how a task is stepped, how
 * `await` is done. All systems share a process here; for figures to compare, with processes of their
 * own and with Python's loops, see `table.ts`.
 *
 * Timers that fire as they come are left out: the clock would measure the waiting. Those that are all
 * due stand for them, and `table.ts` measures the others by the time of the processor.
 */

import { registerBenchmarks } from "./_register.ts";
import { SCHEDULER } from "./_workloads/mod.ts";

registerBenchmarks(SCHEDULER.filter(({ cpu }) => !cpu));
