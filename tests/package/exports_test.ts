/** Nothing becomes public, or stops being public, by accident. */
import { assertEquals } from "@std/assert";
import { exportedNames, type ExportsByEntry, RECORD } from "./_exports.ts";

Deno.test("The entry points export the recorded names (else: deno task exports:record)", async () => {
  const recorded: ExportsByEntry = JSON.parse(await Deno.readTextFile(RECORD));
  assertEquals(await exportedNames(), recorded);
});
