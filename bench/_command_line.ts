/** What the programs that print tables have in common: how they are called, and what they tell meanwhile. */

import os from "node:os";

/** The number that an option was given. */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new RangeError(`--${name} must be a positive number, got ${text}`);
  return value;
}

/** Throws when an option names something that there is not. */
export function refuseUnknown(
  name: string,
  given: readonly string[] | undefined,
  known: readonly string[],
): void {
  const unknown = given?.filter((each) => !known.includes(each)) ?? [];
  if (unknown.length === 0) return;
  throw new RangeError(`--${name}: no such ${unknown.join(", ")}; there is ${known.join(", ")}`);
}

/** Shows on the terminal, if there is one, what is being done. */
export function progress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

/** When, where and by which command figures were measured. */
export function circumstances(task: string): { date: string; machine: string; command: string } {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${os.cpus()[0]?.model ?? Deno.build.arch}, ${navigator.hardwareConcurrency} cores, ` +
      Deno.build.os,
    command: [`deno task ${task}`, ...Deno.args].join(" "),
  };
}
