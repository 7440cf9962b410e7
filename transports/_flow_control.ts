/**
 * Flow control for writing: when a protocol is told to pause, and when to go on.
 *
 * asyncio counterpart: `asyncio.transports._FlowControlMixin`, as an object that a transport has.
 *
 * Invariants: `pauseWriting()` and `resumeWriting()` alternate, beginning with the former; the former
 * is called from inside `write()`, the latter from the loop only. Whoever owns this calls
 * `pauseIfAbove()` when the number of unsent bytes has grown, and, in a callback of the loop,
 * `resumeIfBelow()` after it has shrunk while `paused`.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { reportError, watchResult } from "./_report.ts";
import type { BaseTransport } from "./base_transport.ts";
import type { BaseProtocolLike } from "./protocol.ts";
import type { TransportLoop } from "./transport_loop.ts";
import type { WriteBufferLimits } from "./transport.ts";

/** As asyncio's default. */
const DEFAULT_HIGH_WATER_BYTES = 64 * 1024;

/** The water marks of a transport, and whether its protocol is paused. */
export class FlowControl {
  /** Whether the protocol was told to pause. */
  paused = false;
  #highBytes = DEFAULT_HIGH_WATER_BYTES;
  #lowBytes = DEFAULT_HIGH_WATER_BYTES / 4;
  readonly #loop: TransportLoop;
  readonly #transport: BaseTransport;

  /** @param transport the owner, whose present protocol is told */
  constructor(loop: TransportLoop, transport: BaseTransport) {
    this.#loop = loop;
    this.#transport = transport;
  }

  /** The marks, in bytes. */
  get limits(): [low: number, high: number] {
    return [this.#lowBytes, this.#highBytes];
  }

  /**
   * Sets the marks.
   *
   * @throws {RangeError} unless `high` ≥ `low` ≥ 0
   */
  setLimits({ high, low }: WriteBufferLimits = {}): void {
    const highBytes = high ?? (low === undefined ? DEFAULT_HIGH_WATER_BYTES : 4 * low);
    const lowBytes = low ?? Math.floor(highBytes / 4);
    if (!(highBytes >= lowBytes && lowBytes >= 0)) {
      throw new RangeError(
        `Cannot set the write buffer limits: high (${highBytes}) must be at least low ` +
          `(${lowBytes}), and low at least 0`,
      );
    }
    this.#highBytes = highBytes;
    this.#lowBytes = lowBytes;
  }

  /** Whether so many unsent bytes are few enough to go on. */
  isLow(bytes: number): boolean {
    return bytes <= this.#lowBytes;
  }

  /** Tells the protocol to pause, if it has not been told and so many bytes are unsent. */
  pauseIfAbove(bytes: number): void {
    if (bytes <= this.#highBytes || this.paused) return;
    this.paused = true;
    this.#tell("pauseWriting");
  }

  /** Tells the protocol to go on, if it pauses and so few bytes are unsent. */
  resumeIfBelow(bytes: number): void {
    if (!this.paused || bytes > this.#lowBytes) return;
    this.paused = false;
    this.#tell("resumeWriting");
  }

  #tell(method: "pauseWriting" | "resumeWriting"): void {
    const transport = this.#transport;
    try {
      const result: unknown = (transport.getProtocol() as BaseProtocolLike)[method]();
      watchResult(this.#loop, transport, method, result);
    } catch (error) {
      reportError(this.#loop, transport, error, `protocol.${method}() failed`);
    }
  }
}
