/**
 * Protocols are told what they are told on CPython, in the same order: `talks.jsonl.gz` holds talks of
 * two protocols over loopback with what CPython 3.13 told each of them, and here they talk again.
 *
 * Not compared, as asyncio promises nothing about it: in which pieces bytes arrive, and what a side
 * learns whose peer has ended with bytes unread. Where CPython fails in itself (a call after the
 * connection was lost) or tells the end of a stream twice, `talk.py` says so.
 */
import { assert, assertEquals } from "@std/assert";
import { readPacked } from "./_corpus.ts";
import { runTalk, sameStep } from "./_talker.ts";
import { SCRIPTED, type Talk, type TalkStep } from "./_talks.ts";

type Recorded = [name: string, talk: Talk, steps: TalkStep[]];
const recorded = await readPacked<Recorded>(new URL("talks.jsonl.gz", import.meta.url));

async function check([name, talk, expected]: Recorded): Promise<void> {
  const actual = await runTalk(talk, expected);
  if (expected.every((step, n) => sameStep(step, actual[n]!))) return;
  for (const step of expected) delete step.got;
  assertEquals(actual, expected, `${name}: ${JSON.stringify(talk)}`);
}

Deno.test("each of the talks that are written by hand is recorded", () => {
  const names = recorded.map(([name]) => name);
  assertEquals(Object.keys(SCRIPTED).filter((name) => !names.includes(name)), []);
  for (const [name, talk] of recorded) {
    if (name in SCRIPTED) assertEquals(talk, SCRIPTED[name]);
  }
});

for (const each of recorded.filter(([name]) => name in SCRIPTED)) {
  Deno.test(`Protocols are told the same as in CPython: ${each[0]}`, () => check(each));
}

Deno.test("Protocols are told the same as in CPython, in random talks", async () => {
  const random = recorded.filter(([name]) => !(name in SCRIPTED));
  assert(random.length >= 250, `${random.length}`);
  for (const each of random) await check(each);
});
