/**
 * Locks and queues do what asyncio's do, in the same passes: `sync.json` is what `sync.py` has recorded
 * on CPython 3.13 from random programs, and here the same programs run in both kinds of coroutine.
 *
 * A line of a trace is the pass, the task and what came out of one operation; or the state of the
 * primitive, when a pass has changed it.
 */
import { assertEquals } from "@std/assert";
import {
  CancelledError,
  type Coroutine,
  createTask,
  sleep,
  type Suspension,
} from "../../futures/mod.ts";
import { Barrier } from "../../futures/barrier.ts";
import { Condition } from "../../futures/condition.ts";
import { Event } from "../../futures/event.ts";
import { LifoQueue } from "../../futures/lifo_queue.ts";
import { Lock } from "../../futures/lock.ts";
import { PriorityQueue } from "../../futures/priority_queue.ts";
import { Queue } from "../../futures/queue.ts";
import { BoundedSemaphore, Semaphore } from "../../futures/semaphore.ts";
import { type Program, testProgram, type Trial } from "../_helpers.ts";
import recorded from "./sync.json" with { type: "json" };

const LAST_PASS = 16;

interface Script {
  kind: string;
  argument: number | null;
  tasks: { swallows: boolean; ops: string[] }[];
  between: (string | number)[][];
  trace: string[];
}

/** An operation: what it returns, or something to wait for. */
type Operation = (argument: number) => unknown;

/** A primitive under the names that the programs use. */
interface Stage {
  ops: Record<string, Operation>;
  state(): string;
}

function lockOps(lock: Lock | Condition | Semaphore): Record<string, Operation> {
  return { acquire: () => lock.acquire(), release: () => lock.release() };
}

function queueStage(queue: Queue<number>): Stage {
  return {
    ops: {
      put: (item) => queue.put(item),
      get: () => queue.get(),
      put_nowait: (item) => queue.putNowait(item),
      get_nowait: () => queue.getNowait(),
      task_done: () => queue.taskDone(),
      join: () => queue.join(),
      shutdown: () => queue.shutdown(),
      shutdown_now: () => queue.shutdown({ immediate: true }),
    },
    state: () => {
      const tasks = /tasks=(\d+)/.exec(`${queue}`)?.[1] ?? 0;
      return `${queue.qsize()} ${queue._getters.length} ${queue._putters.length} ${tasks}`;
    },
  };
}

function semaphoreStage(semaphore: Semaphore): Stage {
  return {
    ops: lockOps(semaphore),
    state: () => `${+semaphore.locked()} ${semaphore._value} ${semaphore._waiters.length}`,
  };
}

const stages: Record<string, (argument: number) => Stage> = {
  lock() {
    const lock = new Lock();
    return { ops: lockOps(lock), state: () => `${+lock.locked()} ${lock._waiters.length}` };
  },
  event() {
    const event = new Event();
    return {
      ops: { wait: () => event.wait(), set: () => event.set(), clear: () => event.clear() },
      state: () => `${+event.isSet()} ${event._waiters.length}`,
    };
  },
  condition() {
    const lock = new Lock();
    const condition = new Condition(lock);
    let value = 0;
    return {
      ops: {
        ...lockOps(condition),
        wait: () => condition.wait(),
        wait_for: (least) => condition.waitFor(() => value >= least),
        notify: (n) => condition.notify(n),
        notify_all: () => condition.notifyAll(),
        bump: () => void value++,
      },
      state: () => `${+lock.locked()} ${condition._waiters.length} ${lock._waiters.length}`,
    };
  },
  semaphore: (value) => semaphoreStage(new Semaphore(value)),
  bounded_semaphore: (value) => semaphoreStage(new BoundedSemaphore(value)),
  barrier(parties) {
    const barrier = new Barrier(parties);
    return {
      ops: {
        wait: () => barrier.wait(),
        reset: () => barrier.reset(),
        abort: () => barrier.abort(),
      },
      state: () => `${/\w+(?=[,\]])/.exec(`${barrier}`)![0]} ${barrier.nWaiting}`,
    };
  },
  queue: (maxsize) => queueStage(new Queue(maxsize)),
  lifo_queue: (maxsize) => queueStage(new LifoQueue(maxsize)),
  priority_queue: (maxsize) => queueStage(new PriorityQueue(maxsize)),
};

function outcomeOf(result: unknown): string {
  return typeof result === "number" ? String(result) : "ok";
}

function nameOf(error: unknown): string {
  const { name } = error as Error;
  return name === "RangeError" ? "ValueError" : name;
}

function isCoroutine(result: unknown): result is Coroutine<unknown> {
  return typeof (result as Partial<Iterable<Suspension>> | null)?.[Symbol.iterator] === "function";
}

function* play(t: Trial, script: Script): Program<string[]> {
  const stage = stages[script.kind]!(script.argument!);
  const trace: string[] = [];
  let passes = 0;

  const note = (who: number | string, op: string, outcome: string) => {
    trace.push(`${passes} ${who} ${op}: ${outcome}`);
  };

  const atOnce = (op: string): unknown => {
    const [name, argument] = op.split(" ");
    return name === "turn" ? sleep(0) : stage.ops[name!]!(Number(argument));
  };

  const tasks = script.tasks.map(({ ops, swallows }, number) =>
    createTask(t.work(function* () {
      for (const op of ops) {
        try {
          const result = atOnce(op);
          note(number, op, outcomeOf(isCoroutine(result) ? yield* t.wait(result) : result));
        } catch (error) {
          if (!(error instanceof CancelledError)) note(number, op, nameOf(error));
          else {
            note(number, op, "cancelled");
            if (!swallows) throw error;
          }
        }
      }
    }))
  );
  const between = [...script.between] as [number, string][];
  let state = stage.state();
  while (!tasks.every((task) => task.done())) {
    yield* t.wait(sleep(0));
    passes++;
    if (stage.state() !== state) {
      state = stage.state();
      trace.push(`${passes} is ${state}`);
    }
    while (between.length > 0 && between[0]![0] <= passes) {
      const [, action] = between.shift()!;
      if (action.startsWith("cancel")) tasks[Number(action.split(" ")[1])]!.cancel();
      else {
        try {
          note("main", action, outcomeOf(atOnce(action)));
        } catch (error) {
          note("main", action, nameOf(error));
        }
      }
    }
    if (passes > LAST_PASS) {
      for (const task of tasks) task.cancel();
      if (script.kind === "condition" && state.startsWith("1")) stage.ops.release!(0);
    }
  }
  return trace;
}

const scripts = recorded as Script[];
for (const kind of new Set(scripts.map((script) => script.kind))) {
  testProgram(`${kind}: random programs do as on asyncio`, function* (t) {
    for (const script of scripts) {
      if (script.kind !== kind) continue;
      const trace = yield* play(t, script);
      const { tasks, between, argument } = script;
      assertEquals(trace, script.trace, JSON.stringify({ argument, tasks, between }));
    }
  });
}
