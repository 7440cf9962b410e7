/**
 * The server of a soak: several listeners, whose handlers do what the plans of their connections say.
 */
import {
  createTask,
  currentTask,
  type ExceptionContext,
  type Future,
  getRunningLoop,
  type Server,
  sleep,
  startServer,
  startUnixServer,
  type StreamHandler,
  type StreamReader,
  type StreamWriter,
  type Task,
} from "../../mod.ts";
import { drive, type Kind, type Program, request, type Waitable } from "../_helpers.ts";
import {
  endsWithin,
  errorNames,
  finish,
  recordOf,
  type Reports,
  STUCK_BEATS,
  talk,
} from "./_connection.ts";
import { Random } from "../parity/_random.ts";
import { End, LONGEST_SLEEP_MS, PlannedFailure, type World } from "./_end.ts";
import { HEADER_BYTES, makePlan, readHeader, type Scale } from "./_plan.ts";

/** Where the server listens. */
export interface Addresses {
  tcp: number[];
  /** Of a server that closes again and again. */
  restless: number;
  /** `undefined` where there are no Unix sockets. */
  unix: string | undefined;
}

/** The limits of the readers of the listeners, in bytes. */
const LIMITS = [65_536, 65_536, 512, 1_048_576];

const BACKLOG = 1024;

/** A connection that was accepted. */
interface Accepted {
  readonly kind: Kind;
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
  /** Is done when the handler is. */
  readonly handled: Future<void>;
  /** Whether it is one of the server that closes again and again. */
  readonly restless: boolean;
  /** Whether that server has closed. */
  doomed: boolean;
  /** Once it has said who it is. */
  end: End | undefined;
  errors: string[];
  /** Whether the handler has left it to the library to close the connection. */
  left: boolean;
}

/** The listeners and their handlers. */
export class SoakServer {
  /** How many connections there are. */
  readonly open: Set<Accepted> = new Set();
  readonly #world: World;
  readonly #scale: Scale;
  readonly #reports: Reports;
  readonly #servers: Server[] = [];
  readonly #watchers = new Set<Task<void>>();
  readonly #failures = new Set<number>();
  readonly #reported = new Set<number>();
  /** How many connections there have been. */
  accepted = 0;
  #restless: Server | undefined;
  #restarting: Task<void> | undefined;

  constructor(world: World, scale: Scale, reports: Reports) {
    this.#world = world;
    this.#scale = scale;
    this.#reports = reports;
  }

