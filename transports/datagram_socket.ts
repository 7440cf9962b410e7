/**
 * What a datagram transport needs of a socket, and sockets of that shape on Deno.
 *
 * `Deno.DatagramConn` has the shape, and so can a simulated network. Deno hides its own behind a flag
 * (`--unstable-net`), so without it datagrams travel through `node:dgram`, four times slower when
 * received in a flood.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { fromNodeError } from "./_node_error.ts";
import type { SocketAddress } from "./stream_socket.ts";

/** Where a datagram comes from or goes to. `Deno.NetAddr` has this shape. */
export interface DatagramAddress {
  /** The transport, where it is told. */
  readonly transport?: string;
  /** An IP address. */
  readonly hostname: string;
  /** A port number. */
  readonly port: number;
}

/** A socket that carries datagrams. */
export interface DatagramSocket {
  /** The address of this end. */
  readonly addr: SocketAddress;
  /**
   * Waits for the next datagram. One call at a time.
   *
   * @param buffer where to put it, not to be touched meanwhile; what does not fit is lost
   * @returns the datagram, in `buffer` or in memory of its own that is the caller's, and the sender;
   * rejects with `Deno.errors.BadResource` or `Deno.errors.Interrupted` when the socket is closed
   */
  receive(buffer: Uint8Array): Promise<[Uint8Array, DatagramAddress]>;
  /**
   * Sends a datagram. One call at a time: Deno sends what was started together in any order.
   *
   * @param data what to send, not to be touched meanwhile
   */
  send(data: Uint8Array, to: DatagramAddress): Promise<number>;
  /** Closes the socket; a pending `receive()` rejects. */
  close(): void;
}

/** What {@linkcode bindDatagram} takes beside the address. */
export interface BindDatagramOptions {
  /**
   * Whether datagrams may be sent to broadcast addresses. Sockets of `Deno.listenDatagram` always
   * may.
   * @default false
   */
  allowBroadcast?: boolean;
}

/**
 * Binds a datagram socket: the default behind a loop's `_bindDatagram()`.
 *
 * @param address the IP address and port of this end; port 0 chooses one
 * @throws {Deno.errors.AddrInUse} and what else the host has to say
 */
export async function bindDatagram(
  address: { readonly host: string; readonly port: number },
  options: BindDatagramOptions = {},
): Promise<DatagramSocket> {
  const { listenDatagram } = Deno as { listenDatagram?: ListenDatagram };
  if (listenDatagram === undefined) return await NodeDatagramSocket.bind(address, options);
  return listenDatagram({ transport: "udp", hostname: address.host, port: address.port });
}

// Deno's types declare it only with the flag.
type ListenDatagram = (options: {
  transport: "udp";
  hostname: string;
  port: number;
}) => DatagramSocket;

/** Datagrams that came while nobody asked for one are kept up to this many bytes, then dropped. */
const MAX_QUEUED_BYTES = 256 * 1024;
/** What a queued datagram counts beside its data. */
const OVERHEAD_BYTES = 64;

type Receiver = {
  resolve(datagram: [Uint8Array, DatagramAddress]): void;
  reject(error: unknown): void;
};

/** A datagram socket over `node:dgram`. */
export class NodeDatagramSocket implements DatagramSocket {
  /** The address of this end. */
  readonly addr: SocketAddress;
  readonly #socket: Socket;
  readonly #allowBroadcast: boolean;
  #queue: [Uint8Array, DatagramAddress][] = [];
  #head = 0;
  #queuedBytes = 0;
  #receiver: Receiver | null = null;
  #error: unknown = null;
  #closed = false;

