/**
 * What an `SSLContext` is set to, and what `node:tls` makes of it.
 *
 * What `node:tls` makes takes about 0.3 ms, so it is made on first use and kept until a setting changes.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import tls from "node:tls";
import { KnownClients } from "./_known_clients.ts";
import { Roots } from "./_peer_chain.ts";
import {
  CERT_NONE,
  CERT_REQUIRED,
  type SSLRole,
  type TLSVersion,
  type VerifyMode,
} from "./ssl_constants.ts";
import { SSLError } from "./ssl_error.ts";

/** A certificate with those that lead to a root, and its key; in the PEM format. */
export interface Chain {
  readonly cert: string;
  readonly key: string;
}

/** What the connections of clients begin with. */
export interface ClientConfig {
  readonly secureContext: tls.SecureContext;
  /** Whom to trust, unless it is just whom the host trusts. */
  readonly roots: Roots | null;
}

/** The settings of a context; whoever changes one calls `changed()`. */
export class ContextConfig {
  readonly roots: string[] = [];
  hostRoots = false;
  chain: Chain | null = null;
  alpn: readonly string[] = [];
  verifyMode: VerifyMode;
  checkHostname: boolean;
  minimumVersion: TLSVersion = "TLSv1.2";
  maximumVersion: TLSVersion = "TLSv1.3";
  /** The certificate for a name that a client asks for; `null` for the context's own. */
  chooseChain: ((serverName: string | undefined) => Chain | null) | null = null;
  /** The clients that were verified with these settings. Those trusted once are not distrusted later. */
  readonly knownClients: KnownClients = new KnownClients();

  #client: ClientConfig | null = null;
  #server: tls.Server | null = null;
  #chosen: WeakMap<Chain, tls.SecureContext> = new WeakMap();

  constructor(role: SSLRole) {
    this.checkHostname = role === "client";
    this.verifyMode = role === "client" ? CERT_REQUIRED : CERT_NONE;
  }

  /** Lets the next connection begin with the present settings. */
  changed(): void {
    this.#client = null;
    this.#server = null;
    this.#chosen = new WeakMap();
  }

  /** What the connections of clients begin with. */
  client(): ClientConfig {
    if (this.#client !== null) return this.#client;
    let ca: string[] | undefined;
    if (this.verifyMode !== CERT_NONE && (!this.hostRoots || this.roots.length > 0)) {
      // Given together with others, the host's must be spelled out.
      ca = [...this.roots, ...(this.hostRoots ? tls.getCACertificates("default") : [])];
    }
    return this.#client = {
      secureContext: tls.createSecureContext(this.#secure(this.chain, ca)),
      roots: ca === undefined ? null : new Roots(ca),
    };
  }

  /** A server that does not listen, which the handshakes of all connections of servers begin with. */
  server(): tls.Server {
    return this.#server ??= new tls.Server({
      ...this.#secure(this.chain, this.#clientRoots),
      requestCert: this.verifyMode !== CERT_NONE,
      rejectUnauthorized: this.verifyMode === CERT_REQUIRED,
      ALPNProtocols: this.alpn.length > 0 ? [...this.alpn] : undefined,
      SNICallback: this.chooseChain === null ? undefined : this.#choose,
      // The loop has the time-out.
      handshakeTimeout: -1,
    });
  }

  // `node:tls` sends them along with the server's own, so they are left out where nobody is asked.
  get #clientRoots(): string[] | undefined {
    return this.verifyMode === CERT_NONE ? undefined : this.roots;
  }

  #secure(chain: Chain | null, ca: string[] | undefined): tls.SecureContextOptions {
    return { ...chain, ca, minVersion: this.minimumVersion, maxVersion: this.maximumVersion };
  }

  readonly #choose = (
    serverName: string,
    callback: (error: Error | null, context?: tls.SecureContext) => void,
  ): void => {
    let chain: Chain | null | undefined;
    try {
      chain = this.chooseChain?.(serverName === "" ? undefined : serverName);
    } catch (error) {
      callback(
        new SSLError("Cannot choose a certificate: the SNI callback has failed", {
          code: "ERR_SSL_CALLBACK_FAILED",
          cause: error,
        }),
      );
      return;
    }
    if (chain == null) return callback(null);
    let context = this.#chosen.get(chain);
    if (context === undefined) {
      // The certificate of the other context, all the rest from this one.
      context = tls.createSecureContext(this.#secure(chain, this.#clientRoots));
      this.#chosen.set(chain, context);
    }
    callback(null, context);
  };
}
