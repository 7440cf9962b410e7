/**
 * Runs the programs of the parity tests on the library, in generator coroutines or async functions;
 * `player.py` runs them on CPython's asyncio. The two are the same, statement by statement.
 *
 * Imported by tests only.
 */
import {
  asCompleted,
  Barrier,
  BoundedSemaphore,
  CancelledError,
  Condition,
  ContextVar,
  type CoroutineLike,
  createTask,
  currentTask,
  type DoneCallback,
  eagerTaskFactory,
  Event,
  ExceptionGroup,
  type Future,
  type FutureInput,
  gather,
  type Handle,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  RuntimeError,
  Semaphore,
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
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { microtasks, type Program, Trial } from "../_helpers.ts";
import type { Action, Block, Item, ParityProgram } from "./_program.ts";

const LAST_TURN = 60;
const LAST_TIME = 1000;
const LAST_ROUND = 80;

/** How the kinds of nested code follow from each other. */
export type Mixing = "generators" | "async functions" | "by turns";

class ValueError extends Error {
  override readonly name = "ValueError";
}

class KeyError extends Error {
  override readonly name = "KeyError";
}

const ERRORS: Record<string, new () => unknown> = {
  ValueError,
  TypeError,
  KeyError,
  CancelledError,
};

function describe(error: unknown): string {
  if (error instanceof ExceptionGroup) return `[${error.exceptions.map(describe).join(" ")}]`;
  const { name, cause } = error as Error;
  const told = name === "RangeError" ? "ValueError" : name;
  return error instanceof TimeoutError && cause !== undefined
    ? `${told} from ${describe(cause)}`
    : told;
}

function show(value: unknown): string {
  if (value instanceof Error) return describe(value);
  if (Array.isArray(value)) return `(${value.map(show).join(" ")})`;
  return value === undefined ? "-" : String(value);
}

function outcome(future: Future<unknown>): string {
  if (!future.done()) return "pending";
  if (future.cancelled()) return "cancelled";
  const error = future.exception();
  return error === undefined ? `done ${show(future.result())}` : `failed ${describe(error)}`;
}

/** Where a statement stands. */
interface Place {
  t: Trial<SimulatedEventLoop>;
  who: number;
  task: number;
  groups: TaskGroup[];
  scopes: Timeout[];
}

class Player {
  readonly trace: string[] = [];
  readonly #t: Trial<SimulatedEventLoop>;
  readonly #loop: SimulatedEventLoop;
  readonly #program: ParityProgram;
  readonly #mixing: Mixing;
  #turn = 0;
  readonly #tasks: (Task<number> | undefined)[] = [];
  readonly #top: Task<number>[] = [];
  readonly #handles: Handle[] = [];
  readonly #callbacks: [Future<unknown>, DoneCallback<Future<unknown>>][] = [];
  readonly #futures: Future<number>[];
  readonly #locks = [new Lock(), new Lock()];
  readonly #semaphores = [new Semaphore(1), new Semaphore(2), new BoundedSemaphore(1)];
  readonly #conditions = [new Condition(), new Condition(this.#locks[1])];
  readonly #events = [new Event(), new Event()];
  readonly #barriers = [new Barrier(2), new Barrier(3)];
  readonly #queues: Queue<number>[] = [
    new Queue(1),
    new Queue(),
    new PriorityQueue(2),
    new LifoQueue(2),
  ];
  readonly #variables = [0, 1].map(() => new ContextVar<number>("v", { defaultValue: 0 }));

  constructor(t: Trial<SimulatedEventLoop>, program: ParityProgram, mixing: Mixing) {
    this.#t = t;
    this.#loop = t.loop;
    this.#program = program;
    this.#mixing = mixing;
    this.#futures = [0, 1, 2].map(() => t.loop.createFuture<number>());
  }

  #note(who: number | string, text: string): void {
    const when = this.#program.timed ? this.#loop.time() : this.#turn;
    const count = (currentTask() as Task<unknown> | undefined)?.cancelling() ?? 0;
    this.trace.push(`${when} ${who} ${text}${count > 0 ? ` c${count}` : ""}`);
  }

  // ---- Tasks ----

  #name(): number {
    return this.#tasks.push(undefined) - 1;
  }

  /** The kind of code that is nested in `t`. */
  #nested(t: Trial<SimulatedEventLoop>): Trial<SimulatedEventLoop> {
    if (this.#mixing !== "by turns") return t;
    const kind = t.kind === "generator" ? "async function" : "generator";
    return Object.create(t, { kind: { value: kind } });
  }

  #work(t: Trial<SimulatedEventLoop>, who: number, block: Block, groups: TaskGroup[]) {
    return t.work(() => this.#steps(t, who, block, groups));
  }

  *#steps(
    t: Trial<SimulatedEventLoop>,
    who: number,
    block: Block,
    groups: TaskGroup[],
  ): Program<number> {
    const running = currentTask() as Task<number>;
    let task = this.#tasks.indexOf(running);
    if (task < 0) {
      task = who;
      this.#tasks[who] = running;
    }
    this.#note(who, "starts");
    try {
      yield* this.#block({ t, who, task, groups, scopes: [] }, block);
    } catch (error) {
      this.#note(who, `ends in ${describe(error)}`);
      throw error;
    }
    this.#note(who, "ends");
    return who;
  }

  #spawn(
    { t, groups }: Pick<Place, "t" | "groups">,
    make: (coro: CoroutineLike<number>) => Task<number>,
    block: Block,
  ): Task<number> {
    const who = this.#name();
    const task = make(this.#work(this.#nested(t), who, block, groups));
    this.#tasks[who] ??= task;
    return task;
  }

  readonly #eager = (coro: CoroutineLike<number>): Task<number> =>
    createTask(coro, { eagerStart: true });

  #other(number: number): Task<number> | undefined {
    return this.#tasks.length > 0 ? this.#tasks[number % this.#tasks.length] : undefined;
  }

  /** A task that may be waited for without a circle. */
  #younger(place: Place, number: number): Task<number> | undefined {
    const tasks = this.#tasks.filter((task, n) => n > place.task && task !== undefined);
    return tasks.length > 0 ? tasks[number % tasks.length] : undefined;
  }

  #item(place: Place, [kind, what]: Item): FutureInput<number> | undefined {
    switch (kind) {
      case "b":
        return this.#spawn(place, createTask, what as Block);
      case "e":
        return this.#spawn(place, this.#eager, what as Block);
      case "c":
        return this.#work(this.#nested(place.t), this.#name(), what as Block, place.groups);
      case "t":
        return this.#younger(place, what as number);
      default:
        return this.#futures[what as number];
    }
  }

  #items(place: Place, items: Item[]): FutureInput<number>[] {
    return items.map((item) => this.#item(place, item)).filter((each) => each !== undefined);
  }

  // ---- Statements ----

  *#block(place: Place, block: Block): Program<void> {
    for (const [kind, ...rest] of block) yield* this.#statements[kind as string]!(place, ...rest);
  }

  #attempt(who: number | string, text: string, action: () => unknown): void {
    let result: unknown;
    try {
      result = action();
    } catch (error) {
      this.#note(who, `${text} refused ${describe(error)}`);
      return;
    }
    this.#note(who, `${text} ${show(result)}`);
  }

  /** What needs no waiting: a statement of a task, or of a callback. */
  #act(who: number | string, [kind, ...rest]: Action): void {
    this.#actions[kind as string]!(who, ...rest);
  }

  // deno-lint-ignore no-explicit-any
  readonly #actions: Record<string, (who: number | string, ...rest: any[]) => void> = {
    note: (who) => {
      this.#note(who, `notes ${this.#variables[0]!.get()}${this.#variables[1]!.get()}`);
    },
    fail: (_who, name: string) => {
      throw new ERRORS[name]!();
    },
    cancel: (who, number: number) => {
      const task = this.#other(number);
      if (task !== undefined) this.#note(who, `cancels ${task.cancel()}`);
    },
    set: (who, number: number, value: number) => {
      this.#attempt(who, "sets", () => this.#futures[number]!.setResult(value));
    },
    seterr: (who, number: number, name: string) => {
      this.#attempt(who, "fails", () => this.#futures[number]!.setException(new ERRORS[name]!()));
    },
    cancelf: (who, number: number) => {
      this.#attempt(who, "cancels future", () => this.#futures[number]!.cancel());
    },
    newf: (_who, number: number) => {
      this.#futures[number] = this.#loop.createFuture<number>();
    },
    onf: (_who, number: number) => this.#addCallback(this.#futures[number]!),
    ont: (_who, number: number) => {
      const task = this.#other(number);
      if (task !== undefined) this.#addCallback(task);
    },
    off: (who, number: number) => {
      if (this.#callbacks.length === 0) return;
      const [future, callback] = this.#callbacks[number % this.#callbacks.length]!;
      this.#note(who, `removes ${future.removeDoneCallback(callback)}`);
    },
    soon: (_who, inner: Action) => this.#addHandle((run) => this.#loop.callSoon(run), inner),
    later: (_who, delay: number, inner: Action) =>
      this.#addHandle((run) => this.#loop.callLater(delay, run), inner),
    at: (_who, when: number, inner: Action) =>
      this.#addHandle((run) => this.#loop.callAt(when, run), inner),
    unhandle: (who, number: number) => {
      if (this.#handles.length === 0) return;
      const handle = this.#handles[number % this.#handles.length]!;
      handle.cancel();
      this.#note(who, `calls off ${handle.cancelled()}`);
    },
    release: (who, number: number) => {
      this.#attempt(who, "releases lock", () => this.#locks[number]!.release());
    },
    srelease: (who, number: number) => {
      this.#attempt(who, "releases semaphore", () => this.#semaphores[number]!.release());
    },
    notify: (who, number: number, count: number) => {
      const condition = this.#conditions[number]!;
      if (count === 0) this.#attempt(who, "notifies all", () => condition.notifyAll());
      else this.#attempt(who, "notifies", () => condition.notify(count));
    },
    eset: (_who, number: number) => this.#events[number]!.set(),
    eclear: (_who, number: number) => this.#events[number]!.clear(),
    putn: (who, number: number, value: number) => {
      this.#attempt(who, "puts now", () => this.#queues[number]!.putNowait(value));
    },
    getn: (who, number: number) => {
      this.#attempt(who, "gets now", () => this.#queues[number]!.getNowait());
    },
    qdone: (who, number: number) => {
      this.#attempt(who, "task done", () => this.#queues[number]!.taskDone());
    },
    shutdown: (who, number: number, immediate: boolean) => {
      this.#queues[number]!.shutdown({ immediate });
      this.#note(who, "shuts down");
    },
    setvar: (_who, number: number, value: number) => {
      this.#variables[number]!.set(value);
    },
  };

  #addHandle(schedule: (run: () => void) => Handle, inner: Action): void {
    const name = `h${this.#handles.length}`;
    this.#handles.push(schedule(() => {
      this.#note(name, "runs");
      this.#act(name, inner);
    }));
  }

  #addCallback(future: Future<unknown>): void {
    const name = `d${this.#callbacks.length}`;
    const callback = (future: Future<unknown>) => {
      this.#note(name, `sees ${outcome(future)} ${this.#variables[0]!.get()}`);
    };
    this.#callbacks.push([future, callback]);
    future.addDoneCallback(callback);
  }

  // deno-lint-ignore no-explicit-any
  readonly #statements: Record<string, (place: Place, ...rest: any[]) => Program<void>> = {
    act: this.#actStatement.bind(this),
    sleep: this.#sleep.bind(this),
    turns: this.#turns.bind(this),
    foreign: this.#foreign.bind(this),
    spawn: this.#spawnStatement.bind(this),
    gspawn: this.#groupSpawn.bind(this),
    await: this.#await.bind(this),
    cancelself: this.#cancelSelf.bind(this),
    uncancel: this.#uncancel.bind(this),
    withvar: this.#withVariable.bind(this),
    shield: this.#shield.bind(this),
    gather: this.#gather.bind(this),
    gatherf: this.#gatherFuture.bind(this),
    wait: this.#wait.bind(this),
    completed: this.#completed.bind(this),
    waitfor: this.#waitFor.bind(this),
    timeout: this.#timeout.bind(this),
    reschedule: this.#reschedule.bind(this),
    group: this.#group.bind(this),
    try: this.#try.bind(this),
    finally: this.#finally.bind(this),
    lock: this.#lock.bind(this),
    acquire: this.#acquire.bind(this),
    semaphore: this.#semaphore.bind(this),
    condition: this.#condition.bind(this),
    cwait: this.#conditionWait.bind(this),
    cwaitfor: this.#conditionWaitFor.bind(this),
    ewait: this.#eventWait.bind(this),
    barrier: this.#barrier.bind(this),
    breset: this.#barrierReset.bind(this),
    babort: this.#barrierAbort.bind(this),
    put: this.#put.bind(this),
    get: this.#get.bind(this),
    join: this.#join.bind(this),
  };

  // deno-lint-ignore require-yield
  *#actStatement({ who }: Place, action: Action): Program<void> {
    this.#act(who, action);
  }

  *#sleep({ t, who }: Place, delay: number): Program<void> {
    yield* t.wait(sleep(delay));
    this.#note(who, "slept");
  }

  *#turns({ t, who }: Place, count: number): Program<void> {
    for (let i = 0; i < count; i++) yield* t.wait(sleep(0));
    this.#note(who, "turned");
  }

  /** Promises of the host, which only async functions can wait for. */
  *#foreign({ t }: Place, count: number): Program<void> {
    if (t.kind === "async function") yield* t.wait(microtasks(count) as never);
  }

  // deno-lint-ignore require-yield
  *#spawnStatement(place: Place, kind: string, block: Block): Program<void> {
    this.#spawn(place, kind === "e" ? this.#eager : createTask, block);
    this.#note(place.who, "spawned");
  }

  // deno-lint-ignore require-yield
  *#groupSpawn(place: Place, block: Block): Program<void> {
    const group = place.groups.at(-1);
    if (group === undefined) return;
    const who = this.#name();
    const coro = this.#work(this.#nested(place.t), who, block, place.groups);
    let task: Task<number>;
    try {
      task = group.createTask(coro);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      this.#note(place.who, "may not spawn");
      return;
    }
    this.#tasks[who] ??= task;
  }

  *#await(place: Place, item: Item): Program<void> {
    const { t, groups } = place;
    let result: number;
    if (item[0] === "c") {
      const who = this.#name();
      result = yield* t.call(() => this.#steps(t, who, item[1] as Block, groups));
    } else {
      const input = this.#item(place, item);
      if (input === undefined) return;
      result = yield* t.wait(input as Future<number>);
    }
    this.#note(place.who, `got ${show(result)}`);
  }

  // deno-lint-ignore require-yield
  *#cancelSelf(): Program<void> {
    (currentTask() as Task<unknown>).cancel();
  }

  // deno-lint-ignore require-yield
  *#uncancel({ who }: Place): Program<void> {
    this.#note(who, `uncancels ${(currentTask() as Task<unknown>).uncancel()}`);
  }

  *#withVariable(place: Place, number: number, value: number, block: Block): Program<void> {
    const variable = this.#variables[number]!;
    const token = variable.set(value);
    try {
      yield* this.#block(place, block);
    } finally {
      variable.reset(token);
    }
  }

  *#shield(place: Place, item: Item): Program<void> {
    const input = this.#item(place, item);
    if (input === undefined) return;
    const result = yield* place.t.wait(shield(input));
    this.#note(place.who, `was shielded ${show(result)}`);
  }

  *#gather(place: Place, returnExceptions: boolean, items: Item[]): Program<void> {
    const made = this.#items(place, items);
    const results = yield* place.t.wait(gather(...made, { returnExceptions }));
    this.#note(place.who, `gathered ${show(results)}`);
  }

  /** Gathers without waiting. */
  // deno-lint-ignore require-yield
  *#gatherFuture(place: Place, returnExceptions: boolean, items: Item[]): Program<void> {
    this.#addCallback(gather(...this.#items(place, items), { returnExceptions }));
  }

  *#wait(
    place: Place,
    limit: number | null,
    returnWhen: WaitOptions["returnWhen"],
    items: Item[],
  ): Program<void> {
    const made = this.#items(place, items) as Future<number>[];
    if (made.length === 0) return;
    const timeout = limit ?? undefined;
    const [done, pending] = yield* place.t.wait(wait(made, { timeout, returnWhen }));
    this.#note(place.who, `waited ${done.size} ${pending.size}`);
  }

  *#completed(place: Place, limit: number | null, items: Item[]): Program<void> {
    const all = [...new Set(this.#items(place, items) as Future<number>[])];
    // The order of what is done already is that of a set in CPython.
    const done = all.filter((each) => each.done());
    const made = [...done.slice(0, 1), ...all.filter((each) => !each.done())];
    for (const each of asCompleted(made, { timeout: limit ?? undefined })) {
      this.#note(place.who, `completed ${show(yield* place.t.wait(each))}`);
    }
  }

  *#waitFor(place: Place, limit: number | null, item: Item): Program<void> {
    const input = this.#item(place, item);
    if (input === undefined) return;
    const result = yield* place.t.wait(waitFor(input, limit ?? undefined));
    this.#note(place.who, `waited for ${show(result)}`);
  }

  *#timeout(place: Place, limit: number | null, block: Block): Program<void> {
    const { t, who } = place;
    const inside = this.#nested(t);
    let scope: Timeout | undefined;
    try {
      yield* t.wait(timeout(
        limit ?? undefined,
        inside.body((entered: Timeout) => {
          scope = entered;
          return this.#block({ ...place, t: inside, scopes: [...place.scopes, entered] }, block);
        }),
      ));
    } finally {
      this.#note(who, `leaves timeout ${scope!.expired()}`);
    }
  }

  // deno-lint-ignore require-yield
  *#reschedule({ who, scopes }: Place, limit: number | null): Program<void> {
    const scope = scopes.at(-1);
    if (scope === undefined) return;
    const when = limit === null ? undefined : this.#loop.time() + limit;
    this.#attempt(who, "reschedules", () => scope.reschedule(when));
  }

  *#group(place: Place, children: Block[], block: Block): Program<void> {
    const { t, who } = place;
    const inside = this.#nested(t);
    try {
      yield* t.wait(taskGroup(inside.body((group: TaskGroup) => {
        const within = { ...place, t: inside, groups: [...place.groups, group] };
        return this.#groupBody(within, children, block);
      })));
    } finally {
      this.#note(who, "leaves group");
    }
  }

  *#groupBody(place: Place, children: Block[], block: Block): Program<void> {
    for (const child of children) yield* this.#groupSpawn(place, child);
    yield* this.#block(place, block);
  }

  *#try(place: Place, what: string, then: string, block: Block, handler: Block): Program<void> {
    try {
      yield* this.#block(place, block);
    } catch (error) {
      if ((what === "cancel") !== error instanceof CancelledError) throw error;
      this.#note(place.who, `catches ${describe(error)}`);
      if (then === "uncancel") yield* this.#uncancel(place);
      yield* this.#block(place, handler);
      if (then === "raise") throw error;
      if (then === "replace") throw new KeyError();
    }
  }

  *#finally(place: Place, block: Block, final: Block): Program<void> {
    try {
      yield* this.#block(place, block);
    } finally {
      this.#note(place.who, "cleans up");
      yield* this.#block(place, final);
    }
  }

  *#lock(place: Place, number: number, block: Block): Program<void> {
    yield* this.#holding(place, "lock", this.#locks[number]!, block);
  }

  *#semaphore(place: Place, number: number, block: Block): Program<void> {
    yield* this.#holding(place, "permit", this.#semaphores[number]!, block);
  }

  *#condition(place: Place, number: number, block: Block): Program<void> {
    yield* this.#holding(place, "condition", this.#conditions[number]!, block);
  }

  *#holding(
    place: Place,
    what: string,
    primitive: Lock | Semaphore | Condition,
    block: Block,
  ): Program<void> {
    yield* place.t.wait(primitive.acquire());
    try {
      this.#note(place.who, `has ${what}`);
      yield* this.#block(place, block);
    } finally {
      primitive.release();
    }
    this.#note(place.who, `gave ${what}`);
  }

  *#acquire({ t, who }: Place, number: number): Program<void> {
    yield* t.wait(this.#locks[number]!.acquire());
    this.#note(who, "acquired");
  }

  *#conditionWait({ t, who }: Place, number: number): Program<void> {
    yield* t.wait(this.#conditions[number]!.wait());
    this.#note(who, "was notified");
  }

  *#conditionWaitFor({ t, who }: Place, number: number, event: number): Program<void> {
    const holds = () => this.#events[event]!.isSet();
    yield* t.wait(this.#conditions[number]!.waitFor(holds));
    this.#note(who, "holds");
  }

  *#eventWait({ t, who }: Place, number: number): Program<void> {
    yield* t.wait(this.#events[number]!.wait());
    this.#note(who, "saw event");
  }

  *#barrier({ t, who }: Place, number: number): Program<void> {
    const index = yield* t.wait(this.#barriers[number]!.wait());
    this.#note(who, `passed barrier ${index}`);
  }

  *#barrierReset({ t, who }: Place, number: number): Program<void> {
    yield* t.wait(this.#barriers[number]!.reset());
    this.#note(who, "reset barrier");
  }

  *#barrierAbort({ t, who }: Place, number: number): Program<void> {
    yield* t.wait(this.#barriers[number]!.abort());
    this.#note(who, "broke barrier");
  }

  *#put({ t, who }: Place, number: number, value: number): Program<void> {
    yield* t.wait(this.#queues[number]!.put(value));
    this.#note(who, "put");
  }

  *#get({ t, who }: Place, number: number): Program<void> {
    const value = yield* t.wait(this.#queues[number]!.get());
    this.#note(who, `took ${value}`);
  }

  *#join({ t, who }: Place, number: number): Program<void> {
    yield* t.wait(this.#queues[number]!.join());
    this.#note(who, "joined");
  }

  // ---- The run ----

  *play(): Program<string[]> {
    const t = this.#t;
    const { timed, eager, tasks } = this.#program;
    this.#loop.setExceptionHandler((_loop, { message, exception }) => {
      if (message.startsWith("Exception in callback")) {
        this.#note("loop", `is told of ${describe(exception)}`);
      }
    });
    if (eager) this.#loop.setTaskFactory(eagerTaskFactory);
    for (const block of tasks) this.#top.push(this.#spawn({ t, groups: [] }, createTask, block));
    const between = [...this.#program.between];
    if (timed) {
      for (const [when, action] of between) {
        this.#loop.callAt(when, () => this.#act("outside", action));
      }
      yield* t.wait(wait(this.#top, { timeout: LAST_TIME }));
    } else {
      while (this.#turn < LAST_TURN && !this.#top.every((task) => task.done())) {
        yield* t.wait(sleep(0));
        this.#turn++;
        while (between.length > 0 && between[0]![0] <= this.#turn) {
          this.#act("outside", between.shift()![1]);
        }
      }
    }
    this.#note("main", "ends");
    let rounds = 0;
    while (rounds < LAST_ROUND) {
      const left = [...new Set(this.#tasks)].filter((task) => task !== undefined && !task.done());
      if (left.length === 0) break;
      rounds++;
      for (const task of left) task!.cancel();
      yield* t.wait(sleep(0));
      yield* t.wait(sleep(0));
    }
    this.#note("main", `made ${rounds} rounds`);
    this.#tasks.forEach((task, number) => {
      if (task !== undefined) this.trace.push(`${number} ${outcome(task)} ${task.cancelling()}`);
    });
    this.trace.push([
      ...this.#futures.map(outcome),
      ...[...this.#locks, ...this.#semaphores, ...this.#conditions].map((each) => each.locked()),
      ...this.#events.map((each) => each.isSet()),
      ...this.#barriers.map((each) => `${each.nWaiting}/${each.broken}`),
      ...this.#queues.map((each) => each.qsize()),
    ].join(" "));
    return [...this.trace];
  }
}

/**
 * Runs a program.
 *
 * @param mixing in which kinds of coroutine
 * @returns the trace; what the library threw at the one who runs it stands at its end
 */
export async function play(program: ParityProgram, mixing: Mixing): Promise<string[]> {
  const kind = mixing === "async functions" ? "async function" : "generator";
  const loop = new SimulatedEventLoop();
  const t = new Trial(loop, kind);
  const player = new Player(t, program, mixing);
  try {
    return await loop.runUntilComplete(t.work(() => player.play()));
  } catch (error) {
    return [...player.trace, `broken: ${(error as Error).name} ${(error as Error).message}`];
  } finally {
    // What comes late concerns no one.
    loop.setExceptionHandler(() => {});
    loop.close();
  }
}