  /**
   * Makes an object of a socket.
   *
   * @param socket a bound socket, which is the new object's from now on
   * @param options whether broadcasts may be sent; the socket has to be told so as well
   */
  constructor(socket: Socket, options: BindDatagramOptions = {}) {
    this.#socket = socket;
    this.#allowBroadcast = options.allowBroadcast === true;
    const { address, port } = socket.address();
    this.addr = { transport: "udp", hostname: address, port };
    socket.on("message", (data: Uint8Array, from: { address: string; port: number }) => {
      const address = { transport: "udp", hostname: from.address, port: from.port };
      this.#receive(data, address);
    });
    socket.on("error", (error: unknown) => {
      const receiver = this.#receiver;
      this.#receiver = null;
      if (receiver === null) this.#error = fromNodeError(error);
      else receiver.reject(fromNodeError(error));
    });
  }

  /**
   * Makes a socket.
   *
   * @param address the address of this end
   * @param options whether broadcasts may be sent
   */
  static async bind(
    address: { readonly host: string; readonly port: number },
    options: BindDatagramOptions = {},
  ): Promise<NodeDatagramSocket> {
    const isV6 = isIPv6(address.host);
    await requireNet(
      isV6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`,
    );
    const socket = createSocket({ type: isV6 ? "udp6" : "udp4" });
    return await new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        socket.close();
        reject(fromNodeError(error));
      };
      socket.once("error", fail);
      socket.bind({ address: address.host, port: address.port }, () => {
        socket.off("error", fail);
        try {
          if (options.allowBroadcast === true) socket.setBroadcast(true);
          resolve(new NodeDatagramSocket(socket, options));
        } catch (error) {
          fail(error);
        }
      });
    });
  }

  #receive(data: Uint8Array, from: DatagramAddress): void {
    // Node allocates 64 KiB for each datagram, so what is kept is copied.
    const own = new Uint8Array(data);
    const receiver = this.#receiver;
    if (receiver !== null) {
      this.#receiver = null;
      receiver.resolve([own, from]);
      return;
    }
    // As the kernel does with a full buffer.
    if (this.#queuedBytes > MAX_QUEUED_BYTES) return;
    this.#queuedBytes += own.length + OVERHEAD_BYTES;
    this.#queue.push([own, from]);
  }

  /** Waits for the next datagram; `buffer` is left alone. */
  receive(_buffer: Uint8Array): Promise<[Uint8Array, DatagramAddress]> {
    if (this.#closed) return Promise.reject(closedError("receive"));
    if (this.#head < this.#queue.length) return Promise.resolve(this.#shift());
    if (this.#error !== null) {
      const error = this.#error;
      this.#error = null;
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => this.#receiver = { resolve, reject });
  }

  #shift(): [Uint8Array, DatagramAddress] {
    const first = this.#queue[this.#head++]!;
    this.#queuedBytes -= first[0].length + OVERHEAD_BYTES;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    return first;
  }

  /** Sends a datagram. */
  send(data: Uint8Array, to: DatagramAddress): Promise<number> {
    if (this.#closed) return Promise.reject(closedError("send"));
    return new Promise((resolve, reject) => {
      this.#socket.send(data, to.port, to.hostname, (error, count) => {
        if (error === null || error === undefined) resolve(count);
        else reject(this.#explain(error, to));
      });
    });
  }

  #explain(error: Error & { code?: string }, { hostname }: DatagramAddress): unknown {
    // Node has no name for what the system says to a broadcast that was not asked for.
    if (error.code === "UNKNOWN" && !this.#allowBroadcast && hostname.endsWith(".255")) {
      return new Deno.errors.PermissionDenied(
        `Cannot send to ${hostname}: a broadcast takes allowBroadcast`,
        { cause: error },
      );
    }
    return fromNodeError(error);
  }

  /** Closes the socket. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#socket.close();
    this.#receiver?.reject(new Deno.errors.Interrupted("Cannot receive: the socket was closed"));
    this.#receiver = null;
  }
}

/** Without the permission, `bind()` throws where nobody can catch it. */
async function requireNet(host: string): Promise<void> {
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Cannot bind a datagram socket: it requires net access to "${host}", as by --allow-net`,
  );
}

function closedError(action: string): Error {
  return new Deno.errors.BadResource(`Cannot ${action}: the socket is closed`);
}
