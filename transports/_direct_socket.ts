/**
 * Connections of Deno's by the operations beneath them.
 *
 * `conn.read()` is an async function around an operation: it notes the operation in a set, waits for it, and
 * strikes it out, which is 0.2 µs and 100 bytes of garbage that outlives young collections. Where Deno
 * shows the operations, they are used directly, and tell at once what a write has taken; where not, or
 * not in this shape, connections are used as anybody would.
 *
 * Only for connections that the library has opened or accepted itself: of another one nobody knows
 * whether its methods are still Deno's own, or whether it was unreferenced. `unref()` of such a
 * connection has no effect.
 *
 * May be imported by `transports/` and `loop/`.
 *
 * @module
 */

import { findDenoCore } from "../futures/_deno_core.ts";

/** Operations of Deno's. */
export interface Core {
  /** Resolves with 0 at the end of the stream. */
  read(rid: number, buffer: Uint8Array): Promise<number>;
  write(rid: number, data: Uint8Array): Promise<number>;
  /** State and result; the state is `FULFILLED`, or another number. */
  getPromiseDetails(promise: Promise<unknown>): [state: number, result: unknown];
  readonly internalRidSymbol: symbol;
  /** Is `undefined` in a promise whose operation was done at once. */
  readonly promiseIdSymbol: symbol;
}

const FULFILLED = 1;

const core = findCore();
const trusted = new WeakSet<object>();

/** What Deno shows, if it shows all of it. */
export function findCore(host?: object): Core | undefined {
  const core = findDenoCore<Core>(host);
  return typeof core?.read === "function" && typeof core.write === "function" &&
      typeof core.getPromiseDetails === "function" &&
      typeof core.internalRidSymbol === "symbol" && typeof core.promiseIdSymbol === "symbol"
    ? core as Core
    : undefined;
}

/** Says that a connection or listener comes from Deno as it is, and that nobody else uses it. */
export function trust<T extends object>(socket: T): T {
  trusted.add(socket);
  return socket;
}

/** Takes that back. */
export function distrust(socket: object): void {
  trusted.delete(socket);
}

/** The same of what a listener has accepted, if it is true of the listener. */
export function trustAccepted(listener: object, socket: object): void {
  // A loop may have put a method of its own in its place, which returns what it likes.
  if (trusted.has(listener) && !Object.hasOwn(listener, "accept")) trusted.add(socket);
}

/** The operations of a connection, or `null` where it has to be used by its methods. */
export function directSocket(socket: object): DirectSocket | null {
  if (core === undefined || !trusted.has(socket)) return null;
  // A loop may have put others in their place.
  if (Object.hasOwn(socket, "read") || Object.hasOwn(socket, "write")) return null;
  const rid = (socket as Record<symbol, unknown>)[core.internalRidSymbol];
  return typeof rid === "number" ? new DirectSocket(core, rid) : null;
}

/** The operations of one connection. */
export class DirectSocket {
  readonly #core: Core;
  readonly #rid: number;

  constructor(core: Core, rid: number) {
    this.#core = core;
    this.#rid = rid;
  }

  /** Reads what is there; resolves with 0 at the end of the stream. */
  read(buffer: Uint8Array): Promise<number> {
    return this.#core.read(this.#rid, buffer);
  }

  /** Writes the beginning of `data`. */
  write(data: Uint8Array): Promise<number> {
    return this.#core.write(this.#rid, data);
  }

  /** What a write has taken, or -1 when that is not known yet, or the write has failed. */
  taken(write: Promise<number>): number {
    if ((write as unknown as Record<symbol, unknown>)[this.#core.promiseIdSymbol] !== undefined) {
      return -1;
    }
    const [state, count] = this.#core.getPromiseDetails(write);
    return state === FULFILLED ? count as number : -1;
  }
}
