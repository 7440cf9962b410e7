/** A server in a process of its own: see `_control.ts` for what it says and obeys. */

import { LineProcess } from "../_line_process.ts";
import type { Busy, Mode } from "./_control.ts";

/** Starting and collecting garbage take seconds at most. */
const TIMEOUT_MS = 20_000;

/** A running server. */
export class Server implements AsyncDisposable {
  readonly #process: LineProcess;
  /** Where it listens: a port or a path. */
  address = "";

  private constructor(command: readonly string[], env: Record<string, string>) {
    this.#process = new LineProcess(command, TIMEOUT_MS, env);
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
      const { port } = await server.#process.answer() as { port: number };
      server.address = path ?? String(port);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has tasks work beside serving. */
  async busy(kind: Busy): Promise<void> {
    await this.#process.ask(`busy ${kind}`);
  }

  /** Ends that work. */
  async rest(): Promise<void> {
    await this.#process.ask("rest");
  }

  /** Its resident memory after a collection, in bytes. */
  async residentBytes(): Promise<number> {
    const { bytes } = await this.#process.ask("collect") as { bytes: number };
    return bytes;
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
