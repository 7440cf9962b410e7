/** `ProcessTransport` and `startProcess()`: the order of calls in memory, then real children. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  ContextVar,
  createTask,
  NotImplementedError,
  sleep,
} from "../../futures/mod.ts";
import { type DenoEventLoop, newEventLoop } from "../../loop/mod.ts";
import type { SpawnedChild } from "../../transports/_spawn.ts";
import type { BaseTransport } from "../../transports/base_transport.ts";
import {
  DEVNULL,
  PIPE,
  type ProcessCommand,
  STDOUT,
  type SubprocessOptions,
} from "../../transports/process_command.ts";
import { ProcessTransport, startProcess } from "../../transports/process_transport.ts";
import { SubprocessProtocol } from "../../transports/protocol.ts";
import { ReadPipeTransport } from "../../transports/read_pipe_transport.ts";
import type { SubprocessTransport } from "../../transports/subprocess_transport.ts";
import type { ReadTransport, Transport, WriteTransport } from "../../transports/transport.ts";
import { WritePipeTransport } from "../../transports/write_pipe_transport.ts";
import { testRealLoop, type Trial } from "../_helpers.ts";
import { isMissing, settle } from "./_programs.ts";
import { ascii, joined, latin1, pattern } from "./_recorder.ts";

class ProcessRecorder extends SubprocessProtocol {
  transport!: SubprocessTransport;
  readonly calls: string[] = [];
  readonly #chunks = new Map<number, Uint8Array[]>();
  readonly #wakers: (() => void)[] = [];
  /** Called after a call was noted. */
  on: { [Method in keyof SubprocessProtocol]?: (...args: never[]) => void } = {};

  #note(method: keyof SubprocessProtocol, text: string): void {
    // Data may come in any number of pieces.
    if (this.calls.at(-1) !== text || method !== "pipeDataReceived") this.calls.push(text);
    for (const wake of this.#wakers.splice(0)) wake();
    this.on[method]?.();
  }

  /** Waits until a call was noted. */
  async until(text: string): Promise<void> {
    while (!this.calls.includes(text)) {
      await new Promise<void>((resolve) => this.#wakers.push(resolve));
    }
  }

  /** What the child has written to a pipe. */
  bytes(fd: number): Uint8Array {
    return joined(this.#chunks.get(fd) ?? []);
  }

  text(fd: number): string {
    return latin1(this.bytes(fd));
  }

  override connectionMade(transport: SubprocessTransport): void {
    this.transport = transport;
    this.#note("connectionMade", "made");
  }

  override pipeDataReceived(fd: number, data: Uint8Array<ArrayBuffer>): void {
    this.#chunks.set(fd, [...this.#chunks.get(fd) ?? [], data]);
    this.#note("pipeDataReceived", `data ${fd}`);
  }

  override pipeConnectionLost(fd: number, error: unknown): void {
    this.#note("pipeConnectionLost", `pipe ${fd} lost${error === undefined ? "" : `: ${error}`}`);
  }

  override processExited(): void {
    this.#note("processExited", `exited ${this.transport.getReturncode()}`);
  }

  override pauseWriting(): void {
    this.#note("pauseWriting", "pause");
  }

  override resumeWriting(): void {
    this.#note("resumeWriting", "resume");
  }

  override connectionLost(error: unknown): void {
    this.#note("connectionLost", error === undefined ? "lost" : `lost: ${error}`);
  }
}

// ---- In memory ------------------------------------------------------------------------------------

/** A child in memory: the test decides what it does. */
class MemoryChild implements SpawnedChild {
  readonly pid = 4711;
  readonly subprocess = {};
  readonly signals: string[] = [];
  readonly #exit = Promise.withResolvers<number>();
  readonly exited = this.#exit.promise;
  readonly extra = new Map();
  out!: ReadableStreamDefaultController<Uint8Array>;
  err!: ReadableStreamDefaultController<Uint8Array>;
  readonly written: string[] = [];
  #failWrite: ((error: unknown) => void) | null = null;
  reads = true;
  /** As a child that has changed its user. */
  refuses = false;
  inputClosed = 0;
  readonly stdin = {
    write: (data: Uint8Array): Promise<number> => {
      this.written.push(latin1(data));
      if (this.reads) return Promise.resolve(data.length);
      return new Promise((_, reject) => this.#failWrite = reject);
    },
    close: (): void => void this.inputClosed++,
  };
  readonly cancelled: number[] = [];
  readonly stdout = this.#stream(1, (controller) => this.out = controller);
  readonly stderr = this.#stream(2, (controller) => this.err = controller);

  #stream(
    fd: number,
    start: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
  ): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({ start, cancel: () => void this.cancelled.push(fd) });
  }

  kill(signal: Deno.Signal): void {
    if (this.refuses) throw new Deno.errors.PermissionDenied("EPERM");
    this.signals.push(signal);
  }

  unref(): void {
    this.signals.push("unref");
  }

  exit(returncode: number): void {
    this.#failWrite?.(new Deno.errors.BrokenPipe("nobody reads"));
    this.#exit.resolve(returncode);
  }
}

