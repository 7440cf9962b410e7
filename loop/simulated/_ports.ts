/**
 * The ports of a simulated host, for one transport.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import { conflict, covers } from "./_addresses.ts";
import { inUse } from "./_errors.ts";

/** Where the ports begin that are chosen by the host. */
const FIRST_FREE_PORT = 49_152;
const LAST_PORT = 65_535;

/** Something that is bound to an address. */
interface Bound<T> {
  readonly address: string;
  readonly port: number;
  readonly end: T;
  /** Whether others may share the port that want it shared, too. */
  readonly isShared: boolean;
}

/** What is bound to ports, of one transport. */
export class Ports<T> {
  #bound: Bound<T>[] = [];
  #next = FIRST_FREE_PORT;

  /** A port: the given one, or one that is free for 0. */
  choose(address: string, port: number, isShared = false): number {
    const isTaken = (port: number) =>
      this.#bound.some((each) =>
        each.port === port && conflict(each.address, address) && !(isShared && each.isShared)
      );
    if (port !== 0) {
      if (isTaken(port)) throw inUse();
      return port;
    }
    for (let tries = FIRST_FREE_PORT; tries <= LAST_PORT; tries++) {
      const chosen = this.#next;
      this.#next = chosen === LAST_PORT ? FIRST_FREE_PORT : chosen + 1;
      if (!isTaken(chosen)) return chosen;
    }
    throw inUse();
  }

  /** Binds to a port that was chosen. */
  add(address: string, port: number, end: T, isShared = false): void {
    this.#bound.push({ address, port, end, isShared });
  }

  /** Ends that. */
  remove(end: T): void {
    this.#bound = this.#bound.filter((each) => each.end !== end);
  }

  /** What takes what comes to an address: one, or several that share it. */
  find(address: string, port: number): T[] {
    return this.#bound
      .filter((each) => each.port === port && covers(each.address, address))
      .map(({ end }) => end);
  }

  /** Forgets all. */
  clear(): void {
    this.#bound = [];
  }
}
