/**
 * `DenoEventLoop`: the loop of Deno programs.
 *
 * asyncio counterpart: `asyncio.EventLoop`, i.e. `asyncio.unix_events._UnixSelectorEventLoop`.
 *
 * @module
 */

import type { DatagramSocket } from "../transports/datagram_socket.ts";
import type { DatagramTransport } from "../transports/datagram_transport.ts";
import type { ReadPipe, WritePipe } from "../transports/pipe.ts";
import type { PipeTransportOptions } from "../transports/pipe_options.ts";
import type { Coroutine } from "../futures/coroutine.ts";
import type { ProcessCommand } from "../transports/process_command.ts";
import { startProcess } from "../transports/process_transport.ts";
import type {
  AnyProtocol,
  BaseProtocolLike,
  DatagramProtocol,
  SubprocessProtocol,
} from "../transports/protocol.ts";
import type { SubprocessTransport } from "../transports/subprocess_transport.ts";
import { ReadPipeTransport } from "../transports/read_pipe_transport.ts";
import { UdpTransport, type UdpTransportOptions } from "../transports/udp_transport.ts";
import { WritePipeTransport } from "../transports/write_pipe_transport.ts";
import { SocketTransport, type SocketTransportOptions } from "../transports/socket_transport.ts";
import type { StreamSocket } from "../transports/stream_socket.ts";
import type { ReadTransport, Transport, WriteTransport } from "../transports/transport.ts";
import { BaseEventLoop } from "./base_event_loop.ts";
import { SignalHandlers } from "./_signals.ts";

/**
 * The default loop: {@linkcode BaseEventLoop} with Deno's transports and signals.
 *
 * asyncio name: `EventLoop`.
 *
 * @example Made by hand
 * ```ts
 * import { DenoEventLoop, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const loop = new DenoEventLoop();
 * try {
 *   assertEquals(await loop.runUntilComplete(sleep(1, "ready")), "ready");
 * } finally {
 *   loop.close();
 * }
 * ```
 */
export class DenoEventLoop extends BaseEventLoop {
  readonly #signals: SignalHandlers = new SignalHandlers(this);

  /** See {@linkcode BaseEventLoop._makeSocketTransport}. */
  override _makeSocketTransport(
    socket: StreamSocket,
    protocol: AnyProtocol,
    options?: SocketTransportOptions,
  ): Transport {
    return new SocketTransport(this, socket, protocol, options);
  }

  /** See {@linkcode BaseEventLoop._makeDatagramTransport}. */
  override _makeDatagramTransport(
    socket: DatagramSocket,
    protocol: DatagramProtocol,
    options?: UdpTransportOptions,
  ): DatagramTransport {
    return new UdpTransport(this, socket, protocol, options);
  }

  /** See {@linkcode BaseEventLoop._makeReadPipeTransport}. */
  override _makeReadPipeTransport(
    pipe: ReadPipe,
    protocol: AnyProtocol,
    options?: PipeTransportOptions,
  ): ReadTransport {
    return new ReadPipeTransport(this, pipe, protocol, options);
  }

  /** See {@linkcode BaseEventLoop._makeWritePipeTransport}. */
  override _makeWritePipeTransport(
    pipe: WritePipe,
    protocol: BaseProtocolLike,
    options?: PipeTransportOptions,
  ): WriteTransport {
    return new WritePipeTransport(this, pipe, protocol, options);
  }

  /** See {@linkcode BaseEventLoop._makeSubprocessTransport}. */
  override _makeSubprocessTransport(
    protocol: SubprocessProtocol,
    command: ProcessCommand,
  ): Coroutine<SubprocessTransport> {
    return startProcess(this, protocol, command);
  }

  /** See {@linkcode BaseEventLoop.addSignalHandler}. */
  override addSignalHandler<A extends unknown[]>(
    signal: Deno.Signal,
    callback: (...args: A) => void,
    ...args: A
  ): void {
    this.#signals.add(signal, callback as (...args: unknown[]) => void, args);
  }

  /** See {@linkcode BaseEventLoop.removeSignalHandler}. */
  override removeSignalHandler(signal: Deno.Signal): boolean {
    return this.#signals.remove(signal);
  }

  /** See {@linkcode BaseEventLoop._onInterrupt}. */
  override _onInterrupt(callback: () => void): () => void {
    return this.#signals.otherwise("SIGINT", callback);
  }

  /** See {@linkcode BaseEventLoop.close}. */
  override close(): void {
    super.close();
    this.#signals.clear();
  }
}

/**
 * Makes a loop of the default class.
 *
 * asyncio name: `new_event_loop`.
 */
export function newEventLoop(): DenoEventLoop {
  return new DenoEventLoop();
}
