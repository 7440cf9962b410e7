/**
 * The reads of a stream: what stands behind `readline()`, `readuntil()`, `readexactly()` and `read()`.
 *
 * asyncio counterpart: the methods of `asyncio.streams.StreamReader`.
 *
 * Each call is an operation, which looks for what it wants in the buffer, and waits while that is not
 * there.
 *
 * Invariant: what is taken out of the buffer is returned, or thrown with an error that carries it, or put
 * back.
 *
 * May be imported by `transports/` only. Not here: the waiting itself, and the transport
 * (`stream_reader.ts`).
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { suspendAt } from "../futures/_suspend.ts";
import { ImmediateOperation, NOT_YET } from "../futures/_immediate.ts";
import type { Suspension } from "../futures/awaitable.ts";
import type { Future } from "../futures/future.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import type { ByteBuffer } from "./_byte_buffer.ts";
import { IncompleteReadError, LimitOverrunError } from "./stream_errors.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const EMPTY: Bytes = new Uint8Array(0);

/** What ends a line. */
export const NEWLINE = 10;

/** What a reading operation sees of its reader. */
export interface ReaderState {
  readonly loop: FutureLoop;
  readonly buffer: ByteBuffer;
  readonly limit: number;
  eof: boolean;
  exception: unknown;
  /** Whether the transport is paused. */
  paused: boolean;
  wait(method: string): Future<void>;
  endWait(future: Future<void>): void;
  taken(): void;
}

/** One call of a reading method: tries, waits for more, tries again. */
abstract class ReadOperation<T> extends ImmediateOperation<T> {
  // Fields are declared, and assigned in the constructor, since this is a base class: see docs/performance.md.
  declare protected readonly state: ReaderState;
  declare private waiting: Future<void> | null;

  constructor(state: ReaderState) {
    super();
    this.state = state;
    this.waiting = null;
  }

  /** What is asked for, or `undefined` when more bytes are needed; called again with more. */
  protected abstract attempt(): T | undefined;

  protected override get loop(): FutureLoop {
    return this.state.loop;
  }

  protected try(): T | typeof NOT_YET {
    const { state } = this;
    const value = this.attempt();
    if (value === undefined) return NOT_YET;
    if (state.paused) state.taken();
    return value;
  }

  protected override now(): T | typeof NOT_YET {
    if (this.state.exception !== undefined) throw this.state.exception;
    return this.try();
  }

  override next(): IteratorResult<Suspension, T> {
    const state = this.state;
    const waiting = this.waiting;
    let value: T | typeof NOT_YET;
    if (waiting === null) value = this.now();
    else {
      this.waiting = null;
      state.endWait(waiting);
      // A wait that was cancelled, or has failed, comes back here as well.
      if (waiting.cancelled() || waiting.exception() !== undefined) this.giveUp();
      waiting.result();
      value = this.try();
    }
    if (value !== NOT_YET) return { value, done: true };
    const future = state.wait(this.name);
    this.waiting = future;
    return suspendAt(future);
  }

  override throw(error: unknown): never {
    this.abandon();
    throw error;
  }

  override return(value: T): IteratorResult<Suspension, T> {
    this.abandon();
    return super.return(value);
  }

  protected abandon(): void {
    if (this.waiting !== null) this.state.endWait(this.waiting);
    this.waiting = null;
    this.giveUp();
  }

  /** Puts back what was taken out of the buffer and will not be returned. */
  protected giveUp(): void {}
}

/** `readline()`. */
export class ReadLine extends ReadOperation<Bytes> {
  readonly #limit: number;
  #scanned = 0;

  constructor(state: ReaderState, limit: number) {
    super(state);
    this.#limit = limit;
  }

  override get name(): string {
    return "readline";
  }

