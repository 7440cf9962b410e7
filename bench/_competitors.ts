/** Who takes part in the table: the systems inside Deno, and what Python there is. */

import { PEER_VERSIONS } from "./_peers.ts";
import { type System, SYSTEMS } from "./_workload.ts";

/** A column of the table. */
export interface Competitor {
  id: System | "asyncio" | "uvloop";
  /** Its head, short. */
  label: string;
  /** The same with versions. */
  version: string;
  /** What starts a process that measures it. */
  command: readonly string[];
}

const INSIDE: Record<System, { label: string; version: string }> = {
  generators: { label: "generators", version: "generator coroutines of this library" },
  functions: { label: "async fns", version: "async functions of this library" },
  host: { label: "bare host", version: `promises and microtasks of Deno ${Deno.version.deno}` },
  immediate: { label: "setImmediate", version: `setImmediate of Deno ${Deno.version.deno}` },
  effection: { label: "effection", version: `effection ${PEER_VERSIONS.effection}` },
  effect: { label: "effect", version: `effect ${PEER_VERSIONS.effect}` },
};

const PYTHONS = ["python3.13", "python3", "/usr/bin/python3"];

/** Prints the versions of Python and of uvloop; fails where asyncio is too old for the workloads. */
const PROBE = `
import asyncio, platform
asyncio.Runner
try:
    from uvloop import __version__ as uvloop
except ImportError:
    uvloop = ""
print(platform.python_version(), uvloop)
`;

/** All who can take part here. */
export async function findCompetitors(): Promise<Competitor[]> {
  const serve = [
    Deno.execPath(),
    "run",
    "-A",
    "--quiet",
    // After 8 s of little work V8 would take the compiled code away from a process that waits for its turn.
    "--v8-flags=--no-memory-reducer",
    `${import.meta.dirname}/_serve.ts`,
  ];
  const inside = SYSTEMS.map((id): Competitor => ({
    id,
    ...INSIDE[id],
    command: [...serve, id],
  }));
  return [...inside, ...await findPythons()];
}

/** The first Python for asyncio, and the first that has uvloop. */
async function findPythons(): Promise<Competitor[]> {
  let asyncio: Competitor | undefined;
  let uvloop: Competitor | undefined;
  for (const python of PYTHONS) {
    const versions = await probe(python);
    if (versions === undefined) continue;
    const command = (loop: string) => [python, `${import.meta.dirname}/python/scheduler.py`, loop];
    asyncio ??= {
      id: "asyncio",
      label: "asyncio",
      version: `asyncio of CPython ${versions.python}`,
      command: command("asyncio"),
    };
    if (versions.uvloop === "") continue;
    uvloop ??= {
      id: "uvloop",
      label: "uvloop",
      version: `uvloop ${versions.uvloop} on CPython ${versions.python}`,
      command: command("uvloop"),
    };
  }
  return [asyncio, uvloop].filter((each) => each !== undefined);
}

async function probe(python: string): Promise<{ python: string; uvloop: string } | undefined> {
  try {
    const command = new Deno.Command(python, { args: ["-c", PROBE], stderr: "null" });
    const { success, stdout } = await command.output();
    if (!success) return undefined;
    const [version = "", uvloop = ""] = new TextDecoder().decode(stdout).trim().split(" ");
    return { python: version, uvloop };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
