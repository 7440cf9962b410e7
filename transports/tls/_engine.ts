/**
 * `TlsEngine`: `node:tls` as a box with plaintext on one side and ciphertext on the other, as
 * `ssl.MemoryBIO` makes one of OpenSSL for asyncio.
 *
 * ## Why node:tls, and why like this
 *
 * Deno's own TLS (`Deno.connectTls`, `startTls`, `listenTls`) works on TCP sockets only, has no client
 * certificates on the server's side, no upgrade in the server's role, and tells nothing of the peer. Its
 * listener leaves Nagle's algorithm on, so that handshakes stall for 40 to 90 ms, and long answers as
 * well: echoing 100 KiB, it makes a half to a third of the round trips that a server over this engine
 * makes. `node:tls` has all of that and runs over any stream.
 *
 * `node:tls` is over a {@linkcode Wire} instead of its own sockets, since on its own ones it goes on reading
 * while it is paused, without a bound, and since a connection may be anything that a transport is. Once
 * the handshake is done, data passes the socket by where that can be (`_direct_tls.ts`). What it all costs,
 * `docs/performance.md` tells.
 *
 * ## What is received
 *
 * All that a piece of ciphertext has to say is found out before `receive()` returns: plaintext, the end of
 * the handshake and the peer's farewell are noted, for the caller to act on afterwards, so that no code
 * of the user's runs inside of the engine. Errors may come a tick later.
 *
 * ## What is trusted
 *
 * `secured` is set only for a peer that has passed. Where `node:tls` says yes too easily is told
 * where it is checked again: `_peer_chain.ts` for clients, `#acceptClient()` for servers.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { isIP } from "node:net";
import tls from "node:tls";
import { domainToASCII } from "node:url";
import { countHostArray } from "../_array_memory.ts";
import type { ContextConfig } from "./_context_config.ts";
import { type DirectTls, directTls } from "./_direct_tls.ts";
import { checkChain, checkVersion3 } from "./_peer_chain.ts";
import { fromTlsError, verificationError } from "./_tls_errors.ts";
import { type Outlet, Wire } from "./_wire.ts";
import { CERT_NONE, CERT_OPTIONAL } from "./ssl_constants.ts";
import { _configOf, type SSLContext } from "./ssl_context.ts";
import { SSLCertVerificationError, SSLError } from "./ssl_error.ts";
import { SSLObject } from "./ssl_object.ts";

/** Whom an engine tells; never called from inside of its constructor. */
export interface EngineOwner {
  /** Takes ciphertext, which nobody else touches. */
  readonly send: Outlet;
  /** It has failed; called once, perhaps from outside of the loop. */
  readonly failed: (error: unknown) => void;
  /** There is news of the peer; called in `receive()`, and perhaps from outside of the loop. */
  readonly received: () => void;
  /** More of what was written has gone out; perhaps from inside of any call, or from outside of the loop. */
  readonly progressed: () => void;
}

/** One side of a TLS connection, without the connection. */
export class TlsEngine {
  /** What the handshake has found out; `null` until it has succeeded. */
  secured: SSLObject | null = null;
  /** Whether the peer has said that it will send no more. */
  peerClosed = false;
  /** What has been decrypted and not yet taken. */
  readonly plaintext: Uint8Array<ArrayBuffer>[] = [];

  readonly #context: SSLContext;
  readonly #config: ContextConfig;
  readonly #serverHostname: string | undefined;
  readonly #wire: Wire;
  #owner: EngineOwner | null;
  #socket: tls.TLSSocket | null = null;
  #direct: DirectTls | null = null;
  // Whether a write is not done, and how many bytes of its ciphertext, at least, are still to come.
  #writing = false;
  #missing = 0;
  #paused = false;
  #ending = false;
  #failed = false;

  /**
   * Begins a handshake.
   *
   * @param serverHostname for a client, whom to ask for and whose certificate to expect
   * @param owner takes the ciphertext, and is told when it fails
   */
  constructor(
    context: SSLContext,
    serverSide: boolean,
    serverHostname: string | undefined,
    owner: EngineOwner,
  ) {
    this.#context = context;
    this.#config = _configOf(context);
    this.#serverHostname = serverHostname;
    this.#owner = owner;
    this.#wire = new Wire(this.#send);
    this.#wire.on("error", () => {});
    if (serverSide) this.#beginServer();
    else this.#beginClient();
  }

