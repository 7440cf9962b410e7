/**
 * Talks of two protocols over loopback, as data, for `_talker.ts` and `talk.py`; some are written by
 * hand, the others are random, the same ones for the same seed.
 *
 * Imported by tests only.
 */
import { Random } from "./_random.ts";

/** What a side does with its transport: `["write", 10]`. */
export type TalkOp = readonly [
  kind: "write" | "lines" | "eof" | "close" | "abort" | "pause" | "resume" | "state",
  ...rest: unknown[],
];

/** A callback of a protocol. */
export type TalkCall = "made" | "data" | "eof" | "pauseWriting" | "resumeWriting" | "lost";

/** How a side behaves. */
export interface TalkSide {
  /** What it does in its callbacks. */
  on: Partial<Record<TalkCall, TalkOp[]>>;
  /** What `eofReceived()` returns. */
  keep: boolean;
  /** The callback that throws. */
  fail: TalkCall | null;
}

/** A talk: the sides, and what they do, one step after the other has had its effects. */
export interface Talk {
  client: TalkSide;
  server: TalkSide;
  steps: [who: "client" | "server", ...op: TalkOp][];
}

/** What the sides and the exception handler were told in one step. */
export interface TalkStep {
  client: string[];
  server: string[];
  handler: string[];
  /** How many bytes the two have got until then; a hint how long to wait, where much is under way. */
  got?: [client: number, server: number];
}

const quiet: TalkSide = { on: {}, keep: false, fail: null };
const open: TalkSide = { ...quiet, keep: true };

/** More than all buffers between two sides hold. */
const MUCH = 16_000_000;

/** Talks about one thing each. */
export const SCRIPTED: Record<string, Talk> = {
  "bytes both ways, then the client closes": {
    client: quiet,
    server: quiet,
    steps: [["client", "write", 10], ["server", "write", 20], ["client", "lines", [1, 2, 3]], [
      "client",
      "close",
    ]],
  },
  "half-close by the client, answered by the server": {
    client: quiet,
    server: { ...open, on: { eof: [["write", 100], ["close"]] } },
    steps: [["client", "write", 10], ["client", "eof"]],
  },
  "half-close that the server does not want": {
    client: quiet,
    server: quiet,
    steps: [["client", "eof"], ["client", "state"], ["server", "state"]],
  },
  "both sides half-close": {
    client: open,
    server: open,
    steps: [["client", "eof"], ["server", "write", 5], ["server", "eof"], ["client", "state"], [
      "server",
      "close",
    ], ["client", "close"]],
  },
  "writing after the end": {
    client: open,
    server: open,
    steps: [["client", "eof"], ["client", "write", 1], ["client", "eof"], ["client", "close"], [
      "client",
      "write",
      1,
    ], ["client", "eof"]],
  },
  "a reader that pauses": {
    client: quiet,
    server: quiet,
    steps: [
      ["server", "pause"],
      ["client", "write", 100],
      ["server", "state"],
      [
        "client",
        "write",
        100,
      ],
      ["server", "resume"],
      ["server", "state"],
    ],
  },
  "a writer that is paused and resumed": {
    client: quiet,
    server: quiet,
    steps: [["server", "pause"], ["client", "write", MUCH], ["server", "resume"], [
      "client",
      "close",
    ]],
  },
  "close flushes": {
    client: quiet,
    server: quiet,
    steps: [["server", "pause"], ["client", "write", MUCH], ["client", "close"], [
      "client",
      "state",
    ], ["server", "resume"]],
  },
  "abort does not flush": {
    client: quiet,
    server: quiet,
    steps: [["server", "pause"], ["client", "write", MUCH], ["client", "abort"]],
  },
  "a reader that starts paused": {
    client: quiet,
    server: { ...quiet, on: { made: [["pause"]] } },
    steps: [["client", "write", 10], ["server", "resume"]],
  },
  "a reader that pauses at the first data": {
    client: quiet,
    server: { ...quiet, on: { data: [["pause"]] } },
    steps: [["client", "write", 10], ["client", "write", 10], ["server", "resume"]],
  },
  "a server that greets and closes": {
    client: quiet,
    server: { ...quiet, on: { made: [["write", 10], ["close"]] } },
    steps: [["client", "state"]],
  },
  "a server that aborts at once": {
    client: quiet,
    server: { ...quiet, on: { made: [["abort"]] } },
    steps: [["client", "state"]],
  },
  "abort in a callback": {
    client: quiet,
    server: { ...quiet, on: { data: [["abort"], ["write", 5], ["state"]] } },
    steps: [["client", "write", 10]],
  },
};
for (const fail of ["made", "data", "eof", "pauseWriting", "resumeWriting", "lost"] as const) {
  SCRIPTED[`a callback fails: ${fail}`] = {
    client: { ...quiet, fail },
    server: open,
    steps: [
      ["server", "pause"],
      ["client", "write", MUCH],
      ["server", "resume"],
      ["server", "write", 10],
      ["server", "eof"],
      ["client", "state"],
      ["client", "close"],
    ],
  };
}

function makeSide(r: Random): TalkSide {
  const on: TalkSide["on"] = {};
  if (r.chance(0.4)) {
    const calls: TalkCall[] = ["made", "data", "data", "eof", "eof", "lost", "pauseWriting"];
    on[r.choice(calls)] = Array.from({ length: r.choice([1, 1, 2]) }, () => makeOp(r, false));
  }
  const fail = r.chance(0.15) ? r.choice<TalkCall>(["made", "data", "eof", "lost"]) : null;
  return { on, keep: r.chance(0.4), fail };
}

// Little at a time, as streams promise nothing about the pieces in which bytes arrive.
function makeOp(r: Random, resumes = true): TalkOp {
  const kind = r.weighted({
    write: 5,
    lines: 1,
    eof: 2,
    close: 1.3,
    abort: 0.7,
    pause: 1,
    resume: resumes ? 1 : 0,
    state: 1,
  });
  if (kind === "write") return [kind, r.choice([0, 1, 10, 100, 400])];
  if (kind === "lines") return [kind, [r.below(10), r.below(400)]];
  return [kind];
}

/**
 * Makes the random talk of a seed.
 *
 * A side that ends with bytes unread resets the connection, and what is unread is up to the system and
 * to how far a transport reads ahead; so sides that have paused resume before they end.
 */
export function makeTalk(seed: number): Talk {
  const r = new Random(seed);
  const sides = { client: makeSide(r), server: makeSide(r) };
  // A side that answers all data with data, and one that does the same, talk for ever.
  if (sides.client.on.data !== undefined && sides.server.on.data !== undefined) {
    sides.server.on = {};
  }
  const steps: Talk["steps"] = [];
  for (let left = 2 + r.below(5); left > 0; left--) {
    const who = r.choice(["client", "server"] as const);
    const other = who === "client" ? "server" : "client";
    const { on, fail } = sides[other];
    if (r.chance(0.015) && on.data === undefined && fail !== "data") {
      steps.push([other, "pause"], [who, "write", MUCH], [other, "resume"]);
      continue;
    }
    const op = makeOp(r);
    if (op[0] === "close" || op[0] === "abort") steps.push([who, "resume"]);
    steps.push([who, ...op]);
  }
  steps.push(["client", "resume"], ["server", "resume"]);
  return { ...sides, steps };
}
