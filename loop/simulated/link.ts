/**
 * `LinkConditions`: how well packets travel from one simulated host to another.
 *
 * @module
 */

/** How packets travel from one host to another. What is left out stays as it was. */
export interface LinkConditions {
  /**
   * How long a packet is under way, in milliseconds.
   * @default 1
   */
  latencyMs?: number;
  /**
   * How much longer a packet may be under way, in milliseconds: each takes a random part of it.
   * @default 0
   */
  jitterMs?: number;
  /**
   * How many bytes a second the link carries; packets wait for those before them.
   * @default Infinity
   */
  bytesPerSecond?: number;
  /**
   * The probability that a packet is lost. A lost datagram is gone; what a connection has lost is sent
   * again after 200 ms, 400 ms and so on, and holds up what was sent after it.
   * @default 0
   */
  loss?: number;
  /**
   * The probability that a datagram arrives twice.
   * @default 0
   */
  duplication?: number;
  /**
   * The probability that later datagrams overtake a datagram: it takes up to ten times as long.
   * @default 0
   */
  reordering?: number;
  /**
   * The probability that a packet of a connection is cut at a random place, so that it arrives in two.
   * @default 0
   */
  fragmentation?: number;
}
