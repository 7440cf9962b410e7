/**
 * `ReadPipeTransport`: delivers what comes through a pipe.
 *
 * asyncio counterpart: `asyncio.unix_events._UnixReadPipeTransport`.
 *
 * Invariants: at most one read is pending, and at most one chunk has been read and not been delivered,
 * so that a protocol that pauses bounds what is buffered; the pipe is closed right after
 * `connectionLost()`.
 *
 * @module
 */

import { type Context, copyContext } from "../futures/context.ts";
import type { Future } from "../futures/future.ts";
import type { Runnable } from "../futures/future_loop.ts";
import { ContextCall } from "./_context_call.ts";
import { isHostError } from "./_host_error.ts";
import { fillLentMemory, isBuffered } from "./_lent_memory.ts";
import { openSource, type PipeSource } from "./_pipe_source.ts";
import { reportError, watchResult } from "./_report.ts";
import type { ReadPipe } from "./pipe.ts";
import type { PipeTransportOptions } from "./pipe_options.ts";
import type {
  AnyProtocol,
  BaseProtocolLike,
  BufferedProtocolLike,
  ProtocolLike,
} from "./protocol.ts";
import { ReadTransport } from "./transport.ts";
import type { TransportLoop } from "./transport_loop.ts";

type Chunk = Uint8Array<ArrayBuffer>;

/** The end of the pipe was read. */
const END = null;
/** There is nothing to deliver. */
const NOTHING = undefined;

/**
 * The transport of the end of a pipe that is read from.
 *
 * At the end of the pipe the protocol's `eofReceived()` is called, whose return value means nothing
 * here, and then `connectionLost(undefined)`. While reading is paused, whoever writes is held up once
 * the pipe is full.
 *
 * **Differs from asyncio**: a `BufferedProtocol` will do; a protocol whose `dataReceived()` fails loses
 * its connection, as with every other transport.
 *
 * asyncio name: `_UnixReadPipeTransport`.
 */
export class ReadPipeTransport extends ReadTransport implements Runnable {
  /** The context that the protocol is called in. @internal */
  readonly _context: Context;
  readonly #loop: TransportLoop;
  readonly #source: PipeSource;
  #protocol: AnyProtocol;

  #paused = false;
  #reading = false;
  #scheduled = false;
  #arrived: Chunk | null | undefined = NOTHING;

  #closing = false;
  #lost = false;

