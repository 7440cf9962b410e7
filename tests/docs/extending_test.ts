/** The guide "Write your own event loop": its code runs, and it leaves no hook out. */
import { assert, assertEquals } from "@std/assert";
import { BaseEventLoop } from "../../loop/mod.ts";
import { deno, ROOT } from "../package/_project.ts";

const GUIDE = "docs/extending.md";
const text = await Deno.readTextFile(new URL(GUIDE, ROOT));

Deno.test("Every block of code in the guide runs", async () => {
  const { success, stdout, stderr } = await deno(["test", "--doc", "-A", GUIDE]);
  assert(success, stdout + stderr);
  const blocks = [...text.matchAll(/^```ts$/gm)].length;
  assert(blocks >= 7);
  assert(stdout.includes(`${blocks} passed`), stdout);
});

Deno.test("The guide explains every hook of BaseEventLoop, and no other", async () => {
  const source = await Deno.readTextFile(new URL("loop/base_event_loop.ts", ROOT));
  // The table that heads the class.
  const listed = [...source.matchAll(/^ \* \| `(_?\w+)\(/gm)].map(([, name]) => name!);
  const explained = [...text.matchAll(/^\| `(_?\w+)\([^|]*\|[^|]*\|[^|]*\|[^|]*\|$/gm)];
  assertEquals(explained.map(([, name]) => name), listed);
  for (const name of listed) assert(name in BaseEventLoop.prototype, name);
});

Deno.test("The files that the guide names are there", async () => {
  const links = [...text.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path]) => path!);
  assert(links.length >= 5);
  for (const path of links) await Deno.stat(new URL(path, ROOT));
});
