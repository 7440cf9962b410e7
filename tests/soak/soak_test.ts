/** A small soak, so that the large one stays fit to be run: `deno task soak`. */
import { assertEquals } from "@std/assert";
import { createTask, run, sleep } from "../../mod.ts";
import { Ledger } from "./_ledger.ts";
import type { Scale } from "./_plan.ts";
import type { Addresses } from "./_server.ts";
import { checkLeft, clientSide, makeWorld, serverSide, type Signals } from "./_sides.ts";

Deno.test("Some hundred connections of all kinds are accounted for to the last byte", async () => {
  const failures: string[] = [];
  const failure = (text: string) => void failures.push(text);
  const scale: Scale = { seed: 5, maxLifeMs: 300, maxBytes: 64 * 1024 };
  const ledger = new Ledger(scale, failure);
  const reports = { failure, record: ledger.add.bind(ledger) };
  const folder = await Deno.makeTempDir();
  const unixPath = Deno.build.os === "windows" ? undefined : `${folder}/soak.sock`;
  await run(async () => {
    const world = makeWorld(scale);
    const stop = Promise.withResolvers<void>();
    const close = Promise.withResolvers<void>();
    const listening = Promise.withResolvers<Addresses>();
    const signals: Signals = { stop: stop.promise, close: close.promise };
    const server = createTask(() =>
      serverSide(world, scale, unixPath, reports, signals, listening.resolve, () => {})
    );
    const addresses = await listening.promise;
    const clients = createTask(() =>
      clientSide(world, scale, 60, addresses, reports, signals, () => {})
    );
    await sleep(1500);
    stop.resolve();
    await clients;
    close.resolve();
    await server;
    checkLeft("soak", reports);
  });
  ledger.finish();
  await Deno.remove(folder);
  assertEquals(failures, []);
});
