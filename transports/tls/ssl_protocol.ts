/**
 * `SSLProtocol`: TLS, as a protocol of the transport below and the maker of the one above.
 *
 * asyncio counterpart: `asyncio.sslproto.SSLProtocol`.
 *
 * States, and what leads from one to the next:
 *
 * 1. *unwrapped*: the transport below is not there yet; 1 → 2 by `connectionMade()`;
 * 2. *handshake*; 2 → 3 when the engine has verified the peer;
 * 3. *wrapped*: data flows; 3 → 4 by `close()`, or after the last byte of the peer was delivered;
 * 4. *flushing*: nothing is delivered any more; 4 → 5 when nothing is unsent;
 * 5. *shutdown*: both ends say farewell; 5 → 6 when both have, or the stream below has ended;
 * 6. *lost*, which errors, time-outs and `abort()` lead to from anywhere.
 *
 * Invariants: the user's protocol is called from the loop only, and, but for `pauseWriting()`, never
 * from inside of a call of the user's or of the engine; nothing is delivered outside of *wrapped*;
 * `connectionLost()` is called once if `connectionMade()` was (here, or before the upgrade of a
 * connection). While the user's protocol does not read, the transport below does not either, so that
 * one piece of what it reads is kept at most.
 *
 * Not here: encryption and trust (`_engine.ts`), what waits for them (`_ssl_writer.ts`), calls of the
 * user's protocol (`_app_side.ts`). What is left is long, and is not divided any further: it is one state
 * machine, whose parts share their private state.
 *
 * @module
 */

import { type Context, copyContext } from "../../futures/context.ts";
import { TimeoutError } from "../../futures/errors.ts";
import type { Future } from "../../futures/future.ts";
import type { CancelHandle, Runnable } from "../../futures/future_loop.ts";
import { bytesOf, checkNotGivenAway } from "../_bytes.ts";
import { type AnyProtocol, BufferedProtocol } from "../protocol.ts";
import type { TransportLoop } from "../transport_loop.ts";
import type { Transport, WritableData, WriteOptions } from "../transport.ts";
import { AppSide } from "./_app_side.ts";
import { TlsEngine } from "./_engine.ts";
import { LentBuffer } from "./_lent_buffer.ts";
import type { SSLWriter } from "./_ssl_writer.ts";
import { endsConnections } from "./_tls_errors.ts";
import { _contextFor } from "./create_default_context.ts";
import type { SSLContext } from "./ssl_context.ts";
import type { SSLObject } from "./ssl_object.ts";
import {
  _checkSslTimeout,
  SSL_HANDSHAKE_TIMEOUT_MS,
  SSL_SHUTDOWN_TIMEOUT_MS,
  type SSLOptions,
} from "./ssl_options.ts";
import { SSLTransport } from "./ssl_transport.ts";

/** So many writes after the connection was closed are borne in silence, as in asyncio. */
const WRITES_BEFORE_WARNING = 5;

/** So many turns of the host an engine that has hung up has to tell why; it needs three or four. */
const MAX_TURNS_HUNG_UP = 50;

/** Nobody else has the ciphertext. */
const GIVEN: WriteOptions = { transfer: true };

const HUNG_UP = "Cannot complete the TLS handshake: the connection was closed without a reason";

/** What {@linkcode SSLProtocol} takes beside loop, protocol and context. */
export interface SSLProtocolOptions extends SSLOptions {
  /**
   * Whether this is the server's side.
   * @default false
   */
  serverSide?: boolean;
  /** Is given a result once the handshake has succeeded, or the error that it failed with. */
  waiter?: Future<void>;
  /**
   * Whether `connectionMade()` is called; not where the protocol has a connection that is upgraded.
   * @default true
   */
  callConnectionMade?: boolean;
  /** Ciphertext that somebody has read from the connection already. */
  readAhead?: Uint8Array;
}

// States, in the order in which they are passed.
const UNWRAPPED = 0;
const HANDSHAKE = 1;
const WRAPPED = 2;
const FLUSHING = 3;
const SHUTDOWN = 4;
const LOST = 5;

const STATE_NAMES = ["unwrapped", "in handshake", "open", "closing", "closing", "lost"] as const;

/**
 * TLS between two transports: a protocol of the one below, it makes the one above.
 *
 * `loop._makeSslTransport()` and `loop.startTls()` make it for a program; use it directly to put TLS over
 * a transport of your own.
 *
 * asyncio name: `asyncio.sslproto.SSLProtocol`.
 */
export class SSLProtocol extends BufferedProtocol implements Runnable {
  /** The transport above, for the user's protocol. */
  readonly transport: SSLTransport;
  /** The context that the user's protocol is called in. @internal */
  readonly _context: Context;

