/**
 * One table of every network workload, with the servers of this library, of the bare host, of `node:net`
 * and, where a Python has them, of asyncio and uvloop.
 *
 *     deno task bench:net [--only echo,lines] [--systems protocol,bare] [--rounds 5] [--ms 200]
 *         [--full] [--json]
 *
 * Each server runs in a process of its own on one core, the client on another. Each case is warmed up,
 * then measured in rounds, in each of which every system has its turn, so that what else the machine
 * does hits all of them alike; ratios are taken within a round. `--only` takes cases and groups of
 * them; `--full` measures every size with every number of connections.
 */

import { parseArgs } from "node:util";
import { CERTIFICATE, KEY } from "../../loop/conformance/_certificate.ts";
import { circumstances, positive, progress, refuseUnknown } from "../_command_line.ts";
import type { Mode } from "./_control.ts";
import { type Case, CASES, IDLE } from "./_cases.ts";
import { LoadGenerator, type LoadResult } from "./_load.ts";
import { findPinning } from "./_pinning.ts";
import { overIdle, type Report, type Row } from "./_report.ts";
import { Server } from "./_server.ts";
import { findSystems, type System, SYSTEM_IDS, type SystemId } from "./_systems.ts";
import { reportText } from "./_text.ts";

const WARM_UP_MS = 300;

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    only: { type: "string" },
    systems: { type: "string" },
    rounds: { type: "string", default: "5" },
    ms: { type: "string", default: "200" },
    full: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const rounds = positive("rounds", options.rounds);
const ms = positive("ms", options.ms);
const only = options.only?.split(",");
const wanted = options.systems?.split(",");
refuseUnknown("only", only, [
  ...new Set(CASES.flatMap(({ name, group }) => [group, name])),
  IDLE.name,
]);
refuseUnknown("systems", wanted, SYSTEM_IDS);

const cases = CASES.filter(({ name, group, basic }) =>
  only === undefined
    ? basic || options.full
    : only.includes(name) || (only.includes(group) && (basic || options.full))
);

await using cleanup = new AsyncDisposableStack();
const folder = await Deno.makeTempDir({ prefix: "bench-net-" });
cleanup.defer(() => Deno.remove(folder, { recursive: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // The servers end by themselves, when their standard input does.
  Deno.addSignalListener(signal, () => {
    Deno.removeSync(folder, { recursive: true });
    Deno.exit(130);
  });
}

const certificate = { BENCH_CERT: `${folder}/cert.pem`, BENCH_KEY: `${folder}/key.pem` };
await Deno.writeTextFile(certificate.BENCH_CERT, CERTIFICATE);
await Deno.writeTextFile(certificate.BENCH_KEY, KEY);

const pinning = await findPinning();
const client = await LoadGenerator.make(folder, pinning.client);
const { systems, remarks } = await findSystems(wanted);

const report: Report = {
  ...circumstances("bench:net"),
  rounds,
  ms,
  systems: systems.map(({ id, head, version }) => ({ id, head, version })),
  rows: [],
  remarks: [pinning.remark, ...client.remarks, ...remarks],
};

for (const group of byServer(cases)) await measureGroup(group);
report.rows.push(...overIdle(report.rows));
if (only?.includes(IDLE.name) ?? true) report.rows.push(await memoryRow());
progress("");
console.log(options.json ? JSON.stringify(report) : reportText(report));
await cleanup.disposeAsync();
Deno.exit();

/** Cases in a row that the same servers can serve. */
function byServer(cases: readonly Case[]): Case[][] {
  const groups: Case[][] = [];
  for (const each of cases) {
    const last = groups.at(-1)?.[0];
    if (last?.mode === each.mode && last.unix === each.unix) groups.at(-1)!.push(each);
    else groups.push([each]);
  }
  return groups;
}

async function measureGroup(group: readonly Case[]): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers = new Map<SystemId, Server>();
  const { mode, unix } = group[0]!;
  for (const system of systems) {
    if (!group.some((each) => each.systems.includes(system.id))) continue;
    try {
      servers.set(system.id, stack.use(await startServer(system, mode, unix)));
    } catch (error) {
      const name = system.head.join(" ");
      report.remarks.push(`${name} could not be started (${mode}): ${message(error)}`);
    }
  }
  for (const each of group) await measureCase(each, servers);
}

async function startServer({ id, command }: System, mode: Mode, unix: boolean): Promise<Server> {
  const path = unix ? `${folder}/${id}.sock` : undefined;
  return await Server.start(pinning.server(command), mode, path, certificate);
}

async function measureCase(each: Case, servers: ReadonlyMap<SystemId, Server>): Promise<void> {
  const rows = each.figures.map((figure): Row => ({
    name: each.name,
    title: `${each.title}${figure.suffix}`,
    unit: figure.unit,
    lessIsBetter: figure.lessIsBetter,
    cells: {},
  }));
  report.rows.push(...rows);
  let able: System[] = systems.filter(({ id }) => each.systems.includes(id) && servers.has(id));

  // The first round warms up.
  for (let round = -1; round < rounds; round++) {
    // Nobody always runs after the same one.
    const first = able.length === 0 ? 0 : (round + 1) % able.length;
    for (const system of [...able.slice(first), ...able.slice(0, first)]) {
      const { id, head } = system;
      progress(`${each.title}: ${head.join(" ")}, round ${round + 1} of ${rounds}`);
      try {
        const result = await measure(servers.get(id)!, each, round < 0 ? WARM_UP_MS : ms);
        if (round < 0) continue;
        each.figures.forEach((figure, index) =>
          (rows[index]!.cells[id] ??= []).push(figure.of(result))
        );
      } catch (error) {
        report.remarks.push(`${head.join(" ")} failed (${each.title}): ${message(error)}`);
        able = able.filter((other) => other !== system);
        for (const row of rows) delete row.cells[id];
      }
    }
  }
}

async function measure(server: Server, { busy, load }: Case, ms: number): Promise<LoadResult> {
  if (busy === undefined) return await client.run(server.address, load, ms);
  await server.busy(busy);
  try {
    return await client.run(server.address, load, ms);
  } finally {
    await server.rest();
  }
}

async function memoryRow(): Promise<Row> {
  const { name, title, unit } = IDLE;
  const row: Row = { name, title, unit, lessIsBetter: true, cells: {} };
  for (const system of systems.filter(({ id }) => IDLE.systems.includes(id))) {
    const label = system.head.join(" ");
    try {
      const values = [];
      for (let round = 0; round < IDLE.rounds; round++) {
        progress(`${title}: ${label}, process ${round + 1} of ${IDLE.rounds}`);
        await using server = await startServer(system, "echo", false);
        await using _first = await client.hold(server.address, IDLE.connectionsBefore);
        const before = await server.residentBytes();
        await using _others = await client.hold(server.address, IDLE.connections);
        values.push((await server.residentBytes() - before) / IDLE.connections);
      }
      row.cells[system.id] = values;
    } catch (error) {
      report.remarks.push(`${label} failed (${title}): ${message(error)}`);
    }
  }
  return row;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
