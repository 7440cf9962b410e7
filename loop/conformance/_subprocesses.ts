/**
 * The area "subprocesses": child processes, all of them this Deno.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { casesOf, type ConformanceCase, type Trial } from "./_case.ts";
import { bytes, ChildRecorder } from "./_protocols.ts";

async function start(t: Trial, program: string): Promise<ChildRecorder> {
  const make = () => new ChildRecorder(t.loop);
  const [, child] = await t.loop.subprocessExec(make, Deno.execPath(), ["eval", program], {
    env: { ...Deno.env.toObject(), NO_COLOR: "1" },
  });
  return child;
}

export const subprocesses: readonly ConformanceCase[] = casesOf("subprocesses", {
  "a child gets its input, and its output arrives": async (t) => {
    await t.run(async () => {
      const child = await start(
        t,
        "console.log((await new Response(Deno.stdin.readable).text()).toUpperCase());" +
          "console.error('on the side')",
      );
      assertEquals(child.calls, ["made"]);
      const stdin = child.transport.getPipeTransport(0) as unknown as {
        write(data: Uint8Array): void;
        close(): void;
      };
      stdin.write(bytes("hello"));
      stdin.close();
      await child.lost;
      assertEquals(child.output, { 1: "HELLO\n", 2: "on the side\n" });
      assertEquals(child.calls.at(-1), "lost");
      for (const call of ["exited", "pipe 0 lost", "pipe 1 lost", "pipe 2 lost"]) {
        assertEquals(child.calls.filter((each) => each === call).length, 1, call);
      }
      assertEquals(child.transport.getReturncode(), 0);
    });
  },

  "the exit code is told": async (t) => {
    await t.run(async () => {
      const child = await start(t, "Deno.exit(7)");
      assert(child.transport.getPid() > 0);
      await child.lost;
      assertEquals(child.transport.getReturncode(), 7);
    });
  },

  "kill() ends a child": async (t) => {
    await t.run(async () => {
      const child = await start(t, "setInterval(() => {}, 1000)");
      child.transport.kill();
      await child.lost;
      assert(child.calls.includes("exited"));
      assert(child.transport.getReturncode() !== 0);
    });
  },

  "a program that is not there cannot be started": async (t) => {
    await t.run(async () => {
      const make = () => new ChildRecorder(t.loop);
      await assertRejects(
        async () => await t.loop.subprocessExec(make, "/there/is/no/such/program"),
        Deno.errors.NotFound,
      );
    });
  },
});
