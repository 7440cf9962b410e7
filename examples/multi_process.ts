// One server process per core, all on one port: the kernel hands each new connection to one of them.
//
//   deno run --allow-net=127.0.0.1 --allow-run --allow-read examples/multi_process.ts
//
// What it gains: a process uses one core, so n processes carry up to n times the load of one, and one that
// crashes takes only its own connections with it. Here, each answers with its process id.

import {
  createSubprocessExec,
  gather,
  openConnection,
  PIPE,
  type Process,
  run,
  startServer,
  type StreamReader,
  type StreamWriter,
} from "@asyncio/asyncio";

const HOST = "127.0.0.1";
const REQUESTS = 200;

async function answer(_reader: StreamReader, writer: StreamWriter): Promise<void> {
  writer.write(new TextEncoder().encode(`${Deno.pid}\n`));
  await writer.drain();
  writer.close();
}

/** A worker serves until its standard input ends, as it also does when the parent dies. */
async function work(port: number): Promise<void> {
  await using server = await startServer(answer, HOST, port, { reusePort: true });
  const { addr } = server.sockets[0]!;
  console.log((addr as Deno.NetAddr).port);
  for await (const _ of Deno.stdin.readable);
}

async function spawn(port: number): Promise<[worker: Process, port: number]> {
  const worker = await createSubprocessExec(
    Deno.execPath(),
    ["run", `--allow-net=${HOST}`, import.meta.filename!, String(port)],
    { stdin: PIPE, stdout: PIPE },
  );
  return [worker, Number(new TextDecoder().decode(await worker.stdout!.readline()))];
}

async function ask(port: number): Promise<string> {
  const [reader, writer] = await openConnection(HOST, port);
  const pid = new TextDecoder().decode(await reader.readline()).trim();
  writer.close();
  await writer.waitClosed();
  return pid;
}

async function main(): Promise<void> {
  // The first one lets the system choose the port.
  const [first, port] = await spawn(0);
  const others = Array.from({ length: Math.max(1, navigator.hardwareConcurrency - 1) });
  const workers = [first, ...(await gather(...others.map(() => spawn(port)))).map(([w]) => w)];
  const answers = new Map(workers.map(({ pid }) => [String(pid), 0]));
  for (let i = 0; i < REQUESTS; i++) {
    const pid = await ask(port);
    answers.set(pid, answers.get(pid)! + 1);
  }
  for (const [pid, count] of answers) console.log(`process ${pid} answered ${count} times`);
  for (const worker of workers) worker.stdin!.close();
  await gather(...workers.map((worker) => worker.wait()));
}

const [port] = Deno.args;
await run(() => port === undefined ? main() : work(Number(port)));