  readonly #loop: TransportLoop;
  readonly #sslContext: SSLContext;
  readonly #serverSide: boolean;
  readonly #serverHostname: string | undefined;
  readonly #handshakeTimeoutMs: number;
  readonly #shutdownTimeoutMs: number;
  #waiter: Future<void> | undefined;
  #readAhead: Uint8Array | undefined;

  #state = UNWRAPPED;
  #below: Transport | null = null;
  #engine: TlsEngine | null = null;
  #secured: SSLObject | null = null;
  // The time-out of the handshake, then that of closing.
  #timer: CancelHandle | null = null;
  // Set by whatever ended the connection first; what the transport below says afterwards is a consequence.
  #verdict: { readonly error: unknown } | null = null;

  readonly #app: AppSide;
  #appPaused = false;
  // Whether the stream below has ended, and whether the peer was told that this one has.
  #belowEnded = false;
  readonly #memory = new LentBuffer();
  #farewellSent = false;

  readonly #writer: SSLWriter;
  // Whether the transport below wants no more for now.
  #belowPaused = false;
  #writesAfterClosing = 0;

  #scheduled = false;
  #turnsHungUp = 0;
  // A failure of the engine, until it is dealt with.
  #failure: { readonly error: unknown } | null = null;
  #inEngine = false;

  /**
   * Makes the protocol, to be given to a transport.
   *
   * @param loop the loop
   * @param protocol the user's
   * @param context whom to trust and who to be; `undefined` for a client that trusts whom Deno trusts
   * @param options side, names and time-outs
   * @throws {TypeError} when the context is for the other side, or there is none for a server, or the name
   * of the server is to be checked and not given
   * @throws {RangeError} when a time-out is not positive
   */
  constructor(
    loop: TransportLoop,
    protocol: AnyProtocol,
    context: SSLContext | undefined,
    options: SSLProtocolOptions = {},
  ) {
    super();
    const { serverSide = false } = options;
    this._context = copyContext();
    this.#loop = loop;
    this.#serverSide = serverSide;
    this.#serverHostname = serverSide ? undefined : options.serverHostname || undefined;
    this.#sslContext = context ?? _contextFor(serverSide, this.#serverHostname);
    if (serverSide !== (this.#sslContext.role === "server")) {
      throw new TypeError(
        `Cannot use a context for a ${this.#sslContext.role} on the ${
          serverSide ? "server" : "client"
        } side`,
      );
    }
    if (!serverSide && this.#sslContext.checkHostname && this.#serverHostname === undefined) {
      throw new TypeError(
        "Cannot check the name of the server: give serverHostname, or a context whose checkHostname " +
          "is false",
      );
    }
    this.#handshakeTimeoutMs = _checkSslTimeout(
      "sslHandshakeTimeout",
      options.sslHandshakeTimeout ?? SSL_HANDSHAKE_TIMEOUT_MS,
    );
    this.#shutdownTimeoutMs = _checkSslTimeout(
      "sslShutdownTimeout",
      options.sslShutdownTimeout ?? SSL_SHUTDOWN_TIMEOUT_MS,
    );
    this.#waiter = options.waiter;
    this.#readAhead = options.readAhead;
    const { callConnectionMade = true } = options;
    this.transport = new SSLTransport(this, loop, this.#allSent);
    this.#writer = this.transport._writer;
    this.#app = new AppSide(loop, this.transport, protocol, !callConnectionMade, this.#lose);
  }

  // ---- Called by the transport below ------------------------------------------------------------

