/**
 * What every server of the network benchmarks does beside serving: it tells its port, obeys the process
 * that has started it, and ends with it. `servers/server.py` does the same.
 *
 * It prints `{"port": …}` when it is ready; then it answers each line on its standard input with one
 * line: `busy ready` and `busy timers` begin work of that kind, `rest` ends it, `collect` collects
 * garbage and tells the resident memory. When the input ends, so does the process, so that no server
 * outlives who has started it.
 */

import v8 from "node:v8";
import vm from "node:vm";
import { lines } from "../_lines.ts";

/** Work beside serving: tasks that are always ready to run, or wake up each millisecond. */
export type Busy = "ready" | "timers";

/** How many tasks, or what stands for them, are busy. */
export const BUSY_TASKS = 100;

/** Begins work, and returns what ends it. */
export type BeginWork = (kind: Busy) => () => void;

/** Says that the server is ready, and obeys. Never returns; call it without `await`. */
export async function obey(port: number, beginWork: BeginWork): Promise<void> {
  console.log(JSON.stringify({ port }));
  let endWork = () => {};
  for await (const line of lines(Deno.stdin.readable)) {
    const [command, kind] = line.split(" ");
    let answer = {};
    if (command === "busy") endWork = beginWork(kind as Busy);
    else if (command === "rest") endWork();
    else if (command === "collect") answer = { bytes: residentBytes() };
    console.log(JSON.stringify(answer));
  }
  Deno.exit();
}

function residentBytes(): number {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  collect();
  return Deno.memoryUsage().rss;
}

/** Work for servers that have no tasks: callbacks of the host. */
export function beginHostWork(kind: Busy): () => void {
  let going = true;
  const again = () => {
    if (!going) return;
    if (kind === "ready") setImmediate(again);
    else setTimeout(again, 1);
  };
  for (let count = 0; count < BUSY_TASKS; count++) again();
  return () => going = false;
}

/** What the server is to do, from its arguments: `… MODE PATH|tcp`. */
export function job(): { mode: Mode; path: string | undefined } {
  const [mode, address] = Deno.args.slice(-2);
  return { mode: mode as Mode, path: address === "tcp" ? undefined : address };
}

/**
 * What a server does with a connection: sends back what it gets (`tls`: inside TLS), sends it back line
 * by line or in pieces of 16 bytes, one write each, drops what it gets, or sends without end.
 */
export type Mode = "echo" | "tls" | "lines" | "pieces" | "sink" | "source";

/** The files of the certificate and its key. */
export function certificate(): { cert: string; key: string } {
  return { cert: Deno.env.get("BENCH_CERT")!, key: Deno.env.get("BENCH_KEY")! };
}

/** How many connections may wait to be accepted: more than any client opens at once. */
export const BACKLOG = 4096;

/** The bytes of one write of a source. */
export const CHUNK: Uint8Array = new Uint8Array(1 << 20);

/** The bytes of a piece. */
export const PIECE = 16;

/** Where a line ends. */
export const NEWLINE = 10;

/** What a reader asks for at most. */
export const READ_BYTES = 1 << 16;

/** How much the handler of a stream asks for: more than the longest message. */
export const STREAM_READ_BYTES = 1 << 17;
