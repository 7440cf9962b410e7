/**
 * `createDatagramEndpoint()`, `connectReadPipe()`, `connectWritePipe()`, and datagram sockets as such.
 *
 * asyncio counterpart: the methods of the same names in `asyncio.base_events` and
 * `asyncio.selector_events`.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { CancelledError, NotImplementedError } from "../futures/errors.ts";
import type { Future } from "../futures/future.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import type { BaseTransport } from "../transports/base_transport.ts";
import type { DatagramAddress, DatagramSocket } from "../transports/datagram_socket.ts";
import type { DatagramTransport } from "../transports/datagram_transport.ts";
import type { DatagramProtocol } from "../transports/protocol.ts";
import { bytesOf, checkByteCount } from "../transports/_bytes.ts";
import type { WritableData } from "../transports/transport.ts";
import { withAddress } from "./_address_error.ts";
import { checkPair, checkPort, resolveName } from "./_connect.ts";
import { checkFactory, checkTransport, makeProtocol } from "./_factory.ts";
import { handOver } from "./_hand_over.ts";
import { hostCall } from "./_host_call.ts";
import { Kept } from "./_sockets.ts";
import type { BaseEventLoop } from "./base_event_loop.ts";
import type { DatagramEndpointOptions, IPFamily } from "./network_options.ts";

interface Address {
  host: string;
  port: number;
  family: 4 | 6;
}

function* resolve(
  loop: BaseEventLoop,
  name: "localAddr" | "remoteAddr",
  pair: readonly [host: string, port: number | string],
  family: IPFamily,
): Generator<Suspension, Address[], unknown> {
  checkPair("Cannot create a datagram endpoint", name, pair);
  const [host, port] = pair;
  checkPort("Cannot create a datagram endpoint", port);
  const options = { family, type: "datagram", passive: true } as const;
  const infos = yield* resolveName(loop, host, port, options);
  return infos.map(({ family, address }) => ({ ...address, family }));
}

/** `loop.createDatagramEndpoint()`. */
export function* createDatagramEndpoint<P extends DatagramProtocol>(
  loop: BaseEventLoop,
  protocolFactory: () => P,
  options: DatagramEndpointOptions = {},
): Generator<Suspension, [DatagramTransport, P], unknown> {
  const action = "Cannot create a datagram endpoint";
  const { localAddr, remoteAddr, sock, family = 0, allowBroadcast = false } = options;
  checkFactory(action, protocolFactory);
  if (options.reusePort) {
    throw new NotImplementedError(`${action}: Deno cannot share the port of a datagram socket`);
  }
  if (sock !== undefined && localAddr !== undefined) {
    throw new TypeError(`${action}: give either localAddr or sock, not both`);
  }
  if (sock === undefined && localAddr === undefined && remoteAddr === undefined && family === 0) {
    throw new TypeError(`${action}: localAddr, remoteAddr, family or sock is needed`);
  }
  const remotes = remoteAddr === undefined
    ? undefined
    : yield* resolve(loop, "remoteAddr", remoteAddr, family);
  const locals = localAddr === undefined
    ? undefined
    : yield* resolve(loop, "localAddr", localAddr, family);
  const pair = pairUp(locals, remotes);
  if (pair === undefined) {
    throw new RangeError(`${action}: the local and the remote address are of different families`);
  }
  const [local, remote] = pair;
  const socket = sock ??
    (yield* bind(loop, local, remote?.family ?? (family || 4), allowBroadcast));
  const known = remote === undefined ? {} : { remoteAddr: [remote.host, remote.port] as const };
  return yield* handOver(
    loop,
    socket,
    () => makeProtocol(action, protocolFactory),
    (protocol, waiter) => {
      const made = loop._makeDatagramTransport(socket, protocol, { waiter, ...known });
      return checkTransport(loop, "_makeDatagramTransport", made);
    },
  );
}

/** The first local and the first remote address of one family. */
function pairUp(
  locals: Address[] | undefined,
  remotes: Address[] | undefined,
): [Address | undefined, Address | undefined] | undefined {
  if (locals === undefined || remotes === undefined) return [locals?.[0], remotes?.[0]];
  for (const local of locals) {
    const remote = remotes.find(({ family }) => family === local.family);
    if (remote !== undefined) return [local, remote];
  }
  return undefined;
}

function* bind(
  loop: BaseEventLoop,
  local: Address | undefined,
  family: 4 | 6,
  allowBroadcast: boolean,
): Generator<Suspension, DatagramSocket, unknown> {
  const address = local ?? { host: family === 6 ? "::" : "0.0.0.0", port: 0 };
  try {
    return yield* hostCall(
      loop,
      () => loop._bindDatagram({ host: address.host, port: address.port }, { allowBroadcast }),
      (late) => late.close(),
    );
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    throw withAddress("Cannot bind a datagram socket to", { transport: "tcp", ...address }, error);
  }
}

/** `loop.connectReadPipe()` and `loop.connectWritePipe()`. */
export function* connectPipe<T extends BaseTransport, P>(
  loop: BaseEventLoop,
  protocolFactory: () => P,
  make: (protocol: P, waiter: Future<void>) => T,
): Generator<Suspension, [T, P], unknown> {
  const action = "Cannot connect a pipe";
  checkFactory(action, protocolFactory);
  return yield* handOver(
    loop,
    undefined,
    () => makeProtocol(action, protocolFactory),
    (protocol, waiter) =>
      checkTransport(
        loop,
        "_makeReadPipeTransport() or _makeWritePipeTransport",
        make(protocol, waiter),
      ),
  );
}

// ---- Datagram sockets as such -------------------------------------------------------------------

type Received = [data: Uint8Array, from: DatagramAddress];

const receives = new Kept<DatagramSocket, Received>();
/** No datagram is longer. */
const MAX_DATAGRAM_BYTES = 65_536;

/** `loop.sockRecvfrom()`. */
export function* receiveFrom(
  loop: FutureLoop,
  socket: DatagramSocket,
  size: number,
): Generator<Suspension, [Uint8Array<ArrayBuffer>, [string, number]], unknown> {
  checkByteCount("receive", size, 0);
  const [data, from] = yield* receives.call(
    loop,
    socket,
    () => socket.receive(new Uint8Array(MAX_DATAGRAM_BYTES)),
  );
  // What does not fit is lost, as with every datagram socket.
  return [data.slice(0, size) as Uint8Array<ArrayBuffer>, [from.hostname, from.port]];
}

/** `loop.sockRecvfromInto()`. */
export function* receiveFromInto(
  loop: FutureLoop,
  socket: DatagramSocket,
  buffer: Uint8Array,
): Generator<Suspension, [number, [string, number]], unknown> {
  const [data, from] = yield* receiveFrom(loop, socket, buffer.length);
  buffer.set(data);
  return [data.length, from];
}

/** `loop.sockSendto()`. */
export function* sendTo(
  loop: FutureLoop,
  socket: DatagramSocket,
  data: WritableData,
  [hostname, port]: readonly [host: string, port: number],
): Generator<Suspension, number, unknown> {
  // A copy: the host looks at the bytes after this call, and nobody may change them then.
  const bytes = bytesOf(data).slice();
  const address = { transport: "udp", hostname, port };
  return yield* hostCall(loop, () => socket.send(bytes, address), () => {});
}
