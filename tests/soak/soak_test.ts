/** A small soak, so that the large one stays fit to be run: `deno task soak`. */
import { assert, assertEquals } from "@std/assert";
import { createTask, getRunningLoop, run, sleep } from "../../mod.ts";
import { Ledger } from "./_ledger.ts";
import { openDescriptors } from "./_memory.ts";
import type { Reports } from "./_connection.ts";
import type { Scale } from "./_plan.ts";
import type { Addresses } from "./_server.ts";
import { checkLeft, clientSide, makeWorld, serverSide } from "./_sides.ts";

const CLIENTS = 60;
const SCALE: Scale = { seed: 5, maxLifeMs: 300, maxBytes: 64 * 1024 };

/** Starts both sides on the running loop; returns what ends them. */
async function start(unixPath: string | undefined, reports: Reports): Promise<() => Promise<void>> {
  const world = makeWorld(SCALE);
  const stop = Promise.withResolvers<void>();
  const close = Promise.withResolvers<void>();
  const signals = { stop: stop.promise, close: close.promise };
  const listening = Promise.withResolvers<Addresses>();
  const watch = () => {};
  const server = createTask(() =>
    serverSide(world, SCALE, unixPath, reports, signals, listening.resolve, watch)
  );
  const addresses = await listening.promise;
  const clients = createTask(() =>
    clientSide(world, SCALE, CLIENTS, addresses, reports, signals, watch)
  );
  return async () => {
    stop.resolve();
    await clients;
    close.resolve();
    await server;
  };
}

async function inFolder(body: (unixPath: string | undefined) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await body(Deno.build.os === "windows" ? undefined : `${folder}/soak.sock`);
  await Deno.remove(folder, { recursive: true });
}

Deno.test("Some hundred connections of all kinds are accounted for to the last byte", async () => {
  const failures: string[] = [];
  const failure = (text: string) => void failures.push(text);
  const ledger = new Ledger(SCALE, failure);
  const reports = { failure, record: ledger.add.bind(ledger) };
  await inFolder((unixPath) =>
    run(async () => {
      const end = await start(unixPath, reports);
      await sleep(1500);
      await end();
      checkLeft("soak", reports);
    })
  );
  ledger.finish();
  assertEquals(failures, []);
  const { connections, orderly, received } = ledger.totals;
  assert(connections >= CLIENTS && orderly > 0 && received > 0, JSON.stringify(ledger.totals));
});

Deno.test("A program that ends with connections in every state leaves none open", async () => {
  // What the host opens once and for all, the first run has opened.
  await run(() => sleep(0));
  const before = openDescriptors()?.length;
  await inFolder((unixPath) =>
    run(async () => {
      await start(unixPath, { failure: () => {}, record: () => {} });
      // That all are cancelled at once is no plan of theirs.
      getRunningLoop().setExceptionHandler(() => {});
      await sleep(200);
      if (before === undefined) return;
      // Two for a connection; a few are those that listen.
      const busy = () => openDescriptors()!.length > before + CLIENTS / 2;
      for (let i = 0; i < 100 && !busy(); i++) await sleep(20);
      assert(busy(), `${openDescriptors()!.length} descriptors, ${before} before`);
    })
  );
  // The host lets go of a connection with a read that was pending a moment later.
  for (let i = 0; i < 100 && openDescriptors()?.length !== before; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(openDescriptors()?.length, before);
});
