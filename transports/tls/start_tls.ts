/**
 * TLS for connections: over a new one, and over one that is in use.
 *
 * asyncio counterpart: `BaseSelectorEventLoop._make_ssl_transport` and `BaseEventLoop.start_tls`.
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import { _coroutineOf, type Coroutine } from "../../futures/coroutine.ts";
import type { Suspension } from "../../futures/awaitable.ts";
import { copyContext } from "../../futures/context.ts";
import { ContextCall } from "../_context_call.ts";
import { isStreamProtocol } from "../_lent_memory.ts";
import type { AnyProtocol } from "../protocol.ts";
import type { SocketTransportOptions, TransportOwner } from "../socket_transport.ts";
import type { StreamSocket } from "../stream_socket.ts";
import { Transport } from "../transport.ts";
import type { TransportLoop } from "../transport_loop.ts";
import { SSLContext } from "./ssl_context.ts";
import type { SSLOptions } from "./ssl_options.ts";
import { SSLProtocol } from "./ssl_protocol.ts";
import type { SSLTransport } from "./ssl_transport.ts";

/** What TLS over a new connection needs of a loop. */
export interface SSLTransportLoop extends TransportLoop {
  /** Wraps the connection. */
  _makeSocketTransport(
    socket: StreamSocket,
    protocol: AnyProtocol,
    options?: SocketTransportOptions,
  ): Transport;
}

/** What {@linkcode makeSslTransport} takes beside connection, protocol and context. */
export interface SSLTransportOptions extends SSLOptions, SocketTransportOptions {
  /**
   * Whether this is the server's side.
   * @default false
   */
  serverSide?: boolean;
}

/**
 * Wraps a connection in a transport with TLS: what `loop._makeSslTransport()` does.
 *
 * The protocol's `connectionMade()` is called when the peer is verified; the waiter is given its result
 * then, or the error that kept it from happening. The server is told of the transport with TLS, so that
 * closing it says farewell.
 *
 * asyncio name: `_make_ssl_transport`.
 *
 * @param loop the loop, which makes the transport below
 * @param socket the connection, which the transport owns from now on
 * @param protocol what to call
 * @param context whom to trust and who to be; `undefined` for a client that trusts whom Deno trusts
 * @param options side, names, time-outs, waiter, extra information and server
 */
export function makeSslTransport(
  loop: SSLTransportLoop,
  socket: StreamSocket,
  protocol: AnyProtocol,
  context: SSLContext | undefined,
  options: SSLTransportOptions = {},
): SSLTransport {
  const ssl = new SSLProtocol(loop, protocol, context, options);
  const { extra, server } = options;
  loop._makeSocketTransport(socket, ssl, {
    ...(extra === undefined ? {} : { extra }),
    ...(server === undefined ? {} : { server: ownerOf(ssl.transport, server) }),
  });
  return ssl.transport;
}

function ownerOf(transport: SSLTransport, server: TransportOwner): TransportOwner {
  return {
    _attach: () => server._attach(transport),
    _detach: () => server._detach(transport),
  };
}

/** What `startTls()` takes beside transport, protocol and context. */
export interface StartTlsOptions extends SSLOptions {
  /**
   * Whether this is the server's side.
   * @default false
   */
  serverSide?: boolean;
  /**
   * What was read from the connection and is no plaintext any more: the peer may begin before it is
   * answered.
   */
  readAhead?: Uint8Array;
}

/**
 * Goes on with TLS over a connection that is in use: what `loop.startTls()` does.
 *
 * The protocol is not told; it goes on with the transport that this ends with. What the old transport
 * has read and not delivered belongs to the handshake.
 *
 * **Cancellation**, like any failure, closes the connection.
 *
 * asyncio name: `start_tls`.
 *
 * @param loop the loop
 * @param transport the old transport, not to be used any more
 * @param protocol the protocol, usually that of the old transport
 * @param context whom to trust and who to be
 * @param options side, names and time-outs
 * @throws {TypeError} when there is no context or protocol, or the transport is not for bytes both ways
 * @throws {Deno.errors.ConnectionAborted} when the transport is closed
 * @throws {SSLError} when the handshake fails
 */
export function startTls(
  loop: TransportLoop,
  transport: Transport,
  protocol: AnyProtocol,
  context: SSLContext,
  options: StartTlsOptions = {},
): Coroutine<SSLTransport> {
  return _coroutineOf(upgrade(loop, transport, protocol, context, options), "startTls");
}

function* upgrade(
  loop: TransportLoop,
  transport: Transport,
  protocol: AnyProtocol,
  context: SSLContext,
  options: StartTlsOptions,
): Generator<Suspension, SSLTransport, unknown> {
  if (!(context instanceof SSLContext)) {
    throw new TypeError(`Cannot start TLS: an SSLContext is needed, got ${describe(context)}`);
  }
  if (!(transport instanceof Transport)) {
    throw new TypeError(
      `Cannot start TLS: a transport for bytes both ways is needed, got ${describe(transport)}`,
    );
  }
  if (!isStreamProtocol(protocol)) {
    throw new TypeError(`Cannot start TLS: a protocol is needed, got ${describe(protocol)}`);
  }
  // The peer may have gone a moment ago, so that is no mistake of the program.
  if (transport.isClosing()) {
    throw new Deno.errors.ConnectionAborted(`Cannot start TLS: ${transport} is closed`);
  }
  const waiter = loop.createFuture<void>();
  const ssl = new SSLProtocol(loop, protocol, context, {
    ...options,
    waiter,
    callConnectionMade: false,
  });
  // Nothing is to come before the beginning, and nothing to the old protocol.
  transport.pauseReading();
  transport.setProtocol(ssl);
  loop._enqueue(
    new ContextCall(copyContext(), `startTls() over ${transport}`, () => {
      // Closes the connection if that was cancelled meanwhile.
      ssl.connectionMade(transport);
      transport.resumeReading();
    }),
  );
  try {
    yield* waiter;
  } catch (error) {
    ssl.transport.abort();
    throw error;
  }
  return ssl.transport;
}