function testProcess(name: string, main: (t: Trial<DenoEventLoop>) => Promise<void>): void {
  testRealLoop(name, newEventLoop, async (t) => {
    await t.loop.runUntilComplete(() => main(t));
  });
}

interface Setup {
  child: MemoryChild;
  protocol: ProcessRecorder;
  transport: ProcessTransport;
}

async function started(t: Trial<DenoEventLoop>): Promise<Setup> {
  const child = new MemoryChild();
  const protocol = new ProcessRecorder();
  const transport = new ProcessTransport(t.loop, child, protocol);
  await settle();
  assertEquals(protocol.calls.splice(0), ["made"]);
  return { child, protocol, transport };
}

/** Lets a child end, with all of its pipes. */
async function end({ child, protocol }: Setup, returncode = 0): Promise<void> {
  child.exit(returncode);
  for (const controller of [child.out, child.err]) {
    try {
      controller.close();
    } catch {
      // It is closed.
    }
  }
  await settle();
  assertEquals(protocol.calls.at(-1), "lost");
}

testProcess(
  "ProcessTransport calls connectionMade() with all pipes there, then its waiter is done",
  async (t) => {
    const child = new MemoryChild();
    const protocol = new ProcessRecorder();
    const waiter = t.loop.createFuture<void>();
    const pipes: (BaseTransport | undefined)[] = [];
    protocol.on.connectionMade = () => {
      for (let fd = 0; fd < 4; fd++) pipes.push(protocol.transport.getPipeTransport(fd));
    };
    child.out.enqueue(ascii("early"));
    const transport = new ProcessTransport(t.loop, child, protocol, waiter);
    waiter.addDoneCallback(() => protocol.calls.push("waiter"));
    assertEquals(protocol.calls, []);
    await waiter;
    await settle();
    assertEquals(protocol.calls, ["made", "waiter", "data 1"]);
    assertInstanceOf(pipes[0], WritePipeTransport);
    assertInstanceOf(pipes[1], ReadPipeTransport);
    assertInstanceOf(pipes[2], ReadPipeTransport);
    assertEquals(pipes[3], undefined);
    assertEquals([transport.getPid(), transport.getReturncode()], [4711, undefined]);
    assertStrictEquals(transport.getExtraInfo("subprocess"), child.subprocess);
    await end({ child, protocol, transport });
  },
);

testProcess("ProcessTransport tells the exit first when pipes are held longer", async (t) => {
  const { child, protocol, transport } = await started(t);
  child.exit(3);
  await settle();
  assertEquals(protocol.calls.splice(0), ["exited 3"]);
  assertEquals(transport.getReturncode(), 3);
  // Whoever holds the output may read the input as well.
  (transport.getPipeTransport(0) as WriteTransport).write(ascii("for a grandchild"));
  child.err.close();
  child.out.enqueue(ascii("late"));
  await settle();
  assertEquals(protocol.calls.splice(0).sort(), ["data 1", "pipe 2 lost"]);
  assertEquals([child.written, child.inputClosed], [["for a grandchild"], 0]);
  child.out.close();
  await settle();
  assertEquals(protocol.calls, ["pipe 1 lost", "pipe 0 lost", "lost"]);
  assertEquals([child.inputClosed, transport.isClosing()], [1, true]);
});

testProcess("ProcessTransport tells of pipes first when they end earlier", async (t) => {
  const { child, protocol } = await started(t);
  child.out.close();
  child.err.close();
  await settle();
  child.exit(0);
  await settle();
  assertEquals(protocol.calls, ["pipe 1 lost", "pipe 2 lost", "exited 0", "pipe 0 lost", "lost"]);
});

testProcess("ProcessTransport tells with which error its input was lost", async (t) => {
  const setup = await started(t);
  const { child, protocol, transport } = setup;
  child.reads = false;
  (transport.getPipeTransport(0) as WriteTransport).write(ascii("unread"));
  await end(setup);
  assertEquals(protocol.calls.filter((call) => call.startsWith("pipe 0")), [
    "pipe 0 lost: BrokenPipe: nobody reads",
  ]);
});

