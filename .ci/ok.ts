/**
 * The gate: runs every check that a change must pass, one after the other, all of them even when
 * one fails. Start it with `deno task ok`, which sets `JSR_URL`.
 *
 * A passing check prints one line, a failing one its whole output as well. The last line has the
 * counts, which `.ci/run` reads. The names of the exports, the import directions and what an import
 * asks of its host are tests (`tests/package/`); unstable host APIs do not pass the type check,
 * since `deno.json` leaves them out of its `lib`.
 */

import { cpSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** No check comes near this; one that hangs is ended and has failed. */
const TIMEOUT_MS = 15 * 60_000;

interface Gate {
  name: string;
  args: string[];
  /** Whether its output ends in the summary of a test run. */
  tests?: boolean;
  /** What its environment has besides. */
  env?: Record<string, string>;
}

const root = new URL("../", import.meta.url);
const config: { exports: Record<string, string> } = JSON.parse(
  Deno.readTextFileSync(new URL("deno.json", root)),
);
const entries = Object.values(config.exports);
// With examples that a reader may copy, each importing the published name.
const documented = ["mod.ts", "futures/", "transports/", "loop/", "README.md"];

const outside = registryOutside();
const gates: Gate[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["check"] },
  { name: "doc lint", args: ["doc", "--lint", ...entries] },
  { name: "doc examples", args: ["test", "--doc", "-A", ...documented], tests: true },
  { name: "tests with leak tracing", args: ["test", "-A", "--trace-leaks", "tests/"], tests: true },
  { name: "speed beside the bare host", args: ["run", "-A", "bench/check_ratios.ts"] },
  { name: "publish", args: ["publish", "--dry-run", "--allow-dirty"], env: outside?.env },
];

let failedGates = 0;
const tests = { passed: 0, failed: 0 };
for (const gate of gates) {
  const start = performance.now();
  const { success, output } = await run(gate.args, gate.env);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);

  let detail = "";
  // A failure that no test stands for (types, a crash, no summary) is counted as one.
  let failed = success ? 0 : 1;
  if (gate.tests) {
    const summary = [...output.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/gm)].at(
      -1,
    );
    if (summary === undefined) failed = 1;
    else {
      tests.passed += Number(summary[1]);
      tests.failed += Number(summary[2]);
      if (Number(summary[2]) > 0) failed = 0;
      detail = `: ${summary[1]} passed, ${summary[2]} failed`;
    }
  }
  failedGates += failed;

  const passed = success && failed === 0;
  if (!passed) console.log(output.trimEnd());
  console.log(`${passed ? "ok    " : "FAILED"} ${gate.name}${detail} (${seconds} s)`);
  if (!passed) Deno.exitCode = 1;
}
if (outside !== undefined) Deno.removeSync(outside.folder, { recursive: true });
console.log(
  `${tests.passed} tests passed, ${tests.failed} failed, ${failedGates} other checks failed`,
);

/**
 * A registry that stands in for the real one is copied out of the package: what lies inside, publishing
 * takes for a part of it that was left out.
 */
function registryOutside(): { folder: string; env: Record<string, string> } | undefined {
  const url = Deno.env.get("JSR_URL");
  if (!url?.startsWith("file:")) return undefined;
  const folder = Deno.makeTempDirSync({ prefix: "registry-" });
  cpSync(new URL(url), folder, { recursive: true });
  return { folder, env: { JSR_URL: `${pathToFileURL(folder)}/` } };
}

/** Runs this Deno in the project's root. Its two outputs are joined in one text, errors last. */
async function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ success: boolean; output: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const text = new TextDecoder();
  return { success, output: text.decode(stdout) + text.decode(stderr) };
}
