/**
 * `sendfile()` and `sockSendfile()`: sending a file by reading and writing.
 *
 * asyncio counterpart: `BaseEventLoop.sendfile`, `sock_sendfile` and their fallbacks. Deno has no system
 * call for it, so the fallback is all there is.
 *
 * Invariant: while a file is sent, at most one block more than the high water mark is in memory, and
 * nothing of the protocol's is lost: reading is paused.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { describe } from "../futures/_describe.ts";
import { RuntimeError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import type { BaseProtocolLike } from "../transports/protocol.ts";
import type { StreamSocket } from "../transports/stream_socket.ts";
import type { Transport } from "../transports/transport.ts";
import { hostCall } from "./_host_call.ts";
import type { SendfileOptions } from "./network_options.ts";
import { sendAll } from "./_sockets.ts";

/** How much of a file is read at once: large enough that the system calls cost little. */
const BLOCK_BYTES = 262_144;

/**
 * A file cannot be sent by a system call.
 *
 * asyncio name: `SendfileNotAvailableError`.
 */
export class SendfileNotAvailableError extends RuntimeError {
  /** The class name, for printing. */
  override readonly name: string = "SendfileNotAvailableError";
}

/** Stands in for the protocol of a transport over which a file is sent. */
class SendfileProtocol implements BaseProtocolLike<Transport> {
  readonly #loop: FutureLoop;
  readonly #transport: Transport;
  readonly #protocol: BaseProtocolLike;
  readonly #wasReading: boolean;
  #paused: Future<void> | null = null;
  #lost = false;

  constructor(loop: FutureLoop, transport: Transport) {
    this.#loop = loop;
    this.#transport = transport;
    this.#protocol = transport.getProtocol() as BaseProtocolLike;
    this.#wasReading = transport.isReading();
    transport.pauseReading();
    transport.setProtocol(this);
    // The transport tells this protocol nothing of the time before.
    const [, high] = transport.getWriteBufferLimits();
    if (transport.getWriteBufferSize() > high) this.#paused = loop.createFuture<void>();
  }

  /** What has to be waited for before more is written. */
  drained(): Future<void> | null {
    if (this.#lost || this.#transport.isClosing()) {
      throw new Deno.errors.ConnectionReset("Cannot send the file: the connection is closed");
    }
    return this.#paused;
  }

  restore(): void {
    if (this.#lost) return;
    this.#transport.setProtocol(this.#protocol);
    if (this.#wasReading) this.#transport.resumeReading();
  }

  connectionMade(): void {}

  connectionLost(error: unknown): void {
    this.#lost = true;
    const paused = this.#paused;
    if (paused !== null && !paused.done()) {
      paused.setException(
        error ?? new Deno.errors.ConnectionReset("Cannot send the file: the connection is closed"),
      );
      // While the next block is read nobody waits for it, and `drained()` will tell.
      paused.exception();
    }
    return this.#protocol.connectionLost(error);
  }

  pauseWriting(): void {
    this.#paused ??= this.#loop.createFuture<void>();
    return this.#protocol.pauseWriting();
  }

  resumeWriting(): void {
    const paused = this.#paused;
    this.#paused = null;
    if (paused !== null && !paused.done()) paused.setResult(undefined);
    return this.#protocol.resumeWriting();
  }

  dataReceived(): void {}

  eofReceived(): boolean {
    return true;
  }
}

function check(
  file: Deno.FsFile,
  offset: number,
  count: number | undefined,
  options: SendfileOptions,
): void {
  const action = "Cannot send a file";
  if (typeof (file as Partial<Deno.FsFile> | undefined)?.seek !== "function") {
    throw new TypeError(`${action}: an open file is needed, got ${describe(file)}`);
  }
  if (!(Number.isInteger(offset) && offset >= 0)) {
    throw new RangeError(
      `${action}: the offset must be a whole number of 0 or more, got ${offset}`,
    );
  }
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`${action}: the count must be a positive whole number, got ${count}`);
  }
  if (options.fallback === false) {
    throw new SendfileNotAvailableError(
      `${action} by a system call: Deno has none; leave fallback out to have it read and written`,
    );
  }
}

/** Reads blocks from `offset` on and lets `write` send each. */
function* sendBlocks(
  loop: FutureLoop,
  file: Deno.FsFile,
  offset: number,
  count: number,
  write: (block: Uint8Array) => Generator<Suspension, void, unknown>,
): Generator<Suspension, number, unknown> {
  let sent = 0;
  try {
    yield* hostCall(loop, () => file.seek(offset, Deno.SeekMode.Start), () => {});
    while (sent < count) {
      const buffer = new Uint8Array(Math.min(BLOCK_BYTES, count - sent));
      const length = yield* hostCall(loop, () => file.read(buffer), () => {});
      if (length === null) break;
      yield* write(buffer.subarray(0, length));
      sent += length;
    }
  } finally {
    // A block may have been read and not sent.
    if (sent > 0) {
      yield* hostCall(loop, () => file.seek(offset + sent, Deno.SeekMode.Start), () => {});
    }
  }
  return sent;
}

/** `loop.sendfile()`. */
export function* sendfile(
  loop: FutureLoop,
  transport: Transport,
  file: Deno.FsFile,
  offset = 0,
  count?: number,
  options: SendfileOptions = {},
): Generator<Suspension, number, unknown> {
  if (transport.isClosing()) {
    throw new RuntimeError("Cannot send a file: the transport is closing");
  }
  check(file, offset, count, options);
  const protocol = new SendfileProtocol(loop, transport);
  try {
    return yield* sendBlocks(loop, file, offset, count ?? Infinity, function* (block) {
      const drained = protocol.drained();
      if (drained !== null) yield* drained;
      transport.write(block);
    });
  } finally {
    protocol.restore();
  }
}

/** `loop.sockSendfile()`. */
export function* sockSendfile(
  loop: FutureLoop,
  socket: StreamSocket,
  file: Deno.FsFile,
  offset = 0,
  count?: number,
  options: SendfileOptions = {},
): Generator<Suspension, number, unknown> {
  check(file, offset, count, options);
  return yield* sendBlocks(
    loop,
    file,
    offset,
    count ?? Infinity,
    (block) => sendAll(loop, socket, block),
  );
}
