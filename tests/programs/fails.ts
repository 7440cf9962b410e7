/** Fails in the way that the first argument says. */
import { CancelledError, currentTask, run, sleep, type Task } from "../../mod.ts";

await run(async () => {
  await sleep(1);
  switch (Deno.args[0]) {
    case "cancelled":
      (currentTask() as Task<unknown>).cancel("by itself");
      await sleep(1);
      break;
    case "thrown":
      throw new CancelledError("thrown");
    default:
      throw new TypeError("main failed");
  }
});
