/**
 * A server with Deno's own interface and nothing else: a loop over `Deno.listen()` or
 * `Deno.listenTls()`, and 64 KiB of memory for each connection.
 *
 *     deno run -A bare.ts MODE PATH|tcp
 */

import {
  BACKLOG,
  beginHostWork,
  certificate,
  CHUNK,
  job,
  type Mode,
  NEWLINE,
  obey,
  PIECE,
  READ_BYTES,
} from "../_control.ts";

async function send(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let done = 0; done < data.length;) done += await conn.write(data.subarray(done));
}

async function echo(conn: Deno.Conn): Promise<void> {
  const memory = new Uint8Array(READ_BYTES);
  for (;;) {
    const count = await conn.read(memory);
    if (count === null) return;
    for (let done = 0; done < count;) done += await conn.write(memory.subarray(done, count));
  }
}

async function lines(conn: Deno.Conn): Promise<void> {
  const memory = new Uint8Array(READ_BYTES);
  let held = 0;
  for (;;) {
    const count = await conn.read(memory.subarray(held));
    if (count === null) return;
    held += count;
    let start = 0;
    for (let end; (end = memory.indexOf(NEWLINE, start)) !== -1 && end < held; start = end + 1) {
      await send(conn, memory.subarray(start, end + 1));
    }
    memory.copyWithin(0, start, held);
    held -= start;
  }
}

async function pieces(conn: Deno.Conn): Promise<void> {
  const memory = new Uint8Array(READ_BYTES);
  for (;;) {
    const count = await conn.read(memory);
    if (count === null) return;
    for (let at = 0; at < count; at += PIECE) {
      await send(conn, memory.subarray(at, Math.min(at + PIECE, count)));
    }
  }
}

async function sink(conn: Deno.Conn): Promise<void> {
  const memory = new Uint8Array(READ_BYTES);
  while (await conn.read(memory) !== null);
}

async function source(conn: Deno.Conn): Promise<void> {
  for (;;) await send(conn, CHUNK);
}

const services: Record<Mode, (conn: Deno.Conn) => Promise<void>> = {
  echo,
  tls: echo,
  lines,
  pieces,
  sink,
  source,
};

const { mode, path } = job();
const listener = listen();
const { addr } = listener;
obey(addr.transport === "tcp" ? addr.port : 0, beginHostWork);
for await (const conn of listener) {
  if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
  services[mode](conn).catch(() => {}).finally(() => conn.close());
}

function listen(): Deno.Listener<Deno.Conn> {
  if (path !== undefined) return Deno.listen({ transport: "unix", path });
  const options = { hostname: "127.0.0.1", port: 0, tcpBacklog: BACKLOG };
  if (mode !== "tls") return Deno.listen(options);
  const { cert, key } = certificate();
  return Deno.listenTls({
    ...options,
    cert: Deno.readTextFileSync(cert),
    key: Deno.readTextFileSync(key),
  });
}
