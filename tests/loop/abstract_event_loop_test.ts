/** `AbstractEventLoop`: what it declares raises by name; what a loop from scratch gets for free. */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ContextVar,
  copyContext,
  coroutine,
  type CoroutineLike,
  createTask,
  currentTask,
  type ExceptionContext,
  Future,
  gather,
  NotImplementedError,
  sleep,
  Task,
  type TaskOptions,
} from "../../futures/mod.ts";
import {
  _setRunningLoop,
  AbstractEventLoop,
  type AnyCallback,
  BaseEventLoop,
  getRunningLoop,
  Handle,
  TimerHandle,
} from "../../loop/mod.ts";
import { ScratchTask } from "../futures/_third_party.ts";
import { hostTurn } from "../_helpers.ts";

Deno.test("Every method that AbstractEventLoop declares raises NotImplementedError by name", () => {
  class Nothing extends AbstractEventLoop {}
  const loop = new Nothing() as unknown as Record<string, () => unknown>;
  const names = Object.getOwnPropertyNames(AbstractEventLoop.prototype)
    .filter((name) => name !== "constructor" && !name.startsWith("_"));
  assert(names.length > 25, String(names));
  for (const name of names) {
    assertThrows(
      () => {
        const result = loop[name]!.call(loop);
        // Some raise when they are waited for.
        if (result instanceof Promise) result.catch(() => {});
        (result as Iterable<unknown> | undefined)?.[Symbol.iterator]?.().next();
      },
      NotImplementedError,
      `${name}()`,
    );
  }
});

Deno.test("Every public method of asyncio's loop that BaseEventLoop has is declared", () => {
  const declared = new Set(Object.getOwnPropertyNames(AbstractEventLoop.prototype));
  const own = Object.getOwnPropertyNames(BaseEventLoop.prototype)
    .filter((name) => !name.startsWith("_") && name !== "toString" && name !== "constructor");
  assertEquals(own.filter((name) => !declared.has(name)), []);
});

/** A loop from scratch: a list of callbacks, a list of timers, and time that jumps. */
class ScratchLoop extends AbstractEventLoop {
  #ready: Handle[] = [];
  #timers: TimerHandle[] = [];
  #now = 0;
  #running = false;
  readonly problems: ExceptionContext[] = [];

  override time(): number {
    return this.#now;
  }

  override callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): Handle {
    const handle = new Handle(callback as unknown as AnyCallback, args, copyContext());
    this.#ready.push(handle);
    return handle;
  }

  override callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    return this.callAt(this.#now + delay, callback, ...args);
  }

  override callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    const function_ = callback as unknown as AnyCallback;
    const timer = new TimerHandle(when, function_, args, copyContext(), this);
    this.#timers.push(timer);
    return timer;
  }

  _timerHandleCancelled(): void {}

  override getDebug(): boolean {
    return false;
  }

  override isRunning(): boolean {
    return this.#running;
  }

  override callExceptionHandler(context: ExceptionContext): void {
    this.problems.push(context);
  }

  override createFuture<T>(): Future<T> {
    return new Future<T>({ loop: this });
  }

  override createTask<T>(coro: CoroutineLike<T>, options?: TaskOptions): Task<T> {
    return new Task<T>(coro, { ...options, loop: this });
  }

  async drive<T>(coro: CoroutineLike<T>): Promise<T> {
    const task = this.createTask(coro);
    this.#running = true;
    while (!task.done()) {
      if (this.#ready.length === 0) {
        this.#timers = this.#timers.filter((timer) => !timer.cancelled())
          .sort((a, b) => a.when() - b.when());
        const next = this.#timers.shift();
        if (next !== undefined) {
          this.#now = next.when();
          this.#ready.push(next);
        }
      }
      for (const handle of this.#ready.splice(0)) this.#run(handle);
      await hostTurn();
    }
    this.#running = false;
    return task.result();
  }

  #run(handle: Handle): void {
    _setRunningLoop(this);
    try {
      handle.getContext().run(() => handle._run());
    } catch (exception) {
      this.callExceptionHandler({ message: "Exception in callback", exception });
    } finally {
      _setRunningLoop(undefined);
    }
  }
}

