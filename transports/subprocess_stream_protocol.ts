/**
 * `SubprocessStreamProtocol`: between a child process and the streams of its pipes.
 *
 * asyncio counterpart: `asyncio.subprocess.SubprocessStreamProtocol`.
 *
 * @module
 */

import { runningLoop } from "../futures/_frame.ts";
import type { Suspension } from "../futures/awaitable.ts";
import { RuntimeError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import { SubprocessProtocol } from "./protocol.ts";
import { StreamProtocolBase } from "./stream_protocol.ts";
import { StreamReader } from "./stream_reader.ts";
import { StreamWriter } from "./stream_writer.ts";
import type { SubprocessTransport } from "./subprocess_transport.ts";
import type { ReadTransport, Transport } from "./transport.ts";

/** Flow control and closing of the standard input. */
class InputProtocol extends StreamProtocolBase {}

/**
 * Lets {@linkcode StreamReader}s read what a child writes, and a {@linkcode StreamWriter} write what it
 * reads.
 *
 * asyncio name: `SubprocessStreamProtocol`.
 */
export class SubprocessStreamProtocol extends SubprocessProtocol {
  /** Where to write what the child reads; `undefined` where that is no pipe. */
  stdin: StreamWriter | undefined = undefined;
  /** What the child writes; `undefined` where that is no pipe. */
  stdout: StreamReader | undefined = undefined;
  /** What the child writes of errors; `undefined` where that is no pipe. */
  stderr: StreamReader | undefined = undefined;

  readonly #limit: number | undefined;
  readonly #loop: FutureLoop;
  readonly #input: InputProtocol;
  #transport: SubprocessTransport | null = null;
  readonly #openOutputs = new Set<number>();
  #exited = false;
  #lost = false;
  readonly #waiters = new Set<Future<void>>();

  /**
   * Makes the protocol.
   *
   * @param limit the longest line that is read, in bytes; 64 KiB by default
   * @param loop the loop; the running one by default
   * @throws {RangeError} when the limit is not positive
   * @throws {RuntimeError} when no loop is given and none is running
   */
  constructor(limit?: number, loop?: FutureLoop) {
    super();
    const found = loop ?? runningLoop();
    if (found === null) {
      throw new RuntimeError("Cannot make a protocol: no event loop is running and none was given");
    }
    // Refuses what is no limit before there is a child.
    if (limit !== undefined) new StreamReader({ limit, loop: found });
    this.#limit = limit;
    this.#loop = found;
    this.#input = new InputProtocol(found);
  }

  /** See {@linkcode SubprocessProtocol.connectionMade}. */
  override connectionMade(transport: SubprocessTransport): void {
    this.#transport = transport;
    this.stdout = this.#readerOf(1);
    this.stderr = this.#readerOf(2);
    const input = transport.getPipeTransport(0);
    if (input !== undefined) {
      this.stdin = new StreamWriter(input as Transport, this.#input, null, this.#loop);
    }
  }

  #readerOf(fd: number): StreamReader | undefined {
    const transport = this.#transport!.getPipeTransport(fd);
    if (transport === undefined) return undefined;
    const limit = this.#limit;
    const reader = new StreamReader({
      loop: this.#loop,
      ...(limit === undefined ? {} : { limit }),
    });
    reader.setTransport(transport as ReadTransport);
    this.#openOutputs.add(fd);
    return reader;
  }

  #output(fd: number): StreamReader | undefined {
    return fd === 1 ? this.stdout : fd === 2 ? this.stderr : undefined;
  }

  /** See {@linkcode SubprocessProtocol.pipeDataReceived}. */
  override pipeDataReceived(fd: number, data: Uint8Array<ArrayBuffer>): void {
    this.#output(fd)?.feedData(data);
  }

  /** See {@linkcode SubprocessProtocol.pipeConnectionLost}. */
  override pipeConnectionLost(fd: number, error: unknown): void {
    if (fd === 0) {
      this.stdin?.close();
      this.#input.connectionLost(error);
      return;
    }
    const reader = this.#output(fd);
    if (error === undefined) reader?.feedEof();
    else reader?.setException(error);
    this.#openOutputs.delete(fd);
    this.#closeWhenDone();
  }

  /** See {@linkcode SubprocessProtocol.processExited}. */
  override processExited(): void {
    this.#exited = true;
    this.#wake();
    this.#closeWhenDone();
  }

  /** See {@linkcode BaseProtocol.connectionLost}. */
  override connectionLost(_error: unknown): void {
    this.#lost = true;
    this.#wake();
  }

  /** See {@linkcode BaseProtocol.pauseWriting}. */
  override pauseWriting(): void {
    this.#input.pauseWriting();
  }

  /** See {@linkcode BaseProtocol.resumeWriting}. */
  override resumeWriting(): void {
    this.#input.resumeWriting();
  }

  #closeWhenDone(): void {
    if (this.#exited && this.#openOutputs.size === 0) this.#transport?.close();
  }

  #wake(): void {
    for (const waiter of this.#waiters) if (!waiter.done()) waiter.setResult(undefined);
  }

  /**
   * Waits until the child has exited, or until its pipes are closed as well.
   * @internal
   */
  *_until(what: "exited" | "lost"): Generator<Suspension, void, unknown> {
    while (what === "exited" ? !this.#exited : !this.#lost) {
      const waiter = this.#loop.createFuture<void>();
      this.#waiters.add(waiter);
      try {
        yield* waiter;
      } finally {
        this.#waiters.delete(waiter);
      }
    }
  }
}
