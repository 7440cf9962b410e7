/**
 * `BaseEventLoop`: everything of a loop that does not depend on how bytes move or how the host waits.
 *
 * asyncio counterpart: `asyncio.base_events.BaseEventLoop`.
 *
 * The class declares the hooks and what a program calls, and passes it on: what runs when is decided in
 * `_scheduler.ts`, names become transports in `_connect.ts`, `_serve.ts` and their kin. It is long
 * because the list is long.
 *
 * ## The hooks of a custom loop
 *
 * | hook | job | default |
 * | --- | --- | --- |
 * | `time()` | the monotonic clock, in milliseconds | `performance.now()` |
 * | `_select(timeoutMs)` | waits for the host; 0 lets it poll, `Infinity` waits for `_wakeup()` | Deno's timers and sockets |
 * | `_wakeup()` | ends a `_select()` early | resolves it |
 * | `_hostTime()` | the host's clock: when to call `_select(0)` | `performance.now()` |
 * | `_onInterrupt(callback)` | what SIGINT does while the program has no callback for it | one more of `addSignalHandler()` |
 * | `_resolve(host, port, options)` | names to addresses | the system's resolver |
 * | `_connect(address, options)` | opens a connection | `Deno.connect` |
 * | `_listen(address, options)` | opens a listening socket | `Deno.listen` |
 * | `_bindDatagram(address, options)` | opens a datagram socket | `Deno.listenDatagram`, or `node:dgram` |
 * | `_makeSocketTransport(socket, protocol, options)` | wraps a connection | raises |
 * | `_makeSslTransport(socket, protocol, context, options)` | wraps a connection with TLS | TLS over the above |
 * | `_makeDatagramTransport(socket, protocol, options)` | wraps a datagram socket | raises |
 * | `_makeReadPipeTransport(pipe, protocol, options)` | wraps a pipe that is read | raises |
 * | `_makeWritePipeTransport(pipe, protocol, options)` | wraps a pipe that is written | raises |
 * | `_makeSubprocessTransport(protocol, command)` | starts a child process | raises |
 *
 * @module
 */

import { enterAsync, Frame, sync } from "../futures/_frame.ts";
import { describe } from "../futures/_describe.ts";
import { sourceTraceback } from "../futures/_traceback.ts";
import { reportUnawaited } from "../futures/_unawaited.ts";
import { reportUnretrieved } from "../futures/_unretrieved.ts";
import { Context, currentContext } from "../futures/context.ts";
import {
  _coroutineOf,
  _countDebugLoops,
  type Coroutine,
  type CoroutineLike,
  iscoroutinefunction,
} from "../futures/coroutine.ts";
import { ensureFuture, type FutureInput } from "../futures/ensure_future.ts";
import { KeyboardInterrupt, NotImplementedError, RuntimeError } from "../futures/errors.ts";
import { Future } from "../futures/future.ts";
import type { ExceptionContext, Runnable } from "../futures/future_loop.ts";
import { Task, type TaskOptions } from "../futures/task.ts";
import { _closeRegistry } from "../futures/task_registry.ts";
import { checkDelay } from "../futures/sleep.ts";
import {
  bindDatagram,
  type BindDatagramOptions,
  type DatagramSocket,
} from "../transports/datagram_socket.ts";
import type { DatagramTransport } from "../transports/datagram_transport.ts";
import type { ReadPipe, WritePipe } from "../transports/pipe.ts";
import type { PipeTransportOptions } from "../transports/pipe_options.ts";
import type { ProcessCommand, SubprocessOptions } from "../transports/process_command.ts";
import type {
  AnyProtocol,
  BaseProtocolLike,
  DatagramProtocol,
  SubprocessProtocol,
} from "../transports/protocol.ts";
import type { SubprocessTransport } from "../transports/subprocess_transport.ts";
import type { SSLContext } from "../transports/tls/ssl_context.ts";
import {
  makeSslTransport,
  type SSLTransportOptions,
  startTls,
  type StartTlsOptions,
} from "../transports/tls/start_tls.ts";
import type { UdpTransportOptions } from "../transports/udp_transport.ts";
import type { SocketTransportOptions } from "../transports/socket_transport.ts";
import type { SocketAddress, StreamListener, StreamSocket } from "../transports/stream_socket.ts";
import type { Closable } from "../transports/transport_loop.ts";
import type {
  ReadTransport,
  Transport,
  WritableData,
  WriteTransport,
} from "../transports/transport.ts";
import type {
  AddressInfo,
  GetAddrInfoOptions,
  GetNameInfoOptions,
  NameInfo,
} from "./address_info.ts";
import { connectAcceptedSocket, connectSocket, createConnection } from "./_connect.ts";
import {
  connectPipe,
  createDatagramEndpoint,
  receiveFrom,
  receiveFromInto,
  sendTo,
} from "./_endpoints.ts";
import { sendfile, sockSendfile } from "./_sendfile.ts";
import { accept, receive, receiveInto, sendAll } from "./_sockets.ts";
import { subprocessExec, subprocessShell } from "./_subprocess.ts";
import { createUnixConnection, createUnixServer } from "./_unix.ts";
import { connect, listen } from "./_deno_sockets.ts";
import { hostCall } from "./_host_call.ts";
import { getaddrinfo, getnameinfo } from "./_resolve.ts";
import { createServer } from "./_serve.ts";
import type {
  AcceptedSocketOptions,
  ConnectHookOptions,
  ConnectionOptions,
  DatagramEndpointOptions,
  ListenHookOptions,
  SendfileOptions,
  ServerOptions,
  StreamAddress,
  UnixConnectionOptions,
  UnixServerOptions,
} from "./network_options.ts";
import type { Server } from "./server.ts";
import {
  AbstractEventLoop,
  type ExceptionHandler,
  type TaskFactory,
} from "./abstract_event_loop.ts";
import { DefaultExecutor } from "./executor/default_executor.ts";
import type { Executor, ExecutorFunction } from "./executor/executor.ts";
import { printException } from "./_print_exception.ts";
import { HostWait } from "./_host_wait.ts";
import { type AnyCallback, Handle, TimerHandle } from "./handle.ts";
import type { ReadyQueue } from "./ready_queue.ts";
import { Scheduler } from "./_scheduler.ts";

