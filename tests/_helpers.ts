/**
 * What the tests of futures and loops share: a fresh loop for each test, checks of what a test leaves
 * behind, and programs that are written once and run in both kinds of coroutine.
 *
 * A program is a generator function that waits with `yield* t.wait(something)`. As a generator
 * coroutine it does just that; as an async function, `await` takes the place of `yield*`.
 *
 * Imported by tests only.
 */
import { assertEquals } from "@std/assert";
import { allTasks, Coroutine, coroutine } from "../futures/mod.ts";
import type { Body, CoroutineLike, ExceptionContext, Suspension } from "../futures/mod.ts";
import type { BaseEventLoop, TimerHandle } from "../loop/mod.ts";
import { SimulatedEventLoop } from "../loop/simulated/mod.ts";

/** A body of code that waits only through `t.wait()`. */
export type Program<T> = Generator<Suspension, T, unknown>;

/** The two kinds of coroutine. */
export type Kind = "generator" | "async function";

/** What `await` is to wait for; only the async driver of a program sees it. */
class AwaitRequest {
  readonly input: PromiseLike<unknown>;

  constructor(input: PromiseLike<unknown>) {
    this.input = input;
  }
}

/** What `yield*` can wait for. */
export interface Waitable<T> {
  [Symbol.iterator](): Iterator<Suspension, T, unknown>;
}

export function* request<T>(input: PromiseLike<T>): Program<T> {
  return (yield new AwaitRequest(input) as never) as T;
}

/** Runs a program in an async function: one `await` for each `t.wait()`. */
export async function drive<T>(program: Program<T>): Promise<T> {
  let step = program.next();
  for (;;) {
    if (step.done) return step.value;
    let value: unknown;
    try {
      value = await (step.value as unknown as AwaitRequest).input;
    } catch (error) {
      step = program.throw(error);
      continue;
    }
    step = program.next(value);
  }
}

/** Makes a generator coroutine of a program, which may be a plain function that returns one. */
export function asCoroutine<T>(program: () => Program<T>): Coroutine<T> {
  return coroutine(function* () {
    return yield* program();
  })();
}

/** A simulated loop that remembers its timers, to tell which of them were left behind. */
export class TestLoop extends SimulatedEventLoop {
  readonly #timers = new Set<TimerHandle>();

  override callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    return this.#remember(super.callLater(delay, callback, ...args));
  }

  override callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    return this.#remember(super.callAt(when, callback, ...args));
  }

  #remember(timer: TimerHandle): TimerHandle {
    this.#timers.add(timer);
    return timer;
  }

  /** The timers that are neither due nor called off. */
  liveTimers(): TimerHandle[] {
    return [...this.#timers].filter((timer) => !timer.cancelled() && timer.when() > this.time());
  }
}

/** What a test gets. */
export class Trial<L extends BaseEventLoop = TestLoop> {
  /** A fresh loop, not yet running when a plain test starts. */
  readonly loop: L;
  readonly kind: Kind;
  /** What the loop's exception handler was told. Take what you expect with `takeReports()`. */
  readonly reports: ExceptionContext[] = [];

  constructor(loop: L, kind: Kind) {
    this.loop = loop;
    this.kind = kind;
    loop.setExceptionHandler((_loop, context) => void this.reports.push(context));
  }

  /** Waits, in the manner of the kind. */
  wait<T>(input: Waitable<T> & PromiseLike<T>): Waitable<T> {
    return this.kind === "generator" ? input : request(input);
  }

  /** A fresh coroutine of the kind, for `createTask()` and the like. */
  work<T>(program: () => Program<T>): CoroutineLike<T> {
    return this.kind === "generator" ? asCoroutine(program) : () => drive(program());
  }

  /** A body of the kind, for `timeout()` and the like. */
  body<A extends unknown[], T>(program: (...args: A) => Program<T>): Body<A, T> {
    if (this.kind === "async function") return (...args) => drive(program(...args));
    return function* (...args) {
      return yield* program(...args);
    };
  }

  /** Calls a program as part of the calling one and waits for it: a nested coroutine of the kind. */
  call<T>(program: () => Program<T>): Waitable<T> {
    return this.kind === "generator" ? asCoroutine(program) : request(drive(program()));
  }

  /** Returns what the exception handler was told until now, and forgets it. */
  takeReports(): ExceptionContext[] {
    return this.reports.splice(0);
  }

  /** The messages of `takeReports()`. */
  takeMessages(): string[] {
    return this.takeReports().map(({ message }) => message);
  }

