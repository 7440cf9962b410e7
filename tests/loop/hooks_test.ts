/** The hooks of a custom loop: the clock, the wait, and what ends it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTask, sleep } from "../../futures/mod.ts";
import { BaseEventLoop, DenoEventLoop, run } from "../../loop/mod.ts";
import { hostTurn, testRealLoop } from "../_helpers.ts";

/** A loop that is its own host: it is woken by hand, and records how it waits. */
class ManualLoop extends BaseEventLoop {
  now = 0;
  readonly selects: number[] = [];
  wakeups = 0;
  /** The host's clock, which stands still unless a test moves it, however slow the machine is. */
  hostNow = 0;
  #resume: (() => void) | null = null;

  override time(): number {
    return this.now;
  }

  override _hostTime(): number {
    return this.hostNow;
  }

  override _select(timeoutMs: number): Promise<void> {
    this.selects.push(timeoutMs);
    if (timeoutMs <= 0) return hostTurn();
    return new Promise((resolve) => this.#resume = resolve);
  }

  override _wakeup(): void {
    this.wakeups++;
    this.resume();
  }

  resume(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  /** Lets the loop come to rest. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) await hostTurn();
  }
}

testRealLoop(
  "_select() is told how long to wait, and nothing runs early",
  () => new ManualLoop(),
  async ({ loop }) => {
    const seen: string[] = [];
    loop.callLater(10, () => seen.push("ten"));
    loop.callLater(25, () => seen.push("twenty-five"));
    const running = loop.runForever();
    await loop.settle();
    assertEquals(loop.selects, [10]);
    // An early return does no harm.
    loop.now = 4;
    loop.resume();
    await loop.settle();
    assertEquals([seen, loop.selects], [[], [10, 6]]);
    loop.now = 10;
    loop.resume();
    await loop.settle();
    assertEquals([seen, loop.selects], [["ten"], [10, 6, 15]]);
    // A late one runs all that is due.
    loop.callLater(1, () => seen.push("eleven"));
    loop.now = 100;
    loop.resume();
    await loop.settle();
    assertEquals(seen, ["ten", "eleven", "twenty-five"]);
    assertEquals(loop.selects.at(-1), Infinity);
    loop.stop();
    await running;
  },
);

testRealLoop(
  "_wakeup() is called when something is ready while the loop waits",
  () => new ManualLoop(),
  async ({ loop }) => {
    const seen: string[] = [];
    const running = loop.runForever();
    await loop.settle();
    assertEquals(loop.selects, [Infinity]);
    assertEquals(loop.wakeups, 0);
    loop.callSoon(() => seen.push("soon"));
    loop.callSoon(() => seen.push("and another"));
    // Once for both.
    assertEquals(loop.wakeups, 1);
    await loop.settle();
    assertEquals(seen, ["soon", "and another"]);
    loop.callLater(50, () => seen.push("later"));
    assertEquals(loop.wakeups, 2);
    await loop.settle();
    assertEquals(loop.selects.at(-1), 50);
    // A later deadline changes nothing.
    loop.callLater(60, () => seen.push("last"));
    assertEquals(loop.wakeups, 2);
    const task = loop.createTask(sleep(0));
    assertEquals(loop.wakeups, 3);
    await loop.settle();
    assert(task.done());
    loop.stop();
    assertEquals(loop.wakeups, 4);
    await running;
  },
);

testRealLoop(
  "_wakeup() is not called while the loop runs callbacks",
  () => new ManualLoop(),
  async ({ loop }) => {
    loop.callSoon(() => {
      loop.callSoon(() => {});
      loop.callLater(0, () => {});
      createTask(() => sleep(0)).addDoneCallback(() => loop.stop());
    });
    await loop.runForever();
    assertEquals(loop.wakeups, 0);
  },
);

testRealLoop(
  "_select() with 0 is called at a bounded interval while callbacks are ready",
  () => new ManualLoop(),
  async ({ loop }) => {
    let spins = 0;
    const spin = () => {
      loop.hostNow += 0.01;
      if (++spins < 3000) loop.callSoon(spin);
      else loop.stop();
    };
    loop.callSoon(spin);
    await loop.runForever();
    const polls = loop.selects.filter((timeout) => timeout === 0).length;
    assert(polls >= 30 && polls <= 75, `${polls} polls in 30 ms`);
  },
);

testRealLoop("A _select() that fails ends the run with its error", () => {
  class Broken extends BaseEventLoop {
    broken = true;
    override _select(timeoutMs: number): Promise<void> {
      if (this.broken) return Promise.reject(new TypeError("no host"));
      return super._select(timeoutMs);
    }
  }
  return new Broken();
}, async ({ loop }) => {
  await assertRejects(() => loop.runUntilComplete(sleep(5)), TypeError, "no host");
  assertEquals(loop.isRunning(), false);
  loop.broken = false;
  await loop.runUntilComplete(sleep(10));
});

testRealLoop("A _select() that throws at once ends the run with its error", () => {
  class Broken extends BaseEventLoop {
    override _select(): Promise<void> {
      throw new TypeError("no host at all");
    }
  }
  return new Broken();
}, async ({ loop }) => {
  const task = loop.createTask(sleep(5));
  await assertRejects(() => loop.runUntilComplete(task), TypeError, "no host at all");
  task.cancel();
  await assertRejects(() => loop.runUntilComplete(task));
});

testRealLoop("A loop whose clock stands still runs what is ready", () => {
  class Frozen extends BaseEventLoop {
    override time(): number {
      return 1000;
    }
  }
  return new Frozen();
}, async ({ loop }) => {
  const timer = loop.callLater(1, () => {});
  const seen: string[] = [];
  loop.callAt(1000, () => seen.push("due"));
  loop.callSoon(() => seen.push("soon"));
  setTimeout(() => loop.callSoon(() => loop.stop()), 5);
  await loop.runForever();
  assertEquals(seen.toSorted(), ["due", "soon"]);
  timer.cancel();
});

testRealLoop("A loop whose clock runs faster ends its sleeps sooner", () => {
  class Fast extends DenoEventLoop {
    override time(): number {
      return super.time() * 1000;
    }
    override _select(timeoutMs: number): Promise<void> {
      return super._select(timeoutMs / 1000);
    }
  }
  return new Fast();
}, async ({ loop }) => {
  const start = performance.now();
  await loop.runUntilComplete(sleep(5000));
  const took = performance.now() - start;
  assert(took >= 5 && took < 2500, `${took} ms`);
});

Deno.test("run() serves a custom loop that overrides hooks only", async () => {
  let waits = 0;
  class Counting extends DenoEventLoop {
    override _select(timeoutMs: number): Promise<void> {
      waits++;
      return super._select(timeoutMs);
    }
  }
  const result = await run(async () => {
    await sleep(1);
    return await sleep(1, "served");
  }, { loopFactory: () => new Counting() });
  assertEquals(result, "served");
  assert(waits >= 2);
});
