/**
 * Name resolution: from names to addresses, and back.
 *
 * asyncio counterpart: `socket.getaddrinfo`, `socket.getnameinfo`, and `_ipaddr_info` of
 * `asyncio.base_events`. The system's own resolver answers (its configuration, its hosts file),
 * through `node:dns`: `Deno.resolveDns` asks name servers only. Several questions may be under way at
 * once; one that was asked cannot be taken back, so who stops waiting drops the answer.
 *
 * Invariant: what needs no answer (an IP address, no host, a service name) asks nobody.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { lookup, lookupService } from "node:dns/promises";
import { isIP } from "node:net";
import { describe } from "../futures/_describe.ts";
import {
  type AddressInfo,
  GAIError,
  type GAIErrorCode,
  type GetAddrInfoOptions,
  type GetNameInfoOptions,
  type NameInfo,
  type SocketKind,
  type SocketProto,
} from "./address_info.ts";
import { serviceName, servicePort } from "./_services.ts";

interface IPAddress {
  readonly host: string;
  readonly family: 4 | 6;
}

/** What an address is used for, with the port that it has then. */
interface Use {
  readonly type: SocketKind;
  readonly proto: SocketProto;
  readonly port: number;
}

const LOOPBACK: readonly IPAddress[] = [
  { host: "::1", family: 6 },
  { host: "127.0.0.1", family: 4 },
];
const EVERY_ADDRESS: readonly IPAddress[] = [
  { host: "0.0.0.0", family: 4 },
  { host: "::", family: 6 },
];

/**
 * Resolves a host and a port to addresses, in the order in which they should be tried.
 *
 * @param host a name, an IP address, or `undefined` for this machine
 * @param port a number, a service name, or `undefined` for 0
 * @param options family, kind, protocol, and what must be numeric
 * @throws {GAIError} when the host or the service is unknown, or has no address of the family
 * @throws {TypeError} when an argument is of the wrong kind
 * @throws {RangeError} when the port is out of range
 * @throws {Deno.errors.NotCapable} when the program may not use the net
 */
export async function getaddrinfo(
  host: string | undefined,
  port: number | string | undefined,
  options: GetAddrInfoOptions = {},
): Promise<AddressInfo[]> {
  const known = knownAddresses(host, port, options);
  if (known !== undefined) return known;
  const uses = findUses(host, port, options);
  return combine(await lookUp(host!, options.family ?? 0), uses);
}

/**
 * The same without asking anybody, or `undefined` where that needs an answer: for those who would
 * rather not wait when they need not.
 */
export function knownAddresses(
  host: string | undefined,
  port: number | string | undefined,
  options: GetAddrInfoOptions = {},
): AddressInfo[] | undefined {
  checkHost(host);
  const { family = 0, passive = false, numericHost = false } = options;
  if (family !== 0 && family !== 4 && family !== 6) {
    throw new RangeError(`Cannot resolve a name: the family must be 0, 4 or 6, got ${family}`);
  }
  const uses = findUses(host, port, options);
  if (host === undefined || host === null) {
    if (port === undefined || port === null) {
      throw new GAIError(
        "EAI_NONAME",
        "Cannot resolve a name: neither a host nor a port was given",
      );
    }
    const local = passive ? EVERY_ADDRESS : LOOPBACK;
    return combine(local.filter((each) => family === 0 || each.family === family), uses);
  }
  const version = isIP(host);
  if (version === 0) {
    if (!numericHost && host !== "") return undefined;
    const rule = numericHost ? "the host must be an IP address" : "the host is empty";
    throw new GAIError("EAI_NONAME", `Cannot resolve ${describe(host)}: ${rule}`);
  }
  if (family !== 0 && family !== version) {
    throw new GAIError(
      "EAI_FAMILY",
      `Cannot resolve ${describe(host)}: it is no IPv${family} address`,
    );
  }
  return combine([{ host, family: version as 4 | 6 }], uses);
}

function checkHost(host: unknown): void {
  if (typeof host !== "string" && host !== undefined && host !== null) {
    throw new TypeError(
      `Cannot resolve a name: the host must be a string or undefined, got ${describe(host)}`,
    );
  }
}