  protected override attempt(): Bytes | undefined {
    const { buffer, eof } = this.state;
    const at = buffer.indexOf(NEWLINE, this.#scanned);
    if (at !== -1) {
      if (at > this.#limit) throw overLimit(true, this.#limit, at);
      return buffer.take(at + 1);
    }
    this.#scanned = buffer.length;
    if (this.#scanned > this.#limit) throw overLimit(false, this.#limit, this.#scanned);
    return eof ? buffer.take(buffer.length) : undefined;
  }
}

/** The next line, if all of it is there and within the limit. */
export function lineAtHand(state: ReaderState): Bytes | undefined {
  const { buffer } = state;
  if (state.exception !== undefined) return undefined;
  const at = buffer.indexOf(NEWLINE, 0);
  if (at === -1 || at > state.limit) return undefined;
  const line = buffer.take(at + 1);
  if (state.paused) state.taken();
  return line;
}

function overLimit(found: boolean, limit: number, consumed: number): LimitOverrunError {
  return new LimitOverrunError(
    found
      ? `Cannot read up to the separator: it comes after ${consumed} bytes, the limit is ${limit}`
      : `Cannot read up to the separator: there is none within the limit of ${limit} bytes`,
    consumed,
  );
}

/** Takes out what is left, for the error of a stream that has ended too soon. */
function endedEarly(state: ReaderState, expected: number | undefined): IncompleteReadError {
  const partial = state.buffer.take(state.buffer.length);
  state.taken();
  return new IncompleteReadError(partial, expected);
}

/**
 * Checks what `readuntil()` is to look for.
 *
 * @throws {TypeError} when a separator is no `Uint8Array`
 * @throws {RangeError} when there is none, or one is empty
 */
export function checkSeparators(separators: readonly Uint8Array[]): void {
  if (separators.length === 0) {
    throw new RangeError("Cannot read up to a separator: at least one is needed");
  }
  for (const each of separators) {
    if (!(each instanceof Uint8Array)) {
      throw new TypeError(
        `Cannot read up to a separator: it must be a Uint8Array, got ${describe(each)}` +
          (typeof each === "string" ? "; encode it with new TextEncoder().encode(…)" : ""),
      );
    }
    if (each.length === 0) throw new RangeError("Cannot read up to a separator: it is empty");
  }
}

/** `readuntil()`. */
export class ReadUntil extends ReadOperation<Bytes> {
  readonly #separators: readonly Uint8Array[];
  readonly #longest: number;
  readonly #limit: number;
  #scanned = 0;

  constructor(state: ReaderState, separators: readonly Uint8Array[], limit: number) {
    super(state);
    // The shortest first: of two that end at the same place, it wins.
    this.#separators = [...separators].sort((a, b) => a.length - b.length);
    this.#longest = this.#separators.at(-1)!.length;
    this.#limit = limit;
  }

  override get name(): string {
    return "readuntil";
  }

  protected override attempt(): Bytes | undefined {
    const { buffer, eof } = this.state;
    let start = -1;
    let end = Infinity;
    for (const separator of this.#separators) {
      const at = buffer.indexOfSequence(separator, this.#scanned);
      if (at === -1 || at + separator.length >= end) continue;
      start = at;
      end = at + separator.length;
    }
    if (start !== -1) {
      if (start > this.#limit) throw overLimit(true, this.#limit, start);
      return buffer.take(end);
    }
    // The end of the buffer may be the beginning of a separator.
    this.#scanned = Math.max(0, buffer.length + 1 - this.#longest);
    if (this.#scanned > this.#limit) throw overLimit(false, this.#limit, this.#scanned);
    if (!eof) return undefined;
    throw endedEarly(this.state, undefined);
  }
}

/** `readexactly(n)`. */
export class ReadExactly extends ReadOperation<Bytes> {
  readonly #count: number;

  constructor(state: ReaderState, count: number) {
    super(state);
    this.#count = count;
  }

  override get name(): string {
    return "readexactly";
  }

  protected override attempt(): Bytes | undefined {
    const { buffer, eof } = this.state;
    if (buffer.length >= this.#count) {
      return this.#count === 0 ? EMPTY : buffer.takeAtZero(this.#count);
    }
    if (!eof) return undefined;
    throw endedEarly(this.state, this.#count);
  }
}

/** `read(n)`. */
export class ReadSome extends ReadOperation<Bytes> {
  readonly #most: number;

  constructor(state: ReaderState, most: number) {
    super(state);
    this.#most = most;
  }

  override get name(): string {
    return "read";
  }

  protected override attempt(): Bytes | undefined {
    const { buffer, eof } = this.state;
    if (this.#most === 0) return EMPTY;
    if (buffer.length === 0) return eof ? EMPTY : undefined;
    return buffer.take(Math.min(buffer.length, this.#most));
  }
}

/** `read()`: everything up to the end. */
export class ReadAll extends ReadOperation<Bytes> {
  readonly #blocks: Bytes[] = [];

  override get name(): string {
    return "read";
  }

  protected override attempt(): Bytes | undefined {
    const { buffer, eof } = this.state;
    if (buffer.length > 0) this.#blocks.push(buffer.takeAll());
    return eof ? concat(this.#blocks) : undefined;
  }

  protected override giveUp(): void {
    if (this.#blocks.length > 0) this.state.buffer.prepend(concat(this.#blocks));
    this.#blocks.length = 0;
  }
}

function concat(blocks: readonly Bytes[]): Bytes {
  if (blocks.length <= 1) return blocks[0] ?? EMPTY;
  const all = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  return all;
}
