/**
 * `Server`: what accepts connections and makes transports of them.
 *
 * asyncio counterpart: `asyncio.base_events.Server` and the accepting half of
 * `asyncio.selector_events`.
 *
 * States: made → serving → closed, or made → closed. `waitClosed()` ends when the server is closed,
 * its last connection is gone and its last listener has let go of its port, in whatever order.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { enterDetached } from "../futures/_frame.ts";
import { copyContext } from "../futures/context.ts";
import { _coroutineOf, type Coroutine } from "../futures/coroutine.ts";
import { CancelledError, NotImplementedError, RuntimeError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import { reportOutside } from "../futures/_interrupt.ts";
import { sleep } from "../futures/sleep.ts";
import { trustAccepted } from "../transports/_direct_socket.ts";
import type { StreamListener, StreamSocket } from "../transports/stream_socket.ts";
import type { Transport } from "../transports/transport.ts";
import type { TransportLoop } from "../transports/transport_loop.ts";
import { isGone } from "./_sockets.ts";
import type { AbstractEventLoop } from "./abstract_event_loop.ts";

/** The loop of a server, which closes it with itself. */
type ServerLoop = AbstractEventLoop & Pick<TransportLoop, "_hold" | "_letGo">;

/**
 * How long a server waits before it accepts again after the host has refused to, in milliseconds:
 * descriptors that run out come back when connections end, not at once.
 */
export const ACCEPT_RETRY_DELAY_MS = 1000;

/** How long such refusals are one and the same trouble, which is reported once, in milliseconds. */
const SAME_TROUBLE_MS = 60_000;

/**
 * What every server offers.
 *
 * asyncio name: `AbstractServer`.
 */
export abstract class AbstractServer implements AsyncDisposable {
  #missing(name: string): never {
    throw new NotImplementedError(`${this.constructor.name} does not implement ${name}()`);
  }

  /**
   * Stops accepting; connections that are there stay.
   *
   * asyncio name: `close`.
   */
  close(): void {
    this.#missing("close");
  }

  /**
   * Closes the connections that are there, as `transport.close()` does.
   *
   * asyncio name: `close_clients`.
   */
  closeClients(): void {
    this.#missing("closeClients");
  }

  /**
   * Drops the connections that are there, as `transport.abort()` does.
   *
   * asyncio name: `abort_clients`.
   */
  abortClients(): void {
    this.#missing("abortClients");
  }

  /**
   * The loop that the server belongs to.
   *
   * asyncio name: `get_loop`.
   */
  getLoop(): AbstractEventLoop {
    this.#missing("getLoop");
  }

  /**
   * Whether the server accepts connections.
   *
   * asyncio name: `is_serving`.
   */
  isServing(): boolean {
    this.#missing("isServing");
  }

  /**
   * Begins to accept; does nothing when the server does so already.
   *
   * asyncio name: `start_serving`.
   *
   * @throws {RuntimeError} when the server is closed
   */
  startServing(): Coroutine<void> {
    this.#missing("startServing");
  }

  /**
   * Accepts until the server is closed; then the wait ends with `CancelledError`.
   *
   * **Cancellation** closes the server and waits until it is closed.
   *
   * asyncio name: `serve_forever`.
   *
   * @throws {RuntimeError} when the server is closed, or somebody waits here already
   */
  serveForever(): Coroutine<void> {
    this.#missing("serveForever");
  }

  /**
   * Waits until the server is closed and its connections are gone.
   *
   * When it ends, the port can be listened on again. **Cancellation** ends the wait only.
   *
   * asyncio name: `wait_closed`.
   */
  waitClosed(): Coroutine<void> {
    this.#missing("waitClosed");
  }

  /** Closes the server and waits until it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.waitClosed();
  }
}

/** Makes the transport of an accepted connection, which the loop holds until then. */
export type AcceptConnection = (socket: StreamSocket, server: Server) => Coroutine<void>;

/**
 * The server that `loop.createServer()` returns.
 *
 * asyncio name: `Server`.
 *
 * @example Until the end of a block
 * ```ts
 * import { getRunningLoop, Protocol, run, type Transport } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * class Echo extends Protocol {
 *   #transport!: Transport;
 *   override connectionMade(transport: Transport) {
 *     this.#transport = transport;
 *   }
 *   override dataReceived(data: Uint8Array) {
 *     this.#transport.write(data);
 *   }
 * }
 * await run(async () => {
 *   await using server = await getRunningLoop().createServer(() => new Echo(), "127.0.0.1", 0);
 *   assert(server.isServing());
 * });
 * ```
 */
export class Server extends AbstractServer {
  readonly #loop: ServerLoop;
  #listeners: readonly StreamListener[] | null;
  readonly #accept: AcceptConnection;
  readonly #clients = new Set<Transport>();
  #waiters: Future<void>[] | null = [];
  #serving = false;
  #servingForever: Future<void> | null = null;
  // How many listeners have an `accept()` pending, which holds on to the port.
  #accepting = 0;
  // Wakes listeners that wait to try again.
  readonly #endPause = new Set<() => void>();

  /** @internal */
  constructor(
    loop: ServerLoop,
    listeners: readonly StreamListener[],
    accept: AcceptConnection,
  ) {
    super();
    this.#loop = loop;
    this.#listeners = listeners;
    this.#accept = accept;
    loop._hold(this);
  }

  /**
   * The listeners, whose `addr` tells the port that was chosen; none once the server is closed.
   *
   * asyncio name: `sockets`.
   */
  get sockets(): readonly StreamListener[] {
    return this.#listeners ?? [];
  }

  /** See {@linkcode AbstractServer.getLoop}. */
  override getLoop(): AbstractEventLoop {
    return this.#loop;
  }

