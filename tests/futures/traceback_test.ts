/** Where the program made a thing: stacks without the library's own frames at the top. */
import { assertEquals, assertMatch } from "@std/assert";
import { captureCallGraph, formatCallGraph, gather, sleep } from "../../futures/mod.ts";
import { placeOf, sourceTraceback, withoutOwnFrames } from "../../futures/_traceback.ts";
import { passes, testLoop } from "../_helpers.ts";

const library = (path: string) => `    at f (${import.meta.resolve(`../../${path}`)}:1:2)`;
const program = "    at main (https://example.org/loop/app.ts:3:4)";
const host = "    at async Array.map (<anonymous>)";

function stack(...frames: string[]): string {
  return ["Error", ...frames].join("\n");
}

Deno.test("A stack begins with the frame that has called the library", () => {
  const own = ["futures/task.ts", "loop/handle.ts", "transports/tls/start_tls.ts"].map(library);
  assertEquals(withoutOwnFrames(stack(...own, program, own[0]!)), stack(program, own[0]!));
  assertEquals(withoutOwnFrames(stack(own[0]!, host, program)), stack(program));
  const inside = library("examples/echo.ts");
  assertEquals(withoutOwnFrames(stack(own[0]!, inside)), stack(inside));
});

Deno.test("A stack without a frame of the program's stays as it is", () => {
  for (const frames of [[], [library("loop/runner.ts"), host], [program]]) {
    assertEquals(withoutOwnFrames(stack(...frames)), stack(...frames));
  }
  assertEquals(withoutOwnFrames(""), "");
  assertEquals(withoutOwnFrames("at"), "at");
});

Deno.test("The title of a stack is kept, however long", () => {
  const title = "Error: several\nlines";
  const frames = [library("loop/handle.ts"), program];
  assertEquals(withoutOwnFrames([title, ...frames].join("\n")), `${title}\n${program}`);
});

Deno.test("sourceTraceback() begins where it is called", () => {
  assertMatch(sourceTraceback(), /^Error\n +at .*traceback_test\.ts/);
});

Deno.test("The place of a stack is that of its first frame, where that is the program's", () => {
  const place = "https://example.org/loop/app.ts:3:4";
  assertEquals(placeOf(stack(program, library("loop/handle.ts"))), place);
  for (const frame of [`at ${place}`, `at async ${place}`, `at new A [as b] (${place})`]) {
    assertEquals(placeOf(stack(`    ${frame}`)), place);
  }
  for (const none of [undefined, "", "Error", stack(library("loop/handle.ts"), program)]) {
    assertEquals(placeOf(none), "");
  }
});

testLoop("Stacks and the call graph begin with the program's frames", async ({ loop }) => {
  const task = loop.createTask(sleep(1));
  const main = loop.createTask(async () => await gather(task));
  await loop.runUntilComplete(passes(2));
  if (loop.getDebug()) {
    for (const each of [task, main]) {
      assertMatch(each.getStack().at(-1)!, /traceback_test\.ts/);
      assertMatch(captureCallGraph(each)!.callStack[0]!.frame, /traceback_test\.ts/);
      assertMatch(formatCallGraph(each), /Call stack:\n {2}\| {3}at .*traceback_test\.ts/);
    }
  }
  await loop.runUntilComplete(main);
});
