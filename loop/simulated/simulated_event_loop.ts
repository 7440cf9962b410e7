/**
 * `SimulatedEventLoop`: a loop whose time is virtual, and whose network is in memory.
 *
 * asyncio counterpart: none.
 *
 * It overrides hooks only, and `getnameinfo()`, which has none. When nothing is ready, the clock jumps to the next deadline or to the next
 * packet that arrives; hours pass in milliseconds, and every run of a program takes the same steps for
 * the same seed. A program that waits for nothing is reported instead of hanging.
 *
 * Not here: the network (`simulated_network.ts`).
 *
 * @module
 */

import { describe } from "../../futures/_describe.ts";
import { _coroutineOf, type Coroutine } from "../../futures/coroutine.ts";
import { RuntimeError } from "../../futures/errors.ts";
import type { Runnable } from "../../futures/future_loop.ts";
import { Context } from "../../futures/context.ts";
import { allTasks } from "../../futures/task_registry.ts";
import type { BindDatagramOptions, DatagramSocket } from "../../transports/datagram_socket.ts";
import type { DatagramTransport } from "../../transports/datagram_transport.ts";
import type { ReadPipe, WritePipe } from "../../transports/pipe.ts";
import type { PipeTransportOptions } from "../../transports/pipe_options.ts";
import type { AnyProtocol, BaseProtocolLike, DatagramProtocol } from "../../transports/protocol.ts";
import { ReadPipeTransport } from "../../transports/read_pipe_transport.ts";
import { SocketTransport, type SocketTransportOptions } from "../../transports/socket_transport.ts";
import type { StreamListener, StreamSocket } from "../../transports/stream_socket.ts";
import type { ReadTransport, Transport, WriteTransport } from "../../transports/transport.ts";
import { UdpTransport, type UdpTransportOptions } from "../../transports/udp_transport.ts";
import { WritePipeTransport } from "../../transports/write_pipe_transport.ts";
import type {
  AddressInfo,
  GetAddrInfoOptions,
  GetNameInfoOptions,
  NameInfo,
} from "../address_info.ts";
import { BaseEventLoop } from "../base_event_loop.ts";
import { hostCall } from "../_host_call.ts";
import type { ConnectHookOptions, ListenHookOptions, StreamAddress } from "../network_options.ts";
import type { ReadyQueue } from "../ready_queue.ts";
import { Random } from "./_random.ts";
import { shuffleTasks } from "./_ready_order.ts";
import { bindDatagram, connect, listen, nameOf, resolve } from "./_sockets.ts";
import { currentBoot } from "./_world.ts";
import { DeadlockError } from "./deadlock_error.ts";
import type { LinkConditions } from "./link.ts";
import { SimulatedNetwork } from "./simulated_network.ts";

/** What {@linkcode SimulatedEventLoop} can be asked for. */
export interface SimulatedEventLoopOptions {
  /**
   * What all that is random follows from: any integer.
   * @default 0
   */
  seed?: number;
  /**
   * Whether tasks that are ready together run in a random order, to find races. Callbacks keep theirs.
   * @default false
   */
  shuffle?: boolean;
  /**
   * Whether the clock moves by {@linkcode SimulatedEventLoop.advance} only. Then no program waits in vain:
   * something may come from outside.
   * @default false
   */
  manual?: boolean;
  /** How packets travel between hosts. */
  network?: LinkConditions;
  /**
   * Told what the network does, a line for each packet that arrives, with the time in milliseconds
   * before it. The first line tells the seed.
   */
  trace?: (line: string) => void;
}

/**
 * How far the clock goes that stands for the host's when the loop asks, in milliseconds: the loop then
 * gives the host a turn every few thousand callbacks, at the same places in every run.
 */
const HOST_TICK_MS = 0.01;

/**
 * The most turns of the host between two steps of the clock: enough for what TLS does between two passes of
 * the loop, and an end for a source that brings something in every turn.
 */
const MAX_TURNS = 64;

