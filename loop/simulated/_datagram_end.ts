/**
 * `DatagramEnd`: a simulated UDP socket.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import type { DatagramAddress, DatagramSocket } from "../../transports/datagram_socket.ts";
import * as errors from "./_errors.ts";
import { BROADCAST, canonicalAddress, isLoopback, isWildcard } from "./_addresses.ts";
import type { SimulatedHost } from "./simulated_host.ts";
import { type Boot, describeAddress, never, type World } from "./_world.ts";

/** Datagrams that came while nobody asked for one are kept up to this many bytes, then dropped. */
const BUFFER_BYTES = 256 * 1024;
/** What a datagram takes of the bandwidth beside its bytes. */
const HEADER_BYTES = 28;
/** How much longer than others a datagram may be under way that is overtaken. */
const REORDERING_FACTOR = 9;

type Address = { readonly transport: "udp"; readonly hostname: string; readonly port: number };
type Received = [Uint8Array, DatagramAddress];

/** A socket that carries datagrams. */
export class DatagramEnd implements DatagramSocket {
  /** The address of this end. */
  readonly addr: Address;
  readonly #world: World;
  readonly #boot: Boot;
  readonly #host: SimulatedHost;
  readonly #mayBroadcast: boolean;
  readonly #closing: () => void;
  readonly #lastDue = new Map<SimulatedHost, number>();
  #queue: Received[] = [];
  #queuedBytes = 0;
  #receiver:
    | { memory: Uint8Array; resolve(received: Received): void; reject(error: unknown): void }
    | null = null;
  #closed = false;

  /** Makes a socket; `closing` is called when it is closed. */
  constructor(
    world: World,
    boot: Boot,
    addr: Address,
    mayBroadcast: boolean,
    closing: () => void,
  ) {
    this.#world = world;
    this.#boot = boot;
    this.#host = boot.host;
    this.addr = addr;
    this.#mayBroadcast = mayBroadcast;
    this.#closing = closing;
  }

  /** Waits for the next datagram. */
  receive(buffer: Uint8Array): Promise<Received> {
    if (!this.#boot.alive) return never();
    if (this.#closed) return Promise.reject(errors.closed("receive"));
    if (this.#receiver !== null) return Promise.reject(errors.busy("receive"));
    const first = this.#queue.shift();
    if (first !== undefined) {
      this.#queuedBytes -= first[0].length + HEADER_BYTES;
      return Promise.resolve(fit(first, buffer));
    }
    return new Promise((resolve, reject) => {
      this.#receiver = { memory: buffer, resolve, reject };
    });
  }

  /** Sends a datagram, which may be lost. */
  send(data: Uint8Array, { hostname, port }: DatagramAddress): Promise<number> {
    if (!this.#boot.alive) return never();
    if (this.#closed) return Promise.reject(errors.closed("send"));
    const to: Address = { transport: "udp", hostname: canonicalAddress(hostname), port };
    if (to.hostname === BROADCAST) {
      if (!this.#mayBroadcast) return Promise.reject(errors.noBroadcast());
      for (const host of this.#world.hosts) this.#sendTo(host, data, to);
    } else {
      const host = this.#world.hostOf(this.#host, to.hostname);
      if (host !== undefined) this.#sendTo(host, data, to);
    }
    return Promise.resolve(data.length);
  }

  #sendTo(host: SimulatedHost, data: Uint8Array, to: Address): void {
    const world = this.#world;
    const link = world.link(this.#host, host);
    const { duplication, loss, reordering } = link.conditions;
    const from = this.#senderAddress(to);
    const what = `${describeAddress(from)} > ${describeAddress(to)} datagram ${data.length}`;
    const bytes = data.slice();
    for (let copies = world.dice.chance(duplication) ? 2 : 1; copies > 0; copies--) {
      const arrival = link.arrival(data.length + HEADER_BYTES);
      if (world.dice.chance(loss)) {
        world.trace(`${what} lost`);
        continue;
      }
      let due = Math.max(arrival, this.#lastDue.get(host) ?? 0);
      if (world.dice.chance(reordering)) {
        due += (arrival - world.time()) * REORDERING_FACTOR * world.dice.next();
      } else this.#lastDue.set(host, due);
      world.schedule(due, () => {
        const end = link.blocked || !host.isUp ? undefined : host._datagramEnd(to);
        world.trace(end === undefined ? `${what} dropped` : what);
        end?.deliver(bytes.slice(), from);
      });
    }
  }

  #senderAddress(to: Address): Address {
    const { hostname, port } = this.addr;
    if (!isWildcard(hostname)) return this.addr;
    const own = this.#host._addressTowards(to.hostname);
    return { transport: "udp", hostname: isLoopback(to.hostname) ? to.hostname : own, port };
  }

  /** A datagram has come. */
  deliver(data: Uint8Array, from: DatagramAddress): void {
    const receiver = this.#receiver;
    if (receiver !== null) {
      this.#receiver = null;
      return receiver.resolve(fit([data, from], receiver.memory));
    }
    // As a kernel does with a full buffer.
    if (this.#queuedBytes > BUFFER_BYTES) return;
    this.#queuedBytes += data.length + HEADER_BYTES;
    this.#queue.push([data, from]);
  }

  /** Closes the socket. */
  close(): void {
    if (this.#closed) throw errors.closed("close");
    this.#closed = true;
    if (!this.#boot.alive) return;
    this.#queue = [];
    this.#receiver?.reject(errors.interrupted());
    this.#receiver = null;
    this.#closing();
  }
}

/** What does not fit is lost. */
function fit([data, from]: Received, memory: Uint8Array): Received {
  return [data.length > memory.length ? data.slice(0, memory.length) : data, from];
}
