/**
 * Compares the library with CPython 3.13, live: `deno task parity --seed 1 --count 1000`.
 *
 * Program number n of a run has the seed n; a difference is shrunk, and both traces of it are printed.
 * `--mixing` is `generators` (the default), `async functions`, `by turns` or `all`. `--record FILE`
 * keeps the programs with CPython's traces, for `replay_test.ts`. With `--what talks`, talks of two
 * protocols take the place of programs, those that are written by hand first.
 */
import { askPython, findPython, type Python } from "./_cpython.ts";
import { writePacked } from "./_corpus.ts";
import { outcomes, same, startsEagerly } from "./_differences.ts";
import { makeProgram } from "./_maker.ts";
import { type Mixing, play } from "./_player.ts";
import type { Answer, ParityProgram } from "./_program.ts";
import { runTalk, sameStep } from "./_talker.ts";
import { makeTalk, SCRIPTED, type Talk, type TalkStep } from "./_talks.ts";
import { shrink } from "./_shrink.ts";

const BATCH = 500;
const SCRIPT = new URL("player.py", import.meta.url);
const TALK_SCRIPT = new URL("talk.py", import.meta.url);
const MIXINGS: Mixing[] = ["generators", "async functions", "by turns"];

interface Options {
  seed: number;
  count: number;
  mixings: Mixing[];
  record: string | undefined;
  /** Whether talks are compared instead of programs. */
  talks: boolean;
  /** How many differences to look at before giving up. */
  differences: number;
}

function parse(args: string[]): Options {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i += 2) given.set(args[i]!, args[i + 1] ?? "");
  const number = (name: string, otherwise: number) => {
    const value = Number(given.get(name) ?? otherwise);
    if (!Number.isSafeInteger(value)) throw new RangeError(`${name} takes a whole number`);
    return value;
  };
  const mixing = given.get("--mixing") ?? "generators";
  return {
    seed: number("--seed", 1),
    count: number("--count", 1000),
    mixings: mixing === "all" ? MIXINGS : MIXINGS.filter((each) => each === mixing),
    record: given.get("--record"),
    talks: given.get("--what") === "talks",
    differences: number("--differences", 1),
  };
}

async function firstDifference(
  python: Python,
  programs: ParityProgram[],
  mixing: Mixing,
): Promise<ParityProgram | undefined> {
  const answers = await askPython<ParityProgram, Answer>(python, SCRIPT, programs);
  for (const [i, { trace, differs }] of answers.entries()) {
    const eager = mixing !== "generators" && startsEagerly(programs[i]!);
    if (differs.length === 0 && !eager && !same(trace, await play(programs[i]!, mixing))) {
      return programs[i];
    }
  }
  return undefined;
}

async function report(python: Python, program: ParityProgram, mixing: Mixing): Promise<void> {
  const small = await shrink(program, (programs) => firstDifference(python, programs, mixing));
  const [answer] = await askPython<ParityProgram, Answer>(python, SCRIPT, [small]);
  const expected = answer!.trace;
  const actual = await play(small, mixing);
  console.log(JSON.stringify(small));
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const mark = expected[i] === actual[i] ? " " : "≠";
    console.log(`${mark} ${(expected[i] ?? "").padEnd(56)} ${actual[i] ?? ""}`);
  }
}

async function compareTalks(python: Python, options: Options): Promise<number> {
  const talks: [string, Talk][] = Object.entries(SCRIPTED);
  for (let i = 0; i < options.count; i++) {
    talks.push([`seed ${options.seed + i}`, makeTalk(options.seed + i)]);
  }
  const answers = await askPython<Talk, TalkStep[]>(python, TALK_SCRIPT, talks.map(([, t]) => t));
  let differences = 0;
  const kept: [string, Talk, TalkStep[]][] = [];
  for (const [i, [name, talk]] of talks.entries()) {
    const expected = answers[i]!;
    const actual = await runTalk(talk, expected);
    if (expected.every((step, n) => sameStep(step, actual[n]!))) {
      kept.push([name, talk, expected]);
      continue;
    }
    differences++;
    console.log(`${name}: ${JSON.stringify({ ...talk, steps: [] })}`);
    expected.forEach((step, n) => {
      const equal = sameStep(step, actual[n]!);
      const what = JSON.stringify(talk.steps[n - 1] ?? "abort");
      console.log(equal ? " " : "≠", what, JSON.stringify(step));
      if (!equal) console.log("  ", " ".repeat(what.length), JSON.stringify(actual[n]));
    });
  }
  console.log(`CPython ${python.version}: ${talks.length} talks, ${differences} differences`);
  if (options.record !== undefined) await writePacked(options.record, kept);
  return differences > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const options = parse(Deno.args);
  const python = await findPython();
  if (python === undefined) {
    console.error("Cannot compare: no CPython 3.13 was found");
    return 1;
  }
  if (options.talks) return await compareTalks(python, options);
  const listed: Record<string, number> = {};
  const excluded: Record<string, number> = {};
  let compared = 0;
  let differences = 0;
  let events = 0;
  const lines: [ParityProgram, string[]][] = [];
  const end = options.seed + options.count;
  for (let start = options.seed; start < end; start += BATCH) {
    const programs = Array.from(
      { length: Math.min(BATCH, end - start) },
      (_, i) => makeProgram(start + i),
    );
    const answers = await askPython<ParityProgram, Answer>(python, SCRIPT, programs);
    for (const [i, { trace, differs }] of answers.entries()) {
      for (const reason of differs) excluded[reason] = (excluded[reason] ?? 0) + 1;
      if (differs.length > 0) continue;
      compared++;
      events += trace.length;
      const program = programs[i]!;
      if (options.record !== undefined) lines.push([program, trace]);
      for (const mixing of options.mixings) {
        const actual = await play(program, mixing);
        if (same(trace, actual)) continue;
        if (mixing !== "generators" && startsEagerly(program)) {
          const which = same(outcomes(trace), outcomes(actual)) ? "order" : "outcome";
          const reason = `${mixing}: eager start, ${which}`;
          listed[reason] = (listed[reason] ?? 0) + 1;
          continue;
        }
        console.log(`Seed ${start + i}, ${mixing}:`);
        await report(python, program, mixing);
        if (++differences >= options.differences) return 1;
      }
    }
  }
  console.log(
    `CPython ${python.version}: ${compared} programs, ${events} events, ${differences} differences`,
  );
  console.log("Listed differences:", listed);
  console.log("Left out, as the library differs on purpose:", excluded);
  if (options.record !== undefined) await writePacked(options.record, lines);
  return differences > 0 ? 1 : 0;
}

Deno.exit(await main());