/**
 * A loop with a virtual clock and a network in memory, for tests and simulations.
 *
 * The clock starts at 0 and moves only while nothing is ready, straight to the next deadline or packet.
 * Promises that are not of this library get one turn of the host before each move. All that is random
 * follows from the seed; what a program takes from the host (the real time, random bytes, files, and the
 * bytes that TLS sends) does not.
 *
 * @example Hours in no time
 * ```ts
 * import { getRunningLoop, run, sleep } from "@asyncio/asyncio";
 * import { SimulatedEventLoop } from "@asyncio/asyncio/simulated";
 * import { assertEquals } from "@std/assert";
 *
 * const time = await run(async () => {
 *   await sleep(3 * 60 * 60 * 1000);
 *   return getRunningLoop().time();
 * }, { loopFactory: () => new SimulatedEventLoop() });
 * assertEquals(time, 10_800_000);
 * ```
 */
export class SimulatedEventLoop extends BaseEventLoop {
  /** What all that is random follows from. */
  readonly seed: number;
  /** The hosts and the links between them. */
  readonly network: SimulatedNetwork;
  readonly #orderDice: Random | undefined;
  #now = 0;
  #hostNow = 0;
  #woken = false;
  // Whether something has come from outside of the loop, which may go on in the host's next turn.
  #stirred = false;
  // How far the clock may go, and what ends the wait where it stands still.
  #limit: number;
  #resume: (() => void) | null = null;