  /**
   * Makes a transport; the loop calls the protocol's `connectionMade()` next.
   *
   * @param loop the loop
   * @param pipe the pipe, which the transport owns from now on
   * @param protocol what to call
   * @param options the waiter, and extra information
   * @throws {TypeError} when `pipe` is no pipe
   * @throws {NotImplementedError} when it is a descriptor that Deno cannot wait for
   */
  constructor(
    loop: TransportLoop,
    pipe: ReadPipe,
    protocol: AnyProtocol,
    options: PipeTransportOptions = {},
  ) {
    super({ ...options.extra, pipe });
    this._context = copyContext();
    this.#loop = loop;
    this.#source = openSource(pipe);
    loop._hold(this.#source);
    this.#protocol = protocol;
    const begin = () => this.#begin(options.waiter);
    loop._enqueue(new ContextCall(this._context, `connectionMade() of ${this}`, begin));
  }

  #begin(waiter: Future<void> | undefined): void {
    try {
      const protocol = this.#protocol as BaseProtocolLike<ReadTransport>;
      watchResult(this.#loop, this, "connectionMade", protocol.connectionMade(this));
    } catch (error) {
      // As in asyncio, the connection goes on.
      this.#report(error, "protocol.connectionMade() failed");
    }
    this.#deliver();
    if (waiter !== undefined && !waiter.done()) waiter.setResult(undefined);
  }

  // ---- Reading ----------------------------------------------------------------------------------

  /** Delivers what has arrived. @internal */
  _run(): void {
    this.#scheduled = false;
    this.#deliver();
  }

  /** See {@linkcode ReadTransport.isReading}. */
  override isReading(): boolean {
    return !this.#closing && !this.#paused;
  }

  /** See {@linkcode ReadTransport.pauseReading}. */
  override pauseReading(): void {
    if (!this.#closing) this.#paused = true;
  }

  /** See {@linkcode ReadTransport.resumeReading}. */
  override resumeReading(): void {
    if (this.#closing || !this.#paused) return;
    this.#paused = false;
    // A read that is pending will tell of itself.
    if (this.#reading || this.#scheduled) return;
    this.#scheduled = true;
    this.#loop._enqueue(this);
  }

  #deliver(): void {
    if (this.#closing || this.#paused || this.#reading) return;
    const chunk = this.#arrived;
    this.#arrived = NOTHING;
    if (chunk === END) return this.#end();
    if (chunk !== NOTHING) {
      this.#feed(chunk);
      if (this.#closing || this.#paused || this.#reading || this.#arrived !== NOTHING) return;
    }
    this.#reading = true;
    this.#source.read().then(this.#readDone, this.#readFailed);
  }

  readonly #readDone = (chunk: Chunk | null): void => {
    this.#reading = false;
    if (this.#closing) return;
    this.#arrived = chunk;
    if (this.#paused || this.#scheduled) return;
    this.#scheduled = true;
    this.#loop._deliver(this);
  };

  readonly #readFailed = (error: unknown): void => {
    this.#reading = false;
    if (this.#closing) return;
    // What a host reports is told to the protocol alone.
    if (!isHostError(error)) this.#report(error, "Fatal read error on a pipe transport");
    this.#lose(error);
  };

  #feed(chunk: Chunk): void {
    const protocol = this.#protocol;
    if (isBuffered(protocol)) return this.#feedBuffered(protocol, chunk);
    try {
      this.#watch("dataReceived", (protocol as ProtocolLike).dataReceived(chunk));
    } catch (error) {
      this.#protocolFailed("dataReceived", error);
    }
  }

  #feedBuffered(protocol: BufferedProtocolLike, chunk: Chunk): void {
    let method = "";
    try {
      while (chunk.length > 0 && !this.#closing) {
        // The protocol may pause in the middle, or hand over to another.
        if (this.#paused || this.#protocol !== protocol) {
          this.#arrived = chunk;
          if (!this.#paused) this.#deliver();
          return;
        }
        method = "getBuffer";
        const count = fillLentMemory(protocol, chunk);
        chunk = chunk.subarray(count);
        method = "bufferUpdated";
        this.#watch(method, protocol.bufferUpdated(count));
      }
    } catch (error) {
      this.#protocolFailed(method, error);
    }
  }

  #end(): void {
    this.#closing = true;
    try {
      this.#watch("eofReceived", this.#protocol.eofReceived());
    } catch (error) {
      return this.#protocolFailed("eofReceived", error);
    }
    this.#lose(undefined);
  }

  // ---- Protocol ---------------------------------------------------------------------------------

  /** See {@linkcode BaseTransport.setProtocol}. */
  override setProtocol(protocol: object): void {
    this.#protocol = protocol as AnyProtocol;
  }

  /** See {@linkcode BaseTransport.getProtocol}. */
  override getProtocol(): object {
    return this.#protocol;
  }

  // ---- The end ----------------------------------------------------------------------------------

  /** See {@linkcode BaseTransport.isClosing}. */
  override isClosing(): boolean {
    return this.#closing;
  }

  /** See {@linkcode BaseTransport.close}. */
  override close(): void {
    if (!this.#closing) this.#lose(undefined);
  }

  #lose(error: unknown): void {
    if (this.#lost) return;
    this.#lost = this.#closing = true;
    this.#arrived = NOTHING;
    const end = () => this.#connectionLost(error);
    this.#loop._enqueue(new ContextCall(this._context, `connectionLost() of ${this}`, end));
  }

  #connectionLost(error: unknown): void {
    try {
      watchResult(this.#loop, this, "connectionLost", this.#protocol.connectionLost(error));
    } catch (failure) {
      this.#report(failure, "protocol.connectionLost() failed");
    } finally {
      this.#loop._letGo(this.#source);
      this.#source.close();
    }
  }

  // For methods whose failure ends the connection.
  #watch(method: string, result: unknown): void {
    if (result === undefined) return;
    watchResult(this.#loop, this, method, result, (error) => this.#lose(error));
  }

  #protocolFailed(method: string, error: unknown): void {
    this.#report(error, `Fatal error: protocol.${method}() failed`);
    this.#lose(error);
  }

  #report(error: unknown, message: string): void {
    reportError(this.#loop, this, error, message);
  }

  /** For messages. */
  override toString(): string {
    const state = this.#lost ? "lost" : this.#closing ? "closing" : "open";
    return `<${this.constructor.name} ${state}${this.isReading() ? ", reading" : ""}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
