/**
 * IP addresses of simulated hosts.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

/** Every host. */
export const BROADCAST = "255.255.255.255";

/** Whether an address stands for all of a host's. */
export function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** Whether an address is the host's own. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

/** Whether an address is one of IPv6. */
export function isIPv6(address: string): boolean {
  return address.includes(":");
}

/** The one form of an address. */
export function canonicalAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  return URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? address;
}

/** Whether a socket that is bound to one address takes what comes to another. */
export function covers(bound: string, address: string): boolean {
  // A wildcard of IPv6 stands for IPv4 too, as it does with Deno.
  return bound === address || bound === "::" || (bound === "0.0.0.0" && !isIPv6(address));
}

/** Whether two sockets cannot be bound to the same port. */
export function conflict(a: string, b: string): boolean {
  return covers(a, b) || covers(b, a);
}
