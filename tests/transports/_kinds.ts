/** Every kind of stream transport, as connected pairs. Imported by tests only. */
import { TLSSocket } from "node:tls";
import { sleep } from "../../futures/mod.ts";
import type { DenoEventLoop, Server } from "../../loop/mod.ts";
import type { AnyProtocol } from "../../transports/protocol.ts";
import type { Transport } from "../../transports/transport.ts";
import type { Trial } from "../_helpers.ts";
import { clientContext, haveOpenssl, serverContext } from "./tls/_certificates.ts";

/** A kind of transport. */
export interface TransportKind {
  readonly name: string;
  /** Why it cannot be tried here, if it cannot. */
  readonly missing?: string;
  /** Whether both ends read and write. Else the near one writes, and the far one reads. */
  readonly duplex: boolean;
  /** Whether one direction can end before the other. */
  readonly halfClose: boolean;
  /** Connects two protocols. The transports of pipes have the half of the methods that pipes have. */
  connect(t: Trial<DenoEventLoop>, near: AnyProtocol, far: AnyProtocol): Promise<Pair>;
}

/** Both ends. */
export type Pair = [near: Transport, far: Transport];

type Listen = (loop: DenoEventLoop, factory: () => AnyProtocol) => PromiseLike<Server>;
type Connect = (loop: DenoEventLoop, factory: () => AnyProtocol, server: Server) => PromiseLike<
  [Transport, unknown]
>;

/** Serves one connection. */
function over(listen: Listen, open: Connect): TransportKind["connect"] {
  return async ({ loop }, near, far) => {
    let accepted: Transport | undefined;
    const { _makeSocketTransport, _makeSslTransport } = loop;
    // The server's transport is taken once its protocol has it.
    loop._makeSocketTransport = (socket, protocol, options) => {
      const transport = _makeSocketTransport.call(loop, socket, protocol, options);
      if (protocol === far) options?.waiter?.addDoneCallback(() => accepted = transport);
      return transport;
    };
    loop._makeSslTransport = (socket, protocol, context, options) => {
      const transport = _makeSslTransport.call(loop, socket, protocol, context, options);
      if (protocol === far) options?.waiter?.addDoneCallback(() => accepted = transport);
      return transport;
    };
    const server = await listen(loop, () => far);
    const [transport] = await open(loop, () => near, server);
    while (accepted === undefined) await sleep(1);
    server.close();
    return [transport, accepted];
  };
}

function portOf(server: Server): number {
  return (server.sockets[0]!.addr as Deno.NetAddr).port;
}

let names = 0;
const nextName = () => `\0asyncio-contract-${Deno.pid}-${++names}`;
const pathOf = (server: Server) => (server.sockets[0]!.addr as Deno.UnixAddr).path;
const noOpenssl = haveOpenssl ? {} : { missing: "openssl" };

/** Has the program put an operation of its own into each TLS socket that is made meanwhile. */
function withCoveredTls(connect: TransportKind["connect"]): TransportKind["connect"] {
  return async (...args) => {
    const prototype = TLSSocket.prototype as unknown as {
      _wrapHandle(...args: unknown[]): { drainEncOut(): unknown };
    };
    const { _wrapHandle } = prototype;
    prototype._wrapHandle = function (...args) {
      const handle = _wrapHandle.apply(this, args);
      handle.drainEncOut = handle.drainEncOut.bind(handle);
      return handle;
    };
    try {
      return await connect(...args);
    } finally {
      prototype._wrapHandle = _wrapHandle;
    }
  };
}

async function connectPipes(
  { loop }: Trial<DenoEventLoop>,
  near: AnyProtocol,
  far: AnyProtocol,
): Promise<Pair> {
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const [reader] = await loop.connectReadPipe(() => far, readable);
  const [writer] = await loop.connectWritePipe(() => near, writable);
  return [writer as Transport, reader as Transport];
}

/** All of them. */
export const KINDS: readonly TransportKind[] = [
  {
    name: "TCP",
    duplex: true,
    halfClose: true,
    connect: over(
      (loop, factory) => loop.createServer(factory, "127.0.0.1", 0),
      (loop, factory, server) => loop.createConnection(factory, "127.0.0.1", portOf(server)),
    ),
  },
  {
    name: "TCP from a local address to a shared port",
    duplex: true,
    halfClose: true,
    connect: over(
      (loop, factory) => loop.createServer(factory, "127.0.0.1", 0, { reusePort: true }),
      (loop, factory, server) =>
        loop.createConnection(factory, "127.0.0.1", portOf(server), {
          localAddr: ["127.0.0.1", 0],
        }),
    ),
  },
  {
    name: "TCP over sockets of the program's",
    duplex: true,
    halfClose: true,
    connect: over(
      (loop, factory) => {
        const sock = Deno.listen({ hostname: "127.0.0.1", port: 0 });
        return loop.createServer(factory, undefined, undefined, { sock });
      },
      async (loop, factory, server) => {
        const sock = await Deno.connect({ hostname: "127.0.0.1", port: portOf(server) });
        return await loop.createConnection(factory, undefined, undefined, { sock });
      },
    ),
  },
  {
    name: "Unix",
    duplex: true,
    halfClose: true,
    connect: over(
      (loop, factory) => loop.createUnixServer(factory, nextName()),
      (loop, factory, server) => loop.createUnixConnection(factory, pathOf(server)),
    ),
  },
  {
    name: "TLS over TCP",
    ...noOpenssl,
    duplex: true,
    halfClose: false,
    connect: over(
      (loop, factory) => loop.createServer(factory, "127.0.0.1", 0, { ssl: serverContext() }),
      (loop, factory, server) =>
        loop.createConnection(factory, "127.0.0.1", portOf(server), {
          ssl: clientContext(),
          serverHostname: "localhost",
        }),
    ),
  },
  {
    name: "TLS through the streams of node:tls",
    ...noOpenssl,
    duplex: true,
    halfClose: false,
    connect: withCoveredTls(over(
      (loop, factory) => loop.createServer(factory, "127.0.0.1", 0, { ssl: serverContext() }),
      (loop, factory, server) =>
        loop.createConnection(factory, "127.0.0.1", portOf(server), {
          ssl: clientContext(),
          serverHostname: "localhost",
        }),
    )),
  },
  {
    name: "TLS over Unix",
    ...noOpenssl,
    duplex: true,
    halfClose: false,
    connect: over(
      (loop, factory) => loop.createUnixServer(factory, nextName(), { ssl: serverContext() }),
      (loop, factory, server) =>
        loop.createUnixConnection(factory, pathOf(server), {
          ssl: clientContext(),
          serverHostname: "localhost",
        }),
    ),
  },
  { name: "A pipe", duplex: false, halfClose: false, connect: connectPipes },
];
