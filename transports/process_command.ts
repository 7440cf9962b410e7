/**
 * What a child process can be asked to be: `PIPE`, `STDOUT`, `DEVNULL`, and the options.
 *
 * asyncio counterpart: the arguments of `loop.subprocess_exec`, which are those of `subprocess.Popen`.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { NotImplementedError } from "../futures/errors.ts";

/** A pipe to this process. */
export const PIPE: -1 = -1;
/**
 * For `stderr` only: the same as `stdout`.
 *
 * **Differs from asyncio** where `stdout` is a pipe and no shell is asked for: it takes the permissions to
 * read the environment and to use the network, and what the program leaves behind in the background
 * holds the pipe open, wherever it writes to.
 */
export const STDOUT: -2 = -2;
/** Nothing: reads end at once, writes are lost. */
export const DEVNULL: -3 = -3;

/**
 * What a descriptor of a child is: {@linkcode PIPE}, {@linkcode DEVNULL}, {@linkcode STDOUT} (for
 * `stderr` only), a descriptor of this process, which the child inherits, or `null` for the one of the
 * same number.
 */
export type Stdio = number | null;

/** What a child process takes beside the program and its arguments. */
export interface SubprocessOptions {
  /**
   * Its standard input.
   * @default PIPE with a protocol of one's own, else `null`
   */
  stdin?: Stdio;
  /**
   * Its standard output.
   * @default PIPE with a protocol of one's own, else `null`
   */
  stdout?: Stdio;
  /**
   * Its error output.
   * @default PIPE with a protocol of one's own, else `null`
   */
  stderr?: Stdio;
  /**
   * Descriptors beyond the first three, by their number in the child. A pipe among them goes both
   * ways. A descriptor of this process can be passed on once, and none of the first three. All this takes
   * the permission to read the environment; `DEVNULL`, that to read and write the null device as well.
   * @default none
   */
  extraFds?: Readonly<Record<number, Stdio>>;
  /**
   * Its working directory.
   * @default that of this process
   */
  cwd?: string | URL;
  /**
   * Its environment, and nothing else.
   * @default that of this process
   */
  env?: Readonly<Record<string, string>>;
  /**
   * Whether it leads a session and a process group of its own, so that signals for this process's
   * group do not reach it.
   * @default false
   */
  startNewSession?: boolean;
  /** The number of the user that it runs as. */
  user?: number;
  /** The number of the group that it runs as. */
  group?: number;
  /**
   * What it is told is its name. It takes the permission to read the environment.
   * @default the program
   */
  argv0?: string;
}

/** A whole command, nothing left to defaults: what `_makeSubprocessTransport()` takes. */
export interface ProcessCommand extends SubprocessOptions {
  /** The program, or the command line of a shell. */
  readonly program: string | URL;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Whether a shell is to run it. */
  readonly shell: boolean;
  /** Its standard input. */
  readonly stdin: Stdio;
  /** Its standard output. */
  readonly stdout: Stdio;
  /** Its error output. */
  readonly stderr: Stdio;
}

const KNOWN = new Set([
  ...["program", "args", "shell", "stdin", "stdout", "stderr"],
  ...["extraFds", "cwd", "env", "startNewSession", "user", "group", "argv0"],
]);

const TEXT = "the pipes of a child carry bytes; use TextDecoder and TextEncoder";
const FORK = "Deno does not let code run in a child before its program";

/** Options of Python's `Popen` that Deno has no way to honour, with the reason. */
const UNAVAILABLE: Record<string, string> = {
  preexecFn: FORK,
  umask: FORK,
  processGroup: `${FORK}; startNewSession makes a new group`,
  extraGroups: FORK,
  passFds: "use extraFds, as in { extraFds: { 3: 3 } }",
  executable: "give it as the program, and the name that it is told as argv0",
  pipesize: "Deno cannot set the size of a pipe",
  bufsize: "pipes are not buffered",
  creationflags: "Deno has no such option",
  startupinfo: "Deno has no such option",
  universalNewlines: TEXT,
  encoding: TEXT,
  errors: TEXT,
  text: TEXT,
};

