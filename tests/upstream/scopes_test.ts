/**
 * Timeouts, task groups and waits do what asyncio's do: `scopes.json` is what `scopes.py` has recorded
 * on CPython 3.13 from random programs, and here the same programs run, in generator coroutines, in
 * async functions, and in both by turns, each body in the kind that the code around it is not.
 *
 * A line of a trace is the turn or the virtual time, the task, what has happened to it, and its
 * `cancelling()`.
 */
import { assertEquals } from "@std/assert";
import {
  allTasks,
  CancelledError,
  type CoroutineLike,
  createTask,
  currentTask,
  eagerTaskFactory,
  ExceptionGroup,
  gather,
  getRunningLoop,
  RuntimeError,
  shield,
  sleep,
  type Task,
  type TaskGroup,
  taskGroup,
  type Timeout,
  timeout,
  TimeoutError,
  wait,
  waitFor,
  type WaitOptions,
} from "../../mod.ts";
import { type Program, TestLoop, testLoop, Trial } from "../_helpers.ts";
import recorded from "./scopes.json" with { type: "json" };

const LAST_TURN = 40;

type Block = unknown[][];

interface Script {
  timed: boolean;
  eager: boolean;
  tasks: Block[];
  between: [number, number][];
  trace: string[];
}

class ValueError extends Error {
  override name = "ValueError";
}

function describe(error: unknown): string {
  if (error instanceof ExceptionGroup) return `[${error.exceptions.map(describe).join(" ")}]`;
  if (error instanceof TimeoutError) return `TimeoutError from ${describe(error.cause)}`;
  return (error as Error).name;
}

/** How the kinds of nested code follow from each other. */
type Mixing = "generators" | "async functions" | "by turns";

/** Where a statement stands. */
interface Place {
  t: Trial;
  who: string;
  groups: TaskGroup[];
  scopes: Timeout[];
}

class Player {
  readonly #t: Trial;
  readonly #script: Script;
  readonly #mixing: Mixing;
  readonly #trace: string[] = [];
  #turn = 0;
  #names = 0;
  readonly #tasks: Task<void>[] = [];

  constructor(t: Trial, script: Script, mixing: Mixing) {
    this.#t = t;
    this.#script = script;
    this.#mixing = mixing;
  }

