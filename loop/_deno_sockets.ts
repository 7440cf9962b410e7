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

import { trust } from "../transports/_direct_socket.ts";
import type { StreamListener, StreamSocket } from "../transports/stream_socket.ts";
import { connectFrom, listenShared } from "./_node_sockets.ts";
import { listenLeavingPath } from "./_unix_listener.ts";
import type { ConnectHookOptions, ListenHookOptions, StreamAddress } from "./network_options.ts";

/** Connects; gives up when the signal is aborted. */
export async function connect(
  address: StreamAddress,
  { signal, localAddr }: ConnectHookOptions,
): Promise<StreamSocket> {
  if (address.transport === "unix") {
    return trust(await Deno.connect({ transport: "unix", path: address.path }));
  }
  if (localAddr !== undefined) return connectFrom(localAddr, address, signal);
  return trust(await Deno.connect({ hostname: address.host, port: address.port, signal }));
}

/** Listens; a path that a dead server has left behind is taken over. */
export async function listen(
  address: StreamAddress,
  { backlog, reusePort, cleanupSocket = true }: ListenHookOptions,
): Promise<StreamListener> {
  if (address.transport === "unix") {
    const { path } = address;
    const leavesPath = !cleanupSocket && !path.startsWith("\0");
    return trust(await takeOver(path, leavesPath ? listenLeavingPath : listenAt));
  }
  // Deno's own reusePort is behind a flag, without which it ends the process.
  if (reusePort) return await listenShared(address, backlog);
  return trust(
    Deno.listen({ hostname: address.host, port: address.port, tcpBacklog: backlog }),
  );
}

function listenAt(path: string): StreamListener {
  return Deno.listen({ transport: "unix", path });
}

async function takeOver(
  path: string,
  listen: (path: string) => StreamListener,
): Promise<StreamListener> {
  try {
    return listen(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse) || !await isStale(path)) throw error;
  }
  await Deno.remove(path);
  return listen(path);
}

/** Whether the path is a socket that nobody listens on. */
async function isStale(path: string): Promise<boolean> {
  if (path.startsWith("\0") || !(await Deno.lstat(path)).isSocket) return false;
  try {
    const alive = await Deno.connect({ transport: "unix", path });
    alive.close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    throw error;
  }
}
