/** Who may import whom. Paths are relative to the project's root, with forward slashes. */

/** Folders (or files) that each part of the library may import, itself included. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "futures/": ["futures/"],
  "transports/": ["transports/", "futures/"],
  "loop/": ["loop/", "transports/", "futures/"],
  "mod.ts": ["loop/", "transports/", "futures/"],
};

/** Packages that the library may use at run time. */
const PACKAGES = /^(node:|@std\/(assert|async|net)(\/|$))/;

/**
 * The private files that another folder may import, with those who do. Keep it short: each line is
 * a door between two folders.
 */
export const DOORS: Record<string, readonly string[]> = {
  "futures/_abort.ts": ["transports/"],
  "futures/_deno_core.ts": ["transports/"],
  "futures/_describe.ts": ["loop/", "transports/"],
  "futures/_done.ts": ["transports/"],
  "futures/_frame.ts": ["loop/", "transports/"],
  "futures/_immediate.ts": ["transports/"],
  "futures/_interrupt.ts": ["loop/"],
  "futures/_is_class.ts": ["loop/"],
  "futures/_staggered_race.ts": ["loop/"],
  "futures/_suspend.ts": ["transports/"],
  "futures/_traceback.ts": ["loop/"],
  "futures/_unawaited.ts": ["loop/"],
  "futures/_unretrieved.ts": ["loop/"],
  "loop/conformance/_certificate.ts": ["bench/"],
  "transports/_bytes.ts": ["loop/"],
  "transports/_direct_socket.ts": ["loop/"],
  "transports/_host_error.ts": ["loop/"],
  "transports/_node_error.ts": ["loop/"],
  "transports/_node_stream_socket.ts": ["loop/"],
};

/** An import, as the module graph has it. */
export interface Import {
  /** The importing file. */
  from: string;
  /** What its source says. */
  specifier: string;
  /** The imported file, when it is one of the project's own. */
  to?: string;
}

/** Says what is wrong with an import, or nothing. `entries` are the files behind the exports. */
export function objection(
  { from, specifier, to }: Import,
  entries: readonly string[],
): string | undefined {
  if (from.startsWith("tests/")) return undefined;
  if (to !== undefined && isPrivate(to) && !from.startsWith(folderOf(to))) {
    if (!isDoor(from, to)) return `${to} is private to ${folderOf(to)}`;
  }

  const part = Object.keys(MAY_IMPORT).find((name) => within(from, name));
  if (part !== undefined) {
    const allowed = MAY_IMPORT[part]!;
    if (to === undefined) {
      return PACKAGES.test(specifier) ? undefined : "the library uses no such package";
    }
    if (allowed.some((name) => within(to, name))) return undefined;
    return `${part} may import ${allowed.join(", ")} only`;
  }

  if (to === undefined) return undefined;
  const home = from.slice(0, from.indexOf("/") + 1);
  if (home !== "" && to.startsWith(home)) return undefined;
  if (home === "examples/") {
    return entries.includes(to)
      ? undefined
      : "an example imports entry points, as its reader would";
  }
  if (home === "bench/" && Object.keys(MAY_IMPORT).some((name) => within(to, name))) {
    return undefined;
  }
  return `${home || from} may not import it`;
}

/** The lines of `DOORS` that no import uses. */
export function unusedDoors(imports: readonly Import[]): string[] {
  return Object.entries(DOORS).flatMap(([to, users]) =>
    users
      .filter((user) => !imports.some((each) => each.to === to && within(each.from, user)))
      .map((user) => `${to} for ${user}`)
  );
}

function isDoor(from: string, to: string): boolean {
  return DOORS[to]?.some((user) => within(from, user)) ?? false;
}

function isPrivate(path: string): boolean {
  return path.slice(path.lastIndexOf("/") + 1).startsWith("_");
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function within(path: string, place: string): boolean {
  return place.endsWith("/") ? path.startsWith(place) : path === place;
}
