/**
 * What both ends of a connection have in common: the talk, the end, and the record of it.
 */
import {
  createTask,
  ExceptionGroup,
  gather,
  sleep,
  type StreamWriter,
  type Task,
  TaskGroup,
  wait,
} from "../../mod.ts";
import type { Program } from "../_helpers.ts";
import type { End, World } from "./_end.ts";
import { type EndRecord, isKnown } from "./_ledger.ts";
import type { Side } from "./_plan.ts";

/**
 * How long a connection that was broken off may take to send what it has, in beats. When neither end reads
 * any more, it would take for ever.
 */
const CLOSE_BEATS = 50;

/** An end that gets nowhere for so long is stuck, in beats. */
export const STUCK_BEATS = 600;

const BEAT_MS = 100;

/** Counts beats until it is cancelled. */
export async function beat(world: World): Promise<void> {
  for (;;) {
    await sleep(BEAT_MS);
    world.beats++;
  }
}

/** Waits for a task, for some beats at most; returns whether it has ended. */
export async function endsWithin(
  world: World,
  task: Task<unknown>,
  beats: number,
): Promise<boolean> {
  const until = world.beats + beats;
  while (!task.done() && world.beats < until) {
    await wait([task], { timeout: beats * BEAT_MS / 4 });
  }
  return task.done();
}

/** What an end of a connection tells the ledger, and those who watch. */
export interface Reports {
  /** An end of a connection is done with it. */
  record(record: EndRecord): void;
  /** Something is wrong that no record tells. */
  failure(text: string): void;
}

/** Says what the plan wants to be said, and listens. */
export function* talk(end: End): Program<void> {
  const { plan, side } = end;
  const client = side === "client";
  const total = client ? plan.up : plan.down;
  if (plan.talk === "both at once" || plan.talk === "echo" && client) {
    yield* end.wait(
      new TaskGroup().run(end.body(function* (group: TaskGroup) {
        group.createTask(end.work(() => sendAll(end, total)));
        yield* end.receive();
      })),
    );
  } else if (plan.talk === "after the end" && !client) {
    yield* end.receive();
    yield* sendAll(end, total);
  } else if (!client) yield* echo(end);
  else {
    if (plan.talk === "after the end") yield* end.send(total);
    else yield* inTurns(end);
    end.endSending();
    yield* end.receive();
  }
}

function* sendAll(end: End, total: number): Program<void> {
  yield* end.send(total);
  end.endSending();
}

function* inTurns(end: End): Program<void> {
  const { plan, out } = end;
  end.step();
  while (out.bytes < plan.up && !end.writer!.isClosing()) {
    yield* end.sendPiece(plan.up);
    while (end.in.bytes < out.bytes) {
      const piece = yield* end.receivePiece(out.bytes - end.in.bytes);
      if (piece.length === 0) return;
      end.step();
    }
    yield* end.pause();
  }
}

function* echo(end: End): Program<void> {
  end.step();
  for (;;) {
    const piece = yield* end.receivePiece();
    if (piece.length === 0) break;
    end.step();
    if (end.writer!.isClosing()) return;
    yield* end.sendBack(piece);
    yield* end.pause();
  }
  if (end.random.chance(0.5)) end.endSending();
}

/** Closes a connection and waits until it is; returns what is wrong if it stays. */
export async function finish(
  world: World,
  writer: StreamWriter,
  brokenOff: boolean,
): Promise<string | undefined> {
  writer.close();
  // The error that the connection was lost with does not matter here.
  const closed = createTask(() => gather(writer.waitClosed(), { returnExceptions: true }));
  if (await endsWithin(world, closed, brokenOff ? CLOSE_BEATS : STUCK_BEATS)) return undefined;
  const unsent = writer.transport.getWriteBufferSize();
  writer.transport.abort();
  if (!await endsWithin(world, closed, STUCK_BEATS)) {
    closed.cancel();
    return `abort() did not end the connection: ${writer}`;
  }
  return brokenOff ? undefined : `close() did not end the connection: ${unsent} bytes were unsent`;
}

/** The names of errors, those in groups one by one; what names do not tell is told. */
export function errorNames(error: unknown): string[] {
  if (error instanceof ExceptionGroup) return error.errors.flatMap(errorNames);
  const name = error instanceof Error ? error.name : typeof error;
  return [isKnown(name) ? name : Deno.inspect(error).split("\n").slice(0, 3).join(" ")];
}

/** What an end has to say about its connection. */
export function recordOf(
  end: End,
  errors: string[],
  connected = end.writer !== undefined,
): EndRecord {
  return {
    id: end.plan.id,
    side: end.side as Side,
    connected,
    sent: end.out.bytes,
    received: end.in.bytes,
    cut: end.cut,
    sawEnd: end.sawEnd,
    errors,
  };
}
