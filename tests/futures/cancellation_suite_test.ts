/**
 * Every wait for a lock or queue, cancelled in every pass of its life; what is checked is in
 * `_cancellation_suite.ts`.
 */
import { assert, assertEquals } from "@std/assert";
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  coroutine,
  Event,
  type Future,
  gather,
  Guard,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  Semaphore,
  sleep,
} from "../../futures/mod.ts";
import { withSignal } from "../../futures/_abort.ts";
import { passes, type Program, type Trial } from "../_helpers.ts";
import { type Scene, testCancellation } from "./_cancellation_suite.ts";

/** Takes something, keeps it for some passes, and lets it go. */
function holder(
  t: Trial,
  lock: Lock | Semaphore | Condition,
  count: number,
): () => Program<void> {
  return function* () {
    using _guard = yield* t.wait(lock.acquire());
    yield* t.wait(passes(count));
  };
}

function release(guard: unknown): void {
  assert(guard instanceof Guard);
  guard[Symbol.dispose]();
}

// ---- The core -------------------------------------------------------------------------------------

testCancellation("sleep(0)", () => ({
  subject: () => sleep(0),
  takesSignal: false,
}));

testCancellation("sleep()", (t) => ({
  subject: ({ signal }) => withSignal(sleep(10), signal),
  after: [function* () {
    yield* t.wait(passes(3));
  }],
}));

testCancellation("a future", (t) => {
  const future: Future<number> = t.loop.createFuture();
  return {
    subject: ({ signal }) => withSignal(future, signal),
    before: [function* () {
      yield* t.wait(passes(2));
      if (!future.done()) future.setResult(1);
    }],
    check: (got) => assert(!got || !future.cancelled()),
  };
});

testCancellation("gather()", (t) => {
  let ended = 0;
  const work = coroutine(function* () {
    try {
      yield* sleep(0);
      yield* sleep(0);
    } finally {
      ended++;
    }
  });
  return {
    subject: ({ signal }) =>
      withSignal(
        coroutine(function* () {
          return yield* gather(work(), work());
        })(),
        signal,
      ),
    *afterwards() {
      yield* t.wait(passes(4));
    },
    check: () => assert(ended === 0 || ended === 2),
  };
});

// ---- Locks ----------------------------------------------------------------------------------------

testCancellation("Lock.acquire() of a free lock", (t) => {
  const lock = new Lock();
  return {
    subject: (options) => lock.acquire(options),
    got: release,
    after: [holder(t, lock, 1)],
    check: () => assertEquals(`${lock}`, "<Lock [unlocked]>"),
  };
});

testCancellation("Lock.acquire()", (t) => {
  const lock = new Lock();
  return {
    subject: (options) => lock.acquire(options),
    got: release,
    before: [holder(t, lock, 2)],
    after: [holder(t, lock, 1), holder(t, lock, 0)],
    check: () => assertEquals(`${lock}`, "<Lock [unlocked]>"),
  };
});

testCancellation("Lock.acquire() behind others", (t) => {
  const lock = new Lock();
  return {
    subject: (options) => lock.acquire(options),
    got: release,
    before: [holder(t, lock, 1), holder(t, lock, 0), holder(t, lock, 1)],
    after: [holder(t, lock, 1)],
    check: () => assertEquals(`${lock}`, "<Lock [unlocked]>"),
  };
});

for (const Class of [Semaphore, BoundedSemaphore]) {
  for (const permits of [1, 2]) {
    testCancellation(`${Class.name}.acquire() of ${permits}`, (t) => {
      const semaphore = new Class(permits);
      const others = [2, 1, 0, 1].map((count) => holder(t, semaphore, count));
      return {
        subject: (options) => semaphore.acquire(options),
        got: release,
        before: others.slice(0, permits),
        after: others.slice(permits),
        check: () => assertEquals(`${semaphore}`, `<${Class.name} [unlocked, value:${permits}]>`),
      };
    });
  }
}

