/** `doneCoroutine()`: a coroutine that has nothing to do. */
import { assert, assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import { doneCoroutine, mayReturnDone } from "../../futures/_done.ts";
import {
  CancelledError,
  Coroutine,
  gather,
  iscoroutine,
  moveOnAfter,
  sleep,
  waitFor,
} from "../../futures/mod.ts";
import { errorOf, hostTurn, testAsync, testProgram } from "../_helpers.ts";

const done = doneCoroutine("nothing");

testProgram("A done coroutine can be waited for, any number of times", function* (t) {
  assertEquals(yield* t.wait(done), undefined);
  assertEquals(yield* t.wait(done), undefined);
  assertEquals(yield* t.wait(gather(done, done, sleep(1, 2))), [undefined, undefined, 2]);
  assertEquals(yield* t.wait(waitFor(done, 10)), undefined);
  assertEquals(yield* t.wait(t.loop.createTask(done)), undefined);
  const task = t.loop.createTask(done);
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
  done.close();
  assertEquals(yield* t.wait(done), undefined);
});

testAsync("A done coroutine passes for a promise where the engine waits for it", async () => {
  const log: string[] = [];
  const waiting = (async () => {
    await done;
    log.push("went on");
  })();
  queueMicrotask(() => log.push("microtask"));
  await waiting;
  assertEquals(log, ["went on", "microtask"]);
  assertEquals(await Promise.all([done, Promise.race([done]), done.then(() => 3)]), [
    undefined,
    undefined,
    3,
  ]);
  assertEquals(await Promise.resolve().then(() => done), undefined);
});

testAsync("A done coroutine says what it is", async () => {
  await done;
  assert(iscoroutine(done));
  assertInstanceOf(done, Coroutine);
  assertEquals([done.name, `${done}`], ["nothing", "<coroutine nothing>"]);
  assertEquals(Deno.inspect(done), "<coroutine nothing>");
});

testAsync("A cancellation passes a done coroutine, and comes at the next wait", async (t) => {
  const log: string[] = [];
  const task = t.loop.createTask(async () => {
    task.cancel();
    await done;
    log.push("passed");
    await sleep(1000);
  });
  assertEquals(await moveOnAfter(10, async () => await errorOfTask(task)), "CancelledError");
  assertEquals(log, ["passed"]);
});

async function errorOfTask(task: PromiseLike<void>): Promise<string> {
  try {
    await task;
    return "none";
  } catch (error) {
    return (error as Error).name;
  }
}

testAsync("A done coroutine is not for code that a foreign promise has resumed", async (t) => {
  await sleep(0);
  assert(mayReturnDone(t.loop));
  for (let i = 0; i < 100; i++) {
    await done;
    assert(mayReturnDone(t.loop), "many in a row do not take the task out of step");
  }
  await hostTurn();
  assertFalse(mayReturnDone(t.loop));
  await sleep(0);
  assert(mayReturnDone(t.loop));
});
