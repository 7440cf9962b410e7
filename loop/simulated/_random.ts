/**
 * The dice of a simulation: numbers that follow from a seed.
 *
 * Mulberry32, which is small, fast, and random enough to schedule by.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

/** A sequence of numbers that is the same for the same seed. */
export class Random {
  #state: number;

  /** @param seed any number; both halves of a large integer count */
  constructor(seed: number) {
    this.#state = (seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, 0x9e37_79b1);
    // Neighbouring seeds begin far apart.
    this.#state = Math.floor(this.next() * 2 ** 32) | 0;
  }

  /** A number from 0 to 1, 1 excluded. */
  next(): number {
    const state = this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 to `bound`, `bound` excluded. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** True with the given probability; no number is drawn where the answer is known. */
  chance(probability: number): boolean {
    return probability > 0 && (probability >= 1 || this.next() < probability);
  }

  /** Another sequence that follows from this one. */
  fork(): Random {
    return new Random(this.below(2 ** 32));
  }

  /** Puts a list into a random order, in place. */
  shuffle(list: unknown[]): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }
}
