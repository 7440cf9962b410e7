/**
 * A process that is one side of a soak, as seen from outside. Works without the library.
 */
import type { ChildOptions, Message } from "./_child.ts";
import { mebibytes, type Sample } from "./_memory.ts";

/** A process that is one side of the soak. */
export class Side {
  readonly name: string;
  readonly samples: Sample[] = [];
  retries: Record<string, number> = {};
  readonly ended: Promise<void>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #reachedEnd = false;

  constructor(
    options: ChildOptions,
    hear: (message: Message) => void,
    fail: (text: string) => void,
  ) {
    this.name = options.side.name;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "--v8-flags=--expose-gc",
        new URL("./_child.ts", import.meta.url).href,
        JSON.stringify(options),
      ],
      cwd: new URL("../../", import.meta.url),
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    const told = this.#hear((message) => {
      if (message.type === "sample") this.samples.push(message.sample);
      else if (message.type === "end") {
        this.retries = message.retries;
        this.#reachedEnd = true;
      } else hear(message);
    });
    const complained = new Response(this.#child.stderr).text();
    this.ended = Promise.all([this.#child.status, complained, told]).then(
      ([{ code, signal }, text]) => {
        if (text !== "") fail(`The ${this.name} printed errors:\n${text.slice(0, 2000)}`);
        if (!this.#reachedEnd || code !== 0) {
          fail(`The ${this.name} did not come to an end: exit code ${code}, signal ${signal}`);
        }
      },
    );
  }

  /** Says something to the process. */
  async say(word: string): Promise<void> {
    try {
      await this.#input.write(new TextEncoder().encode(`${word}\n`));
    } catch {
      // It has ended; its end tells what is to be told.
    }
  }

  /** Ends the process. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  async #hear(hear: (message: Message) => void): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) hear(JSON.parse(line));
    }
  }

  /** For progress. */
  toString(): string {
    const last = this.samples.at(-1);
    if (last === undefined) return `${this.name}: nothing yet`;
    const { open, made } = last;
    const [bytes, rss, heap] = [last.bytes, last.rss, last.heap].map(mebibytes);
    return `${this.name}: ${open} open, ${made} made, ${bytes} received, rss ${rss}, heap ${heap}`;
  }
}
