/** What the library asks of its host when it is imported, and which host APIs it may name. */
import { assert, assertEquals } from "@std/assert";
import { CONFIG, deno, ENTRIES, ROOT, sources } from "./_project.ts";

for (const { name, url } of ENTRIES) {
  Deno.test(`Importing ${name} asks for no permission`, async () => {
    const audit = await Deno.makeTempFile();
    try {
      const { success, stderr } = await deno(["run", "--no-prompt", "--no-check", url.href], {
        // Also lists what was asked for in a `try`, where a refusal would go unseen.
        DENO_AUDIT_PERMISSIONS: audit,
      });
      assert(success, stderr);
      assertEquals(await Deno.readTextFile(audit), "");
    } finally {
      await Deno.remove(audit);
    }
  });
}

Deno.test("The type check knows no unstable API, so that naming one does not compile", async () => {
  assertEquals(CONFIG.compilerOptions.lib, ["deno.window"]);
  assertEquals(CONFIG.unstable, undefined);
  const files = [
    "mod.ts",
    ...(await Promise.all(["futures/", "transports/", "loop/"].map(sources))).flat(),
  ];
  for (const path of files) {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    assert(!/reference\s+lib\s*=/.test(text), `${path} asks for another lib`);
  }
});
