/**
 * One end of one connection of a soak: how it sends, how it reads, and what it does to the connection.
 *
 * Everything that waits is written once, as a program that runs in both kinds of coroutine.
 */
import {
  CancelledError,
  createTask,
  currentTask,
  ensureFuture,
  gather,
  getRunningLoop,
  IncompleteReadError,
  LimitOverrunError,
  sleep,
  type StreamReader,
  type StreamWriter,
  type Task,
  timeout,
  TimeoutError,
  waitFor,
} from "../../mod.ts";
import type { Body, Coroutine, CoroutineLike } from "../../mod.ts";
import {
  asCoroutine,
  drive,
  type Kind,
  type Program,
  request,
  type Waitable,
} from "../_helpers.ts";
import { Random } from "../parity/_random.ts";
import {
  type Content,
  Incoming,
  logUniform,
  Outgoing,
  startOf,
  WrongBytesError,
} from "./_content.ts";
import type { Cut, Phase, Plan, Side } from "./_plan.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type ReadOptions = { signal?: AbortSignal };

/** What all connections of a process share. */
export interface World {
  readonly content: Content;
  /** Whether the soak comes to its end: nobody takes his time any more. */
  stopping: boolean;
  /** How many bytes were received, and found right. */
  bytes: number;
  /** How often the loop has slept for a tenth of a second: time that counts less while the machine is busy. */
  beats: number;
  /** How many waits were given up and begun again, by how. */
  readonly retries: Record<Retry, number>;
}

/** How a wait is given up and begun again. */
export type Retry = "timeout" | "waitFor" | "signal" | "task";

/** The failure that a handler has when its plan says so. */
export class PlannedFailure extends Error {
  override readonly name: string = "PlannedFailure";
  readonly id: number;

  constructor(id: number) {
    super(`planned for connection ${id}`);
    this.id = id;
  }
}

/** How long it takes everybody to notice that the soak comes to its end, in milliseconds. */
export const LONGEST_SLEEP_MS = 5000;

const SEPARATORS = [[[10]], [[0, 1], [7]], [[1, 2, 3], [255], [4, 4]]]
  .map((each) => each.map((bytes) => Uint8Array.from(bytes)));

/** One end of a connection. */
export class End {
  readonly world: World;
  readonly plan: Plan;
  readonly side: Side;
  readonly kind: Kind;
  readonly random: Random;
  readonly out: Outgoing;
  readonly in: Incoming;
  reader!: StreamReader;
  writer: StreamWriter | undefined;
  /** What is cancelled when the plan says so. */
  task: Pick<Task<unknown>, "done" | "cancel"> | undefined;
  /** How this end has broken the connection off. */
  cut: Cut | undefined;
  /** Whether this end has come to the end of what the other one sends. */
  sawEnd = false;
  #waits = 0;
  #phases = 0;
  readonly #begun = performance.now();
  #web: ReadableStreamDefaultReader<Bytes> | undefined;

  constructor(world: World, plan: Plan, side: Side, kind: Kind) {
    this.world = world;
    this.plan = plan;
    this.side = side;
    this.kind = kind;
    const { id, up, down } = plan;
    this.random = new Random(side === "client" ? plan.seed + 1 : plan.seed + 2);
    const echoed = plan.talk === "echo" || plan.talk === "in turns";
    const [upStart, downStart] = [startOf(id, "up"), startOf(id, echoed ? "up" : "down")];
    const client = side === "client";
    this.out = new Outgoing(world.content, client ? upStart : downStart);
    this.in = new Incoming(world.content, client ? downStart : upStart, client ? down : up);
  }

  /** Waits, in the manner of the kind. */
  wait<T>(input: Waitable<T> & PromiseLike<T>): Waitable<T> {
    return this.kind === "generator" ? input : request(input);
  }

  /** A body of the kind. */
  body<A extends unknown[], T>(program: (...args: A) => Program<T>): Body<A, T> {
    if (this.kind === "async function") return (...args) => drive(program(...args));
    return function* (...args) {
      return yield* program(...args);
    };
  }

  /** A coroutine of the kind. */
  work<T>(program: () => Program<T>): CoroutineLike<T> {
    return this.kind === "generator" ? asCoroutine(program) : () => drive(program());
  }

  /** Grows with everything that this end gets done. */
  get progress(): number {
    return this.#waits + this.out.bytes + this.in.bytes;
  }

  // ---- What the plan has in store ---------------------------------------------------------------

