/**
 * The soak, on demand: `deno task soak --seconds 120 --clients 5000 --seed 1`.
 *
 * So many clients at a time talk to a server in another process, over TCP and Unix sockets of this machine,
 * with random sizes and delays; half of the connections are broken off in some way (`_plan.ts`). Every
 * byte that arrives is checked, every connection accounted for (`_ledger.ts`); memory has to be flat
 * (`_memory.ts`), and nothing may be left at the end. The same seed makes the same plans; when what
 * happens is up to the machine.
 *
 * This process works without the library. It starts the two sides (`_child.ts`), keeps the ledger, and
 * ends both when they do not come to an end themselves. Exits with 1 when anything was wrong.
 */
import type { ChildOptions, Message } from "./_child.ts";
import { Ledger } from "./_ledger.ts";
import {
  descriptorLimit,
  judgeMemory,
  judgeResidue,
  mebibytes,
  MIN_SAMPLES,
  MIN_STEADY_MS,
  WARM_CONNECTIONS,
} from "./_memory.ts";
import { Side } from "./_process.ts";
import type { Scale } from "./_plan.ts";
import type { Addresses } from "./_server.ts";

/** All has to end within this time after the clients were told to, in milliseconds. */
const END_MS = 600_000;

/** Descriptors of a process that are no connections. */
const OTHER_DESCRIPTORS = 100;

/** Connections that are being closed have descriptors, too: so many for each client. */
const DESCRIPTORS_PER_CLIENT = 1.1;

/** How many failures are printed. */
const PRINTED_FAILURES = 20;

interface Options {
  seconds: number;
  clients: number;
  seed: number;
}

function parse(args: string[]): Options {
  const options: Options = {
    seconds: 120,
    clients: 5000,
    seed: crypto.getRandomValues(new Uint32Array(1))[0]!,
  };
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i]!.replace(/^--/, "");
    const value = Number(args[i + 1]);
    if (!Object.hasOwn(options, name) || !(Number.isSafeInteger(value) && value > 0)) {
      console.error("usage: deno task soak [--seconds N] [--clients N] [--seed N]");
      Deno.exit(1);
    }
    options[name as keyof Options] = value;
  }
  return options;
}

/** The clients that there are descriptors for. */
async function affordable(clients: number): Promise<number> {
  const limit = await descriptorLimit();
  const needed = Math.ceil(clients * DESCRIPTORS_PER_CLIENT) + OTHER_DESCRIPTORS;
  if (limit === undefined || limit >= needed) return clients;
  const fewer = Math.max(1, Math.floor((limit - OTHER_DESCRIPTORS) / DESCRIPTORS_PER_CLIENT));
  console.log(
    `A process may have ${limit} descriptors here, ${clients} clients need ${needed}: going on with ` +
      `${fewer} clients. For more, run \`ulimit -n ${needed}\` in this shell before; where that is ` +
      "refused, root can raise the hard limit (`ulimit -Hn`, /etc/security/limits.conf)",
  );
  return fewer;
}

