/**
 * The one shape that a read pipe transport reads from, over everything that it can be given.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { Socket } from "node:net";
import { describe } from "../futures/_describe.ts";
import { NotImplementedError } from "../futures/errors.ts";
import { NodeStreamSocket } from "./_node_stream_socket.ts";
import { ReadBuffer } from "./_read_buffer.ts";
import type { ReadablePipe, ReadPipe } from "./pipe.ts";

/** Bytes, chunk by chunk. */
export interface PipeSource {
  /**
   * Waits for the next chunk, which is the caller's; `null` at the end. One call at a time. Chunks
   * are never empty.
   */
  read(): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Lets go of the pipe; a pending read settles somehow. */
  close(): void;
}

/**
 * Opens a source over a pipe, which it owns from now on.
 *
 * @throws {TypeError} when it is no pipe
 * @throws {NotImplementedError} when it is a descriptor that cannot be read from
 */
export function openSource(pipe: ReadPipe): PipeSource {
  if (pipe instanceof ReadableStream) return new StreamSource(pipe);
  if (typeof pipe === "number") return new BufferSource(openDescriptor(pipe, "read"));
  if (typeof pipe?.read === "function") return new BufferSource(pipe);
  throw new TypeError(
    "Cannot connect a read pipe: it must be a ReadableStream, an object with read() and close(), " +
      `or a descriptor, got ${describe(pipe)}`,
  );
}

/**
 * Opens a descriptor that the process has inherited.
 *
 * @throws {NotImplementedError} when Deno cannot wait for it
 */
export function openDescriptor(fd: number, direction: "read" | "write"): NodeStreamSocket {
  const action = `Cannot ${direction === "read" ? "read from" : "write to"} descriptor ${fd}`;
  if (!(Number.isInteger(fd) && fd >= 0)) {
    throw new RangeError(`${action}: it must be an integer, 0 or more`);
  }
  try {
    const readable = direction === "read";
    return new NodeStreamSocket(new Socket({ fd, readable, writable: !readable }));
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (code === "ERR_INVALID_FD_TYPE") {
      throw new NotImplementedError(`${action}: it is neither a pipe nor a socket`, { cause });
    }
    if (code === "EEXIST") {
      throw new NotImplementedError(
        `${action}: Deno waits for descriptors that were inherited only, not for one that was opened ` +
          "by its number; use what Deno.open() returns",
        { cause },
      );
    }
    throw cause;
  }
}

class StreamSource implements PipeSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    for (;;) {
      const { value, done } = await this.#next();
      if (done) return null;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError(
          `Cannot read from a stream: its chunks must be Uint8Arrays, got ${describe(value)}`,
        );
      }
      if (value.length > 0) return value as Uint8Array<ArrayBuffer>;
    }
  }

  async #next(): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await this.#reader.read();
    } catch (error) {
      // A stream may be aborted without a reason.
      throw error ?? new Deno.errors.ConnectionReset("The stream was aborted");
    }
  }

  close(): void {
    // Of a stream that has failed, its error would come back.
    this.#reader.cancel().catch(() => {});
  }
}

class BufferSource implements PipeSource {
  readonly #pipe: ReadablePipe;
  readonly #buffer = new ReadBuffer();

  constructor(pipe: ReadablePipe) {
    this.#pipe = pipe;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    for (;;) {
      const count = await this.#pipe.read(this.#buffer.space());
      if (count === null) return null;
      if (count > 0) return this.#buffer.take(count);
    }
  }

  close(): void {
    closeOnce(this.#pipe);
  }
}

/** Closes a pipe, unless its owner has done so. */
export function closeOnce(pipe: { close(): void }): void {
  try {
    pipe.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
