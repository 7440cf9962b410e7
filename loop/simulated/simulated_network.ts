/**
 * `SimulatedNetwork`: hosts, the links between them, and what goes wrong there.
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import { copyContext, type currentContext } from "../../futures/context.ts";
import type { CoroutineLike } from "../../futures/coroutine.ts";
import { RuntimeError } from "../../futures/errors.ts";
import type { Future } from "../../futures/future.ts";
import { Task } from "../../futures/task.ts";
import { _unregisterTask, allTasks, unlinkTask } from "../../futures/task_registry.ts";
import type { BaseEventLoop } from "../base_event_loop.ts";
import { canonicalAddress, isLoopback, isWildcard } from "./_addresses.ts";
import { reset } from "./_errors.ts";
import { EventQueue } from "./_event_queue.ts";
import {
  changed,
  type Conditions,
  DEFAULT_CONDITIONS,
  Link,
  LOOPBACK_CONDITIONS,
} from "./_link.ts";
import type { Random } from "./_random.ts";
import { type Boot, currentBoot, type World } from "./_world.ts";
import type { LinkConditions } from "./link.ts";
import { SimulatedHost } from "./simulated_host.ts";

/** One host or several, or their names. */
export type Hosts = SimulatedHost | string | readonly (SimulatedHost | string)[];

/** What concerns one direction or both. */
export interface DirectionOptions {
  /**
   * Whether only what the first hosts send to the second is concerned.
   * @default false
   */
  oneWay?: boolean;
}

/** What {@linkcode SimulatedNetwork.host} takes beside the name. */
export interface HostOptions {
  /**
   * The IP addresses.
   * @default the next one of 10.0.0.0/8
   */
  addresses?: readonly string[];
}

/**
 * The network of a {@linkcode SimulatedEventLoop}: `loop.network`.
 *
 * Connections are TCP as a program sees it: bytes arrive in order or not at all, whatever the links
 * lose; what is lost or cut off by a partition is sent again, ever more rarely, for 15 minutes (127
 * seconds while connecting). Datagrams are lost, doubled and overtaken as the links say. Programs that
 * were started on no host run on one named `main`.
 *
 * What happens is decided by the seed of the loop alone.
 *
 * @example A partition that heals
 * ```ts
 * import { openConnection, run, startServer, timeout } from "@asyncio/asyncio";
 * import { SimulatedEventLoop } from "@asyncio/asyncio/simulated";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const loop = new SimulatedEventLoop({ seed: 1, network: { latencyMs: 20 } });
 * await run(async () => {
 *   const { network } = loop;
 *   await network.host("server").run(() =>
 *     startServer(async (reader, writer) => {
 *       for await (const line of reader) writer.write(line);
 *     }, "0.0.0.0", 7)
 *   );
 *   await network.host("client").run(async () => {
 *     const [reader, writer] = await openConnection("server", 7);
 *     network.partition("client", "server");
 *     writer.write(new TextEncoder().encode("hello\n"));
 *     await assertRejects(() => timeout(1000, async () => await reader.readline()), Error);
 *     network.heal();
 *     assertEquals((await reader.readline()).length, 6);
 *     writer.close();
 *   });
 * }, { loopFactory: () => loop });
 * ```
 */
export class SimulatedNetwork {
  readonly #loop: BaseEventLoop;
  readonly #dice: Random;
  readonly #world: World;
  readonly #events = new EventQueue();
  readonly #hosts: SimulatedHost[] = [];
  readonly #links = new Map<SimulatedHost, Map<SimulatedHost, Link>>();
  readonly #main: SimulatedHost;
  #conditions: Conditions;
  #anyCrashed = false;

