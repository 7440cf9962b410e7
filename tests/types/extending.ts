/** What third parties write compiles. Compiled by `types_test.ts`, never run. */
import {
  Context,
  ContextVar,
  type CoroutineLike,
  type FutureLike,
  isfuture,
  Task,
  type TaskLike,
  type TaskOptions,
  type Token,
} from "../../futures/mod.ts";
import {
  type AbstractEventLoop,
  BaseEventLoop,
  DenoEventLoop,
  type Handle,
  type TaskFactory,
} from "../../loop/mod.ts";
import { make, same } from "./_same.ts";

// ---- Loops ----------------------------------------------------------------------------------------

/** Three hooks make a loop. */
export class TickLoop extends BaseEventLoop {
  override time(): number {
    return 0;
  }

  override async _select(timeoutMs: number): Promise<void> {
    await super._select(timeoutMs);
  }

  override _wakeup(): void {
    super._wakeup();
  }
}

/** Public methods can be overridden without a loss. */
export class LoggingLoop extends DenoEventLoop {
  override callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): Handle {
    return super.callSoon(callback, ...args);
  }

  override createTask<T>(coro: CoroutineLike<T>, options?: TaskOptions): Task<T> {
    return super.createTask(coro, options);
  }
}

export class WrongLoop extends BaseEventLoop {
  // @ts-expect-error: a hook has its type
  override time(): string {
    return "now";
  }
}

const factory: TaskFactory = (loop, coro, options) => new Task(coro, { ...options, loop });
const loop = make<AbstractEventLoop>();
loop.setTaskFactory(factory);
loop.setTaskFactory(undefined);
loop.setTaskFactory((_loop, _coro) => make<TaskLike>());
// @ts-expect-error: a factory makes tasks
loop.setTaskFactory(() => 5);
loop.setExceptionHandler((of, context) => {
  same<typeof of, AbstractEventLoop>(true);
  same<typeof context.message, string>(true);
  same<typeof context.exception, unknown>(true);
});
// @ts-expect-error: no function
loop.setExceptionHandler("print");

// ---- Futures --------------------------------------------------------------------------------------

const foreign = make<FutureLike<number>>();
export async function waits(): Promise<void> {
  const value = await foreign;
  same<typeof value, number>(true);
}
if (isfuture(make<unknown>())) void 0;

// ---- Contexts -------------------------------------------------------------------------------------

const variable = new ContextVar<number>("variable", { defaultValue: 1 });
same<ReturnType<typeof variable.get>, number>(true);
const token = variable.set(2);
same<typeof token, Token<number>>(true);
same<typeof token.oldValue, number | typeof Token.MISSING>(true);
variable.reset(token);
const context = new Context();
const ran = context.run((a: number, b: string) => `${a}${b}`, 1, "b");
same<typeof ran, string>(true);
const wrapped = context.wrap((a: number) => a > 1);
same<typeof wrapped, (a: number) => boolean>(true);
const read = context.get(variable);
same<typeof read, number | undefined>(true);
// @ts-expect-error: of the wrong type
variable.set("2");
// @ts-expect-error: of another variable's type
variable.reset(new ContextVar<string>("other").set("x"));
// @ts-expect-error: of the wrong type
new ContextVar<number>("variable", { defaultValue: "1" });
// @ts-expect-error: an argument is missing
context.run((a: number) => a);
