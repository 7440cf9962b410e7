/**
 * The two sides of a soak, each to be run as the main program of a loop.
 */
import {
  allTasks,
  BaseEventLoop,
  createTask,
  currentTask,
  ensureFuture,
  getRunningLoop,
  wait,
} from "../../mod.ts";
import { Clients } from "./_clients.ts";
import { beat, type Reports } from "./_connection.ts";
import { Content } from "./_content.ts";
import type { World } from "./_end.ts";
import type { Sample } from "./_memory.ts";
import type { Scale } from "./_plan.ts";
import { type Addresses, SoakServer } from "./_server.ts";

/** What a side is told from outside. */
export interface Signals {
  /** Nobody is to take his time any more, and no client to begin. */
  stop: Promise<void>;
  /** All clients have ended. For the server. */
  close: Promise<void>;
}

/** What a side tells of itself while it runs. */
export type Watch = (counts: () => Pick<Sample, "open" | "made" | "bytes">) => void;

/** Makes what the connections of a process share. */
export function makeWorld({ seed }: Scale): World {
  return {
    content: new Content(seed),
    stopping: false,
    bytes: 0,
    beats: 0,
    retries: { timeout: 0, waitFor: 0, signal: 0, task: 0 },
  };
}

/** Runs the server. */
export async function serverSide(
  world: World,
  scale: Scale,
  unixPath: string | undefined,
  reports: Reports,
  signals: Signals,
  listening: (addresses: Addresses) => void,
  watch: Watch,
): Promise<void> {
  const beats = createTask(() => beat(world));
  const server = new SoakServer(world, scale, reports);
  getRunningLoop().setExceptionHandler((_loop, context) => {
    if (server.expects(context)) return;
    reports.failure(`The exception handler of the server was called: ${Deno.inspect(context)}`);
  });
  listening(await server.start(unixPath));
  watch(() => ({ open: server.open.size, made: server.accepted, bytes: world.bytes }));
  await ensureFuture(signals.stop);
  world.stopping = true;
  await ensureFuture(signals.close);
  await server.close();
  beats.cancel();
  await wait([beats]);
}

/** Runs the clients. */
export async function clientSide(
  world: World,
  scale: Scale,
  count: number,
  addresses: Addresses,
  reports: Reports,
  signals: Signals,
  watch: Watch,
): Promise<void> {
  const beats = createTask(() => beat(world));
  const clients = new Clients(world, scale, addresses, reports);
  watch(() => ({ open: clients.open, made: clients.made, bytes: world.bytes }));
  signals.stop.then(() => world.stopping = true);
  await clients.run(count);
  beats.cancel();
  await wait([beats]);
}

/** Reports what is left behind on the running loop; returns whether it is nothing. */
export function checkLeft(side: string, reports: Reports): boolean {
  const loop = getRunningLoop();
  const tasks = [...allTasks(loop)].filter((task) => task !== currentTask());
  if (tasks.length > 0) {
    reports.failure(`${side}: ${tasks.length} tasks are left, among them ${tasks[0]}`);
  }
  const open = loop instanceof BaseEventLoop ? [...loop._held] : [];
  if (open.length > 0) {
    reports.failure(
      `${side}: ${open.length} connections and servers are left, among them ${
        Deno.inspect(open[0])
      }`,
    );
  }
  return tasks.length + open.length === 0;
}
