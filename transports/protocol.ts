/**
 * Protocols: what a transport calls when something happens on its connection.
 *
 * asyncio counterpart: `asyncio.protocols`.
 *
 * The order of calls is a contract: `connectionMade()` first and once; data only after it;
 * `eofReceived()` at most once; `connectionLost()` last and once. All come from the loop, in the context
 * that the transport was made in, and never from inside a call of the user's.
 *
 * A class may inherit from these, which saves empty methods; any object with the methods of one of the
 * interfaces will do.
 *
 * What a method throws goes to the loop's exception handler, and so does what an async one rejects with.
 * After a failure of a method that takes data, or the end of it, the connection is ended. Nobody waits for
 * an async method: the next call may come before its end. Where one thing is to follow another, let the
 * methods put what comes into a queue, or use streams.
 *
 * @module
 */

import type { BaseTransport } from "./base_transport.ts";
import type { DatagramTransport } from "./datagram_transport.ts";
import type { SubprocessTransport } from "./subprocess_transport.ts";
import type { Transport } from "./transport.ts";

/** What every protocol has. */
export interface BaseProtocolLike<T = never> {
  /** See {@linkcode BaseProtocol.connectionMade}. */
  connectionMade(transport: T): void;
  /** See {@linkcode BaseProtocol.connectionLost}. */
  connectionLost(error: unknown): void;
  /** See {@linkcode BaseProtocol.pauseWriting}. */
  pauseWriting(): void;
  /** See {@linkcode BaseProtocol.resumeWriting}. */
  resumeWriting(): void;
}

/** What a transport calls that delivers bytes in arrays; see {@linkcode Protocol}. */
export interface ProtocolLike extends BaseProtocolLike {
  /** See {@linkcode Protocol.dataReceived}. */
  dataReceived(data: Uint8Array<ArrayBuffer>): void;
  /** See {@linkcode Protocol.eofReceived}. */
  eofReceived(): unknown;
}

/** What a transport calls that delivers bytes in place; see {@linkcode BufferedProtocol}. */
export interface BufferedProtocolLike extends BaseProtocolLike {
  /** See {@linkcode BufferedProtocol.getBuffer}. */
  getBuffer(sizeHint: number): Uint8Array;
  /** See {@linkcode BufferedProtocol.bufferUpdated}. */
  bufferUpdated(count: number): void;
  /** See {@linkcode BufferedProtocol.eofReceived}. */
  eofReceived(): unknown;
}

/** A protocol of a stream of bytes. */
export type AnyProtocol = ProtocolLike | BufferedProtocolLike;

/**
 * The methods that all protocols share, empty.
 *
 * asyncio name: `BaseProtocol`.
 */
export abstract class BaseProtocol {
  /**
   * The connection is there.
   *
   * asyncio name: `connection_made`.
   *
   * @param transport what to write to, and to close
   */
  connectionMade(_transport: BaseTransport): void {}

  /**
   * The connection is gone. Called once, whatever ended it.
   *
   * asyncio name: `connection_lost`.
   *
   * @param error what ended it; `undefined` when either end has closed it, or it was aborted
   */
  connectionLost(_error: unknown): void {}

  /**
   * More is unsent than the high water mark allows: write no more for now.
   *
   * asyncio name: `pause_writing`.
   */
  pauseWriting(): void {}

  /**
   * What is unsent has fallen to the low water mark.
   *
   * asyncio name: `resume_writing`.
   */
  resumeWriting(): void {}
}

/**
 * A protocol that is given what was received.
 *
 * asyncio name: `Protocol`.
 *
 * @example An echo server
 * ```ts
 * import { getRunningLoop, Protocol, run, type Transport } from "@asyncio/asyncio";
 *
 * class Echo extends Protocol {
 *   #transport!: Transport;
 *   override connectionMade(transport: Transport) {
 *     this.#transport = transport;
 *   }
 *   override dataReceived(data: Uint8Array) {
 *     this.#transport.write(data);
 *   }
 * }
 * await run(async () => {
 *   await using _ = await getRunningLoop().createServer(() => new Echo(), "127.0.0.1", 0);
 * });
 * ```
 */
export class Protocol extends BaseProtocol implements ProtocolLike {
  /** See {@linkcode BaseProtocol.connectionMade}. */
  override connectionMade(_transport: Transport): void {}

  /**
   * Bytes have come, in order, cut anywhere.
   *
   * asyncio name: `data_received`.
   *
   * @param data the bytes; the array belongs to the protocol
   */
  dataReceived(_data: Uint8Array<ArrayBuffer>): void {}

  /**
   * The other end will send no more.
   *
   * asyncio name: `eof_received`.
   *
   * @returns true to keep the connection open for writing; otherwise the transport closes itself
   */
  eofReceived(): unknown {
    return undefined;
  }
}

/**
 * A protocol that says where received bytes are to be put.
 *
 * asyncio name: `BufferedProtocol`.
 */
export class BufferedProtocol extends BaseProtocol implements BufferedProtocolLike {
  /** See {@linkcode BaseProtocol.connectionMade}. */
  override connectionMade(_transport: Transport): void {}

  /**
   * Asks for memory to receive into.
   *
   * asyncio name: `get_buffer`.
   *
   * @param sizeHint how much is wished for, in bytes; -1 for no wish
   * @returns memory of at least one byte, not to be touched until `bufferUpdated()`
   */
  getBuffer(_sizeHint: number): Uint8Array {
    return new Uint8Array(0);
  }

  /**
   * Bytes have been put into the memory that was given last.
   *
   * asyncio name: `buffer_updated`.
   *
   * @param count how many
   */
  bufferUpdated(_count: number): void {}

  /** See {@linkcode Protocol.eofReceived}. */
  eofReceived(): unknown {
    return undefined;
  }
}

/**
 * A protocol of datagrams.
 *
 * asyncio name: `DatagramProtocol`.
 */
export class DatagramProtocol extends BaseProtocol {
  /** See {@linkcode BaseProtocol.connectionMade}. */
  override connectionMade(_transport: DatagramTransport): void {}

  /**
   * A datagram has come.
   *
   * asyncio name: `datagram_received`.
   *
   * @param data its bytes, perhaps none; the array belongs to the protocol
   * @param address who sent it
   */
  datagramReceived(_data: Uint8Array<ArrayBuffer>, _address: [host: string, port: number]): void {}

  /**
   * A datagram could not be sent or received; the transport goes on.
   *
   * asyncio name: `error_received`.
   */
  errorReceived(_error: unknown): void {}
}

/**
 * A protocol of a child process.
 *
 * asyncio name: `SubprocessProtocol`.
 */
export class SubprocessProtocol extends BaseProtocol {
  /** See {@linkcode BaseProtocol.connectionMade}. */
  override connectionMade(_transport: SubprocessTransport): void {}

  /**
   * The child has written to a pipe.
   *
   * asyncio name: `pipe_data_received`.
   *
   * @param fd the number of the pipe in the child, e.g. 1 for its standard output
   * @param data the bytes; the array belongs to the protocol
   */
  pipeDataReceived(_fd: number, _data: Uint8Array<ArrayBuffer>): void {}

  /**
   * A pipe to or from the child is closed.
   *
   * asyncio name: `pipe_connection_lost`.
   *
   * @param fd the number of the pipe in the child
   * @param error what ended it, if it was not closed
   */
  pipeConnectionLost(_fd: number, _error: unknown): void {}

  /**
   * The child has ended. Its pipes may still bring data.
   *
   * asyncio name: `process_exited`.
   */
  processExited(): void {}
}
