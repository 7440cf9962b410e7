/**
 * What reading a stream fails with.
 *
 * asyncio counterpart: `asyncio.exceptions.IncompleteReadError` and `LimitOverrunError`.
 *
 * @module
 */

/**
 * The stream ended before what was asked for.
 *
 * asyncio name: `IncompleteReadError`.
 */
export class IncompleteReadError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "IncompleteReadError";
  /** What came before the end; it has been taken out of the reader. */
  readonly partial: Uint8Array<ArrayBuffer>;
  /** How many bytes were asked for, where a number was. */
  readonly expected: number | undefined;

  /**
   * Makes the error.
   *
   * @param partial what came before the end
   * @param expected how many bytes were asked for
   */
  constructor(partial: Uint8Array<ArrayBuffer>, expected: number | undefined) {
    super(
      `Cannot read ${expected === undefined ? "up to the separator" : `${expected} bytes`}: ` +
        `the stream ended after ${partial.length} bytes`,
    );
    this.partial = partial;
    this.expected = expected;
  }
}

/**
 * No separator was found within the reader's limit. What was read is still in the reader.
 *
 * asyncio name: `LimitOverrunError`.
 */
export class LimitOverrunError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "LimitOverrunError";
  /** How many bytes there are before a separator, in bytes; `readexactly(consumed)` takes them out. */
  readonly consumed: number;

  /**
   * Makes the error.
   *
   * @param message what happened
   * @param consumed how many bytes there are before a separator
   */
  constructor(message: string, consumed: number) {
    super(message);
    this.consumed = consumed;
  }
}
