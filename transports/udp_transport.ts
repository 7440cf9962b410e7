/**
 * `UdpTransport`: sends and receives datagrams.
 *
 * asyncio counterpart: `asyncio.selector_events._SelectorDatagramTransport`.
 *
 * Invariants: at most one datagram is being sent, since Deno lets several overtake each other, and at
 * most one receive is pending; the number of unsent bytes is that of the queue and of the datagram being
 * sent, each datagram counted with its header.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { type Context, copyContext } from "../futures/context.ts";
import type { Future } from "../futures/future.ts";
import type { Runnable } from "../futures/future_loop.ts";
import { bytesOf } from "./_bytes.ts";
import { ContextCall } from "./_context_call.ts";
import { FlowControl } from "./_flow_control.ts";
import { reportError, watchResult } from "./_report.ts";
import type { DatagramAddress, DatagramSocket } from "./datagram_socket.ts";
import { DatagramTransport } from "./datagram_transport.ts";
import type { DatagramProtocol } from "./protocol.ts";
import type { WritableData, WriteBufferLimits } from "./transport.ts";
import type { TransportLoop } from "./transport_loop.ts";

/** What a datagram counts besides its bytes: the header of UDP. */
const HEADER_BYTES = 8;
/** The longest datagram of IPv4 and IPv6, rounded up. */
const RECEIVE_BYTES = 65_536;
/** As asyncio's `LOG_THRESHOLD_FOR_CONNLOST_WRITES`. */
const SENDS_BEFORE_WARNING = 5;

/** What {@linkcode UdpTransport} takes beside socket and protocol. */
export interface UdpTransportOptions {
  /** The one that datagrams are sent to and taken from; without it, everybody. */
  remoteAddr?: readonly [host: string, port: number];
  /** Is given a result once the protocol has the transport. */
  waiter?: Future<void>;
  /** What `getExtraInfo()` is to know besides. */
  extra?: Record<string, unknown>;
}

interface Datagram {
  readonly data: Uint8Array;
  readonly to: DatagramAddress;
}

/**
 * A transport over anything of the shape of a datagram socket.
 *
 * With a remote address, datagrams of others are dropped. An error in sending or receiving one datagram
 * is told to `errorReceived()`, and the transport goes on.
 *
 * **Differs from asyncio**: that nobody listens at the remote address is not told: Deno does not pass
 * it on.
 *
 * asyncio name: `_SelectorDatagramTransport`.
 */
export class UdpTransport extends DatagramTransport implements Runnable {
  /** The context that the protocol is called in. @internal */
  readonly _context: Context;
  readonly #loop: TransportLoop;
  readonly #socket: DatagramSocket;
  readonly #remote: DatagramAddress | undefined;
  #protocol: DatagramProtocol;

  readonly #space = new Uint8Array(RECEIVE_BYTES);
  #arrived: [Uint8Array<ArrayBuffer>, DatagramAddress] | null = null;

  readonly #flow: FlowControl;
  #queue: Datagram[] = [];
  #head = 0;
  #sending: Datagram | null = null;
  #unsentBytes = 0;
  #sendsAfterEnd = 0;

  #closing = false;
  #lost = false;

  /**
   * Makes a transport; the loop calls the protocol's `connectionMade()` next.
   *
   * @param loop the loop
   * @param socket the socket, which the transport owns from now on
   * @param protocol what to call
   * @param options the remote address, the waiter, and extra information
   */
  constructor(
    loop: TransportLoop,
    socket: DatagramSocket,
    protocol: DatagramProtocol,
    { remoteAddr, waiter, extra }: UdpTransportOptions = {},
  ) {
    super(extra);
    this._context = copyContext();
    this.#loop = loop;
    this.#socket = socket;
    this.#remote = remoteAddr === undefined ? undefined : socketAddress(remoteAddr);
    this.#protocol = protocol;
    this.#flow = new FlowControl(loop, this);
    loop._hold(socket);
    this.#enqueue("connectionMade", () => this.#begin(waiter));
  }

