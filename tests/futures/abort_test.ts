/** A signal given to a wait: it ends that wait, hides no cancellation, and keeps no listener. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import {
  CancelledError,
  type Coroutine,
  coroutine,
  type CoroutineGenerator,
  createTask,
  RuntimeError,
  sleep,
  type Task,
} from "../../futures/mod.ts";
import { type AbortOptions, withSignal } from "../../futures/_abort.ts";
import { Barrier } from "../../futures/barrier.ts";
import { Condition } from "../../futures/condition.ts";
import { Event } from "../../futures/event.ts";
import { Lock } from "../../futures/lock.ts";
import { Queue } from "../../futures/queue.ts";
import { Semaphore } from "../../futures/semaphore.ts";
import {
  errorOf,
  passes,
  type Program,
  testProgram,
  type Trial,
  type Waitable,
} from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";

const reason = new TypeError("given up");

// ---- Any awaitable --------------------------------------------------------------------------------

testProgram("withSignal() without a signal returns what it is given", function* (t) {
  const future = t.loop.createFuture<number>();
  assertStrictEquals(withSignal(future, undefined), future);
  const coroutine = sleep(0);
  assertStrictEquals(withSignal(coroutine, undefined), coroutine);
  yield* t.wait(coroutine);
});

testProgram("withSignal() of an aborted signal runs nothing of a coroutine", function* (t) {
  let ran = false;
  const work = coroutine(function* () {
    ran = true;
    yield* sleep(0);
  });
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(yield* errorOf(t.wait(withSignal(work(), signal))), reason);
  assertFalse(ran);
  const future = t.loop.createFuture<void>();
  assertStrictEquals(yield* errorOf(t.wait(withSignal(future, signal))), reason);
  assert(future.cancelled());
});

testProgram(
  "withSignal() cancels what is waited for, and cleans up before it fails",
  function* (t) {
    const signal = countingSignal();
    const future = t.loop.createFuture<void>();
    const log: unknown[] = [];
    const work = coroutine(function* () {
      try {
        yield* future;
      } catch (error) {
        assertInstanceOf(error, CancelledError);
        assertStrictEquals(error.reason, reason);
        assertStrictEquals(error.origin?.scope, signal.signal);
        yield* sleep(10);
        log.push("cleaned up");
        throw error;
      }
    });
    t.loop.callLater(5, () => signal.abort(reason));
    assertStrictEquals(yield* errorOf(t.wait(withSignal(work(), signal.signal))), reason);
    assert(future.cancelled());
    assertEquals(log, ["cleaned up"]);
    assertEquals(t.loop.time(), 15);
    assertEquals(signal.listeners, 0);
  },
);

testProgram("withSignal() ends a coroutine that gives turns away", function* (t) {
  const signal = countingSignal();
  let turns = 0;
  const work = coroutine(function* () {
    for (;;) {
      yield* sleep(0);
      if (++turns === 3) signal.abort(reason);
    }
  });
  assertStrictEquals(yield* errorOf(t.wait(withSignal(work(), signal.signal))), reason);
  assertEquals(turns, 3);
});

testProgram("withSignal() aborted while the first step runs ends the wait at once", function* (t) {
  const signal = countingSignal();
  const future = t.loop.createFuture<void>();
  const work = coroutine(function* () {
    signal.abort(reason);
    yield* future;
  });
  assertStrictEquals(yield* errorOf(t.wait(withSignal(work(), signal.signal))), reason);
  assertEquals(signal.listeners, 0);
});

testProgram("withSignal() lets a coroutine refuse, or fail with its own error", function* (t) {
  for (const outcome of [42, new RuntimeError("own")]) {
    const signal = countingSignal();
    const work = coroutine(function* (): CoroutineGenerator<number> {
      try {
        yield* sleep(Infinity);
      } catch (error) {
        assertInstanceOf(error, CancelledError);
      }
      if (outcome instanceof Error) throw outcome;
      return outcome;
    });
    t.loop.callSoon(() => signal.abort(reason));
    const wait = t.wait(withSignal(work(), signal.signal));
    if (typeof outcome === "number") assertEquals(yield* wait, outcome);
    else assertStrictEquals(yield* errorOf(wait), outcome);
    assertEquals(signal.listeners, 0);
  }
});

testProgram(
  "withSignal() leaves a CancelledError alone that does not come from the signal",
  function* (t) {
    const signal = countingSignal();
    const future = t.loop.createFuture<void>();
    t.loop.callSoon(() => future.cancel("by others"));
    const error = yield* errorOf(t.wait(withSignal(future, signal.signal)));
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "by others");
  },
);

testProgram("withSignal() hides no exception that nobody asked for", function* (t) {
  const signal = countingSignal();
  const future = t.loop.createFuture<void>();
  t.loop.callSoon(() => {
    future.setException(new RuntimeError("at the same time"));
    signal.abort(reason);
  });
  assertStrictEquals(yield* errorOf(t.wait(withSignal(future, signal.signal))), reason);
});

testProgram("withSignal() nested: each signal ends its own wait", function* (t) {
  for (const which of [0, 1] as const) {
    const signals = [countingSignal(), countingSignal()] as const;
    const reasons = [new TypeError("inner"), new TypeError("outer")] as const;
    const inner = withSignal(sleep(Infinity), signals[0].signal);
    const outer = withSignal(inner, signals[1].signal);
    t.loop.callSoon(() => {
      signals[which].abort(reasons[which]);
    });
    assertStrictEquals(yield* errorOf(t.wait(outer)), reasons[which]);
    for (const signal of signals) assertEquals(signal.listeners, 0);
  }
});

testProgram(
  "withSignal() waits for what it is told, whatever the abortion makes others do",
  function* (t) {
    const signal = countingSignal();
    const other = t.loop.createFuture<void>();
    const inner = createTask(t.work(function* () {
      yield* t.wait(sleep(Infinity));
    }));
    yield* t.wait(sleep(0));
    // Cancelling the task calls this listener, which starts to wait for something else.
    let started: Task<void> | undefined;
    inner.signal.addEventListener("abort", () => {
      const work = coroutine(function* () {
        yield* other;
      });
      started = createTask(work(), { eagerStart: true });
    });
    const wait = coroutine(function* () {
      signal.abort(reason);
      yield* inner;
    });
    assertStrictEquals(yield* errorOf(t.wait(withSignal(wait(), signal.signal))), reason);
    assert(inner.cancelled());
    other.setResult();
    yield* t.wait(started!);
  },
);

testProgram("withSignal() cannot be awaited twice", function* (t) {
  const wait = withSignal(sleep(0), countingSignal().signal);
  assertEquals(`${wait}`, "<coroutine sleep>");
  yield* t.wait(wait);
  assertInstanceOf(yield* errorOf(t.wait(wait)), RuntimeError);
});

testProgram("withSignal() that is closed while it waits keeps no listener", function* (t) {
  const signal = countingSignal();
  const event = new Event();
  const steps = event.wait({ signal: signal.signal })[Symbol.iterator]();
  steps.next();
  assertEquals(signal.listeners, 1);
  steps.return!(undefined as never);
  assertEquals(signal.listeners, 0);
  assertEquals(`${event}`, "<Event [unset]>");
  yield* t.wait(passes(1));
});

testProgram(
  "a task's cancellation that is on its way is not taken for the signal's",
  function* (t) {
    // The request was made before the wait began, and arrives with it.
    const signal = countingSignal();
    const task = createTask(t.work(function* () {
      me.cancel();
      const wait = t.wait(withSignal(
        coroutine(function* () {
          signal.abort(reason);
          yield* sleep(Infinity);
        })(),
        signal.signal,
      ));
      yield* wait;
    }));
    const me: Task<void> = task;
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    assert(task.cancelled());
  },
);

// ---- Every call that waits ------------------------------------------------------------------------

interface Stage {
  /** Waits for what is not there. */
  wait(options?: AbortOptions): Coroutine<unknown>;
  /** Wakes the first that waits. */
  wake(): void;
  /** Whether two that wait do not wake each other. */
  readonly forMany?: boolean;
  /** Whether it may end without need. */
  readonly spurious?: boolean;
  /** The state when nobody waits, before anybody was woken. */
  readonly idle: string;
  state(): string;
}

