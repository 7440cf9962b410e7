/**
 * Starting a child process through `node:child_process`, which can do what `Deno.Command` cannot: pass
 * descriptors on, make further pipes, tell the child another name. It asks for the permissions to read
 * the environment and to run the program.
 *
 * To merge the error output into the output, both are one end of a Unix socket, which asks for the
 * permission to use the network. A child that opens `/dev/stdout` by name finds that it cannot; there is
 * no way to a pipe of one's own here. And Deno leaves the child two more copies of that end, by numbers
 * that nobody knows: what goes on in the background holds the output open although it has closed its
 * own. A shell does better, see `withoutShell()`.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { devNull } from "node:os";
import { fileURLToPath } from "node:url";
import { NotImplementedError } from "../futures/errors.ts";
import { fromNodeError } from "./_node_error.ts";
import { exitOf, sendSignal } from "./_node_exit.ts";
import { NodeStreamSocket } from "./_node_stream_socket.ts";
import type { SpawnedChild } from "./_spawn.ts";
import { DEVNULL, PIPE, type ProcessCommand, type Stdio, STDOUT } from "./process_command.ts";
import type { StreamSocket } from "./stream_socket.ts";

/** Starts a child; see `spawnChild()`. */
export async function spawnOnNode(command: ProcessCommand): Promise<SpawnedChild> {
  const merged = command.stderr === STDOUT && command.stdout === PIPE ? await openPair() : null;
  try {
    const child = start(command, merged?.theirs);
    if (child.pid === undefined) throw await failure(child, command);
    return wrap(child, child.pid, command, merged?.ours);
  } catch (error) {
    merged?.ours.close();
    throw fromNodeError(error);
  } finally {
    merged?.theirs.destroy();
  }
}

function start(command: ProcessCommand, merged: Socket | undefined): ChildProcess {
  const { stdin, stdout, stderr, cwd, env, user, group } = command;
  const stdio: ChildStdio[] = [stdioFor(stdin, 0), merged ?? stdioFor(stdout, 1)];
  stdio.push(stderr !== STDOUT ? stdioFor(stderr, 2) : stdio[1]!);
  const opened = addExtra(stdio, command.extraFds ?? {});
  try {
    return spawn(literally(pathOf(command.program)), command.args.map(boxed), {
      stdio: stdio as StdioOptions,
      argv0: command.argv0 ?? pathOf(command.program),
      cwd,
      // A copy, as Node adds to it.
      env: env && { ...env },
      detached: Boolean(command.startNewSession),
      windowsVerbatimArguments: command.shell,
      ...(user === undefined ? {} : { uid: user }),
      ...(group === undefined ? {} : { gid: group }),
    });
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/** A descriptor of a child as Node takes it. */
type ChildStdio = string | number | Socket;

/** Adds the descriptors beyond the first three; what was opened for them is to be closed. */
function addExtra(stdio: ChildStdio[], extraFds: Readonly<Record<number, Stdio>>): number[] {
  // Deno moves them one after the other, when the first three are in place already; of what it has
  // moved, the old number is closed in the child.
  const gone = new Set<ChildStdio>([0, 1, 2]);
  const opened: number[] = [];
  for (const [key, extra] of Object.entries(extraFds)) {
    const fd = Number(key);
    const source = stdioFor(extra, fd);
    if (gone.has(source)) {
      throw new NotImplementedError(
        `Cannot pass descriptor ${source} on as ${fd}: Deno does so with none of the first three, and ` +
          "with no other twice or after its number was given out; open the file once more",
      );
    }
    gone.add(fd);
    if (typeof source === "number") gone.add(source);
  }
  for (const [key, extra] of Object.entries(extraFds)) {
    while (stdio.length < Number(key)) stdio.push("ignore");
    // Left to Node, it would not be open.
    if (extra === DEVNULL) opened.push(openSync(devNull, "r+"));
    stdio[Number(key)] = extra === DEVNULL ? opened.at(-1)! : stdioFor(extra, Number(key));
  }
  return opened;
}

function pathOf(program: string | URL): string {
  return program instanceof URL ? fileURLToPath(program) : program;
}

/*
 * Where a program or its arguments name Deno, Node's module takes what follows for arguments of Node: it
 * changes them, and gives that Deno all permissions. It compares strings to find out; so the path is
 * spelt in another way, and the arguments are not strings until it makes them such.
 */

function literally(program: string): string {
  return program === Deno.execPath() ? program.replace(/[/\\]/, "$&./") : program;
}

function boxed(argument: string): string {
  return Object(argument);
}

function stdioFor(stdio: Stdio, fd: number): string | number {
  if (stdio === PIPE) return "pipe";
  if (stdio === DEVNULL) return "ignore";
  return stdio ?? fd;
}

/** Why a child could not be started; Node tells it with an event. */
async function failure(child: ChildProcess, command: ProcessCommand): Promise<unknown> {
  const error = await new Promise((resolve) => child.once("error", resolve));
  return fromNodeError(error, `Failed to spawn '${command.program}'`);
}

function wrap(
  child: ChildProcess,
  pid: number,
  command: ProcessCommand,
  merged: StreamSocket | undefined,
): SpawnedChild {
  const pipe = (fd: number) => {
    const socket = child.stdio[fd] as Socket | null | undefined;
    return socket === null || socket === undefined ? undefined : new NodeStreamSocket(socket);
  };
  const stdin = pipe(0);
  // Node closes what stands here with each signal that is sent, and when the child has exited; a child
  // may live through a signal, and a grandchild may read on.
  child.stdin = null;
  const extra = new Map<number, StreamSocket>();
  for (const [fd, stdio] of Object.entries(command.extraFds ?? {})) {
    if (stdio === PIPE) extra.set(Number(fd), pipe(Number(fd))!);
  }
  return {
    pid,
    subprocess: child,
    stdin,
    stdout: merged ?? pipe(1),
    stderr: pipe(2),
    extra,
    exited: exitOf(child),
    kill: (signal) => void sendSignal(child, signal),
    unref: () => child.unref(),
  };
}

/** Two connected ends: one to read from, one for the child, in the shape that Node passes on. */
async function openPair(): Promise<{ ours: Deno.Conn; theirs: Socket }> {
  if (Deno.build.os !== "linux") {
    throw new NotImplementedError(
      "Cannot merge stderr into stdout: outside of Linux this takes a shell, as in " +
        "subprocessShell(…, { stderr: STDOUT })",
    );
  }
  const path = `\0asyncio-${crypto.randomUUID()}`;
  using listener = Deno.listen({ transport: "unix", path });
  const theirs = connect({ path });
  const connected = new Promise<void>((resolve, reject) => {
    theirs.once("connect", resolve);
    theirs.once("error", reject);
  });
  try {
    const [ours] = await Promise.all([listener.accept(), connected]);
    return { ours, theirs };
  } catch (error) {
    theirs.destroy();
    throw error;
  }
}
