/** The least that a task can do. */

import { coroutine } from "../../mod.ts";

// deno-lint-ignore require-yield
export const one = coroutine(function* () {
  return 1;
});

// deno-lint-ignore require-await
export async function oneAsync(): Promise<number> {
  return 1;
}
