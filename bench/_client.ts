/** The other end of `_serve.ts` and `python/scheduler.py`: starts a process and asks it to measure. */

import { lines } from "./_lines.ts";
import type { Footprint, Timing } from "./_measure.ts";

/** An answer takes seconds at most. */
const TIMEOUT_MS = 120_000;

/** A process that measures one system. */
export class Client implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncGenerator<string>;
  /** The names of the workloads that it measures in nanoseconds. */
  workloads: readonly string[] = [];
  /** The names of the workloads that it measures in bytes. */
  memory: readonly string[] = [];

  private constructor(command: readonly string[]) {
    this.#process = new Deno.Command(command[0]!, {
      args: command.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#answers = lines(this.#process.stdout);
  }

  static async start(command: readonly string[]): Promise<Client> {
    const client = new Client(command);
    Object.assign(client, await client.#answer());
    return client;
  }

  /** Measures a workload in nanoseconds. */
  async time(workload: string, targetMs: number): Promise<Timing> {
    return await this.#ask(`${workload} ${targetMs}`) as Timing;
  }

  /** Measures a workload in bytes; the process should be fresh. */
  async footprint(workload: string): Promise<Footprint> {
    return await this.#ask(`${workload} 0`) as Footprint;
  }

  async #ask(line: string): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    const answer = await this.#answer();
    if ("error" in answer) throw new Error(`${line}: ${answer.error}`);
    return answer;
  }

  async #answer(): Promise<Record<string, unknown>> {
    const timer = setTimeout(() => this.#process.kill(), TIMEOUT_MS);
    try {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error("A measuring process has ended early");
      return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#answers.return(undefined);
    await this.#process.status;
  }
}
