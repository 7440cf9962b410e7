/**
 * What is asked of TLS when connections are opened, in the form that `_makeSslTransport()` takes.
 *
 * asyncio counterpart: the checks of `ssl` and `server_hostname` in `BaseEventLoop`.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { SSLContext } from "../transports/tls/ssl_context.ts";
import type { SSLOptions } from "../transports/tls/ssl_options.ts";
import type { SSLTransportOptions } from "../transports/tls/start_tls.ts";
import type { TlsRequest } from "./network_options.ts";

/** TLS as a connection or a server wants it. */
export interface TlsChoice {
  /** Whom to trust and who to be; `undefined` for whom Deno trusts. */
  readonly context: SSLContext | undefined;
  /** Side, name, time-outs. */
  readonly options: SSLTransportOptions;
}

/**
 * Checks what is asked of TLS.
 *
 * @param host the host that is connected to, whose name the certificate must have
 * @returns the choice, or `undefined` for none
 */
export function chooseTls(
  action: string,
  { ssl, serverHostname, sslHandshakeTimeout, sslShutdownTimeout }: TlsRequest,
  side: { host: string | undefined } | "server",
): TlsChoice | undefined {
  const timeouts: SSLOptions = {
    ...(sslHandshakeTimeout === undefined ? {} : { sslHandshakeTimeout }),
    ...(sslShutdownTimeout === undefined ? {} : { sslShutdownTimeout }),
  };
  if (ssl === undefined || ssl === false) {
    if (serverHostname !== undefined) {
      throw new TypeError(`${action}: serverHostname means something only with ssl`);
    }
    for (const name of Object.keys(timeouts)) {
      throw new TypeError(`${action}: ${name} means something only with ssl`);
    }
    return undefined;
  }
  if (ssl !== true && !(ssl instanceof SSLContext)) {
    throw new TypeError(`${action}: ssl must be an SSLContext or true, got ${describe(ssl)}`);
  }
  const context = ssl === true ? undefined : ssl;
  const role = side === "server" ? "server" : "client";
  if (context !== undefined && context.role !== role) {
    throw new TypeError(
      `${action}: ssl must be a context for a ${role}, not for a ${context.role}`,
    );
  }
  if (side === "server") {
    if (context === undefined) {
      throw new TypeError(`${action}: ssl must be an SSLContext with a certificate`);
    }
    return { context, options: { ...timeouts, serverSide: true } };
  }
  const name = serverHostname ?? side.host;
  if (name === undefined) {
    throw new TypeError(`${action}: serverHostname is needed where there is ssl and no host`);
  }
  return {
    context,
    // An empty name asks for none, as in asyncio.
    options: { ...timeouts, ...(name === "" ? {} : { serverHostname: name }) },
  };
}
