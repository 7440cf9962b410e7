/** Refuses to be cancelled; a second SIGINT interrupts it all the same. */
import { KeyboardInterrupt, run, sleep } from "../../mod.ts";

try {
  await run(async () => {
    console.log("ready");
    for (let refusals = 0; refusals < 2; refusals++) {
      try {
        await sleep(1e9);
      } catch (error) {
        // The second time it is the end of `run()`, which waits for it.
        console.log(`${error instanceof Error ? error.name : error} ${refusals}`);
      }
    }
  });
} catch (error) {
  console.log(`ended with ${error instanceof KeyboardInterrupt ? error.name : error}`);
}