  /** Called before each wait. */
  enter(phase: Phase): void {
    this.#waits++;
    const { ending, cancel, cutBy } = this.plan;
    if (!ending.endsWith("is cancelled") || cutBy !== this.side) return;
    if (cancel.phase === phase && ++this.#phases === cancel.count) this.#cancelSoon();
  }

  /** Called after each piece that was sent or received. */
  step(): void {
    const { cutBy, cutAt, ending, cancel, id } = this.plan;
    if (this.cut !== undefined || cutBy !== this.side || this.out.bytes + this.in.bytes < cutAt) {
      return;
    }
    switch (ending) {
      case "client closes":
      case "server closes":
        this.cut = ending;
        this.writer!.close();
        break;
      case "client aborts":
      case "server aborts":
        this.cut = ending;
        this.writer!.transport.abort();
        break;
      case "handler is cancelled":
        if (cancel.phase === "connect" && ++this.#phases === 1) this.#cancelSoon();
        break;
      case "handler fails":
        this.cut = ending;
        throw new PlannedFailure(id);
    }
  }

  #cancelSoon(): void {
    const { afterMs } = this.plan.cancel;
    const cut = this.side === "client" ? "client is cancelled" : "handler is cancelled";
    const cancel = () => {
      if (this.task === undefined || this.task.done()) return;
      this.cut = cut;
      this.task.cancel();
    };
    const loop = getRunningLoop();
    if (afterMs === 0) loop.callSoon(cancel);
    else loop.callLater(afterMs, cancel);
  }

  /** Takes its time, so that the connection lasts as long as planned. */
  *pause(): Program<void> {
    const { up, down, lifeMs, slow } = this.plan;
    if (slow !== "both" && slow !== this.side) return;
    const share = up + down === 0 ? 1 : (this.out.bytes + this.in.bytes) / (up + down);
    const until = this.#begun + lifeMs * (share + 0.2 * (this.random.next() - 0.5));
    for (;;) {
      const left = until - performance.now();
      if (this.world.stopping || left < 2) return;
      this.enter("sleep");
      yield* this.wait(sleep(Math.min(left, LONGEST_SLEEP_MS)));
    }
  }

  // ---- Sending ----------------------------------------------------------------------------------

  /** Sends up to so many bytes in all, in random pieces, unless the connection ends before. */
  *send(total: number): Program<void> {
    this.step();
    while (this.out.bytes < total && !this.writer!.isClosing()) {
      yield* this.sendPiece(total);
      yield* this.pause();
    }
  }

  /** Sends a piece of random size. */
  *sendPiece(total: number): Program<void> {
    const { random, out, plan } = this;
    const writer = this.writer!;
    const data = out.next(Math.min(logUniform(random, 1, plan.piece), total - out.bytes));
    if (random.chance(0.2)) {
      const middle = random.below(data.length + 1);
      writer.writelines([data.subarray(0, middle), data.subarray(middle)]);
    } else writer.write(data);
    this.step();
    if (random.chance(0.9)) yield* this.drain();
  }

  /** Sends back what was received, which is not used again. */
  *sendBack(data: Uint8Array): Program<void> {
    this.out.bytes += data.length;
    this.writer!.write(data, { transfer: this.random.chance(0.5) });
    this.step();
    yield* this.drain();
  }

  /** Waits until the writer takes more. */
  *drain(): Program<void> {
    const { random } = this;
    const writer = this.writer!;
    this.enter("drain");
    if (random.chance(0.8)) return yield* this.wait(writer.drain());
    if (random.chance(0.3)) {
      return void (yield* this.wait(gather(writer.drain(), writer.drain(), writer.drain())));
    }
    yield* this.#patiently((options) => writer.drain(options));
  }

  /** Ends this half of the connection, when that is possible still. */
  endSending(): void {
    if (!this.writer!.isClosing()) this.writer!.writeEof();
  }

  // ---- Receiving --------------------------------------------------------------------------------

  /** Receives up to the end of the stream. */
  *receive(): Program<void> {
    this.step();
    while ((yield* this.receivePiece()).length > 0) {
      this.step();
      yield* this.pause();
    }
  }

  /** Receives and checks some bytes; none at the end of the stream. */
  *receivePiece(most?: number): Program<Uint8Array> {
    this.enter("read");
    const data = yield* this.#read(most);
    if (data.length === 0) {
      if (!this.reader.atEof()) {
        throw new WrongBytesError("nothing was read, and it is not the end");
      }
      this.sawEnd = true;
      this.in.checkKept();
      return data;
    }
    this.world.bytes += data.length;
    // What is echoed is still needed.
    const { talk } = this.plan;
    const keep = (talk === "echo" || talk === "in turns") && this.side === "server";
    this.in.accept(data, keep || this.random.chance(0.5));
    return data;
  }

  *#read(most: number | undefined): Program<Bytes> {
    const { plan, reader } = this;
    if (plan.web && this.side === "client") return yield* this.#readWeb();
    try {
      return yield* this.#patiently((options) => this.#readAnyhow(most, options));
    } catch (error) {
      // What came before the end.
      if (error instanceof IncompleteReadError) return error.partial;
      if (!(error instanceof LimitOverrunError)) throw error;
      return yield* this.wait(reader.readexactly(error.consumed));
    }
  }

