/** The suite finds what is wrong with a loop, and says so at the right case. */
import { assertEquals } from "@std/assert";
import { type ConformanceCase, conformanceCases } from "../../../loop/conformance/mod.ts";
import { BROKEN_LOOPS, type BrokenLoop } from "./_broken_loops.ts";

// What hangs in a broken loop is given up after this; what works takes a hundredth of it.
const TIMEOUT_MS = 2000;

async function failures({ make, areas }: BrokenLoop): Promise<string[]> {
  const failed = async (each: ConformanceCase) => {
    try {
      await each.run(make, { timeoutMs: TIMEOUT_MS });
      return false;
    } catch {
      return true;
    }
  };
  // Side by side, as some hang.
  const cases = conformanceCases(areas);
  const results = await Promise.all(cases.map(failed));
  return cases.filter((_, i) => results[i]).map(({ name }) => name);
}

for (const [name, loop] of Object.entries(BROKEN_LOOPS)) {
  Deno.test({
    name: `The conformance suite finds a loop ${name}`,
    // What a broken loop leaves open, nobody can close.
    sanitizeOps: !loop.leaks,
    sanitizeResources: !loop.leaks,
    fn: async () => {
      const failed = await failures(loop);
      const concerned = loop.andMore ? failed.filter((each) => loop.fails.includes(each)) : failed;
      assertEquals(concerned, loop.fails);
    },
  });
}