Deno.test("A loop from scratch runs generator tasks, and they find their way", async () => {
  const loop = new ScratchLoop();
  const variable = new ContextVar("variable", { defaultValue: "default" });
  const seen: unknown[] = [];
  const result = await loop.drive(
    coroutine(function* () {
      const main = currentTask();
      seen.push(getRunningLoop() === loop, main instanceof Task);
      variable.set("main");
      const other = createTask(
        coroutine(function* () {
          seen.push(currentTask() === other, variable.get());
          variable.set("other");
          yield* sleep(2);
          seen.push(currentTask() === other, variable.get(), getRunningLoop() === loop);
          return "other";
        })(),
      );
      yield* sleep(1);
      seen.push(currentTask() === main, variable.get());
      const results = yield* gather(other, sleep(5, "slept"));
      seen.push(currentTask() === main, loop.time());
      return results;
    })(),
  );
  assertEquals(result, ["other", "slept"]);
  assertEquals(seen, [
    true,
    true,
    true,
    "main",
    true,
    "main",
    true,
    "other",
    true,
    true,
    6,
  ]);
  assertEquals(loop.problems, []);
});

Deno.test("A loop from scratch runs async functions, and they find their way", async () => {
  const loop = new ScratchLoop();
  const variable = new ContextVar("variable", { defaultValue: "default" });
  const result = await loop.drive(async () => {
    const main = currentTask();
    assertStrictEquals(getRunningLoop(), loop as unknown);
    variable.set("main");
    await sleep(1);
    assertStrictEquals(currentTask(), main);
    await hostTurn();
    assertStrictEquals(currentTask(), main);
    assertStrictEquals(getRunningLoop(), loop as unknown);
    assertEquals(variable.get(), "main");
    const inner = createTask(async () => {
      assert(currentTask() !== main);
      await sleep(10);
      return "inner";
    });
    const generator = coroutine(function* () {
      assertStrictEquals(currentTask(), main);
      yield* sleep(1);
      assertStrictEquals(currentTask(), main);
    });
    await generator();
    return await inner;
  });
  assertEquals(result, "inner");
  assertEquals(loop.problems, []);
});

Deno.test("A loop from scratch cancels, and is told of errors", async () => {
  const loop = new ScratchLoop();
  const result = await loop.drive(async () => {
    const task = createTask(() => sleep(1000));
    const generator = createTask(function* () {
      yield* sleep(1000);
    });
    await sleep(1);
    task.cancel();
    generator.cancel();
    loop.callSoon(() => {
      throw new TypeError("callback");
    });
    return await gather(task, generator, { returnExceptions: true });
  });
  assertEquals(result.map(String), ["CancelledError", "CancelledError"]);
  assertEquals(loop.problems.map(({ exception }) => String(exception)), ["TypeError: callback"]);
  assertEquals(loop.time(), 1);
});

Deno.test("A callback of a loop from scratch has no task", async () => {
  const loop = new ScratchLoop();
  const seen: unknown[] = [];
  await loop.drive(
    coroutine(function* () {
      loop.callSoon(() => seen.push(currentTask()));
      const future = loop.createFuture<void>();
      future.addDoneCallback(() => seen.push(currentTask()));
      future.setResult();
      yield* sleep(1);
      yield* sleep(1);
    })(),
  );
  assertEquals(seen, [undefined, undefined]);
});

Deno.test("A foreign task on a loop from scratch is the current one, around eager tasks too", async () => {
  const loop = new ScratchLoop();
  const seen: unknown[] = [];
  let foreign: ScratchTask<void> | undefined;
  let eager: Task<void> | undefined;
  await loop.drive(async () => {
    foreign = new ScratchTask(
      loop,
      coroutine(function* () {
        seen.push(currentTask());
        eager = new Task(function* () {
          seen.push(currentTask());
          yield* sleep(1);
          seen.push(currentTask());
        }, { loop, eagerStart: true });
        seen.push(currentTask());
        yield* eager;
        seen.push(currentTask());
      })(),
    );
    await foreign;
    await sleep(1);
  });
  assertEquals(seen, [foreign, eager, foreign, eager, foreign]);
  assertEquals(loop.problems, []);
});