testProcess("ProcessTransport tells its protocol to pause and to go on writing", async (t) => {
  const setup = await started(t);
  const { protocol, transport } = setup;
  const input = transport.getPipeTransport(0) as WriteTransport;
  input.setWriteBufferLimits({ high: 0 });
  input.write(ascii("x"));
  assertEquals(protocol.calls, ["pause"]);
  await settle();
  assertEquals(protocol.calls, ["pause", "resume"]);
  await end(setup);
});

testProcess("ProcessTransport reports a protocol that fails, and goes on", async (t) => {
  const setup = await started(t);
  const { child, protocol, transport } = setup;
  for (
    const method of [
      "pipeDataReceived",
      "pipeConnectionLost",
      "processExited",
      "connectionLost",
    ] as const
  ) {
    protocol.on[method] = () => {
      throw new RangeError("no");
    };
  }
  const waiting = createTask(() => transport._wait());
  child.out.enqueue(ascii("a"));
  await settle();
  child.out.enqueue(ascii("b"));
  await end(setup, 5);
  assertEquals([protocol.text(1), await waiting], ["ab", 5]);
  // Twice data, three pipes, the exit, the end.
  assertEquals(t.takeReports().length, 7);
});

testProcess("ProcessTransport reports a protocol whose async methods fail", async (t) => {
  const setup = await started(t);
  const { child, protocol } = setup;
  const methods = ["pipeDataReceived", "pipeConnectionLost", "processExited", "connectionLost"];
  for (const method of methods as (keyof SubprocessProtocol)[]) {
    const original = protocol[method] as (...args: unknown[]) => void;
    // deno-lint-ignore require-await
    const failing = async (...args: unknown[]) => {
      original.apply(protocol, args);
      throw new RangeError("no");
    };
    Object.assign(protocol, { [method]: failing });
  }
  child.out.enqueue(ascii("a"));
  await settle();
  await end(setup, 5);
  assertEquals(protocol.text(1), "a");
  const messages = t.takeReports().map(({ message }) => message);
  // One of them for each of three pipes.
  assertEquals(new Set(messages), new Set(methods.map((method) => `protocol.${method}() failed`)));
  assertEquals(messages.length, 6);
});

testProcess("ProcessTransport calls the protocol in the context that it was made in", async (t) => {
  const variable = new ContextVar<string>("variable");
  variable.set("made");
  const setup = await started(t);
  variable.set("later");
  const seen: (string | undefined)[] = [];
  for (const method of ["pipeDataReceived", "processExited", "connectionLost"] as const) {
    setup.protocol.on[method] = () => seen.push(variable.get());
  }
  setup.child.out.enqueue(ascii("x"));
  await end(setup);
  assertEquals(seen, ["made", "made", "made"]);
});

testProcess(
  "ProcessTransport.close() kills the child, drops its input and closes its output",
  async (t) => {
    const { child, protocol, transport } = await started(t);
    child.reads = false;
    const input = transport.getPipeTransport(0) as WriteTransport;
    input.write(ascii("a"));
    input.write(ascii("b"));
    transport.close();
    transport.close();
    assertEquals([child.signals, transport.isClosing(), protocol.calls], [["SIGKILL"], true, []]);
    await settle();
    assertEquals(protocol.calls, ["pipe 0 lost", "pipe 1 lost", "pipe 2 lost"]);
    assertEquals([child.written, child.cancelled], [["a"], [1, 2]]);
    child.exit(-9);
    await settle();
    assertEquals(protocol.calls.slice(3), ["exited -9", "lost"]);
  },
);

testProcess(
  "ProcessTransport.close() closes the pipes of a child that cannot be killed, and waits",
  async (t) => {
    const { child, protocol, transport } = await started(t);
    child.refuses = true;
    assertThrows(() => transport.kill(), Deno.errors.PermissionDenied);
    transport.close();
    await settle();
    assertEquals(protocol.calls, ["pipe 0 lost", "pipe 1 lost", "pipe 2 lost"]);
    child.exit(0);
    await settle();
    assertEquals(protocol.calls.slice(3), ["exited 0", "lost"]);
  },
);

testProcess("ProcessTransport.close() kills no child that has exited", async (t) => {
  const { child, protocol, transport } = await started(t);
  child.exit(0);
  await settle();
  transport.close();
  await settle();
  assertEquals(child.signals, []);
  assertEquals(protocol.calls, [
    "exited 0",
    "pipe 0 lost",
    "pipe 1 lost",
    "pipe 2 lost",
    "lost",
  ]);
});

