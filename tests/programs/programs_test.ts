/** Whole programs: signals, exit codes, and what is printed. */
import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { Program, runProgram } from "./_process.ts";

const ignore = Deno.build.os === "windows";

/** What `interrupted.ts` does when it is interrupted. */
const PLACES = ["waiting for nothing", "sleeping", "busy", "computing in steps"];

// ---- SIGINT ---------------------------------------------------------------------------------------

Deno.test(
  "SIGINT cancels the main task, and run() throws KeyboardInterrupt",
  { ignore },
  async () => {
    await using program = new Program("interrupted");
    for (const name of PLACES) {
      await program.printed(`${name}: ready`);
      program.kill("SIGINT");
      await program.printed(`${name}: KeyboardInterrupt`);
    }
    const { code, stdout, stderr } = await program.end();
    assertEquals(stderr, "");
    assertEquals(code, 0);
    for (const name of PLACES) {
      assertEquals(stdout.split("\n").filter((line) => line.startsWith(`${name}:`)), [
        `${name}: ready`,
        `${name}: cleans up`,
        `${name}: is clean, other false`,
        `${name}: the other task is cancelled`,
        `${name}: KeyboardInterrupt`,
      ]);
    }
  },
);

Deno.test("A second SIGINT interrupts a program that refuses to end", { ignore }, async () => {
  await using program = new Program("interrupted_twice");
  await program.printed("ready");
  program.kill("SIGINT");
  await program.printed("CancelledError 0");
  program.kill("SIGINT");
  const { code, stdout, stderr } = await program.end();
  assertEquals(stderr, "");
  assertEquals(code, 0);
  assertEquals(stdout, "ready\nCancelledError 0\nCancelledError 1\nended with KeyboardInterrupt\n");
});

Deno.test(
  "A KeyboardInterrupt that nobody catches ends the process as an error",
  { ignore },
  async () => {
    await using program = new Program("interrupted_uncaught");
    await program.printed("ready");
    program.kill("SIGINT");
    const { code, stdout, stderr } = await program.end();
    assertEquals(stdout, "ready\n");
    assertMatch(stderr, /^error: Uncaught .*KeyboardInterrupt/);
    assertEquals(code, 1);
  },
);

Deno.test(
  "A program that waits for the host hears of SIGINT, and a third one ends it",
  { ignore },
  async () => {
    await using program = new Program("interrupted_at_host");
    await program.printed("ready");
    program.kill("SIGINT");
    await program.printed("aborted");
    program.kill("SIGINT");
    // The runner waits for the task to end. From when it does, a signal has its usual effect.
    let ended = false;
    const end = program.end().finally(() => ended = true);
    while (!ended) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      try {
        program.kill("SIGINT");
      } catch {
        // It has ended.
      }
    }
    const { code, signal, stdout } = await end;
    assertEquals(stdout, "ready\naborted\n");
    assertEquals([code, signal], [130, "SIGINT"]);
  },
);

Deno.test(
  "A program's own SIGINT handler is called instead of the runner's, and outlives the program",
  { ignore },
  async () => {
    await using program = new Program("interrupted_own");
    for (
      const [ready, answer] of [
        ["waiting: set before", "own: set before"],
        ["waiting: none of its own", "runner: KeyboardInterrupt"],
        ["waiting: set inside", "own: set inside"],
        ["waiting: another program", "own: set inside"],
        ["waiting: removed again", "runner: KeyboardInterrupt"],
      ] as const
    ) {
      await program.printed(`${ready}\n`);
      program.kill("SIGINT");
      await program.printed(`${ready}\n${answer}\n`);
    }
    const { code, signal, stderr } = await program.end();
    assertEquals(stderr, "");
    assertEquals([code, signal], [0, null]);
  },
);

Deno.test("SIGINT ends the process again when a runner is closed", { ignore }, async () => {
  await using program = new Program("interrupted_after");
  await program.printed("closed");
  program.kill("SIGINT");
  const { signal, stderr } = await program.end();
  assertEquals(stderr, "");
  assertEquals(signal, "SIGINT");
});

// ---- The end --------------------------------------------------------------------------------------

Deno.test("A program with nothing left to wait for ends with Deno's own message", async () => {
  const { code, stdout, stderr } = await runProgram("nothing_left");
  assertEquals(stdout, "waiting\n");
  assertMatch(stderr, /^error: Top-level await promise never resolved\n/);
  assertEquals(code, 1);
});

