/**
 * Errors of the host that tell which address they are about.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

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

/**
 * An error of the same class and code as another one, which is its cause, with another message.
 *
 * @returns the error; `undefined` where the class is not made of a message, as may be one of the program
 */
export function retold(error: unknown, message: string): Error | undefined {
  if (!(error instanceof Error) || error instanceof DOMException) return undefined;
  const Class = error.constructor as new (message: string, options?: ErrorOptions) => Error;
  let told: Error;
  try {
    told = new Class(message, { cause: error });
  } catch {
    return undefined;
  }
  if (told.message !== message) return undefined;
  const code = (error as { code?: unknown }).code;
  if (code !== undefined && !("code" in told && told.code === code)) {
    Object.defineProperty(told, "code", { value: code, configurable: true, writable: true });
  }
  return told;
}
