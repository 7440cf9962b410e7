/**
 * A program that is run by `array_memory_test.ts`: lets the host make many long arrays, and forgets them.
 *
 *     deno run --v8-flags=--trace-gc _host_arrays_program.ts MEBIBYTES
 */
import { countHostArray } from "../../transports/_array_memory.ts";

const text = "x".repeat(64 * 1024);
const encoder = new TextEncoder();
for (let i = 0; i < Number(Deno.args[0]) * 16; i++) {
  countHostArray(encoder.encode(text).length);
  await null;
}
