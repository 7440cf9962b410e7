/**
 * `StreamWriter`: the writing half of a stream.
 *
 * asyncio counterpart: `asyncio.streams.StreamWriter`.
 *
 * @module
 */

import { doneCoroutine, mayReturnDone } from "../futures/_done.ts";
import { suspendAt } from "../futures/_suspend.ts";
import { enterDetached } from "../futures/_frame.ts";
import { type AbortOptions, withSignal } from "../futures/_abort.ts";
import { copyContext } from "../futures/context.ts";
import { _coroutineOf, type Coroutine, Operation } from "../futures/coroutine.ts";
import type { Suspension } from "../futures/awaitable.ts";
import type { Future } from "../futures/future.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import type { StreamReader } from "./stream_reader.ts";
import type { StreamProtocolBase } from "./stream_protocol.ts";
import type { SSLContext } from "./tls/ssl_context.ts";
import type { SSLOptions } from "./tls/ssl_options.ts";
import type { StartTlsOptions } from "./tls/start_tls.ts";
import type { Transport, WritableData, WriteOptions } from "./transport.ts";

/** A loop that can upgrade a connection. */
interface StreamLoop extends FutureLoop {
  startTls(
    transport: Transport,
    protocol: StreamProtocolBase,
    context: SSLContext,
    options: StartTlsOptions,
  ): Coroutine<Transport>;
}

/** `drain()`. */
class Drain extends Operation<void> {
  readonly #reader: StreamReader | null;
  readonly #transport: Transport;
  readonly #protocol: StreamProtocolBase;
  #turnGiven = false;
  #waiting: Future<void> | null = null;

  constructor(reader: StreamReader | null, transport: Transport, protocol: StreamProtocolBase) {
    super();
    this.#reader = reader;
    this.#transport = transport;
    this.#protocol = protocol;
  }

  override get name(): string {
    return "drain";
  }

