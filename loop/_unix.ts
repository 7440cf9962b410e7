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
import { connectTo, makeTransport } from "./_connect.ts";
import { checkFactory } from "./_factory.ts";
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
  return yield* makeTransport(loop, action, socket, protocolFactory, tls);
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
  const tls = chooseTls(action, options, "server");
  let listeners: readonly StreamListener[];
  if (sock !== undefined) {
    refuseBoth(action, path);
    if (!cleanupSocket) {
      throw new NotImplementedError(
        `${action}: cleanupSocket cannot be false with sock, since Deno removes the path of every ` +
          "listener that it has opened at one; give a path",
      );
    }
    listeners = "accept" in sock ? [sock] : sock;
  } else {
    const address = unixAddress(action, path);
    const listening = { backlog, reusePort: false, cleanupSocket };
    listeners = yield* listenOnAll(loop, [address], listening);
  }
  return yield* makeServer(loop, listeners, protocolFactory, tls, options);
}
