/** Runs the programs of this folder as processes, for the tests beside them. */
import { assert } from "@std/assert";

/** How a program has ended. */
export interface Ended {
  code: number;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
}

/** A program that runs. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #stdout = "";

  /**
   * Starts a program.
   *
   * @param name the file, without its ending
   * @param flags what else is given to `deno run`, permissions for example
   * @param args what is given to the program
   */
  constructor(name: string, flags: string[] = [], args: string[] = []) {
    const file = new URL(`./${name}.ts`, import.meta.url);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", ...flags, file.href, ...args],
      cwd: new URL("../../", import.meta.url),
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(this.#child.stderr).text();
  }

  /** Waits until the program has printed a text. */
  async printed(text: string): Promise<void> {
    while (!this.#stdout.includes(text)) {
      const { value, done } = await this.#reader.read();
      if (done) {
        assert(false, `the program ended without "${text}":\n${this.#stdout}${await this.#stderr}`);
      }
      this.#stdout += value;
    }
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for the end. */
  async end(): Promise<Ended> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) break;
      this.#stdout += value;
    }
    const { code, signal } = await this.#child.status;
    return { code, signal, stdout: this.#stdout, stderr: await this.#stderr };
  }

  /** Ends the program, if a test has not. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.end();
  }
}

/** Runs a program to its end. */
export async function runProgram(
  name: string,
  flags?: string[],
  args?: string[],
): Promise<Ended> {
  await using program = new Program(name, flags, args);
  return await program.end();
}
