/** The files of this folder compile: what fits is accepted, and what does not is refused. */
import { assert, assertMatch } from "@std/assert";

const folder = new URL("./", import.meta.url);

async function check(...files: URL[]): Promise<{ success: boolean; stderr: string }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", ...files.map((file) => file.href)],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("The type tests compile", async () => {
  const names = ["call_soon", "waiting", "gather", "scopes", "extending"];
  const { success, stderr } = await check(...names.map((name) => new URL(`${name}.ts`, folder)));
  assert(success, stderr);
});

Deno.test("A type test that should fail does", async () => {
  const text = await Deno.readTextFile(new URL("call_soon.ts", folder));
  const file = new URL("_broken.ts", folder);
  await Deno.writeTextFile(file, text.replace('callSoon(two, "a", "b")', 'callSoon(two, "a", 1)'));
  try {
    const { success, stderr } = await check(file);
    assert(!success);
    assertMatch(stderr, /Unused '@ts-expect-error' directive/);
  } finally {
    await Deno.remove(file);
  }
});
