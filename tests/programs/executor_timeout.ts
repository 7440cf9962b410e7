// Work that does not end is ended when the time for it is over.
import { DenoEventLoop, WorkerDiedError } from "@asyncio/asyncio";

const loop = new DenoEventLoop();
await loop.runUntilComplete(async () => {
  const future = loop.runInExecutor(undefined, function spin(): void {
    while (true);
  });
  await loop.shutdownDefaultExecutor(10);
  try {
    await future;
  } catch (error) {
    if (error instanceof WorkerDiedError) console.log(error.message);
  }
});
loop.close();
