/**
 * Streams over connections and servers: `openConnection()`, `startServer()` and their kin.
 *
 * asyncio counterpart: the functions of `asyncio.streams`.
 *
 * @module
 */

import { _coroutineOf, type Coroutine } from "../futures/coroutine.ts";
import type { Suspension } from "../futures/awaitable.ts";
import { StreamReader } from "../transports/stream_reader.ts";
import { type StreamHandler, StreamReaderProtocol } from "../transports/stream_protocol.ts";
import { StreamWriter } from "../transports/stream_writer.ts";
import type { Transport } from "../transports/transport.ts";
import type { AbstractEventLoop } from "./abstract_event_loop.ts";
import type {
  ConnectionOptions,
  ServerOptions,
  UnixConnectionOptions,
  UnixServerOptions,
} from "./network_options.ts";
import { getRunningLoop } from "./running_loop.ts";
import type { Server } from "./server.ts";

/** What the functions of this file take beside what the loop's methods take. */
export interface StreamLimit {
  /**
   * The longest line that is read, in bytes.
   * @default 65536
   */
  limit?: number;
}

/**
 * Connects to a TCP server, for reading and writing as streams.
 *
 * **Cancellation** leaves no connection open.
 *
 * asyncio name: `open_connection`.
 *
 * @param host a name or an IP address
 * @param port a port number or the name of a service
 * @param options limit, and what `loop.createConnection()` takes
 * @throws what `loop.createConnection()` throws
 *
 * @example See {@linkcode StreamWriter}
 * ```ts
 * import { openConnection, run } from "@asyncio/asyncio";
 * import { assertRejects } from "@std/assert";
 *
 * await run(async () => {
 *   const refused = async () => await openConnection("127.0.0.1", 1);
 *   await assertRejects(refused, Deno.errors.ConnectionRefused, "127.0.0.1:1");
 * });
 * ```
 */
export function openConnection(
  host?: string,
  port?: number | string,
  options: ConnectionOptions & StreamLimit = {},
): Coroutine<[StreamReader, StreamWriter]> {
  return _coroutineOf(connect(host, port, options), "openConnection");
}

function* connect(
  host: string | undefined,
  port: number | string | undefined,
  { limit, ...options }: ConnectionOptions & StreamLimit,
): Generator<Suspension, [StreamReader, StreamWriter], unknown> {
  return yield* connectStreams(
    limit,
    (loop, factory) => loop.createConnection(factory, host, port, options),
  );
}

/** Makes reader, protocol and writer of a connection. */
function* connectStreams(
  limit: number | undefined,
  connect: (
    loop: AbstractEventLoop,
    factory: () => StreamReaderProtocol,
  ) => Coroutine<[Transport, StreamReaderProtocol]>,
): Generator<Suspension, [StreamReader, StreamWriter], unknown> {
  const loop = getRunningLoop();
  const reader = new StreamReader({ loop, ...(limit === undefined ? {} : { limit }) });
  const protocol = new StreamReaderProtocol(reader, undefined, loop);
  const [transport] = yield* connect(loop, () => protocol);
  return [reader, new StreamWriter(transport, protocol, reader, loop)];
}

/**
 * Connects to a Unix socket, for reading and writing as streams.
 *
 * **Cancellation** leaves no connection open.
 *
 * asyncio name: `open_unix_connection`.
 *
 * @param path the path of the socket; one that begins with NUL is a name of Linux's abstract space
 * @param options limit, and what `loop.createUnixConnection()` takes
 * @throws what `loop.createUnixConnection()` throws
 */
export function openUnixConnection(
  path?: string | URL,
  { limit, ...options }: UnixConnectionOptions & StreamLimit = {},
): Coroutine<[StreamReader, StreamWriter]> {
  const steps = connectStreams(
    limit,
    (loop, factory) => loop.createUnixConnection(factory, path, options),
  );
  return _coroutineOf(steps, "openUnixConnection");
}

