/** The client: `load.c`, or `load.ts` where there is no compiler for it, in a process of its own. */

import { lines } from "../_lines.ts";

/** What the client is to do; see `load.c`. */
export interface Load {
  mode: "echo" | "up" | "down" | "accept";
  connections: number;
  /** The size of a message, or of a write. */
  bytes: number;
  /** Messages that are on their way at a time, on each connection. */
  inFlight: number;
  tls: boolean;
}

/** What it has seen. */
export interface LoadResult {
  /** Messages or connections per second. */
  rate: number;
  mib_s: number;
  p50_us: number;
  p99_us: number;
}

/** Programs that compile C. */
const COMPILERS = ["cc", "gcc", "clang"];

/** Counting begins after so much of a run. */
const WARM_UP_MS = 50;

/** What a run may take beside its time: connecting, or a server that has stalled. */
const GRACE_MS = 15_000;

/** The clients that there are here. */
export class LoadGenerator {
  readonly #plain: readonly string[];
  readonly #tls: readonly string[];
  readonly #pin: (command: readonly string[]) => readonly string[];
  /** What to tell about them. */
  readonly remarks: readonly string[];

  private constructor(
    plain: readonly string[] | undefined,
    tls: readonly string[] | undefined,
    pin: (command: readonly string[]) => readonly string[],
  ) {
    const inDeno = [Deno.execPath(), "run", "-A", "--quiet", `${import.meta.dirname}/load.ts`];
    this.#plain = plain ?? inDeno;
    this.#tls = tls ?? inDeno;
    this.#pin = pin;
    const slow =
      "the client is `load.ts`, which is no faster than the servers and hides differences";
    this.remarks = plain === undefined
      ? [`No C compiler was found: ${slow}`]
      : tls === undefined
      ? [`OpenSSL's headers were not found: for TLS, ${slow}`]
      : [];
  }

  /** Compiles the client, into a folder. */
  static async make(
    folder: string,
    pin: (command: readonly string[]) => readonly string[],
  ): Promise<LoadGenerator> {
    const withTls = ["-DWITH_TLS", "-lssl", "-lcrypto"];
    const tls = await compile(`${folder}/load_tls`, withTls);
    const plain = tls ?? await compile(`${folder}/load`, []);
    return new LoadGenerator(plain, tls, pin);
  }

  /** Loads a server for a time. */
  async run(address: string, load: Load, ms: number): Promise<LoadResult> {
    const [program, ...args] = this.#command(load.mode, load.tls, [
      "-j",
      "-w",
      String(WARM_UP_MS / 1000),
      address,
      String(load.connections),
      String(load.bytes),
      String(ms / 1000),
      String(load.inFlight),
    ]);
    const client = new Deno.Command(program!, { args, stdout: "piped", stderr: "piped" }).spawn();
    const timer = setTimeout(() => client.kill("SIGKILL"), ms + GRACE_MS);
    const { success, stdout, stderr } = await client.output();
    clearTimeout(timer);
    if (!success) throw new Error(lastLine(stderr) || "the client was ended: no progress");
    return JSON.parse(new TextDecoder().decode(stdout));
  }

  /** Opens connections that are idle after one message, and holds them until they are disposed. */
  async hold(address: string, connections: number): Promise<AsyncDisposable> {
    const [program, ...args] = this.#command("idle", false, [
      address,
      String(connections),
      "64",
      "0",
    ]);
    const client = new Deno.Command(program!, { args, stdin: "piped", stdout: "piped" }).spawn();
    const timer = setTimeout(() => client.kill("SIGKILL"), 60_000);
    const { value } = await lines(client.stdout).next();
    clearTimeout(timer);
    const end = async () => {
      await client.stdin.close();
      await client.status;
    };
    if (value?.startsWith("READY")) return { [Symbol.asyncDispose]: end };
    await end();
    throw new Error(`the client could not open ${connections} connections`);
  }

  #command(mode: string, tls: boolean, args: readonly string[]): readonly string[] {
    const program = tls ? this.#tls : this.#plain;
    return this.#pin([...program, "-m", mode, ...(tls ? ["-t"] : []), ...args]);
  }
}

async function compile(
  output: string,
  options: readonly string[],
): Promise<readonly string[] | undefined> {
  for (const compiler of COMPILERS) {
    const args = ["-O2", "-o", output, `${import.meta.dirname}/load.c`, ...options];
    try {
      const { success } = await new Deno.Command(compiler, { args, stderr: "null" }).output();
      if (success) return [output];
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

function lastLine(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim().split("\n").at(-1)!;
}