  /** Takes ciphertext; copies it. */
  receive(data: Uint8Array): void {
    const { length } = this.plaintext;
    if (this.#direct === null) this.#wire.receive(data);
    else this.#direct.receive(data);
    // What brings no data may ask for an answer: a part of the handshake, an error. Otherwise the answer,
    // if any, goes with what is written next.
    if (this.plaintext.length === length) this.#pull();
  }

  /** To be called once when `secured` is set: from now on both ways are as short as they can be. */
  established(): void {
    this.#direct = directTls(this.#socket!, this.#send, this.#written);
    if (this.#direct !== null) this.#wire.holdNothing();
  }

  /** Whether no more ciphertext is to be made for now; what is made nevertheless is sent. */
  get paused(): boolean {
    return this.#paused;
  }
  set paused(paused: boolean) {
    this.#paused = paused;
    // A write that has gone out is left to be done with what is received next.
    if (this.#missing > 0 || this.secured === null || this.#ending) this.#pull();
  }

  /** Whether something is being written; what that is belongs to the engine until then. */
  get writing(): boolean {
    return this.#writing;
  }

  /**
   * Whether all that was written has gone out, as far as the length of it tells; it may be a little
   * later that it is done.
   */
  get sent(): boolean {
    return !this.#writing || (this.#missing <= 0 && !this.#paused);
  }

  /**
   * Encrypts and sends plaintext, unless paused.
   *
   * @param data the bytes, not to be touched while `writing`
   */
  write(data: Uint8Array): void {
    this.#writing = true;
    // Ciphertext is longer.
    this.#missing = data.length + 1;
    if (this.#direct === null) this.#socket!.write(data, this.#written);
    else if (!this.#direct.write(data)) return this.#fail(new Error("TLS has ended"));
    this.push();
  }

  /** Lets what is written go out as far as it can. */
  push(): void {
    while (this.#missing > 0 && this.#pull());
  }

  /** Gets done with what is written, as far as that can be had now. */
  settle(): void {
    while (this.#writing && this.#pull());
  }

  /** Lets everything go out that is there. */
  release(): void {
    while (this.#pull());
  }

  /** Tells the peer that no more will come; what was written before is sent before. */
  shutdown(): void {
    this.#ending = true;
    this.#socket!.end();
  }

  /** Whether it has given up the handshake, and is going to tell why. */
  get hungUp(): boolean {
    return this.secured === null && this.#wire.destroyed;
  }

  /** Whether `shutdown()` can tell the peer anything. */
  get alive(): boolean {
    return this.#socket !== null && !this.#socket.destroyed;
  }

  /** Drops everything; nothing is sent or told any more. */
  destroy(): void {
    this.#owner = null;
    this.#socket?.destroy();
    this.#wire.destroy();
  }

  // ---- Ciphertext -------------------------------------------------------------------------------

  #pull(): boolean {
    return !this.#paused && (this.#direct ?? this.#wire).pull();
  }

  readonly #send = (data: Uint8Array): void => {
    this.#missing -= data.length;
    countHostArray(data.length);
    this.#owner?.send(data);
    if (this.#writing) this.#owner?.progressed();
    // Nobody asks for the rest.
    if (this.#ending) this.#pull();
  };

  readonly #written = (error?: Error | null): void => {
    this.#writing = false;
    this.#missing = 0;
    if (error) this.#fail(error);
    else this.#owner?.progressed();
  };

  // ---- Handshake --------------------------------------------------------------------------------

  #beginClient(): void {
    const config = this.#config;
    const { secureContext, roots } = config.client();
    const name = this.#serverHostname;
    const socket = tls.connect({
      socket: this.#wire,
      secureContext,
      // An address is not sent as a name, and names are sent in ASCII (RFC 6066).
      servername: name === undefined || isIP(name) !== 0 ? undefined : domainToASCII(name) || name,
      ALPNProtocols: config.alpn.length > 0 ? [...config.alpn] : undefined,
      rejectUnauthorized: config.verifyMode !== CERT_NONE,
      checkServerIdentity: (_name, certificate) => {
        if (config.verifyMode === CERT_NONE) return undefined;
        return checkVersion3(certificate.raw) ??
          (roots === null
            ? undefined
            : checkChain(certificate as tls.DetailedPeerCertificate, roots)) ??
          (config.checkHostname ? tls.checkServerIdentity(name!, certificate) : undefined);
      },
    });
    this.#adopt(socket);
    socket.once("secureConnect", () => {
      const peer = socket.getPeerCertificate();
      this.#succeed(socket, peer?.raw === undefined ? undefined : peer);
    });
  }

  // All connections of a context share a server that does not listen, each under an object of its own
  // that inherits from it, so as to tell whose events they are.
  #beginServer(): void {
    const connection: EventEmitter = Object.create(this.#config.server(), {
      emit: {
        value: (event: string, ...args: unknown[]): boolean => {
          if (event === "secureConnection") this.#acceptClient(args[0] as tls.TLSSocket);
          else if (event === "tlsClientError") this.#clientFailed(args[0], args[1]);
          return true;
        },
      },
    });
    EventEmitter.prototype.emit.call(connection, "connection", this.#wire);
  }

  // A client whose certificate is not to be trusted is hung up on without an error; why, its socket knows.
  #clientFailed(error: unknown, socket: unknown): void {
    const { authorizationError } = socket as { authorizationError?: unknown };
    this.#fail(
      typeof authorizationError === "string" ? verificationError(authorizationError, error) : error,
    );
  }

  // Asked for a certificate, `node:tls` lets a client in who resumes a session of any server of the
  // process, although that one may have asked for none or trusted somebody else: the tickets of all
  // are under the same key. So a resumed session counts only where this context has itself verified
  // the certificate before.
  #acceptClient(socket: tls.TLSSocket): void {
    const { verifyMode, knownClients } = this.#config;
    this.#adopt(socket);
    if (verifyMode === CERT_NONE) return this.#succeed(socket, undefined);
    const peer = socket.getPeerCertificate();
    if (peer?.raw === undefined) {
      if (verifyMode === CERT_OPTIONAL) return this.#succeed(socket, undefined);
      return this.#reject(socket, noCertificate());
    }
    if (!socket.authorized) {
      return this.#reject(socket, verificationError(String(socket.authorizationError)));
    }
    const wrong = checkVersion3(peer.raw);
    if (wrong !== undefined) return this.#reject(socket, wrong);
    if (socket.isSessionReused() && !knownClients.has(peer.fingerprint256)) {
      return this.#reject(
        socket,
        new SSLCertVerificationError("resumed session was not verified here", {
          code: "SESSION_NOT_VERIFIED",
        }),
      );
    }
    knownClients.add(peer.fingerprint256);
    this.#succeed(socket, peer);
  }

  #adopt(socket: tls.TLSSocket): void {
    this.#socket = socket;
    socket.on("error", (error) => this.#fail(error));
    // Called by the socket with what it has decrypted, and `null` at the end. Its own would queue it,
    // and hand it out some ticks later.
    socket.push = (chunk: Buffer | null): boolean => {
      if (chunk === null) this.peerClosed = true;
      else {
        countHostArray(chunk.length);
        this.plaintext.push(
          new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length),
        );
      }
      this.#owner?.received();
      return true;
    };
  }

  #succeed(socket: tls.TLSSocket, peer: tls.PeerCertificate | undefined): void {
    this.secured = new SSLObject(socket, peer, this.#context, this.#serverHostname);
    this.#owner?.received();
  }

  #reject(socket: tls.TLSSocket, error: SSLError): void {
    socket.destroy();
    this.#fail(error);
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#owner?.failed(
      fromTlsError(
        error,
        this.secured === null
          ? "Cannot complete the TLS handshake"
          : "The TLS connection is broken",
      ),
    );
  }
}

function noCertificate(): SSLError {
  return new SSLError("Cannot complete the TLS handshake: the client has shown no certificate", {
    code: "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
  });
}
