/**
 * CPython 3.13, where there is one: it answers what asyncio does with programs.
 *
 * Imported by tests only.
 */

/** The commands that may be CPython 3.13, each with what it needs in its environment. */
const CANDIDATES: [command: string, env: Record<string, string>][] = [
  ["python3.13", {}],
  ["python3", {}],
  ["python3", { PYENV_VERSION: "3.13.0" }],
];

/** How to start CPython 3.13. */
export interface Python {
  command: string;
  env: Record<string, string>;
  version: string;
}

/** Finds CPython 3.13. */
export async function findPython(): Promise<Python | undefined> {
  for (const [command, env] of CANDIDATES) {
    try {
      const { success, stdout } = await new Deno.Command(command, {
        args: ["-c", "import platform; print(platform.python_version())"],
        env,
        stderr: "null",
      }).output();
      const version = new TextDecoder().decode(stdout).trim();
      if (success && /^3\.13\./.test(version)) return { command, env, version };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/**
 * Has a script answer questions: both are values of JSON, a line each.
 *
 * @param script its file
 */
export async function askPython<Q, A>(
  python: Python,
  script: URL,
  questions: readonly Q[],
): Promise<A[]> {
  const child = new Deno.Command(python.command, {
    args: ["-B", script.pathname],
    env: { ...python.env, PYTHONHASHSEED: "0" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const text = questions.map((question) => JSON.stringify(question) + "\n").join("");
  const [, output] = await Promise.all([
    new Blob([text]).stream().pipeTo(child.stdin),
    new Response(child.stdout).text(),
    child.status,
  ]);
  const lines = output.split("\n").filter((line) => line !== "");
  if (lines.length !== questions.length) {
    throw new Error(`Cannot compare: ${lines.length} answers to ${questions.length} questions`);
  }
  return lines.map((line) => JSON.parse(line) as A);
}
