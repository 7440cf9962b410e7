/**
 * Starting a child process on Deno.
 *
 * asyncio counterpart: `_UnixSubprocessTransport._start`. `Deno.Command` does it where it can, since it
 * asks for no permission but to run the program; what it lacks is in `_spawn_node.ts`.
 *
 * Invariant: a child that was started is waited for, so none is left as a zombie.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { returncodeOf, returncodeOfFailure } from "./_returncode.ts";
import { ChildInput } from "./_pipe_sink.ts";
import { openSource } from "./_pipe_source.ts";
import { spawnOnNode } from "./_spawn_node.ts";
import type { ReadablePipe, WritablePipe } from "./pipe.ts";
import {
  checkCommand,
  DEVNULL,
  PIPE,
  type ProcessCommand,
  type Stdio,
  STDOUT,
} from "./process_command.ts";
import type { StreamSocket } from "./stream_socket.ts";

/** A child that was started. */
export interface SpawnedChild {
  readonly pid: number;
  /** Its standard input, where it is a pipe. */
  readonly stdin: WritablePipe | undefined;
  /** Its output, where it is a pipe. */
  readonly stdout: ReadablePipe | ReadableStream<Uint8Array> | undefined;
  /** Its error output, where it is a pipe of its own. */
  readonly stderr: ReadablePipe | ReadableStream<Uint8Array> | undefined;
  /** Its further pipes, which go both ways, by the child's descriptor. */
  readonly extra: ReadonlyMap<number, StreamSocket>;
  /** Its return code: what it exited with, or the negative number of the signal that ended it. */
  readonly exited: Promise<number>;
  /** What the host has for it: a `Deno.ChildProcess`, or a `ChildProcess` of `node:child_process`. */
  readonly subprocess: object;
  /**
   * Sends a signal; does nothing when the child has exited.
   * @throws {Deno.errors.PermissionDenied} when the child has changed its user, where the host tells
   */
  kill(signal: Deno.Signal): void;
  /** Lets the process end without it. */
  unref(): void;
}

/** Kills a child; one that has changed its user cannot be killed, and goes on. */
export function killChild(child: SpawnedChild): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}

/** Kills a child that nobody wants, and lets go of its pipes. */
export function abandonChild(child: SpawnedChild): void {
  killChild(child);
  child.stdin?.close();
  for (const pipe of [child.stdout, child.stderr]) {
    if (pipe !== undefined && !(pipe instanceof ReadableStream && pipe.locked)) {
      openSource(pipe).close();
    }
  }
  for (const socket of child.extra.values()) socket.close();
}

/**
 * Starts a child.
 *
 * @throws {TypeError} when an option is unknown or of the wrong kind
 * @throws {NotImplementedError} when an option cannot be honoured
 * @throws {Deno.errors.NotFound} when there is no such program or working directory
 * @throws {Deno.errors.PermissionDenied} when the program may not be executed
 */
export async function spawnChild(command: ProcessCommand): Promise<SpawnedChild> {
  checkCommand(command);
  const plain = withoutShell(command);
  if (needsNode(plain)) return await spawnOnNode(plain);
  return spawnOnDeno(plain);
}

/** The same command with the shell spelt out. */
function withoutShell(command: ProcessCommand): ProcessCommand {
  if (!command.shell) return command;
  if (Deno.build.os === "windows") {
    return { ...command, program: "cmd.exe", args: ["/d", "/s", "/c", `"${command.program}"`] };
  }
  const { program, stderr } = command;
  if (stderr !== STDOUT) {
    return { ...command, shell: false, program: "/bin/sh", args: ["-c", `${program}`] };
  }
  // The shell can merge the two by itself; like this, they are a pipe and not a socket.
  const args = ["-c", 'exec /bin/sh -c "$1" 2>&1', "/bin/sh", `${program}`];
  return { ...command, shell: false, program: "/bin/sh", args, stderr: null };
}

function needsNode({ stdin, stdout, stderr, argv0, extraFds }: ProcessCommand): boolean {
  const isOther = (stdio: Stdio, own: number) =>
    stdio === STDOUT || (stdio !== null && stdio >= 0 && stdio !== own);
  return argv0 !== undefined || Object.keys(extraFds ?? {}).length > 0 ||
    isOther(stdin, 0) || isOther(stdout, 1) || isOther(stderr, 2);
}

const STDIO_NAMES = { [PIPE]: "piped", [DEVNULL]: "null" } as const;

function stdioName(stdio: Stdio): "piped" | "null" | "inherit" {
  return stdio === PIPE || stdio === DEVNULL ? STDIO_NAMES[stdio] : "inherit";
}

function spawnOnDeno(command: ProcessCommand): SpawnedChild {
  const { cwd, env, startNewSession, user, group } = command;
  const child = new Deno.Command(command.program, {
    args: [...command.args],
    stdin: stdioName(command.stdin),
    stdout: stdioName(command.stdout),
    stderr: stdioName(command.stderr),
    windowsRawArguments: command.shell,
    ...(cwd ? { cwd } : {}),
    ...(env ? { env, clearEnv: true } : {}),
    ...(startNewSession ? { detached: true } : {}),
    ...(user === undefined ? {} : { uid: user }),
    ...(group === undefined ? {} : { gid: group }),
  }).spawn();
  return {
    pid: child.pid,
    subprocess: child,
    stdin: command.stdin === PIPE ? new ChildInput(child.stdin) : undefined,
    stdout: command.stdout === PIPE ? child.stdout : undefined,
    stderr: command.stderr === PIPE ? child.stderr : undefined,
    extra: new Map(),
    exited: child.status.then(
      ({ code, signal }) => returncodeOf(code, signal),
      returncodeOfFailure,
    ),
    kill(signal) {
      try {
        child.kill(signal);
      } catch (error) {
        if (!hasExited(error)) throw error;
      }
    },
    unref: () => child.unref(),
  };
}

function hasExited(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("already terminated") ||
    error instanceof Deno.errors.NotFound;
}
