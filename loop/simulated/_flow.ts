/**
 * `Flow`: one direction of a simulated connection, from the one end's kernel to the other's.
 *
 * Packets arrive in the order of sending, each when its link has brought it. What does not get through
 * (a partition, a host that is down, a backlog that is full) is sent again, ever more rarely, and holds
 * up all that comes after it, until the sender gives up.
 *
 * Invariant: at most one event is scheduled, for the oldest packet.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import type { SimulatedHost } from "./simulated_host.ts";
import type { World } from "./_world.ts";

/** What travels over a connection. */
export type Packet =
  | { readonly kind: "connect" | "accept" | "end" | "reset" }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  /** The reader has taken so many bytes out of its buffer. */
  | { readonly kind: "window"; readonly credit: number };

/** An end of a connection, as its flows see it. */
export interface FlowEnd {
  /** The host that it is on. */
  readonly host: SimulatedHost;
  /** Whether the host has crashed since. */
  readonly dead: boolean;
  /** A packet has come. */
  receive(packet: Packet): void;
  /** The other end could not be reached for so long that the connection is given up. */
  giveUp(): void;
  /** All that was sent has arrived. */
  drained(): void;
}

/** Before a packet is sent again for the first time, in milliseconds: the least that Linux waits. */
const RETRY_MS = 200;
/** The same for the first packet of a connection. */
const CONNECT_RETRY_MS = 1000;
/** The longest wait between two attempts. */
const MAX_RETRY_MS = 120_000;
/** So long a connection is attempted: as long as by Linux. */
export const CONNECT_LIMIT_MS = 127_000;
/** So long data is sent again and again: as long as by Linux. */
const LIMIT_MS = 924_600;
/** The most losses of one packet in a row. */
const MAX_LOSSES = 12;
/** What a packet takes of the bandwidth beside its bytes. */
const HEADER_BYTES = 40;

interface Sent {
  readonly packet: Packet;
  /** When its link brings it, in milliseconds of the clock; those before it may come later. */
  readonly due: number;
}

/** One direction of a connection. */
export class Flow {
  /** The end that packets go to; known once it exists. */
  sink: FlowEnd | undefined;
  /** What the flow is called in the trace. */
  name = "";
  readonly #world: World;
  /** The end that sends. */
  readonly source: FlowEnd;
  readonly #to: SimulatedHost | undefined;
  #sent: Sent[] = [];
  #scheduled = false;
  #stalledAt = -1;
  #retryMs = 0;

  /**
   * Makes a flow.
   *
   * @param to the host that packets go to; `undefined` where there is none
   */
  constructor(world: World, source: FlowEnd, to: SimulatedHost | undefined) {
    this.#world = world;
    this.source = source;
    this.#to = to;
  }

  /** Whether nothing is under way. */
  get isEmpty(): boolean {
    return this.#sent.length === 0;
  }

  /** How often packets are cut, as a probability. */
  get fragmentation(): number {
    if (this.#to === undefined) return 0;
    return this.#world.link(this.source.host, this.#to).conditions.fragmentation;
  }

  /** Sends a packet. */
  send(packet: Packet): void {
    const world = this.#world;
    let due = world.time();
    if (this.#to !== undefined) {
      const link = world.link(this.source.host, this.#to);
      due = link.arrival(HEADER_BYTES + (packet.kind === "data" ? packet.bytes.length : 0));
      const { loss } = link.conditions;
      let retryMs = firstRetry(packet);
      for (let losses = 0; losses < MAX_LOSSES && world.dice.chance(loss); losses++) {
        due += retryMs;
        retryMs *= 2;
      }
    }
    this.#sent.push({ packet, due });
    if (!this.#scheduled) this.#schedule(due);
  }

  /** Forgets what is under way. */
  clear(): void {
    this.#sent = [];
    this.#stalledAt = -1;
  }

  #schedule(at: number): void {
    this.#scheduled = true;
    this.#world.schedule(at, this.#arrive);
  }

  readonly #arrive = (): void => {
    this.#scheduled = false;
    const now = this.#world.time();
    const before = this.#sent.length;
    while (this.#sent.length > 0 && this.#sent[0]!.due <= now) {
      const { packet } = this.#sent[0]!;
      if (!this.#getsThrough(packet)) return this.#stall(packet, now);
      this.#stalledAt = -1;
      // What the end does with the packet may have emptied the flow.
      if (this.#sent[0]?.packet === packet) this.#sent.shift();
    }
    if (this.#sent.length > 0) {
      if (!this.#scheduled) this.#schedule(this.#sent[0]!.due);
    } else if (before > 0) this.source.drained();
  };

  #getsThrough(packet: Packet): boolean {
    const to = this.#to;
    if (to === undefined || !to.isUp) return false;
    if (this.#world.link(this.source.host, to).blocked) return false;
    const { sink } = this;
    if (sink === undefined && !to._receiveConnect(this)) return false;
    if (packet.kind !== "window") {
      const detail = packet.kind === "data" ? ` ${packet.bytes.length}` : "";
      this.#world.trace(`${this.name} ${packet.kind}${detail}`);
    }
    sink?.receive(packet);
    return true;
  }

  #stall(packet: Packet, now: number): void {
    // A host that is down sends nothing again.
    if (this.source.dead) return this.clear();
    if (this.#stalledAt < 0) {
      this.#stalledAt = now;
      this.#retryMs = firstRetry(packet);
    }
    const limit = packet.kind === "connect" ? CONNECT_LIMIT_MS : LIMIT_MS;
    if (now - this.#stalledAt >= limit) {
      this.clear();
      return this.source.giveUp();
    }
    const next = Math.min(now + this.#retryMs, this.#stalledAt + limit);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    this.#schedule(next);
  }
}

function firstRetry({ kind }: Packet): number {
  return kind === "connect" ? CONNECT_RETRY_MS : RETRY_MS;
}
