/**
 * One direction between two simulated hosts.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import type { LinkConditions } from "./link.ts";
import type { Random } from "./_random.ts";

/** Conditions, none left out. */
export type Conditions = Required<LinkConditions>;

/** Between two hosts. */
export const DEFAULT_CONDITIONS: Conditions = {
  latencyMs: 1,
  jitterMs: 0,
  bytesPerSecond: Infinity,
  loss: 0,
  duplication: 0,
  reordering: 0,
  fragmentation: 0,
};

/** Inside of a host. */
export const LOOPBACK_CONDITIONS: Conditions = { ...DEFAULT_CONDITIONS, latencyMs: 0 };

/** Changes some of the conditions. */
export function changed(before: Conditions, changes: LinkConditions): Conditions {
  const after = { ...before };
  for (const key of Object.keys(before) as (keyof Conditions)[]) {
    const value = changes[key];
    if (value === undefined) continue;
    const isTime = key === "latencyMs" || key === "jitterMs";
    const good = key === "bytesPerSecond"
      ? value > 0
      : value >= 0 && (isTime ? value < Infinity : value <= 1);
    if (typeof value !== "number" || !good) {
      const rule = key === "bytesPerSecond"
        ? "it must be above 0"
        : isTime
        ? "it must be a number of milliseconds"
        : "it must be from 0 to 1";
      throw new RangeError(`Cannot set ${key} of a link: ${rule}, got ${describe(value)}`);
    }
    after[key] = value;
  }
  return after;
}

/** What a link needs of its network. */
export interface LinkWorld {
  /** The clock, in milliseconds. */
  time(): number;
  /** The dice. */
  readonly dice: Random;
}

/** From one host to another. */
export class Link {
  /** Whether nothing gets through. */
  blocked = false;
  /** How packets travel. */
  conditions: Conditions;
  readonly #world: LinkWorld;
  #busyUntil = 0;

  /** Makes a link. */
  constructor(world: LinkWorld, conditions: Conditions) {
    this.#world = world;
    this.conditions = conditions;
  }

  /** When a packet of so many bytes arrives that leaves now, in milliseconds of the clock. */
  arrival(bytes: number): number {
    const { latencyMs, jitterMs, bytesPerSecond } = this.conditions;
    const start = Math.max(this.#world.time(), this.#busyUntil);
    this.#busyUntil = start + bytes * 1000 / bytesPerSecond;
    const jitter = jitterMs > 0 ? jitterMs * this.#world.dice.next() : 0;
    return this.#busyUntil + latencyMs + jitter;
  }
}
