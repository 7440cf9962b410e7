/**
 * One full turn of Deno's own event loop, sockets and all.
 *
 * As long as something like `setImmediate` keeps Deno's loop busy, Deno looks at its sockets on every
 * 61st turn only. A byte that is written to one end of a socket pair and read from the other
 * makes it look at once: about 10 µs a turn. Where the program may not use the net, a digest
 * that is computed on another thread has the same effect (about 60 µs).
 *
 * Invariant: no operation is pending on the pair outside `turn()`, so that an idle pair keeps no
 * process alive.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { BUSY_POLL_INTERVAL_MS, HOST_POLL_INTERVAL_MS, TURNS_BEFORE_PAIR } from "./_tuning.ts";

/** A look sooner than this after the last one is followed by another soon enough. */
const SOON_MS = (BUSY_POLL_INTERVAL_MS + HOST_POLL_INTERVAL_MS) / 2;

interface Pair {
  near: Deno.Conn;
  far: Deno.Conn;
}

async function openPair(listener: Deno.Listener, connect: () => Promise<Deno.Conn>): Promise<Pair> {
  try {
    const [near, far] = await Promise.all([connect(), listener.accept()]);
    return { near, far };
  } finally {
    listener.close();
  }
}

function mayUseNet(host?: string): boolean {
  return Deno.permissions.querySync({ name: "net", ...(host ? { host } : {}) }).state === "granted";
}

/** Opens the cheapest pair that there is permission for, or none. */
async function open(): Promise<Pair | null> {
  if (Deno.build.os === "linux" && mayUseNet()) {
    const path = `\0asyncio-${crypto.randomUUID()}`;
    try {
      return await openPair(
        Deno.listen({ transport: "unix", path }),
        () => Deno.connect({ transport: "unix", path }),
      );
    } catch {
      // No abstract names here (a sandbox, an odd kernel): the loopback will do.
    }
  }
  if (mayUseNet("127.0.0.1")) {
    try {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const pair = await openPair(listener, async () => {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
        conn.setNoDelay(true);
        return conn;
      });
      return pair;
    } catch {
      // No loopback either.
    }
  }
  return null;
}

/** Makes turns of the host's loop; opens what it needs on first use. */
export class HostPoll {
  #pair: Pair | null | undefined = undefined;
  #turns = 0;
  #lookedAt = -Infinity;
  #closed = false;
  readonly #byte = new Uint8Array(1);
  readonly #read = new Uint8Array(1);

  /** Lets the host deliver whatever is there: socket data, timers, signals, messages. */
  async turn(): Promise<void> {
    if (this.#pair === undefined) {
      // A loop that is busy for a moment only does not need the pair, which costs 0.5 ms to open.
      if (++this.#turns <= TURNS_BEFORE_PAIR) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        return;
      }
      this.#pair = null;
      const pair = await open();
      if (this.#closed) closePair(pair);
      else this.#pair = pair;
      return;
    }
    if (this.#pair === null) {
      await crypto.subtle.digest("SHA-256", this.#byte);
      return;
    }
    const { near, far } = this.#pair;
    const isSoon = performance.now() - this.#lookedAt < SOON_MS;
    await this.#look(near, far);
    // Again: what the first look has brought may have been answered, inside this process, by now.
    if (!isSoon) await this.#look(near, far);
    this.#lookedAt = performance.now();
  }

  async #look(near: Deno.Conn, far: Deno.Conn): Promise<void> {
    // Read first: a read that finds nothing waits for the host to poll.
    const read = far.read(this.#read);
    await near.write(this.#byte);
    await read;
  }

  /** Closes what was opened. */
  close(): void {
    this.#closed = true;
    closePair(this.#pair ?? null);
    this.#pair = null;
  }
}

function closePair(pair: Pair | null): void {
  pair?.near.close();
  pair?.far.close();
}
