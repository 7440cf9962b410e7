/**
 * A Unix listener whose path stays when it is closed.
 *
 * Deno removes the path that a listener was opened at, whatever is there by then. So this one is opened
 * at another name in the same directory, gets its path as a second name (a hard link), and gives up the
 * first. What Deno then tries to remove is a name that nobody else uses.
 *
 * Invariants: the path is there only once connections are taken; nothing that was at the path before is
 * replaced; when it fails, no name is left.
 *
 * Not here: peers learn the first name, as the address that they are connected to. Only the system could
 * change that.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import type { SocketAddress, StreamListener, StreamSocket } from "../transports/stream_socket.ts";

/**
 * Listens at a path, which stays.
 *
 * @throws {Deno.errors.AddrInUse} when there is something at the path
 */
export function listenLeavingPath(path: string): StreamListener {
  const first = firstName(path);
  const listener = Deno.listen({ transport: "unix", path: first });
  try {
    Deno.linkSync(first, path);
    Deno.removeSync(first);
  } catch (error) {
    // Removes the first name as well.
    listener.close();
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Deno.errors.AddrInUse("Address already in use", { cause: error });
  }
  return new NamedListener(listener, { transport: "unix", path });
}

/** A free name, which is seldom longer than the path: a path of a socket may have a hundred bytes. */
function firstName(path: string): string {
  const length = Math.max(basename(path).length - 1, 12);
  const random = crypto.randomUUID().replaceAll("-", "").slice(0, length);
  // Not normalized: what `..` means after a link is the system's to say.
  return `${dirname(path)}/.${random}`;
}

/** A listener of Deno under another address, and so are its connections. */
class NamedListener implements StreamListener {
  readonly addr: SocketAddress;
  readonly #listener: Deno.Listener;

  constructor(listener: Deno.Listener, addr: SocketAddress) {
    this.#listener = listener;
    this.addr = addr;
  }

  async accept(): Promise<StreamSocket> {
    const socket = await this.#listener.accept();
    return Object.defineProperty(socket, "localAddr", { value: this.addr });
  }

  close(): void {
    this.#listener.close();
  }
}