testProcess(
  "ProcessTransport sends signals while the child runs, none later, and complains at the end",
  async (t) => {
    const setup = await started(t);
    const { child, transport } = setup;
    transport.sendSignal("SIGUSR1");
    transport.terminate();
    transport.kill();
    assertEquals(child.signals, ["SIGUSR1", "SIGTERM", "SIGKILL"]);
    child.exit(-9);
    await settle();
    transport.kill();
    assertEquals(child.signals.length, 3);
    await end(setup);
    assertThrows(
      () => transport.terminate(),
      Deno.errors.NotFound,
      "Cannot send SIGTERM to process 4711: it has ended (-9)",
    );
  },
);

testProcess(
  "ProcessTransport kills the child when the loop cannot make a transport of a pipe",
  async (t) => {
    const child = new MemoryChild();
    t.loop._makeReadPipeTransport = (pipe, protocol) => {
      if (pipe === child.stderr) throw new NotImplementedError("no");
      return new ReadPipeTransport(t.loop, pipe, protocol);
    };
    assertThrows(
      () => new ProcessTransport(t.loop, child, new ProcessRecorder()),
      NotImplementedError,
    );
    await settle();
    assertEquals([child.signals, child.cancelled], [["SIGKILL"], [2, 1]]);
  },
);

Deno.test("A child that still runs is killed when the loop is closed, and only then", async () => {
  for (const exits of [false, true]) {
    const loop = newEventLoop();
    const child = new MemoryChild();
    await loop.runUntilComplete(async () => {
      new ProcessTransport(loop, child, new ProcessRecorder());
      if (exits) child.exit(0);
      await settle();
    });
    loop.close();
    assertEquals(child.signals, exits ? [] : ["unref", "SIGKILL"]);
    assertEquals([child.inputClosed, child.cancelled], [1, [1, 2]]);
  }
});

// ---- Real children --------------------------------------------------------------------------------

/** Tests with real children; skipped, with the reason in its name, where a program is missing. */
function testChild(
  programs: readonly string[],
  name: string,
  main: (t: Trial<DenoEventLoop>) => Promise<void>,
): void {
  const absent = programs.filter(isMissing);
  if (absent.length === 0) return testProcess(name, main);
  Deno.test({ name: `${name} (there is no ${absent.join(", ")})`, ignore: true, fn: () => {} });
}

function command(
  program: string | URL,
  args: readonly string[],
  options: SubprocessOptions & { shell?: boolean } = {},
): ProcessCommand {
  const pipes = { stdin: DEVNULL, stdout: PIPE, stderr: PIPE };
  return { ...pipes, shell: false, ...options, program, args };
}

const bash = (script: string, options?: SubprocessOptions) =>
  command("bash", ["-c", script], options);
const shell = (line: string, options?: SubprocessOptions) =>
  command(line, [], { ...options, shell: true });

async function start(
  t: Trial<DenoEventLoop>,
  what: ProcessCommand,
): Promise<[ProcessTransport, ProcessRecorder]> {
  const protocol = new ProcessRecorder();
  return [await startProcess(t.loop, protocol, what), protocol];
}

/** Runs a child to its end; its output, its error output, and its return code. */
async function outcome(
  t: Trial<DenoEventLoop>,
  what: ProcessCommand,
): Promise<[out: string, err: string, returncode: number | undefined]> {
  const [transport, protocol] = await start(t, what);
  await protocol.until("lost");
  return [protocol.text(1), protocol.text(2), transport.getReturncode()];
}

testChild(["cat"], "A child is fed and read", async (t) => {
  const [transport, protocol] = await start(t, command("cat", [], { stdin: PIPE }));
  const input = transport.getPipeTransport(0) as WriteTransport;
  const data = pattern(1_000_000);
  input.write(data);
  input.close();
  await protocol.until("lost");
  assert(equals(protocol.bytes(1), data));
  assertEquals(protocol.calls.slice(0, 2), ["made", "pause"]);
  assertEquals(transport.getReturncode(), 0);
});

testChild(["bash"], "A child has its return code, and a signal counts negative", async (t) => {
  assertEquals(await outcome(t, bash("echo out; echo err >&2; exit 7")), ["out\n", "err\n", 7]);
  assertEquals((await outcome(t, bash("exit 137")))[2], 137);
  assertEquals((await outcome(t, bash("kill -KILL $$")))[2], -9);
  assertEquals((await outcome(t, bash("kill -TERM $$", { argv0: "me" })))[2], -15);
});

testChild(["sleep"], "A child can be terminated, killed, and sent signals", async (t) => {
  for (const [signal, number] of [["SIGTERM", 15], ["SIGKILL", 9], ["SIGUSR1", 10]] as const) {
    if (signal === "SIGUSR1" && Deno.build.os !== "linux") continue;
    const [transport, protocol] = await start(t, command("sleep", ["60"]));
    transport.sendSignal(signal);
    await protocol.until("lost");
    assertEquals(transport.getReturncode(), -number);
  }
});

