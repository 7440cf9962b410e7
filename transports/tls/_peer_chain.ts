/**
 * A second look at the peer's certificate.
 *
 * `node:tls` in Deno 2.9 takes some certificates at their word: where the verifier cannot read one, because
 * it is of X.509 version 1 or badly encoded, names alone are compared with those of the trusted
 * certificates, and neither the signature of the issuer nor that of the handshake is checked. Whoever
 * writes the issuer's name into a certificate of their own would pass. (Deno's own roots are not
 * affected, since there are no names to compare with.) So where the program has named whom it trusts,
 * the signatures are checked here as well, and version 1 is never accepted.
 *
 * Not here: dates, purposes and names. The verifier has checked these, or there is no signature.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import type tls from "node:tls";
import { verificationError } from "./_tls_errors.ts";
import { SSLCertVerificationError } from "./ssl_error.ts";

/** No chain in use is as long. */
const MAX_CHAIN_LENGTH = 16;

/**
 * Checks the version of a certificate.
 *
 * @param der the certificate
 * @returns what is wrong with it, if anything is
 */
export function checkVersion3(der: Uint8Array): SSLCertVerificationError | undefined {
  // Certificate { tbsCertificate { [0] { version 2 } … } … }; where there is no [0], it is version 1.
  const version = content(der, content(der, 0));
  const isV3 = version !== undefined && der[version] === 0xa0 && der[version + 1] === 3 &&
    der[version + 2] === 0x02 && der[version + 3] === 1 && der[version + 4] === 2;
  if (isV3) return undefined;
  return new SSLCertVerificationError("certificate is not of X.509 version 3", {
    code: "UNSUPPORTED_CERTIFICATE_VERSION",
  });
}

// Where the contents of the sequence at an offset begin.
function content(der: Uint8Array, offset: number | undefined): number | undefined {
  if (offset === undefined || der[offset] !== 0x30) return undefined;
  const length = der[offset + 1];
  if (length === undefined) return undefined;
  return offset + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

/** Certificates that are trusted. */
export class Roots {
  readonly #certificates: readonly X509Certificate[];
  readonly #fingerprints: ReadonlySet<string>;

  constructor(pem: readonly string[]) {
    this.#certificates = pem.map((each) => new X509Certificate(each));
    this.#fingerprints = new Set(this.#certificates.map((each) => each.fingerprint256));
  }

  /** Whether a certificate is one of them, or signed by one of them. */
  cover(certificate: X509Certificate): boolean {
    return this.#fingerprints.has(certificate.fingerprint256) ||
      this.#certificates.some((root) => hasSigned(root, certificate));
  }
}

/**
 * Checks that the signatures lead from a certificate to one that is trusted.
 *
 * @param peer the certificate with those that the peer has sent along
 * @param roots whom to trust
 * @returns what is wrong, if anything is
 */
export function checkChain(
  peer: tls.DetailedPeerCertificate,
  roots: Roots,
): SSLCertVerificationError | undefined {
  try {
    const sent: X509Certificate[] = [];
    let next: tls.DetailedPeerCertificate | undefined = peer;
    while (next?.raw !== undefined && sent.length < MAX_CHAIN_LENGTH) {
      sent.push(new X509Certificate(next.raw));
      next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
    }
    let current = sent[0]!;
    for (let length = 0; length < MAX_CHAIN_LENGTH; length++) {
      if (roots.cover(current)) return undefined;
      const issuer = sent.find((each) => each !== current && each.ca && hasSigned(each, current));
      if (issuer === undefined) break;
      current = issuer;
    }
  } catch (error) {
    if (error instanceof SSLCertVerificationError) return error;
    return new SSLCertVerificationError("certificate cannot be read", {
      code: "UNABLE_TO_DECODE_CERTIFICATE",
      cause: error,
    });
  }
  return verificationError("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  if (!certificate.checkIssued(issuer)) return false;
  try {
    return certificate.verify(issuer.publicKey);
  } catch (error) {
    const { asymmetricKeyDetails } = issuer.publicKey;
    // Keys of other kinds than the signature: it is somebody else's of the same name.
    if (asymmetricKeyDetails?.namedCurve !== "secp521r1") return false;
    throw new SSLCertVerificationError(
      "issuer has a P-521 key, which Deno cannot verify with here",
      {
        code: "UNSUPPORTED_ISSUER_KEY",
        cause: error,
      },
    );
  }
}
