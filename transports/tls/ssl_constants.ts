/**
 * Sides, versions and degrees of trust.
 *
 * asyncio counterpart: the constants of `ssl`.
 *
 * @module
 */

/**
 * Certificates or a key, where they are or as they are: a path, a `file:` URL, a string in the PEM
 * format (it contains `-----BEGIN`), or the contents of a file.
 */
export type PemSource = string | URL | Uint8Array;

/** Which side of a connection a context is for. */
export type SSLRole = "client" | "server";

/** A version of TLS. Deno speaks these two. */
export type TLSVersion = "TLSv1.2" | "TLSv1.3";

/** What is asked of the peer: {@linkcode CERT_NONE}, {@linkcode CERT_OPTIONAL} or {@linkcode CERT_REQUIRED}. */
export type VerifyMode = 0 | 1 | 2;

/**
 * The peer's certificate does not matter. A client that does not look at the server's certificate talks
 * to anybody.
 *
 * asyncio name: `ssl.CERT_NONE`.
 */
export const CERT_NONE = 0 as const;

/**
 * A server asks for a certificate; a client that shows none is let in, one that shows a wrong one is
 * not. For a client the same as {@linkcode CERT_REQUIRED}.
 *
 * asyncio name: `ssl.CERT_OPTIONAL`.
 */
export const CERT_OPTIONAL = 1 as const;

/**
 * The peer must show a certificate that is to be trusted.
 *
 * asyncio name: `ssl.CERT_REQUIRED`.
 */
export const CERT_REQUIRED = 2 as const;
