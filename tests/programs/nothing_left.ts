/** Waits for what nobody will ever do, on a loop that listens to no signal. */
import { DenoEventLoop, Future } from "../../mod.ts";

console.log("waiting");
const loop = new DenoEventLoop();
await loop.runUntilComplete(async () => await new Future());
console.log("never");