  /** @internal */
  constructor(
    loop: BaseEventLoop,
    dice: Random,
    conditions: LinkConditions,
    trace: ((line: string) => void) | undefined,
  ) {
    this.#loop = loop;
    this.#dice = dice;
    this.#conditions = changed(DEFAULT_CONDITIONS, conditions);
    this.#world = {
      time: () => loop.time(),
      dice,
      schedule: (at, run) => this.#events.add(at, run),
      link: (from, to) => this.#link(from, to),
      hostOf: (from, address) => this.#hostOf(from, address),
      hosts: this.#hosts,
      trace: (text) => trace?.(`${loop.time()} ${text}`),
    };
    this.#main = this.host("main");
  }

  // ---- Hosts ------------------------------------------------------------------------------------

  /** The hosts, in the order in which they were made. */
  get hosts(): readonly SimulatedHost[] {
    return this.#hosts;
  }

  /** The host that the calling code runs on. */
  get currentHost(): SimulatedHost {
    return currentBoot.get()?.host ?? this.#main;
  }

  /**
   * The host of a name; the first call makes it.
   *
   * @param name the name, by which other hosts can connect to it
   * @param options the addresses, for a host that is to be made
   * @throws {RangeError} when the host is there and has other addresses, or they are another's
   */
  host(name: string, options?: HostOptions): SimulatedHost {
    const known = this.#hosts.find((each) => each.name === name);
    const addresses = options?.addresses?.map(canonicalAddress);
    if (known !== undefined) {
      if (addresses !== undefined && addresses.join() !== known.addresses.join()) {
        throw new RangeError(`Cannot make host ${name}: it is there, at ${known.addresses}`);
      }
      return known;
    }
    if (typeof name !== "string" || name === "" || name === "localhost") {
      throw new RangeError(`Cannot make a host: ${describe(name)} is no name for one`);
    }
    const taken = addresses?.find((each) =>
      isLoopback(each) || isWildcard(each) || this.#hosts.some((other) => other._has(each))
    );
    if (taken !== undefined) {
      throw new RangeError(`Cannot make host ${name}: the address ${taken} is taken`);
    }
    const host = new SimulatedHost(this, this.#world, name, addresses ?? [this.#freeAddress()]);
    this.#hosts.push(host);
    return host;
  }

  #freeAddress(): string {
    for (let number = this.#hosts.length + 1;; number++) {
      const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
      if (!this.#hosts.some((host) => host._has(address))) return address;
    }
  }

  #all(hosts: Hosts): SimulatedHost[] {
    const list = Array.isArray(hosts) ? hosts : [hosts];
    return list.map((each: SimulatedHost | string) => {
      const host = this.#hosts.find((host) => host === each || host.name === each);
      if (host === undefined) throw new RangeError(`Cannot find host ${each}: there is none`);
      return host;
    });
  }

  #names(a: Hosts, b: Hosts | undefined): string {
    const names = (hosts: Hosts) => this.#all(hosts).map(({ name }) => name).join(", ");
    return b === undefined ? names(a) : `${names(a)} from ${names(b)}`;
  }

  // ---- Links ------------------------------------------------------------------------------------

  #link(from: SimulatedHost, to: SimulatedHost): Link {
    let links = this.#links.get(from);
    if (links === undefined) this.#links.set(from, links = new Map());
    let link = links.get(to);
    if (link === undefined) {
      link = new Link(this.#world, from === to ? LOOPBACK_CONDITIONS : this.#conditions);
      links.set(to, link);
    }
    return link;
  }

  *#linksBetween(a: Hosts, b: Hosts | undefined, oneWay: boolean): Generator<Link> {
    const as = this.#all(a);
    const bs = b === undefined ? this.#hosts.filter((host) => !as.includes(host)) : this.#all(b);
    for (const from of as) {
      for (const to of bs) {
        yield this.#link(from, to);
        if (!oneWay) yield this.#link(to, from);
      }
    }
  }

  /**
   * Changes how packets travel between all hosts.
   *
   * @param conditions what is to change
   */
  setConditions(conditions: LinkConditions): void {
    this.#conditions = changed(this.#conditions, conditions);
    for (const [from, links] of this.#links) {
      for (const [to, link] of links) {
        if (from !== to) link.conditions = changed(link.conditions, conditions);
      }
    }
  }

  /**
   * Changes how packets travel between some hosts.
   *
   * @param a one side
   * @param b the other side
   * @param conditions what is to change, and in which direction
   */
  setLink(a: Hosts, b: Hosts, conditions: LinkConditions & DirectionOptions): void {
    for (const link of this.#linksBetween(a, b, conditions.oneWay ?? false)) {
      link.conditions = changed(link.conditions, conditions);
    }
  }

  /**
   * Cuts hosts off from each other: packets between them are lost, and nobody is told.
   *
   * @param a one side
   * @param b the other side; every other host that there is when left out
   * @param options the direction
   */
  partition(a: Hosts, b?: Hosts, options: DirectionOptions = {}): void {
    this.#world.trace(`partition ${this.#names(a, b)}${options.oneWay ? ", one way" : ""}`);
    for (const link of this.#linksBetween(a, b, options.oneWay ?? false)) link.blocked = true;
  }

  /**
   * Ends partitions: between two sides, of one side and all others, or all of them.
   *
   * @param a one side
   * @param b the other side
   */
  heal(a?: Hosts, b?: Hosts): void {
    this.#world.trace(`heal ${this.#names(a ?? this.#hosts, b)}`);
    for (const link of this.#linksBetween(a ?? this.#hosts, b ?? this.#hosts, false)) {
      link.blocked = false;
    }
  }

  /**
   * Resets connections, at both ends and at once, as a machine between them may.
   *
   * @param a one side
   * @param b the other side; every host when left out
   */
  reset(a: Hosts, b?: Hosts): void {
    const [as, bs] = [this.#all(a), this.#all(b ?? this.#hosts)];
    const between = (from: SimulatedHost[], to: SimulatedHost[]) =>
      from.flatMap((host) =>
        [...host._ends].filter(({ remote }) => remote !== undefined && to.includes(remote))
      );
    for (const end of new Set([...between(as, bs), ...between(bs, as)])) {
      this.#world.trace(`${end.out.name} is cut`);
      end.fail(reset());
    }
  }

  /** A number from 0 to 1, 1 excluded, that follows from the seed: for faults at random. */
  random(): number {
    return this.#dice.next();
  }

  /** Writes a line into the trace, with the time before it. */
  trace(text: string): void {
    this.#world.trace(text);
  }

  // ---- For the loop -----------------------------------------------------------------------------

  /**
   * When the next packet arrives.
   * @internal
   */
  get _next(): number {
    return this.#events.next;
  }

  /**
   * Lets arrive what is due.
   * @internal
   */
  _runDue(now: number): void {
    this.#events.runDue(now);
  }

  /** @internal */
  _run<T>(
    host: SimulatedHost,
    main: CoroutineLike<T>,
    outcomes: Set<Future<unknown>>,
  ): Future<T> {
    if (!host.isUp) throw new RuntimeError(`Cannot run a program: host ${host.name} is down`);
    const context = copyContext();
    context.run(() => currentBoot.set(host._boot));
    const task = this.#loop.createTask(main, { context });
    const outcome = this.#loop.createFuture<T>();
    outcomes.add(outcome);
    task.addDoneCallback(() => {
      outcomes.delete(outcome);
      if (task.cancelled()) return void outcome.cancel();
      let result: T;
      try {
        result = task.result();
      } catch (error) {
        return void (outcome.done() || outcome.setException(error));
      }
      if (!outcome.done()) outcome.setResult(result);
    });
    outcome.addDoneCallback(() => {
      if (outcome.cancelled()) task.cancel();
    });
    return outcome;
  }

  /**
   * Forgets what ran in a life of a host that has ended.
   * @internal
   */
  _bury(boot: Boot): void {
    this.#anyCrashed = true;
    for (const task of allTasks(this.#loop)) {
      const context = (task as { _context?: ReturnType<typeof currentContext> })._context;
      if (context?.get(currentBoot) !== boot) continue;
      if (task instanceof Task) unlinkTask(this.#loop, task);
      else _unregisterTask(task);
    }
  }

  /**
   * Whether any host has ever crashed, so that there may be something dead.
   * @internal
   */
  get _anyCrashed(): boolean {
    return this.#anyCrashed;
  }

  /**
   * The life of the host that the calling code belongs to.
   * @internal
   */
  get _currentBoot(): Boot {
    return currentBoot.get() ?? this.#main._boot;
  }

  /**
   * For what opens sockets.
   * @internal
   */
  get _world(): World {
    return this.#world;
  }

  #hostOf(from: SimulatedHost, address: string): SimulatedHost | undefined {
    if (isWildcard(address) || from._has(address)) return from;
    return this.#hosts.find((host) => host.addresses.includes(address));
  }
}
