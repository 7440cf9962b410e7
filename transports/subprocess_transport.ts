/**
 * `SubprocessTransport`: a child process with its pipes.
 *
 * asyncio counterpart: `asyncio.transports.SubprocessTransport`.
 *
 * @module
 */

import { BaseTransport } from "./base_transport.ts";

/**
 * The transport of a child process.
 *
 * asyncio name: `SubprocessTransport`.
 */
export abstract class SubprocessTransport extends BaseTransport {
  /**
   * The process identifier.
   *
   * asyncio name: `get_pid`.
   */
  getPid(): number {
    this._missing("getPid");
  }

  /**
   * How the child has ended: its exit status, or the negative number of the signal that ended it;
   * `undefined` while it runs.
   *
   * asyncio name: `get_returncode`.
   */
  getReturncode(): number | undefined {
    this._missing("getReturncode");
  }

  /**
   * The transport of a pipe.
   *
   * asyncio name: `get_pipe_transport`.
   *
   * @param fd the number of the pipe in the child, e.g. 0 for its standard input
   */
  getPipeTransport(_fd: number): BaseTransport | undefined {
    this._missing("getPipeTransport");
  }

  /**
   * Sends a signal to the child.
   *
   * asyncio name: `send_signal`.
   */
  sendSignal(_signal: Deno.Signal): void {
    this._missing("sendSignal");
  }

  /**
   * Asks the child to end (SIGTERM).
   *
   * asyncio name: `terminate`.
   */
  terminate(): void {
    this._missing("terminate");
  }

  /**
   * Ends the child (SIGKILL).
   *
   * asyncio name: `kill`.
   */
  kill(): void {
    this._missing("kill");
  }
}
