/**
 * What the connections of a soak carry: random bytes that both ends know in advance.
 *
 * Every direction of every connection is a window, at a place of its own, that slides over one table. So
 * any piece that arrives can be checked as soon as it is there, whatever becomes of the connection
 * later. The table's length is a prime: no size of a buffer divides it, so that what is lost, repeated
 * or from another connection does not fit.
 */
import { Buffer } from "node:buffer";
import { assert } from "@std/assert";
import { Random } from "../parity/_random.ts";

const TABLE_BYTES = 1_048_573;

/** The longest piece that is sent at once. */
export const MAX_PIECE_BYTES = 131_072;

/** What was received is not what was sent. */
export class WrongBytesError extends Error {
  override readonly name: string = "WrongBytesError";
}

/** The bytes of one soak. */
export class Content {
  // The beginning follows again after the end, so that a piece is always in one piece.
  readonly #table: Uint8Array;

  constructor(seed: number) {
    const random = new Random(seed);
    const table = new Uint8Array(TABLE_BYTES + MAX_PIECE_BYTES);
    for (let i = 0; i < TABLE_BYTES; i++) table[i] = random.below(256);
    table.copyWithin(TABLE_BYTES, 0, MAX_PIECE_BYTES);
    this.#table = table;
  }

  /** A piece of the content that begins at `start`. */
  piece(start: number, from: number, count: number): Uint8Array {
    const at = (start + from) % TABLE_BYTES;
    return this.#table.subarray(at, at + count);
  }
}

/** One direction of a connection, as its sender sees it. */
export class Outgoing {
  /** How many bytes were given to the writer. */
  bytes = 0;
  readonly #content: Content;
  readonly #start: number;

  constructor(content: Content, start: number) {
    this.#content = content;
    this.#start = start;
  }

  /**
   * The next bytes to be sent. They are overwritten by the next call, for any connection: a writer that
   * holds on to what it was given is found out.
   */
  next(count: number): Uint8Array {
    const piece = scratch.subarray(0, count);
    piece.set(this.#content.piece(this.#start, this.bytes, count));
    this.bytes += count;
    return piece;
  }
}

const scratch = new Uint8Array(MAX_PIECE_BYTES);

/** A piece is kept for a while to see whether it changes, unless it is longer. */
const MAX_KEPT_BYTES = 4096;

/** One direction of a connection, as its receiver sees it. */
export class Incoming {
  /** How many bytes were received, all of them right. */
  bytes = 0;
  readonly #content: Content;
  readonly #start: number;
  readonly #most: number;
  #kept: { data: Uint8Array; from: number } | null = null;

  /** @param most how many bytes are sent at most */
  constructor(content: Content, start: number, most: number) {
    this.#content = content;
    this.#start = start;
    this.#most = most;
  }

  /**
   * Checks what was received.
   *
   * @param keep whether to look at it once more at the next call; otherwise it is overwritten, as its
   * owner may do
   * @throws {WrongBytesError} when it is not what was sent
   */
  accept(data: Uint8Array, keep: boolean): void {
    this.#check(data, this.bytes, "wrong bytes");
    this.checkKept();
    const from = this.bytes;
    this.bytes += data.length;
    if (this.bytes > this.#most) {
      throw new WrongBytesError(`${this.bytes} bytes received, ${this.#most} sent at most`);
    }
    if (keep && data.length <= MAX_KEPT_BYTES) this.#kept = { data, from };
    else if (data.length <= MAX_KEPT_BYTES) data.fill(0);
  }

  /** Checks that what was kept has not changed. */
  checkKept(): void {
    const kept = this.#kept;
    if (kept === null) return;
    this.#kept = null;
    this.#check(kept.data, kept.from, "bytes that changed after they were read");
  }

  #check(data: Uint8Array, from: number, what: string): void {
    for (let at = 0; at < data.length; at += MAX_PIECE_BYTES) {
      const part = data.subarray(at, at + MAX_PIECE_BYTES);
      const expected = this.#content.piece(this.#start, from + at, part.length);
      if (Buffer.compare(part, expected) === 0) continue;
      const wrong = part.findIndex((byte, i) => byte !== expected[i]);
      throw new WrongBytesError(
        `${what}: ${part.length} at ${from + at}, the first at ${from + at + wrong}`,
      );
    }
  }
}

/** Where the window of a direction begins. */
export function startOf(id: number, direction: "up" | "down"): number {
  const random = new Random(id * 2 + (direction === "up" ? 0 : 1));
  return random.below(TABLE_BYTES);
}

/** A whole number between two, the smaller ones as often as those ten times as large. */
export function logUniform(random: Random, from: number, to: number): number {
  assert(from >= 1 && to >= from);
  return Math.floor(from * Math.exp(random.next() * Math.log((to + 1) / from)));
}