  #note(who: string, text: string): void {
    const when = this.#script.timed ? this.#t.loop.time().toFixed(5) : this.#turn;
    this.#trace.push(`${when} ${who} ${text} ${(currentTask() as Task<void>).cancelling()}`);
  }

  /** The kind of code that is nested in `t`. */
  #nested(t: Trial): Trial {
    if (this.#mixing !== "by turns") return t;
    const kind = t.kind === "generator" ? "async function" : "generator";
    return Object.create(t, { kind: { value: kind } });
  }

  #coro(t: Trial, block: Block, groups: TaskGroup[]): CoroutineLike<void> {
    const who = String(++this.#names);
    return t.work(() => this.#work({ t, who, groups, scopes: [] }, block));
  }

  #task(t: Trial, block: Block, groups: TaskGroup[]): Task<void> {
    return createTask(this.#coro(this.#nested(t), block, groups));
  }

  *#work(place: Place, block: Block): Program<void> {
    this.#note(place.who, "starts");
    try {
      yield* this.#block(place, block);
    } catch (error) {
      this.#note(place.who, `ends in ${describe(error)}`);
      throw error;
    }
    this.#note(place.who, "ends");
  }

  *#block(place: Place, block: Block): Program<void> {
    for (const [kind, ...rest] of block) yield* this.#statements[kind as string]!(place, ...rest);
  }

  // deno-lint-ignore no-explicit-any
  readonly #statements: Record<string, (place: Place, ...args: any[]) => Program<void>> = {
    sleep: function* (this: Player, { t, who }: Place, delay: number) {
      yield* t.wait(sleep(delay));
      this.#note(who, "slept");
    }.bind(this),
    turns: function* (this: Player, { t, who }: Place, count: number) {
      for (let i = 0; i < count; i++) yield* t.wait(sleep(0));
      this.#note(who, "turned");
    }.bind(this),
    // deno-lint-ignore require-yield
    fail: function* (_place: Place, name: string) {
      throw name === "ValueError" ? new ValueError() : new TypeError();
    },
    // deno-lint-ignore require-yield
    cancel: function* (this: Player, { who }: Place, number: number) {
      if (this.#tasks.length === 0) return;
      const done = this.#tasks[number % this.#tasks.length]!.cancel();
      this.#note(who, `cancels: ${done ? "True" : "False"}`);
    }.bind(this),
    // deno-lint-ignore require-yield
    "cancel self": function* () {
      currentTask()!.cancel();
    },
    // deno-lint-ignore require-yield
    spawn: function* (this: Player, { t, who, groups }: Place, block: Block) {
      const group = groups.at(-1);
      if (group === undefined) return;
      const coro = this.#coro(this.#nested(t), block, groups);
      try {
        group.createTask(coro);
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error;
        this.#note(who, "may not spawn");
      }
    }.bind(this),
    // deno-lint-ignore require-yield
    reschedule: function* (this: Player, { who, scopes }: Place, limit: number | null) {
      const when = limit === null ? undefined : getRunningLoop().time() + limit;
      try {
        scopes.at(-1)?.reschedule(when);
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error;
        this.#note(who, "may not reschedule");
      }
    }.bind(this),
    timeout: function* (this: Player, place: Place, limit: number | null, block: Block) {
      const t = this.#nested(place.t);
      let scope: Timeout;
      const body = t.body((given: Timeout) => {
        scope = given;
        return this.#block({ ...place, t, scopes: [...place.scopes, given] }, block);
      });
      try {
        yield* place.t.wait(timeout(limit ?? undefined, body));
      } finally {
        const expired = scope!.expired() ? "True" : "False";
        this.#note(place.who, `leaves a timeout, expired: ${expired}`);
      }
    }.bind(this),
    group: function* (this: Player, place: Place, children: Block[], block: Block) {
      const t = this.#nested(place.t);
      const body = t.body((group: TaskGroup) => {
        const groups = [...place.groups, group];
        for (const child of children) group.createTask(this.#coro(this.#nested(t), child, groups));
        return this.#block({ ...place, t, groups }, block);
      });
      try {
        yield* place.t.wait(taskGroup(body));
      } finally {
        this.#note(place.who, "leaves a group");
      }
    }.bind(this),
    try: function* (
      this: Player,
      place: Place,
      what: string,
      then: string,
      block: Block,
      handler: Block,
    ) {
      try {
        yield* this.#block(place, block);
      } catch (error) {
        if (error instanceof CancelledError !== (what === "cancel")) throw error;
        this.#note(place.who, `catches ${describe(error)}`);
        if (then === "uncancel") (currentTask() as Task<void>).uncancel();
        yield* this.#block(place, handler);
        if (then === "raise") throw error;
      }
    }.bind(this),
    finally: function* (this: Player, place: Place, block: Block, final: Block) {
      try {
        yield* this.#block(place, block);
      } finally {
        this.#note(place.who, "cleans up");
        yield* this.#block(place, final);
      }
    }.bind(this),
    wait_for: function* (
      this: Player,
      { t, who, groups }: Place,
      limit: number | null,
      block: Block,
    ) {
      const inner = this.#coro(this.#nested(t), block, groups);
      yield* t.wait(waitFor(inner, limit ?? undefined));
      this.#note(who, "waited for");
    }.bind(this),
    wait_for_task: function* (
      this: Player,
      { t, who, groups }: Place,
      limit: number | null,
      block: Block,
    ) {
      yield* t.wait(waitFor(this.#task(t, block, groups), limit ?? undefined));
      this.#note(who, "waited for");
    }.bind(this),
    shield: function* (this: Player, { t, who, groups }: Place, block: Block) {
      yield* t.wait(shield(this.#task(t, block, groups)));
      this.#note(who, "was shielded");
    }.bind(this),
    gather: function* (
      this: Player,
      { t, who, groups }: Place,
      returnExceptions: boolean,
      blocks: Block[],
    ) {
      const tasks = blocks.map((block) => this.#task(t, block, groups));
      const results: unknown[] = yield* t.wait(gather(...tasks, { returnExceptions }));
      const what = results.map((each) => each === undefined ? "ok" : describe(each)).join(" ");
      this.#note(who, `gathered ${what}`);
    }.bind(this),
    wait: function* (
      this: Player,
      { t, who, groups }: Place,
      limit: number | null,
      returnWhen: WaitOptions["returnWhen"],
      blocks: Block[],
    ) {
      const tasks = blocks.map((block) => this.#task(t, block, groups));
      const [done, pending] = yield* t.wait(
        wait(tasks, { timeout: limit ?? undefined, returnWhen: returnWhen! }),
      );
      this.#note(who, `waited: ${done.size} done, ${pending.size} pending`);
    }.bind(this),
  };

  async play(): Promise<string[]> {
    const { timed, eager, tasks, between } = this.#script;
    if (eager) this.#t.loop.setTaskFactory(eagerTaskFactory);
    for (const block of tasks) this.#tasks.push(this.#task(this.#t, block, []));
    if (timed) {
      const timers = between.map(([when, number]) =>
        this.#t.loop.callAt(when, () => void this.#tasks[number]!.cancel())
      );
      await wait(this.#tasks, { timeout: 1000 });
      for (const timer of timers) timer.cancel();
    } else {
      const left = [...between];
      while (this.#turn < LAST_TURN && !this.#tasks.every((task) => task.done())) {
        await sleep(0);
        this.#turn++;
        while (left.length > 0 && left[0]![0] <= this.#turn) {
          this.#tasks[left.shift()![1]]!.cancel();
        }
      }
    }
    for (const task of this.#tasks) {
      if (!task.done()) this.#trace.push("not done");
      else if (task.cancelled()) this.#trace.push(`cancelled ${task.cancelling()}`);
      else if (task.exception() === undefined) this.#trace.push(`done ${task.cancelling()}`);
      else this.#trace.push(`failed ${describe(task.exception())} ${task.cancelling()}`);
    }
    const trace = [...this.#trace];
    for (;;) {
      const others = [...allTasks()].filter((task) => task !== currentTask());
      if (others.length === 0) break;
      for (const task of others) task.cancel();
      await sleep(0);
    }
    return trace;
  }
}

const scripts = recorded as unknown as Script[];
for (const mixing of ["generators", "async functions", "by turns"] as const) {
  for (const timed of [false, true]) {
    testLoop(
      `random programs in ${timed ? "time" : "turns"} do as on asyncio: ${mixing}`,
      async () => {
        for (const script of scripts) {
          if (script.timed !== timed) continue;
          // An async function that does not wait ends a microtask after it was started.
          if (script.eager && mixing !== "generators") continue;
          const { eager, tasks, between } = script;
          const t = new Trial(
            new TestLoop(),
            mixing === "generators" ? "generator" : "async function",
          );
          const trace = await t.loop.runUntilComplete(() => new Player(t, script, mixing).play());
          t.takeReports();
          t.finish();
          assertEquals(trace, script.trace, JSON.stringify({ eager, tasks, between }));
        }
      },
      { debug: false },
    );
  }
}
