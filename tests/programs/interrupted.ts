/** Waits for ever, cleans up when it is interrupted, and tells how `run()` ended. */
import { createTask, Future, KeyboardInterrupt, run, sleep } from "../../mod.ts";

const waits: Record<string, () => Promise<unknown>> = {
  // A process that listens to a signal is not ended by Deno, so this waits until it comes.
  "waiting for nothing": async () => await new Future(),
  "sleeping": async () => await sleep(1e9),
  "busy": async () => {
    for (;;) await sleep(0);
  },
  "computing in steps": async () => {
    for (;;) {
      const end = performance.now() + 1;
      while (performance.now() < end);
      await sleep(0);
    }
  },
};

for (const [name, wait] of Object.entries(waits)) {
  try {
    await run(async () => {
      const other = createTask(async () => {
        try {
          await sleep(1e9);
        } finally {
          console.log(`${name}: the other task is cancelled`);
        }
      });
      await sleep(0);
      console.log(`${name}: ready`);
      try {
        await wait();
      } finally {
        console.log(`${name}: cleans up`);
        await sleep(5);
        console.log(`${name}: is clean, other ${other.done()}`);
      }
    });
  } catch (error) {
    console.log(`${name}: ${error instanceof KeyboardInterrupt ? error.name : error}`);
  }
}
