/** Tests of a pool of workers. Imported by tests only. */
import { assertRejects } from "@std/assert";
import { WorkerPoolExecutor } from "../../../loop/mod.ts";

/** Tests with a pool of a few workers, which are ended whatever the test leaves running. */
export function testPool(
  name: string,
  body: (pool: WorkerPoolExecutor) => void | Promise<void>,
  maxWorkers = 2,
): void {
  Deno.test(name, async () => {
    const pool = new WorkerPoolExecutor({ maxWorkers });
    try {
      await body(pool);
    } finally {
      await pool.shutdown({ terminate: true, cancelFutures: true });
    }
  });
}

/** The error that a call ends with. */
export async function failureOf(outcome: PromiseLike<unknown>): Promise<Error> {
  return await assertRejects(() => Promise.resolve(outcome), Error);
}
