/**
 * Opening sockets on Deno: the defaults behind `_connect()` and `_listen()`.
 *
 * `Deno.connect` and `Deno.listen`, since their connections move bytes two to three times as fast as
 * those of `node:net`, which serve where Deno's own have no such option (`_node_sockets.ts`).
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { StreamListener, StreamSocket } from "../transports/stream_socket.ts";
import { connectFrom, listenShared } from "./_node_sockets.ts";
import type { ConnectHookOptions, ListenHookOptions, StreamAddress } from "./network_options.ts";

/** Connects; gives up when the signal is aborted. */
export function connect(
  address: StreamAddress,
  { signal, localAddr }: ConnectHookOptions,
): Promise<StreamSocket> {
  if (address.transport === "unix") {
    return Deno.connect({ transport: "unix", path: address.path });
  }
  if (localAddr !== undefined) return connectFrom(localAddr, address, signal);
  return Deno.connect({ hostname: address.host, port: address.port, signal });
}

/** Listens. */
// deno-lint-ignore require-await
export async function listen(
  address: StreamAddress,
  { backlog, reusePort }: ListenHookOptions,
): Promise<StreamListener> {
  if (address.transport === "unix") return Deno.listen({ transport: "unix", path: address.path });
  // Deno's own reusePort is behind a flag, without which it ends the process.
  if (reusePort) return listenShared(address, backlog);
  return Deno.listen({ hostname: address.host, port: address.port, tcpBacklog: backlog });
}
