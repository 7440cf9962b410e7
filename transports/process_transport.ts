/**
 * `ProcessTransport`: a child process and its pipes.
 *
 * asyncio counterpart: `asyncio.base_subprocess.BaseSubprocessTransport` and
 * `asyncio.unix_events._UnixSubprocessTransport`.
 *
 * The child and each of its pipes end on their own, in any order: a grandchild may hold a pipe long
 * after the child is gone. `processExited()` follows the child alone; `connectionLost()` comes when all
 * have ended.
 *
 * Invariants: the protocol is called from the loop only, in the context that the transport was made in,
 * in the order in which things came about; nothing is called before `connectionMade()`.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { type Context, copyContext } from "../futures/context.ts";
import { _coroutineOf, type Coroutine } from "../futures/coroutine.ts";
import type { Future } from "../futures/future.ts";
import { ContextCall } from "./_context_call.ts";
import { watchResult } from "./_report.ts";
import { abandonChild, killChild, spawnChild, type SpawnedChild } from "./_spawn.ts";
import type { BaseTransport } from "./base_transport.ts";
import type { ReadPipe, WritePipe } from "./pipe.ts";
import type { PipeTransportOptions } from "./pipe_options.ts";
import type { ProcessCommand } from "./process_command.ts";
import {
  type AnyProtocol,
  type BaseProtocolLike,
  Protocol,
  type SubprocessProtocol,
} from "./protocol.ts";
import type { StreamSocket } from "./stream_socket.ts";
import { SubprocessTransport } from "./subprocess_transport.ts";
import type { ReadTransport, Transport, WriteTransport } from "./transport.ts";
import type { Closable, TransportLoop } from "./transport_loop.ts";

/** What a process needs of its loop besides: the hooks that make the transports of its pipes. */
export interface ProcessLoop extends TransportLoop {
  /** Makes the transport of a pipe that is read from. */
  _makeReadPipeTransport(
    pipe: ReadPipe,
    protocol: AnyProtocol,
    options?: PipeTransportOptions,
  ): ReadTransport;
  /** Makes the transport of a pipe that is written to. */
  _makeWritePipeTransport(
    pipe: WritePipe,
    protocol: BaseProtocolLike,
    options?: PipeTransportOptions,
  ): WriteTransport;
  /** Makes the transport of a pipe that goes both ways. */
  _makeSocketTransport(socket: StreamSocket, protocol: AnyProtocol): Transport;
}

/** One pipe, as its transport sees it. */
class PipeProtocol extends Protocol {
  readonly #process: ProcessTransport;
  readonly #fd: number;
  transport: BaseTransport | undefined = undefined;
  disconnected = false;

  constructor(process: ProcessTransport, fd: number) {
    super();
    this.#process = process;
    this.#fd = fd;
  }

  override dataReceived(data: Uint8Array<ArrayBuffer>): void {
    this.#process._pipeDataReceived(this.#fd, data);
  }

  override connectionLost(error: unknown): void {
    this.disconnected = true;
    this.#process._pipeConnectionLost(this.#fd, error);
  }

