/** `Event`: who goes on after a `set()`, and when. */
import { assert, assertEquals, assertFalse, assertInstanceOf, assertRejects } from "@std/assert";
import { CancelledError, createTask, sleep } from "../../futures/mod.ts";
import { Event } from "../../futures/event.ts";
import { described, errorOf, passes, testAsync, testProgram, type Trial } from "../_helpers.ts";

/** A task that waits for the event and tells so. */
function waiter(t: Trial, event: Event, name: string, log: string[]) {
  return createTask(t.work(function* () {
    assertEquals(yield* t.wait(event.wait()), true);
    log.push(name);
  }));
}

testProgram("Event.wait() ends at once when the flag is set", function* (t) {
  const event = new Event();
  assertFalse(event.isSet());
  event.set();
  let turns = 0;
  t.loop.callSoon(() => turns++);
  assertEquals(yield* t.wait(event.wait()), true);
  assertEquals(turns, 0);
});

testProgram("Event.set() wakes all, in the order in which they came", function* (t) {
  const event = new Event();
  const log: string[] = [];
  const tasks = [waiter(t, event, "first", log), waiter(t, event, "second", log)];
  yield* t.wait(sleep(0));
  assertEquals(log, []);
  const third = waiter(t, event, "third", log);
  event.set();
  yield* t.wait(sleep(0));
  // The third had not begun to wait, so it is the first to have its turn.
  assertEquals(log, ["third", "first", "second"]);
  assert(third.done() && tasks.every((task) => task.done()));
});

testProgram("Event.clear() makes wait() wait again", function* (t) {
  const event = new Event();
  event.set();
  assert(event.isSet());
  event.clear();
  assertFalse(event.isSet());
  const log: string[] = [];
  const task = waiter(t, event, "waited", log);
  yield* t.wait(passes(3));
  assertEquals(log, []);
  event.set();
  yield* t.wait(task);
});

testProgram("Event.set() wakes those who wait, though clear() follows at once", function* (t) {
  const event = new Event();
  const log: string[] = [];
  const task = waiter(t, event, "woken", log);
  yield* t.wait(sleep(0));
  event.set();
  event.clear();
  assertFalse(event.isSet());
  event.set();
  event.set();
  assertEquals(`${event}`, "<Event [set, waiters:1]>");
  yield* t.wait(sleep(0));
  assertEquals(log, ["woken"]);
  assertEquals(`${event}`, "<Event [set]>");
  assert(task.done());
});

testProgram("Event.wait() that is cancelled leaves the others waiting", function* (t) {
  const event = new Event();
  const log: string[] = [];
  const cancelled = waiter(t, event, "cancelled", log);
  const other = waiter(t, event, "other", log);
  yield* t.wait(sleep(0));
  cancelled.cancel();
  assertInstanceOf(yield* errorOf(t.wait(cancelled)), CancelledError);
  assertEquals(Deno.inspect(event), "<Event [unset, waiters:1]>");
  event.set();
  yield* t.wait(other);
  assertEquals(log, ["other"]);
});

testProgram("Event.wait() cancelled after being woken is cancelled", function* (t) {
  const event = new Event();
  const log: string[] = [];
  const cancelled = waiter(t, event, "cancelled", log);
  const other = waiter(t, event, "other", log);
  yield* t.wait(sleep(0));
  event.set();
  cancelled.cancel();
  assertInstanceOf(yield* errorOf(t.wait(cancelled)), CancelledError);
  yield* t.wait(other);
  assertEquals(log, ["other"]);
  assertEquals(`${event}`, "<Event [set]>");
  assertEquals(described(event.wait()), "<coroutine Event.wait>");
});

for (const waits of [false, true]) {
  testAsync(
    `Event.wait().then() is a chain, where it ${waits ? "waits" : "need not wait"}`,
    async () => {
      const event = new Event();
      if (!waits) event.set();
      const woken = event.wait().then((value) => ({ value }), () => "failed");
      // What the first callback throws is not for the second.
      const broken = event.wait().then(() => {
        throw new TypeError("of the callback");
      }, () => "handled");
      const rejects = assertRejects(async () => await broken, TypeError, "of the callback");
      event.set();
      assertEquals(await woken, { value: true });
      await rejects;
    },
  );
}
