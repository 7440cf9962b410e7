/**
 * The `sock…` methods: connections as sockets, without transport and protocol.
 *
 * asyncio counterpart: the methods of the same names in `asyncio.selector_events`.
 *
 * A read or an accept of the host cannot be taken back. When a wait for one is cancelled, it stays
 * under way, and what it brings is kept for the next call on the same socket.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { CancelledError } from "../futures/errors.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import type { StreamListener, StreamSocket } from "../transports/stream_socket.ts";
import { bytesOf, checkByteCount } from "../transports/_bytes.ts";
import type { WritableData } from "../transports/transport.ts";
import { hostCall } from "./_host_call.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The answer to one call of the host. */
interface Answer<T> {
  readonly promise: Promise<T>;
  isWaitedFor: boolean;
}

/**
 * Calls of the host whose answers nobody has taken, by socket, in the order in which they come.
 *
 * Of several on one socket, each waits for those before: the host may refuse two at a time.
 */
export class Kept<S extends object, T> {
  readonly #answers = new WeakMap<S, Answer<T>[]>();

  /** The answer to the first call that nobody waits for, or to a new one; each is told once. */
  *call(loop: FutureLoop, socket: S, start: () => Promise<T>): Generator<Suspension, T, unknown> {
    const answers = this.#of(socket);
    let answer = answers.find((each) => !each.isWaitedFor);
    if (answer === undefined) {
      const promise = answers.at(-1)?.promise.then(start, start) ?? start();
      answers.push(answer = { promise, isWaitedFor: true });
    }
    const { promise } = answer;
    answer.isWaitedFor = true;
    let isTaken = false;
    try {
      const value = yield* hostCall(loop, () => promise, () => {});
      isTaken = true;
      return value;
    } catch (error) {
      isTaken = !(error instanceof CancelledError);
      throw error;
    } finally {
      if (isTaken) answers.splice(answers.indexOf(answer), 1);
      else answer.isWaitedFor = false;
    }
  }

  /** Keeps an answer for the next call. */
  keep(socket: S, answer: T): void {
    this.#of(socket).unshift({ promise: Promise.resolve(answer), isWaitedFor: false });
  }

  #of(socket: S): Answer<T>[] {
    let answers = this.#answers.get(socket);
    if (answers === undefined) this.#answers.set(socket, answers = []);
    return answers;
  }
}

const reads = new Kept<StreamSocket, Bytes>();
const accepts = new Kept<StreamListener, StreamSocket>();

async function read(socket: StreamSocket, count: number): Promise<Bytes> {
  const buffer = new Uint8Array(count);
  const length = await socket.read(buffer) ?? 0;
  return length === count ? buffer : buffer.slice(0, length);
}

/** `loop.sockRecv()`. */
export function* receive(
  loop: FutureLoop,
  socket: StreamSocket,
  count: number,
): Generator<Suspension, Bytes, unknown> {
  checkByteCount("receive", count, 0);
  if (count === 0) return new Uint8Array(0);
  const bytes = yield* reads.call(loop, socket, () => read(socket, count));
  // An earlier call may have asked for more.
  if (bytes.length <= count) return bytes;
  reads.keep(socket, bytes.slice(count));
  return bytes.slice(0, count);
}

/** `loop.sockRecvInto()`. */
export function* receiveInto(
  loop: FutureLoop,
  socket: StreamSocket,
  buffer: Uint8Array,
): Generator<Suspension, number, unknown> {
  const bytes = yield* receive(loop, socket, buffer.length);
  buffer.set(bytes);
  return bytes.length;
}

/** `loop.sockSendall()`. */
export function* sendAll(
  loop: FutureLoop,
  socket: StreamSocket,
  data: WritableData,
): Generator<Suspension, void, unknown> {
  // A copy: the host looks at the bytes after this call, and nobody may change them then.
  let rest: Uint8Array = bytesOf(data).slice();
  while (rest.length > 0) {
    const bytes = rest;
    const count = yield* hostCall(loop, () => socket.write(bytes), () => {});
    rest = rest.subarray(count);
  }
}

/** Whether the connection to be accepted has ended already: nobody's fault, and no reason to wait. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}

/** `loop.sockAccept()`. */
export function* accept(
  loop: FutureLoop,
  listener: StreamListener,
): Generator<Suspension, [StreamSocket, StreamSocket["remoteAddr"]], unknown> {
  for (;;) {
    try {
      const socket = yield* accepts.call(loop, listener, () => listener.accept());
      return [socket, socket.remoteAddr];
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}
