/** Leaves everything lying about: nothing of it keeps the process alive. */
import { createTask, DenoEventLoop, Future, getRunningLoop, run, sleep } from "../../mod.ts";

await run(async () => {
  getRunningLoop().callLater(1e9, () => {});
  createTask(() => sleep(1e9));
  createTask(() => new Future());
  // So long that the loop has looked at the host.
  for (let i = 0; i < 20_000; i++) await sleep(0);
});
const loop = new DenoEventLoop();
loop.addSignalHandler("SIGUSR1", () => {});
loop.callLater(1e9, () => {});
await loop.runUntilComplete(async () => {
  for (let i = 0; i < 20_000; i++) await sleep(0);
});
// It is not closed.
console.log("the end");