async function main(): Promise<number> {
  const options = parse(Deno.args);
  const { seconds, seed } = options;
  const clients = await affordable(options.clients);
  const scale: Scale = {
    seed,
    maxLifeMs: Math.min(60_000, seconds * 250),
    maxBytes: 256 * 1024,
  };
  const sampleMs = Math.min(5000, Math.max(500, seconds * 1000 / 60));
  console.log(`Soak: seed ${seed}, ${clients} clients, ${seconds} s`);

  let failures = 0;
  const fail = (text: string) => {
    if (++failures <= PRINTED_FAILURES) console.log(`FAILED ${text}`);
  };
  const ledger = new Ledger(scale, fail);
  const listening = Promise.withResolvers<Addresses>();
  const hear = (message: Message) => {
    if (message.type === "record") ledger.add(message.record);
    else if (message.type === "failure") fail(message.text);
    else if (message.type === "listening") listening.resolve(message.addresses);
  };

  const folder = await Deno.makeTempDir();
  const unixPath = Deno.build.os === "windows" ? undefined : `${folder}/soak.sock`;
  const begun = performance.now();
  const sides: Side[] = [];
  let late = false;
  const bound = setTimeout(() => {
    late = true;
    for (const side of sides) side.kill();
  }, seconds * 1000 + END_MS);

  const interrupted = () => {
    fail("The soak was interrupted");
    for (const side of sides) side.kill();
  };
  Deno.addSignalListener("SIGINT", interrupted);

  const start = (side: ChildOptions["side"]) => {
    const started = new Side({ scale, sampleMs, side }, hear, fail);
    sides.push(started);
    return started;
  };
  const server = start({ name: "server", unixPath });
  const addresses = await Promise.race([listening.promise, server.ended]);
  if (addresses !== undefined) {
    const client = start({ name: "clients", count: clients, addresses });
    const progress = setInterval(() => {
      console.log(`${Math.round((performance.now() - begun) / 1000)} s`);
      for (const side of sides) console.log(`  ${side}`);
    }, Math.min(10_000, seconds * 250));
    const stop = setTimeout(() => {
      for (const side of sides) side.say("stop");
    }, seconds * 1000);
    await client.ended;
    clearTimeout(stop);
    clearInterval(progress);
    await server.say("close");
    await server.ended;
    for (const side of sides) judge(side, clients, seconds, fail);
  }
  clearTimeout(bound);
  Deno.removeSignalListener("SIGINT", interrupted);
  if (late) fail(`The soak did not end within ${END_MS} ms after the clients were told to`);
  ledger.finish();
  await Deno.remove(folder, { recursive: true });

  report(ledger, sides, performance.now() - begun);
  console.log(failures === 0 ? "ok" : `FAILED: ${failures} failures, seed ${seed}`);
  return failures === 0 ? 0 : 1;
}

function report({ totals }: Ledger, sides: readonly Side[], ms: number): void {
  const { connections, orderly, nameless, sent, received } = totals;
  const [gone, come, lost] = [sent, received, sent - received].map(mebibytes);
  console.log(
    `${connections} connections in ${Math.round(ms / 1000)} s, ${orderly} of them orderly, ` +
      `${nameless} ended before they said who they are`,
  );
  console.log(`${gone} sent, ${come} received, ${lost} went with connections broken off`);
  console.log("Endings:", totals.endings);
  for (const { name, retries } of sides) console.log(`Waits begun anew, ${name}:`, retries);
}

/** Looks at what a process has held from its start to its end. */
function judge(
  { name, samples }: Side,
  clients: number,
  seconds: number,
  fail: (text: string) => void,
) {
  const [before, after] = [samples[0], samples.at(-1)];
  if (before === undefined || after === undefined) return fail(`The ${name} told nothing`);
  console.log(
    `${name}: heap ${mebibytes(before.heap)} before, ${mebibytes(after.heap)} after; ` +
      `rss ${mebibytes(before.rss)} before, ${mebibytes(after.rss)} after`,
  );
  for (const wrong of judgeResidue(before, after)) fail(`The ${name}: ${wrong}`);
  const warm = samples.filter(({ at, open, made }) =>
    at < seconds * 1000 && open > clients / 2 && made > WARM_CONNECTIONS * clients
  );
  const [from, to] = [warm[0]?.at ?? 0, warm.at(-1)?.at ?? 0];
  if (to - from < MIN_STEADY_MS || warm.length < MIN_SAMPLES) {
    console.log(`${name}: it was too short to say whether memory is flat`);
    return;
  }
  const { text, flat } = judgeMemory(warm, from, to);
  if (flat) console.log(`${name}: ${text}`);
  else fail(`The memory of the ${name} is not flat: ${text}`);
}

Deno.exit(await main());
