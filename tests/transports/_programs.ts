/** What tests of pipes and processes share. Imported by tests only. */
import { sleep } from "../../futures/mod.ts";
import type { DenoEventLoop } from "../../loop/mod.ts";
import { newEventLoop } from "../../loop/mod.ts";
import { hostTurn, testRealLoop, type Trial } from "../_helpers.ts";

const missing = new Map<string, boolean>();

/** Whether a program is nowhere in the search path. */
export function isMissing(program: string): boolean {
  let known = missing.get(program);
  if (known === undefined) {
    const paths = (Deno.env.get("PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":");
    known = !paths.some((path) => {
      try {
        return Deno.statSync(`${path}/${program}`).isFile;
      } catch {
        return false;
      }
    });
    missing.set(program, known);
  }
  return known;
}

/** Tests an async function in real time; skipped, with the reason in its name, where a program is missing. */
export function testWith(
  programs: readonly string[],
  name: string,
  main: (t: Trial<DenoEventLoop>) => Promise<void>,
): void {
  const absent = programs.filter(isMissing);
  if (absent.length > 0) {
    Deno.test({ name: `${name} (there is no ${absent.join(", ")})`, ignore: true, fn: () => {} });
    return;
  }
  testRealLoop(name, newEventLoop, async (t) => {
    await t.loop.runUntilComplete(() => main(t));
  });
}

/** Lets everything happen that can happen. */
export async function settle(): Promise<void> {
  // Turns rather than time, of which a busy machine may take more in one of them.
  for (let turn = 0; turn < 5; turn++) {
    await hostTurn();
    await sleep(0);
  }
  await sleep(1);
}
