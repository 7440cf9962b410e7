/**
 * Queues, locks, semaphores and events between tasks.
 *
 * One iteration is one run of a workload, of as many units as the group's name says; what a unit is
 * stands in `_workloads/`. Making the loop and checking the result are left out; making the tasks is
 * left out for the events only. The baseline is the host's bare way: promises, with no fairness and
 * no cancellation.
 *
 * It serves the decisions of `futures/_waiters.ts`: what one call costs that need not wait, and what
 * stands in a queue for one that waits. All systems share a process here; for figures to compare, with
 * processes of their own and with Python's loops, see `table.ts`.
 */

import { PEER_VERSIONS } from "./_peers.ts";
import { registerBenchmarks } from "./_register.ts";
import { LOCK_PACKAGES } from "./_workloads/locks.ts";
import { SYNC } from "./_workloads/mod.ts";

registerBenchmarks(SYNC);

for (const { name, title, count } of SYNC) {
  for (const [peer, variant] of Object.entries(LOCK_PACKAGES[name] ?? {})) {
    Deno.bench({
      group: `${title}, × ${count}`,
      name: `${peer} ${PEER_VERSIONS[peer as keyof typeof PEER_VERSIONS]}`,
      fn: async (watch) => {
        await variant(watch);
      },
    });
  }
}
