/** Has nothing to do, and stays until it is stopped. */
import { DenoEventLoop } from "../../mod.ts";

const loop = new DenoEventLoop();
loop.addSignalHandler("SIGUSR1", () => {
  console.log("stopping");
  loop.stop();
});
console.log("running");
await loop.runForever();
console.log("stopped");
loop.close();
console.log("closed");
