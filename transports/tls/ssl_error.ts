/**
 * What TLS fails with.
 *
 * asyncio counterpart: `ssl.SSLError` and `ssl.SSLCertVerificationError`.
 *
 * What is no matter of TLS has the error that it has without TLS: a peer that goes away in the middle
 * of a handshake is a `Deno.errors.ConnectionReset`, one that takes too long a
 * `Deno.errors.ConnectionAborted`.
 *
 * @module
 */

/** What {@linkcode SSLError} takes beside its message. */
export interface SSLErrorOptions extends ErrorOptions {
  /** What went wrong, for programs: `ERR_SSL_…`, or OpenSSL's name of a verification error. */
  code: string;
}

/**
 * TLS failed: the peer speaks something else, wants something else, or has sent an alert.
 *
 * asyncio name: `ssl.SSLError`.
 */
export class SSLError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "SSLError";
  /** What went wrong, for programs, e.g. `"ERR_SSL_WRONG_VERSION_NUMBER"`. */
  readonly code: string;

  /**
   * Makes the error.
   *
   * @param message what could not be done, and why
   * @param options code and cause
   */
  constructor(message: string, options: SSLErrorOptions) {
    super(message, options);
    this.code = options.code;
  }

  /**
   * What went wrong, as Python's `ssl` says it, e.g. `"WRONG_VERSION_NUMBER"`.
   *
   * asyncio name: `ssl.SSLError.reason`.
   */
  get reason(): string {
    return this.code.replace(/^ERR_SSL_/, "");
  }
}

/**
 * The peer's certificate is not to be trusted: it is nobody's that is known here, not for this name,
 * or not valid now.
 *
 * asyncio name: `ssl.SSLCertVerificationError`.
 */
export class SSLCertVerificationError extends SSLError {
  /** The class name, for printing. */
  override readonly name: string = "SSLCertVerificationError";
  /**
   * What is wrong with the certificate, for people.
   *
   * asyncio name: `ssl.SSLCertVerificationError.verify_message`.
   */
  readonly verifyMessage: string;

  /**
   * Makes the error.
   *
   * @param verifyMessage what is wrong with the certificate
   * @param options code and cause
   */
  constructor(verifyMessage: string, options: SSLErrorOptions) {
    super(`Cannot verify the certificate of the peer: ${verifyMessage}`, options);
    this.verifyMessage = verifyMessage;
  }

  /** `"CERTIFICATE_VERIFY_FAILED"`, as Python's `ssl` says it; `code` says more. */
  override get reason(): string {
    return "CERTIFICATE_VERIFY_FAILED";
  }
}
