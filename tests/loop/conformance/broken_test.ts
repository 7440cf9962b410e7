/** The suite finds what is wrong with a loop, and says so at the right case. */
import { assertEquals } from "@std/assert";
import { type ConformanceCase, conformanceCases } from "../../../loop/conformance/mod.ts";
import { BROKEN_LOOPS, type BrokenLoop } from "./_broken_loops.ts";

// What hangs in a broken loop is given up after this; what works takes a hundredth of it.
const TIMEOUT_MS = 2000;

async function failures({ make, areas, leaks }: BrokenLoop): Promise<string[]> {
  const failed = async (each: ConformanceCase) => {
    try {
      await each.run(make, { timeoutMs: TIMEOUT_MS });
      return false;
    } catch {
      return true;
    }
  };
  const cases = conformanceCases(areas);
  // Side by side where some hang; else one after another, as time matters to some.
  const results = leaks ? await Promise.all(cases.map(failed)) : [];
  if (!leaks) { for (const each of cases) results.push(await failed(each)); }
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
