// An error that nothing catches in a worker fails the call, not the program.
import { run, toThread, WorkerDiedError } from "@asyncio/asyncio";

async function leaveErrorBehind(): Promise<void> {
  setTimeout(() => {
    throw new TypeError("left behind");
  }, 0);
  await new Promise(() => {});
}

await run(async () => {
  try {
    await toThread(leaveErrorBehind);
  } catch (error) {
    if (error instanceof WorkerDiedError) console.log(`${error.message}: ${error.cause}`);
  }
  console.log(await toThread(() => "the next call works"));
});
