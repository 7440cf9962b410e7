/**
 * `StreamReaderProtocol`: between a transport and a reader with its writer.
 *
 * asyncio counterpart: `asyncio.streams.FlowControlMixin` and `StreamReaderProtocol`.
 *
 * Invariant: `waitClosed()` ends once the connection is lost, on every path; an error that it was lost
 * with is thrown to whoever asks, and is never reported as unretrieved.
 *
 * @module
 */

import { runningLoop } from "../futures/_frame.ts";
import type { Suspension } from "../futures/awaitable.ts";
import type { Coroutine } from "../futures/coroutine.ts";
import { RuntimeError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import { Protocol } from "./protocol.ts";
import type { StreamReader } from "./stream_reader.ts";
import { StreamWriter } from "./stream_writer.ts";
import type { Transport } from "./transport.ts";

/** Flow control and closing, which every protocol under a {@linkcode StreamWriter} needs. */
export abstract class StreamProtocolBase extends Protocol {
  /** @internal */
  readonly _loop: FutureLoop;
  #paused = false;
  #lost = false;
  #lostWith: unknown = undefined;
  readonly #drainWaiters = new Set<Future<void>>();
  readonly #closeWaiters = new Set<Future<void>>();

  /**
   * Makes the protocol.
   *
   * @param loop the loop; the running one by default
   */
  constructor(loop?: FutureLoop) {
    super();
    const found = loop ?? runningLoop();
    if (found === null) {
      throw new RuntimeError("Cannot make a protocol: no event loop is running and none was given");
    }
    this._loop = found;
  }

  /** See {@linkcode Protocol.pauseWriting}. */
  override pauseWriting(): void {
    this.#paused = true;
  }

  /** See {@linkcode Protocol.resumeWriting}. */
  override resumeWriting(): void {
    this.#paused = false;
    for (const waiter of this.#drainWaiters) if (!waiter.done()) waiter.setResult(undefined);
  }

  /** See {@linkcode Protocol.connectionLost}. */
  override connectionLost(error: unknown): void {
    this.#lost = true;
    this.#lostWith = error;
    for (const waiter of [...this.#drainWaiters, ...this.#closeWaiters]) {
      if (waiter.done()) continue;
      if (error === undefined) waiter.setResult(undefined);
      else waiter.setException(error);
    }
  }

  /** Whether the connection was accepted by a server. @internal */
  get _serverSide(): boolean {
    return false;
  }

  /** The connection was upgraded. @internal */
  _replaceTransport(_transport: Transport): void {}

  /** Whether `drain()` has to wait, or to fail. @internal */
  get _mustDrain(): boolean {
    return this.#paused || this.#lost;
  }

  /** What `drain()` has to wait for, or `null`. @internal */
  _beginDrain(): Future<void> | null {
    if (this.#lost) {
      throw this.#lostWith ?? new Deno.errors.ConnectionReset("Connection lost");
    }
    if (!this.#paused) return null;
    const waiter = this._loop.createFuture<void>();
    this.#drainWaiters.add(waiter);
    return waiter;
  }

  /** @internal */
  _endDrain(waiter: Future<void>): void {
    this.#drainWaiters.delete(waiter);
  }

  /** `waitClosed()`. @internal */
  *_waitClosed(): Generator<Suspension, void, unknown> {
    if (this.#lost) {
      if (this.#lostWith !== undefined) throw this.#lostWith;
      return;
    }
    const waiter = this._loop.createFuture<void>();
    this.#closeWaiters.add(waiter);
    try {
      yield* waiter;
    } finally {
      this.#closeWaiters.delete(waiter);
    }
  }

  /** Waits until the connection is lost, however. @internal */
  async _closedAnyhow(): Promise<void> {
    if (this.#lost) return;
    const waiter = this._loop.createFuture<void>();
    this.#closeWaiters.add(waiter);
    try {
      await waiter;
    } catch (error) {
      if (error !== this.#lostWith) throw error;
    } finally {
      this.#closeWaiters.delete(waiter);
    }
  }
}

/**
 * What handles one connection of a server: an async function, a coroutine function, or a plain
 * function. When it fails, that is reported and its connection is closed.
 */
export type StreamHandler = (
  reader: StreamReader,
  writer: StreamWriter,
) => void | PromiseLike<void> | Coroutine<void> | Generator<Suspension, void, unknown>;

/**
 * Lets a {@linkcode StreamReader} read what a transport brings.
 *
 * asyncio name: `StreamReaderProtocol`.
 */
export class StreamReaderProtocol extends StreamProtocolBase {
  readonly #reader: StreamReader;
  readonly #handler: StreamHandler | undefined;
  #overTls = false;

  /**
   * Makes the protocol.
   *
   * @param reader what it feeds
   * @param handler called with reader and writer when there is a connection, as a server does
   * @param loop the loop; the running one by default
   */
  constructor(reader: StreamReader, handler?: StreamHandler, loop?: FutureLoop) {
    super(loop);
    this.#reader = reader;
    this.#handler = handler;
  }

  /** Whether the connection was accepted by a server. @internal */
  override get _serverSide(): boolean {
    return this.#handler !== undefined;
  }

  /** The connection was upgraded. @internal */
  override _replaceTransport(transport: Transport): void {
    this.#overTls = transport.getExtraInfo("sslcontext") !== undefined;
    this.#reader._replaceTransport(transport);
  }

  /** See {@linkcode Protocol.connectionMade}. */
  override connectionMade(transport: Transport): void {
    this.#reader.setTransport(transport);
    this.#overTls = transport.getExtraInfo("sslcontext") !== undefined;
    const handler = this.#handler;
    if (handler === undefined) return;
    const reader = this.#reader;
    const writer = new StreamWriter(transport, this, reader, this._loop);
    // Called inside its task, so that an async function belongs to it from its first line on.
    const task = this._loop.createTask<void>(() =>
      (handler(reader, writer) ?? Promise.resolve()) as PromiseLike<void>
    );
    task.addDoneCallback(() => {
      if (task.cancelled()) return transport.close();
      const error = task.exception();
      if (error === undefined) return;
      this._loop.callExceptionHandler({
        message: "Unhandled exception in the handler of a connection",
        exception: error,
        transport,
      });
      transport.close();
    });
  }

  /** See {@linkcode Protocol.dataReceived}. */
  override dataReceived(data: Uint8Array): void {
    this.#reader.feedData(data);
  }

  /** See {@linkcode Protocol.eofReceived}. */
  override eofReceived(): boolean {
    this.#reader.feedEof();
    // Over TLS there is no half-open connection.
    return !this.#overTls;
  }

  /** See {@linkcode Protocol.connectionLost}. */
  override connectionLost(error: unknown): void {
    if (error === undefined) this.#reader.feedEof();
    else this.#reader.setException(error);
    super.connectionLost(error);
  }
}
