/**
 * One table of every workload in every system that there is here: this library with generator
 * coroutines and with async functions, the bare host, packages from npm, and asyncio and uvloop where
 * a Python has them.
 *
 *     deno task bench:table [--only sleep0,spawn_join] [--systems generators,uvloop]
 *         [--rounds 7] [--ms 40] [--json] [--svg FILE]
 *
 * Each system runs in a process of its own. Each workload is measured in rounds, in each of which every
 * system has its turn, so that what else the machine does hits all of them alike; the first ones warm up and
 * do not count. Ratios are taken within a round. `--ms` is how long one turn is, more or less. `--json`
 * prints the report with every sample instead of the table; `--svg` also draws it. Memory is measured in
 * fresh processes.
 */

import { parseArgs } from "node:util";
import { Client } from "./_client.ts";
import { circumstances, positive, progress, refuseUnknown } from "./_command_line.ts";
import { type Competitor, findCompetitors } from "./_competitors.ts";
import { picture } from "./_picture.ts";
import type { Report, Row } from "./_report.ts";
import { tableText } from "./_table_text.ts";
import type { MemoryWorkload, Workload } from "./_workload.ts";
import { MEMORY_WORKLOADS, WORKLOADS } from "./_workloads/mod.ts";

/** Rounds before the first that counts. */
const WARM_UP_ROUNDS = 4;
/**
 * How much longer a turn is where the processor is idle for most of a run: else there would be two or
 * three runs in it, and what is measured would be how the engine warms up.
 */
const IDLE_FACTOR = 2;
/** Memory varies little from process to process. */
const MEMORY_ROUNDS = 3;
/** Whom speeds are compared with: the first that takes part. */
const REFERENCES = ["uvloop", "asyncio", "host", "generators"];

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    only: { type: "string" },
    systems: { type: "string" },
    rounds: { type: "string", default: "7" },
    ms: { type: "string", default: "40" },
    json: { type: "boolean", default: false },
    svg: { type: "string" },
  },
});
const rounds = positive("rounds", options.rounds);
const targetMs = positive("ms", options.ms);
const only = options.only?.split(",");
const systems = options.systems?.split(",");

const all = await findCompetitors();
refuseUnknown("only", only, [...WORKLOADS, ...MEMORY_WORKLOADS].map(({ name }) => name));
refuseUnknown("systems", systems, all.map(({ id }) => id));
const competitors = all.filter(({ id }) => systems?.includes(id) ?? true);
const chosen = <W extends { name: string }>(workloads: readonly W[]) =>
  workloads.filter(({ name }) => only?.includes(name) ?? true);

const report: Report = {
  ...circumstances("bench:table"),
  rounds,
  competitors: competitors.map(({ id, label, version }) => ({ id, label, version })),
  reference: REFERENCES.find((each) => competitors.some(({ id }) => id === each)) ?? "generators",
  rows: [],
};
{
  await using stack = new AsyncDisposableStack();
  const clients: [Competitor, Client][] = [];
  for (const competitor of chosen(WORKLOADS).length > 0 ? competitors : []) {
    clients.push([competitor, stack.use(await Client.start(competitor.command))]);
  }
  for (const workload of chosen(WORKLOADS)) report.rows.push(await timeRow(workload, clients));
}
for (const workload of chosen(MEMORY_WORKLOADS)) report.rows.push(await memoryRow(workload));
progress("");

console.log(options.json ? JSON.stringify(report) : tableText(report));
if (options.svg !== undefined) await Deno.writeTextFile(options.svg, picture(report));

async function timeRow(
  workload: Workload,
  clients: readonly [Competitor, Client][],
): Promise<Row> {
  const row = newRow(workload, workload.cpu ? "ns of processor time" : "ns");
  const able = clients.filter(([, client]) => client.workloads.includes(workload.name));
  const turnMs = workload.cpu ? IDLE_FACTOR * targetMs : targetMs;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const what = round < 0 ? "warming up" : `round ${round + 1} of ${rounds}`;
    progress(`${workload.title}: ${what}`);
    // Nobody always runs after the same one.
    for (let turn = 0; turn < able.length; turn++) {
      const [{ id }, client] = able[(turn + round + WARM_UP_ROUNDS) % able.length]!;
      const { ns, details } = await client.time(workload.name, turnMs);
      if (round < 0) continue;
      const samples = row.cells[id] ??= { values: [] };
      samples.values.push(ns);
      if (details !== undefined) samples.details = details;
    }
  }
  return row;
}

async function memoryRow(workload: MemoryWorkload): Promise<Row> {
  const row = newRow(workload, "bytes");
  for (const { id, label, command } of competitors) {
    for (let round = 0; round < MEMORY_ROUNDS; round++) {
      progress(`${workload.title}: ${label}, process ${round + 1} of ${MEMORY_ROUNDS}`);
      await using client = await Client.start(command);
      if (!client.memory.includes(workload.name)) break;
      const { bytes, heapBytes } = await client.footprint(workload.name);
      const samples = row.cells[id] ??= { values: [] };
      samples.values.push(bytes);
      if (heapBytes !== undefined) samples.details = { heapBytes };
    }
  }
  return row;
}

function newRow(workload: Workload | MemoryWorkload, measured: Row["measured"]): Row {
  const { name, title, unit, notes = {} } = workload;
  return { name, title, unit, measured, cells: {}, notes };
}
