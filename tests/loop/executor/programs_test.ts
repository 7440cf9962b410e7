/** How programs with workers end, and what they print: as processes. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const ROOT = new URL("../../../", import.meta.url);

async function runProgram(
  path: string,
  env: Record<string, string> = {},
): Promise<{ stdout: string; stderr: string }> {
  const { code, signal, ...output } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", path],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    // A program that does not end has failed.
    signal: AbortSignal.timeout(60_000),
  }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((text) =>
    new TextDecoder().decode(text)
  ) as [string, string];
  assertEquals([code, signal], [0, null], stderr);
  return { stdout, stderr };
}

Deno.test("An idle worker keeps no program alive", async () => {
  const { stdout, stderr } = await runProgram("tests/programs/executor_idle.ts");
  assertEquals([stdout, stderr], ["2\n", ""]);
});

Deno.test("A program ends when the work in its workers has", async () => {
  const { stdout, stderr } = await runProgram("tests/programs/executor_busy.ts");
  assertEquals([stdout, stderr], ["end of the program\ndone in the worker\n", ""]);
});

Deno.test("shutdownDefaultExecutor() warns of work that does not end in time, and ends it", async () => {
  const { stdout, stderr } = await runProgram("tests/programs/executor_timeout.ts");
  assertEquals(stdout, "The worker that ran function spin was terminated\n");
  assertEquals(stderr, "The default executor did not end its work within 10 ms: terminated\n");
});

Deno.test("An uncaught error in a worker fails its call, and is printed with the worker's name", async () => {
  const { stdout, stderr } = await runProgram("tests/programs/executor_uncaught.ts");
  assertEquals(
    stdout,
    "The worker that ran function leaveErrorBehind ended by an uncaught error: TypeError: left behind\n" +
      "the next call works\n",
  );
  assertStringIncludes(stderr, 'Uncaught (in worker "asyncio-0") TypeError: left behind');
});

Deno.test("Workers need no permission of their own, and have those of the program", async () => {
  const { stdout, stderr } = await runProgram("tests/programs/executor_permissions.ts");
  assertEquals([stdout, stderr], ["42\ntrue\nprompt\n", ""]);
});

Deno.test("Starting a worker asks for no permission", async () => {
  const audit = await Deno.makeTempFile();
  try {
    await runProgram("tests/programs/executor_idle.ts", { DENO_AUDIT_PERMISSIONS: audit });
    assertEquals(await Deno.readTextFile(audit), "");
  } finally {
    await Deno.remove(audit);
  }
});

Deno.test("The example computes on several workers, and ends by itself", async () => {
  const { stdout, stderr } = await runProgram("examples/worker_pool.ts");
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines.length, 33);
  assertEquals(lines[16]!.trim().replace(/#+/, "#"), "#*=--::::::.");
  assertMatch(lines[32]!, /^8 bands on \d+ workers; meanwhile the loop slept \d+ times$/);
  assertEquals(stderr, "");
});
