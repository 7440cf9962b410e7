/**
 * `createServer()`: from names to listeners, and from accepted connections to transports.
 *
 * asyncio counterpart: `BaseEventLoop.create_server` and `BaseSelectorEventLoop._accept_connection2`.
 *
 * Invariant: when one of several addresses cannot be listened on, none is.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { _coroutineOf } from "../futures/coroutine.ts";
import { CancelledError, KeyboardInterrupt } from "../futures/errors.ts";
import type { AnyProtocol } from "../transports/protocol.ts";
import type { StreamListener, StreamSocket } from "../transports/stream_socket.ts";
import type { Transport } from "../transports/transport.ts";
import { formatAddress, withAddress } from "./_address_error.ts";
import { checkPort, resolveAddresses, wrapSocket } from "./_connect.ts";
import { checkFactory, makeProtocol } from "./_factory.ts";
import { hostCall } from "./_host_call.ts";
import { chooseTls, type TlsChoice } from "./_tls.ts";
import type { BaseEventLoop } from "./base_event_loop.ts";
import type { ListenHookOptions, ServerOptions, StreamAddress } from "./network_options.ts";
import { type AcceptConnection, Server } from "./server.ts";

/** As asyncio's default. */
export const DEFAULT_BACKLOG = 100;

function* listenOn(
  loop: BaseEventLoop,
  address: StreamAddress,
  options: ListenHookOptions,
): Generator<Suspension, StreamListener, unknown> {
  try {
    return yield* hostCall(
      loop,
      () => loop._listen(address, options),
      (late) => late.close(),
    );
  } catch (error) {
    throw error instanceof CancelledError ? error : withAddress("Cannot listen on", address, error);
  }
}

/** Listens on all addresses, or on none. */
export function* listenOnAll(
  loop: BaseEventLoop,
  addresses: readonly StreamAddress[],
  options: ListenHookOptions,
): Generator<Suspension, StreamListener[], unknown> {
  const listeners: StreamListener[] = [];
  try {
    for (const address of addresses) listeners.push(yield* listenOn(loop, address, options));
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return listeners;
}

/** All interfaces: one socket for both IP versions, or one for IPv4 where there is no other. */
function* listenEverywhere(
  loop: BaseEventLoop,
  port: number,
  family: 0 | 4 | 6,
  options: ListenHookOptions,
): Generator<Suspension, StreamListener[], unknown> {
  if (family !== 4) {
    try {
      return yield* listenOnAll(loop, [{ transport: "tcp", host: "::", port }], options);
    } catch (error) {
      const noIPv6 = error instanceof Deno.errors.AddrNotAvailable ||
        (error as { code?: string }).code === "EAFNOSUPPORT";
      if (family === 6 || !noIPv6) throw error;
    }
  }
  return yield* listenOnAll(loop, [{ transport: "tcp", host: "0.0.0.0", port }], options);
}

/** How a server makes transports of connections. */
function acceptWith(
  loop: BaseEventLoop,
  protocolFactory: () => AnyProtocol,
  tls: TlsChoice | undefined,
  keepAlive: boolean,
): AcceptConnection {
  function* accept(socket: StreamSocket, server: Server): Generator<Suspension, void, unknown> {
    loop._letGo(socket);
    // Who waits for the end of the server is to find none of its connections begin after it.
    if (server.sockets.length === 0) return socket.close();
    let protocol: AnyProtocol | undefined;
    let made: Transport | undefined;
    try {
      if (keepAlive) socket.setKeepAlive?.(true);
      protocol = makeProtocol("Cannot serve a connection", protocolFactory);
      const waiter = loop.createFuture<void>();
      made = wrapSocket(loop, socket, protocol, tls, { waiter, server });
      try {
        yield* waiter;
      } catch (error) {
        made.close();
        throw error;
      }
    } catch (error) {
      if (made === undefined) socket.close();
      if (error instanceof CancelledError || error instanceof KeyboardInterrupt) throw error;
      // A peer that fails to shake hands is its own affair, as in asyncio; a factory that fails is not.
      if (made !== undefined && !loop.getDebug()) return;
      loop.callExceptionHandler({
        message: "Making a transport for an accepted connection failed",
        exception: error,
        socket,
        ...(protocol === undefined ? {} : { protocol }),
      });
    }
  }
  return (socket, server) => _coroutineOf(accept(socket, server), "accept");
}

/** `loop.createServer()`. */
export function* createServer(
  loop: BaseEventLoop,
  protocolFactory: () => AnyProtocol,
  host: string | readonly string[] | undefined,
  port: number | string | undefined,
  options: ServerOptions = {},
): Generator<Suspension, Server, unknown> {
  const action = "Cannot create a server";
  const { sock, family = 0, backlog = DEFAULT_BACKLOG, reusePort = false } = options;
  checkFactory(action, protocolFactory);
  checkBacklog(action, backlog);
  const tls = chooseTls(action, options, "server");
  let listeners: readonly StreamListener[];
  if (sock !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new TypeError(`${action}: give either host and port or sock, not both`);
    }
    listeners = "accept" in sock ? [sock] : sock;
  } else {
    if (port === undefined) {
      throw new TypeError(
        `${action}: a port is needed where no sock is given; 0 lets the system choose`,
      );
    }
    checkPort(action, port);
    listeners = yield* openListeners(loop, host, port, family, { backlog, reusePort });
  }
  return yield* makeServer(loop, listeners, protocolFactory, tls, options);
}

/** Makes the server of listeners. */
export function* makeServer(
  loop: BaseEventLoop,
  listeners: readonly StreamListener[],
  protocolFactory: () => AnyProtocol,
  tls: TlsChoice | undefined,
  options: Pick<ServerOptions, "keepAlive" | "startServing">,
): Generator<Suspension, Server, unknown> {
  const accept = acceptWith(loop, protocolFactory, tls, options.keepAlive ?? false);
  const server = new Server(loop, listeners, accept);
  if (options.startServing ?? true) {
    try {
      yield* server.startServing();
    } catch (error) {
      server.close();
      throw error;
    }
  }
  return server;
}

/** Checks the number of connections that may wait. */
export function checkBacklog(action: string, backlog: number): void {
  if (!(Number.isInteger(backlog) && backlog >= 0)) {
    throw new RangeError(`${action}: the backlog must be an integer of 0 or more, got ${backlog}`);
  }
}

function* openListeners(
  loop: BaseEventLoop,
  host: string | readonly string[] | undefined,
  port: number | string,
  family: 0 | 4 | 6,
  options: ListenHookOptions,
): Generator<Suspension, StreamListener[], unknown> {
  const hosts = typeof host === "object" && host !== null ? host : [host ?? ""];
  if (hosts.length === 0) throw new TypeError("Cannot create a server: the list of hosts is empty");
  const addresses = new Map<string, StreamAddress>();
  for (const each of hosts) {
    if (each === "") {
      const [any] = yield* resolveAddresses(loop, "0.0.0.0", port, 0, true);
      if (hosts.length === 1) return yield* listenEverywhere(loop, any!.port, family, options);
      const wildcard = { ...any!, host: family === 4 ? "0.0.0.0" : "::" };
      addresses.set(formatAddress(wildcard), wildcard);
      continue;
    }
    for (const address of yield* resolveAddresses(loop, each, port, family, true)) {
      addresses.set(formatAddress(address), address);
    }
  }
  return yield* listenOnAll(loop, [...addresses.values()], options);
}
