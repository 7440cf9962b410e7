/**
 * Event loops: the one to use, the ones to inherit from, and how a program finds and runs them.
 *
 * @example A loop by hand
 * ```ts
 * import { DenoEventLoop } from "@asyncio/asyncio/loop";
 * import { assertEquals } from "@std/assert";
 *
 * const loop = new DenoEventLoop();
 * const order: number[] = [];
 * loop.callLater(2, () => loop.stop());
 * loop.callSoon(() => order.push(1));
 * loop.callSoon((n: number) => order.push(n), 2);
 * await loop.runForever();
 * loop.close();
 * assertEquals(order, [1, 2]);
 * ```
 *
 * @module
 */

export { run, Runner, type RunnerOptions, type RunOptions } from "./runner.ts";
export {
  _getRunningLoop,
  _setRunningLoop,
  getEventLoop,
  getRunningLoop,
  setEventLoop,
} from "./running_loop.ts";
export {
  AbstractEventLoop,
  type ExceptionHandler,
  type TaskFactory,
} from "./abstract_event_loop.ts";
export { BaseEventLoop } from "./base_event_loop.ts";
export { DenoEventLoop, newEventLoop } from "./deno_event_loop.ts";
export { type AnyCallback, Handle, type HandleOwner, TimerHandle } from "./handle.ts";
export { toThread } from "./executor/to_thread.ts";
export { WorkerPoolExecutor, type WorkerPoolOptions } from "./executor/worker_pool_executor.ts";
export {
  type Executor,
  type ExecutorCallOptions,
  type ExecutorFunction,
  type ExecutorJob,
  type ExecutorShutdownOptions,
  type ModuleFunction,
  type SelfContainedFunction,
  WorkerDiedError,
} from "./executor/executor.ts";
export {
  openConnection,
  openUnixConnection,
  startServer,
  startUnixServer,
  type StreamLimit,
} from "./streams.ts";
export { AbstractServer, type AcceptConnection, Server } from "./server.ts";
export { SendfileNotAvailableError } from "./_sendfile.ts";
export type {
  AcceptedSocketOptions,
  ConnectHookOptions,
  ConnectionOptions,
  DatagramEndpointOptions,
  IPFamily,
  ListenHookOptions,
  SendfileOptions,
  ServerOptions,
  StreamAddress,
  TlsRequest,
  UnixConnectionOptions,
  UnixServerOptions,
} from "./network_options.ts";
export {
  type AddressInfo,
  GAIError,
  type GAIErrorCode,
  type GetAddrInfoOptions,
  type GetNameInfoOptions,
  type NameInfo,
  type SocketKind,
  type SocketProto,
} from "./address_info.ts";
export { createSubprocessExec, createSubprocessShell } from "./subprocess.ts";
