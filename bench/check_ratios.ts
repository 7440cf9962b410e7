/**
 * Fails when the core has become slow: runs its workloads against the bare host, side by side in this
 * process, and compares how many times the host's time (or memory) they need with `ratios.json`.
 *
 *     deno task bench:check [--record]
 *
 * Recorded is the worst of several runs. A ratio that is worse than that by half is measured again, and
 * fails when it never is better. Ratios hardly depend on the machine; interleaved rounds, measured by the
 * time of the processor, hardly on what else it does. `--record` writes what is measured: when the core
 * has become faster, or slower for a reason.
 */

import { measure, measureMemory } from "./_measure.ts";
import { quantile } from "./_report.ts";
import type { System, Workload } from "./_workload.ts";
import { idleTask } from "./_workloads/idle_task.ts";
import { SCHEDULER } from "./_workloads/mod.ts";

/** How much worse than recorded is a failure. */
const TOLERANCE = 1.5;
const OWN = ["generators", "functions"] as const;
const SYSTEMS = ["host", ...OWN] as const;
/** How long one turn is, at least. */
const TURN_MS = 15;
const WARM_UP_MS = 30;
/** Rounds end when there were that many, or after that time, but not before the least. */
const MOST_ROUNDS = 11;
const LEAST_ROUNDS = 5;
const ROUNDS_MS = 500;

/** Recorded is the worst of so many runs. */
const RECORDED_RUNS = 5;
/** How often a ratio is measured before it fails. */
const ATTEMPTS = 3;

type Ratios = Record<string, Partial<Record<System, number>>>;

const file = new URL("ratios.json", import.meta.url);
// Timers that fire as they come take longer than all the others together, waiting.
const workloads = SCHEDULER.filter(({ cpu }) => !cpu);

if (Deno.args.includes("--record")) {
  const runs: Ratios[] = [];
  for (let run = 0; run < RECORDED_RUNS; run++) runs.push(await findAll());
  const ratios = Object.keys(runs[0]!).map((name) => [
    name,
    Object.fromEntries(OWN.map((id) => [id, Math.max(...runs.map((each) => each[name]![id]!))])),
  ]);
  await Deno.writeTextFile(file, JSON.stringify(Object.fromEntries(ratios), null, 2) + "\n");
} else {
  const recorded: Ratios = JSON.parse(await Deno.readTextFile(file));
  let failures = 0;
  for (const workload of workloads) {
    failures += await check(workload.name, () => timeRatios(workload), recorded);
  }
  failures += await check(idleTask.name, memoryRatios, recorded);
  if (failures > 0) Deno.exitCode = 1;
}

async function findAll(): Promise<Ratios> {
  const ratios: Ratios = {};
  for (const workload of workloads) ratios[workload.name] = await timeRatios(workload);
  ratios[idleTask.name] = await memoryRatios();
  return ratios;
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
  const isBad = () => OWN.some((system) => found[system]! > limits[system]!);
  for (let attempt = 1; attempt < ATTEMPTS && isBad(); attempt++) {
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
  const samples: Record<string, number[]> = { host: [], generators: [], functions: [] };
  // By the time of the processor: what else the machine does counts little.
  const time = async (system: System, ms: number) =>
    (await measure({ ...workload, cpu: true }, workload.variants[system]!, ms)).ns;
  for (const system of SYSTEMS) await time(system, WARM_UP_MS);
  const latest = performance.now() + ROUNDS_MS;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (round >= LEAST_ROUNDS && performance.now() > latest) break;
    for (const system of SYSTEMS) samples[system]!.push(await time(system, TURN_MS));
  }
  // The lower quartile: a round that is much slower than others has paid for somebody's garbage.
  const typical = (system: System) => quantile(samples[system]!, 0.25);
  return rounded((system) => typical(system) / typical("host"));
}

/** How many times the host's memory. What V8 counts varies less than what the system counts. */
async function memoryRatios(): Promise<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (const system of SYSTEMS) {
    bytes[system] = (await measureMemory(idleTask, idleTask.variants[system]!)).heapBytes;
  }
  return rounded((system) => bytes[system]! / bytes.host!);
}

function rounded(value: (system: System) => number): Record<string, number> {
  return Object.fromEntries(OWN.map((system) => [system, Number(value(system).toPrecision(3))]));
}
