/**
 * `SSLContext`: whom to trust, and who to be.
 *
 * asyncio counterpart: `ssl.SSLContext`.
 *
 * A context may be changed at any time; what has changed holds for the connections that are made from
 * then on.
 *
 * Not here: what becomes of the settings (`_context_config.ts`).
 *
 * @module
 */

import { createPrivateKey } from "node:crypto";
import { describe } from "../../futures/_describe.ts";
import { ContextConfig } from "./_context_config.ts";
import { readCertificates, readKey } from "./_pem.ts";
import {
  CERT_NONE,
  CERT_OPTIONAL,
  CERT_REQUIRED,
  type PemSource,
  type SSLRole,
  type TLSVersion,
  type VerifyMode,
} from "./ssl_constants.ts";
import { SSLError } from "./ssl_error.ts";

/** What {@linkcode SSLContext.loadCertChain} takes beside certificate and key. */
export interface LoadCertChainOptions {
  /** What the key is encrypted with, if it is. */
  password?: string;
}

/**
 * Chooses the certificate of a server by the name that a client asks for; see
 * {@linkcode SSLContext.sniCallback}.
 *
 * @param serverName the name, or `undefined` when the client has sent none
 * @param context the context that the server was made with
 * @returns a context with the certificate to show; `undefined` for that of `context`
 */
export type SniCallback = (
  serverName: string | undefined,
  context: SSLContext,
) => SSLContext | undefined;

let configOf: (context: SSLContext) => ContextConfig;

/** What a context is set to, for the files of this folder. @internal */
export function _configOf(context: SSLContext): ContextConfig {
  return configOf(context);
}

/**
 * Settings that the connections of a client or a server share.
 *
 * One made for clients trusts nobody until certificates are loaded, and verifies name and certificate;
 * one made for servers asks nothing of clients. {@linkcode createDefaultContext} is the usual way to
 * make one.
 *
 * **Differs from asyncio**: files can also be given as their contents. A server and a client that offer
 * application protocols and have none in common part. The certificates of the host are there for
 * clients only.
 *
 * asyncio name: `ssl.SSLContext`.
 *
 * @example A server that wants to know its clients
 * ```ts ignore (needs files)
 * import { CERT_REQUIRED, createDefaultContext, getRunningLoop, Protocol } from "@asyncio/asyncio";
 *
 * const context = createDefaultContext("server", { ca: "clients-ca.pem" });
 * context.loadCertChain("server.pem", "server.key");
 * context.verifyMode = CERT_REQUIRED;
 * await getRunningLoop().createServer(() => new Protocol(), "0.0.0.0", 8443, { ssl: context });
 * ```
 */
export class SSLContext {
  /** Which side of a connection the context is for. */
  readonly role: SSLRole;
  readonly #config: ContextConfig;
  #sniCallback: SniCallback | undefined = undefined;

  static {
    configOf = (context) => context.#config;
  }

  /**
   * Makes a context that trusts nobody.
   *
   * @param role which side of a connection it is for
   * @throws {TypeError} when it is neither
   */
  constructor(role: SSLRole) {
    if (role !== "client" && role !== "server") {
      throw new TypeError(
        `Cannot make a context: the role is "client" or "server", got ${describe(role)}`,
      );
    }
    this.role = role;
    this.#config = new ContextConfig(role);
  }

  // ---- Who to be --------------------------------------------------------------------------------

