/**
 * Fails when the core has become slow: runs its workloads against the bare host, side by side in this
 * process, and compares how many times the host's time (or memory) they need with `ratios.json`.
 *
 *     deno task bench:check [--record]
 *
 * A ratio that is worse than the recorded one by half is measured again, and fails when it is worse
 * again. Ratios hardly depend on the machine, and the median over interleaved rounds hardly on what
 * else it does. `--record` writes the ratios that are measured, on a quiet machine.
 */

import { measure, measureMemory } from "./_measure.ts";
import { median } from "./_report.ts";
import type { System, Workload } from "./_workload.ts";
import { idleTask } from "./_workloads/idle_task.ts";
import { SCHEDULER } from "./_workloads/mod.ts";

/** How much worse than recorded is a failure. */
const TOLERANCE = 1.5;
const OWN = ["generators", "functions"] as const;
/** How long one turn is, at least. */
const TURN_MS = 8;
const WARM_UP_MS = 40;
/** Rounds end when there were that many, or after that time, but not before the least. */
const MOST_ROUNDS = 11;
const LEAST_ROUNDS = 3;
const ROUNDS_MS = 400;

type Ratios = Record<string, Partial<Record<System, number>>>;

const file = new URL("ratios.json", import.meta.url);
// Timers that fire as they come take longer than all the others together, waiting.
const workloads = SCHEDULER.filter(({ cpu }) => !cpu);

if (Deno.args.includes("--record")) {
  const ratios: Ratios = {};
  for (const workload of workloads) ratios[workload.name] = await timeRatios(workload);
  ratios[idleTask.name] = await memoryRatios();
  await Deno.writeTextFile(file, JSON.stringify(ratios, null, 2) + "\n");
} else {
  const recorded: Ratios = JSON.parse(await Deno.readTextFile(file));
  let failures = 0;
  for (const workload of workloads) {
    failures += await check(workload.name, () => timeRatios(workload), recorded);
  }
  failures += await check(idleTask.name, memoryRatios, recorded);
  if (failures > 0) Deno.exitCode = 1;
}

/** Compares one workload with what is recorded, and prints a line for each system. */
async function check(
  name: string,
  find: () => Promise<Record<string, number>>,
  recorded: Ratios,
): Promise<number> {
  const limits = Object.fromEntries(
    OWN.map((system) => {
      const was = recorded[name]?.[system];
      if (was === undefined) throw new Error(`ratios.json has nothing for ${name}: record it`);
      return [system, was * TOLERANCE];
    }),
  );
  let found = await find();
  if (OWN.some((system) => found[system]! > limits[system]!)) {
    const again = await find();
    found = Object.fromEntries(OWN.map((id) => [id, Math.min(found[id]!, again[id]!)]));
  }
  let failures = 0;
  for (const system of OWN) {
    const bad = found[system]! > limits[system]!;
    if (bad) failures++;
    console.log(
      `${bad ? "FAILED" : "ok    "} ${name}, ${system}: ${found[system]!.toFixed(2)} times the ` +
        `bare host, at most ${limits[system]!.toFixed(2)}`,
    );
  }
  return failures;
}

/** How many times the host's time each way of the library needs. */
async function timeRatios(workload: Workload): Promise<Record<string, number>> {
  const time = async (system: System, ms: number) =>
    (await measure(workload, workload.variants[system]!, ms)).ns;
  const samples: Record<string, number[]> = {};
  for (const system of ["host", ...OWN] as const) {
    samples[system] = [];
    await time(system, WARM_UP_MS);
  }
  const latest = performance.now() + ROUNDS_MS;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (round >= LEAST_ROUNDS && performance.now() > latest) break;
    // The host before and after: a machine that slows down within a round does so for both.
    const before = await time("host", TURN_MS);
    const own: number[] = [];
    for (const system of OWN) own.push(await time(system, TURN_MS));
    const host = (before + await time("host", TURN_MS)) / 2;
    OWN.forEach((system, index) => samples[system]!.push(own[index]! / host));
  }
  return rounded((system) => median(samples[system]!));
}

/** How many times the host's memory. What V8 counts varies less than what the system counts. */
async function memoryRatios(): Promise<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (const system of ["host", ...OWN] as const) {
    bytes[system] = (await measureMemory(idleTask, idleTask.variants[system]!)).heapBytes;
  }
  return rounded((system) => bytes[system]! / bytes.host!);
}

function rounded(value: (system: System) => number): Record<string, number> {
  return Object.fromEntries(OWN.map((system) => [system, Number(value(system).toPrecision(3))]));
}
