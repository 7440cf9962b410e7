// deno-lint-ignore-file require-await
/**
 * Waiting, timeouts and task groups infer their types. Compiled by `types_test.ts`, never run.
 */
import {
  type AsCompleted,
  asCompleted,
  type Body,
  CancelledError,
  type CancelOrigin,
  type ConcurrentFuture,
  type Coroutine,
  coroutine,
  createEagerTaskFactory,
  createTask,
  eagerTaskFactory,
  type ExceptionGroup,
  exceptStar,
  FIRST_COMPLETED,
  type Future,
  moveOnAfter,
  runCoroutineThreadsafe,
  shield,
  shielded,
  sleep,
  Task,
  TaskGroup,
  taskGroup,
  Timeout,
  timeout,
  timeoutAt,
  wait,
  waitFor,
  wrapFuture,
} from "../../futures/mod.ts";
import type { AbstractEventLoop } from "../../loop/mod.ts";
import { make, same } from "./_same.ts";

const number = coroutine(function* () {
  yield* sleep(1);
  return 1;
});
const asyncText = async () => await sleep(1, "text" as string);

// ---- Bodies: the result of either kind -------------------------------------------------------------

same<ReturnType<typeof timeout<number>>, Coroutine<number>>(true);
const timed = timeout(1, asyncText);
same<typeof timed, Coroutine<string>>(true);
const timedAt = timeoutAt(undefined, function* (scope) {
  same<typeof scope, Timeout>(true);
  yield* sleep(1);
  return [1, "a"] as const;
});
same<typeof timedAt, Coroutine<readonly [1, "a"]>>(true);
const nothing = timeout(1, async (scope) => scope.reschedule(undefined));
same<typeof nothing, Coroutine<void>>(true);
const called = timeout(1, () => number());
same<typeof called, Coroutine<number>>(true);
const run = new Timeout(1).run(number);
same<typeof run, Coroutine<number>>(true);
const moved = moveOnAfter(1, asyncText);
same<typeof moved, Coroutine<string | undefined>>(true);
const safe = shielded(asyncText);
same<typeof safe, Coroutine<string>>(true);
const grouped = taskGroup(async (group) => {
  same<typeof group, TaskGroup>(true);
  const task = group.createTask(number());
  same<typeof task, Task<number>>(true);
  const other = group.createTask(asyncText, { name: "other" });
  same<typeof other, Task<string>>(true);
  return [task, other] as const;
});
same<typeof grouped, Coroutine<readonly [Task<number>, Task<string>]>>(true);
const plain = taskGroup((group) => group.createTask(number()));
same<typeof plain, Coroutine<number>>(true);
const plainVoid = taskGroup((group) => void group.createTask(number()));
same<typeof plainVoid, Coroutine<undefined>>(true);
const handled = exceptStar(
  asyncText,
  [TypeError, (errors) => same<typeof errors, ExceptionGroup>(true)],
  [[RangeError, CancelledError], async (errors) => void errors.exceptions],
  [(error) => error === undefined, function* () {
    yield* sleep(1);
  }],
);
same<typeof handled, Coroutine<string | undefined>>(true);
const body: Body<[scope: Timeout], number> = function* (scope) {
  yield* sleep(scope.when() ?? 0);
  return 1;
};
void timeout(1, body);

// @ts-expect-error: a body is a function
timeout(1, sleep(1));
// @ts-expect-error: that returns something to wait for
timeout(1, () => 5);
// @ts-expect-error: and takes what it is given
taskGroup(async (_group: string) => {});
// @ts-expect-error: the time is a number
timeout("1", asyncText);
// @ts-expect-error: of an option that means something
new TaskGroup({ onError: "ignore" });

// ---- Readiness ------------------------------------------------------------------------------------

