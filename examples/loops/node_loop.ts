// A loop on node:net and the timers that every host has. Of Deno it takes the names of errors alone, so
// that it would carry the library to Node and Bun.
//
// `_select()` and `_wakeup()` are how it waits, `_connect()` and `_listen()` how it opens sockets, and a
// `net.Socket` needs a shape that the library's transports know. The rest is inherited.

import * as net from "node:net";
import * as asyncio from "@asyncio/asyncio";

const ERRORS: Record<string, new (message: string) => Error> = {
  ECONNREFUSED: Deno.errors.ConnectionRefused,
  ECONNRESET: Deno.errors.ConnectionReset,
  EADDRINUSE: Deno.errors.AddrInUse,
  ENOENT: Deno.errors.NotFound,
  EPIPE: Deno.errors.BrokenPipe,
};

/** Node's errors under the names that programs of this library know. */
function known(error: Error & { code?: string }): Error {
  const Known = ERRORS[error.code ?? ""];
  return Known === undefined ? error : new Known(error.message);
}

/** Waits for the first of several events; rejects at an error. */
function once(emitter: net.Socket | net.Server, ...events: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => {
      for (const event of events) emitter.off(event, done);
      emitter.off("error", done);
      error instanceof Error ? reject(known(error)) : resolve();
    };
    for (const event of [...events, "error"]) emitter.on(event, done);
  });
}

class NodeSocket implements asyncio.StreamSocket {
  readonly #socket: net.Socket;
  readonly localAddr;
  readonly remoteAddr;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    // What goes wrong is told to the next read or write.
    socket.on("error", () => {});
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    this.localAddr = { transport: "tcp", hostname: localAddress, port: localPort };
    this.remoteAddr = { transport: "tcp", hostname: remoteAddress, port: remotePort };
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      const size = Math.min(buffer.length, this.#socket.readableLength);
      const chunk: Uint8Array | null = size > 0 ? this.#socket.read(size) : this.#socket.read(0);
      if (chunk !== null && chunk.length > 0) {
        buffer.set(chunk);
        return chunk.length;
      }
      if (this.#socket.errored) throw known(this.#socket.errored);
      if (this.#socket.readableEnded || this.#socket.destroyed) return null;
      await once(this.#socket, "readable", "end", "close");
    }
  }

  write(data: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(data, (error) => error ? reject(known(error)) : resolve(data.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
  }
}

class NodeListener implements asyncio.StreamListener {
  readonly #server: net.Server;
  readonly #accepted: net.Socket[] = [];
  readonly addr;

  constructor(server: net.Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#accepted.push(socket));
    const address = server.address() as net.AddressInfo | string;
    this.addr = typeof address === "string"
      ? { transport: "unix", path: address }
      : { transport: "tcp", hostname: address.address, port: address.port };
  }

  async accept(): Promise<asyncio.StreamSocket> {
    while (this.#accepted.length === 0) {
      if (!this.#server.listening) throw new Deno.errors.BadResource("The listener is closed");
      await once(this.#server, "connection", "close");
    }
    return new NodeSocket(this.#accepted.shift()!);
  }

  close(): void {
    this.#server.close();
  }
}

export class NodeLoop extends asyncio.BaseEventLoop {
  #wake = () => {};

  override _select(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (timeoutMs === 0) return void setImmediate(resolve);
      const delay = Math.min(Math.ceil(timeoutMs), 2 ** 31 - 1);
      const timer = timeoutMs === Infinity ? undefined : setTimeout(resolve, delay);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  override _wakeup(): void {
    this.#wake();
  }

  override async _connect(
    address: asyncio.StreamAddress,
    { signal }: asyncio.ConnectHookOptions,
  ): Promise<asyncio.StreamSocket> {
    const socket = net.connect({ ...address, allowHalfOpen: true } as net.NetConnectOpts);
    const abort = () => socket.destroy(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    await once(socket, "connect");
    signal.removeEventListener("abort", abort);
    return new NodeSocket(socket);
  }

  override async _listen(address: asyncio.StreamAddress): Promise<asyncio.StreamListener> {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.listen(address.transport === "unix" ? { path: address.path } : address);
    await once(server, "listening");
    return new NodeListener(server);
  }

  override _makeSocketTransport(
    ...args: [asyncio.StreamSocket, asyncio.AnyProtocol, asyncio.SocketTransportOptions?]
  ): asyncio.Transport {
    return new asyncio.SocketTransport(this, ...args);
  }
}