  override pauseWriting(): void {
    (this.#process.getProtocol() as BaseProtocolLike).pauseWriting();
  }

  override resumeWriting(): void {
    (this.#process.getProtocol() as BaseProtocolLike).resumeWriting();
  }
}

/**
 * The transport of a child process.
 *
 * When the child has exited and all of its other pipes have ended, its standard input is closed, after
 * what was written: a pipe of Deno does not tell that nobody reads it any more. Until then a grandchild
 * may.
 *
 * A child that still runs when the loop is closed is killed.
 *
 * asyncio name: `_UnixSubprocessTransport`.
 */
export class ProcessTransport extends SubprocessTransport {
  readonly #context: Context;
  readonly #loop: ProcessLoop;
  readonly #child: SpawnedChild;
  // Closed with the loop; nobody is left to be told then, and the pipes see to themselves.
  readonly #held: Closable = {
    close: () => {
      // First, as a child that has changed its user cannot be killed.
      this.#child.unref();
      killChild(this.#child);
    },
  };
  readonly #pipes = new Map<number, PipeProtocol>();
  #protocol: SubprocessProtocol;
  #returncode: number | undefined = undefined;
  readonly #exitWaiters = new Set<Future<number>>();
  #closed = false;
  #finished = false;

  /**
   * Makes a transport; the loop calls the protocol's `connectionMade()` next.
   *
   * @param loop the loop
   * @param child the child, which is the transport's from now on
   * @param protocol what to call
   * @param waiter is given a result once the protocol has the transport
   * @throws what the loop's hooks throw; the child is killed then
   */
  constructor(
    loop: ProcessLoop,
    child: SpawnedChild,
    protocol: SubprocessProtocol,
    waiter?: Future<void>,
  ) {
    super({ subprocess: child.subprocess });
    this.#context = copyContext();
    this.#loop = loop;
    this.#child = child;
    this.#protocol = protocol;
    try {
      this.#connectPipes();
    } catch (error) {
      for (const { transport } of this.#pipes.values()) transport?.close();
      abandonChild(child);
      throw error;
    }
    loop._hold(this.#held);
    // The transports of the pipes have had their own calls scheduled before.
    this.#call("connectionMade", () => this.#protocol.connectionMade(this));
    const started = () => {
      if (waiter !== undefined && !waiter.done()) waiter.setResult(undefined);
    };
    loop._enqueue(new ContextCall(this.#context, `start of ${this}`, started));
    child.exited.then((returncode) => {
      loop._letGo(this.#held);
      const exited = () => this.#processExited(returncode);
      loop._deliver(new ContextCall(this.#context, `exit of ${this}`, exited));
    });
  }

  #connectPipes(): void {
    const { stdin, stdout, stderr, extra } = this.#child;
    const loop = this.#loop;
    if (stdin !== undefined) {
      this.#connect(0, (protocol) => loop._makeWritePipeTransport(stdin, protocol));
    }
    if (stdout !== undefined) {
      this.#connect(1, (protocol) => loop._makeReadPipeTransport(stdout, protocol));
    }
    if (stderr !== undefined) {
      this.#connect(2, (protocol) => loop._makeReadPipeTransport(stderr, protocol));
    }
    for (const [fd, socket] of extra) {
      this.#connect(fd, (protocol) => loop._makeSocketTransport(socket, protocol));
    }
  }

  #connect(fd: number, make: (protocol: PipeProtocol) => BaseTransport): void {
    const protocol = new PipeProtocol(this, fd);
    protocol.transport = make(protocol);
    this.#pipes.set(fd, protocol);
  }

  // Lets the loop call a method of the protocol.
  #call(method: string, call: () => unknown): void {
    const watched = () => watchResult(this.#loop, this, method, call());
    this.#loop._enqueue(new ContextCall(this.#context, `${method}() of ${this}`, watched));
  }

  // ---- What comes about -------------------------------------------------------------------------

  /** @internal */
  _pipeDataReceived(fd: number, data: Uint8Array<ArrayBuffer>): void {
    this.#call("pipeDataReceived", () => this.#protocol.pipeDataReceived(fd, data));
  }

  /** @internal */
  _pipeConnectionLost(fd: number, error: unknown): void {
    this.#call("pipeConnectionLost", () => this.#protocol.pipeConnectionLost(fd, error));
    this.#closeInput();
    this.#tryFinish();
  }

  #processExited(returncode: number): void {
    this.#returncode = returncode;
    this.#call("processExited", () => {
      try {
        return this.#protocol.processExited();
      } finally {
        for (const waiter of this.#exitWaiters) if (!waiter.done()) waiter.setResult(returncode);
        this.#exitWaiters.clear();
      }
    });
    this.#closeInput();
    this.#tryFinish();
  }

  /** Closes the standard input once there is no sign that anybody could still read it. */
  #closeInput(): void {
    if (this.#returncode === undefined) return;
    for (const [fd, { disconnected }] of this.#pipes) if (fd !== 0 && !disconnected) return;
    this.#pipes.get(0)?.transport?.close();
  }

  #tryFinish(): void {
    if (this.#returncode === undefined || this.#finished) return;
    for (const { disconnected } of this.#pipes.values()) if (!disconnected) return;
    this.#finished = true;
    this.#closed = true;
    this.#call("connectionLost", () => this.#protocol.connectionLost(undefined));
  }

  /** Waits until the child has exited, whatever its pipes do. @internal */
  _wait(): Coroutine<number> {
    return _coroutineOf(this.#wait(), "wait");
  }

  *#wait(): Generator<Suspension, number, unknown> {
    if (this.#returncode !== undefined) return this.#returncode;
    const waiter = this.#loop.createFuture<number>();
    this.#exitWaiters.add(waiter);
    try {
      return yield* waiter;
    } finally {
      this.#exitWaiters.delete(waiter);
    }
  }

  // ---- The child --------------------------------------------------------------------------------

  /** See {@linkcode SubprocessTransport.getPid}. */
  override getPid(): number {
    return this.#child.pid;
  }

  /** See {@linkcode SubprocessTransport.getReturncode}. */
  override getReturncode(): number | undefined {
    return this.#returncode;
  }

  /** See {@linkcode SubprocessTransport.getPipeTransport}. */
  override getPipeTransport(fd: number): BaseTransport | undefined {
    return this.#pipes.get(fd)?.transport;
  }

  /**
   * Sends a signal to the child; one that has just exited is past caring.
   *
   * @throws {Deno.errors.NotFound} after `connectionLost()`
   * @throws {Deno.errors.PermissionDenied} when the child has changed its user
   * @throws {TypeError} when the system has no such signal
   */
  override sendSignal(signal: Deno.Signal): void {
    if (this.#finished) {
      throw new Deno.errors.NotFound(
        `Cannot send ${signal} to process ${this.getPid()}: it has ended (${this.#returncode})`,
      );
    }
    if (this.#returncode === undefined) this.#child.kill(signal);
  }

  /** See {@linkcode SubprocessTransport.terminate}. */
  override terminate(): void {
    this.sendSignal("SIGTERM");
  }

  /** See {@linkcode SubprocessTransport.kill}. */
  override kill(): void {
    this.sendSignal("SIGKILL");
  }

  // ---- Protocol and end -------------------------------------------------------------------------

  /** See {@linkcode BaseTransport.setProtocol}. */
  override setProtocol(protocol: object): void {
    this.#protocol = protocol as SubprocessProtocol;
  }

  /** See {@linkcode BaseTransport.getProtocol}. */
  override getProtocol(): object {
    return this.#protocol;
  }

  /** See {@linkcode BaseTransport.isClosing}. */
  override isClosing(): boolean {
    return this.#closed;
  }

  /** Kills the child if it still runs, and closes its pipes. `connectionLost()` follows. */
  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const running = this.#returncode === undefined;
    for (const { transport } of this.#pipes.values()) {
      // What is unsent has no reader any more; waiting for one could take for ever.
      if (running && transport !== undefined && "abort" in transport) {
        (transport as WriteTransport).abort();
      } else transport?.close();
    }
    if (running) killChild(this.#child);
  }

  /** For messages. */
  override toString(): string {
    const state = this.#returncode === undefined ? "running" : `returncode=${this.#returncode}`;
    const closed = this.#closed ? ", closed" : "";
    return `<${this.constructor.name} pid=${this.#child.pid}, ${state}${closed}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/**
 * Starts a child process: the default behind a loop's `_makeSubprocessTransport()`.
 *
 * **Cancellation** kills the child.
 *
 * @param loop the loop
 * @param protocol what to call
 * @param command the program with everything about it
 * @returns the transport, once the protocol has it
 * @throws {TypeError} when an option is unknown or of the wrong kind
 * @throws {NotImplementedError} when Deno cannot honour an option
 * @throws {Deno.errors.NotFound} when there is no such program or working directory
 */
export function startProcess(
  loop: ProcessLoop,
  protocol: SubprocessProtocol,
  command: ProcessCommand,
): Coroutine<ProcessTransport> {
  return _coroutineOf(start(loop, protocol, command), "startProcess");
}

function* start(
  loop: ProcessLoop,
  protocol: SubprocessProtocol,
  command: ProcessCommand,
): Generator<Suspension, ProcessTransport, unknown> {
  const child = yield* spawn(loop, command);
  const waiter = loop.createFuture<void>();
  const transport = new ProcessTransport(loop, child, protocol, waiter);
  try {
    yield* waiter;
  } catch (error) {
    transport.close();
    yield* transport._wait();
    throw error;
  }
  return transport;
}

function* spawn(
  loop: ProcessLoop,
  command: ProcessCommand,
): Generator<Suspension, SpawnedChild, unknown> {
  const future = loop.createFuture<SpawnedChild>();
  spawnChild(command).then(
    (child) => future.done() ? abandonChild(child) : future.setResult(child),
    (error) => void (future.done() || future.setException(error)),
  );
  try {
    return yield* future;
  } catch (error) {
    // The child may have come in the pass in which the wait was cancelled.
    if (future.done() && !future.cancelled() && future.exception() === undefined) {
      abandonChild(future.result());
    }
    throw error;
  }
}