  #enqueue(method: string, call: () => void): void {
    this.#loop._enqueue(new ContextCall(this._context, `${method}() of ${this}`, call));
  }

  #deliver(method: string, call: () => void): void {
    this.#loop._deliver(new ContextCall(this._context, `${method}() of ${this}`, call));
  }

  #begin(waiter: Future<void> | undefined): void {
    this.#tell("connectionMade", () => this.#protocol.connectionMade(this));
    this.#receive();
    if (waiter !== undefined && !waiter.done()) waiter.setResult(undefined);
  }

  // ---- Receiving --------------------------------------------------------------------------------

  #receive(): void {
    if (!this.#closing) this.#socket.receive(this.#space).then(this.#received, this.#receiveFailed);
  }

  readonly #received = ([data, from]: [Uint8Array, DatagramAddress]): void => {
    if (this.#closing) return;
    if (this.#remote !== undefined && !isSame(from, this.#remote)) return this.#receive();
    // What lies in the memory of all receives is copied; the protocol may keep what it gets.
    const own = data.buffer === this.#space.buffer ? data.slice() : data;
    this.#arrived = [own as Uint8Array<ArrayBuffer>, from];
    this.#loop._deliver(this);
  };

  /** Delivers what has arrived. @internal */
  _run(): void {
    if (this.#closing) return;
    const [data, { hostname, port }] = this.#arrived!;
    this.#arrived = null;
    this.#tell("datagramReceived", () => this.#protocol.datagramReceived(data, [hostname, port]));
    this.#receive();
  }

  readonly #receiveFailed = (error: unknown): void => {
    if (this.#closing) return;
    if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
      return this.#lose(error);
    }
    this.#deliver("errorReceived", () => {
      this.#errorReceived(error);
      this.#receive();
    });
  };

  // ---- Sending ----------------------------------------------------------------------------------

  /**
   * Sends a datagram, in the order of calls. Never waits.
   *
   * @param data the bytes, perhaps none; they are copied
   * @param address where to; left out where the transport has a remote address
   * @throws {TypeError} when `data` is no bytes, or there is no address or a malformed one
   * @throws {RangeError} when the port is out of range, or it is another than the remote address
   */
  override sendto(data: WritableData, address?: readonly [host: string, port: number]): void {
    const bytes = bytesOf(data).slice();
    const to = this.#destination(address);
    if (this.#closing) {
      if (++this.#sendsAfterEnd === SENDS_BEFORE_WARNING) {
        console.warn(`${this}: what is sent on a socket that is closed or lost is dropped`);
      }
      return;
    }
    this.#unsentBytes += bytes.length + HEADER_BYTES;
    this.#queue.push({ data: bytes, to });
    if (this.#sending === null) this.#sendNext();
    this.#flow.pauseIfAbove(this.#unsentBytes);
  }

  #destination(address: readonly [string, number] | undefined | null): DatagramAddress {
    const remote = this.#remote;
    if (address === undefined || address === null) {
      if (remote !== undefined) return remote;
      throw new TypeError("Cannot send a datagram: there is no address to send it to");
    }
    const to = socketAddress(address);
    if (remote === undefined || isSame(to, remote)) return remote ?? to;
    throw new RangeError(
      `Cannot send a datagram to ${to.hostname} port ${to.port}: the address must be left out or be ` +
        `${remote.hostname} port ${remote.port}`,
    );
  }

  #sendNext(): void {
    const next = this.#queue[this.#head++]!;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    this.#sending = next;
    this.#socket.send(next.data, next.to).then(
      () => this.#sent(),
      (error) => {
        if (this.#lost) return;
        this.#deliver("errorReceived", () => this.#errorReceived(error));
        this.#sent();
      },
    );
  }

  #sent(): void {
    if (this.#lost) return;
    this.#unsentBytes -= this.#sending!.data.length + HEADER_BYTES;
    this.#sending = null;
    if (this.#head < this.#queue.length) this.#sendNext();
    else if (this.#closing) return this.#lose(undefined);
    if (this.#flow.paused && this.#flow.isLow(this.#unsentBytes)) {
      this.#deliver("resumeWriting", () => {
        if (!this.#lost) this.#flow.resumeIfBelow(this.#unsentBytes);
      });
    }
  }

  /** See {@linkcode DatagramTransport.getWriteBufferSize}. */
  override getWriteBufferSize(): number {
    return this.#unsentBytes;
  }

  /** See {@linkcode DatagramTransport.getWriteBufferLimits}. */
  override getWriteBufferLimits(): [low: number, high: number] {
    return this.#flow.limits;
  }

  /** See {@linkcode DatagramTransport.setWriteBufferLimits}. */
  override setWriteBufferLimits(limits?: WriteBufferLimits): void {
    this.#flow.setLimits(limits);
    this.#flow.pauseIfAbove(this.#unsentBytes);
  }

  // ---- Protocol and information -----------------------------------------------------------------

  /** See {@linkcode BaseTransport.setProtocol}. */
  override setProtocol(protocol: object): void {
    this.#protocol = protocol as DatagramProtocol;
  }

  /** See {@linkcode BaseTransport.getProtocol}. */
  override getProtocol(): object {
    return this.#protocol;
  }

  /** Details: `socket`, `sockname`, and `peername` where the transport has a remote address. */
  override getExtraInfo(name: string, defaultValue?: unknown): unknown {
    const extra = super.getExtraInfo(name);
    if (extra !== undefined) return extra;
    switch (name) {
      case "socket":
        return this.#socket;
      case "sockname":
        return this.#socket.addr;
      case "peername":
        return this.#remote ?? defaultValue;
      default:
        return defaultValue;
    }
  }

  #errorReceived(error: unknown): void {
    if (!this.#lost) this.#tell("errorReceived", () => this.#protocol.errorReceived(error));
  }

  /** A protocol that fails at one datagram gets the next all the same. */
  #tell(method: string, call: () => unknown): void {
    try {
      watchResult(this.#loop, this, method, call());
    } catch (error) {
      reportError(this.#loop, this, error, `protocol.${method}() failed`);
    }
  }

  // ---- The end ----------------------------------------------------------------------------------

  /** See {@linkcode BaseTransport.isClosing}. */
  override isClosing(): boolean {
    return this.#closing;
  }

  /** See {@linkcode BaseTransport.close}. */
  override close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#sending === null) this.#lose(undefined);
  }

  /** See {@linkcode DatagramTransport.abort}. */
  override abort(): void {
    this.#lose(undefined);
  }

  #lose(error: unknown): void {
    if (this.#lost) return;
    this.#lost = this.#closing = true;
    this.#queue = [];
    this.#head = this.#unsentBytes = 0;
    this.#enqueue("connectionLost", () => {
      this.#tell("connectionLost", () => this.#protocol.connectionLost(error));
      this.#loop._letGo(this.#socket);
      try {
        this.#socket.close();
      } catch {
        // Somebody else has closed it.
      }
    });
  }

  /** For messages. */
  override toString(): string {
    const state = this.#lost ? "lost" : this.#closing ? "closing" : "open";
    return `<${this.constructor.name} ${state}, ${this.#unsentBytes} bytes unsent>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

function socketAddress(address: readonly [string, number]): DatagramAddress {
  const [hostname, port] = Array.isArray(address) ? address : [];
  if (typeof hostname !== "string" || typeof port !== "number") {
    throw new TypeError(
      `Cannot send a datagram: the address must be [host, port], got ${describe(address)}`,
    );
  }
  if (!(Number.isInteger(port) && port > 0 && port <= 65_535)) {
    throw new RangeError(
      `Cannot send a datagram: the port must be an integer from 1 to 65535, got ${port}`,
    );
  }
  return { transport: "udp", hostname: canonical(hostname), port };
}

/** IPv6 addresses in the one form that the host reports them in. */
function canonical(host: string): string {
  if (!host.includes(":") || host.includes("%")) return host;
  const url = URL.parse(`http://[${host}]`);
  if (url === null) return host;
  const short = url.hostname.slice(1, -1);
  // Here the system mixes in the notation of IPv4.
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(short);
  if (mapped === null) return short;
  const bytes = [mapped[1]!, mapped[2]!].flatMap((hex) => {
    const word = parseInt(hex, 16);
    return [word >> 8, word & 255];
  });
  return `::ffff:${bytes.join(".")}`;
}

function isSame(a: DatagramAddress, b: DatagramAddress): boolean {
  return a.port === b.port && a.hostname === b.hostname;
}
