/**
 * The one shape that a write pipe transport writes to, over everything that it can be given.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { closeOnce, openDescriptor } from "./_pipe_source.ts";
import type { WritablePipe, WritePipe } from "./pipe.ts";

/** Takes bytes, chunk by chunk. */
export interface PipeSink {
  /** Writes a chunk, all of it, which must not be touched meanwhile. One call at a time. */
  write(data: Uint8Array): Promise<void>;
  /** Ends the pipe; what was written is delivered. Not to be called while a write is pending. */
  close(): void;
  /** Ends the pipe at once; a pending write settles somehow, or never. */
  abort(): void;
  /** Settles when the other end has gone away; never, where nobody tells. */
  readonly gone: Promise<void>;
}

const NEVER = new Promise<void>(() => {});

/**
 * Opens a sink over a pipe, which it owns from now on.
 *
 * @throws {TypeError} when it is no pipe
 * @throws {NotImplementedError} when it is a descriptor that cannot be written to
 */
export function openSink(pipe: WritePipe): PipeSink {
  if (pipe instanceof WritableStream) return new StreamSink(pipe);
  if (typeof pipe === "number") return new BufferSink(openDescriptor(pipe, "write"));
  if (typeof pipe?.write === "function") return new BufferSink(pipe);
  throw new TypeError(
    "Cannot connect a write pipe: it must be a WritableStream, an object with write() and close(), " +
      `or a descriptor, got ${describe(pipe)}`,
  );
}

class StreamSink implements PipeSink {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly gone: Promise<void>;

  constructor(stream: WritableStream<Uint8Array>) {
    this.#writer = stream.getWriter();
    this.gone = this.#writer.closed.then(() => {}, () => {});
  }

  write(data: Uint8Array): Promise<void> {
    return this.#writer.write(data);
  }

  close(): void {
    // Whoever reads the stream learns of an error; here nobody is left to be told.
    this.#writer.close().catch(() => {});
  }

  abort(): void {
    this.#writer.abort().catch(() => {});
  }
}

class BufferSink implements PipeSink {
  readonly #pipe: WritablePipe;
  readonly gone: Promise<void> = NEVER;

  constructor(pipe: WritablePipe) {
    this.#pipe = pipe;
  }

  async write(data: Uint8Array): Promise<void> {
    let sent = 0;
    while (sent < data.length) sent += await this.#pipe.write(data.subarray(sent));
  }

  close(): void {
    closeOnce(this.#pipe);
  }

  abort(): void {
    closeOnce(this.#pipe);
  }
}
