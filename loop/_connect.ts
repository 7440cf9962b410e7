/**
 * `createConnection()`: from a name to a transport.
 *
 * asyncio counterpart: `BaseEventLoop.create_connection` and what it calls.
 *
 * Invariant: whatever fails or is cancelled on the way, a connection that was opened is either in the
 * hands of a transport or closed.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { describe } from "../futures/_describe.ts";
import { CancelledError } from "../futures/errors.ts";
import { ExceptionGroup } from "../futures/exception_group.ts";
import { staggeredRace } from "../futures/_staggered_race.ts";
import { distrust } from "../transports/_direct_socket.ts";
import { retold } from "../transports/_host_error.ts";
import type { AnyProtocol } from "../transports/protocol.ts";
import type { SocketTransportOptions } from "../transports/socket_transport.ts";
import type { Transport } from "../transports/transport.ts";
import type { StreamSocket } from "../transports/stream_socket.ts";
import { knownAddresses } from "./_resolve.ts";
import { withAddress } from "./_address_error.ts";
import { type AddressInfo, GAIError, type GetAddrInfoOptions } from "./address_info.ts";
import { checkFactory, checkTransport, makeProtocol } from "./_factory.ts";
import { handOver } from "./_hand_over.ts";
import { hostCall } from "./_host_call.ts";
import type { BaseEventLoop } from "./base_event_loop.ts";
import { chooseTls, type TlsChoice } from "./_tls.ts";
import type {
  AcceptedSocketOptions,
  ConnectionOptions,
  IPFamily,
  StreamAddress,
} from "./network_options.ts";

type TcpAddress = Extract<StreamAddress, { transport: "tcp" }>;

/** Checks a port number. */
export function checkPort(action: string, port: unknown): void {
  if (typeof port === "string" && /^[a-z][a-z0-9-]*$/i.test(port)) return;
  if (typeof port !== "number" && typeof port !== "string") {
    throw new TypeError(`${action}: the port must be a number or a service name, got ${port}`);
  }
  const number = Number(port);
  if (!(Number.isInteger(number) && number >= 0 && number <= 65_535)) {
    throw new RangeError(
      `${action}: the port must be an integer from 0 to 65535, got ${describe(port)}`,
    );
  }
}

/** Checks a host with its port. */
export function checkPair(action: string, name: string, pair: unknown): void {
  if (Array.isArray(pair) && pair.length === 2) return;
  throw new TypeError(
    `${action}: ${name} must be a host and a port, as in ["127.0.0.1", 0], got ${describe(pair)}`,
  );
}

/** Asks the loop for the addresses of a name, unless they are known; there is at least one. */
export function* resolveName(
  loop: BaseEventLoop,
  host: string | undefined,
  port: number | string,
  options: GetAddrInfoOptions,
): Generator<Suspension, AddressInfo[], unknown> {
  const infos = knownAddresses(host, port, options) ??
    (yield* hostCall(loop, () => loop._resolve(host, port, options), () => {}));
  if (infos.length > 0) return infos;
  throw new GAIError("EAI_NONAME", `Cannot resolve ${describe(host)}: it has no address`);
}

/** Resolves a name to addresses, each once. */
export function* resolveAddresses(
  loop: BaseEventLoop,
  host: string | undefined,
  port: number | string,
  family: IPFamily,
  passive = false,
): Generator<Suspension, TcpAddress[], unknown> {
  const infos = yield* resolveName(loop, host, port, { family, type: "stream", passive });
  const seen = new Map<string, TcpAddress>();
  for (const { address } of infos) {
    const key = `${address.host} ${address.port}`;
    if (!seen.has(key)) {
      seen.set(key, { transport: "tcp", host: address.host, port: address.port });
    }
  }
  return [...seen.values()];
}

/** Reorders addresses so that families alternate after the first `firstCount` (RFC 8305, 4). */
export function interleave(addresses: TcpAddress[], firstCount: number): TcpAddress[] {
  const isV6 = ({ host }: TcpAddress) => host.includes(":");
  const first = addresses.filter((address) => isV6(address) === isV6(addresses[0]!));
  const other = addresses.filter((address) => isV6(address) !== isV6(addresses[0]!));
  const result = first.splice(0, firstCount - 1);
  for (let i = 0; i < first.length || i < other.length; i++) {
    if (i < first.length) result.push(first[i]!);
    if (i < other.length) result.push(other[i]!);
  }
  return result;
}

/** The local address from which another can be reached. */
function chooseLocal(address: StreamAddress, locals: TcpAddress[]): TcpAddress {
  const isV6 = (host: string) => host.includes(":");
  const local = address.transport === "unix"
    ? undefined
    : locals.find(({ host }) => isV6(host) === isV6(address.host));
  if (local !== undefined) return local;
  throw new Deno.errors.AddrNotAvailable("There is no local address of the same family");
}

/** Opens a connection to one address. */
export function* connectTo(
  loop: BaseEventLoop,
  address: StreamAddress,
  localAddr: TcpAddress[] | undefined,
  failures: unknown[],
): Generator<Suspension, StreamSocket, unknown> {
  try {
    const local = localAddr === undefined ? {} : { localAddr: chooseLocal(address, localAddr) };
    return yield* hostCall(
      loop,
      (signal) => loop._connect(address, { signal, ...local }),
      (late) => late.close(),
    );
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    const told = withAddress("Cannot connect to", address, error);
    failures.push(told);
    throw told;
  }
}

