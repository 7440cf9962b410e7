/** Whose servers take part: this library's, Deno's own ways, and what Python there is. */

import { findCompetitors } from "../_competitors.ts";

/** The library's own servers. */
export type Own = "protocol" | "giving" | "buffered" | "functions" | "generators";

/** Every server that a case may name. */
export type SystemId =
  | Own
  | "bare"
  | "node"
  | "uvloop"
  | "uvloop-buffered"
  | "uvloop-streams"
  | "asyncio"
  | "asyncio-streams";

/** A column of the table. */
export interface System {
  id: SystemId;
  /** Its head, in two lines. */
  head: readonly [string, string];
  /** What it is, with versions. */
  version: string;
  /** What starts a server; mode and address are to follow. */
  command: readonly string[];
}

const DENO = `Deno ${Deno.version.deno}`;

const INSIDE: readonly System[] = [
  own("protocol", ["ours", "protocol"], "`Protocol` of this library"),
  own("giving", ["ours", "giving"], "`Protocol` that gives away the memory of what it echoes"),
  own("buffered", ["ours", "buffered"], "`BufferedProtocol` of this library"),
  own(
    "functions",
    ["ours", "functions"],
    "streams of this library, an async function as handler, which gives away what it echoes",
  ),
  own("generators", ["ours", "generators"], "the same with a generator as handler"),
  {
    id: "bare",
    head: ["Deno", "bare"],
    version: `a loop over \`Deno.listen()\` of ${DENO}, or over \`Deno.listenTls()\``,
    command: denoServer("bare.ts"),
  },
  {
    id: "node",
    head: ["Deno", "node:net"],
    version: `\`node:net\` of ${DENO}, or \`node:tls\``,
    command: denoServer("node.ts"),
  },
];

/** The systems of Python, and in which style each is served. */
const PYTHON = [
  ["uvloop", "protocol", ["uvloop", "protocol"]],
  ["uvloop-buffered", "buffered", ["uvloop", "buffered"]],
  ["uvloop-streams", "streams", ["uvloop", "streams"]],
  ["asyncio", "protocol", ["asyncio", "protocol"]],
  ["asyncio-streams", "streams", ["asyncio", "streams"]],
] as const;

const STYLES = { protocol: "`Protocol`", buffered: "`BufferedProtocol`", streams: "streams" };

/** The wanted ones that can take part here, and what to tell of those that cannot. */
export async function findSystems(
  wanted: readonly string[] = SYSTEM_IDS,
): Promise<{ systems: System[]; remarks: string[] }> {
  const systems = INSIDE.filter(({ id }) => wanted.includes(id));
  const remarks = new Set<string>();
  const wantedPython = PYTHON.filter(([id]) => wanted.includes(id));
  // The scheduler's benchmarks know where a Python is that is new enough.
  const found = wantedPython.length > 0 ? await findCompetitors() : [];
  for (const [id, style, head] of wantedPython) {
    const kind = id.startsWith("uvloop") ? "uvloop" : "asyncio";
    const python = found.find((each) => each.id === kind);
    if (python === undefined) {
      remarks.add(
        kind === "uvloop"
          ? "uvloop is missing: no Python 3.11 or newer that has it was found"
          : "asyncio is missing: no Python 3.11 or newer was found",
      );
      continue;
    }
    systems.push({
      id,
      head,
      version: `${STYLES[style]} of ${python.version}`,
      command: [python.command[0]!, `${import.meta.dirname}/servers/server.py`, kind, style],
    });
  }
  return { systems, remarks: [...remarks] };
}

function own(id: Own, head: readonly [string, string], version: string): System {
  return { id, head, version, command: [...denoServer("ours.ts"), id] };
}

function denoServer(file: string): string[] {
  return [Deno.execPath(), "run", "-A", "--quiet", `${import.meta.dirname}/servers/${file}`];
}

/** The names of the systems that can be asked for, here or elsewhere. */
export const SYSTEM_IDS: readonly SystemId[] = [
  ...INSIDE.map(({ id }) => id),
  ...PYTHON.map(([id]) => id),
];
