/**
 * The errors of the simulated network: those of Deno, with the codes and texts of Linux.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

type ErrorClass = new (message: string) => Error;

function make(Class: ErrorClass, message: string, code: string): Error {
  return Object.defineProperty(new Class(message), "code", {
    value: code,
    configurable: true,
    writable: true,
  });
}

const { errors } = Deno;

/** Nobody listens there. */
export const refused = (): Error =>
  make(errors.ConnectionRefused, "Connection refused (os error 111)", "ECONNREFUSED");

/** The other end knows of no such connection. */
export const reset = (): Error =>
  make(errors.ConnectionReset, "Connection reset by peer (os error 104)", "ECONNRESET");

/** Nothing was heard for too long. */
export const timedOut = (): Error =>
  make(errors.TimedOut, "Connection timed out (os error 110)", "ETIMEDOUT");

/** A write after the end. */
export const brokenPipe = (): Error =>
  make(errors.BrokenPipe, "Broken pipe (os error 32)", "EPIPE");

/** Somebody else has the address. */
export const inUse = (): Error =>
  make(errors.AddrInUse, "Address already in use (os error 98)", "EADDRINUSE");

/** The host has no such address. */
export const notAvailable = (): Error =>
  make(errors.AddrNotAvailable, "Cannot assign requested address (os error 99)", "EADDRNOTAVAIL");

/** There is no such path. */
export const notFound = (): Error =>
  make(errors.NotFound, "No such file or directory (os error 2)", "ENOENT");

/** A broadcast that was not asked for. */
export const noBroadcast = (): Error =>
  make(errors.PermissionDenied, "Permission denied (os error 13)", "EACCES");

/** What was waited for was closed. */
export const interrupted = (): Error => new errors.Interrupted("Operation canceled");

/** A socket that is closed. */
export function closed(action: string): Error {
  return new errors.BadResource(`Cannot ${action}: the socket is closed`);
}

/** Two calls at once where there may be one. */
export function busy(action: string): Error {
  return new errors.Busy(`Cannot ${action}: an earlier call is pending`);
}
