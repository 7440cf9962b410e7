/** `callSoonThreadsafe()`: what comes from other threads wakes the loop. */
import { assertEquals } from "@std/assert";
import { sleep } from "../../../futures/mod.ts";
import { DenoEventLoop, getRunningLoop, run } from "../../../loop/mod.ts";
import { testLoop } from "../../_helpers.ts";

/** A worker that sends back what it is sent. */
function echoWorker(): Worker {
  const source = "onmessage = ({ data }) => postMessage(data)";
  return new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
}

testLoop("callSoonThreadsafe() in the loop's own thread is callSoon()", async ({ loop }) => {
  const results: string[] = [];
  loop.callSoonThreadsafe((text: string) => void results.push(text), "hello");
  loop.callSoon((text: string) => {
    results.push(text);
    loop.stop();
  }, "world");
  await loop.runForever();
  assertEquals(results, ["hello", "world"]);
});

Deno.test("A message from a worker wakes a loop that waits for nothing else", async () => {
  const loop = new DenoEventLoop();
  const worker = echoWorker();
  const results: string[] = [];
  worker.onmessage = ({ data }) => {
    loop.callSoonThreadsafe((text: string) => {
      results.push(text);
      // The next message is sent when the loop is about to wait again.
      if (results.length === 3) loop.stop();
      else worker.postMessage(`message ${results.length}`);
    }, data);
  };
  worker.postMessage("message 0");
  await loop.runForever();
  assertEquals(results, ["message 0", "message 1", "message 2"]);
  worker.terminate();
  loop.close();
});

Deno.test("A message from a worker wakes a task whose loop waits for a far deadline", async () => {
  const worker = echoWorker();
  await run(async () => {
    const loop = getRunningLoop();
    const future = loop.createFuture<string>();
    const deadline = loop.callLater(3_600_000, () => future.setResult("too late"));
    worker.onmessage = ({ data }) => {
      loop.callSoonThreadsafe((text: string) => future.setResult(text), data);
    };
    await sleep(1);
    worker.postMessage("woken");
    assertEquals(await future, "woken");
    deadline.cancel();
  });
  worker.terminate();
});
