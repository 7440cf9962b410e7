/** Two ends of TLS over a connection in memory. Imported by tests only. */
import type { Future } from "../../../futures/mod.ts";
import type { AnyProtocol } from "../../../transports/protocol.ts";
import { SocketTransport } from "../../../transports/socket_transport.ts";
import type { SSLContext } from "../../../transports/tls/ssl_context.ts";
import { SSLProtocol, type SSLProtocolOptions } from "../../../transports/tls/ssl_protocol.ts";
import type { SSLTransport } from "../../../transports/tls/ssl_transport.ts";
import type { Trial } from "../../_helpers.ts";
import { memoryPair, type MemorySocket } from "../_memory_socket.ts";
import { Recorder } from "../_recorder.ts";
import { clientContext, serverContext } from "./_certificates.ts";

/** One end. */
export interface End<P> {
  transport: SSLTransport;
  below: SocketTransport;
  protocol: P;
  socket: MemorySocket;
  /** Done when the handshake is. */
  waiter: Future<void>;
}

/** Puts TLS over a connection. */
export function endOver<P extends AnyProtocol>(
  t: Trial,
  socket: MemorySocket,
  protocol: P,
  context: SSLContext,
  options: SSLProtocolOptions,
): End<P> {
  const waiter = t.loop.createFuture<void>();
  const ssl = new SSLProtocol(t.loop, protocol, context, { waiter, ...options });
  const below = new SocketTransport(t.loop, socket, ssl);
  return { transport: ssl.transport, below, protocol, socket, waiter };
}

/** What is special about a pair. */
export interface PairOptions<C, S> {
  clientContext?: SSLContext;
  serverContext?: SSLContext;
  client?: SSLProtocolOptions;
  server?: SSLProtocolOptions;
  clientProtocol?: C;
  serverProtocol?: S;
  /** How many bytes of ciphertext are on their way at most, in each direction. */
  capacity?: number;
}

/** Begins two handshakes with each other. */
export function tlsPair<
  C extends AnyProtocol = Recorder,
  S extends AnyProtocol = Recorder,
>(t: Trial, options: PairOptions<C, S> = {}): { client: End<C>; server: End<S> } {
  const [near, far] = memoryPair(options.capacity);
  return {
    client: endOver(
      t,
      near,
      options.clientProtocol ?? new Recorder() as unknown as C,
      options.clientContext ?? clientContext(),
      { serverHostname: "localhost", ...options.client },
    ),
    server: endOver(
      t,
      far,
      options.serverProtocol ?? new Recorder() as unknown as S,
      options.serverContext ?? serverContext(),
      { serverSide: true, ...options.server },
    ),
  };
}

/** The same, with the handshakes done. */
export async function securePair<
  C extends AnyProtocol = Recorder,
  S extends AnyProtocol = Recorder,
>(t: Trial, options: PairOptions<C, S> = {}): Promise<{ client: End<C>; server: End<S> }> {
  const pair = tlsPair(t, options);
  await pair.client.waiter;
  await pair.server.waiter;
  return pair;
}

/** How a handshake ended: the error, or `undefined`. */
export async function outcome({ waiter }: End<unknown>): Promise<unknown> {
  try {
    await waiter;
  } catch (error) {
    return error;
  }
}

/** Drops both ends. */
export function drop(...ends: End<unknown>[]): void {
  for (const { transport } of ends) transport.abort();
}
