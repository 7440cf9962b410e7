// Work that nobody waits for is done before the program ends.
import { DenoEventLoop } from "@asyncio/asyncio";

new DenoEventLoop().runInExecutor(undefined, async () => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log("done in the worker");
});
console.log("end of the program");
