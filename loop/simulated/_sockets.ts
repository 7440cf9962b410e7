/**
 * What opens sockets on a simulated host: behind the hooks of the loop.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import type { BindDatagramOptions, DatagramSocket } from "../../transports/datagram_socket.ts";
import type {
  SocketAddress,
  StreamListener,
  StreamSocket,
} from "../../transports/stream_socket.ts";
import {
  type AddressInfo,
  GAIError,
  type GetAddrInfoOptions,
  type GetNameInfoOptions,
  type NameInfo,
} from "../address_info.ts";
import type { ConnectHookOptions, ListenHookOptions, StreamAddress } from "../network_options.ts";
import { getnameinfo, knownAddresses } from "../_resolve.ts";
import { canonicalAddress, isIPv6, isLoopback, isWildcard } from "./_addresses.ts";
import { DatagramEnd } from "./_datagram_end.ts";
import { StreamEnd } from "./_stream_end.ts";
import { SimulatedListener } from "./_stream_listener.ts";
import { type Boot, never, type World } from "./_world.ts";

type Address = { readonly host: string; readonly port: number };

const LOOPBACK = ["::1", "127.0.0.1"];

/** Resolves the name of a host. */
// deno-lint-ignore require-await
export async function resolve(
  world: World,
  host: string | undefined,
  port: number | string | undefined,
  options: GetAddrInfoOptions,
): Promise<AddressInfo[]> {
  const known = knownAddresses(host, port, options);
  if (known !== undefined) return known;
  const name = host!.toLowerCase();
  const addresses = name === "localhost"
    ? LOOPBACK
    : world.hosts.find((each) => each.name.toLowerCase() === name)?.addresses;
  const { family = 0 } = options;
  const fitting = addresses?.filter((each) => family === 0 || isIPv6(each) === (family === 6));
  if (fitting === undefined || fitting.length === 0) {
    const why = fitting === undefined ? "the name is not known" : `it has no IPv${family} address`;
    throw new GAIError("EAI_NONAME", `Cannot resolve ${describe(host)}: ${why}`);
  }
  return fitting.flatMap((address) => knownAddresses(address, port, options)!);
}

/** Finds the name of a host. */
export async function nameOf(
  world: World,
  address: Address,
  options: GetNameInfoOptions = {},
): Promise<NameInfo> {
  const { numericHost = false, nameRequired = false } = options;
  // Where no name is needed, nobody is asked.
  if (numericHost) return await getnameinfo(address, options);
  const known = await getnameinfo(address, { ...options, numericHost: true, nameRequired: false });
  const host = canonicalAddress(known.host);
  if (isLoopback(host)) return { ...known, host: "localhost" };
  const name = world.hosts.find((each) => each.addresses.includes(host))?.name;
  if (name === undefined && nameRequired) {
    throw new GAIError("EAI_NONAME", `Cannot resolve ${describe(host)}: the name is not known`);
  }
  return { ...known, host: name ?? known.host };
}

/** Connects. */
export async function connect(
  world: World,
  boot: Boot,
  address: StreamAddress,
  { signal, localAddr }: ConnectHookOptions,
): Promise<StreamSocket> {
  if (!boot.alive) return never();
  const end = address.transport === "unix"
    ? unixEnd(world, boot, address.path)
    : tcpEnd(world, boot, address, localAddr);
  await end.connect(signal);
  return end;
}

function unixEnd(world: World, boot: Boot, path: string): StreamEnd {
  const { host } = boot;
  host._checkPath(path);
  const localAddr: SocketAddress = { transport: "unix", path: "" };
  const remoteAddr: SocketAddress = { transport: "unix", path };
  return new StreamEnd(world, boot, { localAddr, remoteAddr, remote: host });
}

function tcpEnd(
  world: World,
  boot: Boot,
  { host, port }: Address,
  localAddr: Address | undefined,
): StreamEnd {
  let hostname = canonicalAddress(host);
  // As on Linux, connecting to all addresses is connecting to oneself.
  if (isWildcard(hostname)) hostname = isIPv6(hostname) ? "::1" : "127.0.0.1";
  const own = localAddr === undefined || isWildcard(localAddr.host)
    ? boot.host._addressTowards(hostname)
    : canonicalAddress(localAddr.host);
  const local: SocketAddress = {
    transport: "tcp",
    hostname: own,
    port: boot.host._portFor(own, localAddr?.port ?? 0),
  };
  return new StreamEnd(world, boot, {
    localAddr: local,
    remoteAddr: { transport: "tcp", hostname, port },
    remote: world.hostOf(boot.host, hostname),
  });
}

/** Listens. */
// deno-lint-ignore require-await
export async function listen(
  boot: Boot,
  address: StreamAddress,
  options: ListenHookOptions,
): Promise<StreamListener> {
  if (!boot.alive) return never();
  const asked = address.transport === "tcp"
    ? { ...address, host: canonicalAddress(address.host) }
    : address;
  return boot.host._listen(asked, options, (bound, closing) => {
    const addr: SocketAddress = bound.transport === "tcp"
      ? { transport: "tcp", hostname: bound.host, port: bound.port }
      : bound;
    return new SimulatedListener(boot, addr, options.backlog, closing);
  });
}

/** Binds a datagram socket. */
// deno-lint-ignore require-await
export async function bindDatagram(
  world: World,
  boot: Boot,
  { host, port }: Address,
  { allowBroadcast = false }: BindDatagramOptions,
): Promise<DatagramSocket> {
  if (!boot.alive) return never();
  const hostname = canonicalAddress(host);
  return boot.host._bindDatagram({ host: hostname, port }, (port, closing) => {
    const addr = { transport: "udp", hostname, port } as const;
    return new DatagramEnd(world, boot, addr, allowBroadcast, closing);
  });
}
