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
  /**
   * Writes the beginning of a chunk, which must not be touched meanwhile. One call at a time.
   *
   * @returns how many bytes were taken
   */
  write(data: Uint8Array): Promise<number>;
  /** Ends the pipe; what was written is delivered. Not to be called while a write is pending. */
  close(): void;
  /** Ends the pipe at once; a pending write settles somehow, or never. */
  abort(): void;
  /** Comes with the reason, if any, when the other end goes away; never, where nobody tells. */
  readonly gone: Promise<unknown>;
}

const NEVER = new Promise<never>(() => {});

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
  readonly gone: Promise<unknown>;

  constructor(stream: WritableStream<Uint8Array>) {
    this.#writer = stream.getWriter();
    this.gone = this.#writer.closed.then(() => undefined, (error) => error);
  }

  async write(data: Uint8Array): Promise<number> {
    // A stream may keep the chunk, as the two ends of a TransformStream do.
    try {
      await this.#writer.write(data.slice());
    } catch (error) {
      // A stream may be cancelled without a reason.
      throw error ?? new Deno.errors.BrokenPipe("The stream was cancelled");
    }
    return data.length;
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
  readonly gone: Promise<unknown> = NEVER;

  constructor(pipe: WritablePipe) {
    this.#pipe = pipe;
  }

  write(data: Uint8Array): Promise<number> {
    return this.#pipe.write(data);
  }

  close(): void {
    closeOnce(this.#pipe);
  }

  abort(): void {
    closeOnce(this.#pipe);
  }
}

/** The standard input of a child of `Deno.Command`, whose stream keeps no chunk. */
export class ChildInput implements WritablePipe {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #writing = false;

  constructor(stream: WritableStream<Uint8Array>) {
    this.#writer = stream.getWriter();
    this.#writer.closed.catch(() => {});
  }

  async write(data: Uint8Array): Promise<number> {
    this.#writing = true;
    await this.#writer.write(data);
    this.#writing = false;
    return data.length;
  }

  close(): void {
    // What is being written goes on until the child reads it or ends.
    const closed = this.#writing ? this.#writer.abort() : this.#writer.close();
    closed.catch(() => {});
  }
}
