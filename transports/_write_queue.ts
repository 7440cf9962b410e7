/**
 * What a connection has yet to send.
 *
 * Bytes are copied in, so that the program may do with its arrays as it likes, and small writes end up
 * side by side in one block, to leave with one system call; unless the program gives their memory away.
 * At most one write is pending at the socket: a write may be taken in part, and a second one would leave
 * a hole behind it.
 *
 * Invariants: the order of bytes is that of `append()`; a block that the socket has been given is not
 * touched and not given back to the pool before the socket is done with it, even when the queue is
 * dropped; `size` counts every byte that the socket has not reported as taken.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { Context } from "../futures/context.ts";
import type { Runnable } from "../futures/future_loop.ts";
import { type Block, giveBlock, MAX_BLOCK_BYTES, takeBlock } from "./_block_pool.ts";
import type { DirectSocket } from "./_direct_socket.ts";
import type { StreamSocket } from "./stream_socket.ts";

/** Blocks below this size are exchanged for larger ones when they are full; larger ones are queued. */
const MAX_GROWING_BYTES = 32 * 1024;

/** How much larger, at least. */
const GROWTH = 4;

const NO_CONTEXT = new Context();

/** Bytes that are to leave one after the other. */
interface Part {
  readonly bytes: Uint8Array;
  /** Where they lie, when that is a block of the pool. */
  readonly block: Block | null;
}

/** What a queue tells its owner, outside of any callback of the loop. */
export interface WriteQueueOwner {
  /** Some bytes have left. */
  _written(): void;
  /** The socket has failed; the queue is stuck. */
  _writeFailed(error: unknown): void;
}

/** The bytes that wait for a socket to take them; run by the loop, it offers them to the socket. */
export class WriteQueue implements Runnable {
  /** Nothing of the program's is called from here. */
  readonly _context: Context = NO_CONTEXT;
  /** Whether the loop is going to run it. */
  scheduled = false;
  /** How many bytes have not been taken. */
  size = 0;
  readonly #socket: Pick<StreamSocket, "write">;
  readonly #direct: DirectSocket | null;
  readonly #owner: WriteQueueOwner;
  // What the socket was given, and the block it lies in, if it is one.
  #sending: Uint8Array | null = null;
  #sendingBlock: Block | null = null;
  // What leaves before the block that is being filled, the oldest first.
  #parts: Part[] | null = null;
  // The block that is being filled.
  #tail: Block | null = null;
  #tailBytes = 0;
  #dropped = false;

  constructor(
    socket: Pick<StreamSocket, "write">,
    direct: DirectSocket | null,
    owner: WriteQueueOwner,
  ) {
    this.#socket = direct ?? socket;
    this.#direct = direct;
    this.#owner = owner;
  }

  /** Whether a write is pending at the socket. */
  get sending(): boolean {
    return this.#sending !== null;
  }

  /** Copies bytes to the end. */
  append(data: Uint8Array): void {
    const count = data.length;
    this.size += count;
    const tail = this.#tail ?? this.#begin(count);
    if (count <= tail.length - this.#tailBytes) {
      tail.set(data, this.#tailBytes);
      this.#tailBytes += count;
    } else {
      this.#appendLong(data, tail);
    }
  }

  #begin(count: number): Block {
    this.#tailBytes = 0;
    return this.#tail = takeBlock(count);
  }

  #appendLong(data: Uint8Array, tail: Block): void {
    if (tail.length < MAX_GROWING_BYTES) {
      const used = this.#tailBytes;
      const larger = takeBlock(Math.max(used + data.length, tail.length * GROWTH));
      larger.set(tail.subarray(0, used));
      giveBlock(tail);
      this.#tail = tail = larger;
    }
    let start = 0;
    for (;;) {
      const end = Math.min(data.length, start + tail.length - this.#tailBytes);
      tail.set(data.subarray(start, end), this.#tailBytes);
      this.#tailBytes += end - start;
      start = end;
      if (start === data.length) return;
      (this.#parts ??= []).push({ bytes: tail, block: tail });
      this.#tail = null;
      // The kernel can work on the beginning while the rest is copied.
      this.flush();
      tail = this.#begin(Math.min(data.length - start, MAX_BLOCK_BYTES));
    }
  }

  /**
   * Puts bytes at the end whose memory nobody else uses.
   *
   * @returns whether the socket has taken all of them already, and does not need the memory any more
   */
  give(data: Uint8Array): boolean {
    const direct = this.#direct;
    if (this.size === 0 && direct !== null && this.#sending === null) {
      const write = direct.write(data);
      if (direct.taken(write) === data.length) return true;
      this.size = data.length;
      this.#sending = data;
      write.then(this.#sent, this.#failed);
      return false;
    }
    this.size += data.length;
    const parts = this.#parts ??= [];
    const block = this.#tail;
    if (block !== null) parts.push({ bytes: this.#filled(block), block });
    this.#tail = null;
    parts.push({ bytes: data, block: null });
    this.flush();
    return false;
  }

  /** Called by the loop at the end of a pass. */
  _run(): void {
    this.scheduled = false;
    this.flush();
  }

  /** Offers what is queued to the socket, unless a write is pending. */
  flush(): void {
    if (this.#sending !== null) return;
    const parts = this.#parts;
    if (parts !== null) {
      const { bytes, block } = parts.shift()!;
      if (parts.length === 0) this.#parts = null;
      this.#sendingBlock = block;
      return this.#send(bytes);
    }
    const block = this.#tail;
    if (block === null) return;
    this.#tail = null;
    this.#sendingBlock = block;
    this.#send(this.#filled(block));
  }

  #filled(block: Block): Uint8Array {
    // Half as dear as `subarray()`.
    return new Uint8Array(block.buffer, 0, this.#tailBytes);
  }

  /** Forgets what is queued. */
  drop(): void {
    this.#dropped = true;
    this.size = 0;
    this.#parts = null;
    this.#tail = null;
  }

  #send(part: Uint8Array): void {
    this.#sending = part;
    let taken: Promise<number>;
    try {
      taken = this.#socket.write(part);
    } catch (error) {
      taken = Promise.reject(error);
    }
    taken.then(this.#sent, this.#failed);
  }

  readonly #sent = (count: number): void => {
    const part = this.#sending!;
    if (count < part.length && !this.#dropped) {
      // A socket that takes nothing would be asked for ever.
      if (!(count > 0)) {
        return this.#failed(new Deno.errors.WriteZero(`A write took ${count} bytes`));
      }
      this.size -= count;
      this.#send(part.subarray(count));
      return this.#owner._written();
    }
    if (this.#sendingBlock !== null) giveBlock(this.#sendingBlock);
    this.#sending = this.#sendingBlock = null;
    if (this.#dropped) return;
    this.size -= part.length;
    this.flush();
    this.#owner._written();
  };

  readonly #failed = (error: unknown): void => {
    if (!this.#dropped) this.#owner._writeFailed(error);
  };
}
