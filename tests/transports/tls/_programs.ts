/** Programs of others at the other end of a connection. Imported by tests only. */
import type { Trial } from "../../_helpers.ts";
import type { DenoEventLoop } from "../../../loop/mod.ts";
import type { AnyProtocol } from "../../../transports/protocol.ts";
import type { StreamSocket } from "../../../transports/stream_socket.ts";
import type { SSLContext } from "../../../transports/tls/ssl_context.ts";
import type { SSLTransport } from "../../../transports/tls/ssl_transport.ts";
import { makeSslTransport, type SSLTransportOptions } from "../../../transports/tls/start_tls.ts";
import { file } from "./_certificates.ts";

/** A program that is talked to through its standard streams. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<unknown>;
  #output = "";
  #wake: () => void = () => {};

  constructor(program: string, args: string[]) {
    file("ca.pem");
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#ended = Promise.all([
      this.#collect(this.#child.stdout),
      this.#collect(this.#child.stderr),
      this.#child.status,
    ]).then(() => this.#wake());
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output += decoder.decode(chunk);
      this.#wake();
    }
  }

  /** What it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed something, and returns what matches. */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    let ended = false;
    this.#ended.then(() => ended = true);
    for (;;) {
      const match = this.#output.match(pattern);
      if (match !== null) return match;
      if (ended) throw new Error(`It has ended, and has not printed ${pattern}: ${this.#output}`);
      await Promise.race([this.#ended, new Promise<void>((resolve) => this.#wake = resolve)]);
    }
  }

  /** Types something. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Ends its input, and waits until it has ended. */
  async end(): Promise<string> {
    await this.#input.close().catch(() => {});
    await this.#ended;
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#input.abort().catch(() => {});
    await this.#ended;
  }
}

/** A server over TLS, on any port of this machine. */
export class TlsServer implements AsyncDisposable {
  readonly #listener: Deno.Listener;
  readonly #transports = new Set<SSLTransport>();
  /** How the handshakes that have failed did so. */
  readonly errors: unknown[] = [];
  readonly #accepting: Promise<void>;

  constructor(
    t: Trial<DenoEventLoop>,
    factory: () => AnyProtocol,
    context: SSLContext,
    options: SSLTransportOptions = {},
    listener: Deno.Listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  ) {
    this.#listener = listener;
    this.#accepting = this.#accept(t, factory, context, options);
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async #accept(
    t: Trial<DenoEventLoop>,
    factory: () => AnyProtocol,
    context: SSLContext,
    options: SSLTransportOptions,
  ): Promise<void> {
    for await (const socket of this.#listener) {
      const waiter = t.loop.createFuture<void>();
      waiter.addDoneCallback(() => {
        const error = waiter.exception();
        if (error !== undefined) this.errors.push(error);
      });
      const transport = makeSslTransport(t.loop, socket, factory(), context, {
        serverSide: true,
        waiter,
        ...options,
      });
      this.#transports.add(transport);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const transport of this.#transports) transport.abort();
  }
}

/** Opens a connection with TLS. */
export async function connectTls<P extends AnyProtocol>(
  t: Trial<DenoEventLoop>,
  target: number | StreamSocket,
  protocol: P,
  context: SSLContext,
  options: SSLTransportOptions = {},
): Promise<{ transport: SSLTransport; protocol: P }> {
  const socket = typeof target === "number"
    ? await Deno.connect({ hostname: "127.0.0.1", port: target })
    : target;
  const waiter = t.loop.createFuture<void>();
  const transport = makeSslTransport(t.loop, socket, protocol, context, {
    serverHostname: "localhost",
    waiter,
    ...options,
  });
  await waiter;
  return { transport, protocol };
}