testCancellation("Semaphore.acquire() when many permits come at once", (t) => {
  const semaphore = new Semaphore(0);
  return {
    subject: (options) => semaphore.acquire(options),
    got: release,
    before: [function* () {
      yield* t.wait(passes(2));
      for (let i = 0; i < 3; i++) semaphore.release();
    }],
    after: [holder(t, semaphore, 0), holder(t, semaphore, 1), holder(t, semaphore, 0)],
    check: () => assertEquals(`${semaphore}`, "<Semaphore [unlocked, value:3]>"),
  };
});

// ---- Events ---------------------------------------------------------------------------------------

testCancellation("Event.wait()", (t) => {
  const event = new Event();
  const other = function* () {
    yield* t.wait(event.wait());
  };
  return {
    subject: (options) => event.wait(options),
    before: [other, function* () {
      yield* t.wait(passes(2));
      event.set();
      event.clear();
    }],
    after: [function* () {
      // It begins to wait after the flag was cleared, whatever becomes of the subject.
      yield* t.wait(passes(4));
      yield* t.wait(event.wait());
    }],
    *afterwards() {
      yield* t.wait(passes(6));
      event.set();
    },
    check: () => assertEquals(`${event}`, "<Event [set]>"),
  };
});

// ---- Conditions -----------------------------------------------------------------------------------

/** Consumers that wait for items under a condition, and one producer that keeps the lock a while. */
function market(
  t: Trial,
  held: number,
  wait: (
    condition: Condition,
    has: () => boolean,
  ) => (options: { signal?: AbortSignal }) => Program<unknown>,
): Scene {
  const condition = new Condition();
  let items = 0;
  let taken = 0;
  const has = () => items > 0;
  const consume = wait(condition, has);
  const take = function* (options: { signal?: AbortSignal }): Program<void> {
    using _guard = yield* condition.acquire();
    try {
      yield* consume(options);
    } finally {
      assert(condition.locked());
    }
    items--;
    taken++;
  };
  const produce = function* (): Program<void> {
    using _guard = yield* t.wait(condition.acquire());
    items++;
    condition.notify(1);
    yield* t.wait(passes(held));
  };
  return {
    subject: (options) => coroutine(take)(options),
    before: [function* () {
      yield* t.wait(passes(2));
      yield* produce();
    }],
    after: [function* () {
      yield* t.wait(coroutine(take)({}));
    }],
    *afterwards(got) {
      // The first item is for whoever is left.
      if (got) yield* produce();
    },
    check(got) {
      assertEquals(`${condition}`, "<Condition [unlocked]>");
      assertEquals([items, taken], [0, got ? 2 : 1]);
    },
  };
}

for (const held of [0, 2]) {
  testCancellation(
    `Condition.wait() with the lock held for ${held} passes`,
    (t) =>
      market(t, held, (condition, has) =>
        function* (options) {
          while (!has()) yield* condition.wait(options);
        }),
  );

  testCancellation(
    `Condition.waitFor() with the lock held for ${held} passes`,
    (t) =>
      market(t, held, (condition, has) =>
        function* (options) {
          yield* condition.waitFor(has, options);
        }),
  );
}

testCancellation("Condition.acquire()", (t) => {
  const condition = new Condition();
  return {
    subject: (options) => condition.acquire(options),
    got: release,
    before: [holder(t, condition, 2)],
    after: [holder(t, condition, 1)],
    check: () => assertEquals(`${condition}`, "<Condition [unlocked]>"),
  };
});

// ---- Barriers -------------------------------------------------------------------------------------

testCancellation("Barrier.wait()", (t) => {
  const barrier = new Barrier(3);
  const other = function* () {
    yield* t.wait(barrier.wait());
  };
  return {
    subject: (options) => barrier.wait(options),
    before: [other],
    after: [function* () {
      yield* t.wait(passes(2));
      yield* other();
    }],
    *afterwards() {
      yield* t.wait(passes(4));
      // Those who wait lack the one that was cancelled; who had met with it does not wait.
      if (barrier.nWaiting === 2) yield* other();
    },
    check: () => assertEquals(`${barrier}`, "<Barrier [filling, waiters:0/3]>"),
  };
});

