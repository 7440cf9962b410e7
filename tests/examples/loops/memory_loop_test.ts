/** The loop with an in-memory transport conforms, and is short. */
import { assert } from "@std/assert";
import { CORE_AREAS, testEventLoop } from "../../../loop/conformance/mod.ts";
import { MemoryLoop } from "../../../examples/loops/memory_loop.ts";

testEventLoop("MemoryLoop", () => new MemoryLoop(), {
  areas: [...CORE_AREAS, "wake-ups", "TCP", "Unix", "TLS"],
});

Deno.test("MemoryLoop has at most 40 lines of code", async () => {
  const text = await Deno.readTextFile(
    new URL("../../../examples/loops/memory_loop.ts", import.meta.url),
  );
  const lines = text.split("\n").filter((line) =>
    line.trim() !== "" && !line.trim().startsWith("//")
  );
  assert(lines.length <= 40, `${lines.length} lines`);
});
