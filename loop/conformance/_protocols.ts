/**
 * Protocols that write down what their transports call, for the cases of the suite.
 *
 * May be imported by this folder only.
 *
 * @module
 */

import type { Future } from "../../futures/future.ts";
import type { DatagramTransport } from "../../transports/datagram_transport.ts";
import { DatagramProtocol, Protocol, SubprocessProtocol } from "../../transports/protocol.ts";
import type { SubprocessTransport } from "../../transports/subprocess_transport.ts";
import type { Transport } from "../../transports/transport.ts";
import type { AbstractEventLoop } from "../abstract_event_loop.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a text. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** So many bytes, no two stretches of them alike. */
export function pattern(length: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(length);
  for (let i = 0; i < length; i++) data[i] = (i * 7 + (i >> 8) * 13) & 0xff;
  return data;
}

/** A protocol of a stream: its calls in order, what it received, and what can be waited for. */
export class Recorder extends Protocol {
  /** The calls, data apart: `made`, `data`, `eof`, `lost`, `pause`, `resume`. */
  readonly calls: string[] = [];
  /** Done when the connection is lost, with the error that came along. */
  readonly lost: Future<unknown>;
  /** Whether `eofReceived()` keeps the connection. */
  keepsOpen = false;
  transport!: Transport;
  /** Called with what comes. */
  onData: (data: Uint8Array) => void = () => {};
  /** Called with the transport. */
  onMade: (transport: Transport) => void = () => {};
  readonly #loop: AbstractEventLoop;
  readonly #chunks: Uint8Array[] = [];
  #count = 0;
  #waiters: [ready: () => boolean, future: Future<void>][] = [];

  constructor(loop: AbstractEventLoop) {
    super();
    this.#loop = loop;
    this.lost = loop.createFuture();
  }

  get received(): Uint8Array {
    const all = new Uint8Array(this.#count);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  get text(): string {
    return decoder.decode(this.received);
  }

  /** The calls without those of the flow control, which are up to how fast the bytes go. */
  get order(): string[] {
    const calls = this.calls.filter((call) => call !== "pause" && call !== "resume");
    return calls.filter((call, i) => call !== "data" || calls[i - 1] !== "data");
  }

  override connectionMade(transport: Transport): void {
    this.transport = transport;
    this.#note("made");
    this.onMade(transport);
  }

  override dataReceived(data: Uint8Array): void {
    this.#chunks.push(data);
    this.#count += data.length;
    if (this.calls.at(-1) !== "data") this.calls.push("data");
    this.onData(data);
    this.#tell();
  }

  override eofReceived(): boolean {
    this.#note("eof");
    return this.keepsOpen;
  }

  override connectionLost(error: unknown): void {
    this.#note("lost");
    if (!this.lost.done()) this.lost.setResult(error);
  }

  override pauseWriting(): void {
    this.#note("pause");
  }

  override resumeWriting(): void {
    this.#note("resume");
  }

  /** Waits until so many bytes have come. */
  async bytesReceived(count: number): Promise<void> {
    await this.#until(() => this.#count >= count);
  }

  /** Waits until something was called. */
  async called(call: string): Promise<void> {
    await this.#until(() => this.calls.includes(call));
  }

  #note(call: string): void {
    this.calls.push(call);
    this.#tell();
  }

  #tell(): void {
    for (const [ready, future] of this.#waiters) {
      if (ready() && !future.done()) future.setResult(undefined);
    }
    this.#waiters = this.#waiters.filter(([, future]) => !future.done());
  }

  async #until(ready: () => boolean): Promise<void> {
    if (ready()) return;
    const future = this.#loop.createFuture<void>();
    this.#waiters.push([ready, future]);
    await future;
  }
}

/** Sends back what comes. */
export class Echo extends Recorder {
  override onData = (data: Uint8Array): void => this.transport.write(data);
}

/** A protocol of datagrams: what came, in order. */
export class DatagramRecorder extends DatagramProtocol {
  readonly calls: string[] = [];
  readonly received: { data: Uint8Array; from: [string, number] }[] = [];
  readonly lost: Future<unknown>;
  transport!: DatagramTransport;
  onDatagram: (data: Uint8Array, from: [string, number]) => void = () => {};
  readonly #loop: AbstractEventLoop;
  #waiter: [count: number, future: Future<void>] | null = null;

  constructor(loop: AbstractEventLoop) {
    super();
    this.#loop = loop;
    this.lost = loop.createFuture();
  }

  override connectionMade(transport: DatagramTransport): void {
    this.transport = transport;
    this.calls.push("made");
  }

  override datagramReceived(data: Uint8Array, from: [string, number]): void {
    this.calls.push("datagram");
    this.received.push({ data, from });
    this.onDatagram(data, from);
    if (this.#waiter !== null && this.received.length >= this.#waiter[0]) {
      this.#waiter[1].setResult(undefined);
      this.#waiter = null;
    }
  }

  override connectionLost(error: unknown): void {
    this.calls.push("lost");
    if (!this.lost.done()) this.lost.setResult(error);
  }

  /** Waits until so many datagrams have come. */
  async datagrams(count: number): Promise<void> {
    if (this.received.length >= count) return;
    const future = this.#loop.createFuture<void>();
    this.#waiter = [count, future];
    await future;
  }
}

/** A protocol of a child process. */
export class ChildRecorder extends SubprocessProtocol {
  readonly calls: string[] = [];
  readonly output: Record<number, string> = { 1: "", 2: "" };
  readonly lost: Future<unknown>;
  transport!: SubprocessTransport;

  constructor(loop: AbstractEventLoop) {
    super();
    this.lost = loop.createFuture();
  }

  override connectionMade(transport: SubprocessTransport): void {
    this.transport = transport;
    this.calls.push("made");
  }

  override pipeDataReceived(fd: number, data: Uint8Array): void {
    this.output[fd] += decoder.decode(data);
  }

  override pipeConnectionLost(fd: number): void {
    this.calls.push(`pipe ${fd} lost`);
  }

  override processExited(): void {
    this.calls.push("exited");
  }

  override connectionLost(error: unknown): void {
    this.calls.push("lost");
    if (!this.lost.done()) this.lost.setResult(error);
  }
}
