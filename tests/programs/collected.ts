/** Loses exceptions whose futures are collected while the program runs. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createTask, Future, run, sleep } from "../../mod.ts";

setFlagsFromString("--expose-gc");
const gc: () => void = runInNewContext("gc");

await run(async () => {
  (() => {
    new Future().setException(new TypeError("lost future"));
    createTask(async () => {
      await sleep(0);
      throw new TypeError("lost task");
    });
  })();
  for (let i = 0; i < 60; i++) {
    await sleep(1);
    gc();
  }
  console.error("-- end of main --");
});
console.error("-- end of run --");
