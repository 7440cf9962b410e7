/**
 * `StreamReader`: received bytes, to be read in the pieces that a program wants.
 *
 * asyncio counterpart: `asyncio.streams.StreamReader`.
 *
 * Invariants: one task reads at a time; the transport is paused while more than twice the limit is
 * buffered, and resumed when a read needs more or has brought the buffer down to the limit.
 *
 * Not here: what each read takes out of the buffer (`_read_operations.ts`), and reading a web stream
 * (`_web_source.ts`).
 *
 * @module
 */

import { enterDetached, runningLoop } from "../futures/_frame.ts";
import { describe } from "../futures/_describe.ts";
import { withSignal } from "../futures/_abort.ts";
import { copyContext } from "../futures/context.ts";
import type { Coroutine } from "../futures/coroutine.ts";
import { NotImplementedError, RuntimeError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import { bytesOf, checkByteCount } from "./_bytes.ts";
import { ByteBuffer } from "./_byte_buffer.ts";
import { LineIterator } from "./_line_iterator.ts";
import {
  checkSeparators,
  NEWLINE,
  ReadAll,
  type ReaderState,
  ReadExactly,
  ReadLine,
  ReadSome,
  ReadUntil,
} from "./_read_operations.ts";
import { WebSource } from "./_web_source.ts";

/** The limit of a reader that was given none: 64 KiB, as in asyncio. */
export const DEFAULT_LIMIT_BYTES = 65_536;

/** What a reader needs of its transport. */
export interface PausableTransport {
  /** Stops delivery. */
  pauseReading(): void;
  /** Takes delivery up again. */
  resumeReading(): void;
}

/** What {@linkcode StreamReader} takes. */
export interface StreamReaderOptions {
  /**
   * The longest line, in bytes; more than twice as much is not buffered.
   * @default 65536
   */
  limit?: number;
  /**
   * The loop.
   * @default the running loop
   */
  loop?: FutureLoop;
}

/** What the reading methods take. */
export interface ReadOptions {
  /** Ends the wait when it is aborted; no byte is lost. */
  signal?: AbortSignal;
}

/** What the methods take that look for a separator. */
export interface ReadUntilOptions extends ReadOptions {
  /**
   * The longest piece, in bytes, the separator not counted.
   * @default the reader's limit
   */
  limit?: number;
}

/**
 * Received bytes, to be read in the pieces that a program wants.
 *
 * Made by `openConnection()`, `startServer()` and their kin. One task reads at a time.
 *
 * What is read belongs to the program. Short pieces may lie side by side in one `ArrayBuffer`: mind
 * `byteOffset`, and transfer a copy, `piece.slice().buffer`.
 *
 * **Cancellation** of a read loses no byte: the next read finds them.
 *
 * asyncio name: `StreamReader`.
 *
 * @example Lines, from any source
 * ```ts
 * import { run, StreamReader } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = await run(async () => {
 *   const reader = new StreamReader();
 *   reader.feedData(new TextEncoder().encode("one\ntwo"));
 *   reader.feedEof();
 *   const lines: string[] = [];
 *   for await (const line of reader) lines.push(new TextDecoder().decode(line));
 *   return lines;
 * });
 * assertEquals(lines, ["one\n", "two"]);
 * ```
 */
export class StreamReader implements AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #loop: FutureLoop;
  readonly #state: ReaderState;
  #transport: PausableTransport | null = null;
  #waiter: Future<void> | null = null;

  /**
   * Makes an empty reader.
   *
   * @param options limit, loop
   * @throws {RangeError} when the limit is not positive
   * @throws {RuntimeError} when no loop is given and none is running
   */
  constructor(options: StreamReaderOptions = {}) {
    const { limit = DEFAULT_LIMIT_BYTES } = options;
    if (!(limit > 0)) {
      throw new RangeError(`Cannot make a reader: the limit must be positive, got ${limit}`);
    }
    const loop = options.loop ?? runningLoop();
    if (loop === null) {
      throw new RuntimeError("Cannot make a reader: no event loop is running and none was given");
    }
    this.#loop = loop;
    this.#state = {
      loop,
      buffer: new ByteBuffer(),
      limit,
      eof: false,
      exception: undefined,
      paused: false,
      wait: (method) => this.#wait(method),
      endWait: (future) => this.#endWait(future),
      taken: () => this.#taken(),
    };
  }

  // ---- For protocols ----------------------------------------------------------------------------

  /**
   * The exception that ended the stream, or `undefined`.
   *
   * asyncio name: `exception`.
   */
  exception(): unknown {
    return this.#state.exception;
  }

  /**
   * Lets the read that waits, and all that follow, fail.
   *
   * asyncio name: `set_exception`.
   */
  setException(exception: unknown): void {
    this.#state.exception = exception;
    const waiter = this.#waiter;
    this.#waiter = null;
    if (waiter !== null && !waiter.done()) waiter.setException(exception);
  }

  /**
   * Tells what is to be paused while too much is buffered.
   *
   * asyncio name: `set_transport`.
   *
   * @throws {RuntimeError} when one was set already
   */
  setTransport(transport: PausableTransport): void {
    if (this.#transport !== null) {
      throw new RuntimeError("Cannot set the transport of a reader: it has one already");
    }
    this.#transport = transport;
  }

  /** Gives up what is buffered, when it belongs to the upgrade of the connection. @internal */
  _takeBuffered(): Uint8Array<ArrayBuffer> {
    return this.#state.buffer.takeAll();
  }

  /** Exchanges the transport, when the connection was upgraded. @internal */
  _replaceTransport(transport: PausableTransport): void {
    this.#transport = transport;
    if (this.#state.paused) transport.pauseReading();
  }

  /**
   * Adds bytes; the array belongs to the reader from now on.
   *
   * asyncio name: `feed_data`.
   *
   * @throws {RuntimeError} when the end was fed already
   * @throws {TypeError} when `data` is no bytes
   */
  feedData(data: Uint8Array): void {
    if (!(data instanceof Uint8Array)) data = bytesOf(data, "feed a reader with");
    const { buffer, limit, eof } = this.#state;
    if (eof) throw new RuntimeError("Cannot feed data to a reader: its end has been fed already");
    if (data.length === 0) return;
    buffer.append(data);
    this.#wake();
    if (this.#transport === null || this.#state.paused || buffer.length <= 2 * limit) return;
    try {
      this.#transport.pauseReading();
      this.#state.paused = true;
    } catch (error) {
      if (!(error instanceof NotImplementedError)) throw error;
      // It cannot be paused: everything has to be buffered.
      this.#transport = null;
    }
  }

  /**
   * Says that no more bytes will come.
   *
   * asyncio name: `feed_eof`.
   */
  feedEof(): void {
    this.#state.eof = true;
    this.#wake();
  }

  #wake(): void {
    const waiter = this.#waiter;
    if (waiter === null) return;
    this.#waiter = null;
    if (!waiter.done()) waiter.setResult(undefined);
  }

  // ---- For reading operations -------------------------------------------------------------------

  #wait(method: string): Future<void> {
    if (this.#waiter !== null) {
      throw new RuntimeError(
        `Cannot call ${method}(): another task is waiting for data of this reader already`,
      );
    }
    // A paused transport would never bring what is waited for.
    if (this.#state.paused) this.#resume();
    return this.#waiter = this.#loop.createFuture<void>();
  }

  #endWait(future: Future<void>): void {
    if (this.#waiter === future) this.#waiter = null;
  }

  #taken(): void {
    if (this.#state.paused && this.#state.buffer.length <= this.#state.limit) this.#resume();
  }

  #resume(): void {
    this.#state.paused = false;
    this.#transport?.resumeReading();
  }

  // ---- For users --------------------------------------------------------------------------------

  /**
   * Whether the stream has ended and everything was read.
   *
   * asyncio name: `at_eof`.
   */
  atEof(): boolean {
    return this.#state.eof && this.#state.buffer.length === 0;
  }

  /**
   * Reads one line, with its newline; at the end of the stream what is left, perhaps nothing.
   *
   * **Differs from asyncio**: a line over the limit raises `LimitOverrunError` and stays in the reader;
   * asyncio raises `ValueError` and drops it.
   *
   * asyncio name: `readline`.
   *
   * @param options limit, signal
   * @throws {LimitOverrunError} when the line is longer than the limit
   */
  readline(options?: ReadUntilOptions): Coroutine<Uint8Array<ArrayBuffer>> {
    if (options === undefined) return new ReadLine(this.#state, this.#state.limit);
    const operation = new ReadLine(this.#state, options.limit ?? this.#state.limit);
    return withSignal(operation, options.signal);
  }

  /**
   * Reads up to a separator, which is included. Of several, the one that ends first counts.
   *
   * asyncio name: `readuntil`.
   *
   * @param separator a sequence of bytes, or several
   * @param options limit, signal
   * @throws {IncompleteReadError} when the stream ends before; it carries what came
   * @throws {LimitOverrunError} when the piece is longer than the limit; it stays in the reader
   * @throws {TypeError} when a separator is no `Uint8Array`
   * @throws {RangeError} when there is no separator, or one is empty
   */
  readuntil(
    separator: Uint8Array | readonly Uint8Array[] = new Uint8Array([NEWLINE]),
    options?: ReadUntilOptions,
  ): Coroutine<Uint8Array<ArrayBuffer>> {
    const separators = Array.isArray(separator) ? separator : [separator];
    checkSeparators(separators);
    const operation = new ReadUntil(this.#state, separators, options?.limit ?? this.#state.limit);
    return withSignal(operation, options?.signal);
  }

  /**
   * Reads exactly so many bytes. They stand at the beginning of their `ArrayBuffer`.
   *
   * asyncio name: `readexactly`.
   *
   * @param n how many, in bytes; the limit does not apply
   * @param options signal
   * @throws {IncompleteReadError} when the stream ends before; it carries what came
   * @throws {RangeError} when `n` is no whole number of 0 or more
   * @throws {TypeError} when `n` is no number
   */
  readexactly(n: number, options?: ReadOptions): Coroutine<Uint8Array<ArrayBuffer>> {
    checkByteCount("read exactly", n, 0);
    return withSignal(new ReadExactly(this.#state, n), options?.signal);
  }

  /**
   * Reads what is there, at most `n` bytes, waiting for the first; or everything up to the end.
   *
   * asyncio name: `read`.
   *
   * @param n the most bytes to read; without it, or negative, everything up to the end
   * @param options signal
   * @returns the bytes; none at the end of the stream
   * @throws {RangeError} when `n` is no whole number, nor `Infinity`
   * @throws {TypeError} when `n` is no number
   */
  read(n = -1, options?: ReadOptions): Coroutine<Uint8Array<ArrayBuffer>> {
    if (n !== Infinity) checkByteCount("read", n, -Infinity);
    const operation = n < 0 ? new ReadAll(this.#state) : new ReadSome(this.#state, n);
    return withSignal(operation, options?.signal);
  }

  /** Reads line by line, up to the end; see {@linkcode StreamReader.readline}. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array<ArrayBuffer>, undefined, undefined> {
    return new LineIterator(this, this.#state);
  }

  // ---- Web streams ------------------------------------------------------------------------------

  /**
   * The rest of the stream as a web stream; it reads from here as it is read from.
   *
   * Cancelling it stops reading here; the transport is left alone.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const loop = this.#loop;
    const context = copyContext();
    // One block at a time: what waits to be read waits here, where the flow control is.
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) =>
        enterDetached(loop, context, async () => {
          const block = await this.read(this.#state.limit);
          if (block.length > 0) controller.enqueue(block);
          else controller.close();
        }),
    }, { highWaterMark: 0 });
  }

  /**
   * Makes a reader that reads a web stream, no faster than it is read from.
   *
   * @param stream the web stream; it is locked from now on
   * @param options limit, loop
   * @throws {TypeError} when `stream` is no stream
   */
  static from(
    stream: ReadableStream<Uint8Array>,
    options?: StreamReaderOptions,
  ): StreamReader {
    const reader = new StreamReader(options);
    const source = new WebSource(reader, stream);
    reader.setTransport(source);
    enterDetached(reader.#loop, copyContext(), () => source.pump());
    return reader;
  }

  /** For messages. */
  toString(): string {
    const { buffer, eof, exception } = this.#state;
    const parts = [`${buffer.length} bytes`];
    if (eof) parts.push("eof");
    if (exception !== undefined) parts.push(`exception=${describe(exception)}`);
    if (this.#state.paused) parts.push("paused");
    return `<StreamReader ${parts.join(" ")}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