for (const change of ["reset", "abort"] as const) {
  testCancellation(`Barrier.${change}()`, (t) => {
    const barrier = new Barrier(2);
    let broken = 0;
    const other = function* () {
      try {
        yield* t.wait(barrier.wait());
      } catch {
        broken++;
      }
    };
    return {
      subject: (options) => barrier[change](options),
      before: [other],
      *afterwards(got) {
        yield* t.wait(passes(4));
        assertEquals(broken, got ? 1 : 0);
        if (!got) yield* other();
      },
      check: (got) => assertEquals(barrier.broken, got && change === "abort"),
    };
  });
}

// ---- Queues ---------------------------------------------------------------------------------------

for (const Class of [Queue, LifoQueue, PriorityQueue]) {
  testCancellation(`${Class.name}.get()`, (t) => {
    const queue = new Class<number>();
    const got: unknown[] = [];
    return {
      subject: (options) => queue.get(options),
      got: (item) => got.push(item),
      before: [function* () {
        yield* t.wait(passes(2));
        queue.putNowait(1);
      }],
      after: [function* () {
        got.push(yield* t.wait(queue.get()));
      }],
      *afterwards(subjectGot) {
        yield* t.wait(passes(4));
        if (subjectGot) queue.putNowait(2);
      },
      check(subjectGot) {
        assertEquals(got, subjectGot ? [1, 2] : [1]);
        assertEquals(`${queue}`, `<${Class.name} maxsize=0 tasks=${got.length}>`);
      },
    };
  });

  testCancellation(`${Class.name}.put()`, (t) => {
    const queue = new Class<number>(1);
    queue.putNowait(1);
    const got: number[] = [];
    const get = function* () {
      got.push(yield* t.wait(queue.get()));
    };
    return {
      subject: (options) => queue.put(2, options),
      before: [function* () {
        yield* t.wait(passes(2));
        yield* get();
      }],
      after: [function* () {
        yield* t.wait(queue.put(3));
      }],
      *afterwards(put) {
        yield* get();
        if (put) yield* get();
      },
      check(put) {
        assertEquals(got, put ? [1, 2, 3] : [1, 3]);
        assertEquals(`${queue}`, `<${Class.name} maxsize=1 tasks=${got.length}>`);
      },
    };
  });
}

testCancellation("Queue.get() with several getters and items", (t) => {
  const queue = new Queue<number>();
  const got: unknown[] = [];
  const getter = function* () {
    got.push(yield* t.wait(queue.get()));
  };
  return {
    subject: (options) => queue.get(options),
    got: (item) => got.push(item),
    before: [getter, function* () {
      yield* t.wait(passes(2));
      queue.putNowait(1);
      queue.putNowait(2);
      yield* t.wait(passes(1));
      queue.putNowait(3);
    }],
    after: [getter],
    *afterwards(subjectGot) {
      yield* t.wait(passes(6));
      if (!subjectGot) yield* getter();
    },
    check() {
      assertEquals(got.toSorted(), [1, 2, 3]);
      assertEquals(`${queue}`, "<Queue maxsize=0 tasks=3>");
    },
  };
});

testCancellation("Queue.join()", (t) => {
  const queue = new Queue<number>();
  queue.putNowait(1);
  return {
    subject: (options) => queue.join(options),
    before: [function* () {
      yield* t.wait(passes(2));
      queue.getNowait();
      queue.taskDone();
    }],
    after: [function* () {
      yield* t.wait(queue.join());
    }],
    check: () => assertEquals(`${queue}`, "<Queue maxsize=0>"),
  };
});

for (const immediate of [false, true]) {
  testCancellation(`Queue.get() and a shutdown${immediate ? " at once" : ""}`, (t) => {
    const queue = new Queue<number>();
    const end = coroutine(function* (wait: Iterable<unknown, number, unknown>) {
      try {
        return yield* wait as Program<number>;
      } catch (error) {
        if ((error as Error).name === "QueueShutDown") return "ended";
        throw error;
      }
    });
    return {
      subject: (options) => end(queue.get(options)),
      got: (value) => assertEquals(value, "ended"),
      before: [function* () {
        yield* t.wait(passes(2));
        queue.shutdown({ immediate });
      }],
      after: [function* () {
        assertEquals(yield* t.wait(end(queue.get())), "ended");
      }],
      check: () => assertEquals(`${queue}`, "<Queue maxsize=0 shutdown>"),
    };
  });
}
