/**
 * A web stream as what a `StreamReader` reads from.
 *
 * Invariant: no chunk is asked for while the reader has paused.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import type { PausableTransport, StreamReader } from "./stream_reader.ts";

/** A web stream as the transport of a reader. */
export class WebSource implements PausableTransport {
  readonly #reader: StreamReader;
  readonly #stream: ReadableStream<Uint8Array>;
  #resumed: PromiseWithResolvers<void> | null = null;

  constructor(reader: StreamReader, stream: ReadableStream<Uint8Array>) {
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
        this.#reader.feedData(chunk);
        if (this.#resumed !== null) await this.#resumed.promise;
      }
      this.#reader.feedEof();
    } catch (error) {
      this.#reader.setException(error);
    }
  }
}
