/**
 * A program that is run by `long_arrays_test.ts`: lets the host make many long arrays, and forgets them.
 *
 *     deno run --v8-flags=--trace-gc _host_arrays_program.ts MEBIBYTES
 */
import { countHostArray } from "../../transports/_long_arrays.ts";

const text = "x".repeat(64 * 1024);
const encoder = new TextEncoder();
for (let i = 0; i < Number(Deno.args[0]) * 16; i++) {
  countHostArray(encoder.encode(text).length);
  await null;
}