/** What the port can be used for under the options. */
function findUses(
  host: string | undefined,
  port: number | string | undefined,
  { type, proto, numericServ = false }: GetAddrInfoOptions,
): Use[] {
  const uses: Use[] = [];
  for (
    const use of [{ type: "stream", proto: "tcp" }, { type: "datagram", proto: "udp" }] as const
  ) {
    if ((type ?? use.type) !== use.type || (proto ?? use.proto) !== use.proto) continue;
    const number = portNumber(host, port, use.proto, numericServ);
    if (number !== undefined) uses.push({ ...use, port: number });
  }
  if (uses.length > 0) return uses;
  if (type !== undefined && proto !== undefined && (type === "stream") !== (proto === "tcp")) {
    throw new GAIError(
      "EAI_SOCKTYPE",
      `Cannot resolve ${describe(host)}: ${proto} carries no ${type}`,
    );
  }
  throw new GAIError(
    "EAI_SERVICE",
    `Cannot resolve ${describe(host)}: there is no service ${describe(port)}` +
      (proto === undefined && type === undefined ? "" : ` for ${proto ?? type}`),
  );
}

function portNumber(
  host: string | undefined,
  port: number | string | undefined,
  proto: SocketProto,
  numericServ: boolean,
): number | undefined {
  if (port === undefined || port === null) return 0;
  if (typeof port !== "number" && typeof port !== "string") {
    throw new TypeError(
      `Cannot resolve ${describe(host)}: the port must be a number or a service name, got ` +
        describe(port),
    );
  }
  if (typeof port === "string" && !/^\d+$/.test(port)) {
    return numericServ ? undefined : servicePort(port, proto);
  }
  const number = Number(port);
  if (!(Number.isInteger(number) && number >= 0 && number <= 65_535)) {
    throw new RangeError(
      `Cannot resolve ${describe(host)}: the port must be an integer from 0 to 65535, got ${port}`,
    );
  }
  return number;
}

function combine(addresses: readonly IPAddress[], uses: readonly Use[]): AddressInfo[] {
  return addresses.flatMap(({ host, family }) =>
    uses.map(({ type, proto, port }) => ({
      family,
      type,
      proto,
      canonname: "",
      address: { host, port },
    }))
  );
}

async function lookUp(host: string, family: 0 | 4 | 6): Promise<IPAddress[]> {
  try {
    const answers = await lookup(host, { all: true, family, order: "verbatim" });
    return answers.map((each) => ({ host: each.address, family: each.family as 4 | 6 }));
  } catch (error) {
    throw explain(host, error);
  }
}

/** The error of `node:dns` in this library's terms. */
function explain(host: string, error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  const asked = `Cannot resolve ${describe(host)}`;
  if (code === "EPERM") {
    return new Deno.errors.NotCapable(`${asked}: it requires net access, as by --allow-net`, {
      cause: error,
    });
  }
  const codes: Record<string, [GAIErrorCode, string]> = {
    ENOTFOUND: ["EAI_NONAME", "the name is not known"],
    EAI_AGAIN: ["EAI_AGAIN", "the name servers do not answer at present"],
  };
  const known = typeof code === "string" ? codes[code] : undefined;
  if (known !== undefined) return new GAIError(known[0], `${asked}: ${known[1]}`, { cause: error });
  return new GAIError("EAI_FAIL", `${asked}: ${describe(error)}`, { cause: error });
}

/**
 * Resolves an address to the name of the host and of the service.
 *
 * @param address an IP address and a port
 * @param options what stays numeric, and whether a name must be there
 * @throws {GAIError} when the host is no IP address, or has no name although one is required
 * @throws {RangeError} when the port is out of range
 * @throws {Deno.errors.NotCapable} when the program may not use the net
 */
export async function getnameinfo(
  address: AddressInfo["address"],
  options: GetNameInfoOptions = {},
): Promise<NameInfo> {
  const { host, port } = address;
  const { numericHost = false, numericServ = false, nameRequired = false } = options;
  const proto: SocketProto = options.datagram === true ? "udp" : "tcp";
  if (typeof host !== "string" || isIP(host) === 0) {
    throw new GAIError(
      "EAI_NONAME",
      `Cannot find the name of ${describe(host)}: it is no IP address`,
    );
  }
  portNumber(host, port, proto, true);
  const service = (): string => numericServ ? `${port}` : serviceName(port, proto) ?? `${port}`;
  if (numericHost) {
    if (nameRequired) {
      throw new GAIError(
        "EAI_NONAME",
        `Cannot find the name of ${host}: the name is required, and so is the number`,
      );
    }
    return { host, service: service() };
  }
  try {
    // Names are the same on every network interface.
    const named = await lookupService(host.replace(/%.*$/, ""), port);
    // The system's table of services may know more, but Deno asks it for TCP only.
    const told = numericServ || proto === "udp" ? service() : named.service;
    return { host: named.hostname, service: told };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== "ENOTFOUND" && code !== "EAI_AGAIN" || nameRequired) throw explain(host, error);
    return { host, service: service() };
  }
}
