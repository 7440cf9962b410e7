/** The other end of `_serve.ts` and `python/scheduler.py`: starts a process and asks it to measure. */

import { LineProcess } from "./_line_process.ts";
import type { Footprint, Timing } from "./_measure.ts";

/** An answer takes seconds at most. */
const TIMEOUT_MS = 120_000;

/** A process that measures one system. */
export class Client implements AsyncDisposable {
  readonly #process: LineProcess;
  /** The names of the workloads that it measures in nanoseconds. */
  workloads: readonly string[] = [];
  /** The names of the workloads that it measures in bytes. */
  memory: readonly string[] = [];

  private constructor(command: readonly string[]) {
    this.#process = new LineProcess(command, TIMEOUT_MS);
  }

  static async start(command: readonly string[]): Promise<Client> {
    const client = new Client(command);
    Object.assign(client, await client.#process.answer());
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
    const answer = await this.#process.ask(line) as Record<string, unknown>;
    if ("error" in answer) throw new Error(`${line}: ${answer.error}`);
    return answer;
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
