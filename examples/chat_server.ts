// A chat server: every line that a client sends goes to all the others. Ctrl-C says goodbye to
// everybody and ends it.
//
//   deno run --allow-net=127.0.0.1 examples/chat_server.ts 8888
//   nc 127.0.0.1 8888

import {
  KeyboardInterrupt,
  LimitOverrunError,
  run,
  sleep,
  startServer,
  type StreamReader,
  type StreamWriter,
} from "@asyncio/asyncio";

const clients = new Map<string, StreamWriter>();
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function broadcast(text: string, except?: string): void {
  const bytes = encoder.encode(text + "\n");
  for (const [name, writer] of clients) if (name !== except) writer.write(bytes);
}

async function readName(reader: StreamReader, writer: StreamWriter): Promise<string> {
  for (;;) {
    writer.write(encoder.encode("Your name?\n"));
    const line = await reader.readline();
    const name = decoder.decode(line).trim();
    if (line.length === 0 || (name !== "" && !clients.has(name))) return name;
  }
}

async function chat(reader: StreamReader, writer: StreamWriter): Promise<void> {
  await using _ = writer;
  try {
    await talk(reader, writer);
  } catch (error) {
    if (error instanceof LimitOverrunError) writer.write(encoder.encode("* too long a line\n"));
    else if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

async function talk(reader: StreamReader, writer: StreamWriter): Promise<void> {
  const name = await readName(reader, writer);
  if (name === "") return;
  clients.set(name, writer);
  broadcast(`* ${name} joins ${clients.size - 1} others`);
  try {
    for await (const line of reader) {
      broadcast(`${name}: ${decoder.decode(line).trimEnd()}`, name);
      // One who reads slowly holds up only those who write to him: here, the server drops him.
      for (const [slow, other] of clients) {
        if (other.transport.getWriteBufferSize() > 1 << 20) {
          clients.delete(slow);
          other.transport.abort();
        }
      }
    }
  } finally {
    clients.delete(name);
    broadcast(`* ${name} leaves`);
  }
}

async function main(port: number): Promise<void> {
  await using server = await startServer(chat, "127.0.0.1", port, { limit: 1000 });
  console.log(`listening on ${(server.sockets[0]!.addr as Deno.NetAddr).port}`);
  try {
    await sleep(Infinity);
  } finally {
    broadcast("* the server goes down");
    server.close();
    server.closeClients();
    await server.waitClosed();
    console.log("goodbye");
  }
}

if (import.meta.main) {
  try {
    await run(() => main(Number(Deno.args[0] ?? 8888)));
  } catch (error) {
    if (!(error instanceof KeyboardInterrupt)) throw error;
  }
}
