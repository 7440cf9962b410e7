/** `.ci/jsr_url.ts`: one URL on standard output, from however many runs at once. */
import { assertEquals, assertMatch } from "@std/assert";
import { deno, ROOT } from "./_project.ts";

/** A copy of the script and its facades, which believes that the registry does not answer. */
async function offlineCopy(): Promise<string> {
  const copy = await Deno.makeTempDir();
  await Deno.copyFile(new URL(".ci/jsr_url.ts", ROOT), `${copy}/jsr_url.ts`);
  for (const name of ["assert", "async", "net"]) {
    await Deno.mkdir(`${copy}/std/${name}`, { recursive: true });
    for await (const { name: file } of Deno.readDir(new URL(`.ci/std/${name}/`, ROOT))) {
      const path = `std/${name}/${file}`;
      await Deno.copyFile(new URL(`.ci/${path}`, ROOT), `${copy}/${path}`);
    }
  }
  await Deno.mkdir(`${copy}/.registry`);
  const probe = { reachable: false, at: Date.now() };
  await Deno.writeTextFile(`${copy}/.registry/probe.json`, JSON.stringify(probe));
  return copy;
}

Deno.test("The registry script builds one whole tree when several runs start together", async () => {
  const copy = await offlineCopy();
  try {
    const script = ["run", "-A", "--no-config", `${copy}/jsr_url.ts`];
    const runs = await Promise.all(
      Array.from({ length: 4 }, () => deno(script, { JSR_URL: "" })),
    );
    const [first] = runs.map(({ stdout }) => stdout);
    assertMatch(first!, /^file:\/\/\/.*\/\.registry\/[0-9a-f]{16}\/\n$/);
    for (const { stdout } of runs) assertEquals(stdout, first);

    const left = Array.from(Deno.readDirSync(`${copy}/.registry`), ({ name }) => name);
    assertEquals(left.sort(), [new URL(first!).pathname.split("/").at(-2), "probe.json"]);
    const tree = new URL(first!.trim());
    for (const name of ["assert", "async", "net"]) {
      const meta = JSON.parse(await Deno.readTextFile(new URL(`@std/${name}/meta.json`, tree)));
      const version = new URL(`@std/${name}/${meta.latest}`, tree);
      const { exports } = JSON.parse(await Deno.readTextFile(new URL(`${version}_meta.json`)));
      for (const file of Object.values<string>(exports)) {
        await Deno.stat(new URL(`${version}/${file}`));
      }
    }
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});

Deno.test("The registry script builds a new tree when a facade changes", async () => {
  const copy = await offlineCopy();
  try {
    const script = ["run", "-A", "--no-config", `${copy}/jsr_url.ts`];
    const before = await deno(script, { JSR_URL: "" });
    await Deno.writeTextFile(`${copy}/std/net/mod.ts`, "export {};\n");
    // The old tree, handed down by an outer task, is not taken for a mirror.
    const after = await deno(script, { JSR_URL: before.stdout.trim() });
    assertEquals(before.stdout === after.stdout, false);
    const file = new URL("@std/net/1.0.6/mod.ts", after.stdout.trim());
    assertEquals(await Deno.readTextFile(file), "export {};\n");
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});

Deno.test("The registry script prints a mirror that is set as it is", async () => {
  const { stdout } = await deno(["run", "-A", ".ci/jsr_url.ts"], {
    JSR_URL: "https://mirror.test/",
  });
  assertEquals(stdout, "https://mirror.test/\n");
});
