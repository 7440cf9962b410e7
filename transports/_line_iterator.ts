/**
 * What `for await (const line of reader)` goes through.
 *
 * A line that is at hand is given in a promise of the engine's own, into which the engine looks without
 * a detour. For all else there is an async generator.
 *
 * asyncio counterpart: `StreamReader.__anext__`.
 *
 * Invariant: once it has ended, by the end of the stream, by an error or by `return()`, it gives nothing
 * more.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { mayReturnDone } from "../futures/_done.ts";
import type { Awaitable } from "../futures/awaitable.ts";
import { lineAtHand, type ReaderState } from "./_read_operations.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Step = IteratorResult<Bytes, undefined>;

/** Gives the lines of a reader. */
export class LineIterator implements AsyncIterator<Bytes, undefined, undefined> {
  readonly #state: ReaderState;
  readonly #lines: AsyncGenerator<Bytes, undefined, undefined>;
  // How many calls of `next()` the generator is at.
  #waiting = 0;
  #ended = false;

  constructor(reader: { readline(): Awaitable<Bytes> }, state: ReaderState) {
    this.#state = state;
    this.#lines = lines(reader);
  }

  next(): Promise<Step> {
    const state = this.#state;
    if (this.#waiting === 0 && !this.#ended && mayReturnDone(state.loop)) {
      const value = lineAtHand(state);
      if (value !== undefined) return Promise.resolve({ value, done: false });
    }
    return this.#wait();
  }

  async #wait(): Promise<Step> {
    this.#waiting++;
    let ended = true;
    try {
      const step = await this.#lines.next();
      ended = step.done === true;
      return step;
    } finally {
      this.#waiting--;
      this.#ended ||= ended;
    }
  }

  return(): Promise<Step> {
    this.#ended = true;
    return this.#lines.return(undefined);
  }
}

async function* lines(
  reader: { readline(): Awaitable<Bytes> },
): AsyncGenerator<Bytes, undefined, undefined> {
  for (;;) {
    const line = await reader.readline();
    if (line.length === 0) return;
    yield line;
  }
}
