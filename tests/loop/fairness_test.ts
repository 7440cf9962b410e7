/**
 * A loop that is never idle starves nobody: sockets, timers, signals and other promises of the host
 * make progress while callbacks reschedule themselves for ever.
 *
 * What happens is counted in callbacks of the busy loop and in its looks at the host, not in time.
 */
import { assert, assertEquals } from "@std/assert";
import { allTasks, createTask, sleep } from "../../futures/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import { testRealLoop, type Trial } from "../_helpers.ts";

function work(ms: number): void {
  if (ms === 0) return;
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** A loop that counts its looks at the host. */
class WatchedLoop extends DenoEventLoop {
  looks = 0;
  /** How long it was busy before each look, in milliseconds. */
  readonly busy: number[] = [];
  #lookedAt = performance.now();

  override async _select(timeoutMs: number): Promise<void> {
    this.looks++;
    this.busy.push(performance.now() - this.#lookedAt);
    await super._select(timeoutMs);
    this.#lookedAt = performance.now();
  }
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

/** Callbacks that keep a loop busy. */
interface Load {
  name: string;
  /** The work of one callback, in milliseconds. */
  ms: number;
  /** How many callbacks a pass has. */
  width: number;
  start: (loop: DenoEventLoop, spin: () => void) => void;
}

function chain(loop: DenoEventLoop, spin: () => void): void {
  const next = () => {
    spin();
    loop.callSoon(next);
  };
  next();
}

const LOADS: Load[] = [
  { name: "cheap callbacks", ms: 0, width: 1, start: chain },
  { name: "callbacks of 0.2 ms", ms: 0.2, width: 1, start: chain },
  { name: "callbacks of 1 ms", ms: 1, width: 1, start: chain },
  {
    name: "passes of a thousand cheap callbacks",
    ms: 0,
    width: 1000,
    start: (loop, spin) => {
      for (let i = 0; i < 1000; i++) chain(loop, spin);
    },
  },
  {
    name: "generator tasks that take turns",
    ms: 0,
    width: 10,
    start: (loop, spin) => {
      for (let i = 0; i < 10; i++) {
        loop.createTask(function* () {
          for (;;) {
            spin();
            yield* sleep(0);
          }
        });
      }
    },
  },
  {
    name: "async functions that take turns",
    ms: 0,
    width: 10,
    start: (loop, spin) => {
      for (let i = 0; i < 10; i++) {
        loop.createTask(async () => {
          for (;;) {
            spin();
            await sleep(0);
          }
        });
      }
    },
  },
  {
    name: "timers without delay",
    ms: 0,
    width: 1,
    start: (loop, spin) => {
      const next = () => {
        spin();
        loop.callLater(0, next);
      };
      next();
    },
  },
];

interface Busy {
  loop: WatchedLoop;
  /** How many callbacks of the load have run. */
  spins: number;
  /** Called in each of them. */
  watch: () => void;
}

/** Runs `body` while the load keeps the loop busy. */
async function underLoad(
  { loop }: Trial<WatchedLoop>,
  { ms, start }: Load,
  body: (busy: Busy) => Promise<void>,
): Promise<void> {
  const busy: Busy = { loop, spins: 0, watch: () => {} };
  start(loop, () => {
    busy.spins++;
    work(ms);
    busy.watch();
  });
  const running = loop.runForever();
  try {
    await body(busy);
  } finally {
    loop.stop();
    await running;
  }
  // The tasks of a load end with the loop.
  for (const task of allTasks(loop)) task.cancel();
  await loop.runUntilComplete(sleep(0));
}

function testLoad(name: string, load: Load, body: (busy: Busy, load: Load) => Promise<void>): void {
  testRealLoop(`${name}, beside ${load.name}`, () => new WatchedLoop(), async (t) => {
    await underLoad(t, load, (busy) => body(busy, load));
  });
}

for (const load of LOADS) {
  testLoad("Socket round trips go on", load, async ({ loop }, { ms }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [near, far] = await Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
      listener.accept(),
    ]);
    near.setNoDelay(true);
    far.setNoDelay(true);
    const byte = new Uint8Array(1);
    const echo = (async () => {
      const buffer = new Uint8Array(1);
      while (await far.read(buffer) !== null) await far.write(buffer);
    })();
    const rounds: number[] = [];
    for (let i = 0; i < 40; i++) {
      const { looks } = loop;
      await near.write(byte);
      await near.read(byte);
      rounds.push(loop.looks - looks);
    }
    near.close();
    await echo;
    far.close();
    listener.close();
    // A round trip waits for one look, which comes within a millisecond and the callback that is
    // running. The medians leave out what a machine adds that has other things to do.
    assert(median(rounds) <= 2, `${median(rounds)} looks in a round trip`);
    const between = median(loop.busy.slice(-40));
    assert(between <= 1 + 1.5 * ms, `${between} ms between looks`);
  });

  testLoad("Timers of the host fire", load, async (busy) => {
    const before = busy.spins;
    let fired = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (++fired < 5) return;
        clearInterval(timer);
        resolve();
      }, 2);
    });
    assert(busy.spins > before);
  });

  testLoad("Promises of the host settle", load, async () => {
    for (let i = 0; i < 5; i++) {
      await Deno.lstat(".");
      await crypto.subtle.digest("SHA-256", new Uint8Array(1));
    }
  });
}

