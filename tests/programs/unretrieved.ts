/** Loses exceptions in every way, and goes on. */
import { createTask, DenoEventLoop, Future, getRunningLoop, run, sleep } from "../../mod.ts";

class Lost extends Error {
  override readonly name = "Lost";
}

await run(async () => {
  new Future().setException(new Lost("future"));
  createTask(async () => {
    await sleep(1);
    throw new Lost("async task");
  });
  createTask(function* () {
    yield* sleep(1);
    throw new Lost("generator task");
  });
  getRunningLoop().callSoon(() => {
    throw new Lost("callback");
  });
  await sleep(20);
  createTask(async () => {
    await sleep(0);
    throw new Lost("last task");
  });
  await sleep(0);
  console.log("main ends");
});
console.log("after run()");

const loop = new DenoEventLoop();
loop.createTask(() => Promise.reject(new Lost("bare loop")));
await loop.runUntilComplete(sleep(5));
loop.close();
console.log("the end");
