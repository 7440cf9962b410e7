/**
 * What is to happen to one connection of a soak. Both ends make the same plan from the number of the
 * connection, so a connection that went wrong can be looked at by its number.
 */
import { Random } from "../parity/_random.ts";
import type { Kind } from "../_helpers.ts";
import { logUniform, MAX_PIECE_BYTES } from "./_content.ts";

/** The two ends of a connection. */
export type Side = "client" | "server";

/** What all plans of a soak have in common. */
export interface Scale {
  seed: number;
  /** How long a connection lasts at most when nothing is in its way, in milliseconds. */
  maxLifeMs: number;
  /** How much a connection carries at most in each direction, in bytes. */
  maxBytes: number;
}

/** How the bytes go back and forth. */
export type Talk =
  /** The server sends back what comes, at once. */
  | "echo"
  /** The same, and the client waits for each piece before it sends the next. */
  | "in turns"
  /** Both ends send and receive at the same time, and end their half when they have sent all. */
  | "both at once"
  /** The server answers when the client has ended its half. */
  | "after the end";

/** How a connection ends, and who does it. */
export type Ending =
  | "orderly"
  | "client closes"
  | "client aborts"
  | "client is cancelled"
  | "client resets"
  | "server closes"
  | "server aborts"
  | "handler is cancelled"
  | "handler fails";

/** How a connection was broken off: as planned, or by a server that closes, which is no affair of one plan. */
export type Cut = Exclude<Ending, "orderly"> | "server restarts";

/** Where a task waits. */
export type Phase = "connect" | "read" | "drain" | "sleep" | "waitClosed";

/** The plan of one connection. */
export interface Plan {
  id: number;
  /** For what is left to chance when it happens. */
  seed: number;
  /** `restless` is TCP as well, to the server that closes and opens again. */
  transport: "tcp" | "unix" | "restless";
  /** The kind of the client's coroutines. */
  kind: Kind;
  talk: Talk;
  ending: Ending;
  /** How many bytes the client sends, the header not counted. */
  up: number;
  /** How many bytes the server sends. */
  down: number;
  /** Who brings about the end, when it is no orderly one, after so many bytes in both directions. */
  cutBy: Side | undefined;
  cutAt: number;
  /** Where a task that is cancelled is to be, at the how-manieth time, and after how long there. */
  cancel: { phase: Phase; count: number; afterMs: number };
  lifeMs: number;
  /** Who takes its time. */
  slow: Side | "both" | "neither";
  /** The longest piece that is sent at once, in bytes. */
  piece: number;
  /** The limit of the client's reader, in bytes. */
  limit: number;
  /** Where the client's writer is full, in bytes; `undefined` for the default. */
  highWater: number | undefined;
  /** Whether the client reads through a web stream. */
  web: boolean;
}

const TRANSPORTS: Record<Plan["transport"], number> = { tcp: 77, unix: 15, restless: 8 };

const ENDINGS: Record<Ending, number> = {
  "orderly": 50,
  "client closes": 6,
  "client aborts": 8,
  "client is cancelled": 14,
  "client resets": 4,
  "server closes": 5,
  "server aborts": 4,
  "handler is cancelled": 5,
  "handler fails": 4,
};

const TALKS: Record<Talk, number> = {
  "echo": 3,
  "in turns": 2,
  "both at once": 3,
  "after the end": 2,
};

const PHASES: readonly Phase[] = ["connect", "read", "drain", "sleep", "waitClosed"];

/** Nobody sends more than so many of his longest pieces. */
const MAX_PIECES = 32;

/** Makes the plan of a connection. */
export function makePlan({ seed, maxLifeMs, maxBytes }: Scale, id: number): Plan {
  const own = Math.imul(seed, 0x9e3779b1) ^ Math.imul(id + 1, 0x85ebca77);
  const random = new Random(own);
  const ending = random.weighted(ENDINGS);
  const transport = ending === "client resets" ? "tcp" : random.weighted(TRANSPORTS);
  // Whoever closes reads no more: where the other one does not read either, both would wait for ever.
  const talk = ending === "client closes" || ending === "server closes" || transport === "restless"
    ? "both at once"
    : random.weighted(TALKS);
  const piece = logUniform(random, 1024, MAX_PIECE_BYTES);
  const bytes = () =>
    random.chance(0.1) ? 0 : logUniform(random, 1, Math.min(maxBytes, MAX_PIECES * piece));
  const up = ending === "server closes" && random.chance(0.6) ? 0 : bytes();
  const down = talk === "echo" || talk === "in turns"
    ? up
    : ending === "client closes" && random.chance(0.6)
    ? 0
    : bytes();
  const cutBy = ending === "orderly"
    ? undefined
    : ending.startsWith("client")
    ? "client"
    : "server";
  const phase = random.choice(PHASES);
  return {
    id,
    seed: own,
    transport,
    kind: random.chance(0.5) ? "generator" : "async function",
    talk,
    ending,
    up,
    down,
    cutBy,
    cutAt: random.chance(0.1) ? 0 : random.below(up + down + 1),
    cancel: {
      phase,
      count: phase === "read" || phase === "drain" || phase === "sleep"
        ? logUniform(random, 1, 20)
        : 1,
      afterMs: random.chance(0.5) ? 0 : random.next() * 20,
    },
    lifeMs: random.chance(0.05) ? 0 : logUniform(random, Math.ceil(maxLifeMs / 20), maxLifeMs),
    slow: random.weighted({ client: 3, server: 3, both: 4, neither: 1 }),
    piece,
    limit: random.chance(0.5) ? 65_536 : logUniform(random, 16, 262_144),
    highWater: random.chance(0.7)
      ? undefined
      : random.chance(0.3)
      ? 0
      : logUniform(random, 1, 262_144),
    web: random.chance(0.05),
  };
}

// ---- The header -----------------------------------------------------------------------------------

/** The first bytes from the client say which connection it is. */
export const HEADER_BYTES = 12;

const MAGIC = 0x736f616b;

/** Makes the header of a connection. */
export function makeHeader(id: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  view.setUint32(0, MAGIC);
  view.setUint32(4, id);
  view.setUint32(8, ~id);
  return new Uint8Array(view.buffer);
}

/** Reads the number of the connection; `undefined` when this is no header. */
export function readHeader(header: Uint8Array): number | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const id = view.getUint32(4);
  return view.getUint32(0) === MAGIC && view.getUint32(8) === (~id >>> 0) ? id : undefined;
}
