// An idle worker keeps no program alive, although nothing has ended it.
import { DenoEventLoop } from "@asyncio/asyncio";

const loop = new DenoEventLoop();
console.log(await loop.runUntilComplete(loop.runInExecutor(undefined, (x: number) => x + 1, 1)));
