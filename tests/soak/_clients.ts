/**
 * The clients of a soak: so many at a time, each of which is followed by another when it has ended.
 */
import { connect as connectSocket } from "node:net";
import {
  createTask,
  ensureFuture,
  formatCallGraph,
  openConnection,
  openUnixConnection,
  sleep,
  type Task,
  wait,
} from "../../mod.ts";
import type { Program } from "../_helpers.ts";
import {
  endsWithin,
  errorNames,
  finish,
  recordOf,
  type Reports,
  STUCK_BEATS,
  talk,
} from "./_connection.ts";
import { End, LONGEST_SLEEP_MS, type World } from "./_end.ts";
import { makeHeader, makePlan, type Plan, type Scale } from "./_plan.ts";
import type { Addresses } from "./_server.ts";

/** How long it takes a thousand clients to begin, at the start of the soak, in milliseconds. */
const START_MS = 1000;

/** Clients that come and go. */
export class Clients {
  /** How many have a connection. */
  open = 0;
  /** How many there were until now. */
  made = 0;
  readonly #world: World;
  readonly #scale: Scale;
  readonly #addresses: Addresses;
  readonly #reports: Reports;

  constructor(world: World, scale: Scale, addresses: Addresses, reports: Reports) {
    this.#world = world;
    this.#scale = scale;
    this.#addresses = addresses;
    this.#reports = reports;
  }

  /** Keeps so many clients going until the soak comes to its end, and waits for the last. */
  async run(count: number): Promise<void> {
    const places = Array.from({ length: count }, (_, i) => createTask(() => this.#place(i)));
    await wait(places);
    for (const place of places) place.result();
  }

  async #place(number: number): Promise<void> {
    await sleep(number * START_MS / 1000);
    while (!this.#world.stopping) {
      await this.#one(makePlan(this.#scale, this.made++));
    }
  }

  async #one(plan: Plan): Promise<void> {
    const end = new End(this.#world, plan, "client", plan.kind);
    const program = plan.ending === "client resets"
      ? () => this.#resetting(end)
      : end.work(() => this.#client(end));
    const task = createTask<void>(program, { name: `client ${plan.id}` });
    end.task = task;
    const errors = await this.#ended(end, task);
    const left = end.writer && await finish(this.#world, end.writer, end.cut !== undefined);
    if (end.writer !== undefined) this.open--;
    if (left !== undefined) this.#reports.failure(`Connection ${plan.id}, client: ${left}`);
    this.#reports.record(recordOf(end, errors));
  }

  /** Waits for the end of a client; returns the names of what it has failed with. */
  async #ended(end: End, task: Task<void>): Promise<string[]> {
    for (let before = -1; end.progress > before;) {
      before = end.progress;
      if (await endsWithin(this.#world, task, STUCK_BEATS)) break;
    }
    if (!task.done()) {
      this.#reports.failure(
        `Connection ${end.plan.id}: the client is stuck\n    ${JSON.stringify(end.plan)}\n` +
          `    ${JSON.stringify(recordOf(end, []))}\n${formatCallGraph(task)}`,
      );
      task.cancel();
      if (!await endsWithin(this.#world, task, STUCK_BEATS)) {
        return ["a task that cannot be cancelled"];
      }
    }
    if (task.cancelled()) return ["CancelledError"];
    const error = task.exception();
    return error === undefined ? [] : errorNames(error);
  }

  *#client(end: End): Program<void> {
    const { plan, random } = end;
    end.enter("connect");
    const { tcp, restless, unix } = this.#addresses;
    const { limit, transport, highWater: high } = plan;
    const [reader, writer] = yield* end.wait(
      transport === "unix" && unix !== undefined
        ? openUnixConnection(unix, { limit })
        : openConnection("127.0.0.1", transport === "restless" ? restless : random.choice(tcp), {
          limit,
        }),
    );
    end.reader = reader;
    end.writer = writer;
    this.open++;
    if (high !== undefined) writer.transport.setWriteBufferLimits({ high });
    let ended = false;
    try {
      writer.write(makeHeader(plan.id));
      yield* talk(end);
      ended = true;
    } finally {
      if (!ended && random.chance(0.4)) writer.transport.abort();
      else if (ended || random.chance(0.6)) writer.close();
    }
    end.enter("waitClosed");
    yield* end.wait(writer.waitClosed());
  }

  /** A client of another make, which can do what no Deno connection can: reset the connection. */
  async #resetting(end: End): Promise<void> {
    const { plan, out, random } = end;
    const socket = connectSocket({
      host: "127.0.0.1",
      port: random.choice(this.#addresses.tcp),
      noDelay: true,
    });
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    // An error is followed by the end.
    socket.on("error", () => {});
    socket.resume();
    socket.write(makeHeader(plan.id));
    const data = out.next(Math.min(plan.piece, plan.up));
    if (data.length > 0) socket.write(data.slice());
    end.cut = "client resets";
    const delay = Math.min(random.next() * plan.lifeMs, LONGEST_SLEEP_MS);
    await sleep(this.#world.stopping ? 0 : delay);
    socket.resetAndDestroy();
    await ensureFuture(closed);
  }
}
