/**
 * Task groups, timeouts and cancellation.
 *
 * One iteration is one run of a workload, of as many units as the group's name says; what a unit is
 * stands in `_workloads/scopes.ts`. Making the loop and checking the result are left out, and so is
 * making the tasks that are cancelled. The baseline is the host's bare way: promises and timers, where
 * a failure cancels nobody and a timeout ends no work.
 *
 * It serves the decisions of `futures/_body.ts` (how a body is run in the task that waits), of
 * `futures/task_group.ts` (what a group keeps for each task) and of `Task.cancel()`. All systems share
 * a process here; for figures to compare, with processes of their own and with Python's loops, see
 * `table.ts`.
 */

import { registerBenchmarks } from "./_register.ts";
import { SCOPES } from "./_workloads/mod.ts";

registerBenchmarks(SCOPES);
