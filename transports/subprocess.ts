/**
 * `Process`: a child process as a program sees it.
 *
 * asyncio counterpart: `asyncio.subprocess.Process`.
 *
 * Invariant: output that `communicate()` has collected is never lost: what a call that was given up has
 * read is there for the next.
 *
 * @module
 */

import { type AbortOptions, withSignal } from "../futures/_abort.ts";
import { describe } from "../futures/_describe.ts";
import type { Suspension } from "../futures/awaitable.ts";
import { _coroutineOf, type Coroutine } from "../futures/coroutine.ts";
import { CancelledError, RuntimeError } from "../futures/errors.ts";
import type { FutureLoop } from "../futures/future_loop.ts";
import { gather } from "../futures/gather.ts";
import { bytesOf } from "./_bytes.ts";
import type { StreamReader } from "./stream_reader.ts";
import type { StreamWriter } from "./stream_writer.ts";
import type { SubprocessStreamProtocol } from "./subprocess_stream_protocol.ts";
import type { SubprocessTransport } from "./subprocess_transport.ts";
import type { WritableData } from "./transport.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What the methods of {@linkcode Process} take that wait for the child. */
export interface ProcessWaitOptions extends AbortOptions {
  /**
   * Ends the child when the wait is cancelled or aborted: it is asked to end (SIGTERM), and after so
   * many milliseconds killed (SIGKILL). Only when it has exited, the cancellation goes on. A number, 0
   * or more; with `Infinity` it is not killed.
   * @default the child goes on
   */
  terminateOnCancel?: number;
}

/** What `communicate()` gives: what came from `stdout` and from `stderr`, where those are pipes. */
export type ProcessOutput = [
  stdout: Uint8Array<ArrayBuffer> | undefined,
  stderr: Uint8Array<ArrayBuffer> | undefined,
];

/**
 * A child process, made by `createSubprocessExec()` or `createSubprocessShell()`.
 *
 * With `await using`, a child that still runs at the end of the block is killed.
 *
 * asyncio name: `Process`.
 *
 * @example Asking a program
 * ```ts
 * import { createSubprocessExec, PIPE, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const script = "for await (const x of Deno.stdin.readable) Deno.stdout.write(x.reverse())";
 * const output = await run(async () => {
 *   const pipes = { stdin: PIPE, stdout: PIPE };
 *   await using child = await createSubprocessExec(Deno.execPath(), ["eval", script], pipes);
 *   const [stdout] = await child.communicate(new TextEncoder().encode("desserts"));
 *   assertEquals(child.returncode, 0);
 *   return new TextDecoder().decode(stdout);
 * });
 * assertEquals(output, "stressed");
 * ```
 */
export class Process implements AsyncDisposable {
  /** Where to write what the child reads; `undefined` unless that is a pipe. */
  readonly stdin: StreamWriter | undefined;
  /** What the child writes; `undefined` unless that is a pipe. */
  readonly stdout: StreamReader | undefined;
  /** What the child writes of errors; `undefined` unless that is a pipe of its own. */
  readonly stderr: StreamReader | undefined;
  /** The process identifier. */
  readonly pid: number;

  readonly #transport: SubprocessTransport;
  readonly #protocol: SubprocessStreamProtocol;
  readonly #loop: FutureLoop;
  #inputGiven = false;
  readonly #outputs = new Map<number, Bytes>();

  /**
   * Makes the object; `createSubprocessExec()` does it for a program.
   *
   * @param transport the transport of the child
   * @param protocol its protocol, which has the transport already
   * @param loop the loop
   */
  constructor(
    transport: SubprocessTransport,
    protocol: SubprocessStreamProtocol,
    loop: FutureLoop,
  ) {
    this.#transport = transport;
    this.#protocol = protocol;
    this.#loop = loop;
    this.stdin = protocol.stdin;
    this.stdout = protocol.stdout;
    this.stderr = protocol.stderr;
    this.pid = transport.getPid();
  }

  /**
   * How the child has ended: its exit status, or the negative number of the signal that ended it;
   * `undefined` while it runs.
   */
  get returncode(): number | undefined {
    return this.#transport.getReturncode();
  }

  /**
   * Sends a signal to the child; does nothing when it has just exited.
   *
   * asyncio name: `send_signal`.
   *
   * @throws {Deno.errors.NotFound} when it has exited and its pipes are closed
   */
  sendSignal(signal: Deno.Signal): void {
    this.#transport.sendSignal(signal);
  }

  /**
   * Asks the child to end (SIGTERM).
   *
   * asyncio name: `terminate`.
   *
   * @throws {Deno.errors.NotFound} when it has exited and its pipes are closed
   */
  terminate(): void {
    this.#transport.terminate();
  }

  /**
   * Ends the child (SIGKILL).
   *
   * asyncio name: `kill`.
   *
   * @throws {Deno.errors.NotFound} when it has exited and its pipes are closed
   */
  kill(): void {
    this.#transport.kill();
  }

