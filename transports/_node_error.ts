/**
 * Errors of `node:` modules as the `Deno.errors` that mean the same, so that a program need not know
 * which of the two opened its socket.
 *
 * May be imported by `transports/` and `loop/`.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";

const CLASSES: Record<string, new (message: string, options?: ErrorOptions) => Error> = {
  EACCES: Deno.errors.PermissionDenied,
  EADDRINUSE: Deno.errors.AddrInUse,
  EADDRNOTAVAIL: Deno.errors.AddrNotAvailable,
  EBADF: Deno.errors.BadResource,
  ECANCELED: Deno.errors.BadResource,
  ECONNABORTED: Deno.errors.ConnectionAborted,
  ECONNREFUSED: Deno.errors.ConnectionRefused,
  ECONNRESET: Deno.errors.ConnectionReset,
  EINTR: Deno.errors.Interrupted,
  ENETUNREACH: Deno.errors.NetworkUnreachable,
  ENOENT: Deno.errors.NotFound,
  ENOTCONN: Deno.errors.NotConnected,
  ENOTDIR: Deno.errors.NotADirectory,
  EPERM: Deno.errors.PermissionDenied,
  EPIPE: Deno.errors.BrokenPipe,
  ETIMEDOUT: Deno.errors.TimedOut,
  ERR_STREAM_DESTROYED: Deno.errors.BadResource,
  ERR_STREAM_WRITE_AFTER_END: Deno.errors.BrokenPipe,
};

/**
 * The `Deno.errors` counterpart of an error, with the same code and the original as its cause; the
 * error itself where there is none.
 *
 * @param action what could not be done, to begin the message with; else the message stays
 */
export function fromNodeError(error: unknown, action?: string): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  const Class = typeof code === "string" ? CLASSES[code] : undefined;
  if (Class === undefined || error.constructor === Class) return error;
  const told = new Class(action === undefined ? error.message : `${action}: ${describe(error)}`, {
    cause: error,
  });
  Object.defineProperty(told, "code", { value: code, configurable: true, writable: true });
  return told;
}
