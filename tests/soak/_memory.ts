/**
 * What a soak's processes hold: memory, and whether it is flat; descriptors, and how many there may be.
 */
import { ballastBytes } from "../../transports/_array_memory.ts";

/** What a process held at one time. Memory is in bytes. */
export interface Sample {
  /** When, in milliseconds since the process began to work. */
  at: number;
  rss: number;
  /** What lives in the heap of JavaScript, after a collection. */
  heap: number;
  /** What lives in arrays outside of it, without the ballast of long reads. */
  external: number;
  /** Connections that are there. */
  open: number;
  /** Connections that there have been. */
  made: number;
  /** Bytes that were received, and found right. */
  bytes: number;
}

/**
 * How much more than early in the soak there may be late: a share, and some bytes besides. When more
 * connections are open then, there may be more in proportion.
 */
const TOLERANCE = {
  heap: { share: 0.1, bytes: 4 * 1024 * 1024 },
  external: { share: 0.15, bytes: 8 * 1024 * 1024 },
  rss: { share: 0.15, bytes: 24 * 1024 * 1024 },
};

/** How much more heap there may be at the end than before the first connection, in bytes. */
const RESIDUE_BYTES = 8 * 1024 * 1024;

/** A process is warm when there have been so many connections for each client. */
export const WARM_CONNECTIONS = 2;

/** Which parts of the time that a process is warm are compared. */
const EARLY = [0, 0.25] as const;
const LATE = [0.75, 1] as const;

/** A shorter time than this says nothing about memory, in milliseconds; neither do fewer samples. */
export const MIN_STEADY_MS = 20_000;
export const MIN_SAMPLES = 12;

/** Takes a sample. Collects garbage before, where the process may. */
export function takeSample(at: number, counts: Pick<Sample, "open" | "made" | "bytes">): Sample {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  return { at, rss, heap: heapUsed, external: external - ballastBytes(), ...counts };
}

/** How much there was early and late between two times, and whether that is flat. */
export function judgeMemory(
  samples: readonly Sample[],
  from: number,
  to: number,
): { text: string; flat: boolean } {
  const [early, late] = [EARLY, LATE].map(([begin, end]) => {
    const [first, last] = [from + begin * (to - from), from + end * (to - from)];
    return samples.filter(({ at }) => at >= first && at <= last);
  }) as [Sample[], Sample[]];
  let flat = true;
  const parts: string[] = [];
  for (const what of ["heap", "external", "rss"] as const) {
    const of = (some: Sample[], name: keyof Sample) => median(some.map((each) => each[name]));
    const [before, after] = [of(early, what), of(late, what)];
    const { share, bytes } = TOLERANCE[what];
    const more = Math.max(1, of(late, "open") / of(early, "open"));
    // Not a number, and so not flat, when there are no samples.
    if (!(after <= before * more * (1 + share) + bytes)) flat = false;
    parts.push(`${what} ${mebibytes(before)} → ${mebibytes(after)}`);
  }
  const [first, last] = [from, to].map((at) => Math.round(at / 1000));
  return { text: `from ${first} s to ${last} s ${parts.join(", ")}`, flat };
}

/** What is wrong with what a process holds when all is over. */
export function judgeResidue(before: Sample, after: Sample): string[] {
  const residue = after.heap - before.heap;
  if (residue <= RESIDUE_BYTES) return [];
  return [`${mebibytes(residue)} of heap are left after ${after.made} connections`];
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
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
