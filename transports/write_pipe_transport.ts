/**
 * `WritePipeTransport`: sends through a pipe.
 *
 * asyncio counterpart: `asyncio.unix_events._UnixWritePipeTransport`.
 *
 * Invariants: at most one write is pending; the pipe is closed right after `connectionLost()`.
 *
 * @module
 */

import { type Context, copyContext } from "../futures/context.ts";
import type { Future } from "../futures/future.ts";
import { bytesOf, checkNotGivenAway } from "./_bytes.ts";
import { ContextCall } from "./_context_call.ts";
import { FlowControl } from "./_flow_control.ts";
import { isHostError } from "./_host_error.ts";
import { openSink, type PipeSink } from "./_pipe_sink.ts";
import { reportError, watchResult } from "./_report.ts";
import { WriteQueue } from "./_write_queue.ts";
import type { WritePipe } from "./pipe.ts";
import type { PipeTransportOptions } from "./pipe_options.ts";
import type { BaseProtocolLike } from "./protocol.ts";
import { type WritableData, type WriteBufferLimits, WriteTransport } from "./transport.ts";
import type { Closable, TransportLoop } from "./transport_loop.ts";

/** As asyncio's `LOG_THRESHOLD_FOR_CONNLOST_WRITES`. */
const WRITES_BEFORE_WARNING = 5;

/** Whether a pipe is what the process itself prints to, also when the loop is closed. */
function isOwnOutput(pipe: WritePipe): boolean {
  if (pipe === 1 || pipe === 2 || pipe === Deno.stdout || pipe === Deno.stderr) return true;
  return pipe instanceof WritableStream &&
    (pipe === Deno.stdout.writable || pipe === Deno.stderr.writable);
}

/**
 * The transport of the end of a pipe that is written to.
 *
 * `writeEof()` and `close()` are the same: both end the pipe after what was written. When whoever reads
 * has gone away, `connectionLost()` tells, with an error if something was left unsent. A web stream
 * tells that at once, a pipe of the system with the next write.
 *
 * A pipe that is left open is closed with the loop, unless it is what the process itself prints to.
 *
 * asyncio name: `_UnixWritePipeTransport`.
 */
export class WritePipeTransport extends WriteTransport {
  readonly #context: Context;
  readonly #loop: TransportLoop;
  readonly #sink: PipeSink;
  // Closed with the loop.
  readonly #held: Closable = { close: () => this.#release(this.#writes.sending) };
  #protocol: BaseProtocolLike;

