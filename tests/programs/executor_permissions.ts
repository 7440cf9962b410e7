// What workers may do without any permission: compute, but import no file.
import { run, toThread } from "@asyncio/asyncio";

await run(async () => {
  console.log(await toThread((x: number) => x * 2, 21));
  try {
    await toThread({ module: import.meta.resolve("./executor_idle.ts"), name: "nothing" });
  } catch (error) {
    console.log(error instanceof TypeError && error.message.startsWith("Requires read access"));
  }
  console.log(await toThread(() => Deno.permissions.querySync({ name: "read" }).state));
});
