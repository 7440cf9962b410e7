/**
 * What the parts of a simulated network see of the whole.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import { ContextVar } from "../../futures/context.ts";
import type { SocketAddress } from "../../transports/stream_socket.ts";
import type { Link, LinkWorld } from "./_link.ts";
import type { SimulatedHost } from "./simulated_host.ts";

/** The network, for its parts. */
export interface World extends LinkWorld {
  /** Does something later; `at` is in milliseconds of the clock. */
  schedule(at: number, run: () => void): void;
  /** The way from one host to another. */
  link(from: SimulatedHost, to: SimulatedHost): Link;
  /** The host of an address, as seen from a host. */
  hostOf(from: SimulatedHost, address: string): SimulatedHost | undefined;
  /** All hosts. */
  readonly hosts: readonly SimulatedHost[];
  /** Tells the trace what happens. */
  trace(text: string): void;
}

/** One life of a host, from its start to its crash. */
export interface Boot {
  readonly host: SimulatedHost;
  alive: boolean;
}

/** Whose code is running. */
export const currentBoot: ContextVar<Boot | undefined> = new ContextVar<Boot | undefined>(
  "simulated host",
  { defaultValue: undefined },
);

/** What code of a host that has crashed waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** An address for the trace. */
export function describeAddress(address: SocketAddress): string {
  if ("hostname" in address) {
    const { hostname, port } = address;
    return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  }
  return "path" in address ? address.path : address.transport;
}