/** Each starts a child in another way. */
const WAYS: SubprocessOptions[] = [
  {},
  { argv0: "its-name" },
  { extraFds: { 4: DEVNULL } },
  { stderr: STDOUT },
];

testChild(["bash"], "A child gets each signal, however it was started", async (t) => {
  const script = "trap 'echo hup' HUP; echo ready; while :; do sleep 0.01; done";
  for (const options of WAYS) {
    const [transport, protocol] = await start(t, bash(script, options));
    for (const text of ["ready\n", "ready\nhup\n", "ready\nhup\nhup\n"]) {
      while (protocol.text(1) !== text) await sleep(1);
      transport.sendSignal(text.endsWith("hup\nhup\n") ? "SIGKILL" : "SIGHUP");
    }
    await protocol.until("lost");
    assertEquals(transport.getReturncode(), -9);
  }
});

testChild(["bash"], "A signal that a child lives through is not its return code", async (t) => {
  const ends = [["exit 7", 7], ["kill -KILL $$", -9], ["kill -HUP $$", -1]] as const;
  for (const options of WAYS) {
    for (const [end, returncode] of ends) {
      const script = `trap '' USR1; echo ready; read -r; ${end}`;
      const [transport, protocol] = await start(t, bash(script, { stdin: PIPE, ...options }));
      await protocol.until("data 1");
      transport.sendSignal("SIGUSR1");
      // Nor does it close the standard input.
      (transport.getPipeTransport(0) as WriteTransport).write(ascii("go\n"));
      await protocol.until("lost");
      assertEquals(transport.getReturncode(), returncode);
    }
  }
});

testChild(["bash", "cat"], "A child that lives through a signal can still be fed", async (t) => {
  for (const options of WAYS) {
    const script = "trap '' TERM; echo ready; exec cat";
    const [transport, protocol] = await start(t, bash(script, { stdin: PIPE, ...options }));
    await protocol.until("data 1");
    const input = transport.getPipeTransport(0) as WriteTransport;
    transport.terminate();
    await settle();
    input.write(ascii("text"));
    input.close();
    await protocol.until("lost");
    assertEquals([protocol.text(1), transport.getReturncode()], ["ready\ntext", 0]);
  }
});

testChild(["sh"], "A shell runs a command line", async (t) => {
  assertEquals(await outcome(t, shell("echo $0 | tr a-z A-Z; exit 3")), ["/BIN/SH\n", "", 3]);
});

testChild(
  ["bash"],
  "A child has the directory, the environment and the name that were asked for",
  async (t) => {
    const directory = await Deno.makeTempDir();
    const real = await Deno.realPath(directory);
    for (const argv0 of [undefined, "its-name"]) {
      const options = { cwd: directory, env: { A: "1 2", PATH: Deno.env.get("PATH")! }, argv0 };
      const what = bash('pwd; echo "$A${HOME-none}"; echo ${0##*/}', options);
      const [out] = await outcome(t, what);
      assertEquals(out, `${real}\n1 2none\n${argv0 ?? "bash"}\n`);
    }
    await Deno.remove(directory);
  },
);

testChild(["bash"], "A child can be given by a URL", async (t) => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "#!/bin/sh\necho $1\n");
  await Deno.chmod(path, 0o700);
  for (const options of WAYS) {
    const what = command(new URL(`file://${path}`), ["an argument"], options);
    assertEquals(await outcome(t, what), ["an argument\n", "", 0]);
    await assertRejects(
      async () => await start(t, command(new URL("https://example.com/"), [], options)),
      TypeError,
    );
  }
  await Deno.remove(path);
});

testChild(
  ["echo", "sh"],
  "A child that has to do with Deno gets its arguments as they are",
  async (t) => {
    const deno = Deno.execPath();
    const script = await Deno.makeTempFile({ suffix: ".ts" });
    const query = 'Deno.permissions.querySync({ name: "sys" }).state';
    await Deno.writeTextFile(script, `console.log(${query}, ...Deno.args);`);
    const env = { ...Deno.env.toObject(), NO_COLOR: "1" };
    for (const options of WAYS.map((way) => ({ env, ...way }))) {
      const say = async (program: string, ...args: string[]) =>
        (await outcome(t, command(program, args, options)))[0];
      assertEquals(await say("echo", deno, "script.ts", "-x"), `${deno} script.ts -x\n`);
      // Not one permission more than what was asked for.
      assertEquals(await say(deno, script, "-A"), "prompt -A\n");
      assertEquals(await say(deno, "--allow-sys", script, "a"), "granted a\n");
      assertEquals(
        await say("sh", "-c", `"${deno}" ${script} b; ${deno} ${script}`),
        "prompt b\nprompt\n",
      );
    }
    await Deno.remove(script);
  },
);