  override next(): IteratorResult<Suspension, void> {
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      this.#protocol._endDrain(waiting);
      waiting.result();
      return { value: undefined, done: true };
    }
    if (!this.#turnGiven) {
      const error = this.#reader?.exception();
      if (error !== undefined) throw error;
      if (this.#transport.isClosing()) {
        // The loop gets a turn to call connectionLost(), so that one who writes and drains in a loop
        // learns of it.
        this.#turnGiven = true;
        return { value: undefined, done: false };
      }
    }
    const future = this.#protocol._beginDrain();
    if (future === null) return { value: undefined, done: true };
    this.#waiting = future;
    return suspendAt(future);
  }

  override throw(error: unknown): never {
    if (this.#waiting !== null) this.#protocol._endDrain(this.#waiting);
    throw error;
  }

  override return(value: void): IteratorResult<Suspension, void> {
    if (this.#waiting !== null) this.#protocol._endDrain(this.#waiting);
    return super.return(value);
  }
}

const DRAINED = doneCoroutine("drain");

/**
 * The writing half of a stream.
 *
 * `write()` never waits; `drain()` waits while too much is unsent. Close it with `await using`, or with
 * `close()` and `waitClosed()`.
 *
 * asyncio name: `StreamWriter`.
 *
 * @example A line to a server and back
 * ```ts
 * import { openConnection, run, startServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = await run(async () => {
 *   await using server = await startServer(async (reader, writer) => {
 *     writer.write(await reader.readline());
 *     await writer.drain();
 *     writer.close();
 *   }, "127.0.0.1", 0);
 *   const { port } = server.sockets[0]!.addr as Deno.NetAddr;
 *   const [reader, writer] = await openConnection("127.0.0.1", port);
 *   await using _ = writer;
 *   writer.write(new TextEncoder().encode("hello\n"));
 *   return new TextDecoder().decode(await reader.readline());
 * });
 * assertEquals(answer, "hello\n");
 * ```
 */
export class StreamWriter implements AsyncDisposable {
  #transport: Transport;
  readonly #protocol: StreamProtocolBase;
  readonly #reader: StreamReader | null;
  readonly #loop: FutureLoop;

  /**
   * Makes a writer; `openConnection()` and `startServer()` do it for a program.
   *
   * @param transport where the bytes go
   * @param protocol the protocol of the transport
   * @param reader the reading half, if there is one
   * @param loop the loop
   */
  constructor(
    transport: Transport,
    protocol: StreamProtocolBase,
    reader: StreamReader | null,
    loop: FutureLoop,
  ) {
    this.#transport = transport;
    this.#protocol = protocol;
    this.#reader = reader;
    this.#loop = loop;
  }

  /**
   * The transport.
   *
   * asyncio name: `transport`.
   */
  get transport(): Transport {
    return this.#transport;
  }

  /**
   * Writes bytes, now or as soon as the other end takes them. Never waits.
   *
   * asyncio name: `write`.
   *
   * @param data the bytes; they are sent or copied before this returns, or taken
   * @param options whether the memory of the bytes is given away
   * @throws {TypeError} when it is no bytes; encode strings with `new TextEncoder().encode(…)`
   */
  write(data: WritableData, options?: WriteOptions): void {
    this.#transport.write(data, options);
  }

  /**
   * Writes several pieces.
   *
   * asyncio name: `writelines`.
   */
  writelines(data: Iterable<WritableData>): void {
    this.#transport.writelines(data);
  }

  /**
   * Ends the stream towards the other end, after what was written; reading goes on.
   *
   * asyncio name: `write_eof`.
   */
  writeEof(): void {
    this.#transport.writeEof();
  }

  /**
   * Whether {@linkcode StreamWriter.writeEof} can be used.
   *
   * asyncio name: `can_write_eof`.
   */
  canWriteEof(): boolean {
    return this.#transport.canWriteEof();
  }

  /**
   * Closes the stream, after what was written has been sent.
   *
   * asyncio name: `close`.
   */
  close(): void {
    this.#transport.close();
  }

  /**
   * Whether the stream is closed or being closed.
   *
   * asyncio name: `is_closing`.
   */
  isClosing(): boolean {
    return this.#transport.isClosing();
  }

  /**
   * Waits until the stream is closed.
   *
   * **Cancellation** ends the wait only.
   *
   * asyncio name: `wait_closed`.
   *
   * @throws the error that the connection was lost with, if any
   */
  waitClosed(): Coroutine<void> {
    return _coroutineOf(this.#waitClosed(), "waitClosed");
  }

  *#waitClosed(): Generator<Suspension, void, unknown> {
    yield* this.#protocol._waitClosed();
  }

  /**
   * Details of the connection: `socket`, `peername`, `sockname`, and others by transport.
   *
   * asyncio name: `get_extra_info`.
   */
  getExtraInfo(name: string, defaultValue?: unknown): unknown {
    return this.#transport.getExtraInfo(name, defaultValue);
  }

  /**
   * Waits while too much is unsent. Any number of tasks may at once.
   *
   * Whether there is something to wait for is seen when it is called.
   *
   * **Cancellation** ends the wait; what was written is sent all the same.
   *
   * asyncio name: `drain`.
   *
   * @param options signal
   * @throws {Deno.errors.ConnectionReset} when the connection is lost
   */
  drain(options?: AbortOptions): Coroutine<void> {
    const protocol = this.#protocol;
    if (
      options === undefined && !protocol._mustDrain && !this.#transport.isClosing() &&
      this.#reader?.exception() === undefined && mayReturnDone(protocol._loop)
    ) return DRAINED;
    const drain = new Drain(this.#reader, this.#transport, protocol);
    return options === undefined ? drain : withSignal(drain, options.signal);
  }

  /**
   * Goes on with TLS. What the reader has buffered belongs to the handshake.
   *
   * **Cancellation**, like any failure, closes the connection.
   *
   * asyncio name: `start_tls`.
   *
   * @param context whom to trust and who to be
   * @param options names and time-outs; the side is that of the connection
   * @throws {SSLError} when the handshake fails
   */
  startTls(context: SSLContext, options: SSLOptions = {}): Coroutine<void> {
    return _coroutineOf(this.#startTls(context, options), "startTls");
  }

  *#startTls(context: SSLContext, options: SSLOptions): Generator<Suspension, void, unknown> {
    const protocol = this.#protocol;
    yield* this.drain();
    const readAhead = this.#reader?._takeBuffered();
    const transport = yield* (this.#loop as StreamLoop).startTls(
      this.#transport,
      protocol,
      context,
      {
        ...options,
        serverSide: protocol._serverSide,
        ...(readAhead === undefined ? {} : { readAhead }),
      },
    );
    this.#transport = transport;
    protocol._replaceTransport(transport);
  }

  /**
   * The writing half as a web stream. Closing it ends the stream towards the other end where that can
   * be, else closes it; aborting it drops the connection.
   */
  get writable(): WritableStream<Uint8Array> {
    const detached = (work: () => Promise<void>) => enterDetached(this.#loop, copyContext(), work);
    return new WritableStream<Uint8Array>({
      write: (chunk) =>
        detached(async () => {
          this.write(chunk);
          await this.drain();
        }),
      close: () =>
        detached(async () => {
          await this.drain();
          if (this.canWriteEof()) this.writeEof();
          else this.close();
        }),
      abort: () => this.#transport.abort(),
    });
  }

  /** Closes the stream and waits until it is closed; how the connection was lost does not matter. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#protocol._closedAnyhow();
  }

  /** For messages. */
  toString(): string {
    return `<StreamWriter transport=${this.#transport}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
