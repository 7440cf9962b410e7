/** `Queue`: items arrive in order, each one once, and nobody waits for what is there. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  type Future,
  gather,
  RuntimeError,
  sleep,
} from "../../futures/mod.ts";
import { LifoQueue } from "../../futures/lifo_queue.ts";
import { PriorityQueue } from "../../futures/priority_queue.ts";
import { Queue } from "../../futures/queue.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "../../futures/queue_errors.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { described, errorOf, passes, type Program, testAsync, testProgram } from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";

// ---- What it is -----------------------------------------------------------------------------------

testProgram("Queue.empty() and full() tell how many items there are", function* (t) {
  const queue = new Queue<number>(1);
  assertEquals(queue.maxsize, 1);
  assert(queue.empty());
  assertFalse(queue.full());
  yield* t.wait(queue.put(1));
  assertEquals(queue.qsize(), 1);
  assertFalse(queue.empty());
  assert(queue.full());
  assertEquals(yield* t.wait(queue.get()), 1);
  assert(queue.empty());
});

Deno.test("Queue of size 0 or less is never full, one of a broken size has the next room", () => {
  for (const maxsize of [undefined, 0, -1]) {
    const queue = new Queue<number>(maxsize);
    for (let i = 0; i < 1000; i++) queue.putNowait(i);
    assertFalse(queue.full());
  }
  const queue = new Queue<number>(1.3);
  queue.putNowait(1);
  assertFalse(queue.full());
  queue.putNowait(2);
  assert(queue.full());
  assertThrows(() => queue.putNowait(3), QueueFull);
});

Deno.test("Queue takes a number as its size", () => {
  assertThrows(
    () => new Queue(NaN),
    TypeError,
    "Cannot make a queue: the size must be a number, got NaN",
  );
  assertThrows(() => new Queue("1" as unknown as number), TypeError);
});

testProgram("Queue tells its state", function* (t) {
  const queue = new Queue<number>(1);
  assertEquals(`${queue}`, "<Queue maxsize=1>");
  const getter = createTask(queue.get());
  yield* t.wait(sleep(0));
  assertEquals(`${queue}`, "<Queue maxsize=1 getters[1]>");
  queue.putNowait(1);
  const putter = createTask(queue.put(2));
  yield* t.wait(getter);
  yield* t.wait(putter);
  queue.taskDone();
  const other = createTask(queue.put(3));
  yield* t.wait(sleep(0));
  assertEquals(Deno.inspect(queue), "<Queue maxsize=1 items[1] putters[1] tasks=1>");
  queue.shutdown({ immediate: true });
  assertEquals(`${queue}`, "<Queue maxsize=1 shutdown>");
  assertInstanceOf(yield* errorOf(t.wait(other)), QueueShutDown);
  assertEquals(described(queue.get()), "<coroutine Queue.get>");
  assertEquals(described(queue.put(1)), "<coroutine Queue.put>");
});

// ---- Putting and getting --------------------------------------------------------------------------

testProgram("Queue gives items in the order in which they were put", function* (t) {
  const queue = new Queue<number>();
  for (const item of [1, 3, 2]) yield* t.wait(queue.put(item));
  const items = [];
  for (let i = 0; i < 3; i++) items.push(yield* t.wait(queue.get()));
  assertEquals(items, [1, 3, 2]);
});

testProgram("Queue.put() and get() do nothing until they are awaited", function* (t) {
  const queue = new Queue<number>();
  const put = queue.put(1);
  assert(queue.empty());
  yield* t.wait(put);
  const get = queue.get();
  assertEquals(queue.qsize(), 1);
  assertEquals(yield* t.wait(get), 1);
});

testProgram("Queue.put() waits while the queue is full", function* (t) {
  const queue = new Queue<number>(2);
  const put: number[] = [];
  const producer = createTask(t.work(function* () {
    for (let i = 0; i < 3; i++) {
      yield* t.wait(queue.put(i));
      put.push(i);
    }
  }));
  yield* t.wait(passes(2));
  assertEquals(put, [0, 1]);
  assertEquals(yield* t.wait(queue.get()), 0);
  yield* t.wait(sleep(0));
  assertEquals(put, [0, 1, 2]);
  assertEquals(yield* t.wait(queue.get()), 1);
  assertEquals(yield* t.wait(queue.get()), 2);
  assert(producer.done());
});

testProgram("Queue.get() waits while the queue is empty", function* (t) {
  const queue = new Queue<number>();
  const consumer = createTask(queue.get());
  t.loop.callLater(10, () => queue.putNowait(1));
  yield* t.wait(sleep(9));
  assertFalse(consumer.done());
  assertEquals(yield* t.wait(consumer), 1);
  assertEquals(t.loop.time(), 10);
});

Deno.test("Queue.getNowait() and putNowait() throw where they would have to wait", () => {
  const queue = new Queue<number>(1);
  const empty = assertThrows(() => queue.getNowait(), QueueEmpty);
  assertEquals(`${empty}`, "QueueEmpty: Cannot get an item: the queue is empty");
  queue.putNowait(1);
  const full = assertThrows(() => queue.putNowait(2), QueueFull);
  assertEquals(`${full}`, "QueueFull: Cannot put an item: the queue is full (1)");
  assertEquals(queue.getNowait(), 1);
});

testProgram("Queue of size 1 passes items between two tasks", function* (t) {
  const queue = new Queue<number>(1);
  const got: number[] = [];
  yield* t.wait(gather(
    createTask(t.work(function* () {
      for (let i = 0; i < 50; i++) yield* t.wait(queue.put(i));
    })),
    createTask(t.work(function* () {
      for (let i = 0; i < 50; i++) got.push(yield* t.wait(queue.get()));
    })),
  ));
  assertEquals(got, Array.from({ length: 50 }, (_, i) => i));
});

testProgram("Queue.getNowait() lets those go on who wait to put", function* (t) {
  const queue = new Queue<number>(2);
  const producers = [0, 1, 2, 3].map((item) => createTask(queue.put(item)));
  yield* t.wait(passes(2));
  assertEquals([queue.getNowait(), queue.getNowait()], [0, 1]);
  yield* t.wait(gather(...producers));
  assertEquals([queue.getNowait(), queue.getNowait()], [2, 3]);
});

testProgram(
  "Queue.getNowait() may be faster than a task that was woken, which then waits again",
  function* (t) {
    const queue = new Queue<string>();
    const woken = createTask(queue.get());
    const other = createTask(queue.get());
    yield* t.wait(sleep(0));
    queue.putNowait("first");
    assertEquals(queue.getNowait(), "first");
    yield* t.wait(passes(2));
    assertFalse(woken.done() || other.done());
    // It stands behind the other one now, as on asyncio.
    queue.putNowait("second");
    queue.putNowait("third");
    assertEquals(yield* t.wait(other), "second");
    assertEquals(yield* t.wait(woken), "third");
  },
);

// ---- Cancellation ---------------------------------------------------------------------------------

testProgram("Queue.get() that is cancelled leaves nobody in the queue", function* (t) {
  const queue = new Queue<string>();
  const cancelled = createTask(queue.get());
  const other = createTask(queue.get());
  yield* t.wait(sleep(0));
  cancelled.cancel();
  yield* t.wait(sleep(0));
  assert(cancelled.cancelled());
  assertEquals(`${queue}`, "<Queue maxsize=0 getters[1]>");
  yield* t.wait(queue.put("a"));
  assertEquals(yield* t.wait(other), "a");
});

testProgram("Queue.put() that is cancelled leaves nobody in the queue", function* (t) {
  const queue = new Queue<string>(1);
  queue.putNowait("a");
  const b = createTask(queue.put("b"));
  const cancelled = createTask(queue.put("x"));
  yield* t.wait(sleep(0));
  cancelled.cancel();
  yield* t.wait(sleep(0));
  assert(cancelled.cancelled());
  assertEquals(`${queue}`, "<Queue maxsize=1 items[1] putters[1] tasks=1>");
  assertEquals(queue.getNowait(), "a");
  yield* t.wait(b);
  assertEquals(queue.getNowait(), "b");
  assert(queue.empty());
});

testProgram(
  "Queue.get() cancelled in the pass in which an item came: the item stays at the front (anyio#728, asyncio#256)",
  function* (t) {
    const queue = new Queue<number>();
    const reader = createTask(queue.get());
    yield* t.wait(sleep(0));
    queue.putNowait(1);
    queue.putNowait(2);
    reader.cancel();
    assertInstanceOf(yield* errorOf(t.wait(reader)), CancelledError);
    assertEquals(yield* t.wait(queue.get()), 1);
    assertEquals(yield* t.wait(queue.get()), 2);
  },
);

testProgram(
  "Queue.get() cancelled in the pass in which an item came: the next getter has it (anyio#728, asyncio#256)",
  function* (t) {
    const queue = new Queue<number>();
    const readers = [1, 2, 3].map(() => createTask(queue.get()));
    yield* t.wait(sleep(0));
    queue.putNowait(1);
    queue.putNowait(2);
    readers[0]!.cancel();
    assertInstanceOf(yield* errorOf(t.wait(readers[0]!)), CancelledError);
    assertEquals((yield* t.wait(gather(readers[1]!, readers[2]!))).toSorted(), [1, 2]);
  },
);

testProgram(
  "Queue.put() cancelled in the pass in which there was room: the next putter has it",
  function* (t) {
    const queue = new Queue<number>(1);
    queue.putNowait(1);
    const cancelled = createTask(queue.put(2));
    const next = createTask(queue.put(3));
    yield* t.wait(sleep(0));
    assertEquals(queue.getNowait(), 1);
    cancelled.cancel();
    assertInstanceOf(yield* errorOf(t.wait(cancelled)), CancelledError);
    yield* t.wait(next);
    assertEquals(queue.getNowait(), 3);
    assert(queue.empty());
  },
);

testProgram(
  "Queue.get() given up by one: the item goes to the one who still waits (asyncutil)",
  function* (t) {
    const queue = new Queue<string>();
    const signal = countingSignal();
    const a = createTask(queue.get({ signal: signal.signal }));
    const b = createTask(queue.get());
    yield* t.wait(sleep(0));
    signal.abort(new TypeError("no more"));
    assertInstanceOf(yield* errorOf(t.wait(a)), TypeError);
    queue.putNowait("item");
    assertEquals(yield* t.wait(b), "item");
    assertEquals(`${queue}`, "<Queue maxsize=0 tasks=1>");
  },
);

testProgram("Queue.get() 100 times with one signal leaves no listener (asyncutil)", function* (t) {
  const queue = new Queue<number>();
  const signal = countingSignal();
  for (let i = 0; i < 100; i++) {
    const get = createTask(queue.get({ signal: signal.signal }));
    yield* t.wait(sleep(0));
    assertEquals(signal.listeners, 1);
    queue.putNowait(i);
    assertEquals(yield* t.wait(get), i);
    assertEquals(signal.listeners, 0);
  }
  assertEquals(signal.added, 100);
  queue.putNowait(100);
  assertEquals(yield* t.wait(queue.get({ signal: signal.signal })), 100);
  assertEquals(signal.added, 100);
});

// ---- Being done -----------------------------------------------------------------------------------

const classes = [Queue, LifoQueue, PriorityQueue] as const;

for (const Class of classes) {
  const { name } = Class;

  testProgram(`${name}.join() waits until taskDone() was called for each item`, function* (t) {
    const queue = new Class<number>();
    for (let i = 0; i < 100; i++) queue.putNowait(i);
    let sum = 0;
    let running = true;
    const workers = [1, 2].map(() =>
      createTask(t.work(function* () {
        while (running) {
          const item = yield* t.wait(queue.get());
          sum += item;
          queue.taskDone();
        }
      }))
    );
    assertEquals(yield* t.wait(queue.join()), undefined);
    assertEquals(sum, 4950);
    running = false;
    for (const _worker of workers) queue.putNowait(0);
    yield* t.wait(gather(...workers));
  });

  testProgram(`${name}.join() of a queue that is empty ends at once`, function* (t) {
    const queue = new Class<number>();
    yield* t.wait(queue.join());
    yield* t.wait(queue.join());
  });

  Deno.test(`${name}.taskDone() is an error when no item is left to be done`, () => {
    const error = assertThrows(() => new Class().taskDone(), RangeError);
    assert(error.message.startsWith("Cannot mark an item as done"));
  });

  // ---- Shutdown ---------------------------------------------------------------------------------

  testProgram(`${name}.shutdown() of an empty queue ends those who get`, function* (t) {
    const queue = new Class<string>();
    const get = createTask(queue.get());
    yield* t.wait(sleep(0));
    queue.shutdown();
    assertEquals(queue.qsize(), 0);
    yield* t.wait(queue.join());
    yield* t.wait(sleep(0));
    assert(get.done());
    assertInstanceOf(yield* errorOf(t.wait(get)), QueueShutDown);
    assertShutDown(queue);
    assertInstanceOf(yield* errorOf(t.wait(queue.put("data"))), QueueShutDown);
    assertInstanceOf(yield* errorOf(t.wait(queue.get())), QueueShutDown);
  });

  testProgram(
    `${name}.shutdown() leaves what is in the queue, and ends those who put`,
    function* (t) {
      const queue = new Class<string>(1);
      queue.putNowait("data");
      const join = createTask(queue.join());
      const put = createTask(queue.put("data2"));
      yield* t.wait(sleep(0));
      assertFalse(put.done());
      queue.shutdown();
      assertEquals(queue.qsize(), 1);
      yield* t.wait(sleep(0));
      assertInstanceOf(yield* errorOf(t.wait(put)), QueueShutDown);
      // A put fails though there is no room either, instead of waiting.
      assertInstanceOf(yield* errorOf(t.wait(queue.put("data3"))), QueueShutDown);
      assertEquals(yield* t.wait(queue.get()), "data");
      yield* t.wait(sleep(0));
      assertFalse(join.done());
      assertShutDown(queue);
      queue.taskDone();
      yield* t.wait(sleep(0));
      assert(join.done());
      assertThrows(() => queue.taskDone(), RangeError);
    },
  );

  testProgram(`${name}.shutdown() at once throws away what is in the queue`, function* (t) {
    const queue = new Class<string>(2);
    queue.putNowait("data");
    queue.putNowait("data");
    const join = createTask(queue.join());
    const put = createTask(queue.put("data"));
    yield* t.wait(sleep(0));
    assertEquals(queue.getNowait(), "data");
    queue.shutdown({ immediate: true });
    assertEquals(queue.qsize(), 0);
    assertInstanceOf(yield* errorOf(t.wait(put)), QueueShutDown);
    // The item that was got is still to be done.
    assertFalse(join.done());
    assertShutDown(queue);
    queue.taskDone();
    yield* t.wait(join);
    assertThrows(() => queue.taskDone(), RangeError);
  });

  testProgram(`${name}.shutdown() twice is as once`, function* (t) {
    const queue = new Class<string>();
    queue.putNowait("data");
    queue.shutdown();
    queue.shutdown();
    assertEquals(queue.getNowait(), "data");
    queue.shutdown({ immediate: true });
    yield* t.wait(passes(1));
    assertShutDown(queue);
  });

  testProgram(
    `${name}.shutdown() at once ends a join() that waited for what is thrown away`,
    function* (t) {
      const queue = new Class<string>();
      queue.putNowait("data");
      const join = createTask(queue.join());
      yield* t.wait(sleep(0));
      queue.shutdown({ immediate: true });
      yield* t.wait(sleep(0));
      assert(join.done());
      assertThrows(() => queue.taskDone(), RangeError);
    },
  );
}

function assertShutDown(queue: Queue<string>): void {
  assertThrows(() => queue.putNowait("data"), QueueShutDown, "Cannot put an item");
  assertThrows(() => queue.getNowait(), QueueShutDown, "Cannot get an item");
}

// ---- Iteration ------------------------------------------------------------------------------------

testAsync("for await gets items until the queue is shut down and empty", async () => {
  const queue = new Queue<number>(2);
  const producer = createTask(async () => {
    for (const item of [1, 2, 3, 4, 5]) await queue.put(item);
    queue.shutdown();
  });
  const items: number[] = [];
  for await (const item of queue) {
    items.push(item);
    queue.taskDone();
  }
  assertEquals(items, [1, 2, 3, 4, 5]);
  await queue.join();
  await producer;
});

testAsync("for await by several tasks gives each item to one of them", async () => {
  const queue = new Queue<number>();
  const items: number[] = [];
  const consume = async () => {
    for await (const item of queue) {
      items.push(item);
      await sleep(0);
    }
  };
  const consumers = [createTask(consume), createTask(consume)];
  for (let i = 0; i < 10; i++) {
    queue.putNowait(i);
    await sleep(i % 3);
  }
  queue.shutdown();
  await gather(...consumers);
  assertEquals(items, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

testAsync("for await that is left early, or cancelled, loses no item", async () => {
  const queue = new Queue<number>();
  queue.putNowait(1);
  queue.putNowait(2);
  for await (const item of queue) {
    assertEquals(item, 1);
    break;
  }
  assertEquals(queue.getNowait(), 2);
  let ended: unknown;
  const task = createTask(async () => {
    try {
      for await (const _item of queue);
    } catch (error) {
      ended = error;
      throw error;
    }
  });
  await sleep(0);
  queue.putNowait(3);
  task.cancel();
  await sleep(0);
  assertInstanceOf(ended, CancelledError);
  assertEquals(`${queue}`, "<Queue maxsize=0 items[1] tasks=3>");
});

// ---- Inheritance ----------------------------------------------------------------------------------

testProgram("Queue can keep items in another way", function* (t) {
  class Distinct extends Queue<string> {
    readonly #items = new Set<string>();
    override qsize(): number {
      return this.#items.size;
    }
    protected override _put(item: string): void {
      if (item === "bad") throw new TypeError("a bad item");
      this.#items.add(item);
    }
    protected override _get(): string {
      const [item] = this.#items;
      this.#items.delete(item!);
      return item!;
    }
  }
  const queue = new Distinct(2);
  for (const item of ["a", "a", "b"]) yield* t.wait(queue.put(item));
  assert(queue.full());
  assertEquals(queue.getNowait(), "a");
  // What a hook throws is as if nothing had happened.
  const before = `${queue}`;
  assertInstanceOf(yield* errorOf(t.wait(queue.put("bad"))), TypeError);
  assertEquals(`${queue}`, before);
  assertEquals(queue.getNowait(), "b");
  assertStrictEquals(queue.empty(), true);
});

testProgram("A hook of Queue that throws leaves the next task its turn", function* (t) {
  class Choosy extends Queue<string> {
    protected override _put(item: string): void {
      if (item === "bad") throw new TypeError("a bad item");
      super._put(item);
    }
    protected override _get(): string {
      if (--this.failures >= 0) throw new RangeError("not now");
      return super._get();
    }
    failures = 0;
  }
  const full = new Choosy(1);
  full.putNowait("first");
  const [bad, good] = [createTask(full.put("bad")), createTask(full.put("good"))];
  yield* t.wait(passes(2));
  assertEquals(full.getNowait(), "first");
  assertInstanceOf(yield* errorOf(t.wait(bad)), TypeError);
  yield* t.wait(good);
  assertEquals(full.getNowait(), "good");
  const empty = new Choosy();
  empty.failures = 1;
  const [one, two] = [createTask(empty.get()), createTask(empty.get())];
  yield* t.wait(passes(2));
  empty.putNowait("item");
  assertInstanceOf(yield* errorOf(t.wait(one)), RangeError);
  assertEquals(yield* t.wait(two), "item");
});

// ---- Cost -----------------------------------------------------------------------------------------

Deno.test("Queue.put() and get() that need not wait make no future", async () => {
  let futures = 0;
  class CountingLoop extends SimulatedEventLoop {
    override createFuture<T>(): Future<T> {
      futures++;
      return super.createFuture<T>();
    }
  }
  const loop = new CountingLoop();
  const queue = new Queue<number>(100);
  function* work(): Program<void> {
    for (let i = 0; i < 1000; i++) {
      yield* queue.put(i);
      assertEquals(yield* queue.get(), i);
    }
  }
  await loop.runUntilComplete(work);
  await loop.runUntilComplete(async () => {
    for (let i = 0; i < 1000; i++) {
      await queue.put(i);
      assertEquals(await queue.get(), i);
    }
  });
  assertEquals(futures, 0);
  loop.close();
});

testProgram("Queue.put() awaited twice is an error, and puts once", function* (t) {
  const queue = new Queue<number>();
  const put = queue.put(1);
  yield* t.wait(put);
  assertInstanceOf(yield* errorOf(t.wait(put)), RuntimeError);
  assertEquals(queue.qsize(), 1);
});
