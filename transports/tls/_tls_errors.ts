/**
 * Errors of `node:tls` as errors of this library.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { TimeoutError } from "../../futures/errors.ts";
import { isHostError } from "../_host_error.ts";
import { fromNodeError } from "../_node_error.ts";
import { SSLCertVerificationError, SSLError } from "./ssl_error.ts";

/** OpenSSL's names of what can be wrong with a certificate, with its words for them. */
const VERIFICATION: Record<string, string> = {
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not yet valid",
  CERT_REVOKED: "certificate revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed certificate",
  INVALID_PURPOSE: "unsuitable certificate purpose",
  SELF_SIGNED_CERT_IN_CHAIN: "self-signed certificate in certificate chain",
  UNABLE_TO_GET_ISSUER_CERT: "unable to get issuer certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable to get local issuer certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
};

/** Whether a certificate is not to be trusted, by the code of what the host says of it. */
export function verificationError(code: string, cause?: unknown): SSLCertVerificationError {
  return new SSLCertVerificationError(VERIFICATION[code] ?? code, { code, cause });
}

/**
 * The library's error for one of `node:tls`.
 *
 * @param action what could not be done, to begin the message with
 */
export function fromTlsError(error: unknown, action: string): unknown {
  if (error instanceof SSLError || !(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  if (typeof code !== "string") {
    return new SSLError(`${action}: ${error.message}`, { code: "ERR_SSL_FAILED", cause: error });
  }
  if (code in VERIFICATION) return verificationError(code, error);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const { reason = error.message } = error as { reason?: string };
    return new SSLCertVerificationError(reason, { code, cause: error });
  }
  if (/^ERR_(SSL|TLS|OSSL)_/.test(code)) {
    return new SSLError(`${action}: ${error.message}`, { code, cause: error });
  }
  return fromNodeError(error, action);
}

/** Whether an error is one that connections end with: the protocol is told of it, nobody else. */
export function endsConnections(error: unknown): boolean {
  return error instanceof SSLError || error instanceof TimeoutError || isHostError(error);
}
