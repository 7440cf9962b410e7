/**
 * The order of events is asyncio's: `order.json` is what `order.py` has recorded on CPython 3.13, and
 * here are the same scenarios, in both kinds of coroutine.
 *
 * Not here: timers with equal deadlines, which run in the order of scheduling here and in no promised
 * order there; and the message of a cancelled task, which its first waiter takes away there.
 */
import { assertEquals } from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  gather,
  sleep,
  type Task,
} from "../../futures/mod.ts";
import {
  type Program,
  type TestLoop,
  type TestOptions,
  testProgram,
  type Trial,
  type Waitable,
} from "../_helpers.ts";
import recorded from "./order.json" with { type: "json" };

class Log extends Array<string> {
  readonly #loop: TestLoop;
  #passes = 0;

  constructor(loop: TestLoop) {
    super();
    this.#loop = loop;
    loop.callSoon(this.#tick);
  }

  readonly #tick = (): void => {
    if (++this.#passes < 60) this.#loop.callSoon(this.#tick);
  };

  readonly note = (text: string): void => {
    this.push(`${this.#passes}@${this.#loop.time()} ${text}`);
  };
}

type Note = (text: string) => void;

function message(error: unknown): string {
  if (!(error instanceof CancelledError)) throw error;
  return error.message;
}

const title = (value: boolean): string => value ? "True" : "False";

function* turns(t: Trial, count: number): Program<void> {
  for (let i = 0; i < count; i++) yield* t.wait(sleep(0));
}

const scenarios: Record<string, (t: Trial, log: Note) => Program<void>> = {
  *tasks_and_callbacks(t, log) {
    const worker = (name: string) =>
      t.work(function* () {
        log(`${name} starts`);
        yield* t.wait(sleep(0));
        log(`${name} goes on`);
        t.loop.callSoon(log, `callback of ${name}`);
        yield* t.wait(sleep(0));
        log(`${name} ends`);
        return name;
      });
    const a = createTask(worker("a"));
    t.loop.callSoon(log, "callback");
    const b = createTask(worker("b"));
    a.addDoneCallback(() => log("a is done"));
    log("waits for a");
    log(yield* t.wait(a));
    log(yield* t.wait(b));
  },

  *futures_and_waiters(t, log) {
    const future = t.loop.createFuture<number>();
    const waiter = (name: string) =>
      t.work(function* () {
        log(`${name} waits`);
        log(`${name} got ${yield* t.wait(future)}`);
      });
    future.addDoneCallback(() => log("first callback"));
    const tasks = ["a", "b"].map((name) => createTask(waiter(name)));
    yield* t.wait(sleep(0));
    future.addDoneCallback(() => log("second callback"));
    future.setResult(1);
    future.addDoneCallback(() => log("late callback"));
    log("set");
    log(`main got ${yield* t.wait(future)}`);
    for (const task of tasks) yield* t.wait(task);
    log("end");
  },

  *chain_of_tasks(t, log) {
    const link = function* (depth: number): Program<void> {
      log(`link ${depth}`);
      if (depth < 4) yield* t.wait(createTask(t.work(() => link(depth + 1))));
      log(`link ${depth} ends`);
    };
    yield* t.call(() => link(0));
  },

  *timers(t, log) {
    const { loop } = t;
    loop.callLater(3, log, "three");
    loop.callLater(1, log, "one");
    loop.callAt(loop.time() + 1.5, log, "one and a half");
    loop.callLater(0, log, "zero");
    loop.callSoon(log, "soon");
    loop.callLater(2.5, () => loop.callLater(0, log, "zero from a timer"));
    const cancelled = loop.callLater(2.7, log, "never");
    loop.callLater(1, () => cancelled.cancel());
    yield* t.wait(sleep(2));
    log("slept two");
    yield* t.wait(sleep(2));
    log("slept four");
  },

  *cancel_everywhere(t, log) {
    const future = t.loop.createFuture<unknown>();
    const waits = (name: string, make: () => Waitable<unknown>) =>
      t.work(function* () {
        try {
          log(`${name} waits`);
          yield* make();
          log(`${name} passed`);
        } catch (error) {
          log(`${name} cancelled ${message(error)}`);
          throw error;
        } finally {
          log(`${name} cleans up`);
          yield* t.wait(sleep(0));
          log(`${name} is clean`);
        }
      });
    const unstarted = createTask(waits("unstarted", () => t.wait(future)));
    unstarted.addDoneCallback((task) => log(`unstarted done ${title(task.cancelled())}`));
    unstarted.cancel("early");
    const waiting = createTask(waits("waiting", () => t.wait(sleep(10_000))));
    const turning = createTask(waits("turning", () => t.wait(sleep(0))));
    const inner = createTask(waits("inner", () => t.wait(sleep(5000))));
    const outer = createTask(waits("outer", () => t.wait(inner)));
    const done = t.loop.createFuture<number>();
    const ready = createTask(waits("ready", () => t.wait(done)));
    yield* t.wait(sleep(0));
    done.setResult(1);
    for (const task of [waiting, turning, outer, ready]) {
      log(`cancel ${title(task.cancel("now"))}`);
    }
    for (const task of [unstarted, waiting, turning, outer, ready]) {
      try {
        yield* t.wait(task);
      } catch (error) {
        log(`caught ${message(error)}`);
      }
      log(`${title(task.cancelled())} ${task.cancelling()}`);
    }
    log(title(future.cancelled()));
    future.cancel();
  },

  *cancel_and_go_on(t, log) {
    const task: Task<void> = createTask(t.work(function* () {
      for (let i = 0; i < 3; i++) {
        try {
          yield* t.wait(sleep(1000));
          log(`slept ${i}`);
        } catch (error) {
          message(error);
          log(`refused ${i}`);
        }
      }
      task.uncancel();
      yield* t.wait(sleep(0));
      task.cancel("self");
      log("cancelled itself");
      yield* t.wait(sleep(0));
      log("never");
    }));
    for (let i = 0; i < 3; i++) {
      yield* t.wait(sleep(0));
      log(`cancel ${title(task.cancel())} ${task.cancelling()}`);
    }
    try {
      yield* t.wait(task);
    } catch (error) {
      log(`caught ${message(error)} ${task.cancelling()}`);
    }
  },

  *gather_order(t, log) {
    const part = (name: string, count: number, error?: Error) =>
      t.work(function* () {
        yield* turns(t, count);
        log(`${name} ends`);
        if (error !== undefined) throw error;
        return name;
      });
    const list = (names: string[]) => `[${names.map((name) => `'${name}'`).join(", ")}]`;
    log(list(yield* t.wait(gather(part("a", 3), part("b", 1), part("c", 2)))));
    const done = t.loop.createFuture<string>();
    done.setResult("done");
    log(list(yield* t.wait(gather(done, part("d", 0), done))));
    log(list(yield* t.wait(gather(done))));
    log(list(yield* t.wait(gather())));
    const outer = gather(part("e", 1), part("f", 2, new RangeError("f")), part("g", 3));
    outer.addDoneCallback(() => log("outer is done"));
    try {
      yield* t.wait(outer);
    } catch (error) {
      log(`caught ${(error as Error).message}`);
    }
    yield* turns(t, 4);
    const mixed = yield* t.wait(
      gather(part("h", 1, new RangeError("h")), part("i", 0), { returnExceptions: true }),
    );
    log(`${(mixed[0] as Error).message} ${mixed[1]}`);
  },

  *gather_cancelled(t, log) {
    const part = (name: string) =>
      t.work(function* () {
        try {
          yield* t.wait(sleep(1000));
        } catch (error) {
          log(`${name} cancelled`);
          throw error;
        }
      });
    const both = (returnExceptions: boolean) =>
      t.work(function* () {
        try {
          yield* t.wait(gather(part("a"), part("b"), { returnExceptions }));
        } catch (error) {
          log(`gather cancelled ${message(error)}`);
          throw error;
        }
      });
    for (const returnExceptions of [false, true]) {
      const task = createTask(both(returnExceptions));
      yield* turns(t, 2);
      log(`cancel ${title(task.cancel("stop"))}`);
      try {
        yield* t.wait(task);
      } catch {
        log(`caught ${title(task.cancelled())}`);
      }
    }
    const child = createTask(part("child"));
    const outer = gather(child, part("sibling"));
    yield* t.wait(sleep(0));
    child.cancel();
    try {
      yield* t.wait(outer);
    } catch {
      log(`child cancelled, outer ${title(outer.cancelled())}`);
    }
    yield* t.wait(sleep(2000));
  },

  *errors_in_callbacks(t, log) {
    const { loop } = t;
    loop.setExceptionHandler((_loop, { exception }) =>
      log(`handler: ${(exception as Error).message}`)
    );
    const fail = () => {
      throw new RangeError("callback");
    };
    loop.callSoon(log, "before");
    loop.callSoon(fail);
    loop.callSoon(log, "after");
    const future = loop.createFuture<void>();
    future.addDoneCallback(fail);
    future.addDoneCallback(() => log("second done callback"));
    future.setResult();
    yield* t.wait(future);
    yield* t.wait(sleep(0));
    log("end");
  },

  *eager_tasks(t, log) {
    const current = () => (currentTask() as Task<unknown>).getName();
    const part = (name: string, count: number) =>
      t.work(function* () {
        log(`${name} starts in ${current()}`);
        for (let i = 0; i < count; i++) {
          yield* t.wait(sleep(0));
          log(`${name} goes on in ${current()}`);
        }
        return name;
      });
    (currentTask() as Task<unknown>).setName("main");
    const a = createTask(part("a", 0), { name: "A", eagerStart: true });
    log(`a ${title(a.done())} in ${current()}`);
    const b = createTask(part("b", 2), { name: "B", eagerStart: true });
    log(`b ${title(b.done())} in ${current()}`);
    a.addDoneCallback(() => log("a is done"));
    b.addDoneCallback(() => log("b is done"));
    log(yield* t.wait(b));
    log(yield* t.wait(a));
  },

  *handles_called_off(t, log) {
    const { loop } = t;
    const later = loop.callSoon(log, "never");
    loop.callSoon(() => later.cancel());
    const early = loop.callSoon(log, "never either");
    early.cancel();
    const handle = loop.callSoon(log, "runs");
    loop.callSoon(() => handle.cancel());
    const again = loop.callSoon(() => {
      log("once");
      again.cancel();
    });
    loop.callSoon(log, "cancelled by the one before");
    yield* t.wait(sleep(0));
    log([later, handle, again].map((each) => title(each.cancelled())).join(" "));
  },

  *ping_pong(t, log) {
    const [one, two] = [t.loop.createFuture<string>(), t.loop.createFuture<string>()];
    const ping = t.work(function* () {
      log("ping");
      one.setResult("one");
      log(`ping got ${yield* t.wait(two)}`);
    });
    const pong = t.work(function* () {
      log("pong");
      log(`pong got ${yield* t.wait(one)}`);
      two.setResult("two");
      log("pong ends");
    });
    yield* t.wait(gather(pong, ping));
  },
};

/** What holds for one kind only, with the reason. */
const OPTIONS: Record<string, TestOptions> = {
  // That an async function has ended without waiting is known one microtask later.
  eager_tasks: { kinds: ["generator"] },
};

for (const [name, expected] of Object.entries(recorded)) {
  testProgram(`The order of events is asyncio's: ${name.replaceAll("_", " ")}`, function* (t) {
    const log = new Log(t.loop);
    yield* scenarios[name]!(t, log.note);
    yield* turns(t, 1);
    assertEquals([...log], expected);
  }, OPTIONS[name]);
}
