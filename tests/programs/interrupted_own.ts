/** Has a SIGINT handler of its own for some of the programs of one runner. */
import { DenoEventLoop, KeyboardInterrupt, Runner } from "../../mod.ts";

const loop = new DenoEventLoop();
const runner = new Runner({ loopFactory: () => loop });
let interrupted = loop.createFuture<string>();

function handle(name: string): void {
  loop.addSignalHandler("SIGINT", () => interrupted.setResult(`own: ${name}`));
}

async function program(name: string, prepare: () => void = () => {}): Promise<void> {
  interrupted = loop.createFuture();
  let answer: string;
  try {
    answer = await runner.run(async () => {
      prepare();
      console.log(`waiting: ${name}`);
      return await interrupted;
    });
  } catch (error) {
    answer = `runner: ${error instanceof KeyboardInterrupt ? error.name : error}`;
  }
  console.log(answer);
}

runner.getLoop();
handle("set before");
await program("set before");
if (!loop.removeSignalHandler("SIGINT")) console.log("the handler of before is lost");
await program("none of its own", () => {
  if (loop.removeSignalHandler("SIGINT")) console.log("the runner's counts as the program's");
});
await program("set inside", () => handle("set inside"));
await program("another program");
await program("removed again", () => {
  if (!loop.removeSignalHandler("SIGINT")) console.log("the handler of before is lost");
});
await runner.close();
