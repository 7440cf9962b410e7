/**
 * The same program, the same order of events as in CPython: `programs.jsonl.gz` holds random programs
 * with what CPython 3.13 did, event for event, and here they run again.
 *
 * The differences that are left are listed in `_differences.ts`, and counted here.
 */
import { assert, assertEquals } from "@std/assert";
import { readCorpus } from "./_corpus.ts";
import { outcomes, same, startsEagerly } from "./_differences.ts";
import { type Mixing, play } from "./_player.ts";
import type { ParityProgram } from "./_program.ts";

const corpus = await readCorpus<ParityProgram>();

Deno.test("there are 2000 recorded programs, and every kind of event occurs in them", () => {
  assert(corpus.length >= 2000, `${corpus.length}`);
  const text = corpus.flatMap(([, trace]) => trace).join("\n");
  const events = [
    ...["starts", "ends", "slept", "turned", "spawned", "cancels", "uncancels", "catches"],
    ...["cleans up", "was shielded", "gathered", "waited", "completed", "waited for", "got"],
    ...["leaves timeout true", "leaves group", "may not spawn", "reschedules", "sets", "fails"],
    ...["has lock", "has permit", "has condition", "acquired", "was notified", "holds"],
    ...["saw event", "passed barrier", "reset barrier", "broke barrier", "BrokenBarrierError"],
    ...["put", "took", "puts now", "gets now", "task done", "joined", "shuts down"],
    ...["QueueShutDown", "QueueFull", "QueueEmpty", "runs", "sees", "calls off", "removes"],
    ...["notes 70", "is told of", "InvalidStateError", "RuntimeError", "TimeoutError from"],
  ];
  assertEquals(events.filter((event) => !text.includes(` ${event}`)), []);
});

Deno.test("generator coroutines do what asyncio's do, event for event", async () => {
  for (const [program, trace] of corpus) {
    const actual = await play(program, "generators");
    if (!same(actual, trace)) assertEquals(actual, trace, JSON.stringify(program));
  }
});

for (const mixing of ["async functions", "by turns"] satisfies Mixing[]) {
  const what = mixing === "by turns" ? "both kinds of coroutine by turns" : mixing;
  Deno.test(`${what} do what asyncio's coroutines do, save for the listed differences`, async () => {
    let eager = 0;
    let order = 0;
    let outcome = 0;
    for (const [program, trace] of corpus) {
      const actual = await play(program, mixing);
      if (startsEagerly(program)) {
        eager++;
        if (same(actual, trace)) continue;
        if (same(outcomes(actual), outcomes(trace))) order++;
        else outcome++;
      } else if (!same(actual, trace)) assertEquals(actual, trace, JSON.stringify(program));
    }
    // No more than `docs/parity.md` tells.
    assert(order + outcome <= 530, `${order} and ${outcome} of ${eager}`);
    assert(outcome <= 168, `${outcome} of ${eager}`);
  });
}
