/** Leaves children and pipes behind; tells which process to look for. */
import {
  createSubprocessExec,
  type DenoEventLoop,
  DEVNULL,
  getRunningLoop,
  PIPE,
  Protocol,
  run,
} from "../../mod.ts";

// None has the output of this program, whose end the test would then wait for.
const kinds: Record<string, Record<string, unknown>> = {
  "without pipes": { stdout: DEVNULL, stderr: DEVNULL },
  "with pipes": { stdin: PIPE, stdout: PIPE, stderr: PIPE },
  "with another name": { stdin: PIPE, stdout: PIPE, stderr: DEVNULL, argv0: "other" },
};

// Ends a program that is kept alive, long before its children end by themselves.
Deno.unrefTimer(setTimeout(() => Deno.exit(3), 20_000));

const pids = new Map<string, number>();
for (const [kind, options] of Object.entries(kinds)) {
  await run(async () => {
    pids.set(kind, (await createSubprocessExec("sleep", ["600"], options)).pid);
  });
  await run(async () => {
    if (!("stdin" in options)) return;
    const child = await createSubprocessExec("sleep", ["600"], options);
    pids.set(`${kind}, unread`, child.pid);
    // More than a pipe takes.
    child.stdin!.write(new Uint8Array(1_000_000));
  });
}

const pipe = new TransformStream<Uint8Array, Uint8Array>();
await run(async () => {
  const loop = getRunningLoop() as DenoEventLoop;
  await loop.connectWritePipe(() => new Protocol(), pipe.writable);
  await loop.connectWritePipe(() => new Protocol(), Deno.stdout);
});
console.log("pipe:", (await pipe.readable.getReader().read()).done ? "ended" : "open");
for (const [kind, pid] of pids) console.log(`${pid} ${kind}`);
