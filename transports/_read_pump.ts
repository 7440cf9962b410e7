/**
 * The reading half of a socket transport: from the socket into memory, and from there to the protocol.
 *
 * Invariants: at most one read is pending at the socket; at most one that has come back is kept, when
 * reading is paused, and none is begun while one is kept; after `stop()` the protocol is not called.
 *
 * May be imported by `transports/` only. Not here: memory (`_read_buffer.ts`).
 *
 * @module
 */

import type { DirectSocket } from "./_direct_socket.ts";
import { fillLentMemory, isBuffered, lentMemory } from "./_lent_memory.ts";
import { ReadBuffer } from "./_read_buffer.ts";
import type { AnyProtocol, BufferedProtocolLike, ProtocolLike } from "./protocol.ts";
import type { StreamSocket } from "./stream_socket.ts";

/** What a pump tells its owner. */
export interface ReadPumpOwner {
  /** Something has come, outside of any callback; `run()` is to be called by the loop. */
  _readReady(): void;
  /** The socket has failed, outside of any callback. */
  _readFailed(error: unknown): void;
  /** The stream has ended, and the protocol does not want to keep the connection. */
  _readEnded(): void;
  /** A method of the protocol has returned something, which may be the promise of an async one. */
  _protocolReturned(method: string, result: unknown): void;
  /** A method of the protocol has failed. */
  _protocolFailed(method: string, error: unknown): void;
}

// What `#arrived` holds when it is no number of bytes.
const NOTHING = -1;
const END = -2;

/** Reads, and delivers what was read. */
export class ReadPump {
  /** Whether nothing is to be delivered for now. */
  paused = false;
  /** Whether a read is pending. */
  reading = false;
  readonly #socket: Pick<StreamSocket, "read">;
  readonly #owner: ReadPumpOwner;
  readonly #direct: DirectSocket | null;
  #protocol!: AnyProtocol;
  #buffered = false;
  #stopped = false;
  #ended = false;
  // The read that has come back and was not yet delivered: a number of bytes, NOTHING or END.
  #arrived = NOTHING;
  readonly #own = new ReadBuffer();
  // Where the read puts its bytes, when that is not in `#own`, and the protocol that has lent it.
  #lent: Uint8Array | null = null;
  #lender: AnyProtocol | null = null;

  constructor(
    socket: Pick<StreamSocket, "read">,
    direct: DirectSocket | null,
    owner: ReadPumpOwner,
  ) {
    this.#socket = socket;
    this.#direct = direct;
    this.#owner = owner;
  }

  /** What the bytes are for. */
  get protocol(): AnyProtocol {
    return this.#protocol;
  }

  /** May change while a read is pending; its bytes are for the new one. */
  set protocol(protocol: AnyProtocol) {
    this.#protocol = protocol;
    this.#buffered = isBuffered(protocol);
  }

  /** Delivers the read that has come back, if there is one, and begins the next. Called by the loop. */
  run(): void {
    const arrived = this.#arrived;
    if (this.#stopped || this.paused || this.reading) return;
    if (arrived !== NOTHING) {
      this.#arrived = NOTHING;
      if (arrived === END) return this.#end();
      const lent = this.#lent;
      if (lent === null) this.#feed(this.#own.take(arrived));
      else {
        this.#lent = null;
        if (this.#lender === this.#protocol) this.#updated(arrived);
        else this.#feed(lent.slice(0, arrived) as Uint8Array<ArrayBuffer>);
      }
      if (this.#stopped || this.paused || this.#arrived !== NOTHING) return;
    }
    if (!this.#ended) this.#read();
  }

  /**
   * Notes that the protocol gives memory away.
   *
   * @returns whether it comes from here, and may be given back
   */
  givenAway(memory: ArrayBufferLike): boolean {
    return this.#own.givenAway(memory);
  }

  /** Takes memory back; nobody else has a view of it. */
  giveBack(memory: ArrayBuffer): void {
    this.#own.giveBack(memory);
  }

  /** Delivers nothing more. The memory of a pending read stays in use until the socket is closed. */
  stop(): void {
    this.#stopped = true;
    this.#arrived = NOTHING;
  }

  #read(): void {
    let space: Uint8Array | null;
    if (this.#buffered) {
      space = this.#getBuffer();
      // The protocol may have closed the transport.
      if (space === null || this.#stopped) return;
      this.#lent = space;
      this.#lender = this.#protocol;
    } else {
      space = this.#own.space();
    }
    this.reading = true;
    const direct = this.#direct;
    if (direct !== null) {
      direct.read(space).then(this.#doneDirectly, this.#failed);
      return;
    }
    let read: Promise<number | null>;
    try {
      read = this.#socket.read(space);
    } catch (error) {
      read = Promise.reject(error);
    }
    read.then(this.#done, this.#failed);
  }

  readonly #done = (count: number | null): void => {
    // A read of nothing is no end; it is asked again.
    this.#came(count === null ? END : count === 0 ? NOTHING : count);
  };

  readonly #doneDirectly = (count: number): void => this.#came(count === 0 ? END : count);

  #came(arrived: number): void {
    this.reading = false;
    if (this.#stopped) {
      this.#lent = this.#lender = null;
      return;
    }
    this.#arrived = arrived;
    if (!this.paused) this.#owner._readReady();
  }

  readonly #failed = (error: unknown): void => {
    this.reading = false;
    this.#lent = this.#lender = null;
    if (!this.#stopped) this.#owner._readFailed(error);
  };

  #end(): void {
    this.#ended = true;
    let keepOpen: unknown;
    try {
      keepOpen = this.#protocol.eofReceived();
    } catch (error) {
      return this.#owner._protocolFailed("eofReceived", error);
    }
    if (!keepOpen) this.#owner._readEnded();
    else this.#owner._protocolReturned("eofReceived", keepOpen);
  }

  #feed(data: Uint8Array<ArrayBuffer>): void {
    if (this.#buffered) return this.#feedBuffered(data);
    try {
      const result: unknown = (this.#protocol as ProtocolLike).dataReceived(data);
      if (result !== undefined) this.#owner._protocolReturned("dataReceived", result);
    } catch (error) {
      this.#owner._protocolFailed("dataReceived", error);
    }
  }

  /** Brings bytes to a buffered protocol that were read into other memory than its own. */
  #feedBuffered(data: Uint8Array<ArrayBuffer>): void {
    while (data.length > 0 && !this.#stopped) {
      if (this.paused) {
        this.#lent = data;
        this.#lender = null;
        this.#arrived = data.length;
        return;
      }
      if (!this.#buffered) return this.#feed(data);
      let count: number;
      try {
        count = fillLentMemory(this.#protocol as BufferedProtocolLike, data);
      } catch (error) {
        return this.#owner._protocolFailed("getBuffer", error);
      }
      data = data.subarray(count);
      this.#updated(count);
    }
  }

  #updated(count: number): void {
    try {
      const result: unknown = (this.#protocol as BufferedProtocolLike).bufferUpdated(count);
      if (result !== undefined) this.#owner._protocolReturned("bufferUpdated", result);
    } catch (error) {
      this.#owner._protocolFailed("bufferUpdated", error);
    }
  }

  #getBuffer(): Uint8Array | null {
    try {
      return lentMemory(this.#protocol as BufferedProtocolLike, -1);
    } catch (error) {
      this.#owner._protocolFailed("getBuffer", error);
      return null;
    }
  }
}
