/**
 * `createDefaultContext()`: a context with settings that are safe.
 *
 * asyncio counterpart: `ssl.create_default_context`.
 *
 * @module
 */

import { CERT_NONE, type PemSource, type SSLRole } from "./ssl_constants.ts";
import { SSLContext } from "./ssl_context.ts";

/** What {@linkcode createDefaultContext} takes beside the role. */
export interface CreateDefaultContextOptions {
  /**
   * Whom to trust.
   * @default for clients, whom Deno trusts; for servers, nobody
   */
  ca?: PemSource;
}

/**
 * Makes a context with settings that are safe.
 *
 * One for clients verifies the server's certificate and name. One for servers needs a certificate of
 * its own ({@linkcode SSLContext.loadCertChain}) and asks clients for none.
 *
 * **Differs from asyncio**: `"client"` is Python's `Purpose.SERVER_AUTH`, `"server"` its
 * `Purpose.CLIENT_AUTH`.
 *
 * asyncio name: `ssl.create_default_context`.
 *
 * @param role which side of a connection it is for
 * @param options whom to trust
 * @throws {SSLError} when there is no certificate in `ca`
 *
 * @example Trusting a certificate of one's own
 * ```ts
 * import { CERT_REQUIRED, createDefaultContext } from "@asyncio/asyncio";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const context = createDefaultContext();
 * assertEquals(context.verifyMode, CERT_REQUIRED);
 * assert(context.checkHostname);
 * ```
 */
export function createDefaultContext(
  role: SSLRole = "client",
  options: CreateDefaultContextOptions = {},
): SSLContext {
  const context = new SSLContext(role);
  if (options.ca !== undefined) context.loadVerifyLocations(options.ca);
  else if (context.verifyMode !== CERT_NONE) context.loadDefaultCerts();
  return context;
}

/** The context of a connection for which none was given. @internal */
export function _contextFor(serverSide: boolean, serverHostname: string | undefined): SSLContext {
  if (serverSide) {
    throw new TypeError("Cannot serve TLS: an SSLContext with a certificate is needed");
  }
  const context = createDefaultContext();
  if (serverHostname === undefined) context.checkHostname = false;
  return context;
}
