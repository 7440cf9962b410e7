/**
 * asyncio for Deno: an event loop that can be extended, with futures, tasks, transports, protocols and
 * streams.
 *
 * @example Two things at once, with a limit
 * ```ts
 * import { run, sleep, taskGroup, timeout } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const total = await run(async () =>
 *   await timeout(1000, async () => {
 *     const [one, two] = await taskGroup(async (group) => {
 *       await sleep(1);
 *       return [
 *         group.createTask(() => sleep(2, 20)),
 *         group.createTask(() => sleep(1, 22)),
 *       ] as const;
 *     });
 *     return one.result() + two.result();
 *   })
 * );
 * assertEquals(total, 42);
 * ```
 *
 * @module
 */

// Running a program
export { run, Runner, type RunnerOptions, type RunOptions } from "./loop/runner.ts";
export {
  _getRunningLoop,
  _setRunningLoop,
  getEventLoop,
  getRunningLoop,
  setEventLoop,
} from "./loop/running_loop.ts";

// Coroutines and tasks
export {
  type Body,
  Coroutine,
  coroutine,
  type CoroutineFunction,
  type CoroutineGenerator,
  type CoroutineLike,
  iscoroutine,
  iscoroutinefunction,
} from "./futures/coroutine.ts";
export { type Awaitable, type Suspension } from "./futures/awaitable.ts";
export {
  createTask,
  ensureFuture,
  type EnsureFutureOptions,
  type FutureInput,
  type ResultOf,
} from "./futures/ensure_future.ts";
export { Task, type TaskConstructorOptions, type TaskOptions } from "./futures/task.ts";
export { sleep } from "./futures/sleep.ts";
export {
  _enterTask,
  _leaveTask,
  _registerEagerTask,
  _registerTask,
  _swapCurrentTask,
  _unregisterEagerTask,
  _unregisterTask,
  allTasks,
  currentTask,
  type TaskLike,
} from "./futures/task_registry.ts";

// Waiting for several things
export {
  gather,
  type GatherOptions,
  type GatherResults,
  type GatherSettled,
} from "./futures/gather.ts";
export {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  wait,
  type WaitOptions,
} from "./futures/wait.ts";
export {
  type AsCompleted,
  asCompleted,
  type AsCompletedOptions,
  type DoneFuture,
} from "./futures/as_completed.ts";
export {
  TaskGroup,
  taskGroup,
  type TaskGroupBody,
  type TaskGroupOptions,
} from "./futures/task_group.ts";
export {
  type ErrorClass,
  type ErrorFilter,
  ExceptionGroup,
  exceptStar,
  type ExceptStarClause,
} from "./futures/exception_group.ts";

// Timeouts and shields
export { Timeout, timeout, timeoutAt } from "./futures/timeout.ts";
export { waitFor } from "./futures/wait_for.ts";
export { moveOnAfter, moveOnAt } from "./futures/move_on.ts";
export { shield } from "./futures/shield.ts";
export { shielded } from "./futures/shielded.ts";
export { type AbortOptions } from "./futures/mod.ts";

// Synchronisation and queues
export { Lock } from "./futures/lock.ts";
export { Guard } from "./futures/guard.ts";
export { Event } from "./futures/event.ts";
export { Condition } from "./futures/condition.ts";
export { BoundedSemaphore, Semaphore } from "./futures/semaphore.ts";
export { Barrier, BrokenBarrierError } from "./futures/barrier.ts";
export { Queue, type QueueShutdownOptions } from "./futures/queue.ts";
export { PriorityQueue, type PriorityQueueOptions } from "./futures/priority_queue.ts";
export { LifoQueue } from "./futures/lifo_queue.ts";
export { QueueEmpty, QueueFull, QueueShutDown } from "./futures/queue_errors.ts";

// Context variables
export {
  Context,
  ContextVar,
  type ContextVarOptions,
  copyContext,
  Token,
} from "./futures/context.ts";

// Streams
export {
  openConnection,
  openUnixConnection,
  startServer,
  startUnixServer,
  type StreamLimit,
} from "./loop/streams.ts";
export {
  type PausableTransport,
  type ReadOptions,
  type ReadUntilOptions,
  StreamReader,
  type StreamReaderOptions,
} from "./transports/stream_reader.ts";
export { StreamWriter } from "./transports/stream_writer.ts";
export {
  type StreamHandler,
  StreamProtocolBase,
  StreamReaderProtocol,
} from "./transports/stream_protocol.ts";
export { IncompleteReadError, LimitOverrunError } from "./transports/stream_errors.ts";

// Child processes
export { createSubprocessExec, createSubprocessShell } from "./loop/subprocess.ts";
export { Process, type ProcessOutput, type ProcessWaitOptions } from "./transports/subprocess.ts";
export {
  DEVNULL,
  PIPE,
  type ProcessCommand,
  type Stdio,
  STDOUT,
  type SubprocessOptions,
} from "./transports/process_command.ts";
export { type ProcessLoop, ProcessTransport } from "./transports/process_transport.ts";

// Work in other threads
export { toThread } from "./loop/executor/to_thread.ts";
export {
  WorkerPoolExecutor,
  type WorkerPoolOptions,
} from "./loop/executor/worker_pool_executor.ts";
export {
  type Executor,
  type ExecutorCallOptions,
  type ExecutorFunction,
  type ExecutorJob,
  type ExecutorShutdownOptions,
  type ModuleFunction,
  type SelfContainedFunction,
  WorkerDiedError,
} from "./loop/executor/executor.ts";

