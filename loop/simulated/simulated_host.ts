/**
 * `SimulatedHost`: a machine of a simulated network.
 *
 * Which host code runs on is a matter of its context, so it follows the code through tasks, callbacks
 * and protocols.
 *
 * Invariant: after a crash nothing of the host runs, not even a `finally`; its tasks are no longer
 * among `allTasks()`, its promises never settle.
 *
 * @module
 */

import type { CoroutineLike } from "../../futures/coroutine.ts";
import type { Future } from "../../futures/future.ts";
import type { ListenHookOptions, StreamAddress } from "../network_options.ts";
import { isIPv6, isLoopback, isWildcard } from "./_addresses.ts";
import type { DatagramEnd } from "./_datagram_end.ts";
import { inUse, notAvailable, notFound, refused } from "./_errors.ts";
import { Flow, type FlowEnd } from "./_flow.ts";
import { Ports } from "./_ports.ts";
import { StreamEnd } from "./_stream_end.ts";
import type { SimulatedListener } from "./_stream_listener.ts";
import type { Boot, World } from "./_world.ts";
import type { SimulatedNetwork } from "./simulated_network.ts";

/**
 * A host of a {@linkcode SimulatedNetwork}, which makes it.
 *
 * It has a name that the network resolves, addresses of its own, and `localhost`.
 *
 * @example A server that crashes
 * ```ts
 * import { openConnection, run, startServer } from "@asyncio/asyncio";
 * import { SimulatedEventLoop } from "@asyncio/asyncio/simulated";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const loop = new SimulatedEventLoop();
 * await run(async () => {
 *   const server = loop.network.host("server");
 *   const client = loop.network.host("client");
 *   const serve = () => startServer(async (_reader, writer) => writer.close(), "0.0.0.0", 80);
 *   await server.run(serve);
 *   await client.run(async () => {
 *     const [reader] = await openConnection("server", 80);
 *     assertEquals((await reader.read()).length, 0);
 *   });
 *   server.crash();
 *   server.restart();
 *   const again = client.run(() => openConnection("server", 80));
 *   await assertRejects(async () => await again, Deno.errors.ConnectionRefused);
 * }, { loopFactory: () => loop });
 * ```
 */
export class SimulatedHost {
  /** The name. */
  readonly name: string;
  /** The addresses, beside those of `localhost`. */
  readonly addresses: readonly string[];
  /** The network that the host belongs to. */
  readonly network: SimulatedNetwork;
  /**
   * The ends of its connections.
   * @internal
   */
  readonly _ends: Set<StreamEnd> = new Set();

  readonly #world: World;
  #boot: Boot = { host: this, alive: true };
  #outcomes = new Set<Future<unknown>>();
  readonly #listeners = new Ports<SimulatedListener>();
  readonly #datagramEnds = new Ports<DatagramEnd>();
  // Paths of Unix sockets; `null` where a listener has left its own behind.
  readonly #paths = new Map<string, SimulatedListener | null>();

  /** @internal */
  constructor(
    network: SimulatedNetwork,
    world: World,
    name: string,
    addresses: readonly string[],
  ) {
    this.network = network;
    this.#world = world;
    this.name = name;
    this.addresses = addresses;
  }

  // ---- Running ----------------------------------------------------------------------------------

  /** Whether the host runs: it has not crashed, or was restarted. */
  get isUp(): boolean {
    return this.#boot.alive;
  }

  /** @internal */
  get _boot(): Boot {
    return this.#boot;
  }

