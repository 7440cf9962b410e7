/** How one system is measured in one process. */

import { assertEquals } from "@std/assert";
import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import type {
  Details,
  MemoryVariant,
  MemoryWorkload,
  Variant,
  Watch,
  Workload,
} from "./_workload.ts";

/** What a measurement of time gives. */
export interface Timing {
  /** Nanoseconds for one unit of work. */
  ns: number;
  details?: Details;
}

/** What a measurement of memory gives. */
export interface Footprint {
  /** Resident bytes for one unit. */
  bytes: number;
  /** Bytes of V8's heap for one unit. */
  heapBytes: number;
}

/** Adds up the marked parts of several runs. */
class Stopwatch implements Watch {
  totalMs = 0;
  readonly #now: () => number;
  #startedAt: number | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  start(): void {
    this.#startedAt = this.#now();
  }

  end(): void {
    const now = this.#now();
    if (this.#startedAt === null) throw new Error("Cannot stop the watch: it was not started");
    this.totalMs += now - this.#startedAt;
    this.#startedAt = null;
  }
}

/** The time that all threads of the process have run, in milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Runs a variant until the measured parts come to `targetMs`, or the whole has taken ten times as
 * long; at least once.
 */
export async function measure(
  workload: Workload,
  variant: Variant,
  targetMs: number,
): Promise<Timing> {
  const watch = new Stopwatch(workload.cpu ? processorTime : () => performance.now());
  const latest = performance.now() + 10 * targetMs;
  let runs = 0;
  let details: Details | void;
  do {
    details = await variant(watch);
    runs++;
  } while (watch.totalMs < targetMs && performance.now() < latest);
  const ns = watch.totalMs * 1e6 / (runs * workload.count);
  return details === undefined ? { ns } : { ns, details };
}

/** Measures once; to be called in a process that has not done so before. */
export async function measureMemory(
  workload: MemoryWorkload,
  variant: MemoryVariant,
): Promise<Footprint> {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  const settled = () => {
    collect();
    return Deno.memoryUsage();
  };
  // What is loaded and compiled on first use does not count.
  assertEquals(await variant(1000, settled), 1000);
  const before = settled();
  let during = before;
  const ended = await variant(workload.count, () => during = settled());
  assertEquals(ended, workload.count);
  return {
    bytes: (during.rss - before.rss) / workload.count,
    heapBytes: (during.heapUsed - before.heapUsed) / workload.count,
  };
}