/**
 * The loop that other loops are made of.
 *
 * Inherit from it and override the hooks; every public method then works on what they provide.
 *
 * asyncio name: `BaseEventLoop`.
 *
 * @example A loop that counts how often it waits
 * ```ts
 * import { DenoEventLoop, run, sleep } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * class CountingLoop extends DenoEventLoop {
 *   waits = 0;
 *   override _select(timeoutMs: number): Promise<void> {
 *     this.waits++;
 *     return super._select(timeoutMs);
 *   }
 * }
 * const loop = new CountingLoop();
 * await run(() => sleep(5), { loopFactory: () => loop });
 * assert(loop.waits > 0);
 * ```
 */
export class BaseEventLoop extends AbstractEventLoop {
  // ---- State ------------------------------------------------------------------------------------

  /** @internal */
  _callbackBudget = 1;
  /** @internal */
  _interrupted = false;

  readonly #host = new HostWait();
  readonly #scheduler = new Scheduler(this);
  readonly #ready = this.#scheduler.ready;
  // What keeps the process alive and is to be closed with the loop.
  readonly #held = new Set<Closable>();
  readonly #executor = new DefaultExecutor(this);
  #running = false;
  #closed = false;
  #debug = false;
  #taskFactory: TaskFactory | undefined = undefined;
  #exceptionHandler: ExceptionHandler | undefined = undefined;

  /**
   * How long a callback may run before it is reported in debug mode, in milliseconds.
   * @default 100
   */
  slowCallbackDuration = 100;

  // ---- Hooks ------------------------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.time}. */
  override time(): number {
    return performance.now();
  }

  /**
   * Waits for the host. The one place where the loop waits.
   *
   * Called by the loop between two iterations: with 0 at a bounded interval while callbacks are
   * ready, so that the host can deliver what it has; otherwise, with the time to the next deadline,
   * to wait until something becomes ready. Nothing runs while it waits but what the host calls. What
   * it throws ends the run.
   *
   * @param timeoutMs the longest time to wait, in milliseconds; 0 for one turn of the host,
   * `Infinity` for no limit
   * @returns when the time has passed or `_wakeup()` was called; earlier does no harm
   */
  _select(timeoutMs: number): Promise<void> {
    return this.#host.select(timeoutMs);
  }