  /**
   * Waits until the child has exited, whoever may hold its pipes.
   *
   * A child that writes to a pipe which nobody reads never exits; `communicate()` reads.
   *
   * **Cancellation** ends the wait only, unless `terminateOnCancel` is given.
   *
   * asyncio name: `wait`.
   *
   * @param options signal, and whether to end the child when the wait ends early
   * @returns the return code
   * @throws {TypeError} when `terminateOnCancel` is no number
   * @throws {RangeError} when `terminateOnCancel` is negative or NaN
   */
  wait(options: ProcessWaitOptions = {}): Coroutine<number> {
    return this.#waiting(this.#wait(), "wait", options);
  }

  *#wait(): Generator<Suspension, number, unknown> {
    yield* this.#protocol._until("exited");
    return this.returncode!;
  }

  /**
   * Writes to the child's standard input, reads its output to the end, and waits until it has exited.
   *
   * **Cancellation** ends the wait only, unless `terminateOnCancel` is given. Call it again, without the
   * input, and it takes up where it was: all output is in the result of the call that succeeds, and of
   * those after it.
   *
   * **Differs from asyncio**, which loses what a cancelled call has read.
   *
   * asyncio name: `communicate`.
   *
   * @param input the bytes to write, after which the standard input is closed
   * @param options signal, and whether to end the child when the wait ends early
   * @returns what came from `stdout` and `stderr`
   * @throws {RuntimeError} when input is given, but was before, or `stdin` is no pipe
   * @throws {TypeError} when the input is no bytes, or `terminateOnCancel` no number
   * @throws {RangeError} when `terminateOnCancel` is negative or NaN
   */
  communicate(
    input?: WritableData,
    options: ProcessWaitOptions = {},
  ): Coroutine<ProcessOutput> {
    return this.#waiting(this.#communicate(input), "communicate", options);
  }

  *#communicate(input: WritableData | undefined): Generator<Suspension, ProcessOutput, unknown> {
    const bytes = input === undefined || input === null ? undefined : bytesOf(input);
    if (bytes !== undefined) this.#checkInput();
    yield* gather(
      _coroutineOf(this.#feed(bytes), "feed"),
      _coroutineOf(this.#collect(1, this.stdout), "read stdout"),
      _coroutineOf(this.#collect(2, this.stderr), "read stderr"),
    );
    yield* this.#wait();
    return [this.#outputs.get(1), this.#outputs.get(2)];
  }

  #checkInput(): void {
    if (this.stdin === undefined) {
      throw new RuntimeError("Cannot send input to a child: its standard input is no pipe");
    }
    if (this.#inputGiven) {
      throw new RuntimeError(
        "Cannot send input to a child: communicate() was given it before; call it without to go on",
      );
    }
    this.#inputGiven = true;
  }

  *#feed(input: Uint8Array | undefined): Generator<Suspension, void, unknown> {
    const { stdin } = this;
    if (stdin === undefined) return;
    try {
      if (input !== undefined) stdin.write(input);
      yield* stdin.drain();
    } catch (error) {
      // A child need not read all that it is given.
      if (
        !(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)
      ) throw error;
    }
    stdin.close();
  }

  *#collect(
    fd: number,
    reader: StreamReader | undefined,
  ): Generator<Suspension, void, unknown> {
    if (reader === undefined || this.#outputs.has(fd)) return;
    this.#outputs.set(fd, yield* reader.read());
    this.#transport.getPipeTransport(fd)?.close();
  }

  #waiting<T>(
    work: Generator<Suspension, T, unknown>,
    name: string,
    { signal, terminateOnCancel }: ProcessWaitOptions,
  ): Coroutine<T> {
    checkGrace(terminateOnCancel);
    const steps = terminateOnCancel === undefined ? work : this.#orEnd(work, terminateOnCancel);
    return withSignal(_coroutineOf(steps, name), signal);
  }

  *#orEnd<T>(
    work: Generator<Suspension, T, unknown>,
    graceMs: number,
  ): Generator<Suspension, T, unknown> {
    try {
      return yield* work;
    } catch (error) {
      if (error instanceof CancelledError && this.returncode === undefined) {
        yield* this.#end(graceMs);
      }
      throw error;
    }
  }

  /** Asks the child to end, and kills it when it does not in time, or when there is no time left. */
  *#end(graceMs: number): Generator<Suspension, void, unknown> {
    this.terminate();
    const timer = this.#loop.callLater(graceMs, () => this.kill());
    try {
      yield* this.#protocol._until("exited");
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** Kills the child if it still runs, and waits until it has exited and its pipes are closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport.close();
    await _coroutineOf(this.#protocol._until("lost"), "dispose");
  }

  /** For messages. */
  toString(): string {
    return `<Process ${this.pid}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

function checkGrace(graceMs: number | undefined): void {
  if (graceMs === undefined) return;
  const action = "Cannot wait for a child: terminateOnCancel";
  if (typeof graceMs !== "number") {
    throw new TypeError(
      `${action} must be a number of milliseconds, as in { terminateOnCancel: 5_000 }, got ` +
        describe(graceMs),
    );
  }
  if (!(graceMs >= 0)) throw new RangeError(`${action} must be 0 ms or more, got ${graceMs}`);
}
