/**
 * `StreamEnd`: one end of a simulated connection, as the program sees it and as its kernel runs it.
 *
 * Like a kernel's, an end takes writes into a buffer of bounded size and goes on sending after the
 * program has closed it; it sends no more than the other end has room for. An end that was closed answers
 * data with a reset, and so does a host that has crashed and come back.
 *
 * States: connecting → open → broken (reset, timed out); at any time, closed by the program.
 *
 * Invariants: at most one read and one write are pending; bytes in the two buffers and on their way are
 * bounded by the sizes of the buffers; promises settle from events of the network or at the call, never
 * in between.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

import type { SocketAddress, StreamSocket } from "../../transports/stream_socket.ts";
import * as errors from "./_errors.ts";
import { CONNECT_LIMIT_MS, Flow, type FlowEnd, type Packet } from "./_flow.ts";
import type { SimulatedHost } from "./simulated_host.ts";
import { type Boot, describeAddress, never, type World } from "./_world.ts";

/** What one end's kernel keeps of what was written, and of what has come, in bytes each. */
const BUFFER_BYTES = 64 * 1024;
/** The longest packet. */
const PACKET_BYTES = 16 * 1024;

interface Pending<T> {
  readonly memory: Uint8Array;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Bytes in a row of arrays. */
class ByteQueue {
  length = 0;
  #chunks: Uint8Array[] = [];
  #start = 0;

  /** Appends bytes, which must not change. */
  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.length += bytes.length;
  }

  /** Takes the first bytes into `memory`. @returns how many */
  takeInto(memory: Uint8Array): number {
    let count = 0;
    while (count < memory.length && this.length > 0) {
      const first = this.#chunks[0]!;
      const part = first.subarray(this.#start, this.#start + memory.length - count);
      memory.set(part, count);
      count += part.length;
      this.length -= part.length;
      this.#start += part.length;
      if (this.#start === first.length) {
        this.#chunks.shift();
        this.#start = 0;
      }
    }
    return count;
  }

  clear(): void {
    this.#chunks = [];
    this.#start = this.length = 0;
  }
}

/** What an end is made with. */
export interface StreamEndOptions {
  readonly localAddr: SocketAddress;
  readonly remoteAddr: SocketAddress;
  /** The host at the other end, where there is one. */
  readonly remote: SimulatedHost | undefined;
}

/** One end of a connection. */
export class StreamEnd implements StreamSocket, FlowEnd {
  /** The address of this end. */
  readonly localAddr: SocketAddress;
  /** The address of the other end. */
  readonly remoteAddr: SocketAddress;
  /** The host that it is on. */
  readonly host: SimulatedHost;
  /** The host at the other end. */
  readonly remote: SimulatedHost | undefined;
  /** What this end sends. */
  readonly out: Flow;
  readonly #world: World;
  readonly #boot: Boot;

  #connecting: { resolve(): void; reject(error: unknown): void } | null = null;
  #broken: Error | null = null;
  #closed = false;

  readonly #received = new ByteQueue();
  #ended = false;
  #reader: Pending<number | null> | null = null;
  // Read, and not yet told to the other end.
  #freed = 0;

  readonly #unsent = new ByteQueue();
  #credit = BUFFER_BYTES;
  #writer: Pending<number> | null = null;
  #endAsked = false;
  #endSent = false;

  /** Makes an end on the host of `boot`. */
  constructor(world: World, boot: Boot, { localAddr, remoteAddr, remote }: StreamEndOptions) {
    this.#world = world;
    this.#boot = boot;
    this.host = boot.host;
    this.localAddr = localAddr;
    this.remoteAddr = remoteAddr;
    this.remote = remote;
    this.out = new Flow(world, this, remote);
    this.out.name = `${describeAddress(localAddr)} > ${describeAddress(remoteAddr)}`;
    this.host._ends.add(this);
  }

  /** Whether the host has crashed since. */
  get dead(): boolean {
    return !this.#boot.alive;
  }

  // ---- Connecting -------------------------------------------------------------------------------

  /** Asks the other end's host for a connection; settles when it has answered. */
  connect(signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (signal?.aborted) {
        this.close();
        return reject(signal.reason);
      }
      const abort = () => {
        if (this.#connecting === null) return;
        this.#connecting = null;
        this.close();
        reject(signal!.reason);
      };
      const settle = <A extends unknown[]>(how: (...args: A) => void) => (...args: A): void => {
        signal?.removeEventListener("abort", abort);
        this.#connecting = null;
        how(...args);
      };
      this.#connecting = { resolve: settle(resolve), reject: settle(reject) };
      signal?.addEventListener("abort", abort);
      this.out.send({ kind: "connect" });
      // The answer may be what does not get through.
      const world = this.#world;
      world.schedule(world.time() + CONNECT_LIMIT_MS, () => {
        if (this.#connecting !== null) this.giveUp();
      });
    });
  }

  // ---- The network's side -----------------------------------------------------------------------

