/** `PriorityQueue` and its heap; what it shares with `Queue` is in `queue_test.ts`. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { PriorityQueue } from "../../futures/priority_queue.ts";
import { testProgram } from "../_helpers.ts";

function drain<T>(queue: PriorityQueue<T>): T[] {
  const items: T[] = [];
  while (!queue.empty()) items.push(queue.getNowait());
  return items;
}

function filled<T>(items: Iterable<T>, compare?: (a: T, b: T) => number): PriorityQueue<T> {
  const queue = new PriorityQueue<T>(0, compare && { compare });
  for (const item of items) queue.putNowait(item);
  return queue;
}

testProgram("PriorityQueue gives the least item first", function* (t) {
  const queue = new PriorityQueue<number>();
  for (const item of [1, 3, 2]) yield* t.wait(queue.put(item));
  const items = [];
  for (let i = 0; i < 3; i++) items.push(yield* t.wait(queue.get()));
  assertEquals(items, [1, 2, 3]);
});

Deno.test("PriorityQueue orders by < by default", () => {
  assertEquals(drain(filled(["b", "B", "a"])), ["B", "a", "b"]);
  assertEquals(drain(filled([3n, 1, 2n])), [1, 2n, 3n]);
  const [early, late] = [new Date(1), new Date(2)];
  assertEquals(drain(filled([late, early])), [early, late]);
});

Deno.test("PriorityQueue compares arrays as Python compares tuples", () => {
  assertEquals(
    drain(filled<unknown[]>([[2, "a"], [1, "b"], [1, "a"], [1], [10, "a"], [1, "a", 0]])),
    [[1], [1, "a"], [1, "a", 0], [1, "b"], [2, "a"], [10, "a"]],
  );
  assertEquals(drain(filled([[[2, 1]], [[1, 2]], [[1, 1]]])), [[[1, 1]], [[1, 2]], [[2, 1]]]);
});

Deno.test("PriorityQueue compares with the function that it is given", () => {
  interface Job {
    priority: number;
    name: string;
  }
  const jobs = [{ priority: 1, name: "a" }, { priority: 3, name: "b" }, { priority: 2, name: "c" }];
  const queue = filled<Job>(jobs, (a, b) => b.priority - a.priority);
  assertEquals(drain(queue).map((job) => job.name), ["b", "c", "a"]);
});

Deno.test("PriorityQueue orders objects by what they convert themselves to", () => {
  class Money {
    constructor(readonly cents: number) {}
    valueOf(): number {
      return this.cents;
    }
  }
  const [cheap, dear] = [new Money(9), new Money(10)];
  assertEquals(drain(filled([dear, cheap])), [cheap, dear]);
  const [a, b] = [new URL("http://a/"), new URL("http://b/")];
  assertEquals(drain(filled([b, a])), [a, b]);
  assertEquals(drain(filled<unknown>([true, 2, false, 0.5])), [false, 0.5, true, 2]);
});

const unordered: [what: string, a: unknown, b: unknown][] = [
  ["plain objects", { priority: 2 }, { priority: 1 }],
  ["objects without a prototype", Object.create(null), Object.create(null)],
  ["NaN and a number", NaN, 1],
  ["a number and NaN", 1, NaN],
  ["undefined", undefined, undefined],
  ["null and a number", null, 1],
  ["a number and a string", 1, "2"],
  ["an array and a number", [1], 1],
  ["functions", () => 1, () => 2],
  ["dates that are none", new Date(NaN), new Date(0)],
  ["arrays whose priorities have none", [{}, 1], [{}, 2]],
  ["arrays of a number and a string", [1, "a"], [1, 2]],
];
for (const [what, a, b] of unordered) {
  Deno.test(`PriorityQueue refuses items that have no order: ${what}`, () => {
    const queue = new PriorityQueue<unknown>();
    queue.putNowait(a);
    const error = assertThrows(() => queue.putNowait(b), TypeError);
    assertStringIncludes(error.message, "Cannot compare items: there is no order between ");
    assertStringIncludes(error.message, "give one, as in new PriorityQueue(0, { compare: ");
    assertEquals(drain(queue), [a]);
  });
}

Deno.test("PriorityQueue takes anything along with priorities, also where those are equal", () => {
  const load = { name: "same" };
  const items = [[1, {}], [0, { a: 1 }], [1, () => {}], [1, undefined], [1, load], [1, load]];
  assertEquals(drain(filled(items)).map(([priority]) => priority), [0, 1, 1, 1, 1, 1]);
});

Deno.test("PriorityQueue says so when its function gives NaN", () => {
  const queue = new PriorityQueue<{ p?: number }>(0, { compare: (a, b) => a.p! - b.p! });
  queue.putNowait({ p: 1 });
  assertThrows(
    () => queue.putNowait({}),
    TypeError,
    "Cannot compare items: compare() gives NaN for an object and an object; it must give a number",
  );
});

Deno.test("PriorityQueue keeps any number of items in order, whatever comes between", () => {
  let seed = 1;
  const random = () => seed = (seed * 48_271) % 2_147_483_647;
  const queue = new PriorityQueue<number>();
  const model: number[] = [];
  for (let i = 0; i < 3000; i++) {
    if (random() % 3 > 0 || model.length === 0) {
      const item = random() % 100;
      queue.putNowait(item);
      model.push(item);
      model.sort((a, b) => a - b);
    } else assertEquals(queue.getNowait(), model.shift());
    assertEquals(queue.qsize(), model.length);
  }
  assertEquals(drain(queue), model);
});

Deno.test("PriorityQueue gives equal items in the order of Python's heapq", () => {
  // What heapq gives for (0, 0), (1, 1), (0, 2), (1, 3), …, compared by the first alone.
  const items = Array.from({ length: 10 }, (_, i) => [i % 2, i] as const);
  const queue = filled(items, (a, b) => a[0] - b[0]);
  assertEquals(drain(queue).map(([, number]) => number), [0, 2, 6, 4, 8, 9, 5, 3, 1, 7]);
});

Deno.test("PriorityQueue is as it was when a comparison throws", () => {
  let broken = false;
  const items = [5, 3, 8, 1, 9, 2, 7];
  const queue = filled(items, (a, b) => {
    if (broken) throw new TypeError("no order");
    return a - b;
  });
  broken = true;
  assertThrows(() => queue.putNowait(0), TypeError, "no order");
  assertThrows(() => queue.getNowait(), TypeError, "no order");
  broken = false;
  assertEquals(`${queue}`, "<PriorityQueue maxsize=0 items[7] tasks=7>");
  assertEquals(drain(queue), items.toSorted());
});
