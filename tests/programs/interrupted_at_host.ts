/** Waits for a promise of the host that never settles: nothing can be thrown in there. */
import { currentTask, run, type Task } from "../../mod.ts";

const keepAlive = setInterval(() => {}, 1000);
await run(async () => {
  console.log("ready");
  (currentTask() as Task<unknown>).signal.addEventListener("abort", () => console.log("aborted"));
  await new Promise(() => {});
});
clearInterval(keepAlive);
