/**
 * What pipe transports need of a pipe.
 *
 * `Deno.stdin`, `Deno.stdout`, `Deno.FsFile` and the two halves of a connection have these shapes.
 * Web streams will do as well, and so will a descriptor that the process has inherited, by its number.
 *
 * @module
 */

/** The end of a pipe that is read from. */
export interface ReadablePipe {
  /**
   * Reads what is there, at most what fits into `buffer`, which must not be touched meanwhile.
   *
   * @returns the number of bytes, or `null` at the end
   */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Closes it; a pending read rejects. */
  close(): void;
}

/** The end of a pipe that is written to. */
export interface WritablePipe {
  /**
   * Writes the beginning of `data`, which must not be touched meanwhile.
   *
   * @returns how many bytes were taken
   */
  write(data: Uint8Array): Promise<number>;
  /** Closes it; a pending write rejects. */
  close(): void;
}

/** What a pipe transport can read from. */
export type ReadPipe = ReadablePipe | ReadableStream<Uint8Array> | number;

/** What a pipe transport can write to. */
export type WritePipe = WritablePipe | WritableStream<Uint8Array> | number;