Deno.test("runForever() keeps the process alive until stop()", { ignore }, async () => {
  await using program = new Program("run_forever");
  await program.printed("running");
  let ended = false;
  const end = program.end().finally(() => ended = true);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertFalse(ended);
  program.kill("SIGUSR1");
  const { code, stdout, stderr } = await end;
  assertEquals(stdout, "running\nstopping\nstopped\nclosed\n");
  assertEquals(stderr, "");
  assertEquals(code, 0);
});

Deno.test("What is left of a loop does not keep the process alive", async () => {
  const { code, stdout, stderr } = await runProgram("leftovers", ["--allow-net"]);
  assertEquals(stdout, "the end\n");
  assertEquals(stderr, "");
  assertEquals(code, 0);
});

Deno.test(
  "Children and pipes that are left behind end with the loop, and nobody waits for them",
  { ignore },
  async () => {
    const { code, stdout, stderr } = await runProgram("leftover_children", ["-A"]);
    assertEquals(stderr, "");
    assertEquals(code, 0);
    const [pipe, ...children] = stdout.trimEnd().split("\n");
    assertEquals(pipe, "pipe: ended");
    assertEquals(children.map((line) => line.slice(line.indexOf(" ") + 1)), [
      "without pipes",
      "with pipes",
      "with pipes, unread",
      "with another name",
      "with another name, unread",
    ]);
    for (const line of children) {
      const pid = parseInt(line);
      // They would sleep for much longer.
      for (let i = 0; i < 1000 && isAlive(pid); i++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assertFalse(isAlive(pid), line);
    }
  },
);

function isAlive(pid: number): boolean {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "stat=", "-p", `${pid}`] }).outputSync();
  // A zombie is dead, but nobody has asked how it died.
  return /^[^Z]/.test(new TextDecoder().decode(stdout).trim());
}

Deno.test("A program that fails ends the process with its error", async () => {
  const { code, stderr } = await runProgram("fails");
  assertMatch(stderr, /^error: Uncaught \(in promise\) TypeError: main failed\n/);
  assertMatch(stderr, /fails\.ts:\d+:\d+/);
  assertEquals(code, 1);
});

// ---- Exceptions that nobody asks for --------------------------------------------------------------

Deno.test("Exceptions that nobody asks for are reported once, and end nothing", async () => {
  const { code, stdout, stderr } = await runProgram("unretrieved");
  assertEquals(stdout, "main ends\nafter run()\nthe end\n");
  assertEquals(code, 0);
  const count = (pattern: RegExp) => [...stderr.matchAll(pattern)].length;
  for (
    const message of [
      "future",
      "async task",
      "generator task",
      "callback",
      "last task",
      "bare loop",
    ]
  ) assertEquals(count(new RegExp(`Lost: ${message}\n`, "g")), 1, message);
  assertEquals(count(/^Future exception was never retrieved$/gm), 1);
  assertEquals(count(/^Task exception was never retrieved$/gm), 4);
  assertEquals(count(/^Exception in callback /gm), 1);
});

Deno.test("Exceptions of collected futures are reported when they are collected", async () => {
  const { code, stderr } = await runProgram("collected");
  assertEquals(code, 0);
  const [before, between, after] = stderr.split(/-- end of \w+ --\n/);
  for (const what of ["future", "task"]) {
    assertEquals([...before!.matchAll(new RegExp(`TypeError: lost ${what}\n`, "g"))].length, 1);
  }
  assertEquals([between, after], ["", ""]);
});

// ---- Permissions ----------------------------------------------------------------------------------

for (const [what, flags] of Object.entries({ "no permission": [], "the net": ["--allow-net"] })) {
  Deno.test(`A program runs with ${what}, and asks for nothing`, async () => {
    const { code, stdout, stderr } = await runProgram("no_permission", flags);
    assertEquals(stderr, "");
    assertEquals(stdout, '["a","b",true]\n');
    assertEquals(code, 0);
  });
}

Deno.test("The error of a cancelled program is printed as an error", async () => {
  for (const how of ["cancelled", "thrown"]) {
    const { code, stderr } = await runProgram("fails", [], [how]);
    const message = how === "cancelled" ? "by itself" : "thrown";
    assertMatch(
      stderr,
      new RegExp(`^error: Uncaught \\(in promise\\) CancelledError: ${message}\n`),
    );
    assertEquals(code, 1);
  }
});
