/** Programs of others at the other end of a connection. Imported by tests only. */
import { DenoEventLoop } from "../../../loop/mod.ts";
import type { SSLError } from "../../../transports/tls/ssl_error.ts";
import type { Transport } from "../../../transports/transport.ts";
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

/** A loop that notes how the handshakes of servers have failed. */
export class WatchingLoop extends DenoEventLoop {
  readonly handshakeErrors: SSLError[] = [];

  override _makeSslTransport(
    ...args: Parameters<DenoEventLoop["_makeSslTransport"]>
  ): Transport {
    const { serverSide, waiter } = args[3] ?? {};
    if (serverSide && waiter !== undefined) {
      waiter.addDoneCallback(() => {
        if (waiter.cancelled()) return;
        const error = waiter.exception();
        if (error !== undefined) this.handshakeErrors.push(error as SSLError);
      });
    }
    return super._makeSslTransport(...args);
  }
}
