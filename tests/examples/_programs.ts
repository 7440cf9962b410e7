/** Running examples as programs, and other people's programs beside them. */
import { assert } from "@std/assert";
import { isMissing } from "../transports/_programs.ts";

const ROOT = new URL("../../", import.meta.url);

/** A test that other programs are needed for; skipped, with the reason in its name, without them. */
export function testWith(programs: string[], name: string, fn: () => Promise<void>): void {
  const absent = programs.filter(isMissing);
  const ignore = absent.length > 0;
  Deno.test({ name: ignore ? `${name} (there is no ${absent.join(", ")})` : name, ignore, fn });
}

/** An example that runs as a program of its own. */
export class Example implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(name: string, flags: string[], args: (string | number)[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags, `examples/${name}`, ...args.map(String)],
      cwd: ROOT,
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Waits until the program has printed something that matches. */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.#text.match(pattern);
      if (match !== null) return match;
      const { value, done } = await this.#reader.read();
      assert(!done, `the example ended without printing ${pattern}; it printed:\n${this.#text}`);
      this.#text += value;
    }
  }

  /** Waits until the program says which port it listens on. */
  async port(): Promise<number> {
    return Number((await this.printed(/listening on (\d+)/))[1]);
  }

  /** Sends a signal to the program. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for the end of the program. */
  async ended(): Promise<{ code: number; text: string }> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) break;
      this.#text += value;
    }
    return { code: (await this.#child.status).code, text: this.#text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#reader.cancel();
    await this.#child.status;
  }
}

/** Runs a program of somebody else's, and gives what it prints. */
export async function output(
  command: string,
  args: string[],
  input?: string | AsyncIterable<string>,
): Promise<string> {
  const child = new Deno.Command(command, {
    args,
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    for await (const line of typeof input === "string" ? [input] : input) {
      await writer.write(new TextEncoder().encode(line));
    }
    await writer.close();
  }
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout);
}
