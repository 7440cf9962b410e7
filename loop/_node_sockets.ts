/**
 * Opening sockets through `node:net`, for what `Deno.connect` and `Deno.listen` cannot do: a local
 * address to connect from, and a port that several processes share.
 *
 * Invariant: a socket that nobody has taken is closed: one that connects when the signal is aborted, one
 * that waits to be accepted when its listener is closed.
 *
 * `node:net` accepts by itself, whether anybody waits or not, so connections queue here, at rest.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { fromNodeError } from "../transports/_node_error.ts";
import { NodeStreamSocket } from "../transports/_node_stream_socket.ts";
import type { SocketAddress, StreamListener, StreamSocket } from "../transports/stream_socket.ts";

/** Connects from a local address; gives up when the signal is aborted. */
export function connectFrom(
  local: { host: string; port: number },
  remote: { host: string; port: number },
  signal: AbortSignal,
): Promise<StreamSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...remote,
      localAddress: local.host,
      localPort: local.port,
      allowHalfOpen: true,
    });
    const giveUp = () => {
      socket.destroy();
      reject(signal.reason);
    };
    const fail = (error: Error) => {
      signal.removeEventListener("abort", giveUp);
      reject(explain(local, error));
    };
    signal.addEventListener("abort", giveUp);
    socket.once("error", fail);
    socket.once("connect", () => {
      signal.removeEventListener("abort", giveUp);
      socket.off("error", fail);
      resolve(new NodeStreamSocket(socket));
    });
  });
}

/** Deno reports EINVAL for whatever keeps a socket from its local address. */
function explain(local: { host: string; port: number }, error: Error): unknown {
  if ((error as { code?: unknown }).code !== "EINVAL") return fromNodeError(error);
  const host = local.host.includes(":") ? `[${local.host}]` : local.host;
  return new Deno.errors.AddrNotAvailable(
    `The local address ${host}:${local.port} cannot be used`,
    { cause: error },
  );
}

/** Listens on a port that other processes may listen on as well. */
export function listenShared(
  address: { host: string; port: number },
  backlog: number,
): Promise<StreamListener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    const fail = (error: Error) => reject(explain(address, error));
    server.once("error", fail);
    server.listen({ ...address, backlog, reusePort: true, exclusive: true }, () => {
      server.off("error", fail);
      resolve(new NodeStreamListener(server));
    });
  });
}

interface Acceptance {
  resolve(socket: StreamSocket): void;
  reject(error: unknown): void;
}

/** A listening server of `node:net`, which it owns. */
class NodeStreamListener implements StreamListener {
  readonly addr: SocketAddress;
  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  #pending: Acceptance | null = null;
  #failure: unknown = null;
  #closed = false;

  constructor(server: Server) {
    const { address, port } = server.address() as AddressInfo;
    this.addr = { transport: "tcp", hostname: address, port };
    this.#server = server;
    server.on("connection", (socket) => {
      const pending = this.#pending;
      this.#pending = null;
      if (pending !== null) return pending.resolve(new NodeStreamSocket(socket));
      // A socket at rest has nobody else to tell.
      socket.on("error", () => {});
      this.#waiting.push(socket);
    });
    server.on("error", (error) => {
      const pending = this.#pending;
      this.#pending = null;
      if (pending === null) this.#failure = error;
      else pending.reject(fromNodeError(error));
    });
  }

  accept(): Promise<StreamSocket> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Deno.errors.BadResource("Cannot accept: the listener is closed");
      if (this.#pending !== null) {
        throw new Deno.errors.Busy("Cannot accept: another call of accept() is under way");
      }
      const failure = this.#failure;
      this.#failure = null;
      if (failure !== null) throw fromNodeError(failure);
      const socket = this.#waiting.shift();
      if (socket === undefined) this.#pending = { resolve, reject };
      else resolve(new NodeStreamSocket(socket));
    });
  }

  close(): void {
    if (this.#closed) throw new Deno.errors.BadResource("Cannot close: the listener is closed");
    this.#closed = true;
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    // The port is free at once; the server itself stays until its last connection has ended.
    this.#server.close();
    const pending = this.#pending;
    this.#pending = null;
    pending?.reject(new Deno.errors.BadResource("Listener has been closed"));
  }
}
