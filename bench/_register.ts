/** Makes `Deno.bench` groups of workloads. */

import { PEER_VERSIONS } from "./_peers.ts";
import { type System, SYSTEMS, type Workload } from "./_workload.ts";

const NAMES: Record<System, string> = {
  generators: "generator coroutines",
  functions: "async functions",
  host: "bare host",
  immediate: "bare setImmediate",
  effection: `effection ${PEER_VERSIONS.effection}`,
  effect: `effect ${PEER_VERSIONS.effect}`,
};

/**
 * One group for each workload, and in it one benchmark for each system; the bare host is the baseline.
 * One iteration is one run of the workload: the group's name says of how many units.
 */
export function registerBenchmarks(workloads: readonly Workload[]): void {
  for (const { title, count, variants } of workloads) {
    for (const system of SYSTEMS) {
      const variant = variants[system];
      if (variant === undefined) continue;
      Deno.bench({
        group: `${title}, × ${count}`,
        name: NAMES[system],
        baseline: system === "host",
        fn: async (watch) => {
          await variant(watch);
        },
      });
    }
  }
}
