/** The loop in a Worker serves its owner, and conforms there. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTask, run, timeout, TimeoutError } from "../../../mod.ts";
import { ALL_AREAS, conformanceCases } from "../../../loop/conformance/mod.ts";
import { Owner } from "../../../examples/loops/worker_loop.ts";

async function withWorker(body: (owner: Owner) => Promise<void>): Promise<void> {
  const worker = new Worker(new URL("./_worker.ts", import.meta.url), { type: "module" });
  try {
    await run(() => body(new Owner(worker)));
  } finally {
    worker.terminate();
  }
}

Deno.test("ServingLoop answers its owner, many requests at a time", async () => {
  await withWorker(async (owner) => {
    const asked = Array.from({ length: 20 }, (_, i) => owner.ask("double", i));
    for (const [i, answer] of asked.entries()) assertEquals(await answer, 2 * i);
    await assertRejects(async () => await owner.ask("fail", "as planned"), Error, "as planned");
  });
});

Deno.test("ServingLoop cancels the task of a request that its owner gives up", async () => {
  await withWorker(async (owner) => {
    await assertRejects(
      () => timeout(20, async () => await owner.ask("forEver", "a")),
      TimeoutError,
    );
    const task = createTask(async () => await owner.ask("forEver", "b"));
    await owner.ask("double", 1);
    task.cancel();
    await assertRejects(async () => await task);
    assertEquals(await owner.ask("cancelled"), ["a", "b"]);
  });
});

// A worker gets no signals, and this one runs the cases inside of its own loop, where run() refuses.
const unclaimed = ["signals", "shutdown"];
const areas = ALL_AREAS.filter((area) => !unclaimed.includes(area));

Deno.test("ServingLoop conforms, in its worker", async (t) => {
  const cases = conformanceCases();
  const claimed = new Set(conformanceCases(areas));
  assert(claimed.size > 60);
  await withWorker(async (owner) => {
    for (const [i, each] of cases.entries()) {
      await t.step({
        name: `ServingLoop: ${each.area}: ${each.name}`,
        ignore: !claimed.has(each),
        fn: async () => void await owner.ask("conformance", i),
      });
    }
  });
});
