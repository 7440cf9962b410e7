/**
 * `SSLObject`: what was agreed on in a handshake, and who the peer is.
 *
 * asyncio counterpart: `ssl.SSLObject`, as far as programs on asyncio see it.
 *
 * @module
 */

import type tls from "node:tls";
import { CERT_NONE, type TLSVersion } from "./ssl_constants.ts";
import type { SSLContext } from "./ssl_context.ts";

/** A certificate, as {@linkcode SSLObject.getpeercert} tells it. */
export interface PeerCertificate {
  /** Whose it is: attributes by their names, e.g. `commonName`. One that is there twice is a list. */
  readonly subject: Readonly<Record<string, string | readonly string[]>>;
  /** Who has signed it. */
  readonly issuer: Readonly<Record<string, string | readonly string[]>>;
  /** The names it is for, e.g. `["DNS", "localhost"]` and `["IP Address", "127.0.0.1"]`. */
  readonly subjectAltName: readonly (readonly [kind: string, name: string])[];
  /** Its number, in hexadecimal. */
  readonly serialNumber: string;
  /** When it begins to be valid, e.g. `"Jan  5 09:34:43 2018 GMT"`. */
  readonly notBefore: string;
  /** When it ceases to be valid. */
  readonly notAfter: string;
  /** Its SHA-256 digest, in hexadecimal with colons. */
  readonly fingerprint256: string;
}

/** Name, version of TLS and number of secret bits of a cipher. */
export type CipherInfo = readonly [name: string, version: TLSVersion, bits: number];

/**
 * A connection's side of TLS: `getExtraInfo("sslObject")`.
 *
 * It tells what was found out in the handshake, also after the connection is closed.
 *
 * asyncio name: `ssl.SSLObject`.
 */
export class SSLObject {
  /** The context of the connection. */
  readonly context: SSLContext;
  /** Whether this is the server's side. */
  readonly serverSide: boolean;
  /**
   * The name of the server: on its side, the one that the client asked for, if any; on the client's,
   * the one that its certificate was checked against.
   *
   * asyncio name: `server_hostname`.
   */
  readonly serverHostname: string | undefined;
  /**
   * Whether the handshake took up that of an earlier connection.
   *
   * asyncio name: `session_reused`.
   */
  readonly sessionReused: boolean;
  readonly #version: TLSVersion;
  readonly #cipher: CipherInfo;
  readonly #alpn: string | undefined;
  readonly #peer: tls.PeerCertificate | undefined;

  /** Takes what a handshake has found out. @internal */
  constructor(
    socket: tls.TLSSocket,
    peer: tls.PeerCertificate | undefined,
    context: SSLContext,
    serverHostname: string | undefined,
  ) {
    this.context = context;
    this.serverSide = context.role === "server";
    this.serverHostname = this.serverSide
      ? (socket as { servername?: string }).servername || undefined
      : serverHostname;
    this.sessionReused = socket.isSessionReused();
    this.#version = socket.getProtocol() as TLSVersion;
    const { name } = socket.getCipher();
    this.#cipher = [name, this.#version, /AES_?128/.test(name) ? 128 : 256];
    this.#alpn = socket.alpnProtocol || undefined;
    this.#peer = peer;
  }

  /**
   * The peer's certificate; `undefined` where it has shown none, or none was asked for: what nobody has
   * verified says nothing.
   *
   * asyncio name: `getpeercert`.
   */
  getpeercert(): PeerCertificate | undefined {
    const peer = this.#peer;
    if (peer === undefined || this.context.verifyMode === CERT_NONE) return undefined;
    return {
      subject: spellOut(peer.subject),
      issuer: spellOut(peer.issuer),
      subjectAltName: splitAltNames(peer.subjectaltname),
      serialNumber: peer.serialNumber,
      notBefore: peer.valid_from,
      notAfter: peer.valid_to,
      fingerprint256: peer.fingerprint256,
    };
  }

  /**
   * The peer's certificate in the DER format, verified or not; `undefined` where it has shown none.
   *
   * asyncio name: `getpeercert(binary_form=True)`.
   */
  getpeercertDer(): Uint8Array<ArrayBuffer> | undefined {
    return this.#peer === undefined ? undefined : new Uint8Array(this.#peer.raw);
  }

  /**
   * What encrypts the connection.
   *
   * asyncio name: `cipher`.
   */
  cipher(): CipherInfo {
    return this.#cipher;
  }

  /**
   * The version of TLS.
   *
   * asyncio name: `version`.
   */
  version(): TLSVersion {
    return this.#version;
  }

  /**
   * The application protocol that was agreed on, if any.
   *
   * asyncio name: `selected_alpn_protocol`.
   */
  selectedAlpnProtocol(): string | undefined {
    return this.#alpn;
  }

  /**
   * What compresses the connection: nothing, since that gives secrets away.
   *
   * asyncio name: `compression`.
   */
  compression(): undefined {
    return undefined;
  }
}

const ATTRIBUTES: Record<string, string> = {
  C: "countryName",
  CN: "commonName",
  DC: "domainComponent",
  L: "localityName",
  O: "organizationName",
  OU: "organizationalUnitName",
  ST: "stateOrProvinceName",
};

function spellOut(name: object): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(name).map(([key, value]) => [ATTRIBUTES[key] ?? key, value]),
  );
}

// Names that contain a comma are quoted.
function splitAltNames(names: string | undefined): [string, string][] {
  const pairs: [string, string][] = [];
  for (const [, kind, quoted, plain] of names?.matchAll(ALT_NAME) ?? []) {
    pairs.push([kind!, quoted === undefined ? plain! : JSON.parse(quoted)]);
  }
  return pairs;
}

const ALT_NAME = /([^:,]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g;