/**
 * Checks what TypeScript cannot, or was not asked to.
 * @internal
 */
export function checkCommand(command: ProcessCommand): void {
  for (const [key, value] of Object.entries(command)) {
    if (KNOWN.has(key) || value === undefined) continue;
    const reason = UNAVAILABLE[key];
    if (reason === undefined) {
      throw new TypeError(`Cannot start a process: there is no option ${describe(key)}`);
    }
    // What was not asked for need not be refused.
    if (value === null || value === false || value === 0) continue;
    throw new NotImplementedError(`Cannot start a process with ${key}: ${reason}`);
  }
  const { program, args, shell, argv0, stderr, stdout } = command;
  if (typeof program !== "string" && !(program instanceof URL && !shell)) {
    const what = shell ? "the command" : "the program";
    throw new TypeError(
      `Cannot start a process: ${what} must be a string, got ${describe(program)}`,
    );
  }
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === "string")) {
    throw new TypeError(
      `Cannot start a process: the arguments must be an array of strings, got ${describe(args)}`,
    );
  }
  if (shell && argv0 !== undefined) {
    throw new NotImplementedError("Cannot start a shell with argv0: its name is its program");
  }
  checkStdio("stdin", command.stdin);
  checkStdio("stdout", stdout);
  checkStdio("stderr", stderr === STDOUT ? PIPE : stderr);
  const extraFds = checkObject("extraFds", command.extraFds, "{ 3: PIPE }");
  for (const [fd, stdio] of Object.entries(extraFds)) {
    if (!(Number.isInteger(Number(fd)) && Number(fd) >= 3)) {
      throw new RangeError(
        `Cannot start a process: the numbers in extraFds must be 3 or more, got ${fd}`,
      );
    }
    checkStdio(`descriptor ${fd}`, stdio as Stdio);
  }
  checkEnvironment(checkObject("env", command.env, '{ LANG: "C" }'));
  checkDirectory(command.cwd);
  checkNumber("user", command.user);
  checkNumber("group", command.group);
}

function checkObject(name: string, value: unknown, example: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  // An array or a `Map` looks empty to who asks for keys, or has others.
  if (typeof value === "object" && !(Symbol.iterator in value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError(
    `Cannot start a process: ${name} must be an object, as in ${example}, got ${describe(value)}`,
  );
}

function checkEnvironment(env: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== "string") {
      throw new TypeError(
        `Cannot start a process: ${name} in env must be a string, got ${describe(value)}`,
      );
    }
    if (name.includes("=")) {
      throw new RangeError(
        `Cannot start a process: the names in env must be without "=", got ${describe(name)}`,
      );
    }
  }
}

function checkDirectory(cwd: unknown): void {
  if (cwd === undefined || cwd === null || typeof cwd === "string" || cwd instanceof URL) return;
  throw new TypeError(`Cannot start a process: cwd must be a string or URL, got ${describe(cwd)}`);
}

function checkNumber(name: "user" | "group", value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value !== "number") {
    throw new TypeError(
      `Cannot start a process: the ${name} must be given by number, got ${describe(value)}`,
    );
  }
  if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 32 - 1)) {
    throw new RangeError(
      `Cannot start a process: the ${name} must be an integer from 0 to ${
        2 ** 32 - 2
      }, got ${value}`,
    );
  }
}

function checkStdio(name: string, stdio: Stdio): void {
  if (stdio === null || stdio === PIPE || stdio === DEVNULL) return;
  if (typeof stdio === "number" && Number.isInteger(stdio) && stdio >= 0) return;
  const got = stdio === STDOUT ? "STDOUT" : describe(stdio);
  throw new TypeError(
    `Cannot start a process: ${name} must be PIPE, DEVNULL, null or a descriptor, got ${got}`,
  );
}
