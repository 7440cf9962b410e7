/** What V8 and the system do about the arrays of long reads. */
import { assert, assertEquals } from "@std/assert";

const MEBIBYTE = 1024 * 1024;

interface Outcome {
  arrived: number;
  rss: number;
  external: number;
  /** How often V8 has marked its whole heap. */
  marks: number;
}

async function receive(mebibytes: number, ...flags: string[]): Promise<Outcome> {
  const program = new URL("./_sink_program.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net",
      `--v8-flags=${["--trace-gc", ...flags].join()}`,
      program,
      `${mebibytes}`,
    ],
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  const outcome = JSON.parse(text.match(/\{"arrived".*\}/)![0]) as Omit<Outcome, "marks">;
  return { ...outcome, marks: text.match(/Mark-Compact/g)?.length ?? 0 };
}

// Without the ballast there is one for every 64 MiB: 16.
Deno.test({
  name: "V8 does not mark its heap for the sake of long reads that are forgotten at once",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // Where the machine has little memory, the heap would be too small for a ballast.
    const heap = "--max-old-space-size=2048";
    const { arrived, marks, rss, external } = await receive(1024, heap);
    assertEquals(arrived, 1024 * MEBIBYTE);
    assert(marks <= 6, `V8 has marked its heap ${marks} times`);
    assert(external >= 768 * MEBIBYTE, `There is no ballast: external memory is ${external} bytes`);
    assert(rss < 400 * MEBIBYTE, `The ballast takes memory: ${rss} bytes are resident`);
  },
});

Deno.test("A program that reads little takes no ballast", async () => {
  const { arrived, external } = await receive(32);
  assertEquals(arrived, 32 * MEBIBYTE);
  assert(external < 200 * MEBIBYTE, `External memory is ${external} bytes`);
});

Deno.test("A program with a small heap takes no ballast", async () => {
  const { arrived, external } = await receive(256, "--max-old-space-size=256");
  assertEquals(arrived, 256 * MEBIBYTE);
  assert(external < 400 * MEBIBYTE, `External memory is ${external} bytes`);
});

// Otherwise once.
Deno.test("V8 collects forgotten arrays of the host in its young collections", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--v8-flags=--trace-gc,--max-old-space-size=2048",
      new URL("./_host_arrays_program.ts", import.meta.url).pathname,
      "1024",
    ],
  }).output();
  assertEquals(code, 0);
  const collections =
    new TextDecoder().decode(stdout).match(/Scavenge.*external memory pressure/g)?.length ?? 0;
  assert(collections >= 6, `It has collected them ${collections} times`);
});