testChild(["bash"], "A child's environment is not written to", async (t) => {
  const env = Object.freeze({ PATH: Deno.env.get("PATH")!, A: "1" });
  Deno.env.set("NODE_V8_COVERAGE", "/nowhere");
  try {
    for (const options of WAYS) {
      assertEquals(await outcome(t, bash("echo $A", { ...options, env })), ["1\n", "", 0]);
    }
  } finally {
    Deno.env.delete("NODE_V8_COVERAGE");
  }
});

testChild(["bash", "ps"], "A child leads a session of its own when asked to", async (t) => {
  for (const argv0 of [undefined, "its-name"]) {
    const own = bash("test $(ps -o sid= -p $$) = $$", { startNewSession: true, argv0 });
    assertEquals((await outcome(t, own))[2], 0);
    assertEquals((await outcome(t, bash("test $(ps -o sid= -p $$) = $$", { argv0 })))[2], 1);
  }
});

testChild(["bash"], "A child's error output goes where its output goes, in order", async (t) => {
  const script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done";
  const merged = "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n";
  for (const what of [bash, shell]) {
    const [transport, protocol] = await start(t, what(script, { stderr: STDOUT }));
    await protocol.until("lost");
    assertEquals(protocol.text(1), merged);
    assertEquals(transport.getPipeTransport(2), undefined);
  }
  // A shell has a pipe of its own for it.
  const [out] = await outcome(t, shell("echo by name > /dev/stderr", { stderr: STDOUT }));
  assertEquals(out, "by name\n");
});

testChild(["bash"], "A child writes megabytes to a merged output", async (t) => {
  const script = "head -c 2000000 /dev/zero; head -c 1000000 /dev/zero >&2";
  const [, protocol] = await start(t, bash(script, { stderr: STDOUT }));
  await protocol.until("lost");
  assertEquals(protocol.bytes(1).length, 3_000_000);
});

testChild(
  ["bash"],
  "A child has further pipes, and the descriptors that it is given",
  async (t) => {
    const path = await Deno.makeTempFile();
    const { openSync, closeSync } = await import("node:fs");
    const file = openSync(path, "w");
    const script = "read -r line <&3; echo got $line >&3; echo to the file >&5; echo to output; " +
      "echo lost >&4; cat <&4; echo $?";
    const extraFds = { 3: PIPE, 4: DEVNULL, 5: file };
    const [transport, protocol] = await start(t, bash(script, { extraFds }));
    closeSync(file);
    (transport.getPipeTransport(3) as Transport).write(ascii("a line\n"));
    await protocol.until("lost");
    assertEquals([protocol.text(3), protocol.text(1)], ["got a line\n", "to output\n0\n"]);
    assertEquals(protocol.text(2), "");
    assert(protocol.calls.includes("pipe 3 lost"));
    assertEquals(await Deno.readTextFile(path), "to the file\n");
    await Deno.remove(path);
  },
);

testChild(
  ["bash", "sleep"],
  "A child's exit is known although a grandchild holds its pipes",
  async (t) => {
    for (const argv0 of [undefined, "its-name"]) {
      const what = bash("sleep 20 & echo $!; exit 4", { stdin: PIPE, argv0 });
      const [transport, protocol] = await start(t, what);
      assertEquals(await transport._wait(), 4);
      await protocol.until("data 1");
      const calls = [...protocol.calls];
      transport.close();
      await protocol.until("lost");
      Deno.kill(Number(protocol.text(1)), "SIGKILL");
      assertEquals(calls.sort(), ["data 1", "exited 4", "made"]);
    }
  },
);

/** Waits until there is no such process. */
async function assertGone(pid: number): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    try {
      Deno.kill(pid, "SIGCONT");
    } catch (error) {
      return assertInstanceOf(error, Deno.errors.NotFound);
    }
    await sleep(1);
  }
  throw new Error(`Process ${pid} still runs`);
}

