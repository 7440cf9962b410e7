/** Uses the loop in every way that asks the host for something, without any permission. */
import { createTask, gather, run, sleep } from "../../mod.ts";

const result = await run(async () => {
  let turns = 0;
  const busy = createTask(async () => {
    for (;;) {
      turns++;
      await sleep(0);
    }
  });
  // A timer of the host, beside a loop that is never idle: the loop must let the host poll.
  await new Promise((resolve) => setTimeout(resolve, 30));
  busy.cancel();
  const all = await gather(sleep(1, "a"), async () => await sleep(2, "b"));
  return [...all, turns > 1];
}, { debug: true });
console.log(JSON.stringify(result));