  /**
   * Ends a `_select()` early. Called when something becomes ready while the loop waits.
   *
   * asyncio name: `_write_to_self`.
   */
  _wakeup(): void {
    this.#host.wakeup();
  }

  /**
   * The time of the host, in milliseconds, which decides how long callbacks run before `_select(0)` is
   * called. Another clock than `time()` where that one is virtual.
   *
   * Called by the loop after some callbacks, between one and a few dozen, the fewer the faster this
   * clock goes. It must never go back, and must not throw.
   */
  _hostTime(): number {
    return performance.now();
  }

  /**
   * Called before each pass; a loop that looks for races changes the order of what is ready.
   * @internal
   */
  _passBegins(_ready: ReadyQueue): void {}

  /**
   * Resolves a name.
   *
   * Called by `getaddrinfo()` and by everything that takes a host, unless the host is an IP address.
   * It may throw what the host throws, best a `GAIError`. When the wait is cancelled, the answer is
   * dropped.
   */
  _resolve(
    host: string | undefined,
    port: number | string | undefined,
    options: GetAddrInfoOptions,
  ): Promise<AddressInfo[]> {
    return getaddrinfo(host, port, options);
  }

  /**
   * Opens a connection to one address.
   *
   * Called once for each address that is tried. It may throw `Deno.errors.*`; the address is added to
   * the message by the caller. When the signal is aborted it should reject at once; a connection that
   * comes all the same is closed by the caller.
   */
  // deno-lint-ignore require-await
  async _connect(address: StreamAddress, options: ConnectHookOptions): Promise<StreamSocket> {
    return connect(address, options);
  }

  /**
   * Opens a listening socket on one address.
   *
   * Called once for each address of a server. It may throw `Deno.errors.*`; the address is added to
   * the message by the caller.
   */
  // deno-lint-ignore require-await
  async _listen(address: StreamAddress, options: ListenHookOptions): Promise<StreamListener> {
    return listen(address, options);
  }

  /**
   * Makes the transport of a connection.
   *
   * Called once for each connection, from a task. The transport must call the protocol's
   * `connectionMade()` from the loop, then set the waiter's result, and closes the connection when it
   * ends. When this throws, the caller closes the connection.
   *
   * asyncio name: `_make_socket_transport`.
   */
  _makeSocketTransport(
    _socket: StreamSocket,
    _protocol: AnyProtocol,
    _options?: SocketTransportOptions,
  ): Transport {
    this.#missingHook("_makeSocketTransport");
  }

  /**
   * Opens a datagram socket.
   *
   * Called once for each endpoint that was given none. It may throw `Deno.errors.*`; the address is
   * added to the message by the caller.
   */
  _bindDatagram(
    address: { readonly host: string; readonly port: number },
    options: BindDatagramOptions,
  ): Promise<DatagramSocket> {
    return bindDatagram(address, options);
  }

