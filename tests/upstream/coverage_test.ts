/**
 * `coverage.json` says of every test that CPython 3.13 has of asyncio which test here covers the same
 * behaviour, or why it does not apply; here is checked that those tests exist, and that nothing is left
 * out where a CPython 3.13 is found to list its tests.
 */
import { assert, assertEquals } from "@std/assert";
import { findPython } from "../parity/_cpython.ts";
import coverage from "./coverage.json" with { type: "json" };

type Entry = { covered: string[] } | { notApplicable: string };
const modules: Record<string, Record<string, Entry>> = coverage.modules;
const reasons: Record<string, string> = coverage.reasons;
const tests = new URL("../", import.meta.url);

function entries(): [name: string, entry: Entry][] {
  return Object.entries(modules).flatMap(([module, tests]) =>
    Object.entries(tests).map(([name, entry]): [string, Entry] => [`${module}.${name}`, entry])
  );
}

Deno.test("Every test of CPython's is covered by one here, or does not apply", () => {
  const wrong = entries().filter(([, entry]) =>
    "covered" in entry ? entry.covered.length === 0 : !(entry.notApplicable in reasons)
  );
  assertEquals(wrong, []);
  assert(entries().length > 1000);
});

Deno.test("Every test that is said to cover one of CPython's exists", () => {
  const texts = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, entry] of entries()) {
    if (!("covered" in entry)) continue;
    for (const reference of entry.covered) {
      const [, file, title] = /^(\S+_test\.ts): (.+)$/.exec(reference)!;
      let text = texts.get(file!);
      if (text === undefined) {
        text = Deno.readTextFileSync(new URL(file!, tests));
        texts.set(file!, text);
      }
      const quoted = [`"${title}"`, `\`${title}\``];
      if (!quoted.some((each) => text.includes(each))) missing.push(`${name}: ${reference}`);
    }
  }
  assertEquals(missing, []);
});

Deno.test("Every reason why a test of CPython's does not apply is used", () => {
  const used = new Set(
    entries().map(([, entry]) => "notApplicable" in entry && entry.notApplicable),
  );
  assertEquals(Object.keys(reasons).filter((reason) => !used.has(reason)), []);
});

Deno.test("The tests of CPython's that are listed are those that it has", async (t) => {
  const python = await findPython();
  // Other versions have a few more, or less.
  const comparable = python?.version === "3.13.0" && Deno.build.os === "linux";
  await t.step({
    name: comparable ? "compared" : "there is no CPython 3.13.0 to ask",
    ignore: !comparable,
    fn: async () => {
      const { stdout } = await new Deno.Command(python!.command, {
        args: ["-B", "-W", "ignore", new URL("list_tests.py", import.meta.url).pathname],
        env: python!.env,
        stderr: "null",
      }).output();
      const found: Record<string, string[]> = JSON.parse(new TextDecoder().decode(stdout));
      const listed = Object.entries(modules).map((
        [name, tests],
      ) => [name, Object.keys(tests).sort()]);
      assertEquals(Object.fromEntries(listed), found);
    },
  });
});
