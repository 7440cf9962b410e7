/**
 * What TLS can be asked for, whatever it runs over.
 *
 * asyncio counterpart: `asyncio.constants` and the arguments named `ssl_…`.
 *
 * @module
 */

/** How long a handshake may take, as in asyncio. */
export const SSL_HANDSHAKE_TIMEOUT_MS = 60_000;

/** How long closing may take, as in asyncio. */
export const SSL_SHUTDOWN_TIMEOUT_MS = 30_000;

/** What TLS can be asked for. */
export interface SSLOptions {
  /**
   * For a client: the name that the server's certificate must be for, and that the server is asked for.
   * @default the host, where one is connected to by name or address
   */
  serverHostname?: string;
  /**
   * How long the handshake may take, in milliseconds.
   * @default 60000
   */
  sslHandshakeTimeout?: number;
  /**
   * How long closing may take, in milliseconds; then the connection is dropped.
   * @default 30000
   */
  sslShutdownTimeout?: number;
}

/** Checks a time-out. @internal */
export function _checkSslTimeout(
  name: "sslHandshakeTimeout" | "sslShutdownTimeout",
  timeoutMs: number,
): number {
  if (timeoutMs > 0) return timeoutMs;
  throw new RangeError(`Cannot use TLS: ${name} must be a positive number, got ${timeoutMs}`);
}