  /** Reads with one method or another. */
  #readAnyhow(most: number | undefined, options: ReadOptions): Coroutine<Bytes> {
    const { random, reader, plan } = this;
    if (most !== undefined) {
      return random.chance(0.5) ? reader.readexactly(most, options) : reader.read(most, options);
    }
    // In turns, nothing more comes before an answer.
    switch (plan.talk === "in turns" && this.side === "server" ? -1 : random.below(12)) {
      case 0:
      case 1:
        return reader.readexactly(logUniform(random, 1, 4 * plan.limit), options);
      case 2:
        return reader.readline(options);
      case 3:
        return reader.readuntil(random.choice(SEPARATORS), options);
      case 4:
        return reader.readuntil(undefined, { ...options, limit: logUniform(random, 1, 4096) });
      case 5:
        return reader.read(-1, options);
      default:
        return reader.read(logUniform(random, 1, 262_144), options);
    }
  }

  *#readWeb(): Program<Bytes> {
    this.#web ??= this.reader.readable.getReader();
    const { value, done } = yield* this.wait(ensureFuture(this.#web.read()));
    return done ? new Uint8Array(0) : value;
  }

  // ---- Waits that are given up and begun again --------------------------------------------------

  /** Waits for what `begin` begins; perhaps for a moment only, and then anew. */
  *#patiently<T>(begin: (options: ReadOptions) => Coroutine<T>): Program<T> {
    const { random } = this;
    let delay = logUniform(random, 1, Math.max(1, Math.floor(this.plan.lifeMs / 10)));
    while (random.chance(0.3)) {
      const how = random.choice<Retry>(["timeout", "waitFor", "signal", "task"]);
      const done = yield* this.#try(how, begin, delay);
      if (done !== undefined) return done.value;
      this.world.retries[how]++;
      delay *= 2;
    }
    return yield* this.wait(begin({}));
  }

  /** Waits for so long at most; returns `undefined` when that was not long enough. */
  *#try<T>(
    how: Retry,
    begin: (options: ReadOptions) => Coroutine<T>,
    delay: number,
  ): Program<{ value: T } | undefined> {
    try {
      switch (how) {
        case "timeout":
          return { value: yield* this.wait(timeout(delay, this.body(() => this.#await(begin)))) };
        case "waitFor":
          return { value: yield* this.wait(waitFor(begin({}), delay)) };
        case "signal":
          return yield* this.#trySignal(begin, delay);
        case "task":
          return yield* this.#tryTask(createTask(begin({})), delay);
      }
    } catch (error) {
      if (error instanceof TimeoutError) return undefined;
      throw error;
    }
  }

  *#await<T>(begin: (options: ReadOptions) => Coroutine<T>): Program<T> {
    return yield* this.wait(begin({}));
  }

  *#trySignal<T>(
    begin: (options: ReadOptions) => Coroutine<T>,
    delay: number,
  ): Program<{ value: T } | undefined> {
    const controller = new AbortController();
    const reason = new TimeoutError();
    const timer = getRunningLoop().callLater(delay, () => controller.abort(reason));
    try {
      return { value: yield* this.wait(begin({ signal: controller.signal })) };
    } catch (error) {
      if (error === reason) return undefined;
      throw error;
    } finally {
      timer.cancel();
    }
  }

  *#tryTask<T>(task: Task<T>, delay: number): Program<{ value: T } | undefined> {
    let cancelled = false;
    const timer = getRunningLoop().callLater(delay, () => cancelled = task.cancel());
    try {
      return { value: yield* this.wait(task) };
    } catch (error) {
      // The timer has cancelled it, and nobody this one.
      const own = currentTask() as Task<unknown>;
      if (error instanceof CancelledError && cancelled && own.cancelling() === 0) return undefined;
      throw error;
    } finally {
      timer.cancel();
    }
  }
}
