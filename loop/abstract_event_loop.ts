/**
 * `AbstractEventLoop`: every method of a loop, declared, documented and not implemented.
 *
 * asyncio counterpart: `asyncio.events.AbstractEventLoop`.
 *
 * It is long because the list is long: there is nothing but declarations, and what they promise.
 *
 * @module
 */

import { runFor } from "../futures/_frame.ts";
import type { Coroutine, CoroutineLike } from "../futures/coroutine.ts";
import type { FutureInput } from "../futures/ensure_future.ts";
import { NotImplementedError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import type { ExceptionContext, FutureLoop, Runnable } from "../futures/future_loop.ts";
import type { Task, TaskOptions } from "../futures/task.ts";
import type { TaskLike } from "../futures/task_registry.ts";
import type { DatagramSocket } from "../transports/datagram_socket.ts";
import type { DatagramTransport } from "../transports/datagram_transport.ts";
import type { ReadPipe, WritePipe } from "../transports/pipe.ts";
import type { SubprocessOptions } from "../transports/process_command.ts";
import type {
  AnyProtocol,
  BaseProtocolLike,
  DatagramProtocol,
  SubprocessProtocol,
} from "../transports/protocol.ts";
import type { SubprocessTransport } from "../transports/subprocess_transport.ts";
import type { SocketAddress, StreamListener, StreamSocket } from "../transports/stream_socket.ts";
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
import type { Executor, ExecutorFunction } from "./executor/executor.ts";
import type { Handle, TimerHandle } from "./handle.ts";
import type { SSLContext } from "../transports/tls/ssl_context.ts";
import type { StartTlsOptions } from "../transports/tls/start_tls.ts";
import type {
  AcceptedSocketOptions,
  ConnectionOptions,
  DatagramEndpointOptions,
  SendfileOptions,
  ServerOptions,
  UnixConnectionOptions,
  UnixServerOptions,
} from "./network_options.ts";
import type { Server } from "./server.ts";

/**
 * Makes the tasks of a loop; see {@linkcode AbstractEventLoop.setTaskFactory}.
 *
 * What it returns must be a future, and should be a {@linkcode Task} or look like one.
 */
export type TaskFactory = (
  loop: AbstractEventLoop,
  coro: CoroutineLike<unknown>,
  options?: TaskOptions,
) => TaskLike;

/** Told of problems; see {@linkcode AbstractEventLoop.setExceptionHandler}. */
export type ExceptionHandler = (loop: AbstractEventLoop, context: ExceptionContext) => void;

/**
 * What every loop offers.
 *
 * Each method raises `NotImplementedError` here. Inherit from `BaseEventLoop`, which implements them
 * on a few hooks, unless nothing of it is of use.
 *
 * asyncio name: `AbstractEventLoop`.
 */
export abstract class AbstractEventLoop implements FutureLoop {
  /** @internal */
  _asyncSteps = 0;
  /** @internal */
  _asyncHops = 0;
  /** @internal */
  _asyncEpoch = 0;
  /** @internal */
  _asyncRested: (() => void) | undefined = undefined;

  #missing(name: string): never {
    throw new NotImplementedError(`${this.constructor.name} does not implement ${name}()`);
  }

  // ---- Running ----------------------------------------------------------------------------------

  /**
   * Runs until {@linkcode AbstractEventLoop.stop} is called, and keeps the process alive meanwhile.
   *
   * asyncio name: `run_forever`.
   *
   * @throws {RuntimeError} when the loop is closed or running
   */
  runForever(): Promise<void> {
    this.#missing("runForever");
  }

  /**
   * Runs until something is done, and returns its result.
   *
   * When nothing is left that could complete it, Deno ends the process, as it does for any promise
   * that can never be settled.
   *
   * asyncio name: `run_until_complete`.
   *
   * @param input a future, a coroutine, an async function or a promise
   * @throws {RuntimeError} when the loop is closed or running, or is stopped before the end
   */
  runUntilComplete<T>(_input: FutureInput<T>): Promise<T> {
    this.#missing("runUntilComplete");
  }

  /**
   * Ends the run after the present pass. Where the loop does not run, its next run ends after one pass.
   *
   * asyncio name: `stop`.
   */
  stop(): void {
    this.#missing("stop");
  }

  /**
   * Whether the loop runs.
   *
   * asyncio name: `is_running`.
   */
  isRunning(): boolean {
    this.#missing("isRunning");
  }

  /**
   * Whether the loop was closed.
   *
   * asyncio name: `is_closed`.
   */
  isClosed(): boolean {
    this.#missing("isClosed");
  }

  /**
   * Closes the loop: what is scheduled will not run, and what the loop holds of the host is given
   * back. A second call does nothing.
   *
   * asyncio name: `close`.
   *
   * @throws {RuntimeError} when the loop runs
   */
  close(): void {
    this.#missing("close");
  }

  /**
   * Does nothing: JavaScript tells nobody of async generators that are left suspended. Here for
   * programs that call it.
   *
   * asyncio name: `shutdown_asyncgens`.
   */
  shutdownAsyncgens(): Promise<void> {
    this.#missing("shutdownAsyncgens");
  }

  // ---- Callbacks --------------------------------------------------------------------------------

  /**
   * Schedules a callback for the next pass.
   *
   * Callbacks run in the order in which they were scheduled, each once, in a copy of the present
   * context; bind another context with `context.wrap(callback)`.
   *
   * asyncio name: `call_soon`.
   *
   * @param callback the function
   * @param args its arguments
   * @returns a handle to call it off with
   * @throws {TypeError} when `callback` is no function
   * @throws {RuntimeError} when the loop is closed
   */
  callSoon<A extends unknown[]>(_callback: (...args: A) => void, ..._args: A): Handle {
    this.#missing("callSoon");
  }

  /**
   * The same as {@linkcode AbstractEventLoop.callSoon}, to be called from outside of the loop, e.g.
   * from the message handler of a `Worker`.
   *
   * asyncio name: `call_soon_threadsafe`.
   */
  callSoonThreadsafe<A extends unknown[]>(_callback: (...args: A) => void, ..._args: A): Handle {
    this.#missing("callSoonThreadsafe");
  }

  /**
   * Schedules a callback for later: never early, and in the order of deadlines; equal deadlines in
   * the order of scheduling.
   *
   * asyncio name: `call_later`.
   *
   * @param delay the time to wait, in milliseconds; a negative one is over already, and `Infinity`
   * waits for being called off
   * @param callback the function
   * @param args its arguments
   * @returns a handle to call it off with
   * @throws {RangeError} when `delay` is `NaN`
   * @throws {TypeError} when `delay` is no number, or `callback` no function
   * @throws {RuntimeError} when the loop is closed
   */
  callLater<A extends unknown[]>(
    _delay: number,
    _callback: (...args: A) => void,
    ..._args: A
  ): TimerHandle {
    this.#missing("callLater");
  }

  /**
   * Schedules a callback for a time of the loop's clock, at once when that has passed.
   *
   * asyncio name: `call_at`.
   *
   * @param when the time, in milliseconds as {@linkcode AbstractEventLoop.time} tells it
   * @param callback the function
   * @param args its arguments
   * @returns a handle to call it off with
   * @throws {RangeError} when `when` is `NaN`
   * @throws {TypeError} when `when` is no number, or `callback` no function
   * @throws {RuntimeError} when the loop is closed
   */
  callAt<A extends unknown[]>(
    _when: number,
    _callback: (...args: A) => void,
    ..._args: A
  ): TimerHandle {
    this.#missing("callAt");
  }

  /**
   * The loop's clock: milliseconds that only ever grow, from an arbitrary start.
   *
   * asyncio name: `time`.
   */
  time(): number {
    this.#missing("time");
  }

  /**
   * Appends a runnable to the ready queue; see {@linkcode Runnable}.
   * @internal
   */
  _enqueue(item: Runnable): void {
    this.callSoon(() => runFor(this, item));
  }

  // ---- Futures and tasks ------------------------------------------------------------------------

  /**
   * Makes a future of this loop. Loops override it to make a class of their own.
   *
   * asyncio name: `create_future`.
   */
  createFuture<T>(): Future<T> {
    this.#missing("createFuture");
  }

  /**
   * Makes a task of this loop, through its task factory when one is set.
   *
   * asyncio name: `create_task`.
   *
   * @param coro a coroutine, a generator, an async function or a generator function
   * @param options name, context, eager start
   * @returns the task
   * @throws {TypeError} when `coro` is none of these
   * @throws {RuntimeError} when the loop is closed
   */
  createTask<T>(_coro: CoroutineLike<T>, _options?: TaskOptions): Task<T> {
    this.#missing("createTask");
  }

  /**
   * Lets a function make the tasks of this loop.
   *
   * asyncio name: `set_task_factory`.
   *
   * @param factory the function, or `undefined` for the built-in class
   * @throws {TypeError} when it is neither
   */
  setTaskFactory(_factory: TaskFactory | undefined): void {
    this.#missing("setTaskFactory");
  }

  /**
   * The task factory, if one is set.
   *
   * asyncio name: `get_task_factory`.
   */
  getTaskFactory(): TaskFactory | undefined {
    this.#missing("getTaskFactory");
  }

  // ---- Functions in other threads ---------------------------------------------------------------

  /**
   * Runs a function in another thread, so that the loop goes on meanwhile.
   *
   * What can run there, and what becomes of arguments, results and errors, is up to the executor:
   * see {@linkcode WorkerPoolExecutor}, of which the default is one.
   *
   * **Cancellation** of the future takes back a call that has not started. One that runs goes on, and
   * its result is dropped, unless `terminateOnCancel` says otherwise.
   *
   * **Differs from asyncio**: an async function is allowed, and waited for in the worker.
   *
   * asyncio name: `run_in_executor`.
   *
   * @param executor what runs it; `undefined` for the default executor, which is made when it is
   * first needed
   * @param func a function that stands for itself, or `{ module, name }`
   * @param args its arguments
   * @returns a future of the result
   * @throws {TypeError} when the function or an argument cannot be sent
   * @throws {RuntimeError} when the loop is closed, or the executor was shut down
   */
  runInExecutor<A extends unknown[], R>(
    _executor: Executor | undefined,
    _func: ExecutorFunction<A, R>,
    ..._args: A
  ): Future<Awaited<R>> {
    this.#missing("runInExecutor");
  }

  /**
   * Replaces the default executor. The loop shuts it down at its end; when that fails, the exception
   * handler is told.
   *
   * asyncio name: `set_default_executor`.
   *
   * @throws {TypeError} when it is no executor
   */
  setDefaultExecutor(_executor: Executor): void {
    this.#missing("setDefaultExecutor");
  }

  /**
   * Shuts the default executor down, when there is one: it takes no further calls, and those that
   * were made are waited for.
   *
   * **Cancellation** ends the wait; the executor takes no calls all the same.
   *
   * asyncio name: `shutdown_default_executor`.
   *
   * @param timeoutMs how long to wait, in milliseconds; then a warning is printed, and what still
   * runs is ended
   * @throws {RangeError} when `timeoutMs` is `NaN`
   * @throws what the executor's `shutdown()` throws
   */
  shutdownDefaultExecutor(_timeoutMs?: number): Coroutine<void> {
    this.#missing("shutdownDefaultExecutor");
  }

  // ---- Problems ---------------------------------------------------------------------------------

  /**
   * The exception handler, if one is set.
   *
   * asyncio name: `get_exception_handler`.
   */
  getExceptionHandler(): ExceptionHandler | undefined {
    this.#missing("getExceptionHandler");
  }

  /**
   * Lets a function be told of problems that nobody else can be told of: an exception in a callback,
   * one that nobody retrieved, and so on.
   *
   * asyncio name: `set_exception_handler`.
   *
   * @param handler the function, or `undefined` for printing to stderr
   * @throws {TypeError} when it is neither
   */
  setExceptionHandler(_handler: ExceptionHandler | undefined): void {
    this.#missing("setExceptionHandler");
  }

  /**
   * What happens with a problem when no handler is set: it is printed to stderr. For handlers that
   * pass on what they do not want.
   *
   * asyncio name: `default_exception_handler`.
   */
  defaultExceptionHandler(_context: ExceptionContext): void {
    this.#missing("defaultExceptionHandler");
  }

  /**
   * Tells the exception handler of a problem.
   *
   * asyncio name: `call_exception_handler`.
   */
  callExceptionHandler(_context: ExceptionContext): void {
    this.#missing("callExceptionHandler");
  }

  // ---- Names ------------------------------------------------------------------------------------

  /**
   * Resolves a host and a port or service name to addresses.
   *
   * **Cancellation** ends the wait; the host's lookup goes on and its answer is dropped.
   *
   * asyncio name: `getaddrinfo`.
   *
   * @param host a name or an IP address; `undefined` for the wildcard or loopback address
   * @param port a port number or the name of a service
   * @param options family, type, flags
   * @throws {GAIError} when it cannot be done
   */
  getaddrinfo(
    _host: string | undefined,
    _port: number | string | undefined,
    _options?: GetAddrInfoOptions,
  ): Coroutine<AddressInfo[]> {
    this.#missing("getaddrinfo");
  }

  /**
   * The names of an address, or its numbers where it has none.
   *
   * **Cancellation** ends the wait; the host's lookup goes on and its answer is dropped.
   *
   * asyncio name: `getnameinfo`.
   *
   * @param address host and port
   * @param options whether numbers are wanted, or names required
   * @throws {GAIError} when it cannot be done
   */
  getnameinfo(
    _address: AddressInfo["address"],
    _options?: GetNameInfoOptions,
  ): Coroutine<NameInfo> {
    this.#missing("getnameinfo");
  }

  // ---- Streams of bytes -------------------------------------------------------------------------

  /**
   * Connects to a TCP server and lets a protocol talk to it.
   *
   * Names are resolved, and addresses are tried in turn until one answers. `connectionMade()` has
   * been called when the wait ends.
   *
   * **Cancellation** covers the name, the connection and the handshake, and leaves nothing open.
   *
   * asyncio name: `create_connection`.
   *
   * @param protocolFactory makes the protocol once the connection is there
   * @param host a name or an IP address
   * @param port a port number or the name of a service
   * @param options family, own address, happy eyeballs, …; `sock` instead of host and port
   * @returns the transport and the protocol
   * @throws {TypeError} when the arguments do not fit
   * @throws {RangeError} when the port is out of range
   * @throws {GAIError} when the name cannot be resolved
   * @throws {Deno.errors.ConnectionRefused} and its kin, with the address in the message
   * @throws what `protocolFactory` throws; the connection is closed then
   */
  createConnection<P extends AnyProtocol>(
    _protocolFactory: () => P,
    _host?: string,
    _port?: number | string,
    _options?: ConnectionOptions,
  ): Coroutine<[Transport, P]> {
    this.#missing("createConnection");
  }

  /**
   * Listens for TCP connections and lets a protocol talk to each.
   *
   * **Cancellation** leaves nothing open.
   *
   * asyncio name: `create_server`.
   *
   * @param protocolFactory makes a protocol for each connection
   * @param host a name, an IP address, or several; `undefined` or `""` for all interfaces
   * @param port a port number or the name of a service; 0 lets the system choose
   * @param options family, backlog, …; `sock` instead of host and port
   * @throws {TypeError} when the arguments do not fit
   * @throws {RangeError} when the port is out of range
   * @throws {GAIError} when a name cannot be resolved
   * @throws {Deno.errors.AddrInUse} and its kin, with the address in the message
   */
  createServer(
    _protocolFactory: () => AnyProtocol,
    _host?: string | readonly string[],
    _port?: number | string,
    _options?: ServerOptions,
  ): Coroutine<Server> {
    this.#missing("createServer");
  }

  /**
   * Lets a protocol talk over a connection that was accepted elsewhere.
   *
   * **Cancellation**, like any failure, closes the connection.
   *
   * asyncio name: `connect_accepted_socket`.
   *
   * @param protocolFactory makes the protocol
   * @param sock the connection
   * @param options TLS
   * @returns the transport and the protocol
   * @throws {TypeError} when the arguments do not fit
   * @throws what `protocolFactory` throws
   */
  connectAcceptedSocket<P extends AnyProtocol>(
    _protocolFactory: () => P,
    _sock: StreamSocket,
    _options?: AcceptedSocketOptions,
  ): Coroutine<[Transport, P]> {
    this.#missing("connectAcceptedSocket");
  }

  /**
   * Goes on with TLS over a connection that is in use.
   *
   * The protocol goes on with the transport that this ends with; the old one is not to be used any
   * more. **Cancellation**, like any failure, closes the connection.
   *
   * asyncio name: `start_tls`.
   *
   * @param transport the old transport
   * @param protocol the protocol, usually that of the old transport
   * @param context whom to trust and who to be
   * @param options side, names and time-outs
   * @throws {TypeError} when there is no context, or the transport is not for bytes both ways
   * @throws {RuntimeError} when the transport is closed
   * @throws {SSLError} when the handshake fails
   */
  startTls(
    _transport: Transport,
    _protocol: AnyProtocol,
    _context: SSLContext,
    _options?: StartTlsOptions,
  ): Coroutine<Transport> {
    this.#missing("startTls");
  }

  /**
   * Connects to a Unix socket and lets a protocol talk over it.
   *
   * **Cancellation** leaves nothing open.
   *
   * asyncio name: `create_unix_connection`.
   *
   * @param protocolFactory makes the protocol once the connection is there
   * @param path the path of the socket; one that begins with NUL is a name of Linux's abstract space
   * @param options `sock` instead of a path
   * @returns the transport and the protocol
   * @throws {TypeError} when the arguments do not fit
   * @throws {Deno.errors.NotFound} and its kin, with the path in the message
   */
  createUnixConnection<P extends AnyProtocol>(
    _protocolFactory: () => P,
    _path?: string | URL,
    _options?: UnixConnectionOptions,
  ): Coroutine<[Transport, P]> {
    this.#missing("createUnixConnection");
  }

  /**
   * Listens on a Unix socket and lets a protocol talk to each connection.
   *
   * A socket that a dead process has left at the path is replaced; anything else there is an error.
   * **Cancellation** leaves nothing open.
   *
   * asyncio name: `create_unix_server`.
   *
   * @param protocolFactory makes a protocol for each connection
   * @param path the path of the socket; one that begins with NUL is a name of Linux's abstract space
   * @param options backlog, …; `sock` instead of a path
   * @throws {Deno.errors.AddrInUse} when something is at the path
   */
  createUnixServer(
    _protocolFactory: () => AnyProtocol,
    _path?: string | URL,
    _options?: UnixServerOptions,
  ): Coroutine<Server> {
    this.#missing("createUnixServer");
  }

  /**
   * Sends a file over a transport, and waits until it is written.
   *
   * **Cancellation** stops it in between; what was sent is sent.
   *
   * asyncio name: `sendfile`.
   *
   * @param transport where to
   * @param file the file; it is read from `offset` on and left at the end of what was sent
   * @param offset where to begin, in bytes
   * @param count how many bytes to send; up to the end of the file by default
   * @param options whether reading and writing may stand in for a system call
   * @returns how many bytes were sent
   * @throws {SendfileNotAvailableError} when `fallback` is false: Deno has no such system call
   */
  sendfile(
    _transport: Transport,
    _file: Deno.FsFile,
    _offset?: number,
    _count?: number,
    _options?: SendfileOptions,
  ): Coroutine<number> {
    this.#missing("sendfile");
  }

  // ---- Datagrams and pipes ----------------------------------------------------------------------

  /**
   * Lets a protocol send and receive datagrams (UDP).
   *
   * **Cancellation**, like any failure, leaves nothing open, and closes `sock` where one is given.
   *
   * asyncio name: `create_datagram_endpoint`.
   *
   * @param protocolFactory makes the protocol
   * @param options local and remote address, …
   * @returns the transport and the protocol
   * @throws {TypeError} when the options do not fit
   * @throws {GAIError} when a name cannot be resolved
   * @throws {Deno.errors.AddrInUse} and its kin, with the address in the message
   */
  createDatagramEndpoint<P extends DatagramProtocol>(
    _protocolFactory: () => P,
    _options: DatagramEndpointOptions,
  ): Coroutine<[DatagramTransport, P]> {
    this.#missing("createDatagramEndpoint");
  }

  /**
   * Lets a protocol read from a pipe.
   *
   * **Cancellation** closes the pipe.
   *
   * asyncio name: `connect_read_pipe`.
   *
   * @param protocolFactory makes the protocol
   * @param pipe a web stream, something of the shape of `Deno.stdin`, or the number of an inherited
   * descriptor
   * @returns the transport, which owns the pipe from now on, and the protocol
   */
  connectReadPipe<P extends AnyProtocol>(
    _protocolFactory: () => P,
    _pipe: ReadPipe,
  ): Coroutine<[ReadTransport, P]> {
    this.#missing("connectReadPipe");
  }

  /**
   * Lets a protocol write to a pipe.
   *
   * **Cancellation** closes the pipe.
   *
   * asyncio name: `connect_write_pipe`.
   *
   * @param protocolFactory makes the protocol
   * @param pipe a web stream, something of the shape of `Deno.stdout`, or the number of an inherited
   * descriptor
   * @returns the transport, which owns the pipe from now on, and the protocol
   */
  connectWritePipe<P extends BaseProtocolLike>(
    _protocolFactory: () => P,
    _pipe: WritePipe,
  ): Coroutine<[WriteTransport, P]> {
    this.#missing("connectWritePipe");
  }

  /**
   * Starts a program as a child process.
   *
   * **Cancellation** kills the child.
   *
   * **Differs from asyncio**: the arguments are an array.
   *
   * asyncio name: `subprocess_exec`.
   *
   * @param protocolFactory makes the protocol
   * @param program the program
   * @param args its arguments
   * @param options standard streams (`PIPE` by default), working directory, environment, …
   * @returns the transport and the protocol
   * @throws {Deno.errors.NotFound} when there is no such program or working directory
   * @throws {NotImplementedError} when Deno cannot honour an option
   */
  subprocessExec<P extends SubprocessProtocol>(
    _protocolFactory: () => P,
    _program: string | URL,
    _args?: readonly string[],
    _options?: SubprocessOptions,
  ): Coroutine<[SubprocessTransport, P]> {
    this.#missing("subprocessExec");
  }

  /**
   * Lets a shell run a command line; see {@linkcode AbstractEventLoop.subprocessExec}.
   *
   * asyncio name: `subprocess_shell`.
   *
   * @param protocolFactory makes the protocol
   * @param command the command line; quote what is not yours
   * @param options standard streams (`PIPE` by default), working directory, environment, …
   * @returns the transport and the protocol
   */
  subprocessShell<P extends SubprocessProtocol>(
    _protocolFactory: () => P,
    _command: string,
    _options?: SubprocessOptions,
  ): Coroutine<[SubprocessTransport, P]> {
    this.#missing("subprocessShell");
  }

  // ---- Connections as sockets -------------------------------------------------------------------

  /**
   * Receives what is there, at most `nbytes` bytes; none at the end of the stream.
   *
   * Calls at the same time get their bytes one after the other.
   *
   * **Cancellation** ends the wait, but not the read: its bytes come with the next `sockRecv()`.
   *
   * asyncio name: `sock_recv`.
   *
   * @throws {RangeError} when `nbytes` is no whole number of 0 or more
   * @throws {Deno.errors.ConnectionReset} and its kin
   */
  sockRecv(_sock: StreamSocket, _nbytes: number): Coroutine<Uint8Array<ArrayBuffer>> {
    this.#missing("sockRecv");
  }

  /**
   * Receives what is there into a buffer; see {@linkcode AbstractEventLoop.sockRecv}.
   *
   * asyncio name: `sock_recv_into`.
   *
   * @returns how many bytes; 0 at the end of the stream
   */
  sockRecvInto(_sock: StreamSocket, _buffer: Uint8Array): Coroutine<number> {
    this.#missing("sockRecvInto");
  }

  /**
   * Sends all bytes.
   *
   * **Cancellation** stops it in between: nobody knows how many bytes were sent.
   *
   * asyncio name: `sock_sendall`.
   *
   * @throws {TypeError} when `data` is no bytes
   * @throws {Deno.errors.BrokenPipe} and its kin
   */
  sockSendall(_sock: StreamSocket, _data: WritableData): Coroutine<void> {
    this.#missing("sockSendall");
  }

  /**
   * Waits for the next connection of a listener. Calls at the same time get one each, in turn.
   *
   * **Cancellation** ends the wait; a connection that comes all the same is given to the next
   * `sockAccept()`.
   *
   * asyncio name: `sock_accept`.
   *
   * @returns the connection and the address of its other end
   */
  sockAccept(_sock: StreamListener): Coroutine<[StreamSocket, SocketAddress]> {
    this.#missing("sockAccept");
  }

  /**
   * Opens a connection.
   *
   * **Cancellation** leaves nothing open.
   *
   * **Differs from asyncio**: there the socket is made first, and connected in place.
   *
   * asyncio name: `sock_connect`.
   *
   * @param address host and port, or the path of a Unix socket
   * @returns the connection
   * @throws {GAIError} when the name cannot be resolved
   * @throws {Deno.errors.ConnectionRefused} and its kin, with the address in the message
   */
  sockConnect(
    _address: readonly [host: string, port: number] | string,
  ): Coroutine<StreamSocket> {
    this.#missing("sockConnect");
  }

  /**
   * Receives a datagram; what is longer than `size` bytes is cut off.
   *
   * **Cancellation** ends the wait; a datagram that comes all the same is given to the next call.
   *
   * asyncio name: `sock_recvfrom`.
   *
   * @returns the bytes and the sender
   * @throws {RangeError} when `size` is no whole number of 0 or more
   */
  sockRecvfrom(
    _sock: DatagramSocket,
    _size: number,
  ): Coroutine<[data: Uint8Array<ArrayBuffer>, from: [host: string, port: number]]> {
    this.#missing("sockRecvfrom");
  }

  /**
   * Receives a datagram into a buffer; see {@linkcode AbstractEventLoop.sockRecvfrom}.
   *
   * asyncio name: `sock_recvfrom_into`.
   *
   * @returns how many bytes, and the sender
   */
  sockRecvfromInto(
    _sock: DatagramSocket,
    _buffer: Uint8Array,
  ): Coroutine<[count: number, from: [host: string, port: number]]> {
    this.#missing("sockRecvfromInto");
  }

  /**
   * Sends a datagram.
   *
   * **Cancellation** ends the wait; the datagram is sent all the same.
   *
   * asyncio name: `sock_sendto`.
   *
   * @returns how many bytes were sent
   */
  sockSendto(
    _sock: DatagramSocket,
    _data: WritableData,
    _address: readonly [host: string, port: number],
  ): Coroutine<number> {
    this.#missing("sockSendto");
  }

  /**
   * Sends a file over a connection; see {@linkcode AbstractEventLoop.sendfile}.
   *
   * asyncio name: `sock_sendfile`.
   *
   * @returns how many bytes were sent
   * @throws {SendfileNotAvailableError} when `fallback` is false: Deno has no such system call
   */
  sockSendfile(
    _sock: StreamSocket,
    _file: Deno.FsFile,
    _offset?: number,
    _count?: number,
    _options?: SendfileOptions,
  ): Coroutine<number> {
    this.#missing("sockSendfile");
  }

  // ---- Raw descriptors --------------------------------------------------------------------------

  #noDescriptors(name: string): never {
    throw new NotImplementedError(
      `Cannot call ${name}(): Deno lets nobody wait for a raw descriptor; use a transport`,
    );
  }

  /**
   * Raises `NotImplementedError`: Deno lets nobody wait for a raw descriptor.
   *
   * asyncio name: `add_reader`.
   */
  addReader(_fd: unknown, _callback: (...args: never[]) => void, ..._args: unknown[]): void {
    this.#noDescriptors("addReader");
  }

  /**
   * Raises `NotImplementedError`; see {@linkcode AbstractEventLoop.addReader}.
   *
   * asyncio name: `remove_reader`.
   */
  removeReader(_fd: unknown): boolean {
    this.#noDescriptors("removeReader");
  }

  /**
   * Raises `NotImplementedError`; see {@linkcode AbstractEventLoop.addReader}.
   *
   * asyncio name: `add_writer`.
   */
  addWriter(_fd: unknown, _callback: (...args: never[]) => void, ..._args: unknown[]): void {
    this.#noDescriptors("addWriter");
  }

  /**
   * Raises `NotImplementedError`; see {@linkcode AbstractEventLoop.addReader}.
   *
   * asyncio name: `remove_writer`.
   */
  removeWriter(_fd: unknown): boolean {
    this.#noDescriptors("removeWriter");
  }

  // ---- Signals ----------------------------------------------------------------------------------

  /**
   * Lets a callback run in the loop whenever the process receives a signal. One signal has one
   * callback; a later call replaces it. It does not keep the process alive.
   *
   * asyncio name: `add_signal_handler`.
   *
   * @param signal the name, e.g. `"SIGTERM"`
   * @param callback the function
   * @param args its arguments
   * @throws {TypeError} when the host does not let the signal be caught
   */
  addSignalHandler<A extends unknown[]>(
    _signal: Deno.Signal,
    _callback: (...args: A) => void,
    ..._args: A
  ): void {
    this.#missing("addSignalHandler");
  }

  /**
   * Gives a signal back its usual effect.
   *
   * asyncio name: `remove_signal_handler`.
   *
   * @returns whether there was a callback
   */
  removeSignalHandler(_signal: Deno.Signal): boolean {
    this.#missing("removeSignalHandler");
  }

  /**
   * Has SIGINT call a function in the loop while the program has no callback of its own for it.
   *
   * Called by a runner once for each program. Where the host does not let SIGINT be caught, it throws
   * what `addSignalHandler()` throws, and the program runs without. The default is one more callback
   * of `addSignalHandler()`, which takes the place of the program's and is lost to a later one.
   *
   * @returns gives SIGINT back; called once, when the program has ended
   */
  _onInterrupt(callback: () => void): () => void {
    this.addSignalHandler("SIGINT", callback);
    return () => void this.removeSignalHandler("SIGINT");
  }

  // ---- Debug mode -------------------------------------------------------------------------------

  /**
   * Whether debug mode is on.
   *
   * asyncio name: `get_debug`.
   */
  getDebug(): boolean {
    this.#missing("getDebug");
  }

  /**
   * Turns debug mode on or off: futures, tasks and handles remember where they were made; callbacks and steps
   * of tasks that take too long are reported, and coroutines that were made while the loop ran and have not
   * begun when they are collected or the run ends.
   *
   * asyncio name: `set_debug`.
   */
  setDebug(_enabled: boolean): void {
    this.#missing("setDebug");
  }
}
