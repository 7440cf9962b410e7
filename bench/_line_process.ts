/** A process that is asked line by line: what both kinds of measuring processes have in common. */

import { lines } from "./_lines.ts";

/** How long a process may take to end by itself, once nobody asks any more, in milliseconds. */
const END_MS = 1000;

/** A process that answers each line on its standard input with a line of JSON. */
export class LineProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncGenerator<string>;
  readonly #timeoutMs: number;

  /** @param timeoutMs the longest that an answer can take; the process is killed then */
  constructor(command: readonly string[], timeoutMs: number, env: Record<string, string> = {}) {
    this.#process = new Deno.Command(command[0]!, {
      args: command.slice(1),
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#answers = lines(this.#process.stdout);
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a line and waits for its answer. */
  async ask(line: string): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    return await this.answer();
  }

  /** The next line that the process says. */
  async answer(): Promise<unknown> {
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), this.#timeoutMs);
    try {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error("the process has ended early");
      return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
    await this.#answers.return(undefined);
    await this.#process.status;
    clearTimeout(timer);
  }
}
