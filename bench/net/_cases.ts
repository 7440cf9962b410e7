/** What is measured. */

import type { Load, LoadResult } from "./_load.ts";
import type { Busy, Mode } from "./_control.ts";
import type { SystemId } from "./_systems.ts";

/** A figure of a case: a row of the table. */
export interface Figure {
  /** What is appended to the title of the case. */
  suffix: string;
  unit: string;
  /** Whether more is worse. */
  lessIsBetter: boolean;
  of(result: LoadResult): number;
}

/** Something that is done with the servers of several systems. */
export interface Case {
  /** For `--only`, which takes groups too. */
  name: string;
  group: string;
  title: string;
  /** Whether it is measured without `--full`. */
  basic: boolean;
  mode: Mode;
  unix: boolean;
  load: Load;
  /** What the server does beside. */
  busy?: Busy;
  systems: readonly SystemId[];
  figures: readonly Figure[];
}

const HOST: readonly SystemId[] = ["bare", "node"];
const PROTOCOLS: readonly SystemId[] = [
  "protocol",
  "giving",
  "buffered",
  ...HOST,
  "uvloop",
  "asyncio",
];
const STREAMS: readonly SystemId[] = [
  "functions",
  "generators",
  "uvloop-streams",
  "asyncio-streams",
];
const EVERYBODY: readonly SystemId[] = [
  "protocol",
  "functions",
  "generators",
  ...HOST,
  "uvloop",
  "uvloop-streams",
  "asyncio",
  "asyncio-streams",
];

const rate = (unit: string): Figure => ({
  suffix: "",
  unit,
  lessIsBetter: false,
  of: (result) => result.rate,
});

const volume: Figure = {
  suffix: "",
  unit: "MiB/s",
  lessIsBetter: false,
  of: (result) => result.mib_s,
};

const latencies: readonly Figure[] = [
  { suffix: ", p50", unit: "µs", lessIsBetter: true, of: (result) => result.p50_us },
  { suffix: ", p99", unit: "µs", lessIsBetter: true, of: (result) => result.p99_us },
];

interface Choice {
  mode?: Mode;
  unix?: boolean;
  load: Partial<Load>;
  busy?: Busy;
  basic?: boolean;
}

function makeCase(
  name: string,
  title: string,
  systems: readonly SystemId[],
  figures: readonly Figure[],
  { mode = "echo", unix = false, basic = true, load, ...rest }: Choice,
): Case {
  return {
    name,
    group: name.split("-")[0]!,
    title,
    basic,
    mode,
    unix,
    load: { mode: "echo", connections: 1, bytes: 64, inFlight: 1, tls: mode === "tls", ...load },
    systems,
    figures,
    ...rest,
  };
}

const SIZES: readonly [bytes: number, text: string][] = [
  [64, "64 B"],
  [1024, "1 KiB"],
  [16_384, "16 KiB"],
  [65_536, "64 KiB"],
  [102_400, "100 KiB"],
];

/** Echo in all sizes and with all numbers of connections. */
function echoes(
  name: string,
  title: string,
  systems: readonly SystemId[],
  basics: readonly string[],
  choice: Omit<Choice, "load" | "basic"> = {},
): Case[] {
  return SIZES.flatMap(([bytes, text]) =>
    [1, 10, 100].map((connections) => {
      const shape = `${text.replace(" KiB", "K").replace(" B", "")}x${connections}`;
      return makeCase(`${name}-${shape}`, `${title} ${text} ×${connections}`, systems, [
        rate("msg/s"),
      ], { ...choice, basic: basics.includes(shape), load: { bytes, connections } });
    })
  );
}

/** Every case that is measured with load, in the order of the table. */
export const CASES: readonly Case[] = [
  ...echoes("echo", "TCP echo", PROTOCOLS, [
    "64x1",
    "64x100",
    "1Kx10",
    "16Kx10",
    "64Kx10",
    "100Kx1",
    "100Kx100",
  ]),
  makeCase(
    "pipelined",
    "TCP echo 64 B ×50, 16 in flight",
    PROTOCOLS,
    [rate("msg/s")],
    { load: { connections: 50, inFlight: 16 } },
  ),
  ...echoes("stream", "stream echo", ["giving", ...STREAMS, "bare"], [
    "64x1",
    "1Kx10",
    "1Kx100",
    "64Kx10",
  ]),
  makeCase(
    "accept",
    "connect, 64 B, close; 32 at a time",
    EVERYBODY,
    [rate("conn/s")],
    { load: { mode: "accept", connections: 32 } },
  ),
  makeCase("latency-idle", "TCP echo 64 B ×1", EVERYBODY, latencies, { load: {} }),
  makeCase("latency-timers", "with 100 tasks in sleep(1 ms)", EVERYBODY, latencies, {
    busy: "timers",
    load: {},
  }),
  makeCase("latency-ready", "with 100 tasks in sleep(0)", EVERYBODY, latencies, {
    busy: "ready",
    load: {},
  }),
  makeCase(
    "lines",
    "lines, 20 × 32 B, 64 in flight",
    EVERYBODY,
    [rate("line/s")],
    { mode: "lines", load: { connections: 20, bytes: 32, inFlight: 64 } },
  ),
  makeCase(
    "pieces",
    "1000 writes of 16 B for one read",
    ["protocol", ...HOST, "uvloop", "asyncio"],
    [rate("write/s")],
    { mode: "pieces", load: { bytes: 16, inFlight: 1000 } },
  ),
  makeCase(
    "bulk-up",
    "bulk to the server, 1 MiB",
    ["protocol", "buffered", ...EVERYBODY.slice(1), "uvloop-buffered"],
    [volume],
    { mode: "sink", load: { mode: "up", bytes: 1 << 20 } },
  ),
  makeCase(
    "bulk-down",
    "bulk to the client, 1 MiB",
    EVERYBODY,
    [volume],
    { mode: "source", load: { mode: "down", bytes: 1 << 20 } },
  ),
  ...echoes("unix", "Unix echo", PROTOCOLS, ["64x1", "1Kx100", "64Kx10"], { unix: true }),
  ...echoes(
    "tls",
    "TLS echo",
    EVERYBODY,
    ["64x10", "1Kx10", "64Kx10"],
    { mode: "tls" },
  ),
];

/** Resident memory of a server for each connection that is idle after one message. */
export const IDLE = {
  name: "idle",
  title: "an idle connection, of 5000",
  unit: "bytes",
  connections: 4000,
  /** Held before the others: what is loaded and compiled, and how the heap first grows, does not count. */
  connectionsBefore: 1000,
  /** Memory varies little from process to process. */
  rounds: 3,
  systems: EVERYBODY,
} as const;