  /** A packet has come. */
  receive(packet: Packet): void {
    if (this.dead) {
      // The host has come back and knows of no such connection.
      if (packet.kind !== "reset") this.#refuse();
      return;
    }
    if (this.#broken !== null) return;
    switch (packet.kind) {
      case "accept":
        if (this.#closed) this.#reset();
        else this.#connecting?.resolve();
        break;
      case "data":
        if (this.#closed) this.#reset();
        else {
          this.#received.push(packet.bytes);
          this.#settleRead();
        }
        break;
      case "end":
        this.#ended = true;
        this.#settleRead();
        this.#forget();
        break;
      case "reset":
        this.fail(this.#connecting === null ? errors.reset() : errors.refused());
        break;
      case "window":
        this.#credit += packet.credit;
        this.#pump();
        break;
    }
  }

  /** Answers for a host that knows of no such connection. */
  #refuse(): void {
    this.out.clear();
    this.out.send({ kind: "reset" });
  }

  #reset(): void {
    this.#refuse();
    this.#break(errors.reset());
  }

  /** Resets the connection. */
  abort(): void {
    if (this.#broken === null) this.#reset();
  }

  /** The other end could not be reached. */
  giveUp(): void {
    this.fail(errors.timedOut());
  }

  /** The connection is broken; what has come can still be read. */
  fail(error: Error): void {
    if (this.#broken !== null) return;
    this.out.clear();
    this.#break(error);
  }

  #break(error: Error): void {
    this.#broken = error;
    this.#unsent.clear();
    this.host._ends.delete(this);
    if (this.dead) return;
    this.#connecting?.reject(error);
    this.#reader?.reject(error);
    this.#writer?.reject(error);
    this.#reader = this.#writer = null;
  }

  /** All that was sent has arrived. */
  drained(): void {
    this.#forget();
  }

  /** Lets the host forget what nobody can use any more. */
  #forget(): void {
    if (this.#closed && this.#endSent && this.out.isEmpty) this.host._ends.delete(this);
  }

  #pump(): void {
    while (this.#credit > 0 && this.#unsent.length > 0) {
      let size = Math.min(this.#credit, PACKET_BYTES, this.#unsent.length);
      if (size > 1 && this.#world.dice.chance(this.out.fragmentation)) {
        size = 1 + this.#world.dice.below(size - 1);
      }
      const bytes = new Uint8Array(size);
      this.#unsent.takeInto(bytes);
      this.#credit -= size;
      this.out.send({ kind: "data", bytes });
    }
    const writer = this.#writer;
    if (writer !== null && this.#unsent.length < BUFFER_BYTES) {
      this.#writer = null;
      writer.resolve(this.#take(writer.memory));
      this.#pump();
    } else if (this.#endAsked && !this.#endSent && this.#unsent.length === 0) {
      this.#endSent = true;
      this.out.send({ kind: "end" });
    }
  }

  #take(memory: Uint8Array): number {
    const part = memory.slice(0, BUFFER_BYTES - this.#unsent.length);
    this.#unsent.push(part);
    return part.length;
  }

  #settleRead(): void {
    const reader = this.#reader;
    if (reader === null || (this.#received.length === 0 && !this.#ended)) return;
    this.#reader = null;
    reader.resolve(this.#received.length > 0 ? this.#hand(reader.memory) : null);
  }

  #hand(memory: Uint8Array): number {
    const count = this.#received.takeInto(memory);
    this.#freed += count;
    if (this.#freed >= BUFFER_BYTES / 4 && this.#broken === null && !this.#ended) {
      this.out.send({ kind: "window", credit: this.#freed });
      this.#freed = 0;
    }
    return count;
  }

  // ---- The program's side -----------------------------------------------------------------------

  /** Reads what is there. */
  read(buffer: Uint8Array): Promise<number | null> {
    if (this.dead) return never();
    if (this.#closed) return Promise.reject(errors.closed("read"));
    if (this.#reader !== null) return Promise.reject(errors.busy("read"));
    if (buffer.length === 0) return Promise.resolve(0);
    if (this.#received.length > 0) return Promise.resolve(this.#hand(buffer));
    if (this.#ended) return Promise.resolve(null);
    if (this.#broken !== null) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => this.#reader = { memory: buffer, resolve, reject });
  }

  /** Writes what the kernel has room for. */
  write(data: Uint8Array): Promise<number> {
    if (this.dead) return never();
    if (this.#closed) return Promise.reject(errors.closed("write"));
    if (this.#writer !== null) return Promise.reject(errors.busy("write"));
    if (this.#broken !== null || this.#endAsked) return Promise.reject(errors.brokenPipe());
    if (this.#unsent.length >= BUFFER_BYTES) {
      return new Promise((resolve, reject) => this.#writer = { memory: data, resolve, reject });
    }
    const count = this.#take(data);
    this.#pump();
    return Promise.resolve(count);
  }

  /** Ends the stream towards the other end. */
  closeWrite(): Promise<void> {
    if (this.dead) return never();
    if (this.#closed) return Promise.reject(errors.closed("end the stream"));
    if (this.#broken !== null) return Promise.reject(errors.brokenPipe());
    this.#endAsked = true;
    this.#pump();
    return Promise.resolve();
  }

  /** Closes the end; what was written goes on to the other, unless there is something unread. */
  close(): void {
    if (this.#closed) throw errors.closed("close");
    this.#closed = true;
    if (this.dead) return;
    const { interrupted } = errors;
    this.#reader?.reject(interrupted());
    this.#writer?.reject(interrupted());
    this.#reader = this.#writer = null;
    if (this.#broken !== null) return;
    if (this.#received.length > 0) {
      this.#received.clear();
      return this.#reset();
    }
    // What has not reached the other end need not.
    if (this.out.sink === undefined) return this.fail(errors.reset());
    this.#endAsked = true;
    this.#pump();
    this.#forget();
  }

  /** Makes no difference here. */
  setNoDelay(): void {}

  /** Makes no difference here: an idle connection is not probed. */
  setKeepAlive(): void {}
}