  #missingHook(name: string): never {
    throw new NotImplementedError(`${this.constructor.name} does not implement ${name}()`);
  }

  /**
   * Makes the transport of a connection with TLS; see {@linkcode BaseEventLoop._makeSocketTransport}.
   *
   * The default wraps the transport that `_makeSocketTransport()` makes.
   *
   * asyncio name: `_make_ssl_transport`.
   */
  _makeSslTransport(
    socket: StreamSocket,
    protocol: AnyProtocol,
    context: SSLContext | undefined,
    options?: SSLTransportOptions,
  ): Transport {
    return makeSslTransport(this, socket, protocol, context, options);
  }

  /**
   * Makes the transport of a datagram socket; see {@linkcode BaseEventLoop._makeSocketTransport}.
   *
   * asyncio name: `_make_datagram_transport`.
   */
  _makeDatagramTransport(
    _socket: DatagramSocket,
    _protocol: DatagramProtocol,
    _options?: UdpTransportOptions,
  ): DatagramTransport {
    this.#missingHook("_makeDatagramTransport");
  }

  /**
   * Makes the transport of a pipe that is read; see {@linkcode BaseEventLoop._makeSocketTransport}.
   *
   * asyncio name: `_make_read_pipe_transport`.
   */
  _makeReadPipeTransport(
    _pipe: ReadPipe,
    _protocol: AnyProtocol,
    _options?: PipeTransportOptions,
  ): ReadTransport {
    this.#missingHook("_makeReadPipeTransport");
  }

  /**
   * Makes the transport of a pipe that is written; see {@linkcode BaseEventLoop._makeSocketTransport}.
   *
   * asyncio name: `_make_write_pipe_transport`.
   */
  _makeWritePipeTransport(
    _pipe: WritePipe,
    _protocol: BaseProtocolLike,
    _options?: PipeTransportOptions,
  ): WriteTransport {
    this.#missingHook("_makeWritePipeTransport");
  }

  /**
   * Starts a child process and makes its transport, which is returned once the protocol has it. When
   * the wait is cancelled, the child is killed.
   *
   * asyncio name: `_make_subprocess_transport`.
   */
  _makeSubprocessTransport(
    _protocol: SubprocessProtocol,
    _command: ProcessCommand,
  ): Coroutine<SubprocessTransport> {
    this.#missingHook("_makeSubprocessTransport");
  }

  // ---- Callbacks --------------------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.callSoon}. */
  override callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): Handle {
    if (this.#closed || this.#debug || typeof callback !== "function") {
      this.#check("callSoon", callback);
    }
    const handle = new Handle(
      callback as unknown as AnyCallback,
      args,
      currentContext()._snapshot(),
    );
    if (this.#debug) handle._sourceTraceback = sourceTraceback();
    this._enqueue(handle);
    return handle;
  }

  /** See {@linkcode AbstractEventLoop.callSoonThreadsafe}. */
  override callSoonThreadsafe<A extends unknown[]>(
    callback: (...args: A) => void,
    ...args: A
  ): Handle {
    return this.callSoon(callback, ...args);
  }

  /** See {@linkcode AbstractEventLoop.callLater}. */
  override callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    if (typeof delay !== "number" || Number.isNaN(delay)) checkDelay("schedule a callback", delay);
    if (this.#closed || this.#debug || typeof callback !== "function") {
      this.#check("callLater", callback);
    }
    const snapshot = currentContext()._snapshot();
    const now = this.#scheduler.timeSeen = this.time();
    return this.#schedule(
      new TimerHandle(now + delay, callback as unknown as AnyCallback, args, snapshot, this),
    );
  }

  /** See {@linkcode AbstractEventLoop.callAt}. */
  override callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    if (typeof when !== "number" || Number.isNaN(when)) {
      const Mistake = typeof when === "number" ? RangeError : TypeError;
      throw new Mistake(
        "Cannot schedule a callback: the time must be a number of milliseconds, got " +
          describe(when),
      );
    }
    if (this.#closed || this.#debug || typeof callback !== "function") {
      this.#check("callAt", callback);
    }
    const snapshot = currentContext()._snapshot();
    return this.#schedule(
      new TimerHandle(when, callback as unknown as AnyCallback, args, snapshot, this),
    );
  }

  #schedule(timer: TimerHandle): TimerHandle {
    if (this.#debug) timer._sourceTraceback = sourceTraceback();
    this.#scheduler.schedule(timer);
    return timer;
  }

  #check(method: string, callback: unknown): void {
    if (this.#closed) throw new RuntimeError(`Cannot call ${method}(): the event loop is closed`);
    if (typeof callback !== "function") {
      throw new TypeError(
        `Cannot call ${method}(): the callback must be a function, got ${describe(callback)}`,
      );
    }
    if (iscoroutinefunction(callback)) {
      throw new TypeError(
        `Cannot call ${method}(): ${describe(callback)} is a coroutine function; ` +
          "use createTask() for it",
      );
    }
  }

  /** @internal */
  _timerHandleCancelled(timer: TimerHandle): void {
    if (timer._scheduled) this.#scheduler.timerCancelled();
  }

  /** @internal */
  override _enqueue(item: Runnable): void {
    this.#ready.push(item);
    if (this.#scheduler.parkedUntil !== -Infinity) this.#scheduler.unpark();
  }

  /**
   * Runs something that the host has brought: at once, as a pass of its own, when the loop waits and
   * nothing is ready, else in its turn. Called by transports, outside of any callback.
   * @internal
   */
  _deliver(item: Runnable): void {
    if (!this.#scheduler.deliver(item)) this._enqueue(item);
  }

  /**
   * Runs something when the present pass has run its last callback, before the loop can stop; wakes a
   * loop that waits. It must call nothing of the program's, and must not throw. Called by transports,
   * to send in one piece what a pass has written.
   * @internal
   */
  _atPassEnd(item: Runnable): void {
    this.#scheduler.atPassEnd(item);
  }

  /** @internal */
  _hold(resource: Closable): void {
    this.#held.add(resource);
  }

  /** @internal */
  _letGo(resource: Closable): void {
    this.#held.delete(resource);
  }

  /** What is open; a test may want it to be empty. @internal */
  get _held(): ReadonlySet<Closable> {
    return this.#held;
  }

  // ---- Running ----------------------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.isRunning}. */
  override isRunning(): boolean {
    return this.#running;
  }

  /** See {@linkcode AbstractEventLoop.isClosed}. */
  override isClosed(): boolean {
    return this.#closed;
  }

  /** See {@linkcode AbstractEventLoop.stop}. */
  override stop(): void {
    this.#scheduler.stop();
  }

  /** See {@linkcode AbstractEventLoop.runForever}. */
  override async runForever(): Promise<void> {
    this.#checkRunnable();
    this.#host.hold();
    await this.#run();
  }

  /** See {@linkcode AbstractEventLoop.runUntilComplete}. */
  override async runUntilComplete<T>(input: FutureInput<T>): Promise<T> {
    this.#checkRunnable();
    const future = ensureFuture(input, { loop: this });
    // Once scheduled, the callback cannot be taken back; it must not end a later run.
    let waiting = true;
    const stop = () => {
      if (waiting) this.stop();
    };
    future.addDoneCallback(stop);
    try {
      await this.#run(future);
    } finally {
      waiting = false;
      future.removeDoneCallback(stop);
    }
    if (!future.done()) {
      throw new RuntimeError(`Cannot complete ${future}: the event loop was stopped before it`);
    }
    return future.result();
  }

  #checkRunnable(): void {
    if (this.#closed) throw new RuntimeError("Cannot run the event loop: it is closed");
    if (this.#running) throw new RuntimeError("Cannot run the event loop: it is already running");
  }

  /** Runs until stopped. @param main what the run is for; its caller gets the exception */
  async #run(main?: Future<unknown>): Promise<void> {
    this.#checkRunnable();
    this.#running = true;
    try {
      // The first pass may be inside a callback of another loop.
      const { own } = sync;
      sync.own = null;
      const ended = enterAsync(new Frame(this, null, new Context()), () => this.#scheduler.run());
      sync.own = own;
      await ended;
    } finally {
      this.#running = false;
      this.#scheduler.hasRun();
      this.#host.release();
      if (main?.done() && !main.cancelled()) main.exception();
      reportUnretrieved(this, this.#ready.toArray(), false);
      reportUnawaited(this);
    }
  }

  // ---- Failures ---------------------------------------------------------------------------------

  /** @internal */
  _callbackFailed(item: Runnable, error: unknown): void {
    if (error instanceof KeyboardInterrupt) return this._interrupt(error);
    const sourceTraceback = item instanceof Handle ? item._sourceTraceback : undefined;
    try {
      this.callExceptionHandler({
        message: `Exception in callback ${item}`,
        exception: error,
        handle: item,
        ...(sourceTraceback === undefined ? {} : { sourceTraceback }),
      });
    } catch (interruption) {
      // The pass has to be left in order.
      this._interrupt(interruption);
    }
  }

  /**
   * Ends the run at once with an error, whatever is ready. For signal handlers.
   * @internal
   */
  _interrupt(error: unknown): void {
    this.#scheduler.interrupt(error);
  }

  /** See {@linkcode AbstractEventLoop.getExceptionHandler}. */
  override getExceptionHandler(): ExceptionHandler | undefined {
    return this.#exceptionHandler;
  }

  /** See {@linkcode AbstractEventLoop.setExceptionHandler}. */
  override setExceptionHandler(handler: ExceptionHandler | undefined): void {
    if (handler !== undefined && typeof handler !== "function") {
      throw new TypeError(
        "Cannot set the exception handler: it must be a function or undefined, got " +
          describe(handler),
      );
    }
    this.#exceptionHandler = handler;
  }

  /** See {@linkcode AbstractEventLoop.defaultExceptionHandler}. */
  override defaultExceptionHandler(context: ExceptionContext): void {
    printException(context);
  }

  /** See {@linkcode AbstractEventLoop.callExceptionHandler}. */
  override callExceptionHandler(context: ExceptionContext): void {
    const handler = this.#exceptionHandler;
    try {
      if (handler === undefined) this.defaultExceptionHandler(context);
      else handler(this, context);
    } catch (error) {
      if (error instanceof KeyboardInterrupt) throw error;
      // A handler that fails must not hide what it was told.
      printException({
        message: handler === undefined
          ? "Exception in the default exception handler"
          : "Unhandled error in the exception handler",
        exception: error,
      });
      if (handler !== undefined) printException(context);
    }
  }

  // ---- Futures and tasks ------------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.createFuture}. */
  override createFuture<T>(): Future<T> {
    return new Future<T>({ loop: this });
  }

  /** See {@linkcode AbstractEventLoop.createTask}. */
  override createTask<T>(coro: CoroutineLike<T>, options?: TaskOptions): Task<T> {
    if (this.#closed) throw new RuntimeError("Cannot create a task: the event loop is closed");
    if (this.#taskFactory !== undefined) {
      return this.#taskFactory(this, coro, options) as Task<T>;
    }
    return new Task<T>(coro, options === undefined ? { loop: this } : { ...options, loop: this });
  }

  /** See {@linkcode AbstractEventLoop.setTaskFactory}. */
  override setTaskFactory(factory: TaskFactory | undefined): void {
    if (factory !== undefined && typeof factory !== "function") {
      throw new TypeError(
        `Cannot set the task factory: it must be a function or undefined, got ${describe(factory)}`,
      );
    }
    this.#taskFactory = factory;
  }

  /** See {@linkcode AbstractEventLoop.getTaskFactory}. */
  override getTaskFactory(): TaskFactory | undefined {
    return this.#taskFactory;
  }

  // ---- Functions in other threads ---------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.runInExecutor}. */
  override runInExecutor<A extends unknown[], R>(
    executor: Executor | undefined,
    func: ExecutorFunction<A, R>,
    ...args: A
  ): Future<Awaited<R>> {
    if (this.#closed) {
      throw new RuntimeError("Cannot call runInExecutor(): the event loop is closed");
    }
    return this.#executor.run(executor, func, args);
  }

  /** See {@linkcode AbstractEventLoop.setDefaultExecutor}. */
  override setDefaultExecutor(executor: Executor): void {
    this.#executor.set(executor);
  }

  /** See {@linkcode AbstractEventLoop.shutdownDefaultExecutor}. */
  override shutdownDefaultExecutor(timeoutMs?: number): Coroutine<void> {
    return _coroutineOf(this.#executor.shutdown(timeoutMs), "shutdownDefaultExecutor");
  }

  // ---- Names and connections --------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.getaddrinfo}. */
  override getaddrinfo(
    host: string | undefined,
    port: number | string | undefined,
    options: GetAddrInfoOptions = {},
  ): Coroutine<AddressInfo[]> {
    const steps = hostCall(this, () => this._resolve(host, port, options), () => {});
    return _coroutineOf(steps, "getaddrinfo");
  }

  /** See {@linkcode AbstractEventLoop.getnameinfo}. */
  override getnameinfo(
    address: AddressInfo["address"],
    options: GetNameInfoOptions = {},
  ): Coroutine<NameInfo> {
    const steps = hostCall(this, () => getnameinfo(address, options), () => {});
    return _coroutineOf(steps, "getnameinfo");
  }

  /** See {@linkcode AbstractEventLoop.createConnection}. */
  override createConnection<P extends AnyProtocol>(
    protocolFactory: () => P,
    host?: string,
    port?: number | string,
    options?: ConnectionOptions,
  ): Coroutine<[Transport, P]> {
    const steps = createConnection(this, protocolFactory, host, port, options);
    return _coroutineOf(steps, "createConnection");
  }

  /** See {@linkcode AbstractEventLoop.createServer}. */
  override createServer(
    protocolFactory: () => AnyProtocol,
    host?: string | readonly string[],
    port?: number | string,
    options?: ServerOptions,
  ): Coroutine<Server> {
    const steps = createServer(this, protocolFactory, host, port, options);
    return _coroutineOf(steps, "createServer");
  }

  /** See {@linkcode AbstractEventLoop.connectAcceptedSocket}. */
  override connectAcceptedSocket<P extends AnyProtocol>(
    protocolFactory: () => P,
    sock: StreamSocket,
    options?: AcceptedSocketOptions,
  ): Coroutine<[Transport, P]> {
    const steps = connectAcceptedSocket(this, protocolFactory, sock, options);
    return _coroutineOf(steps, "connectAcceptedSocket");
  }

  /** See {@linkcode AbstractEventLoop.startTls}. */
  override startTls(
    transport: Transport,
    protocol: AnyProtocol,
    context: SSLContext,
    options?: StartTlsOptions,
  ): Coroutine<Transport> {
    return startTls(this, transport, protocol, context, options);
  }

  /** See {@linkcode AbstractEventLoop.createUnixConnection}. */
  override createUnixConnection<P extends AnyProtocol>(
    protocolFactory: () => P,
    path?: string | URL,
    options?: UnixConnectionOptions,
  ): Coroutine<[Transport, P]> {
    const steps = createUnixConnection(this, protocolFactory, path, options);
    return _coroutineOf(steps, "createUnixConnection");
  }

  /** See {@linkcode AbstractEventLoop.createUnixServer}. */
  override createUnixServer(
    protocolFactory: () => AnyProtocol,
    path?: string | URL,
    options?: UnixServerOptions,
  ): Coroutine<Server> {
    return _coroutineOf(createUnixServer(this, protocolFactory, path, options), "createUnixServer");
  }

  /** See {@linkcode AbstractEventLoop.sendfile}. */
  override sendfile(
    transport: Transport,
    file: Deno.FsFile,
    offset?: number,
    count?: number,
    options?: SendfileOptions,
  ): Coroutine<number> {
    return _coroutineOf(sendfile(this, transport, file, offset, count, options), "sendfile");
  }

  // ---- Datagrams and pipes ----------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.createDatagramEndpoint}. */
  override createDatagramEndpoint<P extends DatagramProtocol>(
    protocolFactory: () => P,
    options: DatagramEndpointOptions,
  ): Coroutine<[DatagramTransport, P]> {
    const steps = createDatagramEndpoint(this, protocolFactory, options);
    return _coroutineOf(steps, "createDatagramEndpoint");
  }

  /** See {@linkcode AbstractEventLoop.connectReadPipe}. */
  override connectReadPipe<P extends AnyProtocol>(
    protocolFactory: () => P,
    pipe: ReadPipe,
  ): Coroutine<[ReadTransport, P]> {
    const make = (protocol: P, waiter: Future<void>) =>
      this._makeReadPipeTransport(pipe, protocol, { waiter });
    return _coroutineOf(connectPipe(this, protocolFactory, make), "connectReadPipe");
  }

  /** See {@linkcode AbstractEventLoop.connectWritePipe}. */
  override connectWritePipe<P extends BaseProtocolLike>(
    protocolFactory: () => P,
    pipe: WritePipe,
  ): Coroutine<[WriteTransport, P]> {
    const make = (protocol: P, waiter: Future<void>) =>
      this._makeWritePipeTransport(pipe, protocol, { waiter });
    return _coroutineOf(connectPipe(this, protocolFactory, make), "connectWritePipe");
  }

  /** See {@linkcode AbstractEventLoop.subprocessExec}. */
  override subprocessExec<P extends SubprocessProtocol>(
    protocolFactory: () => P,
    program: string | URL,
    args?: readonly string[],
    options?: SubprocessOptions,
  ): Coroutine<[SubprocessTransport, P]> {
    const steps = subprocessExec(this, protocolFactory, program, args, options);
    return _coroutineOf(steps, "subprocessExec");
  }

  /** See {@linkcode AbstractEventLoop.subprocessShell}. */
  override subprocessShell<P extends SubprocessProtocol>(
    protocolFactory: () => P,
    command: string,
    options?: SubprocessOptions,
  ): Coroutine<[SubprocessTransport, P]> {
    const steps = subprocessShell(this, protocolFactory, command, options);
    return _coroutineOf(steps, "subprocessShell");
  }

  // ---- Connections as sockets -------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.sockRecv}. */
  override sockRecv(sock: StreamSocket, nbytes: number): Coroutine<Uint8Array<ArrayBuffer>> {
    return _coroutineOf(receive(this, sock, nbytes), "sockRecv");
  }

  /** See {@linkcode AbstractEventLoop.sockRecvInto}. */
  override sockRecvInto(sock: StreamSocket, buffer: Uint8Array): Coroutine<number> {
    return _coroutineOf(receiveInto(this, sock, buffer), "sockRecvInto");
  }

  /** See {@linkcode AbstractEventLoop.sockSendall}. */
  override sockSendall(sock: StreamSocket, data: WritableData): Coroutine<void> {
    return _coroutineOf(sendAll(this, sock, data), "sockSendall");
  }

  /** See {@linkcode AbstractEventLoop.sockAccept}. */
  override sockAccept(sock: StreamListener): Coroutine<[StreamSocket, SocketAddress]> {
    return _coroutineOf(accept(this, sock), "sockAccept");
  }

  /** See {@linkcode AbstractEventLoop.sockConnect}. */
  override sockConnect(
    address: readonly [host: string, port: number] | string,
  ): Coroutine<StreamSocket> {
    return _coroutineOf(connectSocket(this, address), "sockConnect");
  }

  /** See {@linkcode AbstractEventLoop.sockRecvfrom}. */
  override sockRecvfrom(
    sock: DatagramSocket,
    size: number,
  ): Coroutine<[data: Uint8Array<ArrayBuffer>, from: [host: string, port: number]]> {
    return _coroutineOf(receiveFrom(this, sock, size), "sockRecvfrom");
  }

  /** See {@linkcode AbstractEventLoop.sockRecvfromInto}. */
  override sockRecvfromInto(
    sock: DatagramSocket,
    buffer: Uint8Array,
  ): Coroutine<[count: number, from: [host: string, port: number]]> {
    return _coroutineOf(receiveFromInto(this, sock, buffer), "sockRecvfromInto");
  }

  /** See {@linkcode AbstractEventLoop.sockSendto}. */
  override sockSendto(
    sock: DatagramSocket,
    data: WritableData,
    address: readonly [host: string, port: number],
  ): Coroutine<number> {
    return _coroutineOf(sendTo(this, sock, data, address), "sockSendto");
  }

  /** See {@linkcode AbstractEventLoop.sockSendfile}. */
  override sockSendfile(
    sock: StreamSocket,
    file: Deno.FsFile,
    offset?: number,
    count?: number,
    options?: SendfileOptions,
  ): Coroutine<number> {
    return _coroutineOf(sockSendfile(this, sock, file, offset, count, options), "sockSendfile");
  }

  // ---- Debug mode -------------------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.getDebug}. */
  override getDebug(): boolean {
    return this.#debug;
  }

  /** See {@linkcode AbstractEventLoop.setDebug}. */
  override setDebug(enabled: boolean): void {
    const debug = Boolean(enabled);
    if (debug !== this.#debug && !this.#closed) _countDebugLoops(debug ? 1 : -1);
    this.#debug = debug;
    this.#scheduler.setTimed(debug);
  }

  // ---- The end ----------------------------------------------------------------------------------

  /** See {@linkcode AbstractEventLoop.shutdownAsyncgens}. */
  override async shutdownAsyncgens(): Promise<void> {
    // JavaScript tells nobody of an async generator that is left suspended, so there is nothing to do.
  }

  /** See {@linkcode AbstractEventLoop.close}. */
  override close(): void {
    if (this.#running) throw new RuntimeError("Cannot close the event loop: it is running");
    if (this.#closed) return;
    reportUnretrieved(this, this.#ready.toArray(), true);
    reportUnawaited(this);
    if (this.#debug) _countDebugLoops(-1);
    this.#closed = true;
    for (const resource of this.#held) {
      try {
        resource.close();
      } catch {
        // Somebody else has closed it.
      }
    }
    this.#held.clear();
    this.#scheduler.clear();
    this.#executor.close();
    this.#host.close();
    _closeRegistry(this);
  }

  /** For messages. */
  override toString(): string {
    const state = this.#closed ? "closed" : this.#running ? "running" : "idle";
    return `<${this.constructor.name} ${state}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}
