/**
 * What a workload is: one amount of work, the same in every system that is compared.
 *
 * A workload names its unit of work and says how many units one run does; each system has a variant
 * of it, or a reason why it has none. A variant sets up, calls `start()`, works, calls `end()` and
 * asserts its result, so what is measured is the work alone. The same variants serve `Deno.bench`
 * (`*_bench.ts`), the table (`table.ts`) and the check of the ratios (`check_ratios.ts`);
 * `python/scheduler.py` has the same workloads under the same names.
 */

/** The systems inside Deno; those of Python are processes of their own. */
export const SYSTEMS = [
  "generators",
  "functions",
  "host",
  "immediate",
  "effection",
  "effect",
] as const;

/**
 * A way to do the work: this library with generator coroutines or with async functions, the bare host
 * with promises and microtasks or with `setImmediate`, or a package from npm.
 */
export type System = typeof SYSTEMS[number];

/** Marks the part of a run that is measured. `Deno.BenchContext` is one. */
export interface Watch {
  start(): void;
  end(): void;
}

/** What a run may tell beside its time: numbers by name, such as how late timers were. */
export type Details = Record<string, number>;

/** One run of a workload in one system. */
export type Variant = (watch: Watch) => Promise<void | Details>;

export interface Workload {
  /** The name in the table, in `ratios.json` and in Python. */
  name: string;
  /** The same for people. */
  title: string;
  /** What is counted, as in "one callback that schedules the next one". */
  unit: string;
  /** How many units one run does. */
  count: number;
  /** Measured is the time of the processor, since most of the run is waiting. */
  cpu?: boolean;
  variants: Partial<Record<System, Variant>>;
  /** Why a system has no variant, or in what its variant differs. */
  notes?: Partial<Record<System, string>>;
}

/** Numbers from 0 to 1 that look random and are the same in every run and every system. */
export function pseudoRandom(seed = 12345): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Blocks the thread. */
export function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * One run of a workload that is measured in bytes: makes `count` things, calls `look` while all of
 * them are there, ends them, and returns how many have ended well.
 */
export type MemoryVariant = (count: number, look: () => void) => Promise<number>;

/** A workload that is measured in bytes. */
export interface MemoryWorkload extends Omit<Workload, "variants" | "cpu"> {
  variants: Partial<Record<System, MemoryVariant>>;
}
