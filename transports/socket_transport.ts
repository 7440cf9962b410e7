/**
 * `SocketTransport`: a stream transport over anything of the shape of a connection.
 *
 * asyncio counterpart: `asyncio.selector_events._SelectorSocketTransport`.
 *
 * The socket is driven by promises. What they bring is run by the loop (`_run()`), in the context that
 * the transport was made in; so every call of the protocol but `pauseWriting()` comes from the loop.
 *
 * States: open → closing (`close()`, end of stream) → lost, or open → lost (`abort()`, an error).
 * Once lost is entered, `connectionLost()` is on its way, and nothing is called before it but
 * `pauseWriting()`, nothing after it.
 *
 * Invariant: at most one read and one write are pending at the socket.
 *
 * Not here: the reading itself (`_read_pump.ts`), what is unsent (`_write_queue.ts`) and the water marks
 * (`_flow_control.ts`). What is left is one state machine, whose parts share their private state, and the
 * methods that a transport has; so it is not divided any further.
 *
 * @module
 */

import { type Context, copyContext } from "../futures/context.ts";
import { NotImplementedError, RuntimeError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import type { Runnable } from "../futures/future_loop.ts";
import { Burst } from "./_burst.ts";
import { bytesOf, checkNotGivenAway } from "./_bytes.ts";
import { ContextCall } from "./_context_call.ts";
import { directSocket } from "./_direct_socket.ts";
import { FlowControl } from "./_flow_control.ts";
import { isHostError } from "./_host_error.ts";
import { ReadPump } from "./_read_pump.ts";
import { reportError, watchResult } from "./_report.ts";
import { MIN_TAKEN_BYTES, takeMemory } from "./_taken_memory.ts";
import { WriteQueue } from "./_write_queue.ts";
import type { AnyProtocol, BaseProtocolLike } from "./protocol.ts";
import type { StreamSocket } from "./stream_socket.ts";
import type { TransportLoop } from "./transport_loop.ts";
import {
  Transport,
  type WritableData,
  type WriteBufferLimits,
  type WriteOptions,
} from "./transport.ts";

/** What a server is to a transport. */
export interface TransportOwner {
  /** The transport begins. */
  _attach(transport: Transport): void;
  /** The transport has ended. */
  _detach(transport: Transport): void;
}

/** What {@linkcode SocketTransport} takes beside connection and protocol. */
export interface SocketTransportOptions {
  /** Is given a result once the protocol has the transport. */
  waiter?: Future<void>;
  /** What `getExtraInfo()` is to know besides. */
  extra?: Record<string, unknown>;
  /** The server that has accepted the connection; it is told of the transport's beginning and end. */
  server?: TransportOwner;
}

/** So many writes after the connection was lost are borne in silence, as in asyncio. */
const WRITES_BEFORE_WARNING = 5;

/**
 * Unsent bytes that no longer wait for the rest of the pass: there is nothing to be won by putting more
 * into one system call.
 */
const FLUSH_AT_ONCE_BYTES = 64 * 1024;

/** The answers of all connections of the thread. */
const burst = new Burst();

// What `_run()` has to do, as bits.
const BEGIN = 1;
const READ = 2;
const RESUME_WRITING = 4;

/**
 * A transport over a connection.
 *
 * What is written in one pass of the loop leaves in one piece at its end. Bytes that the kernel has
 * been offered but has not yet reported as taken count as unsent.
 *
 * A `BufferedProtocol` is asked for memory before each read, and the socket fills that memory directly:
 * the protocol has lent it until `bufferUpdated()` or `connectionLost()`, however long the other end is
 * silent.
 *
 * asyncio name: `_SelectorSocketTransport`.
 */
export class SocketTransport extends Transport implements Runnable {
  /** The context that the protocol is called in. @internal */
  readonly _context: Context;

  readonly #loop: TransportLoop;
  readonly #socket: StreamSocket;
  #server: TransportOwner | undefined;
  #waiter: Future<void> | undefined;

  // What `_run()` has to do, and whether the loop knows.
  #tasks = 0;
  #scheduled = false;
  #inRun = false;

  readonly #reads: ReadPump;
  readonly #flow: FlowControl;
  readonly #writes: WriteQueue;
  #eofWritten = false;

  #closing = false;
  #lost = false;
  // Whether `connectionLost()` was called.
  #finished = false;
  #droppedWrites = 0;
  #droppedBytes = 0;

  /**
   * Makes a transport; the loop calls the protocol's `connectionMade()` next.
   *
   * @param loop the loop
   * @param socket the connection, which the transport owns from now on
   * @param protocol what to call
   * @param options the waiter, extra information, and the server
   */
  constructor(
    loop: TransportLoop,
    socket: StreamSocket,
    protocol: AnyProtocol,
    options: SocketTransportOptions = {},
  ) {
    super(options.extra);
    this._context = copyContext();
    this.#loop = loop;
    this.#socket = socket;
    this.#server = options.server;
    this.#waiter = options.waiter;
    this.#flow = new FlowControl(loop, this);
    const direct = directSocket(socket);
    this.#writes = new WriteQueue(socket, direct, this);
    this.#reads = new ReadPump(socket, direct, this);
    this.#reads.protocol = protocol;
    try {
      socket.setNoDelay?.(true);
    } catch {
      // It only makes small writes faster; what is wrong with the connection, the first read will tell.
    }
    loop._hold(socket);
    options.server?._attach(this);
    this.#schedule(BEGIN);
  }

  // ---- Called by the loop -----------------------------------------------------------------------

  /** Does what has become due. @internal */
  _run(): void {
    const tasks = this.#tasks;
    this.#tasks = 0;
    this.#scheduled = false;
    this.#inRun = true;
    try {
      if ((tasks & BEGIN) !== 0) this.#begin();
      if ((tasks & READ) !== 0) this.#reads.run();
      if ((tasks & RESUME_WRITING) !== 0 && !this.#lost) {
        this.#flow.resumeIfBelow(this.#writes.size);
      }
    } finally {
      this.#inRun = false;
      const writes = this.#writes;
      if (writes.size > 0 && !writes.sending) burst.send(writes);
    }
  }

  // For what the program has asked for: never from inside the asking call.
  #schedule(task: number): void {
    this.#tasks |= task;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#loop._enqueue(this);
  }

  // For what the host has brought.
  #deliver(task: number): void {
    this.#tasks |= task;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#loop._deliver(this);
  }

  #begin(): void {
    try {
      const protocol = this.#reads.protocol as BaseProtocolLike<Transport>;
      watchResult(this.#loop, this, "connectionMade", protocol.connectionMade(this));
    } catch (error) {
      // As in asyncio, the connection goes on.
      this.#report(error, "protocol.connectionMade() failed");
    }
    this.#reads.run();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter !== undefined && !waiter.done()) waiter.setResult(undefined);
  }

  // ---- Reading ----------------------------------------------------------------------------------

  /** See {@linkcode ReadTransport.isReading}. */
  override isReading(): boolean {
    return !this.#closing && !this.#reads.paused;
  }

  /** See {@linkcode ReadTransport.pauseReading}. */
  override pauseReading(): void {
    if (!this.#closing) this.#reads.paused = true;
  }

  /** See {@linkcode ReadTransport.resumeReading}. */
  override resumeReading(): void {
    const reads = this.#reads;
    if (this.#closing || !reads.paused) return;
    reads.paused = false;
    // A read that is pending will tell of itself.
    if (!reads.reading) this.#schedule(READ);
  }

  /** @internal */
  _readReady(): void {
    this.#deliver(READ);
  }

  /** @internal */
  _readFailed(error: unknown): void {
    this.#socketFailed(error, "Fatal read error on a socket transport");
  }

  /** @internal */
  _readEnded(): void {
    this.close();
  }

  // ---- Writing ----------------------------------------------------------------------------------

  /** See {@linkcode WriteTransport.write}. */
  override write(data: WritableData, options?: WriteOptions): void {
    const bytes = data instanceof Uint8Array ? data : bytesOf(data);
    if (this.#eofWritten) throw new RuntimeError("Cannot write: writeEof() was called before");
    if (bytes.length === 0) return checkNotGivenAway(bytes);
    if (this.#closing) return this.#writeDropped(bytes.length);
    const writes = this.#writes;
    if (options?.transfer === true && bytes.length >= MIN_TAKEN_BYTES && this.#give(bytes)) return;
    writes.append(bytes);
    if (!writes.sending) {
      if (writes.size >= FLUSH_AT_ONCE_BYTES) writes.flush();
      else if (!this.#inRun && !writes.scheduled) {
        writes.scheduled = true;
        this.#loop._atPassEnd(writes);
      }
    }
    this.#flow.pauseIfAbove(writes.size);
  }

  /** Sends bytes from memory that the program gives away, if it can be had. */
  #give(bytes: Uint8Array): boolean {
    const isLent = this.#reads.givenAway(bytes.buffer);
    const taken = takeMemory(bytes);
    if (taken === null) return false;
    if (!this.#writes.give(taken)) this.#flow.pauseIfAbove(this.#writes.size);
    else if (isLent) this.#reads.giveBack(taken.buffer);
    return true;
  }

  /** See {@linkcode WriteTransport.writelines}. */
  override writelines(pieces: Iterable<WritableData>): void {
    const all = Array.from(pieces, (piece) => bytesOf(piece));
    for (const bytes of all) this.write(bytes);
  }

  /** See {@linkcode WriteTransport.canWriteEof}. */
  override canWriteEof(): boolean {
    return this.#socket.closeWrite !== undefined;
  }

  /** See {@linkcode WriteTransport.writeEof}. */
  override writeEof(): void {
    if (!this.canWriteEof()) {
      throw new NotImplementedError("Cannot end the stream: the connection has no half-close");
    }
    if (this.#closing || this.#eofWritten) return;
    this.#eofWritten = true;
    if (this.#writes.size === 0) this.#closeWrite();
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

  async #closeWrite(): Promise<void> {
    try {
      await this.#socket.closeWrite!();
    } catch (error) {
      if (!this.#lost) this.#socketFailed(error, "Fatal error at the end of what is written");
    }
  }

  #writeDropped(bytes: number): void {
    if (++this.#droppedWrites === WRITES_BEFORE_WARNING) {
      console.warn(`${this}: what is written to a connection that is closed or lost is dropped`);
    }
    // A protocol that writes until it is told to pause would never come to its connectionLost().
    this.#droppedBytes += bytes;
    if (!this.#finished) this.#flow.pauseIfAbove(this.#droppedBytes);
  }

  /** @internal */
  _written(): void {
    if (this.#flow.paused && this.#flow.isLow(this.#writes.size)) this.#deliver(RESUME_WRITING);
    if (this.#writes.size > 0 || this.#lost) return;
    if (this.#closing) this.#lose(undefined);
    else if (this.#eofWritten) this.#closeWrite();
  }

  /** @internal */
  _writeFailed(error: unknown): void {
    if (!this.#lost) this.#socketFailed(error, "Fatal write error on a socket transport");
  }

  // ---- Protocol and information -----------------------------------------------------------------

  /** See {@linkcode BaseTransport.setProtocol}. */
  override setProtocol(protocol: object): void {
    this.#reads.protocol = protocol as AnyProtocol;
  }

  /** See {@linkcode BaseTransport.getProtocol}. */
  override getProtocol(): object {
    return this.#reads.protocol;
  }

  /**
   * Details of the connection: `socket`, `peername` and `sockname` (addresses in the shape that the
   * socket gives them), and what the transport was made with. The socket is the transport's, which reads
   * and writes it, and for which it keeps the process alive, `unref()` or not.
   */
  override getExtraInfo(name: string, defaultValue?: unknown): unknown {
    const extra = super.getExtraInfo(name);
    if (extra !== undefined) return extra;
    switch (name) {
      case "socket":
        return this.#socket;
      case "peername":
        return this.#socket.remoteAddr;
      case "sockname":
        return this.#socket.localAddr;
      default:
        return defaultValue;
    }
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
    this.#reads.stop();
    if (this.#writes.size === 0) this.#lose(undefined);
  }

  /** See {@linkcode WriteTransport.abort}. */
  override abort(): void {
    if (this.#lost) return;
    // What asyncio would have sent at once in `write()` is not lost.
    this.#writes.flush();
    this.#lose(undefined);
  }

  #lose(error: unknown): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#closing = true;
    this.#reads.stop();
    this.#writes.drop();
    const end = () => this.#connectionLost(error);
    this.#loop._enqueue(new ContextCall(this._context, `connectionLost() of ${this}`, end));
  }

  #connectionLost(error: unknown): void {
    this.#finished = true;
    try {
      const result: unknown = this.#reads.protocol.connectionLost(error);
      watchResult(this.#loop, this, "connectionLost", result);
    } catch (failure) {
      this.#report(failure, "protocol.connectionLost() failed");
    } finally {
      this.#loop._letGo(this.#socket);
      try {
        this.#socket.close();
      } catch {
        // Somebody else has closed it.
      }
      const server = this.#server;
      this.#server = undefined;
      server?._detach(this);
    }
  }

  /** @internal */
  _protocolReturned(method: string, result: unknown): void {
    watchResult(this.#loop, this, method, result, (error) => this.#lose(error));
  }

  /** @internal */
  _protocolFailed(method: string, error: unknown): void {
    this.#report(error, `Fatal error: protocol.${method}() failed`);
    this.#lose(error);
  }

  #socketFailed(error: unknown, message: string): void {
    // What a host reports in the course of a connection's life is told to the protocol alone.
    if (!isHostError(error)) this.#report(error, message);
    this.#lose(error);
  }

  #report(error: unknown, message: string): void {
    reportError(this.#loop, this, error, message);
  }

  /** For messages. */
  override toString(): string {
    const state = this.#lost ? "lost" : this.#closing ? "closing" : "open";
    const reading = this.isReading() ? ", reading" : "";
    return `<${this.constructor.name} ${state}${reading}, ${this.#writes.size} bytes unsent>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