  /** See {@linkcode AbstractServer.isServing}. */
  override isServing(): boolean {
    return this.#serving;
  }

  /** See {@linkcode AbstractServer.close}. */
  override close(): void {
    const listeners = this.#listeners;
    if (listeners === null) return;
    this.#listeners = null;
    this.#serving = false;
    this.#loop._letGo(this);
    let failure: { error: unknown } | null = null;
    for (const listener of listeners) {
      try {
        listener.close();
      } catch (error) {
        // Somebody else may have closed it.
        if (!(error instanceof Deno.errors.BadResource)) failure ??= { error };
      }
    }
    const forever = this.#servingForever;
    if (forever !== null && !forever.done()) forever.cancel();
    for (const wake of this.#endPause) wake();
    this.#wakeIfClosed();
    if (failure !== null) throw failure.error;
  }

  /** See {@linkcode AbstractServer.closeClients}. */
  override closeClients(): void {
    for (const client of [...this.#clients]) client.close();
  }

  /** See {@linkcode AbstractServer.abortClients}. */
  override abortClients(): void {
    for (const client of [...this.#clients]) client.abort();
  }

  /** See {@linkcode AbstractServer.startServing}. */
  override startServing(): Coroutine<void> {
    return _coroutineOf(this.#startServing(), "startServing");
  }

  *#startServing(): Generator<Suspension, void, unknown> {
    this._startServing();
    // As in asyncio, the loop gets a turn to begin.
    yield* sleep(0);
  }

  /** See {@linkcode AbstractServer.serveForever}. */
  override serveForever(): Coroutine<void> {
    return _coroutineOf(this.#serveForever(), "serveForever");
  }

  *#serveForever(): Generator<Suspension, void, unknown> {
    if (this.#servingForever !== null) {
      throw new RuntimeError(`Cannot serve for ever: ${this} is being awaited so already`);
    }
    this._startServing();
    this.#servingForever = this.#loop.createFuture<void>();
    try {
      yield* this.#servingForever;
    } catch (error) {
      if (error instanceof CancelledError) {
        this.close();
        yield* this.waitClosed();
      }
      throw error;
    } finally {
      this.#servingForever = null;
    }
  }

  /** See {@linkcode AbstractServer.waitClosed}. */
  override waitClosed(): Coroutine<void> {
    return _coroutineOf(this.#waitClosed(), "waitClosed");
  }

  *#waitClosed(): Generator<Suspension, void, unknown> {
    if (this.#waiters === null) return;
    const waiter = this.#loop.createFuture<void>();
    this.#waiters.push(waiter);
    yield* waiter;
  }

  /** @internal */
  _startServing(): void {
    if (this.#listeners === null) {
      throw new RuntimeError(`Cannot start serving: ${this} is closed`);
    }
    if (this.#serving) return;
    this.#serving = true;
    const context = copyContext();
    for (const listener of this.#listeners) {
      this.#accepting++;
      enterDetached(this.#loop, context, () => this.#acceptAll(listener));
    }
  }

  /** Accepts until the listener is closed. Never rejects. */
  async #acceptAll(listener: StreamListener): Promise<void> {
    let troubleAt = -Infinity;
    while (this.#listeners !== null) {
      let socket: StreamSocket;
      try {
        socket = await listener.accept();
      } catch (error) {
        if (this.#listeners === null) break;
        if (isGone(error)) {
          if (!await this.#acceptPause(0)) break;
          continue;
        }
        const before = troubleAt;
        troubleAt = this.#loop.time();
        if (troubleAt - before > SAME_TROUBLE_MS) {
          reportOutside(this.#loop, {
            message:
              `Accepting a connection failed; trying again every ${ACCEPT_RETRY_DELAY_MS} ms`,
            exception: error,
            socket: listener,
          });
        }
        if (!await this.#acceptPause(ACCEPT_RETRY_DELAY_MS)) break;
        continue;
      }
      if (this.#listeners === null) {
        socket.close();
        continue;
      }
      trustAccepted(listener, socket);
      // A task that is cancelled before it has begun closes nothing: then the loop does.
      this.#loop._hold(socket);
      try {
        this.#loop.createTask(this.#accept(socket, this));
      } catch (exception) {
        this.#loop._letGo(socket);
        socket.close();
        reportOutside(this.#loop, {
          message: "A connection was dropped: the task factory made no task for it",
          exception,
          socket,
        });
      }
    }
    this.#accepting--;
    this.#wakeIfClosed();
  }

  /** @returns whether the server is still open */
  async #acceptPause(delayMs: number): Promise<boolean> {
    const pause = this.#loop.createFuture<void>();
    const wake = () => void (pause.done() || pause.setResult(undefined));
    const timer = this.#loop.callLater(delayMs, wake);
    this.#endPause.add(wake);
    await pause;
    this.#endPause.delete(wake);
    timer.cancel();
    return this.#listeners !== null;
  }

  /** A transport of this server begins. @internal */
  _attach(transport: Transport): void {
    this.#clients.add(transport);
  }

  /** A transport of this server has ended. @internal */
  _detach(transport: Transport): void {
    if (this.#clients.delete(transport)) this.#wakeIfClosed();
  }

  #wakeIfClosed(): void {
    if (this.#listeners !== null || this.#clients.size > 0 || this.#accepting > 0) return;
    const waiters = this.#waiters;
    this.#waiters = null;
    for (const waiter of waiters ?? []) if (!waiter.done()) waiter.setResult(undefined);
  }

  /** For messages. */
  override toString(): string {
    const addresses = this.sockets.map(({ addr }) =>
      "hostname" in addr
        ? `${addr.hostname}:${addr.port}`
        : "path" in addr
        ? addr.path
        : addr.transport
    );
    return `<Server ${this.#listeners === null ? "closed" : addresses.join(", ")}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
