/**
 * A process that measures one system and answers, line by line, who asks: see `_client.ts`.
 *
 * Its argument is the system. It prints `{"workloads": […], "memory": […]}`; then, for each line
 * `NAME MILLISECONDS` on its standard input, one line with a `Timing`, a `Footprint` or
 * `{"error": "…"}`.
 */

import { measure, measureMemory } from "./_measure.ts";
import { type System, SYSTEMS } from "./_workload.ts";
import { MEMORY_WORKLOADS, WORKLOADS } from "./_workloads/mod.ts";
import { lines } from "./_lines.ts";

const system = Deno.args[0] as System;
if (!SYSTEMS.includes(system)) throw new RangeError(`No such system: ${system}`);

const answer = (value: unknown) => console.log(JSON.stringify(value));

answer({
  workloads: WORKLOADS.filter(({ variants }) => variants[system]).map(({ name }) => name),
  memory: MEMORY_WORKLOADS.filter(({ variants }) => variants[system]).map(({ name }) => name),
});

for await (const line of lines(Deno.stdin.readable)) {
  const [name, target] = line.split(" ");
  try {
    answer(await measureByName(name!, Number(target)));
  } catch (error) {
    answer({ error: String(error) });
  }
}

async function measureByName(name: string, targetMs: number): Promise<unknown> {
  for (const workload of WORKLOADS) {
    const variant = workload.variants[system];
    if (workload.name === name && variant) return await measure(workload, variant, targetMs);
  }
  for (const workload of MEMORY_WORKLOADS) {
    const variant = workload.variants[system];
    if (workload.name === name && variant) return await measureMemory(workload, variant);
  }
  throw new RangeError(`${system} has no workload ${name}`);
}
