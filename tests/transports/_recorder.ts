/** Protocols that note what they are told. Imported by tests only. */
import { assertEquals } from "@std/assert";
import { getRunningLoop } from "../../loop/mod.ts";
import { BufferedProtocol, Protocol } from "../../transports/protocol.ts";
import type { Transport } from "../../transports/transport.ts";

/** Whether a loop is calling, which every method of a protocol but `pauseWriting()` may rely on. */
function inLoop(): boolean {
  try {
    getRunningLoop();
    return true;
  } catch {
    return false;
  }
}

/** Bytes as one character each. */
export function latin1(data: Uint8Array): string {
  return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
}

/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Bytes that tell where they stand. */
export function pattern(length: number, start = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = start; i < start + length; i++) bytes[i - start] = i * 31 + (i >> 8);
  return bytes;
}

/** Fails unless these are the bytes of the pattern; quick, where there are many. */
export function assertPattern(bytes: Uint8Array, length: number, start = 0): void {
  assertEquals(bytes.length, length);
  const expected = pattern(length, start);
  const wrong = bytes.findIndex((byte, i) => byte !== expected[i]);
  assertEquals(wrong, -1, "the place of the first wrong byte");
}

/** The bytes of several arrays in one. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const chunk of chunks) {
    all.set(chunk, end);
    end += chunk.length;
  }
  return all;
}

/** A protocol that notes all calls, and keeps what it was given. */
export class Recorder extends Protocol {
  transport!: Transport;
  readonly calls: string[] = [];
  readonly chunks: Uint8Array[] = [];
  lostWith: unknown = "not lost";
  keepOpen: unknown = undefined;
  /** Called after a call was noted. */
  on: { [Method in keyof Protocol]?: (...args: never[]) => void } = {};

  #note(method: keyof Protocol, text: string, ...args: unknown[]): void {
    this.calls.push(inLoop() ? text : `${text} outside of the loop`);
    (this.on[method] as ((...args: unknown[]) => void) | undefined)?.(...args);
  }

  get received(): Uint8Array<ArrayBuffer> {
    return joined(this.chunks);
  }

  override connectionMade(transport: Transport): void {
    this.transport = transport;
    this.#note("connectionMade", "made", transport);
  }

  override dataReceived(data: Uint8Array<ArrayBuffer>): void {
    this.chunks.push(data);
    this.#note("dataReceived", `data ${data.length}`, data);
  }

  override eofReceived(): unknown {
    this.#note("eofReceived", "eof");
    return this.keepOpen;
  }

  override pauseWriting(): void {
    this.#note("pauseWriting", "pause");
  }

  override resumeWriting(): void {
    this.#note("resumeWriting", "resume");
  }

  override connectionLost(error: unknown): void {
    this.lostWith = error;
    this.#note("connectionLost", error === undefined ? "lost" : `lost: ${error}`, error);
  }
}

/** The same for a protocol that lends its memory. */
export class BufferedRecorder extends BufferedProtocol {
  transport!: Transport;
  readonly calls: string[] = [];
  readonly chunks: Uint8Array[] = [];
  readonly memory: Uint8Array;
  onUpdated: (() => void) | undefined = undefined;

  constructor(size: number) {
    super();
    this.memory = new Uint8Array(size);
  }

  get received(): Uint8Array<ArrayBuffer> {
    return joined(this.chunks);
  }

  override connectionMade(transport: Transport): void {
    this.transport = transport;
  }

  override getBuffer(sizeHint: number): Uint8Array {
    this.calls.push(`get ${sizeHint}`);
    return this.memory;
  }

  override bufferUpdated(count: number): void {
    this.calls.push(`updated ${count}`);
    this.chunks.push(this.memory.slice(0, count));
    this.onUpdated?.();
  }

  override connectionLost(): void {
    this.calls.push("lost");
  }
}
