/** `Process`, `createSubprocessExec()` and `createSubprocessShell()`, with real children. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  NotImplementedError,
  RuntimeError,
  sleep,
} from "../../futures/mod.ts";
import { createSubprocessExec, createSubprocessShell } from "../../loop/subprocess.ts";
import { DEVNULL, PIPE, STDOUT, type SubprocessOptions } from "../../transports/process_command.ts";
import type { Process, ProcessOutput } from "../../transports/subprocess.ts";
import { SubprocessStreamProtocol } from "../../transports/subprocess_stream_protocol.ts";
import { testWith } from "./_programs.ts";
import { ascii, latin1, pattern } from "./_recorder.ts";

const PIPES = { stdin: PIPE, stdout: PIPE, stderr: PIPE };

function bash(script: string, options: SubprocessOptions & { limit?: number } = PIPES) {
  return createSubprocessExec("bash", ["-c", script], options);
}

function texts([stdout, stderr]: ProcessOutput): (string | undefined)[] {
  return [stdout, stderr].map((bytes) => bytes && latin1(bytes));
}

// ---- Streams --------------------------------------------------------------------------------------

testWith(["cat"], "createSubprocessExec() gives a child with streams", async () => {
  const child = await createSubprocessExec("cat", [], { stdin: PIPE, stdout: PIPE });
  assert(child.pid > 0);
  assertEquals([child.returncode, child.stderr], [undefined, undefined]);
  assertEquals(`${child}`, `<Process ${child.pid}>`);
  child.stdin!.write(ascii("a line\nand a rest"));
  assertEquals(latin1(await child.stdout!.readline()), "a line\n");
  child.stdin!.close();
  await child.stdin!.waitClosed();
  assertEquals(latin1(await child.stdout!.read()), "and a rest");
  assert(child.stdout!.atEof());
  assertEquals([await child.wait(), child.returncode], [0, 0]);
});

testWith(["cat"], "Process works in generator coroutines", async () => {
  const main = coroutine(function* () {
    const child = yield* createSubprocessExec("cat", [], { stdin: PIPE, stdout: PIPE });
    const output = yield* child.communicate(ascii("text"));
    return [texts(output), yield* child.wait()] as const;
  });
  assertEquals(await main(), [["text", undefined], 0]);
});

testWith(["sh"], "createSubprocessShell() runs a command line", async () => {
  const child = await createSubprocessShell("echo out; echo err >&2; exit 3", { ...PIPES });
  assertEquals(texts(await child.communicate()), ["out\n", "err\n"]);
  assertEquals(child.returncode, 3);
});

testWith(["bash"], "A child without pipes has no streams", async () => {
  const child = await bash("read x; exit 5", { stdin: DEVNULL });
  assertEquals([child.stdin, child.stdout, child.stderr], [undefined, undefined, undefined]);
  assertEquals(texts(await child.communicate()), [undefined, undefined]);
  assertEquals(child.returncode, 5);
});

testWith(["bash"], "A child's error output can be read with its output", async () => {
  const child = await bash("echo 1; echo 2 >&2; echo 3", { stdout: PIPE, stderr: STDOUT });
  assertEquals(texts(await child.communicate()), ["1\n2\n3\n", undefined]);
});

testWith(["bash"], "The limit of the lines is that of the readers", async () => {
  const child = await bash("echo 0123456789", { stdout: PIPE, limit: 4 });
  await assertRejects(async () => await child.stdout!.readline(), Error, "limit");
  assertEquals(latin1(await child.stdout!.read()), "0123456789\n");
  await child.wait();
});

testWith(["bash"], "A writer waits in drain() until the child reads", async () => {
  const child = await bash("read -r; cat > /dev/null", { stdin: PIPE });
  const writer = child.stdin!;
  writer.write(pattern(1_000_000));
  let drained = false;
  const task = createTask(async () => {
    await writer.drain();
    drained = true;
  });
  await sleep(5);
  // It reads up to the end of a line, byte by byte, then everything.
  await task;
  assert(drained);
  writer.close();
  assertEquals(await child.wait(), 0);
});

testWith(
  ["bash"],
  "A writer learns in drain() and waitClosed() that the child is gone",
  async () => {
    const child = await bash("exec 0<&-; sleep 0.05", { stdin: PIPE });
    const writer = child.stdin!;
    writer.write(pattern(1_000_000));
    await assertRejects(async () => await writer.drain(), Deno.errors.BrokenPipe);
    await assertRejects(async () => await writer.waitClosed(), Deno.errors.BrokenPipe);
    await child.wait();
  },
);

testWith(["bash", "cat", "tr"], "Children can be joined by web streams", async () => {
  const first = await bash("echo one; echo two", { stdout: PIPE });
  const second = await createSubprocessExec("tr", ["a-z", "A-Z"], { stdin: PIPE, stdout: PIPE });
  const joined = first.stdout!.readable.pipeTo(second.stdin!.writable);
  assertEquals(latin1(await second.stdout!.read()), "ONE\nTWO\n");
  await joined;
  assertEquals([await first.wait(), await second.wait()], [0, 0]);
});

// ---- communicate() --------------------------------------------------------------------------------

testWith(["cat"], "Process.communicate() feeds and reads at once, whatever the sizes", async () => {
  const child = await createSubprocessExec("cat", [], PIPES);
  const input = pattern(2_000_000);
  const [stdout, stderr] = await child.communicate(input);
  assert(stdout!.length === input.length && stdout!.every((byte, i) => byte === input[i]));
  assertEquals([stderr!.length, child.returncode], [0, 0]);
});

testWith(["bash"], "Process.communicate() minds no child that does not read", async () => {
  const child = await bash("exec 0<&-; echo done");
  assertEquals(texts(await child.communicate(pattern(1_000_000))), ["done\n", ""]);
});

testWith(["bash"], "Process.communicate() loses no output when it is cancelled", async () => {
  const script = `
    trap 'go=1' USR1
    wait_for_it() { while [ -z "$go" ]; do sleep 0.01; done; go=; }
    echo out 1; echo err 1 >&2
    wait_for_it; echo out 2; exec 1>&-
    wait_for_it; cat >&2; echo err 2 >&2`;
  const child = await bash(script);
  for (let i = 0; i < 3; i++) {
    // The second time, stdout has come to its end.
    const task = createTask(() => child.communicate(i === 0 ? ascii("input\n") : undefined));
    await sleep(60);
    if (i === 2) {
      assertEquals(texts(await task), ["out 1\nout 2\n", "err 1\ninput\nerr 2\n"]);
      break;
    }
    task.cancel();
    await assertRejects(async () => await task, CancelledError);
    child.sendSignal("SIGUSR1");
  }
  assertEquals(child.returncode, 0);
  // Once more gives the same.
  assertEquals(texts(await child.communicate()), ["out 1\nout 2\n", "err 1\ninput\nerr 2\n"]);
});

testWith(
  ["bash"],
  "Process.communicate() ends with a signal's reason, and can be taken up again",
  async () => {
    const child = await bash("echo first; sleep 0.2; echo second");
    const signal = AbortSignal.timeout(50);
    const error = await assertRejects(async () => await child.communicate(undefined, { signal }));
    assertInstanceOf(error, DOMException);
    assertEquals(texts(await child.communicate()), ["first\nsecond\n", ""]);
  },
);

testWith(
  ["cat", "sleep"],
  "Process.communicate() takes input once, where there is a pipe for it",
  async () => {
    const child = await createSubprocessExec("cat", [], PIPES);
    await assertRejects(
      async () => await child.communicate("text" as never),
      TypeError,
      "TextEncoder",
    );
    await child.communicate(ascii("text"));
    await assertRejects(
      async () => await child.communicate(ascii("text")),
      RuntimeError,
      "given it before",
    );
    const other = await createSubprocessExec("sleep", ["0"]);
    await assertRejects(
      async () => await other.communicate(ascii("text")),
      RuntimeError,
      "no pipe",
    );
    await other.wait();
  },
);

// ---- Exit -----------------------------------------------------------------------------------------

testWith(["sleep"], "Process can be terminated, killed and sent signals", async () => {
  const ways: [(child: Process) => void, number][] = [
    [(child) => child.terminate(), -15],
    [(child) => child.kill(), -9],
    [(child) => child.sendSignal("SIGHUP"), -1],
  ];
  for (const [end, returncode] of ways) {
    const child = await createSubprocessExec("sleep", ["60"], PIPES);
    end(child);
    assertEquals([await child.wait(), child.returncode], [returncode, returncode]);
    await child.communicate();
    await sleep(1);
    assertThrows(() => end(child), Deno.errors.NotFound, "it has ended");
  }
});

testWith(
  ["bash", "sleep"],
  "Process.wait() ends with the child, although a grandchild holds its pipes",
  async () => {
    const child = await bash("sleep 20 & echo $!; exit 4");
    const grandchild = Number(latin1(await child.stdout!.readline()));
    // Any number may wait.
    const waiting = [1, 2].map(() => createTask(() => child.wait()));
    assertEquals([await waiting[0], await waiting[1], await child.wait()], [4, 4, 4]);
    await child[Symbol.asyncDispose]();
    Deno.kill(grandchild, "SIGKILL");
  },
);

testWith(["sleep"], "Process.wait() leaves the child alone when it is cancelled", async () => {
  const child = await createSubprocessExec("sleep", ["60"]);
  const task = createTask(() => child.wait());
  await sleep(5);
  task.cancel();
  await assertRejects(async () => await task, CancelledError);
  assertEquals(child.returncode, undefined);
  child.kill();
  await child.wait();
});

testWith(["bash"], "terminateOnCancel ends the child before the cancellation goes on", async () => {
  const polite = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done";
  const stubborn = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
  for (const [script, grace, returncode] of [[polite, 60_000, 3], [stubborn, 20, -9]] as const) {
    for (const method of ["wait", "communicate"] as const) {
      const child = await bash(script);
      assertEquals(latin1(await child.stdout!.readline()), "ready\n");
      const options = { terminateOnCancel: grace };
      const task = createTask(async () => {
        await (method === "wait" ? child.wait(options) : child.communicate(undefined, options));
      });
      await sleep(10);
      task.cancel();
      await assertRejects(async () => await task, CancelledError);
      assertEquals(child.returncode, returncode);
      await child.communicate();
    }
  }
});

testWith(
  ["bash"],
  "terminateOnCancel kills the child at once when it is cancelled twice",
  async () => {
    const child = await bash("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    await child.stdout!.readline();
    const task = createTask(() => child.wait({ terminateOnCancel: 60_000 }));
    await sleep(5);
    task.cancel();
    await sleep(5);
    task.cancel();
    await assertRejects(async () => await task, CancelledError);
    assertEquals(await child.wait(), -9);
    await child.communicate();
  },
);

testWith(["sleep"], "terminateOnCancel goes for a signal as well", async () => {
  const child = await createSubprocessExec("sleep", ["60"]);
  const signal = AbortSignal.timeout(10);
  await assertRejects(
    async () => await child.wait({ signal, terminateOnCancel: 60_000 }),
    DOMException,
  );
  assertEquals(child.returncode, -15);
});

testWith(["sleep"], "terminateOnCancel must be a number of milliseconds", async () => {
  const child = await createSubprocessExec("sleep", ["60"], PIPES);
  for (const method of ["wait", "communicate"] as const) {
    const call = (terminateOnCancel: unknown) => {
      const options = { terminateOnCancel } as { terminateOnCancel: number };
      return method === "wait" ? child.wait(options) : child.communicate(undefined, options);
    };
    for (const mistake of [true, false, null, "5000", 5n]) {
      assertThrows(() => call(mistake), TypeError, "must be a number of milliseconds, as in");
    }
    for (const mistake of [-1, NaN]) assertThrows(() => call(mistake), RangeError, "0 ms or more");
  }
  const task = createTask(() => child.wait({ terminateOnCancel: Infinity }));
  await sleep(5);
  task.cancel();
  await assertRejects(async () => await task, CancelledError);
  assertEquals(child.returncode, -15);
  await child.communicate();
});

testWith(["sleep"], "A block with `await using` leaves no child behind", async () => {
  let child: Process;
  {
    await using inside = await createSubprocessExec("sleep", ["60"], PIPES);
    child = inside;
  }
  assertEquals(child.returncode, -9);
  {
    await using _ = child;
  }
});

testWith(
  ["bash"],
  "terminateOnCancel works in generator coroutines, whatever the pipes",
  async () => {
    for (const options of [PIPES, { ...PIPES, stderr: STDOUT }, { ...PIPES, argv0: "its-name" }]) {
      const child = await bash("trap '' TERM; echo ready; while :; do sleep 0.01; done", options);
      await child.stdout!.readline();
      const wait = coroutine(function* () {
        yield* child.wait({ terminateOnCancel: 20 });
      });
      const task = createTask(wait);
      await sleep(5);
      task.cancel();
      await assertRejects(async () => await task, CancelledError);
      assertEquals(child.returncode, -9);
      await child.communicate();
    }
  },
);

testWith(["bash"], "A block with `await using` kills a child that minds no SIGTERM", async () => {
  for (const options of [PIPES, { ...PIPES, stderr: STDOUT }, { ...PIPES, argv0: "its-name" }]) {
    const script = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
    const child = await bash(script, options);
    {
      await using inside = child;
      await inside.stdout!.readline();
      inside.terminate();
    }
    assertEquals(child.returncode, -9);
  }
});

// ---- What is refused ------------------------------------------------------------------------------

testWith([], "createSubprocessExec() refuses what it has no streams for", async () => {
  await assertRejects(
    async () => await createSubprocessExec("true", [], { extraFds: { 3: PIPE } }),
    TypeError,
    "descriptor 3: there is no stream",
  );
  await assertRejects(
    async () => await createSubprocessExec("true", [], { stdout: PIPE, limit: 0 }),
    RangeError,
    "the limit must be positive, got 0",
  );
  await assertRejects(
    async () => await createSubprocessExec("no-such-program"),
    Deno.errors.NotFound,
  );
  await assertRejects(
    async () => await createSubprocessExec("true", [], { preexecFn: () => {} } as never),
    NotImplementedError,
  );
  await assertRejects(async () => await createSubprocessShell(5 as never), TypeError);
});

Deno.test("SubprocessStreamProtocol needs a loop", () => {
  assertThrows(() => new SubprocessStreamProtocol(), RuntimeError, "no event loop is running");
});
