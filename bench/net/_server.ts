/** A server in a process of its own: see `_control.ts` for what it says and obeys. */

import { lines } from "../_lines.ts";
import type { Busy, Mode } from "./_control.ts";

/** Starting and collecting garbage take seconds at most. */
const TIMEOUT_MS = 20_000;

/** A running server. */
export class Server implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncGenerator<string>;
  /** Where it listens: a port or a path. */
  address = "";

  private constructor(command: readonly string[], env: Record<string, string>) {
    this.#process = new Deno.Command(command[0]!, {
      args: command.slice(1),
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#answers = lines(this.#process.stdout);
  }

  /**
   * Starts a server and waits until it listens.
   *
   * @param path where it listens; `undefined` for a TCP port of its choice
   */
  static async start(
    command: readonly string[],
    mode: Mode,
    path: string | undefined,
    env: Record<string, string>,
  ): Promise<Server> {
    const server = new Server([...command, mode, path ?? "tcp"], env);
    try {
      const { port } = await server.#answer() as { port: number };
      server.address = path ?? String(port);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has tasks work beside serving. */
  async busy(kind: Busy): Promise<void> {
    await this.#ask(`busy ${kind}`);
  }

  /** Ends that work. */
  async rest(): Promise<void> {
    await this.#ask("rest");
  }

  /** Its resident memory after a collection, in bytes. */
  async residentBytes(): Promise<number> {
    const { bytes } = await this.#ask("collect") as { bytes: number };
    return bytes;
  }

  async #ask(line: string): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    return await this.#answer();
  }

  async #answer(): Promise<unknown> {
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), TIMEOUT_MS);
    try {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error("the server has ended early");
      return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 1000);
    await this.#answers.return(undefined);
    await this.#process.status;
    clearTimeout(timer);
  }
}