// Errors
export {
  CancelledError,
  type CancelledErrorOptions,
  type CancelOptions,
  type CancelOrigin,
  InvalidStateError,
  KeyboardInterrupt,
  NotImplementedError,
  RuntimeError,
  TimeoutError,
  type TimeoutErrorOptions,
} from "./futures/errors.ts";
export {
  type AddressInfo,
  GAIError,
  type GAIErrorCode,
  type GetAddrInfoOptions,
  type GetNameInfoOptions,
  type NameInfo,
  type SocketKind,
  type SocketProto,
} from "./loop/address_info.ts";
export { SendfileNotAvailableError } from "./loop/mod.ts";

// Protocols and transports
export {
  type AnyProtocol,
  BaseProtocol,
  type BaseProtocolLike,
  BufferedProtocol,
  type BufferedProtocolLike,
  DatagramProtocol,
  Protocol,
  type ProtocolLike,
  SubprocessProtocol,
} from "./transports/protocol.ts";
export { BaseTransport } from "./transports/base_transport.ts";
export {
  ReadTransport,
  Transport,
  type WritableData,
  type WriteBufferLimits,
  type WriteOptions,
  WriteTransport,
} from "./transports/transport.ts";
export { DatagramTransport } from "./transports/datagram_transport.ts";
export { SubprocessTransport } from "./transports/subprocess_transport.ts";

// TLS
export {
  type LoadCertChainOptions,
  type SniCallback,
  SSLContext,
} from "./transports/tls/ssl_context.ts";
export {
  createDefaultContext,
  type CreateDefaultContextOptions,
} from "./transports/tls/create_default_context.ts";
export {
  CERT_NONE,
  CERT_OPTIONAL,
  CERT_REQUIRED,
  type PemSource,
  type SSLRole,
  type TLSVersion,
  type VerifyMode,
} from "./transports/tls/ssl_constants.ts";
export {
  SSLCertVerificationError,
  SSLError,
  type SSLErrorOptions,
} from "./transports/tls/ssl_error.ts";
export { type CipherInfo, type PeerCertificate, SSLObject } from "./transports/tls/ssl_object.ts";
export { type SSLOptions } from "./transports/tls/ssl_options.ts";
export { SSLProtocol, type SSLProtocolOptions } from "./transports/tls/ssl_protocol.ts";
export { SSLTransport } from "./transports/tls/ssl_transport.ts";
export {
  makeSslTransport,
  type SSLTransportLoop,
  type SSLTransportOptions,
  startTls,
  type StartTlsOptions,
} from "./transports/tls/start_tls.ts";

// Loops and servers
export {
  AbstractEventLoop,
  type ExceptionHandler,
  type TaskFactory,
} from "./loop/abstract_event_loop.ts";
export { BaseEventLoop } from "./loop/base_event_loop.ts";
export { DenoEventLoop, newEventLoop } from "./loop/deno_event_loop.ts";
export { AbstractServer, type AcceptConnection, Server } from "./loop/server.ts";
export {
  type AcceptedSocketOptions,
  type ConnectHookOptions,
  type ConnectionOptions,
  type DatagramEndpointOptions,
  type IPFamily,
  type ListenHookOptions,
  type SendfileOptions,
  type ServerOptions,
  type StreamAddress,
  type TlsRequest,
  type UnixConnectionOptions,
  type UnixServerOptions,
} from "./loop/network_options.ts";
export { type AnyCallback, Handle, type HandleOwner, TimerHandle } from "./loop/handle.ts";

// Futures, for those who extend
export {
  type DoneCallback,
  Future,
  type FutureLike,
  type FutureOptions,
  isfuture,
} from "./futures/future.ts";
export {
  type CancelHandle,
  type ExceptionContext,
  type FutureLoop,
  type Runnable,
  type TimerCancelHandle,
} from "./futures/future_loop.ts";
export { ConcurrentFuture } from "./futures/concurrent_future.ts";
export { wrapFuture, type WrapFutureOptions } from "./futures/wrap_future.ts";
export { runCoroutineThreadsafe } from "./futures/run_coroutine_threadsafe.ts";
export {
  createEagerTaskFactory,
  type EagerTaskFactory,
  eagerTaskFactory,
  type TaskConstructor,
} from "./futures/eager_task_factory.ts";
export {
  type CallGraphOptions,
  captureCallGraph,
  formatCallGraph,
  type FrameCallGraphEntry,
  futureAddToAwaitedBy,
  type FutureCallGraph,
  futureDiscardFromAwaitedBy,
  printCallGraph,
  type PrintCallGraphOptions,
} from "./futures/call_graph.ts";

// Transports, for those who extend
export {
  type SocketAddress,
  type StreamListener,
  type StreamSocket,
} from "./transports/stream_socket.ts";
export {
  SocketTransport,
  type SocketTransportOptions,
  type TransportOwner,
} from "./transports/socket_transport.ts";
export { type Closable, type TransportLoop } from "./transports/transport_loop.ts";
export {
  bindDatagram,
  type BindDatagramOptions,
  type DatagramAddress,
  type DatagramSocket,
  NodeDatagramSocket,
} from "./transports/datagram_socket.ts";
export { UdpTransport, type UdpTransportOptions } from "./transports/udp_transport.ts";
export {
  type ReadablePipe,
  type ReadPipe,
  type WritablePipe,
  type WritePipe,
} from "./transports/pipe.ts";
export { type PipeTransportOptions } from "./transports/pipe_options.ts";
export { ReadPipeTransport } from "./transports/read_pipe_transport.ts";
export { WritePipeTransport } from "./transports/write_pipe_transport.ts";
export { SubprocessStreamProtocol } from "./transports/subprocess_stream_protocol.ts";
