/**
 * The certificates of clients that a server has verified, so as to know them again.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

/** How many are remembered; each costs about 200 bytes. */
const MAX_KNOWN = 10_000;

/** Certificates by their fingerprints; of too many, those that were not seen for the longest time go. */
export class KnownClients {
  readonly #fingerprints = new Set<string>();

  /** Whether a certificate was verified before. */
  has(fingerprint: string): boolean {
    return this.#fingerprints.has(fingerprint);
  }

  /** Remembers a certificate. */
  add(fingerprint: string): void {
    this.#fingerprints.delete(fingerprint);
    this.#fingerprints.add(fingerprint);
    if (this.#fingerprints.size <= MAX_KNOWN) return;
    const [oldest] = this.#fingerprints;
    this.#fingerprints.delete(oldest!);
  }
}
