/**
 * Certificates and keys, from files or from memory.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import { describe } from "../../futures/_describe.ts";
import { isHostError, retold } from "../_host_error.ts";
import type { PemSource } from "./ssl_constants.ts";
import { SSLError } from "./ssl_error.ts";

const CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

const PRIVATE_KEY = /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----[^]*?-----END ([A-Z]+ )*PRIVATE KEY-----/;

function readBytes(source: PemSource, action: string): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (typeof source === "string" && source.includes("-----BEGIN")) {
    return new TextEncoder().encode(source);
  }
  if (typeof source !== "string" && !(source instanceof URL)) {
    throw new TypeError(
      `${action}: a path, a file URL, or what is in the file is needed, got ${describe(source)}`,
    );
  }
  try {
    return Deno.readFileSync(source);
  } catch (error) {
    if (!isHostError(error)) throw error;
    throw retold(error, `${action}: ${(error as Error).message}`) ?? error;
  }
}

/**
 * The first private key of a file in the PEM format; the empty string where there is none.
 *
 * @param action what could not be done, to begin messages with
 */
export function readKey(source: PemSource, action: string): string {
  return new TextDecoder().decode(readBytes(source, action)).match(PRIVATE_KEY)?.[0] ?? "";
}

/**
 * The certificates of a file, in the PEM or the DER format.
 *
 * @param action what could not be done, to begin messages with
 * @throws {SSLError} when there are none
 */
export function readCertificates(source: PemSource, action: string): X509Certificate[] {
  const bytes = readBytes(source, action);
  try {
    // A DER file begins with the tag of a sequence, which no text begins with.
    if (bytes[0] === 0x30) return [new X509Certificate(bytes)];
    const blocks = new TextDecoder().decode(bytes).match(CERTIFICATE) ?? [];
    if (blocks.length > 0) return blocks.map((pem) => new X509Certificate(pem));
  } catch (error) {
    throw new SSLError(`${action}: a certificate cannot be read`, {
      code: "ERR_SSL_BAD_CERTIFICATE",
      cause: error,
    });
  }
  throw new SSLError(`${action}: there is none in what was given`, {
    code: "ERR_SSL_NO_CERTIFICATE_OR_CRL_FOUND",
  });
}
