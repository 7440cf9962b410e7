/**
 * `BaseTransport`: what all transports share.
 *
 * asyncio counterpart: `asyncio.transports.BaseTransport`.
 *
 * @module
 */

import { NotImplementedError } from "../futures/errors.ts";

/**
 * The methods of every transport; each raises `NotImplementedError` unless a class overrides it.
 *
 * asyncio name: `BaseTransport`.
 */
export abstract class BaseTransport {
  readonly #extra: Record<string, unknown>;

  /**
   * Makes a transport.
   *
   * @param extra what {@linkcode BaseTransport.getExtraInfo} knows
   */
  constructor(extra: Record<string, unknown> = {}) {
    this.#extra = extra;
  }

  /** @internal */
  protected _missing(name: string): never {
    throw new NotImplementedError(`${this.constructor.name} does not implement ${name}()`);
  }

  /**
   * Details of what the transport stands on.
   *
   * asyncio name: `get_extra_info`.
   *
   * @param name `socket`, `peername`, `sockname`, …, depending on the transport
   * @param defaultValue what to return where it is not known
   */
  getExtraInfo(name: string, defaultValue?: unknown): unknown {
    return Object.hasOwn(this.#extra, name) ? this.#extra[name] : defaultValue;
  }

  /**
   * Whether the transport is closed or being closed.
   *
   * asyncio name: `is_closing`.
   */
  isClosing(): boolean {
    this._missing("isClosing");
  }

  /**
   * Closes the transport, after what was written has been sent. Nothing more is delivered;
   * `connectionLost(undefined)` follows from the loop.
   *
   * asyncio name: `close`.
   */
  close(): void {
    this._missing("close");
  }

  /**
   * Lets another protocol take over.
   *
   * asyncio name: `set_protocol`.
   */
  setProtocol(_protocol: object): void {
    this._missing("setProtocol");
  }

  /**
   * The protocol.
   *
   * asyncio name: `get_protocol`.
   */
  getProtocol(): object {
    this._missing("getProtocol");
  }
}
