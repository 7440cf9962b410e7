/** Tests of a loop with workers. Imported by tests only. */
import { DenoEventLoop } from "../../../loop/mod.ts";
import { type Program, Trial } from "../../_helpers.ts";

/** What a test with workers gets. */
export type WorkerTrial = Trial<DenoEventLoop>;

/**
 * Tests a program as the main coroutine of a real loop, since workers know no virtual time, in both
 * kinds of coroutine. The default executor is shut down at the end.
 */
export function testWithWorkers(
  name: string,
  program: (t: WorkerTrial) => Program<void>,
  after?: (t: WorkerTrial) => void,
): void {
  Deno.test(name, async (context) => {
    for (const kind of ["generator", "async function"] as const) {
      await context.step(kind, async () => {
        const t = new Trial(new DenoEventLoop(), kind);
        await t.loop.runUntilComplete(t.work(() => program(t)));
        await t.loop.runUntilComplete(t.loop.shutdownDefaultExecutor());
        after?.(t);
        t.finish();
      });
    }
  });
}