  /** Closes the loop and fails if something was left behind that the test has not accounted for. */
  finish(): void {
    const { loop } = this;
    const tasks = Array.from(allTasks(loop), String);
    const timers = loop instanceof TestLoop && !loop.isClosed() ? loop.liveTimers() : [];
    const open = Array.from(loop._held, String);
    loop.close();
    const reports = this.takeReports().map(({ message, exception }) => [message, exception]);
    assertEquals(reports, [], "unexpected calls of the exception handler");
    assertEquals(tasks, [], "tasks that are still pending");
    assertEquals(timers.map(String), [], "timers that are still live");
    assertEquals(open, [], "connections and servers that are still open");
  }
}

/** What can be asked for a test. */
export interface TestOptions {
  /**
   * Whether the loop is in debug mode, for tests that hold in one mode only.
   * @default both
   */
  debug?: boolean;
  /**
   * The kinds of coroutine, for programs that only one can run.
   * @default both
   */
  kinds?: readonly Kind[];
  /** Looks at what the program has left after the run, before the checks. */
  after?: (t: Trial) => void | Promise<void>;
}

function modes({ debug }: TestOptions): boolean[] {
  return debug === undefined ? [false, true] : [debug];
}

/**
 * Tests a program as the main coroutine of a simulated loop, in both kinds of coroutine, with debug
 * mode off and on.
 */
export function testProgram(
  name: string,
  program: (t: Trial) => Program<void>,
  options: TestOptions = {},
): void {
  Deno.test(name, async (context) => {
    for (const kind of options.kinds ?? ["generator", "async function"] as const) {
      for (const debug of modes(options)) {
        await context.step(debug ? `${kind}, debug` : kind, async () => {
          const t = new Trial(new TestLoop(), kind);
          t.loop.setDebug(debug);
          await t.loop.runUntilComplete(t.work(() => program(t)));
          await options.after?.(t);
          t.finish();
        });
      }
    }
  });
}

/** Tests an async function as the main coroutine of a simulated loop, with debug mode off and on. */
export function testAsync(
  name: string,
  main: (t: Trial) => Promise<void>,
  options: TestOptions = {},
): void {
  testLoop(name, async (t) => {
    await t.loop.runUntilComplete(() => main(t));
    await options.after?.(t);
  }, options);
}

/** Tests a simulated loop that the test itself runs, with debug mode off and on. */
export function testLoop(
  name: string,
  body: (t: Trial) => void | Promise<void>,
  options: TestOptions = {},
): void {
  Deno.test(name, async (context) => {
    for (const debug of modes(options)) {
      await context.step(debug ? "debug" : "no debug", async () => {
        const t = new Trial(new TestLoop(), "async function");
        t.loop.setDebug(debug);
        await body(t);
        t.finish();
      });
    }
  });
}

/** Tests a loop of any class, which the test itself runs in real time. */
export function testRealLoop<L extends BaseEventLoop>(
  name: string,
  make: () => L,
  body: (t: Trial<L>) => void | Promise<void>,
): void {
  Deno.test(name, async () => {
    const t = new Trial(make(), "async function");
    await body(t);
    t.finish();
  });
}

/** Waits for a number of passes of the running loop. */
export class Passes extends Coroutine<void> {
  readonly #count: number;

  constructor(count: number) {
    super();
    this.#count = count;
  }

  protected override *_start(): Program<void> {
    for (let i = 0; i < this.#count; i++) yield undefined;
  }
}

/** Lets the loop make a number of passes; see {@linkcode Passes}. */
export function passes(count: number): Passes {
  return new Passes(count);
}

/** A promise of the host, which settles after a number of microtasks. */
export async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

/** A promise of the host, which settles after a turn of the host's loop. */
export function hostTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How a coroutine describes itself that is not to run. */
export function described(unused: Coroutine<unknown>): string {
  unused.close();
  return String(unused);
}

/** The error that a waitable ends with; fails when it ends well. */
export function* errorOf(waitable: Waitable<unknown>): Program<unknown> {
  try {
    yield* waitable;
  } catch (error) {
    return error;
  }
  throw new TypeError("Expected an error, got none");
}

/**
 * Collects garbage, and lets the host run what it has scheduled for that.
 *
 * @param enough ends it early, and makes it go on for longer, until it says so
 */
export async function collectGarbage(enough?: () => boolean): Promise<void> {
  const v8 = await import("node:v8");
  const vm = await import("node:vm");
  v8.setFlagsFromString("--expose-gc");
  const gc: () => void = vm.runInNewContext("gc");
  for (let i = 0; enough === undefined ? i < 3 : i < 100 && !enough(); i++) {
    await hostTurn();
    gc();
    await hostTurn();
  }
}