  /**
   * Runs a program on the host, as a task.
   *
   * @param main what `createTask()` takes
   * @returns its outcome; cancelling it cancels the program, and a crash cancels it
   * @throws {RuntimeError} when the host is down
   */
  run<T>(main: CoroutineLike<T>): Future<T> {
    return this.network._run(this, main, this.#outcomes);
  }

  /**
   * Crashes: the host stops at once, and tells nobody.
   *
   * Its programs end where they are, without cleaning up. Other hosts find out when they send something:
   * nothing answers, until the host is restarted and answers that it knows of no such connection.
   */
  crash(): void {
    if (!this.isUp) return;
    this.#world.trace(`${this.name} crashes`);
    this.#boot.alive = false;
    this.#listeners.clear();
    this.#datagramEnds.clear();
    this.#paths.clear();
    this._ends.clear();
    this.network._bury(this.#boot);
    const outcomes = this.#outcomes;
    this.#outcomes = new Set();
    for (const outcome of outcomes) outcome.cancel(`Host ${this.name} has crashed`);
  }

  /** Starts the host again after a crash. It runs nothing until `run()` is called. */
  restart(): void {
    if (this.isUp) return;
    this.#world.trace(`${this.name} restarts`);
    this.#boot = { host: this, alive: true };
  }

  /** For messages. */
  toString(): string {
    return `<SimulatedHost ${this.name} ${this.isUp ? this.addresses.join(", ") : "down"}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  // ---- Addresses --------------------------------------------------------------------------------

  /**
   * Whether it has an address.
   * @internal
   */
  _has(address: string): boolean {
    return isLoopback(address) || this.addresses.includes(address);
  }

  /**
   * The own address that others of the kind of `address` see.
   * @internal
   */
  _addressTowards(address: string): string {
    if (isLoopback(address)) return address;
    const isV6 = isIPv6(address);
    return this.addresses.find((each) => isIPv6(each) === isV6) ?? (isV6 ? "::1" : "127.0.0.1");
  }

  /** Binds to an address. @throws {Deno.errors.AddrNotAvailable} when it is not the host's */
  #checkOwn(address: string): void {
    if (!isWildcard(address) && !this._has(address)) throw notAvailable();
  }

  // ---- Sockets ----------------------------------------------------------------------------------

  /**
   * Listens.
   * @internal
   */
  _listen(
    address: StreamAddress,
    { reusePort: isShared, cleanupSocket = true }: ListenHookOptions,
    make: (address: StreamAddress, closing: () => void) => SimulatedListener,
  ): SimulatedListener {
    if (address.transport === "unix") {
      const { path } = address;
      if (this.#paths.get(path)) throw inUse();
      const listener = make(address, () => {
        if (cleanupSocket) this.#paths.delete(path);
        else this.#paths.set(path, null);
      });
      this.#paths.set(path, listener);
      return listener;
    }
    this.#checkOwn(address.host);
    const port = this.#listeners.choose(address.host, address.port, isShared);
    const listener: SimulatedListener = make(
      { ...address, port },
      () => this.#listeners.remove(listener),
    );
    this.#listeners.add(address.host, port, listener, isShared);
    return listener;
  }

  /**
   * Who listens on an address: one of those that share it.
   * @internal
   */
  _listener(address: StreamAddress): SimulatedListener | undefined {
    if (address.transport === "unix") return this.#paths.get(address.path) ?? undefined;
    const all = this.#listeners.find(address.host, address.port);
    return all.length > 1 ? all[this.#world.dice.below(all.length)] : all[0];
  }

  /**
   * Checks that somebody listens at a path.
   * @internal
   */
  _checkPath(path: string): void {
    const listener = this.#paths.get(path);
    if (listener === undefined) throw notFound();
    if (listener === null) throw refused();
  }

  /**
   * A port for a connection that begins here.
   * @internal
   */
  _portFor(address: string, port: number): number {
    this.#checkOwn(address);
    return this.#listeners.choose(address, port);
  }

  /**
   * Binds a datagram socket.
   * @internal
   */
  _bindDatagram(
    address: { readonly host: string; readonly port: number },
    make: (port: number, closing: () => void) => DatagramEnd,
  ): DatagramEnd {
    this.#checkOwn(address.host);
    const port = this.#datagramEnds.choose(address.host, address.port);
    const end: DatagramEnd = make(port, () => this.#datagramEnds.remove(end));
    this.#datagramEnds.add(address.host, port, end);
    return end;
  }

  /**
   * Who takes datagrams to an address.
   * @internal
   */
  _datagramEnd(to: { hostname: string; port: number }): DatagramEnd | undefined {
    return this.#datagramEnds.find(to.hostname, to.port)[0];
  }

  // ---- Connections that come --------------------------------------------------------------------

  /**
   * A connection has come.
   *
   * @returns whether it is answered; a full backlog swallows it
   * @internal
   */
  _receiveConnect(flow: Flow): boolean {
    const client = flow.source as StreamEnd;
    const listener = this.#listenerFor(client);
    if (listener?.isFull === true) return false;
    if (listener === undefined) {
      this.#refuse(client);
      return true;
    }
    const { localAddr, remoteAddr, host } = client;
    const options = { localAddr: remoteAddr, remoteAddr: localAddr, remote: host };
    const end = new StreamEnd(this.#world, this.#boot, options);
    flow.sink = end;
    end.out.sink = client;
    end.out.send({ kind: "accept" });
    listener.add(end);
    return true;
  }

  #listenerFor({ remoteAddr }: StreamEnd): SimulatedListener | undefined {
    if ("hostname" in remoteAddr) {
      const { hostname: host, port } = remoteAddr;
      return this._listener({ transport: "tcp", host, port });
    }
    return "path" in remoteAddr
      ? this._listener({ transport: "unix", path: remoteAddr.path })
      : undefined;
  }

  #refuse(client: StreamEnd): void {
    const nobody: FlowEnd = {
      host: this,
      dead: false,
      receive() {},
      giveUp() {},
      drained() {},
    };
    const out = new Flow(this.#world, nobody, client.host);
    out.sink = client;
    out.name = client.out.name.split(" > ").reverse().join(" > ");
    out.send({ kind: "reset" });
  }
}
