/**
 * One side of a soak as a process of its own. Takes its options as JSON, tells what it has to tell as
 * lines of JSON, and is told to go on by lines on its standard input.
 */
import { getRunningLoop, run, sleep } from "../../mod.ts";
import type { Reports } from "./_connection.ts";
import type { EndRecord } from "./_ledger.ts";
import { openDescriptors, type Sample, takeSample } from "./_memory.ts";
import type { Scale } from "./_plan.ts";
import type { Addresses } from "./_server.ts";
import { checkLeft, clientSide, makeWorld, serverSide, type Signals } from "./_sides.ts";

/** What a process is to do. */
export interface ChildOptions {
  scale: Scale;
  /** How often it is to look at its memory, in milliseconds. */
  sampleMs: number;
  side:
    | { name: "server"; unixPath: string | undefined }
    | { name: "clients"; count: number; addresses: Addresses };
}

/** What a process tells. */
export type Message =
  | { type: "listening"; addresses: Addresses }
  | { type: "record"; record: EndRecord }
  | { type: "failure"; text: string }
  | { type: "sample"; sample: Sample }
  | { type: "end"; retries: Record<string, number> };

const LINES_AT_ONCE_MS = 20;

const SETTLE_MS = 200;

let lines: string[] = [];
const encoder = new TextEncoder();

function tell(message: Message): void {
  lines.push(JSON.stringify(message));
  if (lines.length === 1) setTimeout(flush, LINES_AT_ONCE_MS);
}

function flush(): void {
  if (lines.length === 0) return;
  let data = encoder.encode(lines.join("\n") + "\n");
  lines = [];
  while (data.length > 0) data = data.subarray(Deno.stdout.writeSync(data));
}

/** What is said on the standard input, by word. */
async function listen(words: Record<string, () => void>): Promise<void> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    for (const word of parts) words[word]?.();
  }
  // Whoever has started this process is no more.
  Deno.exit(1);
}

async function main({ scale, sampleMs, side }: ChildOptions): Promise<void> {
  const stop = Promise.withResolvers<void>();
  const close = Promise.withResolvers<void>();
  listen({ stop: stop.resolve, close: close.resolve });
  const signals: Signals = { stop: stop.promise, close: close.promise };
  const reports: Reports = {
    record: (record) => tell({ type: "record", record }),
    failure: (text) => tell({ type: "failure", text }),
  };
  const world = makeWorld(scale);
  const begun = performance.now();
  let counts = () => ({ open: 0, made: 0, bytes: 0 });
  const sample = () =>
    tell({ type: "sample", sample: takeSample(performance.now() - begun, counts()) });
  // What the host opens once and for all, the first run has opened.
  await run(() => sleep(0));
  const descriptors = openDescriptors();
  let sampler: ReturnType<typeof setInterval> | undefined;
  const watch = (give: typeof counts) => {
    sample();
    counts = give;
    sampler = setInterval(sample, sampleMs);
  };
  await run(async () => {
    getRunningLoop().setExceptionHandler((_loop, context) =>
      reports.failure(
        `The exception handler of the ${side.name} was called: ${Deno.inspect(context)}`,
      )
    );
    await (side.name === "clients"
      ? clientSide(world, scale, side.count, side.addresses, reports, signals, watch)
      : serverSide(
        world,
        scale,
        side.unixPath,
        reports,
        signals,
        (addresses) => tell({ type: "listening", addresses }),
        watch,
      ));
    clearInterval(sampler);
    if (checkLeft(side.name, reports)) return;
    // What is left may keep the loop from ending.
    tell({ type: "end", retries: world.retries });
    flush();
    Deno.exit(0);
  });
  sample();
  // The host lets go of a connection with a read that was pending a moment later.
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const left = openDescriptors();
  if (left !== undefined && left.length !== descriptors!.length) {
    const more = left.filter((each) => !descriptors!.includes(each));
    reports.failure(
      `${side.name}: ${descriptors!.length} descriptors before, ${left.length} after: ${
        more.join(" ")
      }`,
    );
  }
  tell({ type: "end", retries: world.retries });
  flush();
  // The standard input is still being listened to.
  Deno.exit(0);
}

await main(JSON.parse(Deno.args[0]!));
