/** `await` and `yield*` give the same type. Compiled by `types_test.ts`, never run. */
import {
  type Awaitable,
  type Coroutine,
  coroutine,
  type CoroutineFunction,
  createTask,
  type currentTask,
  ensureFuture,
  Future,
  gather,
  sleep,
  type Suspension,
  Task,
  type TaskLike,
} from "../../futures/mod.ts";
import { type AbstractEventLoop, run, Runner } from "../../loop/mod.ts";
import { make, same } from "./_same.ts";

interface User {
  name: string;
}

// ---- The same both ways ---------------------------------------------------------------------------

export async function awaits(): Promise<void> {
  const future = await make<Future<User>>();
  same<typeof future, User>(true);
  const task = await make<Task<User[]>>();
  same<typeof task, User[]>(true);
  const coro = await make<Coroutine<User | undefined>>();
  same<typeof coro, User | undefined>(true);
  const awaitable = await make<Awaitable<"literal">>();
  same<typeof awaitable, "literal">(true);
  const slept = await sleep(1);
  same<typeof slept, undefined>(true);
  const result = await sleep(1, make<User>());
  same<typeof result, User>(true);
  const gathered = await gather(sleep(1, 1), make<Future<string>>());
  same<typeof gathered, [number, string]>(true);
  const made = await double(1);
  same<typeof made, number>(true);
}

export const yields = coroutine(function* () {
  const future = yield* make<Future<User>>();
  same<typeof future, User>(true);
  const task = yield* make<Task<User[]>>();
  same<typeof task, User[]>(true);
  const coro = yield* make<Coroutine<User | undefined>>();
  same<typeof coro, User | undefined>(true);
  const awaitable = yield* make<Awaitable<"literal">>();
  same<typeof awaitable, "literal">(true);
  const slept = yield* sleep(1);
  same<typeof slept, undefined>(true);
  const result = yield* sleep(1, make<User>());
  same<typeof result, User>(true);
  const gathered = yield* gather(sleep(1, 1), make<Future<string>>());
  same<typeof gathered, [number, string]>(true);
  const made = yield* double(1);
  same<typeof made, number>(true);
});

// ---- Coroutine functions --------------------------------------------------------------------------

const double = coroutine(function* (x: number) {
  yield* sleep(1);
  return 2 * x;
});
same<typeof double, CoroutineFunction<[x: number], number>>(true);
same<ReturnType<typeof double>, Coroutine<number>>(true);

const generic = coroutine(function* <T>(value: T, times = 1): Generator<Suspension, T[], unknown> {
  yield* sleep(1);
  return new Array<T>(times).fill(value);
});
void generic;

const returnsNothing = coroutine(function* () {
  yield* sleep(1);
});
same<ReturnType<typeof returnsNothing>, Coroutine<void>>(true);

// @ts-expect-error: one argument is missing
double();
// @ts-expect-error: of the wrong type
double("1");
// @ts-expect-error: no generator function
coroutine(async () => {});
// @ts-expect-error: no generator function
coroutine(() => 5);

export const wrong = coroutine(function* () {
  // @ts-expect-error: nobody can wait for a promise with yield*
  yield* Promise.resolve(1);
  // @ts-expect-error: nor for a number
  yield* 5;
});

// @ts-expect-error: a coroutine yields futures, not numbers
coroutine(function* () {
  yield 5;
});

// ---- Tasks ----------------------------------------------------------------------------------------

same<ReturnType<typeof createTask<User>>, Task<User>>(true);
export function makesTasks(): void {
  const ofAsync = createTask(async () => await sleep(1, make<User>()));
  same<typeof ofAsync, Task<User>>(true);
  const ofGeneratorFunction = createTask(function* () {
    yield* sleep(1);
    return make<User>();
  });
  same<typeof ofGeneratorFunction, Task<User>>(true);
  const ofCoroutine = createTask(double(1), { name: "double" });
  same<typeof ofCoroutine, Task<number>>(true);
  const ofFuture = createTask(() => make<Future<User>>());
  same<typeof ofFuture, Task<User>>(true);
  same<ReturnType<typeof ofAsync.result>, User>(true);
  same<ReturnType<typeof ofAsync.exception>, unknown>(true);
  ofAsync.addDoneCallback((task) => same<typeof task, Task<User>>(true));
  make<Future<number>>().addDoneCallback((future) => same<typeof future, Future<number>>(true));
  same<ReturnType<typeof currentTask>, TaskLike | undefined>(true);

  // @ts-expect-error: a promise runs already
  createTask(Promise.resolve(1));
  // @ts-expect-error: a future is no coroutine
  createTask(make<Future<number>>());
  // @ts-expect-error: a number even less
  createTask(5);
  // @ts-expect-error: the function must take no arguments
  createTask(async (_: number) => await sleep(1));
  // @ts-expect-error: the function must return something to wait for
  createTask(() => 5);
  // @ts-expect-error: no such option
  createTask(double(1), { nickname: "double" });
  // @ts-expect-error: a task's coroutine makes the result
  const setters: (task: Task<number>) => void = (task) => task.setResult(1).toFixed();
  void setters;
  new Task(double(1), { loop: make<AbstractEventLoop>(), eagerStart: true });
}

export function makesFutures(): void {
  const ofFuture = ensureFuture(make<Future<User>>());
  same<typeof ofFuture, Future<User>>(true);
  const ofPromise = ensureFuture(Promise.resolve(make<User>()));
  same<typeof ofPromise, Future<User>>(true);
  const ofAsync = ensureFuture(async () => await sleep(1, make<User>()));
  same<typeof ofAsync, Future<User>>(true);
  const future = new Future<number>();
  future.setResult(1);
  // @ts-expect-error: of the wrong type
  future.setResult("1");
  // @ts-expect-error: no positional arguments
  new Future(42);
  // @ts-expect-error: cannot be waited for
  ensureFuture("ok");
}

// ---- Programs -------------------------------------------------------------------------------------

export async function runs(): Promise<void> {
  const ofAsync = await run(async () => await sleep(1, make<User>()));
  same<typeof ofAsync, User>(true);
  const ofCoroutine = await run(double(1));
  same<typeof ofCoroutine, number>(true);
  await using runner = new Runner({ debug: true });
  const ofRunner = await runner.run(function* () {
    yield* sleep(1);
    return make<User>();
  });
  same<typeof ofRunner, User>(true);
  const complete = await make<AbstractEventLoop>().runUntilComplete(make<Promise<User>>());
  same<typeof complete, User>(true);
  // @ts-expect-error: a program takes no arguments
  await run(async (_: number) => await sleep(1));
  // @ts-expect-error: no program
  await run(make<Promise<void>>());
  // @ts-expect-error: no such option
  await run(double(1), { loop: make<AbstractEventLoop>() });
}