  /**
   * Loads the certificate to show to the peer, with those that lead to a root, and its private key.
   *
   * asyncio name: `load_cert_chain`.
   *
   * @param cert the certificates, one's own first
   * @param key the key; by default it is where the certificates are
   * @param options the password of the key
   * @throws {SSLError} when there is no certificate or key, the password is wrong, or they do not
   * belong together
   */
  loadCertChain(cert: PemSource, key: PemSource = cert, options: LoadCertChainOptions = {}): void {
    const chain = readCertificates(cert, "Cannot load a certificate chain");
    const text = readKey(key, "Cannot load the key of a certificate chain");
    let privateKey;
    try {
      privateKey = createPrivateKey({ key: text, format: "pem", passphrase: options.password });
    } catch (error) {
      throw new SSLError(
        "Cannot load a certificate chain: the key cannot be read" +
          (text.includes("ENCRYPTED") ? "; it is encrypted, and needs the right password" : ""),
        { code: "ERR_SSL_BAD_KEY", cause: error },
      );
    }
    if (!chain[0]!.checkPrivateKey(privateKey)) {
      throw new SSLError(
        "Cannot load a certificate chain: the key is not that of the certificate",
        {
          code: "ERR_SSL_KEY_VALUES_MISMATCH",
        },
      );
    }
    this.#config.chain = {
      cert: chain.map(String).join("\n"),
      key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    };
    this.#config.changed();
  }

  /**
   * Chooses the certificate that a server shows by the name that the client asks for.
   *
   * What the chosen context has in other settings does not matter. An error ends the handshake.
   *
   * asyncio name: `sni_callback`.
   */
  get sniCallback(): SniCallback | undefined {
    return this.#sniCallback;
  }
  /** See above. */
  set sniCallback(callback: SniCallback | undefined) {
    if (callback !== undefined && typeof callback !== "function") {
      throw new TypeError(
        `Cannot set an SNI callback: expected a function, got ${describe(callback)}`,
      );
    }
    this.#sniCallback = callback;
    this.#config.chooseChain = callback === undefined ? null : (serverName) => {
      const chosen = callback(serverName, this);
      if (chosen === undefined) return null;
      if (!(chosen instanceof SSLContext)) {
        throw new TypeError(`Cannot use ${describe(chosen)} as a context`);
      }
      const { chain } = chosen.#config;
      if (chain === null) throw new TypeError("The chosen context has no certificate");
      return chain;
    };
    this.#config.changed();
  }

  // ---- Whom to trust ----------------------------------------------------------------------------

  /**
   * Trusts certificates, and those that they have signed, in addition to those loaded before.
   *
   * asyncio name: `load_verify_locations`.
   *
   * @throws {SSLError} when there is no certificate
   */
  loadVerifyLocations(ca: PemSource): void {
    const certificates = readCertificates(ca, "Cannot load certificates to trust");
    this.#config.roots.push(...certificates.map(String));
    this.#config.changed();
  }

  /**
   * Trusts what Deno trusts, in addition to what was loaded. Has no effect on a server: to let in
   * whoever is certified by anybody is never meant.
   *
   * asyncio name: `load_default_certs`.
   */
  loadDefaultCerts(): void {
    this.#config.hostRoots = true;
    this.#config.changed();
  }

  /**
   * What is asked of the peer.
   *
   * asyncio name: `verify_mode`.
   *
   * @default CERT_REQUIRED for clients, CERT_NONE for servers
   */
  get verifyMode(): VerifyMode {
    return this.#config.verifyMode;
  }
  /** Throws a `RangeError` for anything else, and for `CERT_NONE` while the name is to be checked. */
  set verifyMode(mode: VerifyMode) {
    if (mode !== CERT_NONE && mode !== CERT_OPTIONAL && mode !== CERT_REQUIRED) {
      throw new RangeError(
        "Cannot set the verify mode: expected CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED, " +
          `got ${describe(mode)}`,
      );
    }
    if (mode === CERT_NONE && this.#config.checkHostname) {
      throw new RangeError(
        "Cannot set the verify mode to CERT_NONE: checkHostname is true, and needs a certificate",
      );
    }
    this.#config.verifyMode = mode;
    this.#config.changed();
  }

  /**
   * Whether the server's certificate must be for the name that the client asked for. Turning it on
   * turns verification on.
   *
   * asyncio name: `check_hostname`.
   *
   * @default true for clients
   */
  get checkHostname(): boolean {
    return this.#config.checkHostname;
  }
  /** See above. */
  set checkHostname(check: boolean) {
    this.#config.checkHostname = Boolean(check);
    if (this.#config.checkHostname && this.#config.verifyMode === CERT_NONE) {
      this.#config.verifyMode = CERT_REQUIRED;
    }
    this.#config.changed();
  }

  // ---- How to talk ------------------------------------------------------------------------------

  /**
   * Offers application protocols, the preferred one first; `SSLObject.selectedAlpnProtocol()` tells what
   * was agreed on.
   *
   * asyncio name: `set_alpn_protocols`.
   *
   * @param protocols the names, e.g. `["h2", "http/1.1"]`
   * @throws {RangeError} when one is empty, longer than 255 bytes, or not in (visible) ASCII
   */
  setAlpnProtocols(protocols: readonly string[]): void {
    for (const protocol of protocols) {
      if (!/^[!-~]{1,255}$/.test(protocol)) {
        throw new RangeError(
          "Cannot set ALPN protocols: each has 1 to 255 characters of ASCII, " +
            `got ${describe(protocol)}`,
        );
      }
    }
    this.#config.alpn = [...protocols];
    this.#config.changed();
  }

  /**
   * The oldest version to speak.
   *
   * asyncio name: `minimum_version`.
   *
   * @default "TLSv1.2"
   */
  get minimumVersion(): TLSVersion {
    return this.#config.minimumVersion;
  }
  /** Throws a `RangeError` for a version that Deno does not speak. */
  set minimumVersion(version: TLSVersion) {
    this.#config.minimumVersion = checkVersion(version);
    this.#config.changed();
  }

  /**
   * The newest version to speak.
   *
   * asyncio name: `maximum_version`.
   *
   * @default "TLSv1.3"
   */
  get maximumVersion(): TLSVersion {
    return this.#config.maximumVersion;
  }
  /** Throws a `RangeError` for a version that Deno does not speak. */
  set maximumVersion(version: TLSVersion) {
    this.#config.maximumVersion = checkVersion(version);
    this.#config.changed();
  }
}

function checkVersion(version: TLSVersion): TLSVersion {
  if (version === "TLSv1.2" || version === "TLSv1.3") return version;
  throw new RangeError(
    `Cannot set the TLS version: expected "TLSv1.2" or "TLSv1.3", got ${describe(version)}`,
  );
}
