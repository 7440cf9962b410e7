/**
 * `subprocessExec()` and `subprocessShell()`.
 *
 * asyncio counterpart: the methods of the same names in `asyncio.base_events`.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { describe } from "../futures/_describe.ts";
import {
  PIPE,
  type ProcessCommand,
  type SubprocessOptions,
} from "../transports/process_command.ts";
import type { SubprocessProtocol } from "../transports/protocol.ts";
import type { SubprocessTransport } from "../transports/subprocess_transport.ts";
import { checkFactory, makeProtocol } from "./_factory.ts";
import type { BaseEventLoop } from "./base_event_loop.ts";

/** `loop.subprocessExec()`. */
export function* subprocessExec<P extends SubprocessProtocol>(
  loop: BaseEventLoop,
  protocolFactory: () => P,
  program: string | URL,
  args: readonly string[] = [],
  options: SubprocessOptions = {},
): Generator<Suspension, [SubprocessTransport, P], unknown> {
  const action = "Cannot start a process";
  if (typeof program !== "string" && !(program instanceof URL)) {
    throw new TypeError(`${action}: the program must be a string or URL, got ${describe(program)}`);
  }
  if (!Array.isArray(args)) {
    throw new TypeError(
      `${action}: the arguments must be an array, as in ["-l", "/"], got ${describe(args)}`,
    );
  }
  return yield* start(loop, protocolFactory, { ...options, program, args, shell: false });
}

/** `loop.subprocessShell()`. */
export function* subprocessShell<P extends SubprocessProtocol>(
  loop: BaseEventLoop,
  protocolFactory: () => P,
  command: string,
  options: SubprocessOptions = {},
): Generator<Suspension, [SubprocessTransport, P], unknown> {
  if (typeof command !== "string") {
    throw new TypeError(
      `Cannot run a shell: the command must be a string, got ${describe(command)}`,
    );
  }
  return yield* start(loop, protocolFactory, {
    ...options,
    program: command,
    args: [],
    shell: true,
  });
}

function* start<P extends SubprocessProtocol>(
  loop: BaseEventLoop,
  protocolFactory: () => P,
  command: Omit<ProcessCommand, "stdin" | "stdout" | "stderr"> & SubprocessOptions,
): Generator<Suspension, [SubprocessTransport, P], unknown> {
  const action = "Cannot start a process";
  checkFactory(action, protocolFactory);
  const { stdin = PIPE, stdout = PIPE, stderr = PIPE } = command;
  const protocol = makeProtocol(action, protocolFactory);
  const transport = yield* loop._makeSubprocessTransport(protocol, {
    ...command,
    stdin,
    stdout,
    stderr,
  });
  return [transport, protocol];
}
