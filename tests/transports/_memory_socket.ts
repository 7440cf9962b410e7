/**
 * Connections in memory, for tests of transports: two ends with a small kernel between them.
 *
 * Like Deno's, an end copies nothing before it is taken, may take a part of a write, and lets a read
 * pend until there is something. Imported by tests only.
 */
import type { StreamSocket } from "../../transports/stream_socket.ts";

interface Pending<T> {
  memory: Uint8Array;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** One direction. */
class Channel {
  readonly #capacity: number;
  #bytes: number[] = [];
  #ended = false;
  reader: Pending<number | null> | null = null;
  writer: Pending<number> | null = null;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#bytes.length;
  }

  end(): void {
    this.#ended = true;
    this.settle();
  }

  settle(): void {
    const { writer } = this;
    const room = this.#capacity - this.#bytes.length;
    if (writer !== null && (this.#ended || room > 0)) {
      this.writer = null;
      if (this.#ended) writer.reject(new Deno.errors.BrokenPipe("Broken pipe"));
      else {
        const part = writer.memory.subarray(0, room);
        this.#bytes.push(...part);
        writer.resolve(part.length);
      }
    }
    const { reader } = this;
    if (reader !== null && (this.#ended || this.#bytes.length > 0)) {
      this.reader = null;
      const part = this.#bytes.splice(0, reader.memory.length);
      reader.memory.set(part);
      reader.resolve(part.length > 0 ? part.length : null);
      this.settle();
    }
  }
}

/** One end. */
export class MemorySocket implements StreamSocket {
  readonly localAddr = { transport: "memory", name: "here" };
  readonly remoteAddr = { transport: "memory", name: "there" };
  /** The sizes of the memory that reads were given. */
  readonly reads: number[] = [];
  /** The sizes of the writes. */
  readonly writes: number[] = [];
  /** The memory of the last read. */
  lastRead: Uint8Array | null = null;
  closed = false;
  noDelay: boolean | undefined = undefined;
  readonly #in: Channel;
  readonly #out: Channel;

  constructor(incoming: Channel, outgoing: Channel) {
    this.#in = incoming;
    this.#out = outgoing;
  }

  /** How many bytes have come and were not read. */
  get available(): number {
    return this.#in.length;
  }

  get isReadPending(): boolean {
    return this.#in.reader !== null;
  }

  #check(): void {
    if (this.closed) throw new Deno.errors.BadResource("Bad resource ID");
  }

  // deno-lint-ignore require-await
  async read(memory: Uint8Array): Promise<number | null> {
    this.#check();
    this.reads.push(memory.length);
    this.lastRead = memory;
    return new Promise((resolve, reject) => {
      this.#in.reader = { memory, resolve, reject };
      this.#in.settle();
    });
  }

  // deno-lint-ignore require-await
  async write(memory: Uint8Array): Promise<number> {
    this.#check();
    this.writes.push(memory.length);
    return new Promise((resolve, reject) => {
      this.#out.writer = { memory, resolve, reject };
      this.#out.settle();
    });
  }

  // deno-lint-ignore require-await
  async closeWrite(): Promise<void> {
    this.#check();
    this.#out.end();
  }

  close(): void {
    this.#check();
    this.closed = true;
    this.fail(new Deno.errors.Interrupted("operation canceled"));
    this.#out.end();
  }

  setNoDelay(noDelay = true): void {
    this.noDelay = noDelay;
  }

  /** Lets what is pending here fail. */
  fail(error: unknown): void {
    const { reader } = this.#in;
    this.#in.reader = null;
    reader?.reject(error);
    const { writer } = this.#out;
    this.#out.writer = null;
    writer?.reject(error);
  }

  /** Reads all that has come. */
  async readAll(): Promise<Uint8Array> {
    const memory = new Uint8Array(this.#in.length);
    return memory.length === 0 ? memory : memory.subarray(0, (await this.read(memory))!);
  }

  /** Reads to the end of the stream. */
  async readToEnd(): Promise<Uint8Array> {
    const bytes: number[] = [];
    const memory = new Uint8Array(1000);
    for (;;) {
      const count = await this.read(memory);
      if (count === null) return Uint8Array.from(bytes);
      bytes.push(...memory.subarray(0, count));
    }
  }
}

/**
 * Makes a connection.
 *
 * @param capacity how many bytes are on their way at most, in each direction
 */
export function memoryPair(capacity = 65_536): [MemorySocket, MemorySocket] {
  const there = new Channel(capacity);
  const back = new Channel(capacity);
  return [new MemorySocket(back, there), new MemorySocket(there, back)];
}
