/**
 * What was written over TLS and waits for encryption.
 *
 * Writes are copied in and leave in one piece per pass, so that many small ones make one record.
 * The engine has one write at a time, which is done when the transport below has taken its ciphertext;
 * until then its bytes count as unsent.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import type { Context } from "../../futures/context.ts";
import type { Runnable } from "../../futures/future_loop.ts";
import { FlowControl } from "../_flow_control.ts";
import { WriteQueue, type WriteQueueOwner } from "../_write_queue.ts";
import type { Transport, WriteBufferLimits } from "../transport.ts";
import type { TransportLoop } from "../transport_loop.ts";
import type { TlsEngine } from "./_engine.ts";

/** The high water mark, as in asyncio. */
const HIGH_WATER_BYTES = 512 * 1024;

/** Unsent bytes that no longer wait for what the rest of the pass may write. */
const FLUSH_AT_ONCE_BYTES = 64 * 1024;

/** Queue and flow control of a transport over TLS. */
export class SSLWriter implements WriteQueueOwner, Runnable {
  /** @internal */
  readonly _context: Context;
  readonly #loop: TransportLoop;
  readonly #flow: FlowControl;
  readonly #queue: WriteQueue = new WriteQueue({ write: (data) => this.#encrypt(data) }, this);
  readonly #onAllSent: () => void;
  #engine: TlsEngine | null = null;
  // The write that waits for the engine.
  #begin: (() => void) | null = null;
  #dropped = false;

  /**
   * Makes a writer, whose engine comes later.
   *
   * @param transport whose protocol is told to pause and to go on
   * @param context what it is told in
   * @param onAllSent called whenever nothing is unsent any more, outside of the loop's callbacks
   */
  constructor(
    loop: TransportLoop,
    transport: Transport,
    context: Context,
    onAllSent: () => void,
  ) {
    this._context = context;
    this.#loop = loop;
    this.#flow = new FlowControl(loop, transport);
    this.#flow.setLimits({ high: HIGH_WATER_BYTES });
    this.#onAllSent = onAllSent;
  }

  /** How many bytes are unsent. */
  get size(): number {
    return this.#queue.size;
  }

  /** The water marks, in bytes. */
  get limits(): [low: number, high: number] {
    return this.#flow.limits;
  }

  /** Sets the water marks. */
  setLimits({ high, low }: WriteBufferLimits = {}): void {
    if (high === undefined && low === undefined) high = HIGH_WATER_BYTES;
    this.#flow.setLimits({
      ...(high === undefined ? {} : { high }),
      ...(low === undefined ? {} : { low }),
    });
    this.#flow.pauseIfAbove(this.size);
  }

  /** The handshake is done: begins to send what was written. */
  open(engine: TlsEngine): void {
    this.#engine = engine;
    const begin = this.#begin;
    this.#begin = null;
    begin?.();
  }

  /** Takes bytes. */
  write(data: Uint8Array): void {
    const queue = this.#queue;
    queue.append(data);
    if (!queue.sending) {
      if (queue.size >= FLUSH_AT_ONCE_BYTES) queue.flush();
      else if (!queue.scheduled) {
        queue.scheduled = true;
        this.#loop._atPassEnd(queue);
      }
    }
    this.#flow.pauseIfAbove(queue.size);
  }

  /** Forgets what is unsent; nobody is told anything any more. */
  drop(): void {
    this.#dropped = true;
    this.#begin = null;
    this.#queue.drop();
  }

  /** Lets the protocol go on that was told to pause by a transport which this one has replaced. */
  takeOverPause(): void {
    if (this.#flow.paused) return;
    this.#flow.paused = true;
    this.#loop._enqueue(this);
  }

  #encrypt(data: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      const begin = () => this.#engine!.write(data, () => resolve(data.length));
      if (this.#engine === null) this.#begin = begin;
      else begin();
    });
  }

  /** Tells the protocol to go on. @internal */
  _run(): void {
    if (!this.#dropped) this.#flow.resumeIfBelow(this.size);
  }

  /** @internal */
  _written(): void {
    if (this.#flow.paused && this.#flow.isLow(this.size)) this.#loop._deliver(this);
    if (this.size === 0) this.#onAllSent();
  }

  /** Never called: the engine tells of its failures itself. @internal */
  _writeFailed(): void {}
}