for (const load of LOADS.slice(0, 4)) {
  testRealLoop(
    `Timers of the loop run in the pass after they are due, beside ${load.name}`,
    () => new WatchedLoop(),
    async (t) => {
      await underLoad(t, load, async (busy) => {
        for (let i = 0; i < 10; i++) {
          const due = t.loop.time() + 1;
          let dueAt = Infinity;
          busy.watch = () => {
            if (dueAt === Infinity && t.loop.time() >= due) dueAt = busy.spins;
          };
          const ranAt = await new Promise<number>((resolve) => {
            t.loop.callAt(due, () => resolve(busy.spins));
          });
          // At the end of that pass, behind what was ready before it.
          if (dueAt < Infinity) {
            assert(ranAt - dueAt <= 2 * load.width, `${ranAt - dueAt} callbacks`);
          }
        }
      });
    },
  );

  Deno.test({
    name: `Signals arrive, beside ${load.name}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const loop = new DenoEventLoop();
      let seen = 0;
      loop.addSignalHandler("SIGUSR1", () => {
        if (++seen === 3) loop.stop();
        else Deno.kill(Deno.pid, "SIGUSR1");
      });
      load.start(loop, () => work(load.ms));
      loop.callSoon(() => Deno.kill(Deno.pid, "SIGUSR1"));
      await loop.runForever();
      assertEquals(seen, 3);
      loop.close();
    },
  });
}

Deno.test("Two loops that are never idle share the thread", async () => {
  const loops = [new DenoEventLoop(), new DenoEventLoop()];
  const spins = [0, 0];
  const running = loops.map((loop, i) => {
    chain(loop, () => spins[i]!++);
    return loop.runForever();
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const loop of loops) loop.stop();
  await Promise.all(running);
  for (const loop of loops) loop.close();
  const [least, most] = [Math.min(...spins), Math.max(...spins)];
  assert(least > 1000 && most < 4 * least, `${spins}`);
});

// ---- Idle -----------------------------------------------------------------------------------------

/** The part of the time that the process has used, in processors. */
async function cpuDuring(body: () => Promise<unknown>): Promise<number> {
  const { default: process } = await import("node:process");
  const before = process.cpuUsage();
  const start = performance.now();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - start);
}

Deno.test("An idle loop takes no processor time", async () => {
  const loop = new DenoEventLoop();
  // Once around, so that nothing is compiled while it is measured.
  await loop.runUntilComplete(sleep(5));
  const idle = await cpuDuring(() => loop.runUntilComplete(sleep(400)));
  const bare = await cpuDuring(() => new Promise((resolve) => setTimeout(resolve, 400)));
  loop.close();
  assert(idle < bare + 0.05, `${idle} with a loop, ${bare} without`);
});

Deno.test("A loop that has been busy is idle again", async () => {
  const loop = new DenoEventLoop();
  let spins = 0;
  const used = await loop.runUntilComplete(async () => {
    const end = loop.time() + 50;
    while (loop.time() < end) {
      spins++;
      await sleep(0);
    }
    await sleep(5);
    return await cpuDuring(async () => await sleep(300));
  });
  loop.close();
  assert(spins > 100);
  assert(used < 0.1, `${used} of a processor`);
});

Deno.test("A thousand tasks that wait take no processor time", async () => {
  const loop = new DenoEventLoop();
  const used = await loop.runUntilComplete(async () => {
    const tasks = Array.from({ length: 1000 }, () => createTask(() => sleep(1e6)));
    await sleep(20);
    const used = await cpuDuring(async () => await sleep(300));
    for (const task of tasks) task.cancel();
    await sleep(0);
    return used;
  });
  loop.close();
  assert(used < 0.1, `${used} of a processor`);
});
