/**
 * What the cases of the suite are, and what each of them is run with: a fresh loop under watch.
 *
 * Invariants: a case runs on a loop of its own and ends within its time; a case that passes has left no
 * task, no open socket, and nothing that the exception handler was told and the case has not looked at.
 *
 * May be imported by this folder only.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { RuntimeError } from "../../futures/errors.ts";
import { sleep } from "../../futures/sleep.ts";
import type { ExceptionContext } from "../../futures/future_loop.ts";
import { allTasks } from "../../futures/task_registry.ts";
import type { StreamListener } from "../../transports/stream_socket.ts";
import type { AbstractEventLoop } from "../abstract_event_loop.ts";
import { BaseEventLoop } from "../base_event_loop.ts";
import type { Server } from "../server.ts";

/** A part of what loops do, which a loop claims as a whole or not at all. */
export type ConformanceArea =
  | "callbacks"
  | "timers"
  | "wake-ups"
  | "tasks"
  | "contexts"
  | "TCP"
  | "Unix"
  | "UDP"
  | "TLS"
  | "pipes"
  | "subprocesses"
  | "signals"
  | "executors"
  | "error handling"
  | "shutdown";

/** What {@linkcode ConformanceCase.run} takes beside the factory. */
export interface CaseOptions {
  /**
   * How long the case may take, in milliseconds of the host's clock.
   * @default 10000
   */
  timeoutMs?: number;
}

/** One thing that every loop of an area does. */
export interface ConformanceCase {
  /** The area. */
  readonly area: ConformanceArea;
  /** What a loop does, as a sentence. */
  readonly name: string;
  /**
   * Checks it on a fresh loop, and closes the loop.
   *
   * @param factory makes the loop
   * @param options the time it may take
   * @throws {Error} when the loop does something else
   */
  run(factory: () => AbstractEventLoop, options?: CaseOptions): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** For the clean-up after a case that has failed. */
const GRACE_MS = 50;

/** What a case works with. */
export class Trial {
  /** A fresh loop, which does not run. */
  readonly loop: AbstractEventLoop;
  /** What the exception handler was told. Take what you expect with `takeReports()`. */
  readonly reports: ExceptionContext[] = [];
  readonly #factory: () => AbstractEventLoop;
  readonly #open = new Set<object>();
  readonly #cleanUps: (() => void | Promise<void>)[] = [];

  constructor(factory: () => AbstractEventLoop) {
    this.#factory = factory;
    this.loop = factory();
    this.loop.setExceptionHandler((_loop, context) => void this.reports.push(context));
    if (this.loop instanceof BaseEventLoop) this.#watchSockets(this.loop);
  }

  /** Runs an async function as the loop's main program. */
  run<T>(main: () => Promise<T>): Promise<T> {
    return this.loop.runUntilComplete(main);
  }

  /** Lets the loop make so many passes. */
  async passes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await sleep(0);
  }

  /** Makes another loop, and closes it after the case. */
  anotherLoop(): AbstractEventLoop {
    const loop = this.#factory();
    this.defer(() => loop.close());
    return loop;
  }

  /** Has something done after the case, however that ends. */
  defer(cleanUp: () => void | Promise<void>): void {
    this.#cleanUps.push(cleanUp);
  }

  /** Returns the messages that the exception handler was told until now, and forgets them. */
  takeReports(): ExceptionContext[] {
    return this.reports.splice(0);
  }

  /** Fails when something was left behind; then closes the loop. */
  finish(): void {
    const tasks = Array.from(allTasks(this.loop), String);
    this.loop.close();
    const told = this.takeReports().map(({ message, exception }) => `${message}: ${exception}`);
    assertEquals(told, [], "the exception handler was told what nobody expected");
    assertEquals(tasks, [], "tasks are left");
    assertEquals([...this.#open].map(describeSocket), [], "sockets are left open");
  }

  /** Ends what a case has left that failed, as far as its loop lets it. */
  async giveUp(): Promise<void> {
    const { loop } = this;
    try {
      if (loop.isRunning()) {
        loop.stop();
        await hostSleep(GRACE_MS);
      }
      for (const task of allTasks(loop)) task.cancel();
      for (const socket of this.#open) (socket as { close(): void }).close();
      if (!loop.isRunning()) {
        await within(GRACE_MS, () => loop.runUntilComplete(() => this.passes(5)));
      }
      if (!loop.isRunning()) loop.close();
    } catch {
      // The case has failed already, with what it was about.
    }
  }

  /** Runs what was deferred. */
  async cleanUp(): Promise<void> {
    for (const cleanUp of this.#cleanUps.reverse()) await cleanUp();
  }

  #watchSockets(loop: BaseEventLoop): void {
    const connect = loop._connect.bind(loop);
    loop._connect = async (...args) => this.#watch(await connect(...args));
    const listen = loop._listen.bind(loop);
    loop._listen = async (...args) => {
      const listener: StreamListener = this.#watch(await listen(...args));
      const accept = listener.accept.bind(listener);
      listener.accept = async () => this.#watch(await accept());
      return listener;
    };
    const bind = loop._bindDatagram.bind(loop);
    loop._bindDatagram = async (...args) => this.#watch(await bind(...args));
  }

  #watch<S extends { close(): void }>(socket: S): S {
    const close = socket.close.bind(socket);
    this.#open.add(socket);
    socket.close = () => {
      this.#open.delete(socket);
      close();
    };
    return socket;
  }
}

function describeSocket(socket: object): string {
  const { addr, localAddr = addr } = socket as { addr?: unknown; localAddr?: unknown };
  return JSON.stringify(localAddr) ?? "a socket";
}

function hostSleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Makes the cases of an area: what is checked, by its name. */
export function casesOf(
  area: ConformanceArea,
  checks: Record<string, (t: Trial) => void | Promise<void>>,
): readonly ConformanceCase[] {
  return Object.entries(checks).map(([name, check]) => ({
    area,
    name,
    async run(factory, options = {}) {
      const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
      const t = new Trial(factory);
      try {
        await within(timeoutMs, async () => await check(t));
        t.finish();
      } catch (error) {
        await t.giveUp();
        throw error;
      } finally {
        await t.cleanUp();
      }
    },
  }));
}

async function within(timeoutMs: number, work: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new RuntimeError(`The case has not ended within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    await Promise.race([work(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** The port that a server listens on. */
export function portOf(server: Server): number {
  return (server.sockets[0]!.addr as Deno.NetAddr).port;
}
