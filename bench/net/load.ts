/**
 * What `load.c` does, for machines without a C compiler: the same modes, options and output, but it is no
 * faster than the servers, so their differences hardly show.
 *
 *     deno run -A load.ts [-m echo|up|down|accept|idle] [-t] [-j] [-w S] PORT|PATH CONNS SIZE SECONDS
 *         [PIPELINE]
 */

import type net from "node:net";
import { parseArgs } from "node:util";
import tls from "node:tls";
import { quantile } from "../_report.ts";

const { values: options, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    mode: { type: "string", short: "m", default: "echo" },
    tls: { type: "boolean", short: "t", default: false },
    json: { type: "boolean", short: "j", default: false },
    warmup: { type: "string", short: "w", default: "0.1" },
  },
});
const [address = "", ...numbers] = positionals;
const [connections = 1, bytes = 64, seconds = 1, inFlight = 1] = numbers.map(Number);

/** What a connection keeps on its way: so many messages, each a line. */
const batch = new Uint8Array(bytes * inFlight).fill(120);
for (let at = bytes - 1; at < batch.length; at += bytes) batch[at] = 10;

const [messages, volume, latencies] = [{ count: 0 }, { count: 0 }, [] as number[]];
let counting = false;

/** A connection of Deno's, or one that behaves the same. */
type Conn = Pick<Deno.Conn, "read" | "write" | "close">;

async function connect(): Promise<Conn> {
  if (options.tls) return await connectTls();
  if (address.includes("/")) return await Deno.connect({ transport: "unix", path: address });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(address) });
  conn.setNoDelay(true);
  return conn;
}

/** Deno's own client cannot leave a certificate unchecked, so this one is node's. */
async function connectTls(): Promise<Conn> {
  const socket = tls.connect({
    host: "127.0.0.1",
    port: Number(address),
    rejectUnauthorized: false,
  });
  socket.setNoDelay(true);
  await once(socket, "secureConnect");
  const chunks = socket[Symbol.asyncIterator]();
  let rest = new Uint8Array(0);
  return {
    async read(memory) {
      if (rest.length === 0) {
        const { value, done } = await chunks.next();
        if (done) return null;
        rest = value;
      }
      const count = Math.min(memory.length, rest.length);
      memory.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
    async write(data) {
      if (!socket.write(data)) await once(socket, "drain");
      return data.length;
    },
    close: () => void socket.destroy(),
  };
}

function once(socket: net.Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once("error", reject);
  });
}

async function send(conn: Conn, data: Uint8Array): Promise<void> {
  for (let done = 0; done < data.length;) {
    const count = await conn.write(data.subarray(done));
    done += count;
    if (options.mode === "up" && counting) volume.count += count;
  }
}

async function exchange(conn: Conn, memory: Uint8Array): Promise<void> {
  const start = performance.now();
  const sending = send(conn, batch);
  for (let got = 0; got < batch.length;) {
    const count = await conn.read(memory);
    if (count === null) throw new Error("server closed the connection");
    got += count;
    if (counting) volume.count += count;
  }
  await sending;
  if (!counting) return;
  latencies.push((performance.now() - start) * 1000);
  messages.count += options.mode === "accept" ? 1 : inFlight;
}

/** Runs until the process ends. */
async function talk(conn: Conn): Promise<void> {
  const memory = new Uint8Array(Math.max(65_536, batch.length));
  for (;;) {
    if (options.mode === "up") {
      await send(conn, batch);
    } else if (options.mode === "down") {
      const count = await conn.read(memory);
      if (count === null) throw new Error("server closed the connection");
      if (counting) volume.count += count;
    } else {
      await exchange(conn, memory);
      if (options.mode !== "accept") continue;
      conn.close();
      conn = await connect();
    }
  }
}

async function idle(): Promise<void> {
  const memory = new Uint8Array(65_536);
  const start = performance.now();
  for (let count = 0; count < connections; count++) await exchange(await connect(), memory);
  console.log(`READY ${connections} ${((performance.now() - start) / 1000).toFixed(3)}`);
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

if (options.mode === "idle") await idle();
const open = await Promise.all(Array.from({ length: connections }, connect));
for (const conn of open) {
  talk(conn).catch((error) => {
    console.error(`load: ${error.message}`);
    Deno.exit(1);
  });
}
await pause(Number(options.warmup) * 1000);
counting = true;
const start = performance.now();
await pause(seconds * 1000);
const elapsed = (performance.now() - start) / 1000;

const oneWay = options.mode === "up" || options.mode === "down";
const at = (share: number) => latencies.length === 0 ? 0 : quantile(latencies, share);
const result = {
  rate: (oneWay ? volume.count / bytes : messages.count) / elapsed,
  mib_s: volume.count / elapsed / 1048576,
  p50_us: at(0.5),
  p99_us: at(0.99),
};
console.log(
  options.json
    ? JSON.stringify(result)
    : `${Math.round(result.rate)}/s ${result.mib_s.toFixed(1)} MiB/s ` +
      `p50 ${result.p50_us.toFixed(0)}us p99 ${result.p99_us.toFixed(0)}us`,
);
Deno.exit();
