/**
 * `createUnixConnection()` and `createUnixServer()`.
 *
 * asyncio counterpart: the methods of the same names in `asyncio.unix_events`.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { Suspension } from "../futures/awaitable.ts";
import { describe } from "../futures/_describe.ts";
import { NotImplementedError } from "../futures/errors.ts";
import type { AnyProtocol } from "../transports/protocol.ts";
import type { StreamListener, StreamSocket } from "../transports/stream_socket.ts";
import type { Transport } from "../transports/transport.ts";
import { checkFactory, connectTo, makeTransport } from "./_connect.ts";
import { hostCall } from "./_host_call.ts";
import { chooseTls } from "./_tls.ts";
import { checkBacklog, DEFAULT_BACKLOG, listenOnAll, makeServer } from "./_serve.ts";
import type { BaseEventLoop } from "./base_event_loop.ts";
import type { StreamAddress, UnixConnectionOptions, UnixServerOptions } from "./network_options.ts";
import type { Server } from "./server.ts";

function unixAddress(action: string, path: string | URL | undefined): StreamAddress {
  if (path instanceof URL) path = fileURLToPath(path);
  if (typeof path !== "string" || path === "") {
    throw new TypeError(
      `${action}: a path is needed where no sock is given, got ${describe(path)}`,
    );
  }
  return { transport: "unix", path };
}

function refuseBoth(action: string, path: unknown): void {
  if (path !== undefined) throw new TypeError(`${action}: give either a path or sock, not both`);
}

/** `loop.createUnixConnection()`. */
export function* createUnixConnection<P extends AnyProtocol>(
  loop: BaseEventLoop,
  protocolFactory: () => P,
  path: string | URL | undefined,
  options: UnixConnectionOptions = {},
): Generator<Suspension, [Transport, P], unknown> {
  const action = "Cannot create a Unix connection";
  checkFactory(action, protocolFactory);
  const tls = chooseTls(action, options, { host: undefined });
  let socket: StreamSocket;
  if (options.sock !== undefined) {
    refuseBoth(action, path);
    socket = options.sock;
  } else socket = yield* connectTo(loop, unixAddress(action, path), undefined, []);
  return yield* makeTransport(loop, socket, protocolFactory, tls);
}

/** `loop.createUnixServer()`. */
export function* createUnixServer(
  loop: BaseEventLoop,
  protocolFactory: () => AnyProtocol,
  path: string | URL | undefined,
  options: UnixServerOptions = {},
): Generator<Suspension, Server, unknown> {
  const action = "Cannot create a Unix server";
  const { sock, backlog = DEFAULT_BACKLOG, cleanupSocket = true } = options;
  checkFactory(action, protocolFactory);
  checkBacklog(action, backlog);
  if (!cleanupSocket) {
    throw new NotImplementedError(
      `${action}: cleanupSocket cannot be false, since Deno removes the path of every listener`,
    );
  }
  const tls = chooseTls(action, options, "server");
  let listeners: readonly StreamListener[];
  if (sock !== undefined) {
    refuseBoth(action, path);
    listeners = "accept" in sock ? [sock] : sock;
  } else listeners = yield* listenOnPath(loop, unixAddress(action, path), backlog);
  return yield* makeServer(loop, listeners, protocolFactory, tls, options);
}

function* listenOnPath(
  loop: BaseEventLoop,
  address: StreamAddress,
  backlog: number,
): Generator<Suspension, StreamListener[], unknown> {
  const options = { backlog, reusePort: false };
  try {
    return yield* listenOnAll(loop, [address], options);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse) || !(yield* isStale(loop, address))) throw error;
  }
  yield* hostCall(loop, () => Deno.remove((address as { path: string }).path), () => {});
  return yield* listenOnAll(loop, [address], options);
}

/** Whether the path is a socket that nobody listens on. */
function* isStale(
  loop: BaseEventLoop,
  address: StreamAddress,
): Generator<Suspension, boolean, unknown> {
  if (address.transport !== "unix" || address.path.startsWith("\0")) return false;
  const { path } = address;
  try {
    // At once, since a loop with virtual time does not wait for files.
    if (!Deno.lstatSync(path).isSocket) return false;
  } catch (error) {
    // The sockets of a loop need not be files.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  try {
    const alive = yield* connectTo(loop, address, undefined, []);
    alive.close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    throw error;
  }
}