  /** Listens. */
  async start(unixPath: string | undefined): Promise<Addresses> {
    const tcp: number[] = [];
    for (const limit of LIMITS) {
      const options = { limit, backlog: BACKLOG };
      const server = await startServer(this.#handle, "127.0.0.1", 0, options);
      this.#servers.push(server);
      tcp.push((server.sockets[0]!.addr as Deno.NetAddr).port);
    }
    if (unixPath !== undefined) {
      this.#servers.push(await startUnixServer(this.#handle, unixPath));
    }
    this.#restless = await startServer(this.#handleRestless, "127.0.0.1", 0, { backlog: BACKLOG });
    const { port } = this.#restless.sockets[0]!.addr as Deno.NetAddr;
    this.#restarting = createTask(() => this.#restart(port));
    return { tcp, restless: port, unix: unixPath };
  }

  /** Waits for the connections that are left, which clients have ended by now, and closes. */
  async close(): Promise<void> {
    const { failure } = this.#reports;
    await this.#restarting;
    // The last ones may have to be accepted still.
    await sleep(100);
    for (const watcher of this.#watchers) {
      if (!await endsWithin(this.#world, watcher, STUCK_BEATS)) break;
    }
    for (const { end, writer } of this.open) {
      failure(`The server still has connection ${end?.plan.id}: ${writer}`);
    }
    for (const server of this.#servers) server.close();
    for (const server of this.#servers) await this.#closed(server);
    for (const id of this.#failures) {
      if (!this.#reported.has(id)) failure(`Connection ${id}: its handler failed in silence`);
    }
  }

  async #closed(server: Server): Promise<void> {
    const closed = createTask(server.waitClosed());
    if (await endsWithin(this.#world, closed, 2 * STUCK_BEATS)) return;
    this.#reports.failure(`A server cannot be closed: ${server}`);
    closed.cancel();
  }

  /** Closes a server, and opens it again at the same port, again and again until the soak ends. */
  async #restart(port: number): Promise<void> {
    const random = new Random(this.#scale.seed);
    for (let server = this.#restless!;;) {
      await sleep(random.next() * Math.min(this.#scale.maxLifeMs, LONGEST_SLEEP_MS));
      if (this.#world.stopping) return void this.#servers.push(server);
      for (const accepted of this.open) {
        if (!accepted.restless) continue;
        accepted.doomed = true;
        if (accepted.end !== undefined) accepted.end.cut = "server restarts";
      }
      const closes = random.chance(0.8);
      if (closes) server.close();
      if (random.chance(0.5)) server.closeClients();
      else server.abortClients();
      if (!closes) continue;
      await this.#closed(server);
      server = await startServer(this.#handleRestless, "127.0.0.1", port, { backlog: BACKLOG });
    }
  }

  /** For the loop: whether a report is of a failure that was planned. */
  expects({ exception }: ExceptionContext): boolean {
    const planned = plannedFailures(exception);
    if (planned.length === 0) return false;
    for (const { id } of planned) {
      if (!this.#failures.has(id) || this.#reported.has(id)) return false;
      this.#reported.add(id);
    }
    return true;
  }

  readonly #handle: StreamHandler = (reader, writer) => this.#accept(reader, writer, false);

  readonly #handleRestless: StreamHandler = (reader, writer) => this.#accept(reader, writer, true);

  #accept(
    reader: StreamReader,
    writer: StreamWriter,
    restless: boolean,
  ): ReturnType<StreamHandler> {
    const accepted: Accepted = {
      kind: this.accepted++ % 2 === 0 ? "generator" : "async function",
      reader,
      writer,
      handled: getRunningLoop().createFuture(),
      restless,
      doomed: false,
      end: undefined,
      errors: [],
      left: false,
    };
    this.open.add(accepted);
    const watcher = createTask(() => this.#watch(accepted));
    this.#watchers.add(watcher);
    watcher.addDoneCallback(() => this.#watchers.delete(watcher));
    const program = this.#serve(accepted);
    return accepted.kind === "generator" ? program : drive(program);
  }

  *#serve(accepted: Accepted): Program<void> {
    const { kind, reader, writer, handled } = accepted;
    try {
      const reading = reader.readexactly(HEADER_BYTES);
      const header: Waitable<Uint8Array> = kind === "generator" ? reading : request(reading);
      const id = readHeader(yield* header);
      if (id === undefined) return this.#reports.failure("A header has arrived that nobody sent");
      const end = new End(this.#world, makePlan(this.#scale, id), "server", kind);
      end.reader = reader;
      end.writer = writer;
      end.task = currentTask() as Task<void>;
      if (accepted.doomed) end.cut = "server restarts";
      accepted.end = end;
      yield* talk(end);
      writer.close();
    } catch (error) {
      accepted.errors = errorNames(error);
      for (const { id } of plannedFailures(error)) this.#failures.add(id);
      accepted.left = accepted.errors.some((name) =>
        name === "PlannedFailure" || name === "CancelledError"
      );
      if (accepted.left) throw error;
      writer.close();
    } finally {
      // At the end of a program, whoever waits for it has been cancelled.
      if (!handled.done()) handled.setResult(undefined);
    }
  }

  /** Waits for the end of a connection. */
  async #watch(accepted: Accepted): Promise<void> {
    const { handled, writer } = accepted;
    const { failure, record } = this.#reports;
    await handled;
    const name = () => `Connection ${accepted.end?.plan.id}, server`;
    for (let i = 0; accepted.left && !writer.isClosing(); i++) {
      await sleep(i);
      if (i < 100) continue;
      failure(`${name()}: the handler has failed and the connection is open`);
      break;
    }
    const left = await finish(
      this.#world,
      writer,
      accepted.end === undefined || accepted.end.cut !== undefined,
    );
    if (left !== undefined) failure(`${name()}: ${left}`);
    this.open.delete(accepted);
    const { end, errors } = accepted;
    if (end !== undefined) record(recordOf(end, errors));
    else {
      // That the header did not come in full is no error.
      const others = errors.filter((each) => !each.startsWith("IncompleteReadError"));
      record({ ...NAMELESS, errors: others });
    }
  }
}

const NAMELESS = {
  id: undefined,
  side: "server",
  connected: true,
  sent: 0,
  received: 0,
  cut: undefined,
  sawEnd: false,
} as const;

function plannedFailures(error: unknown): PlannedFailure[] {
  if (error instanceof PlannedFailure) return [error];
  return error instanceof AggregateError ? error.errors.flatMap(plannedFailures) : [];
}
