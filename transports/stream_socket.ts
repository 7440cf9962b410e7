/**
 * What a stream transport needs of a connection, and a server of a listener.
 *
 * `Deno.Conn` and `Deno.Listener` have these shapes; so can a simulated network, a pipe, or a
 * connection of another host.
 *
 * @module
 */

/** An address, as Deno tells it or in a shape of one's own. */
export type SocketAddress = Deno.Addr | { readonly transport: string };

/** A connection that carries a stream of bytes both ways. */
export interface StreamSocket {
  /** The address of this end. */
  readonly localAddr: SocketAddress;
  /** The address of the other end. */
  readonly remoteAddr: SocketAddress;
  /**
   * Reads what is there, at most what fits into `buffer`, which must not be touched meanwhile.
   *
   * @returns the number of bytes, or `null` at the end of the stream
   */
  read(buffer: Uint8Array): Promise<number | null>;
  /**
   * Writes the beginning of `data`, which must not be touched meanwhile.
   *
   * @returns how many bytes were taken
   */
  write(data: Uint8Array): Promise<number>;
  /** Ends the stream towards the other end; reading goes on. Absent where there is no such thing. */
  closeWrite?(): Promise<void>;
  /** Ends both; a pending read or write rejects. */
  close(): void;
  /** Whether small writes are sent at once. Absent where it makes no difference. */
  setNoDelay?(noDelay?: boolean): void;
  /** Whether the other end is probed while nothing is sent. Absent where there is no such thing. */
  setKeepAlive?(keepAlive?: boolean): void;
}

/** A socket that accepts connections. */
export interface StreamListener {
  /** The address it listens on. */
  readonly addr: SocketAddress;
  /** Waits for the next connection; rejects with `Deno.errors.BadResource` when it is closed. */
  accept(): Promise<StreamSocket>;
  /** Stops listening; a pending `accept()` rejects. */
  close(): void;
}
