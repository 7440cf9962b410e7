/** Waits after `run()`, where SIGINT is nobody's. */
import { getRunningLoop, run, sleep } from "../../mod.ts";

await run(async () => {
  getRunningLoop().addSignalHandler("SIGINT", () => {});
  await sleep(1);
});
console.log("closed");
await new Promise((resolve) => setTimeout(resolve, 60_000));
