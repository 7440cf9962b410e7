/**
 * Echo at protocol level, beside a bare `Deno.listen` loop: how many answers per second.
 *
 *     deno run -A bench/net/echo.ts [ms per measurement]
 *
 * The two servers and the client are processes of their own. Each number is a ratio, ours to bare, of the
 * same client within one run, the two in turn; the median of three.
 */
import { DenoEventLoop, Protocol, type Transport } from "../../mod.ts";

const SIZES = [64, 1024, 16_384, 102_400];
const CONNECTIONS = [1, 10, 100];
const ROUNDS = 3;
const PATHS = { tcp: "", unix: `\0asyncio-bench-${Deno.pid}` };

type Family = keyof typeof PATHS;

// ---- Servers --------------------------------------------------------------------------------------

class Echo extends Protocol {
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport.write(data);
  }
}

async function serveOurs(path: string): Promise<void> {
  const loop = new DenoEventLoop();
  loop.callSoon(async () => {
    const server = path === ""
      ? await loop.createServer(() => new Echo(), "127.0.0.1", 0)
      : await loop.createUnixServer(() => new Echo(), path);
    tell(server.sockets[0]!.addr as Deno.Addr);
  });
  await loop.runForever();
}

async function serveBare(path: string): Promise<void> {
  const listener = path === ""
    ? Deno.listen({ hostname: "127.0.0.1", port: 0 })
    : Deno.listen({ transport: "unix", path });
  tell(listener.addr);
  for await (const conn of listener) {
    if ("setNoDelay" in conn) conn.setNoDelay(true);
    echo(conn).catch(() => {}).finally(() => conn.close());
  }
}

async function echo(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return;
    for (let done = 0; done < count;) done += await conn.write(buffer.subarray(done, count));
  }
}

function tell(addr: Deno.Addr): void {
  console.log(addr.transport === "tcp" ? addr.port : 0);
}

// ---- The client -----------------------------------------------------------------------------------

async function talk(conn: Deno.Conn, size: number, until: number): Promise<number> {
  const [message, buffer] = [new Uint8Array(size), new Uint8Array(65_536)];
  let answers = 0;
  while (performance.now() < until) {
    const writing = (async () => {
      for (let done = 0; done < size;) done += await conn.write(message.subarray(done));
    })();
    for (let got = 0; got < size;) {
      const count = await conn.read(buffer);
      if (count === null) throw new Error("the server has gone");
      got += count;
    }
    await writing;
    answers++;
  }
  conn.close();
  return answers;
}

/** @returns answers per second */
async function load(
  path: string,
  port: number,
  size: number,
  count: number,
  ms: number,
): Promise<number> {
  const conns = await Promise.all(Array.from({ length: count }, async () => {
    if (path !== "") return await Deno.connect({ transport: "unix", path });
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return conn;
  }));
  const start = performance.now();
  const answers = await Promise.all(conns.map((conn) => talk(conn, size, start + ms)));
  const seconds = (performance.now() - start) / 1000;
  return answers.reduce((sum, each) => sum + each, 0) / seconds;
}

// ---- All together ---------------------------------------------------------------------------------

async function start(kind: string, family: Family): Promise<[Deno.ChildProcess, string, number]> {
  const path = PATHS[family] === "" ? "" : `${PATHS[family]}-${kind}`;
  const child = new Deno.Command(Deno.execPath(), {
    // No argument can hold the NUL of an abstract name.
    args: ["run", "-A", import.meta.filename!, kind, path.slice(1)],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  return [child, path, Number(value)];
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

async function compare(ms: number): Promise<void> {
  for (const family of Object.keys(PATHS) as Family[]) {
    const ours = await start("ours", family);
    const bare = await start("bare", family);
    const measure = ([, path, port]: typeof ours, size: number, count: number) =>
      load(path, port, size, count, ms);
    for (const size of SIZES) {
      for (const count of CONNECTIONS) {
        const ratios: number[] = [];
        let rate = 0;
        for (let round = 0; round <= ROUNDS; round++) {
          const there = await measure(bare, size, count);
          rate = await measure(ours, size, count);
          // The first round warms both up.
          if (round > 0) ratios.push(rate / there);
        }
        console.log(
          `${family}, ${size} bytes, ${count} connections: ${median(ratios).toFixed(2)} of bare, ` +
            `${Math.round(rate)} answers/s`,
        );
      }
    }
    for (const [child] of [ours, bare]) {
      child.kill("SIGKILL");
      await child.status;
    }
  }
}

const [mode, name = ""] = Deno.args;
const path = name === "" ? "" : `\0${name}`;
if (mode === "ours") await serveOurs(path);
else if (mode === "bare") await serveBare(path);
else {
  await compare(Number(mode ?? 300));
  Deno.exit();
}
