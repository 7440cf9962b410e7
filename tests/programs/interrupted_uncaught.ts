/** Nothing catches the KeyboardInterrupt. */
import { run, sleep } from "../../mod.ts";

await run(async () => {
  console.log("ready");
  await sleep(1e9);
});
console.log("never");