  /**
   * Makes a loop.
   *
   * @param options seed, order, network and trace
   * @throws {RangeError} when the seed is no integer, or a condition of the network is out of range
   */
  constructor(options: SimulatedEventLoopOptions = {}) {
    super();
    const { seed = 0, shuffle = false, manual = false, network = {}, trace } = options;
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`Cannot simulate: the seed must be an integer, got ${describe(seed)}`);
    }
    this.seed = seed;
    this.#limit = manual ? 0 : Infinity;
    const dice = new Random(seed);
    // The order of tasks must not change what the network does, nor the other way round.
    const orderDice = dice.fork();
    this.#orderDice = shuffle ? orderDice : undefined;
    this.network = new SimulatedNetwork(this, dice, network, trace);
    this.network.trace(`seed ${seed}`);
  }

  // ---- Time -------------------------------------------------------------------------------------

  /** See {@linkcode BaseEventLoop.time}. */
  override time(): number {
    return this.#now;
  }

  /** @internal */
  override _hostTime(): number {
    return this.#hostNow += HOST_TICK_MS;
  }

  /**
   * Moves the clock of a `manual` loop on, and waits until all that was due meanwhile has run.
   *
   * Where the loop does not run, its next run goes on to the new time.
   *
   * @param ms how far, in milliseconds
   * @returns when the loop stands still again, or no longer runs
   * @throws {RuntimeError} when the loop is not `manual`
   * @throws {RangeError} when `ms` is negative or no number
   *
   * @example Step by step
   * ```ts
   * import { sleep } from "@asyncio/asyncio";
   * import { SimulatedEventLoop } from "@asyncio/asyncio/simulated";
   * import { assert } from "@std/assert";
   *
   * const loop = new SimulatedEventLoop({ manual: true });
   * const waiting = loop.runUntilComplete(sleep(1000));
   * await loop.advance(999);
   * assert(loop.isRunning());
   * await loop.advance(1);
   * assert(!loop.isRunning());
   * await waiting;
   * loop.close();
   * ```
   */
  async advance(ms: number): Promise<void> {
    if (this.#limit === Infinity) {
      throw new RuntimeError("Cannot advance the clock: it moves by itself, unless made manual");
    }
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(
        `Cannot advance the clock: 0 milliseconds or more are needed, got ${describe(ms)}`,
      );
    }
    this.#limit += ms;
    this.#resume?.();
    do await hostTurn(); while (this.isRunning() && this.#resume === null);
  }

  /** See {@linkcode BaseEventLoop._select}. */
  override async _select(timeoutMs: number): Promise<void> {
    this.#woken = false;
    let turns = 0;
    do {
      this.#stirred = false;
      await hostTurn();
      if (this.#woken) return;
    } while (this.#stirred && ++turns < MAX_TURNS);
    const until = this.#now + timeoutMs;
    const limit = this.#limit;
    const { network } = this;
    const next = network._next;
    if (next <= Math.min(until, limit) && next !== Infinity) {
      this.#now = Math.max(this.#now, next);
      return network._runDue(this.#now);
    }
    if (timeoutMs === 0) return;
    if (until <= limit && until !== Infinity) {
      this.#now = until;
      return;
    }
    if (limit === Infinity) throw new DeadlockError([...allTasks(this)]);
    this.#now = limit;
    await new Promise<void>((resolve) => this.#resume = resolve);
    this.#resume = null;
  }

  /** @internal */
  override _deliver(item: Runnable): void {
    this.#stirred = true;
    super._deliver(item);
  }

  /** See {@linkcode BaseEventLoop._wakeup}. */
  override _wakeup(): void {
    this.#woken = true;
    this.#resume?.();
  }

  /** @internal */
  override _passBegins(ready: ReadyQueue): void {
    const dice = this.#orderDice;
    const mayHaveDead = this.network._anyCrashed;
    if ((dice === undefined && !mayHaveDead) || ready.length === 0) return;
    const items = ready.toArray();
    if (mayHaveDead) buryDead(items);
    if (dice !== undefined) shuffleTasks(items, dice);
    ready.clear();
    for (const item of items) ready.push(item);
  }

  // ---- Network ----------------------------------------------------------------------------------

  /** See {@linkcode BaseEventLoop._resolve}. */
  override _resolve(
    host: string | undefined,
    port: number | string | undefined,
    options: GetAddrInfoOptions,
  ): Promise<AddressInfo[]> {
    return resolve(this.network._world, host, port, options);
  }

  /** See {@linkcode BaseEventLoop.getnameinfo}. */
  override getnameinfo(
    address: AddressInfo["address"],
    options?: GetNameInfoOptions,
  ): Coroutine<NameInfo> {
    const steps = hostCall(this, () => nameOf(this.network._world, address, options), () => {});
    return _coroutineOf(steps, "getnameinfo");
  }

  /** See {@linkcode BaseEventLoop._connect}. */
  override _connect(address: StreamAddress, options: ConnectHookOptions): Promise<StreamSocket> {
    const { _world, _currentBoot } = this.network;
    return connect(_world, _currentBoot, address, options);
  }

  /** See {@linkcode BaseEventLoop._listen}. */
  override _listen(address: StreamAddress, options: ListenHookOptions): Promise<StreamListener> {
    return listen(this.network._currentBoot, address, options);
  }

  /** See {@linkcode BaseEventLoop._bindDatagram}. */
  override _bindDatagram(
    address: { readonly host: string; readonly port: number },
    options: BindDatagramOptions,
  ): Promise<DatagramSocket> {
    const { _world, _currentBoot } = this.network;
    return bindDatagram(_world, _currentBoot, address, options);
  }

  /** See {@linkcode BaseEventLoop._makeSocketTransport}. */
  override _makeSocketTransport(
    socket: StreamSocket,
    protocol: AnyProtocol,
    options?: SocketTransportOptions,
  ): Transport {
    return new SocketTransport(this, socket, protocol, options);
  }

  /** See {@linkcode BaseEventLoop._makeDatagramTransport}. */
  override _makeDatagramTransport(
    socket: DatagramSocket,
    protocol: DatagramProtocol,
    options?: UdpTransportOptions,
  ): DatagramTransport {
    return new UdpTransport(this, socket, protocol, options);
  }

  /** See {@linkcode BaseEventLoop._makeReadPipeTransport}; for streams in memory. */
  override _makeReadPipeTransport(
    pipe: ReadPipe,
    protocol: AnyProtocol,
    options?: PipeTransportOptions,
  ): ReadTransport {
    return new ReadPipeTransport(this, pipe, protocol, options);
  }

  /** See {@linkcode BaseEventLoop._makeWritePipeTransport}; for streams in memory. */
  override _makeWritePipeTransport(
    pipe: WritePipe,
    protocol: BaseProtocolLike,
    options?: PipeTransportOptions,
  ): WriteTransport {
    return new WritePipeTransport(this, pipe, protocol, options);
  }
}

function hostTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Stands where something of a host stood that has crashed. */
const NOTHING: Runnable = { _context: new Context(), _run() {} };

function buryDead(items: Runnable[]): void {
  items.forEach((item, i) => {
    if (item._context.get(currentBoot)?.alive === false) items[i] = NOTHING;
  });
}
