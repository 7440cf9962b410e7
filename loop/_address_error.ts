/**
 * Errors of the host that tell which address they are about.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { retold } from "../transports/_host_error.ts";
import type { StreamAddress } from "./network_options.ts";

/** An address for people: `127.0.0.1:80`, `[::1]:80`, `/run/x.sock`. */
export function formatAddress(address: StreamAddress): string {
  if (address.transport === "unix") return address.path.replace(/^\0/, "@");
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

/** The same error, of the same class and code, with the action and the address in its message. */
export function withAddress(action: string, address: StreamAddress, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return retold(error, `${action} ${formatAddress(address)}: ${error.message}`) ?? error;
}