export async function readiness(group: TaskGroup): Promise<void> {
  const port = await group.start(async (started: (port: number) => void) => {
    started(1);
    await sleep(1);
  });
  same<typeof port, number>(true);
  const generator = await group.start(function* (started: (value: "ready") => void) {
    started("ready");
    yield* sleep(1);
  });
  same<typeof generator, "ready">(true);
  const given = await group.start<Date>(async (started) => started(new Date()));
  same<typeof given, Date>(true);
  await group.start(async (started: (port: number) => void) => {
    // @ts-expect-error: of the type that was said
    started("1");
  });
}

// ---- Waiting --------------------------------------------------------------------------------------

export async function waiting(): Promise<void> {
  const one = createTask(number());
  const two = createTask(asyncText);
  const [done, pending] = await wait([one, two], { returnWhen: FIRST_COMPLETED });
  same<typeof done, Set<Task<number> | Task<string>>>(true);
  same<typeof pending, Set<Task<number> | Task<string>>>(true);
  const futures = await wait(new Set([make<Future<Date>>()]));
  same<typeof futures, [done: Set<Future<Date>>, pending: Set<Future<Date>>]>(true);
  // @ts-expect-error: coroutines are made tasks first
  await wait([number()]);

  const fromCoroutine = await waitFor(number(), 1);
  same<typeof fromCoroutine, number>(true);
  const fromFunction = await waitFor(asyncText, undefined);
  same<typeof fromFunction, string>(true);
  const fromGenerator = await waitFor(function* () {
    yield* sleep(1);
    return true as const;
  }, 1);
  same<typeof fromGenerator, true>(true);
  const fromPromise = await waitFor(Promise.resolve(1n), 1);
  same<typeof fromPromise, bigint>(true);

  const shieldedTask = shield(one);
  same<typeof shieldedTask, Future<number>>(true);
  const shieldedFunction = shield(asyncText);
  same<typeof shieldedFunction, Future<string>>(true);
}

export const yields = coroutine(function* () {
  const timed = yield* timeout(1, asyncText);
  same<typeof timed, string>(true);
  const waited = yield* waitFor(number(), 1);
  same<typeof waited, number>(true);
  const [done] = yield* wait([createTask(number())]);
  same<typeof done, Set<Task<number>>>(true);
  for (const next of asCompleted([number(), asyncText])) {
    const result = yield* next;
    same<typeof result, number | string>(true);
  }
});

export async function completing(): Promise<void> {
  const tasks = asCompleted([make<Task<number>>(), make<Task<string>>()]);
  same<typeof tasks, AsCompleted<number | string, Task<number> | Task<string>>>(true);
  // More than once, as the type of what `for await` gives depends on that where it is a promise.
  for (let i = 0; i < 2; i++) {
    for await (const task of tasks) {
      const result = task.result();
      same<typeof result, number | string>(true);
      task.getName();
    }
  }
  for await (const future of asCompleted([sleep(1, 1)])) {
    const result = future.result();
    same<typeof result, number>(true);
  }

  for (const next of tasks) {
    const result = await next;
    same<typeof result, number | string>(true);
  }
}

// ---- The others -----------------------------------------------------------------------------------

export function others(loop: AbstractEventLoop): void {
  const future = runCoroutineThreadsafe(asyncText, loop);
  same<typeof future, ConcurrentFuture<string>>(true);
  const wrapped = wrapFuture(future, { loop });
  same<typeof wrapped, Future<string>>(true);
  const followed = wrapFuture(Promise.resolve(1));
  same<typeof followed, Future<number>>(true);

  class OwnTask<T> extends Task<T> {}
  loop.setTaskFactory(eagerTaskFactory);
  loop.setTaskFactory(createEagerTaskFactory(OwnTask));
  loop.setTaskFactory(createEagerTaskFactory((coro, options) => new OwnTask(coro, options)));

  const { reason, origin } = new CancelledError();
  same<typeof reason, unknown>(true);
  same<typeof origin, CancelOrigin | undefined>(true);
  make<Task<void>>().cancel("stop", { reason: new TypeError() });
}
