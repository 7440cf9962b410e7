/** To which loop a lock or queue belongs, from when and until when. */
import { assert, assertRejects, assertThrows } from "@std/assert";
import {
  type CoroutineLike,
  createTask,
  RuntimeError,
  sleep,
  type Suspension,
} from "../../futures/mod.ts";
import { Barrier } from "../../futures/barrier.ts";
import { Condition } from "../../futures/condition.ts";
import { Event } from "../../futures/event.ts";
import { Lock } from "../../futures/lock.ts";
import { Queue } from "../../futures/queue.ts";
import { Semaphore } from "../../futures/semaphore.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";

type Steps<T = void> = Generator<Suspension, T, unknown>;

/** Runs a program on a loop of its own. */
async function onLoop<T>(program: CoroutineLike<T>, loop = new SimulatedEventLoop()): Promise<T> {
  try {
    return await loop.runUntilComplete(program);
  } finally {
    loop.close();
  }
}

/** Something to wait for that is not there, and how it comes to be there. */
interface Wait {
  wait(): Steps<unknown>;
  end(): void;
  /** Makes it wait again, where it does not by itself. */
  again?(): void;
  /** Whether something is taken by who waits, a permit or an item. */
  handsOver?: boolean;
  text: RegExp;
}

const waits: Record<string, () => Wait> = {
  Lock() {
    const lock = new Lock();
    take(lock.acquire());
    return {
      wait: () => steps(lock.acquire()),
      end: () => lock.release(),
      handsOver: true,
      text: /<Lock \[locked/,
    };
  },
  Event() {
    const event = new Event();
    return {
      wait: () => steps(event.wait()),
      end: () => event.set(),
      again: () => event.clear(),
      text: /<Event \[unset/,
    };
  },
  Semaphore() {
    const semaphore = new Semaphore(0);
    return {
      wait: () => steps(semaphore.acquire()),
      end: () => semaphore.release(),
      handsOver: true,
      text: /<Semaphore \[locked/,
    };
  },
  Condition() {
    const condition = new Condition();
    return {
      *wait() {
        using _guard = yield* condition.acquire();
        yield* condition.wait();
      },
      end() {
        take(condition.acquire());
        condition.notify();
        condition.release();
      },
      text: /<Condition \[locked/,
    };
  },
  Barrier() {
    const barrier = new Barrier(2);
    return {
      wait: () => steps(barrier.wait()),
      end: () => void createTask(barrier.wait()),
      text: /<Barrier \[filling/,
    };
  },
  "Queue.get()"() {
    const queue = new Queue<number>();
    return {
      wait: () => steps(queue.get()),
      end: () => queue.putNowait(1),
      handsOver: true,
      text: /<Queue maxsize=0/,
    };
  },
  "Queue.put()"() {
    const queue = new Queue<number>(1);
    queue.putNowait(1);
    return {
      wait: () => steps(queue.put(2)),
      end: () => queue.getNowait(),
      handsOver: true,
      text: /<Queue maxsize=1/,
    };
  },
  "Queue.join()"() {
    const queue = new Queue<number>();
    queue.putNowait(1);
    return {
      wait: () => steps(queue.join()),
      end: () => queue.taskDone(),
      again: () => queue.putNowait(1),
      text: /<Event \[unset/,
    };
  },
};

function* steps<T>(awaitable: Iterable<Suspension, T, unknown>): Steps<T> {
  return yield* awaitable;
}

/** Runs what need not wait. */
function take(awaitable: Iterable<Suspension, unknown, unknown>): void {
  assert(awaitable[Symbol.iterator]().next().done);
}

/** Lets one task wait, then ends its wait. */
function* waitAndEnd(wait: Wait): Steps {
  const task = createTask(wait.wait());
  yield* sleep(0);
  assert(!task.done());
  wait.end();
  yield* task;
}

for (const [name, make] of Object.entries(waits)) {
  Deno.test(`${name} that was waited for in one loop cannot be waited for in another`, async () => {
    const wait = make();
    const [one, other] = [new SimulatedEventLoop(), new SimulatedEventLoop()];
    await one.runUntilComplete(() => waitAndEnd(wait));
    wait.again?.();
    const error = await assertRejects(
      () => other.runUntilComplete(() => wait.wait()),
      RuntimeError,
      "is bound to a different event loop",
    );
    assert(error.message.startsWith("Cannot wait for <"), error.message);
    const loops = "<SimulatedEventLoop idle>, and the running one is <SimulatedEventLoop running>";
    assert(error.message.endsWith(loops), error.message);
    await one.runUntilComplete(() => waitAndEnd(wait));
    one.close();
    other.close();
  });

  Deno.test(`${name} is free again when its loop is closed`, async () => {
    const wait = make();
    await onLoop(() => waitAndEnd(wait));
    wait.again?.();
    await onLoop(() => waitAndEnd(wait));
    wait.again?.();
    // Nobody cancels these tasks, so they stand in the queue for ever; one of them is woken.
    const loop = new SimulatedEventLoop();
    await onLoop(function* () {
      createTask(wait.wait());
      if (name !== "Barrier") createTask(wait.wait());
      yield* sleep(0);
      wait.end();
      loop.stop();
    }, loop);
    wait.again?.();
    // What the dead one was woken for is there for the next.
    if (wait.handsOver) await onLoop(() => steps(wait.wait()));
    await onLoop(() => waitAndEnd(wait));
  });

  Deno.test(`${name} cannot be waited for where no loop runs`, () => {
    const { wait, text } = make();
    const error = assertThrows(() => wait().next(), RuntimeError);
    assert(text.test(error.message), error.message);
    assert(error.message.startsWith("Cannot wait for <"));
    assert(error.message.endsWith(": no event loop is running"));
  });
}

Deno.test("a lock that nobody has to wait for is bound to no loop", async () => {
  const lock = new Lock();
  const queue = new Queue<number>();
  const loops = [new SimulatedEventLoop(), new SimulatedEventLoop()];
  for (const loop of loops) {
    await loop.runUntilComplete(function* () {
      using _guard = yield* lock.acquire();
      yield* queue.put(1);
      yield* queue.get();
      queue.taskDone();
      yield* queue.join();
      yield* new Barrier(1).wait();
    });
  }
  for (const loop of loops) loop.close();
});
