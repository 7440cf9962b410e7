/**
 * A web stream as what a `StreamReader` reads from.
 *
 * Invariant: no chunk is asked for while the reader has paused.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import type { PausableTransport, StreamReader } from "./stream_reader.ts";

/** A web stream as the transport of a reader. */
export class WebSource implements PausableTransport {
  readonly #reader: StreamReader;
  readonly #stream: ReadableStream<Uint8Array>;
  #resumed: PromiseWithResolvers<void> | null = null;

  /** @throws {TypeError} when `stream` is no stream */
  constructor(reader: StreamReader, stream: ReadableStream<Uint8Array>) {
    if (!(typeof stream === "object" && stream !== null && Symbol.asyncIterator in stream)) {
      throw new TypeError(
        `Cannot make a reader of ${describe(stream)}: a ReadableStream of bytes is needed; where ` +
          "all bytes are there already, use feedData() and feedEof()",
      );
    }
    this.#reader = reader;
    this.#stream = stream;
  }

  /** See {@linkcode PausableTransport.pauseReading}. */
  pauseReading(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  /** See {@linkcode PausableTransport.resumeReading}. */
  resumeReading(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  /** Brings the reader all that comes; ends with the stream. */
  async pump(): Promise<void> {
    try {
      for await (const chunk of this.#stream) {
        if (typeof chunk === "string") {
          throw new TypeError(
            `Cannot read a stream of strings, got ${describe(chunk)}: bytes are needed; ` +
              "use stream.pipeThrough(new TextEncoderStream())",
          );
        }
        this.#reader.feedData(chunk);
        if (this.#resumed !== null) await this.#resumed.promise;
      }
      this.#reader.feedEof();
    } catch (error) {
      this.#reader.setException(error);
    }
  }
}
