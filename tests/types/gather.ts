/** `gather()` keeps the types of a tuple at any arity. Compiled by `types_test.ts`, never run. */
import {
  type Coroutine,
  coroutine,
  type Future,
  gather,
  sleep,
  type Task,
} from "../../futures/mod.ts";
import { make, same } from "./_same.ts";

const text = coroutine(function* () {
  yield* sleep(1);
  return "text";
});

export async function waits(): Promise<void> {
  // Every kind of thing to wait for.
  const kinds = await gather(
    make<Future<number>>(),
    make<Task<boolean>>(),
    text(),
    async () => await sleep(1, new Date()),
    function* () {
      yield* sleep(1);
      return new URL("x:y");
    },
    Promise.resolve(new Uint8Array(1)),
    make<PromiseLike<bigint>>(),
    sleep(1),
  );
  same<
    typeof kinds,
    [number, boolean, string, Date, URL, Uint8Array<ArrayBuffer>, bigint, undefined]
  >(true);

  // Twelve at once, each of its own type.
  const twelve = await gather(
    make<Future<1>>(),
    make<Future<2>>(),
    make<Future<3>>(),
    make<Future<4>>(),
    make<Future<5>>(),
    make<Future<6>>(),
    make<Future<7>>(),
    make<Future<8>>(),
    make<Future<9>>(),
    make<Future<10>>(),
    make<Future<11>>(),
    make<Future<12>>(),
  );
  same<typeof twelve, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]>(true);
  const [first, , third] = twelve;
  same<typeof first, 1>(true);
  same<typeof third, 3>(true);

  // None, one, and a list of unknown length.
  const none = await gather();
  same<typeof none, []>(true);
  const one = await gather(make<Coroutine<string>>());
  same<typeof one, [string]>(true);
  const list = await gather(...make<Future<number>[]>());
  same<typeof list, number[]>(true);
  const mixed = await gather(...make<(Future<number> | Coroutine<string>)[]>());
  same<typeof mixed, (number | string)[]>(true);
  const readonlyList = await gather(...make<readonly Future<number>[]>());
  same<typeof readonlyList, number[]>(true);
  const tuple = await gather(...make<[Future<1>, Coroutine<"2">]>());
  same<typeof tuple, [1, "2"]>(true);

  // Exceptions among the results.
  const settled = await gather(make<Future<1>>(), text(), { returnExceptions: true });
  same<typeof settled, [1 | Error, string | Error]>(true);
  const settledList = await gather(...make<Future<number>[]>(), { returnExceptions: true });
  same<typeof settledList, (number | Error)[]>(true);
  const thrown = await gather(make<Future<1>>(), text(), { returnExceptions: false });
  same<typeof thrown, [1, string]>(true);
  const either = await gather(make<Future<1>>(), { returnExceptions: make<boolean>() });
  same<typeof either, [1 | Error]>(true);

  // @ts-expect-error: cannot be waited for
  await gather(make<Future<1>>(), 5);
  // @ts-expect-error: no such option
  await gather(make<Future<1>>(), { returnErrors: true });
  // @ts-expect-error: options stand at the end
  await gather({ returnExceptions: true }, make<Future<1>>());
}

export const yields = coroutine(function* () {
  const both = yield* gather(make<Future<1>>(), text());
  same<typeof both, [1, string]>(true);
  const settled = yield* gather(make<Future<1>>(), text(), { returnExceptions: true });
  same<typeof settled, [1 | Error, string | Error]>(true);
});

const gathered = gather(make<Future<1>>(), text());
same<typeof gathered, Future<[1, string]>>(true);