const stages: Record<string, (t: Trial) => Program<Stage>> = {
  *"Lock.acquire()"(t) {
    const lock = new Lock();
    yield* t.wait(lock.acquire());
    return {
      wait: (options) => lock.acquire(options),
      wake: () => lock.release(),
      idle: "<Lock [locked]>",
      state: () => `${lock}`,
    };
  },
  *"Semaphore.acquire()"(t) {
    yield* t.wait(passes(0));
    const semaphore = new Semaphore(0);
    return {
      wait: (options) => semaphore.acquire(options),
      wake: () => semaphore.release(),
      idle: "<Semaphore [locked]>",
      state: () => `${semaphore}`,
    };
  },
  *"Queue.get()"(t) {
    yield* t.wait(passes(0));
    const queue = new Queue<number>();
    return {
      wait: (options) => queue.get(options),
      wake: () => queue.putNowait(1),
      idle: "<Queue maxsize=0>",
      state: () => `${queue}`,
    };
  },
  *"Queue.put()"(t) {
    const queue = new Queue<number>(1);
    yield* t.wait(queue.put(1));
    return {
      wait: (options) => queue.put(2, options),
      wake: () => void queue.getNowait(),
      idle: "<Queue maxsize=1 items[1] tasks=1>",
      state: () => `${queue}`,
    };
  },
  *"Queue.join()"(t) {
    const queue = new Queue<number>();
    yield* t.wait(queue.put(1));
    return {
      wait: (options) => queue.join(options),
      wake: () => queue.taskDone(),
      idle: "<Queue maxsize=0 items[1] tasks=1>",
      state: () => `${queue}`,
    };
  },
  *"Event.wait()"(t) {
    yield* t.wait(passes(0));
    const event = new Event();
    return {
      wait: (options) => event.wait(options),
      wake: () => event.set(),
      idle: "<Event [unset]>",
      state: () => `${event}`,
    };
  },
  *"Condition.wait()"(t) {
    yield* t.wait(passes(0));
    const condition = new Condition();
    const stage = conditionStage(condition, (options) => condition.wait(options));
    return { ...stage, spurious: true };
  },
  *"Condition.waitFor()"(t) {
    yield* t.wait(passes(0));
    const condition = new Condition();
    let value = 0;
    return conditionStage(
      condition,
      (options) => condition.waitFor(() => value > 0 && value--, options),
      () => value++,
    );
  },
  *"Barrier.wait()"(t) {
    yield* t.wait(passes(0));
    const barrier = new Barrier(2);
    return {
      wait: (options) => barrier.wait(options),
      wake: () => assert(barrier.wait()[Symbol.iterator]().next().done),
      forMany: false,
      idle: "<Barrier [filling, waiters:0/2]>",
      state: () => `${barrier}`,
    };
  },
};

