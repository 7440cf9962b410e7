/**
 * What a soak's processes hold: memory, and whether it is flat; descriptors, and how many there may be.
 */

/** What a process held at one time. Memory is in bytes. */
export interface Sample {
  /** When, in milliseconds since the process began to work. */
  at: number;
  rss: number;
  /** What lives in the heap of JavaScript, after a collection. */
  heap: number;
  /** What lives in arrays outside of it. */
  external: number;
  /** Connections that are there. */
  open: number;
  /** Connections that there have been. */
  made: number;
  /** Bytes that were received, and found right. */
  bytes: number;
}

/** How much more than early in the soak there may be late: a share, and some bytes besides. */
const TOLERANCE = {
  heap: { share: 0.1, bytes: 4 * 1024 * 1024 },
  external: { share: 0.15, bytes: 8 * 1024 * 1024 },
  rss: { share: 0.15, bytes: 24 * 1024 * 1024 },
};

/** How much more heap there may be at the end than before the first connection, in bytes. */
const RESIDUE_BYTES = 8 * 1024 * 1024;

/** Which parts of the time with all clients are compared: what is warm by then, and the end. */
const EARLY = [0.3, 0.5] as const;
const LATE = [0.8, 1] as const;

/** A shorter time than this says nothing about memory, in milliseconds. */
export const MIN_STEADY_MS = 30_000;

/** Takes a sample. Collects garbage before, where the process may. */
export function takeSample(at: number, counts: Pick<Sample, "open" | "made" | "bytes">): Sample {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  return { at, rss, heap: heapUsed, external, ...counts };
}

/** What is wrong with the memory of a process between two times; nothing when it is flat. */
export function judgeMemory(samples: readonly Sample[], from: number, to: number): string[] {
  const wrong: string[] = [];
  for (const what of ["heap", "external", "rss"] as const) {
    const [early, late] = [EARLY, LATE].map(([begin, end]) =>
      median(
        samples.filter(({ at }) =>
          at >= from + begin * (to - from) && at <= from + end * (to - from)
        )
          .map((sample) => sample[what]),
      )
    );
    if (early === undefined || late === undefined) {
      wrong.push(`there are too few samples of ${what}`);
      continue;
    }
    const { share, bytes } = TOLERANCE[what];
    if (late > early * (1 + share) + bytes) {
      wrong.push(`${what} grew from ${mebibytes(early)} to ${mebibytes(late)}`);
    }
  }
  return wrong;
}

/** What is wrong with what a process holds when all is over. */
export function judgeResidue(before: Sample, after: Sample): string[] {
  const residue = after.heap - before.heap;
  if (residue <= RESIDUE_BYTES) return [];
  return [`${mebibytes(residue)} of heap are left after ${after.made} connections`];
}

function median(values: number[]): number | undefined {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Bytes, for people. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** The descriptors of this process; `undefined` where that cannot be told. */
export function openDescriptors(): string[] | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const found: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      found.push(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      // That of the folder itself.
    }
  }
  return found;
}

/** How many descriptors a process may have; `undefined` where that cannot be told. */
export async function descriptorLimit(): Promise<number | undefined> {
  if (Deno.build.os === "windows") return undefined;
  if (Deno.build.os === "linux") {
    const limits = await Deno.readTextFile("/proc/self/limits");
    const found = /^Max open files\s+(\d+)/m.exec(limits);
    return found === null ? undefined : Number(found[1]);
  }
  const command = new Deno.Command("sh", { args: ["-c", "ulimit -n"], stdout: "piped" });
  const text = new TextDecoder().decode((await command.output()).stdout).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
