/**
 * What was written over TLS and waits for encryption.
 *
 * Writes are copied in and leave in one piece per pass, so that many small ones make one record. What
 * answers to data that has come leaves with the other answers of the turn (`_burst.ts`). The engine has one
 * write at a time; until its ciphertext has gone to the transport below, and that wants more, its bytes
 * count as unsent.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { Context } from "../../futures/context.ts";
import type { Runnable } from "../../futures/future_loop.ts";
import { Burst, type Sender } from "../_burst.ts";
import { FlowControl } from "../_flow_control.ts";
import type { Transport, WriteBufferLimits } from "../transport.ts";
import type { TransportLoop } from "../transport_loop.ts";
import type { TlsEngine } from "./_engine.ts";
import { PlainQueue } from "./_plain_queue.ts";

/** The high water mark, as in asyncio. */
const HIGH_WATER_BYTES = 512 * 1024;

/** Unsent bytes that no longer wait for what the rest of the pass may write. */
const FLUSH_AT_ONCE_BYTES = 64 * 1024;

const NO_CONTEXT = new Context();

// Encrypting makes writes of the transports below, which are to leave at the end of the same pass.
const bursts = new WeakMap<TransportLoop, Burst>();

/** The answers of all connections of a loop. */
function burstOf(loop: TransportLoop): Burst {
  let burst = bursts.get(loop);
  if (burst === undefined) bursts.set(loop, burst = new Burst(loop));
  return burst;
}

/** Queue and flow control of a transport over TLS. */
export class SSLWriter implements Runnable, Sender {
  /** @internal */
  readonly _context: Context;
  readonly #loop: TransportLoop;
  readonly #flow: FlowControl;
  readonly #queue: PlainQueue = new PlainQueue();
  readonly #onAllSent: () => void;
  #engine: TlsEngine | null = null;
  // How many bytes the engine has that are not sent.
  #sending = 0;
  #flushing = false;
  #answering = false;
  #scheduled = false;
  #dropped = false;

  /**
   * Makes a writer, whose engine comes later.
   *
   * @param transport whose protocol is told to pause and to go on
   * @param context what it is told in
   * @param onAllSent called whenever nothing is unsent any more; calls nothing of the program's
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
    return this.#queue.size + this.#sending;
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
    this.flush();
  }

  /** Takes bytes. */
  write(data: Uint8Array): void {
    this.#queue.append(data);
    if (this.size >= FLUSH_AT_ONCE_BYTES) this.flush();
    else if (!this.#answering) this.#schedule();
    this.#flow.pauseIfAbove(this.size);
  }

  /** What is written until `answered()` is the answer to what has come. */
  answering(): void {
    this.#answering = true;
  }

  /** Sends the answer. */
  answered(): void {
    this.#answering = false;
    if (this.size > 0) burstOf(this.#loop).send(this);
  }

  /** Something has left the engine. */
  progressed(): void {
    if (this.size > 0 && !this.#flushing && !this.#answering) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#loop._atPassEnd(this.#atPassEnd);
  }

  readonly #atPassEnd: Runnable = {
    _context: NO_CONTEXT,
    _run: () => {
      this.#scheduled = false;
      this.flush();
    },
  };

  /** Sends as much as can be sent. */
  flush(): void {
    const engine = this.#engine;
    if (engine === null || this.#flushing || this.size === 0) return;
    this.#flushing = true;
    this.#feed(engine);
    this.#flushing = false;
    if (this.#dropped) return;
    if (this.#flow.paused && this.#flow.isLow(this.size)) this.#loop._enqueue(this);
    if (this.size === 0) this.#onAllSent();
  }

  #feed(engine: TlsEngine): void {
    const queue = this.#queue;
    for (;;) {
      if (this.#sending > 0) {
        engine.push();
        if (!engine.sent) return;
        this.#sending = 0;
      }
      if (queue.size === 0 || engine.paused) return;
      engine.settle();
      if (engine.writing) return;
      const piece = queue.take();
      this.#sending = piece.length;
      engine.write(piece);
    }
  }

  /** Forgets what is unsent; nobody is told anything any more. */
  drop(): void {
    this.#dropped = true;
    this.#sending = 0;
    this.#queue.drop();
  }

  /** Lets the protocol go on that was told to pause by a transport which this one has replaced. */
  takeOverPause(): void {
    if (this.#flow.paused) return;
    this.#flow.paused = true;
    this.#loop._enqueue(this);
  }

  /** Tells the protocol to go on. @internal */
  _run(): void {
    if (!this.#dropped) this.#flow.resumeIfBelow(this.size);
  }
}
