/** `LifoQueue`; what it shares with `Queue` is in `queue_test.ts`. */
import { assertEquals } from "@std/assert";
import { LifoQueue } from "../../futures/lifo_queue.ts";
import { testProgram } from "../_helpers.ts";

testProgram("LifoQueue gives the item first that was put last", function* (t) {
  const queue = new LifoQueue<number>();
  for (const item of [1, 3, 2]) yield* t.wait(queue.put(item));
  const items = [];
  for (let i = 0; i < 3; i++) items.push(yield* t.wait(queue.get()));
  assertEquals(items, [2, 3, 1]);
  assertEquals(`${queue}`, "<LifoQueue maxsize=0 tasks=3>");
});
