/**
 * What name resolution takes, gives and fails with.
 *
 * asyncio counterpart: the arguments and results of `socket.getaddrinfo` and `socket.getnameinfo`, and
 * `socket.gaierror`.
 *
 * @module
 */

/** What an address is used for: a stream of bytes (TCP), or datagrams (UDP). */
export type SocketKind = "stream" | "datagram";

/** The protocol of a {@linkcode SocketKind}. */
export type SocketProto = "tcp" | "udp";

/** One way to reach a host, as `getaddrinfo()` gives it. */
export interface AddressInfo {
  /** The IP version. */
  readonly family: 4 | 6;
  /** What it is used for. */
  readonly type: SocketKind;
  /** The protocol. */
  readonly proto: SocketProto;
  /** The host's proper name, where the resolver tells it; Deno's does not. */
  readonly canonname: string;
  /** Where it is. */
  readonly address: {
    /** The IP address; one that is valid on one network interface only names it, as in `fe80::1%eth0`. */
    readonly host: string;
    /** The port number. */
    readonly port: number;
  };
}

/** What `getaddrinfo()` takes beside host and port. */
export interface GetAddrInfoOptions {
  /**
   * The IP version that is wanted, or 0 for both.
   * @default 0
   */
  family?: 0 | 4 | 6;
  /**
   * What the address is to be used for.
   * @default both kinds, each in an entry of its own
   */
  type?: SocketKind;
  /**
   * The protocol that is wanted.
   * @default both
   */
  proto?: SocketProto;
  /**
   * Whether the address is to be listened on: without a host, the result then stands for every address
   * of this machine instead of for the loopback.
   * @default false
   */
  passive?: boolean;
  /**
   * Whether the host must be an IP address, so that nobody is asked.
   * @default false
   */
  numericHost?: boolean;
  /**
   * Whether the port must be a number.
   * @default false
   */
  numericServ?: boolean;
}

/** What `getnameinfo()` takes beside the address. */
export interface GetNameInfoOptions {
  /**
   * Whether the host stays an IP address, so that nobody is asked.
   * @default false
   */
  numericHost?: boolean;
  /**
   * Whether the port stays a number.
   * @default false
   */
  numericServ?: boolean;
  /**
   * Whether an address without a name is an error.
   * @default false
   */
  nameRequired?: boolean;
  /**
   * Whether the port is one of UDP.
   * @default false
   */
  datagram?: boolean;
}

/** Names of an address, as `getnameinfo()` gives them. */
export interface NameInfo {
  /** The name of the host, or its IP address. */
  readonly host: string;
  /** The name of the service, or its port number in decimal digits. */
  readonly service: string;
}

/**
 * Why a name could not be resolved: the name is unknown, for the time being or for good; the service
 * is; or what is known of them is of another family.
 */
export type GAIErrorCode =
  | "EAI_AGAIN"
  | "EAI_FAIL"
  | "EAI_FAMILY"
  | "EAI_NONAME"
  | "EAI_SERVICE"
  | "EAI_SOCKTYPE";

/**
 * A name that could not be resolved.
 *
 * asyncio counterpart: `socket.gaierror`.
 */
export class GAIError extends Error {
  /** The class name, for printing. */
  override readonly name: string = "GAIError";
  /** Why. */
  readonly code: GAIErrorCode;

  /**
   * Makes the error.
   *
   * @param code why
   * @param message what was asked
   * @param options what this error came from
   */
  constructor(code: GAIErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
