/**
 * Child processes with streams: `createSubprocessExec()` and `createSubprocessShell()`.
 *
 * asyncio counterpart: the functions of `asyncio.subprocess`.
 *
 * @module
 */

import type { Suspension } from "../futures/awaitable.ts";
import { _coroutineOf, type Coroutine } from "../futures/coroutine.ts";
import { PIPE, type SubprocessOptions } from "../transports/process_command.ts";
import { Process } from "../transports/subprocess.ts";
import { SubprocessStreamProtocol } from "../transports/subprocess_stream_protocol.ts";
import type { AbstractEventLoop } from "./abstract_event_loop.ts";
import { getRunningLoop } from "./running_loop.ts";
import type { StreamLimit } from "./streams.ts";

/**
 * Starts a program as a child process, for talking to it over streams.
 *
 * A standard stream that is not asked to be a `PIPE` is that of this process.
 *
 * **Cancellation** kills the child.
 *
 * **Differs from asyncio**: the arguments are an array.
 *
 * asyncio name: `create_subprocess_exec`.
 *
 * @param program the program
 * @param args its arguments
 * @param options the longest line, and what `loop.subprocessExec()` takes
 * @throws {Deno.errors.NotFound} when there is no such program or working directory
 * @throws {NotImplementedError} when Deno cannot honour an option
 *
 * @example Reading lines while the child writes them
 * ```ts
 * import { createSubprocessExec, PIPE, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * await run(async () => {
 *   const script = "console.log('one'); console.log('two')";
 *   const child = await createSubprocessExec(Deno.execPath(), ["eval", script], { stdout: PIPE });
 *   for await (const line of child.stdout!) lines.push(new TextDecoder().decode(line));
 *   assertEquals(await child.wait(), 0);
 * });
 * assertEquals(lines, ["one\n", "two\n"]);
 * ```
 */
export function createSubprocessExec(
  program: string | URL,
  args: readonly string[] = [],
  options: SubprocessOptions & StreamLimit = {},
): Coroutine<Process> {
  const steps = create(
    options,
    (loop, factory, rest) => loop.subprocessExec(factory, program, args, rest),
  );
  return _coroutineOf(steps, "createSubprocessExec");
}

/**
 * Lets a shell run a command line, for talking to it over streams; see
 * {@linkcode createSubprocessExec}.
 *
 * asyncio name: `create_subprocess_shell`.
 *
 * @param command the command line; quote what is not yours
 * @param options the longest line, and what `loop.subprocessShell()` takes
 *
 * @example Two programs and a pipe between them
 * ```ts
 * import { createSubprocessShell, PIPE, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const output = await run(async () => {
 *   const child = await createSubprocessShell("echo words | tr a-z A-Z", { stdout: PIPE });
 *   const [stdout] = await child.communicate();
 *   return new TextDecoder().decode(stdout);
 * });
 * assertEquals(output, "WORDS\n");
 * ```
 */
export function createSubprocessShell(
  command: string,
  options: SubprocessOptions & StreamLimit = {},
): Coroutine<Process> {
  const steps = create(
    options,
    (loop, factory, rest) => loop.subprocessShell(factory, command, rest),
  );
  return _coroutineOf(steps, "createSubprocessShell");
}

function* create(
  { limit, ...options }: SubprocessOptions & StreamLimit,
  start: (
    loop: AbstractEventLoop,
    factory: () => SubprocessStreamProtocol,
    options: SubprocessOptions,
  ) => ReturnType<typeof AbstractEventLoop.prototype.subprocessExec<SubprocessStreamProtocol>>,
): Generator<Suspension, Process, unknown> {
  for (const [fd, stdio] of Object.entries(options.extraFds ?? {})) {
    if (stdio === PIPE) {
      throw new TypeError(
        `Cannot start a process with a pipe at descriptor ${fd}: there is no stream for it; use ` +
          "loop.subprocessExec() and a protocol",
      );
    }
  }
  const loop = getRunningLoop();
  const { stdin = null, stdout = null, stderr = null } = options;
  const factory = () => new SubprocessStreamProtocol(limit, loop);
  const [transport, protocol] = yield* start(loop, factory, { ...options, stdin, stdout, stderr });
  return new Process(transport, protocol, loop);
}