/**
 * Listens for TCP connections and calls a handler with the streams of each.
 *
 * asyncio name: `start_server`.
 *
 * @param handler an async function, a coroutine function or a plain function, which should close the
 * writer in the end; when it fails, that is reported and its connection is closed
 * @param host a name, an IP address, or several; `undefined` or `""` for all interfaces
 * @param port a port number or the name of a service; 0 lets the system choose
 * @param options limit, and what `loop.createServer()` takes
 * @throws what `loop.createServer()` throws
 *
 * @example Upper case
 * ```ts
 * import { openConnection, run, startServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = await run(async () => {
 *   await using server = await startServer(async (reader, writer) => {
 *     const text = new TextDecoder().decode(await reader.read());
 *     writer.write(new TextEncoder().encode(text.toUpperCase()));
 *     writer.close();
 *   }, "127.0.0.1", 0);
 *   const { port } = server.sockets[0]!.addr as Deno.NetAddr;
 *   const [reader, writer] = await openConnection("127.0.0.1", port);
 *   writer.write(new TextEncoder().encode("quiet"));
 *   writer.writeEof();
 *   const all = await reader.read();
 *   writer.close();
 *   await writer.waitClosed();
 *   return new TextDecoder().decode(all);
 * });
 * assertEquals(answer, "QUIET");
 * ```
 */
export function startServer(
  handler: StreamHandler,
  host?: string | readonly string[],
  port?: number | string,
  options: ServerOptions & StreamLimit = {},
): Coroutine<Server> {
  return _coroutineOf(serve(handler, host, port, options), "startServer");
}

function* serve(
  handler: StreamHandler,
  host: string | readonly string[] | undefined,
  port: number | string | undefined,
  { limit, ...options }: ServerOptions & StreamLimit,
): Generator<Suspension, Server, unknown> {
  return yield* serveStreams(
    handler,
    limit,
    (loop, factory) => loop.createServer(factory, host, port, options),
  );
}

/** Makes a server whose connections a handler gets as streams. */
function* serveStreams(
  handler: StreamHandler,
  limit: number | undefined,
  serve: (loop: AbstractEventLoop, factory: () => StreamReaderProtocol) => Coroutine<Server>,
): Generator<Suspension, Server, unknown> {
  if (typeof handler !== "function") {
    throw new TypeError("Cannot start a server: the handler of connections must be a function");
  }
  const loop = getRunningLoop();
  return yield* serve(loop, () => {
    const reader = new StreamReader({ loop, ...(limit === undefined ? {} : { limit }) });
    return new StreamReaderProtocol(reader, handler, loop);
  });
}

/**
 * Listens on a Unix socket and calls a handler with the streams of each connection.
 *
 * asyncio name: `start_unix_server`.
 *
 * @param handler an async function, a coroutine function or a plain function; see
 * {@linkcode startServer}
 * @param path the path of the socket; one that begins with NUL is a name of Linux's abstract space
 * @param options limit, and what `loop.createUnixServer()` takes
 * @throws what `loop.createUnixServer()` throws
 *
 * @example A greeting
 * ```ts
 * import { openUnixConnection, run, startUnixServer } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/greeting.sock`;
 * const greeting = await run(async () => {
 *   await using server = await startUnixServer((_reader, writer) => {
 *     writer.write(new TextEncoder().encode("hello\n"));
 *     writer.close();
 *   }, path);
 *   const [reader, writer] = await openUnixConnection(path);
 *   const line = await reader.readline();
 *   writer.close();
 *   await writer.waitClosed();
 *   server.closeClients();
 *   return new TextDecoder().decode(line);
 * });
 * assertEquals(greeting, "hello\n");
 * ```
 */
export function startUnixServer(
  handler: StreamHandler,
  path?: string | URL,
  { limit, ...options }: UnixServerOptions & StreamLimit = {},
): Coroutine<Server> {
  const steps = serveStreams(
    handler,
    limit,
    (loop, factory) => loop.createUnixServer(factory, path, options),
  );
  return _coroutineOf(steps, "startUnixServer");
}
