/** The arguments of a callback must fit the callback. Compiled by `types_test.ts`, never run. */
import type { AbstractEventLoop, Handle, TimerHandle } from "../../loop/mod.ts";
import { make, same } from "./_same.ts";

const loop = make<AbstractEventLoop>();
const two = (_name: string, _count: number): void => {};
const optional = (_name: string, _count?: number): void => {};
const rest = (_name: string, ..._counts: number[]): void => {};

// ---- What fits ------------------------------------------------------------------------------------

same<ReturnType<typeof loop.callSoon>, Handle>(true);
same<ReturnType<typeof loop.callLater>, TimerHandle>(true);
same<ReturnType<typeof loop.callAt>, TimerHandle>(true);

loop.callSoon(() => {});
loop.callSoon(two, "a", 1);
loop.callSoon(optional, "a", 1);
loop.callSoon(rest, "a");
loop.callSoon(rest, "a", 1, 2, 3);
loop.callSoonThreadsafe(two, "a", 1);
loop.callLater(5, two, "a", 1);
loop.callAt(5, two, "a", 1);
loop.addSignalHandler("SIGTERM", two, "a", 1);

// What a callback returns is nobody's business.
loop.callSoon((n: number) => n + 1, 1);
loop.callSoon([1].push.bind([1]), 2);

// Parameters are inferred from the arguments.
loop.callSoon(
  (name, count) => {
    same<typeof name, string>(true);
    same<typeof count, number>(true);
  },
  "a",
  1,
);
loop.callLater(5, (name) => same<typeof name, string>(true), "a");

class Counter {
  count = 0;
  add(n: number): void {
    this.count += n;
  }
}
const counter = new Counter();
loop.callSoon(counter.add.bind(counter), 1);

// ---- What does not --------------------------------------------------------------------------------

// @ts-expect-error: an argument is missing
loop.callSoon(two, "a");
// @ts-expect-error: all are missing
loop.callSoon(two);
// @ts-expect-error: one is of the wrong type
loop.callSoon(two, "a", "b");
// @ts-expect-error: there is one too many
loop.callSoon(two, "a", 1, 2);
// @ts-expect-error: there is one too many
loop.callSoon(() => {}, "ignored");
// @ts-expect-error: they are in the wrong order
loop.callSoon(two, 1, "a");
// @ts-expect-error: an element of the rest is of the wrong type
loop.callSoon(rest, "a", 1, "b");
// @ts-expect-error: an argument is missing
loop.callSoonThreadsafe(two, "a");
// @ts-expect-error: an argument is missing
loop.callLater(5, two, "a");
// @ts-expect-error: the delay is missing
loop.callLater(two, "a", 1);
// @ts-expect-error: the delay is no number
loop.callLater("5", two, "a", 1);
// @ts-expect-error: an argument is missing
loop.callAt(5, two, "a");
// @ts-expect-error: one is of the wrong type
loop.callAt(5, two, "a", true);
// @ts-expect-error: an argument is missing
loop.addSignalHandler("SIGTERM", two, "a");
// @ts-expect-error: there is no such signal
loop.addSignalHandler("SIGNONE", () => {});
// @ts-expect-error: no function
loop.callSoon("tick");
// @ts-expect-error: no function
loop.callSoon(undefined);
// @ts-expect-error: a promise is no function
loop.callSoon(Promise.resolve());
// @ts-expect-error: bound, and still of the wrong type
loop.callSoon(counter.add.bind(counter), "1");