  readonly #flow: FlowControl;
  readonly #writes: WriteQueue;
  #writesAfterEnd = 0;

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
    pipe: WritePipe,
    protocol: BaseProtocolLike,
    options: PipeTransportOptions = {},
  ) {
    super({ ...options.extra, pipe });
    this.#context = copyContext();
    this.#loop = loop;
    this.#sink = openSink(pipe);
    if (!isOwnOutput(pipe)) loop._hold(this.#held);
    this.#protocol = protocol;
    this.#flow = new FlowControl(loop, this);
    this.#writes = new WriteQueue(this.#sink, null, this);
    this.#enqueue("connectionMade", () => this.#begin(options.waiter));
  }

  #enqueue(method: string, call: () => void): void {
    this.#loop._enqueue(new ContextCall(this.#context, `${method}() of ${this}`, call));
  }

  #deliver(method: string, call: () => void): void {
    this.#loop._deliver(new ContextCall(this.#context, `${method}() of ${this}`, call));
  }

  #begin(waiter: Future<void> | undefined): void {
    try {
      const protocol = this.#protocol as BaseProtocolLike<WriteTransport>;
      watchResult(this.#loop, this, "connectionMade", protocol.connectionMade(this));
    } catch (error) {
      // As in asyncio, the connection goes on.
      this.#report(error, "protocol.connectionMade() failed");
    }
    this.#sink.gone.then((error) => {
      if (!this.#lost) this.#deliver("connectionLost", () => this.#peerGone(error));
    });
    if (waiter !== undefined && !waiter.done()) waiter.setResult(undefined);
  }

  // ---- Writing ----------------------------------------------------------------------------------

  /** See {@linkcode WriteTransport.write}. */
  override write(data: WritableData): void {
    const bytes = bytesOf(data);
    if (bytes.length === 0) return checkNotGivenAway(bytes);
    if (this.#closing) {
      if (++this.#writesAfterEnd === WRITES_BEFORE_WARNING) {
        console.warn(`${this}: what is written to a pipe that is closed or lost is dropped`);
      }
      return;
    }
    this.#writes.append(bytes);
    this.#writes.flush();
    this.#flow.pauseIfAbove(this.#writes.size);
  }

  /** See {@linkcode WriteTransport.canWriteEof}. */
  override canWriteEof(): boolean {
    return true;
  }

  /** See {@linkcode WriteTransport.writeEof}. */
  override writeEof(): void {
    this.close();
  }

  /** See {@linkcode WriteTransport.getWriteBufferSize}. */
  override getWriteBufferSize(): number {
    return this.#writes.size;
  }

  /** See {@linkcode WriteTransport.getWriteBufferLimits}. */
  override getWriteBufferLimits(): [low: number, high: number] {
    return this.#flow.limits;
  }

  /** See {@linkcode WriteTransport.setWriteBufferLimits}. */
  override setWriteBufferLimits(limits?: WriteBufferLimits): void {
    this.#flow.setLimits(limits);
    this.#flow.pauseIfAbove(this.#writes.size);
  }

  /** @internal */
  _written(): void {
    if (this.#lost) return;
    if (this.#flow.paused && this.#flow.isLow(this.#writes.size)) {
      this.#deliver("resumeWriting", () => {
        if (!this.#lost) this.#flow.resumeIfBelow(this.#writes.size);
      });
    }
    if (this.#closing && this.#writes.size === 0) this.#lose(undefined);
  }

  /** @internal */
  _writeFailed(error: unknown): void {
    if (this.#lost) return;
    // What a host reports is told to the protocol alone.
    if (!isHostError(error)) this.#report(error, "Fatal write error on a pipe transport");
    this.#lose(error);
  }

  #peerGone(error: unknown): void {
    if (this.#lost) return;
    if (this.#writes.size === 0) return this.#lose(undefined);
    this.#lose(error ?? new Deno.errors.BrokenPipe("The other end of the pipe was closed"));
  }

  // ---- Protocol ---------------------------------------------------------------------------------

  /** See {@linkcode BaseTransport.setProtocol}. */
  override setProtocol(protocol: object): void {
    this.#protocol = protocol as BaseProtocolLike;
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
    if (this.#closing) return;
    this.#closing = true;
    if (this.#writes.size === 0) this.#lose(undefined);
  }

  /** See {@linkcode WriteTransport.abort}. */
  override abort(): void {
    this.#lose(undefined);
  }

  #lose(error: unknown): void {
    if (this.#lost) return;
    this.#lost = this.#closing = true;
    const interrupted = this.#writes.sending;
    this.#writes.drop();
    this.#enqueue("connectionLost", () => this.#connectionLost(error, interrupted));
  }

  #connectionLost(error: unknown, interrupted: boolean): void {
    try {
      watchResult(this.#loop, this, "connectionLost", this.#protocol.connectionLost(error));
    } catch (failure) {
      this.#report(failure, "protocol.connectionLost() failed");
    } finally {
      this.#loop._letGo(this.#held);
      this.#release(interrupted || error !== undefined);
    }
  }

  #release(isCutOff: boolean): void {
    if (isCutOff) this.#sink.abort();
    else this.#sink.close();
  }

  #report(error: unknown, message: string): void {
    reportError(this.#loop, this, error, message);
  }

  /** For messages. */
  override toString(): string {
    const state = this.#lost ? "lost" : this.#closing ? "closing" : "open";
    return `<${this.constructor.name} ${state}, ${this.#writes.size} bytes unsent>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