/** Opens a connection to the first address that answers. */
function* openSocket(
  loop: BaseEventLoop,
  host: string,
  port: number | string,
  options: ConnectionOptions,
): Generator<Suspension, StreamSocket, unknown> {
  const { family = 0, localAddr, happyEyeballsDelay, allErrors = false } = options;
  let addresses = yield* resolveAddresses(loop, host, port, family);
  const locals = localAddr === undefined
    ? undefined
    : yield* resolveAddresses(loop, localAddr[0], localAddr[1], family);
  const interleaved = options.interleave ?? (happyEyeballsDelay === undefined ? 0 : 1);
  if (interleaved > 0 && addresses.length > 1) addresses = interleave(addresses, interleaved);
  const failures: unknown[] = [];
  const race = yield* staggeredRace(
    addresses.map((address) => () => connectTo(loop, address, locals, failures)),
    { delay: happyEyeballsDelay, discard: (late) => late.close() },
  );
  if (race.winner !== undefined) return race.winner.result;
  // None has failed, so all were cancelled, by the hook itself.
  if (failures.length === 0) throw race.exceptions[0];
  throw summarize(host, port, failures, allErrors);
}

/** Lets the hooks of the loop make the transport of a connection. */
export function wrapSocket(
  loop: BaseEventLoop,
  socket: StreamSocket,
  protocol: AnyProtocol,
  tls: TlsChoice | undefined,
  options: SocketTransportOptions,
): Transport {
  if (tls === undefined) {
    const made = loop._makeSocketTransport(socket, protocol, options);
    return checkTransport(loop, "_makeSocketTransport", made);
  }
  const made = loop._makeSslTransport(socket, protocol, tls.context, {
    ...tls.options,
    ...options,
  });
  return checkTransport(loop, "_makeSslTransport", made);
}

/** Makes protocol and transport of a connection and waits until the one has the other. */
export function* makeTransport<P extends AnyProtocol>(
  loop: BaseEventLoop,
  action: string,
  socket: StreamSocket,
  protocolFactory: () => P,
  tls: TlsChoice | undefined,
): Generator<Suspension, [Transport, P], unknown> {
  return yield* handOver(
    loop,
    socket,
    () => makeProtocol(action, protocolFactory),
    (protocol, waiter) => wrapSocket(loop, socket, protocol, tls, { waiter }),
  );
}

/** `loop.createConnection()`. */
export function* createConnection<P extends AnyProtocol>(
  loop: BaseEventLoop,
  protocolFactory: () => P,
  host: string | undefined,
  port: number | string | undefined,
  options: ConnectionOptions = {},
): Generator<Suspension, [Transport, P], unknown> {
  const action = "Cannot create a connection";
  checkFactory(action, protocolFactory);
  const tls = chooseTls(action, options, { host });
  let socket = options.sock;
  if (socket !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new TypeError(`${action}: give either host and port or sock, not both`);
    }
  } else {
    if (host === undefined || port === undefined) {
      throw new TypeError(`${action}: host and port are needed where no sock is given`);
    }
    checkPort(action, port);
    if (options.localAddr !== undefined) {
      checkPair(action, "localAddr", options.localAddr);
      checkPort(`${action} from`, options.localAddr[1]);
    }
    socket = yield* openSocket(loop, host, port, options);
  }
  return yield* makeTransport(loop, action, socket, protocolFactory, tls);
}

/** `loop.sockConnect()`. */
export function* connectSocket(
  loop: BaseEventLoop,
  address: readonly [host: string, port: number] | string,
): Generator<Suspension, StreamSocket, unknown> {
  let socket: StreamSocket;
  if (typeof address === "string") {
    socket = yield* connectTo(loop, { transport: "unix", path: address }, undefined, []);
  } else {
    const [host, port] = address;
    checkPort("Cannot connect", port);
    socket = yield* openSocket(loop, host, port, {});
  }
  // It is the program's from now on.
  distrust(socket);
  return socket;
}

/** `loop.connectAcceptedSocket()`. */
export function* connectAcceptedSocket<P extends AnyProtocol>(
  loop: BaseEventLoop,
  protocolFactory: () => P,
  sock: StreamSocket,
  options: AcceptedSocketOptions = {},
): Generator<Suspension, [Transport, P], unknown> {
  const action = "Cannot use an accepted connection";
  checkFactory(action, protocolFactory);
  const tls = chooseTls(action, options, "server");
  if (typeof (sock as Partial<StreamSocket> | undefined)?.read !== "function") {
    throw new TypeError(`${action}: a connection is needed, got ${describe(sock)}`);
  }
  return yield* makeTransport(loop, action, sock, protocolFactory, tls);
}

function summarize(
  host: string,
  port: number | string,
  failures: unknown[],
  allErrors: boolean,
): unknown {
  if (allErrors) {
    return new ExceptionGroup(`Cannot connect to ${host} port ${port}`, failures);
  }
  const first = failures[0];
  if (failures.length === 1) return first;
  const texts = failures.map((each) => describe(each));
  const message = `Cannot connect to ${host} port ${port}: ${texts.join("; ")}`;
  const isAlike = failures.every((each) =>
    (each as Error | null)?.constructor === (first as Error | null)?.constructor
  );
  const told = isAlike ? retold(first, message) : undefined;
  return told ??
    new Deno.errors.ConnectionRefused(message, { cause: new AggregateError(failures) });
}