/** As `assertEquals`, which takes its time with a megabyte. */
function equals(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

testChild(
  ["bash", "cat"],
  "A grandchild gets all that was written for it before its parent ended",
  async (t) => {
    for (const options of WAYS) {
      const what = bash("cat <&0 & exit 0", { stdin: PIPE, ...options });
      const [transport, protocol] = await start(t, what);
      const data = pattern(500_000);
      const input = transport.getPipeTransport(0) as WriteTransport;
      input.write(data);
      input.close();
      await protocol.until("lost");
      assert(equals(protocol.bytes(1), data));
      assert(protocol.calls.includes("exited 0"));
    }
  },
);

testChild(["bash"], "A child that does not read loses its input when it ends", async (t) => {
  for (const argv0 of [undefined, "its-name"]) {
    const [transport, protocol] = await start(t, bash("sleep 0.05", { stdin: PIPE, argv0 }));
    (transport.getPipeTransport(0) as WriteTransport).write(pattern(500_000));
    await protocol.until("lost");
    const [lost] = protocol.calls.filter((call) => call.startsWith("pipe 0 lost"));
    assert(lost!.startsWith("pipe 0 lost: BrokenPipe"), lost);
  }
});

testChild(["bash"], "A child is held up while its output is not read", async (t) => {
  for (const argv0 of [undefined, "its-name"]) {
    const script = "head -c 1000000 /dev/zero; echo done >&2";
    const [transport, protocol] = await start(t, bash(script, { argv0 }));
    const output = transport.getPipeTransport(1) as ReadTransport;
    output.pauseReading();
    for (let i = 0; i < 20; i++) await settle();
    assertEquals(protocol.calls, protocol.calls.includes("data 1") ? ["made", "data 1"] : ["made"]);
    output.resumeReading();
    await protocol.until("lost");
    assertEquals([protocol.bytes(1).length, protocol.text(2)], [1_000_000, "done\n"]);
  }
});

testChild(["bash"], "A child's output is there although the child is gone", async (t) => {
  for (const argv0 of [undefined, "its-name"]) {
    const [transport, protocol] = await start(t, bash("printf x%.0s {1..30000}", { argv0 }));
    const output = transport.getPipeTransport(1) as ReadTransport;
    output.pauseReading();
    await transport._wait();
    for (let i = 0; i < 5; i++) await settle();
    output.resumeReading();
    await protocol.until("lost");
    assertEquals(protocol.bytes(1).length, 30_000);
  }
});

testChild(
  ["bash"],
  "A child that minds no SIGTERM is killed when the loop is closed",
  async () => {
    for (const options of WAYS) {
      const loop = newEventLoop();
      const script = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
      const protocol = new ProcessRecorder();
      const transport = await loop.runUntilComplete(
        startProcess(loop, protocol, bash(script, options)),
      );
      await loop.runUntilComplete(() => protocol.until("data 1"));
      transport.terminate();
      loop.close();
      const { pid } = transport.getExtraInfo("subprocess") as { pid: number };
      await assertGone(pid);
    }
  },
);

testChild(["sleep"], "A child is killed by close(), and its transport ends", async (t) => {
  for (const argv0 of [undefined, "its-name"]) {
    const [transport, protocol] = await start(t, command("sleep", ["60"], { stdin: PIPE, argv0 }));
    // More than the pipe holds: nothing waits until somebody reads it.
    (transport.getPipeTransport(0) as WriteTransport).write(pattern(500_000));
    transport.close();
    await protocol.until("lost");
    assertEquals(transport.getReturncode(), -9);
  }
});

// ---- Failing to start -----------------------------------------------------------------------------

testChild([], "startProcess() fails with Deno's errors, and no protocol is called", async (t) => {
  const protocol = new ProcessRecorder();
  for (const options of [{}, { argv0: "its-name" }, { stderr: STDOUT }]) {
    const go = (program: string | URL, more: SubprocessOptions = {}) =>
      startProcess(t.loop, protocol, command(program, [], { ...options, ...more }));
    await assertRejects(async () => await go("no-such-program"), Deno.errors.NotFound, "no-such-");
    await assertRejects(async () => await go("deno", { cwd: "/no/such" }), Deno.errors.NotFound);
    const text = new URL(import.meta.url).pathname;
    await assertRejects(async () => await go(text), Deno.errors.PermissionDenied);
  }
  assertEquals(protocol.calls, []);
});

testChild([], "startProcess() refuses what it is not able to do, and says why", async (t) => {
  const refused: [Record<string, unknown>, new () => Error, string][] = [
    [{ preexecFn: () => {} }, NotImplementedError, "preexecFn: Deno does not let code run"],
    [{ umask: 0o22 }, NotImplementedError, "umask"],
    [{ processGroup: 5 }, NotImplementedError, "startNewSession"],
    [{ passFds: [3] }, NotImplementedError, "use extraFds"],
    [{ universalNewlines: true }, NotImplementedError, "TextDecoder"],
    [{ text: true }, NotImplementedError, "TextDecoder"],
    [{ shell: true, argv0: "x" }, NotImplementedError, "argv0"],
    [{ stdio: "pipe" }, TypeError, 'there is no option "stdio"'],
    [
      { stdout: STDOUT },
      TypeError,
      "stdout must be PIPE, DEVNULL, null or a descriptor, got STDOUT",
    ],
    [{ stdin: "pipe" }, TypeError, 'got "pipe"'],
    [{ extraFds: { 2: PIPE } }, RangeError, "3 or more, got 2"],
    [{ extraFds: { 3: STDOUT } }, TypeError, "descriptor 3"],
    [{ extraFds: [PIPE] }, TypeError, "as in { 3: PIPE }"],
    [{ env: { A: 1 } }, TypeError, "A in env must be a string, got 1"],
    [{ env: { "A=B": "c" } }, RangeError, 'without "=", got "A=B"'],
    [{ env: new Map([["A", "b"]]) }, TypeError, 'env must be an object, as in { LANG: "C" }'],
    [{ env: "A=b" }, TypeError, 'got "A=b"'],
    [{ cwd: 5 }, TypeError, "cwd must be a string or URL, got 5"],
    // Deno takes these for 0, the user who may do anything, or for nobody in particular.
    [{ user: NaN }, RangeError, "the user must be an integer from 0 to"],
    [{ user: -1 }, RangeError, "got -1"],
    [{ group: 0.5 }, RangeError, "the group must be an integer from 0 to"],
    [{ user: "nobody" }, TypeError, 'the user must be given by number, got "nobody"'],
    [{ extraFds: { 3: 1 } }, NotImplementedError, "Cannot pass descriptor 1 on as 3"],
    [{ extraFds: { 3: 20, 4: 20 } }, NotImplementedError, "Cannot pass descriptor 20 on as 4"],
    [{ extraFds: { 3: 4, 4: 3 } }, NotImplementedError, "Cannot pass descriptor 3 on as 4"],
    [{ program: 5 }, TypeError, "the program must be a string, got 5"],
    [{ args: ["a", 1] }, TypeError, "an array of strings"],
    [{ shell: true, program: new URL("file:///x") }, TypeError, "the command must be a string"],
  ];
  for (const [options, Class, text] of refused) {
    const what = { ...command("true", []), ...options } as unknown as ProcessCommand;
    await assertRejects(
      async () => await startProcess(t.loop, new ProcessRecorder(), what),
      Class,
      text,
    );
  }
  // What does not ask for anything is let through.
  const nothing = {
    text: false,
    umask: undefined,
    env: null,
    extraFds: null,
    cwd: null,
    user: null,
  };
  for (const options of WAYS) {
    const what = { ...command("deno", ["--version"]), ...nothing, group: null, ...options };
    assertEquals((await outcome(t, what as unknown as ProcessCommand))[2], 0);
  }
});

testChild(
  ["sleep", "ps"],
  "startProcess() leaves no child when it is cancelled, whenever that is",
  async (t) => {
    for (const options of [{}, { argv0: "its-name" }, { stderr: STDOUT }]) {
      for (let passes = 0; passes < 8; passes++) {
        const protocol = new ProcessRecorder();
        const marker = `6${passes}.${Deno.pid}`;
        const task = createTask(() =>
          startProcess(t.loop, protocol, command("sleep", [marker], options))
        );
        for (let i = 0; i < passes; i++) await sleep(0);
        if (!task.cancel()) {
          // It was fast enough.
          (await task).close();
          await protocol.until("lost");
          continue;
        }
        await assertRejects(async () => await task, CancelledError);
        await settle();
      }
    }
    for (let i = 0; i < 50; i++) await settle();
    const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
    assertEquals(latin1(stdout).match(new RegExp(`sleep 6\\d\\.${Deno.pid}`)), null);
  },
);

// ---- Return codes -------------------------------------------------------------------------------

Deno.test({
  name:
    "A child that a real-time signal has ended counts negative, although Deno has no name for it",
  ignore: Deno.build.os !== "linux",
  // Deno forgets to let go of the child when it cannot name the signal.
  sanitizeResources: false,
  fn: async () => {
    for (const options of WAYS) {
      const loop = newEventLoop();
      await loop.runUntilComplete(async () => {
        const begin = (script: string) =>
          startProcess(loop, new ProcessRecorder(), bash(script, options));
        const [other, child] = [await begin("exec sleep 60"), await begin("kill -36 $$")];
        assertEquals([await child._wait(), other.getReturncode()], [-36, undefined]);
        other.kill();
        assertEquals(await other._wait(), -9);
      });
      loop.close();
    }
  },
});
