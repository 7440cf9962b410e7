/** The task type of custom_task.ts is seen by all that deals with tasks. */
import { assertEquals } from "@std/assert";
import { Example } from "./_programs.ts";

Deno.test("custom_task.ts makes the tasks, and each part of the library sees them", async () => {
  await using example = new Example("custom_task.ts", [], []);
  const { code, text } = await example.ended();
  assertEquals(code, 0);
  assertEquals(text.trimEnd().split("\n"), [
    "current task: download",
    "2 traced tasks",
    "* <TracedTask pending name='download' coro=an unnamed function>",
    "  + Awaited by:",
    "    * <Task pending name='Task-1' coro=function main>",
    "    * <TracedTask pending name='report' coro=an unnamed function>",
    "      + Awaited by:",
    "        * <Task pending name='Task-1' coro=function main>",
    "download: done after 30 ms",
    "report: done after 30 ms",
    "timeout: true",
    "late: done after 10 ms",
  ]);
});