/** Whoever waits takes the lock before and gives it back after. */
function conditionStage(
  condition: Condition,
  wait: (options?: AbortOptions) => Waitable<unknown>,
  change?: () => void,
): Stage {
  const locked = coroutine(function* (options?: AbortOptions) {
    using _guard = yield* condition.acquire();
    return yield* wait(options);
  });
  return {
    wait: locked,
    wake() {
      assert(condition.acquire()[Symbol.iterator]().next().done);
      change?.();
      condition.notify();
      condition.release();
    },
    idle: "<Condition [unlocked]>",
    state: () => `${condition}`,
  };
}

for (const [name, make] of Object.entries(stages)) {
  testProgram(
    `${name} ends with its signal's reason, and is as if it had not waited`,
    function* (t) {
      const stage = yield* make(t);
      const signal = countingSignal();
      const task = createTask(t.work(() => t.wait(stage.wait(signal)) as Program<unknown>));
      yield* t.wait(passes(2));
      assertEquals(signal.listeners, 1);
      signal.abort(reason);
      assertStrictEquals(yield* errorOf(t.wait(task)), reason);
      assertEquals(task.cancelling(), 0);
      assertEquals(stage.state(), stage.idle);
      assertEquals(signal.listeners, 0);
    },
  );

  testProgram(`${name} with an aborted signal does nothing`, function* (t) {
    const stage = yield* make(t);
    const signal = countingSignal();
    signal.abort(reason);
    assertStrictEquals(yield* errorOf(t.wait(stage.wait(signal))), reason);
    assertEquals(stage.state(), stage.idle);
    assertEquals(signal.added, 0);
  });

  testProgram(
    `${name} that has ended has no listener, and an abortion touches nobody`,
    function* (t) {
      const stage = yield* make(t);
      const signal = countingSignal();
      const task = createTask(stage.wait(signal));
      yield* t.wait(passes(2));
      stage.wake();
      yield* t.wait(task);
      assertEquals(signal.listeners, 0);
      const state = stage.state();
      signal.abort(reason);
      yield* t.wait(passes(3));
      assertEquals(stage.state(), state);
    },
  );

  for (const abortFirst of [true, false]) {
    const order = abortFirst ? "aborted and then cancelled" : "cancelled and then aborted";
    testProgram(`${name} ${order} in one pass is cancelled`, function* (t) {
      const stage = yield* make(t);
      const signal = countingSignal();
      const task = createTask(t.work(() => t.wait(stage.wait(signal)) as Program<unknown>));
      yield* t.wait(passes(2));
      if (abortFirst) signal.abort(reason);
      task.cancel();
      if (!abortFirst) signal.abort(reason);
      assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
      assert(task.cancelled());
      assertEquals(stage.state(), stage.idle);
      assertEquals(signal.listeners, 0);
    });

    const both = abortFirst ? "aborted and then woken" : "woken and then aborted";
    testProgram(`${name} ${both} in one pass: the next one goes on`, function* (t) {
      const stage = yield* make(t);
      if (stage.forMany === false) return;
      const signal = countingSignal();
      const task = createTask(t.work(() => t.wait(stage.wait(signal)) as Program<unknown>));
      const next = createTask(stage.wait());
      yield* t.wait(passes(2));
      if (abortFirst) signal.abort(reason);
      stage.wake();
      if (!abortFirst) signal.abort(reason);
      assertStrictEquals(yield* errorOf(t.wait(task)), reason);
      yield* t.wait(next);
      assertEquals(signal.listeners, 0);
    });
  }

  testProgram(`${name} by two: the second is given up, not the first (asyncutil)`, function* (t) {
    const stage = yield* make(t);
    if (stage.forMany === false) return;
    const signals = [countingSignal(), countingSignal()] as const;
    const first = createTask(stage.wait(signals[0]));
    const second = createTask(stage.wait(signals[1]));
    yield* t.wait(passes(2));
    signals[1].abort(reason);
    assertStrictEquals(yield* errorOf(t.wait(second)), reason);
    yield* t.wait(passes(3));
    if (!stage.spurious) assertFalse(first.done());
    stage.wake();
    yield* t.wait(first);
    signals[0].abort(reason);
    yield* t.wait(passes(2));
    for (const signal of signals) assertEquals(signal.listeners, 0);
  });
}

testProgram("a signal gets no listener from calls that need not wait", function* (t) {
  const signal = countingSignal();
  const queue = new Queue<number>(1);
  const event = new Event();
  event.set();
  for (let i = 0; i < 10; i++) {
    using _lock = yield* t.wait(new Lock().acquire(signal));
    using _permit = yield* t.wait(new Semaphore(1).acquire(signal));
    using _condition = yield* t.wait(new Condition().acquire(signal));
    yield* t.wait(queue.put(i, signal));
    yield* t.wait(queue.get(signal));
    queue.taskDone();
    yield* t.wait(queue.join(signal));
    yield* t.wait(event.wait(signal));
    yield* t.wait(new Barrier(1).wait(signal));
    yield* t.wait(new Barrier(1).reset(signal));
    yield* t.wait(new Barrier(1).abort(signal));
  }
  assertEquals(signal.added, 0);
});
