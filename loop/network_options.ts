/**
 * What the methods of a loop that open connections take.
 *
 * @module
 */

import type { SSLContext } from "../transports/tls/ssl_context.ts";
import type { SSLOptions } from "../transports/tls/ssl_options.ts";
import type { DatagramSocket } from "../transports/datagram_socket.ts";
import type { StreamListener, StreamSocket } from "../transports/stream_socket.ts";

/** An IP version: 4, 6, or 0 for either. */
export type IPFamily = 0 | 4 | 6;

/** Where something connects to or listens on. */
export type StreamAddress =
  | {
    /** TCP. */
    readonly transport: "tcp";
    /** An IP address. */
    readonly host: string;
    /** A port number. */
    readonly port: number;
  }
  | {
    /** A Unix socket. */
    readonly transport: "unix";
    /** Its path; one that begins with NUL is a name of Linux's abstract space. */
    readonly path: string;
  };

/** What `_connect()` is told beside the address. */
export interface ConnectHookOptions {
  /** Aborted when the connection is no longer wanted. */
  signal: AbortSignal;
  /** The address of this end, where one was asked for. */
  localAddr?: { host: string; port: number };
}

/** What `_listen()` is told beside the address. */
export interface ListenHookOptions {
  /** How many connections may wait to be accepted. */
  backlog: number;
  /** Whether several processes may listen on the port. */
  reusePort: boolean;
  /**
   * Whether the path of a Unix socket is removed when it is closed.
   * @default true
   */
  cleanupSocket?: boolean;
}

/** What can be asked of TLS. */
export interface TlsRequest extends SSLOptions {
  /**
   * Whom to trust and who to be, for TLS. A client may say `true`, for whom Deno trusts.
   * @default no TLS
   */
  ssl?: SSLContext | boolean;
}

/** What a connection can be asked for. */
export interface ConnectionOptions extends TlsRequest {
  /**
   * An open connection to use; then host and port are left out.
   */
  sock?: StreamSocket;
  /**
   * The IP version to use.
   * @default 0
   */
  family?: IPFamily;
  /** The address of this end, as host and port. */
  localAddr?: readonly [host: string, port: number];
  /**
   * How long an attempt to connect is waited for before the next address is tried beside it, in
   * milliseconds ("happy eyeballs", RFC 8305). Without it, addresses are tried one after another.
   */
  happyEyeballsDelay?: number;
  /**
   * How many addresses of the first family come before families alternate.
   * @default 1 with `happyEyeballsDelay`, else as resolved
   */
  interleave?: number;
  /**
   * Whether a failure tells of every address that was tried, in an `ExceptionGroup`.
   * @default false
   */
  allErrors?: boolean;
}

/** What a server can be asked for. */
export interface ServerOptions extends Omit<TlsRequest, "serverHostname"> {
  /** Listeners to use; then host and port are left out. */
  sock?: StreamListener | readonly StreamListener[];
  /**
   * The IP version to use.
   * @default 0
   */
  family?: IPFamily;
  /**
   * How many connections may wait to be accepted.
   * @default 100
   */
  backlog?: number;
  /**
   * Whether several processes may listen on the port.
   * @default false
   */
  reusePort?: boolean;
  /**
   * Whether idle connections are probed.
   * @default false
   */
  keepAlive?: boolean;
  /**
   * Whether connections are accepted at once; else after `server.startServing()`.
   * @default true
   */
  startServing?: boolean;
}

/** What a Unix connection can be asked for. */
export type UnixConnectionOptions = Pick<ConnectionOptions, "sock" | keyof TlsRequest>;

/** What a Unix server can be asked for. */
export interface UnixServerOptions
  extends
    Pick<ServerOptions, "sock" | "backlog" | "startServing">,
    Omit<TlsRequest, "serverHostname"> {
  /**
   * Whether the path is removed when the server is closed. With `false` it stays, and is taken over by
   * the next server; whoever connects meanwhile is refused. Raises `NotImplementedError` together with
   * `sock`, whose path Deno removes in any case.
   * @default true
   */
  cleanupSocket?: boolean;
}

/** What sending a file can be asked for. */
export interface SendfileOptions {
  /**
   * Whether reading and writing may stand in for a system call that is not to be had.
   * @default true
   */
  fallback?: boolean;
}

/** What a datagram endpoint can be asked for. */
export interface DatagramEndpointOptions {
  /** The address of this end, as host and port; any by default. */
  localAddr?: readonly [host: string, port: number | string];
  /** The one to talk to, as host and port; everybody by default. */
  remoteAddr?: readonly [host: string, port: number | string];
  /**
   * The IP version to use.
   * @default 0
   */
  family?: IPFamily;
  /**
   * Whether datagrams may be sent to broadcast addresses.
   * @default false
   */
  allowBroadcast?: boolean;
  /** Raises `NotImplementedError` when true: Deno cannot share the port of a datagram socket. */
  reusePort?: boolean;
  /** A bound socket to use, instead of a local address. */
  sock?: DatagramSocket;
}

/** What an accepted connection can be asked for. */
export type AcceptedSocketOptions = Omit<TlsRequest, "serverHostname">;