  /** The transport below is there: begins the handshake. */
  override connectionMade(transport: Transport): void {
    this.#below = transport;
    if (this.#state === LOST) return transport.abort();
    this.#state = HANDSHAKE;
    this.#timer = this.#loop.callLater(this.#handshakeTimeoutMs, () =>
      this.#lose(
        new Deno.errors.ConnectionAborted(
          `The TLS handshake took longer than ${this.#handshakeTimeoutMs} ms`,
        ),
      ));
    try {
      this.#engine = new TlsEngine(
        this.#sslContext,
        this.#serverSide,
        this.#serverHostname,
        {
          send: this.#sendCiphertext,
          failed: this.#engineFailed,
          received: this.#engineReceived,
          progressed: () => this.#writer.progressed(),
        },
      );
    } catch (error) {
      return this.#fail(error, "Beginning a TLS handshake failed");
    }
    const readAhead = this.#readAhead;
    this.#readAhead = undefined;
    if (readAhead !== undefined) this.#receive(readAhead);
  }

  /** Memory for ciphertext. */
  override getBuffer(_sizeHint: number): Uint8Array {
    return this.#memory.space();
  }

  /** Ciphertext has come. */
  override bufferUpdated(count: number): void {
    this.#receive(this.#memory.take(count));
  }

  #receive(data: Uint8Array): void {
    const engine = this.#engine;
    if (engine === null) return;
    this.#inEngine = true;
    try {
      engine.receive(data);
    } finally {
      this.#inEngine = false;
    }
    this.#writer.answering();
    try {
      this.#advance();
    } finally {
      this.#writer.answered();
    }
  }

  /**
   * The stream below has ended. With or without a farewell, that is the end of the stream above, as in
   * asyncio: a protocol for which it matters that nothing is missing says how much there is.
   *
   * @returns true: the connection is closed from here
   */
  override eofReceived(): boolean {
    this.#belowEnded = true;
    if (this.#state === HANDSHAKE && this.#engine?.hungUp === false) {
      const error = new Deno.errors.ConnectionReset(
        "Cannot complete the TLS handshake: the peer has closed the connection",
      );
      // The engine may be about to tell why.
      setImmediate(() => this.#engineFailed(error));
    } else this.#advance();
    return true;
  }

  /** The connection is gone. */
  override connectionLost(error: unknown): void {
    const reason = this.#verdict === null ? error : this.#verdict.error;
    this.#state = LOST;
    this.#timer?.cancel();
    this.#timer = null;
    this.#writer.drop();
    this.#engine?.destroy();
    this.#engine = null;
    this.#app.connectionLost(reason);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter === undefined || waiter.done()) return;
    waiter.setException(
      reason ?? new Deno.errors.ConnectionAborted(
        "Cannot complete the TLS handshake: the connection was closed",
      ),
    );
  }

  /** The transport below wants no more for now. */
  override pauseWriting(): void {
    this.#belowPaused = true;
    if (this.#engine !== null) this.#engine.paused = true;
  }

  /** The transport below takes ciphertext again. */
  override resumeWriting(): void {
    if (!this.#belowPaused) {
      // It had paused the user's protocol before the connection was upgraded.
      if (this.#app.made) this.#writer.takeOverPause();
      return;
    }
    this.#belowPaused = false;
    if (this.#engine !== null) this.#engine.paused = false;
    this.#writer.flush();
  }

  // ---- Called by the loop -----------------------------------------------------------------------

  /** Acts on what has happened. @internal */
  _run(): void {
    this.#scheduled = false;
    this.#advance();
  }

  // ---- From the engine to the user's protocol ---------------------------------------------------

  // Acts on what the engine has found out. Called from the loop only.
  #advance(): void {
    const engine = this.#engine;
    if (engine === null || this.#state === LOST) return;
    if (this.#failure !== null) return this.#fail(this.#failure.error, "TLS failed");
    if (engine.hungUp) {
      if (this.#turnsHungUp === 0) this.#awaitReason();
      return;
    }
    if (this.#state === HANDSHAKE && engine.secured !== null) {
      engine.established();
      this.#handshakeDone(engine.secured);
    }
    if (this.#state === WRAPPED) this.#deliverData(engine);
    if (this.#state === FLUSHING || this.#state === SHUTDOWN) engine.plaintext.length = 0;
    if (this.#state === SHUTDOWN) this.#finishIfDone();
  }

  // `node:tls` tells why some turns of the host later. The loop is woken in each of them: a clock that moves
  // by itself would go on to the time-out.
  readonly #awaitReason = (): void => {
    if (this.#state !== HANDSHAKE || this.#failure !== null) return;
    if (++this.#turnsHungUp > MAX_TURNS_HUNG_UP) {
      return this.#engineFailed(new Deno.errors.ConnectionReset(HUNG_UP));
    }
    setImmediate(this.#awaitReason);
    this.#schedule();
  };

  #handshakeDone(secured: SSLObject): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#secured = secured;
    this.#state = WRAPPED;
    if (this.#appPaused) this.#below!.pauseReading();
    this.#app.connectionMade();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter !== undefined && !waiter.done()) waiter.setResult(undefined);
    if (this.#engine !== null) this.#writer.open(this.#engine);
  }

  #deliverData(engine: TlsEngine): void {
    this.#app.deliver(engine.plaintext, this.#mayDeliver);
    if (!(engine.peerClosed || this.#belowEnded) || !this.#mayDeliver()) return;
    this.#app.eofReceived();
    this._close();
  }

  readonly #mayDeliver = (): boolean => this.#state === WRAPPED && !this.#appPaused;

  // May be called from inside of the engine, or from outside of the loop.
  readonly #engineFailed = (error: unknown): void => {
    this.#failure ??= { error };
    this.#engineReceived();
  };

  readonly #engineReceived = (): void => {
    if (!this.#inEngine) this.#schedule();
  };

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#loop._enqueue(this);
  }

  // ---- From the user's protocol to the engine ---------------------------------------------------

  /** @internal */
  _write(data: WritableData): void {
    const bytes = bytesOf(data);
    if (bytes.length === 0) return checkNotGivenAway(bytes);
    if (this._closing) {
      if (++this.#writesAfterClosing === WRITES_BEFORE_WARNING) {
        console.warn(`${this.transport}: what is written to a closed connection is dropped`);
      }
      return;
    }
    this.#writer.write(bytes);
  }

  readonly #sendCiphertext = (data: Uint8Array): void => {
    if (this.#state === LOST) return;
    this.#below!.write(data, GIVEN);
    if (this.#state === SHUTDOWN) {
      // All else has been sent before.
      this.#farewellSent = true;
      this.#finishIfDone();
    }
  };

  readonly #allSent = (): void => {
    if (this.#state === FLUSHING) this.#sayFarewell();
  };

  // ---- Reading ----------------------------------------------------------------------------------

  /** @internal */
  get _reading(): boolean {
    return !this._closing && !this.#appPaused;
  }

  /** @internal */
  _pauseReading(): void {
    if (this._closing || this.#appPaused) return;
    this.#appPaused = true;
    if (this.#state === WRAPPED) this.#below!.pauseReading();
  }

  /** @internal */
  _resumeReading(): void {
    if (this._closing || !this.#appPaused) return;
    this.#appPaused = false;
    if (this.#state !== WRAPPED) return;
    this.#below!.resumeReading();
    this.#schedule();
  }

  // ---- The end ----------------------------------------------------------------------------------

  /** @internal */
  get _closing(): boolean {
    return this.#state >= FLUSHING;
  }

  /** @internal */
  _close(): void {
    if (this.#state < WRAPPED) return this._abort();
    if (this.#state !== WRAPPED) return;
    this.#state = FLUSHING;
    this.#timer = this.#loop.callLater(
      this.#shutdownTimeoutMs,
      () =>
        this.#lose(new TimeoutError(`Closing TLS took longer than ${this.#shutdownTimeoutMs} ms`)),
    );
    // The peer's farewell is waited for, so there is reading to be done, whoever wants what comes.
    if (this.#appPaused) this.#below!.resumeReading();
    if (this.#writer.size === 0) this.#sayFarewell();
  }

  #sayFarewell(): void {
    const engine = this.#engine!;
    // What follows is the farewell.
    engine.release();
    this.#state = SHUTDOWN;
    // A peer that has ended the stream without a farewell is as good as gone, as in asyncio; one that has
    // said it may still listen.
    if ((this.#belowEnded && !engine.peerClosed) || !engine.alive) this.#finish();
    else engine.shutdown();
  }

  #finishIfDone(): void {
    if (!this.#farewellSent) return;
    if (this.#belowEnded || this.#engine!.peerClosed) this.#finish();
  }

  // The time-out stays, for a peer that takes nothing.
  #finish(): void {
    this.#below!.close();
  }

  /** @internal */
  _abort(): void {
    this.#lose(undefined);
  }

  readonly #lose = (error: unknown): void => {
    if (this.#state === LOST) return;
    this.#state = LOST;
    this.#verdict = { error };
    this.#below?.abort();
  };

  #fail(error: unknown, message: string): void {
    if (!endsConnections(error)) this.#app.report(error, message);
    this.#lose(error);
  }

  // ---- Protocol and information -----------------------------------------------------------------

  /** @internal */
  get _appProtocol(): AnyProtocol {
    return this.#app.protocol;
  }
  /** @internal */
  set _appProtocol(protocol: AnyProtocol) {
    this.#app.protocol = protocol;
  }

  /** @internal */
  _getExtraInfo(name: string, defaultValue?: unknown): unknown {
    if (name === "sslcontext") return this.#sslContext;
    const secured = this.#secured;
    if (secured !== null) {
      switch (name) {
        case "sslObject":
          return secured;
        case "peercert":
          return secured.getpeercert();
        case "cipher":
          return secured.cipher();
        case "compression":
          return secured.compression();
      }
    }
    return this.#below === null ? defaultValue : this.#below.getExtraInfo(name, defaultValue);
  }

  /** @internal */
  _describe(): string {
    const reading = this._reading ? ", reading" : "";
    return `${STATE_NAMES[this.#state]}${reading}, ${this.#writer.size} bytes unsent`;
  }

  /** For messages. */
  override toString(): string {
    return `<${this.constructor.name} ${this._describe()}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
