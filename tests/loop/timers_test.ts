/** `callLater()` and `callAt()`: order, precision, long delays, and what is called off. */
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { sleep } from "../../futures/mod.ts";
import { DenoEventLoop, type TimerHandle } from "../../loop/mod.ts";
import { collectGarbage, testAsync, testLoop, testRealLoop } from "../_helpers.ts";

// ---- Order ----------------------------------------------------------------------------------------

testLoop("Timers run in the order of their deadlines", async ({ loop }) => {
  const order: number[] = [];
  for (const delay of [5, 1, 3, 0.5, 2, 4, 1.5, 0]) {
    loop.callLater(delay, (n: number) => order.push(n), delay);
  }
  await loop.runUntilComplete(sleep(10));
  assertEquals(order, [0, 0.5, 1, 1.5, 2, 3, 4, 5]);
});

testLoop("Timers with equal deadlines run in the order they were scheduled", async ({ loop }) => {
  const order: number[] = [];
  for (let i = 0; i < 200; i++) {
    if (i % 2 === 0) loop.callLater(7, (n: number) => order.push(n), i);
    else loop.callAt(7, (n: number) => order.push(n), i);
    // Others between them, called off or not, change nothing.
    loop.callLater(i % 5, () => {});
    loop.callLater(7, () => order.push(-1)).cancel();
  }
  await loop.runUntilComplete(sleep(10));
  assertEquals(order, Array.from({ length: 200 }, (_, i) => i));
});

testLoop("A thousand random deadlines run in order, some of them called off", async ({ loop }) => {
  let seed = 42;
  const random = (n: number) => (seed = (seed * 16807) % 2147483647) % n;
  const expected: [number, number][] = [];
  const seen: [number, number][] = [];
  const timers: TimerHandle[] = [];
  for (let i = 0; i < 1000; i++) {
    const delay = random(300) / 4;
    const timer = loop.callLater(delay, () => seen.push([loop.time(), i]));
    timers.push(timer);
    if (random(3) === 0) timers[random(timers.length)]!.cancel();
  }
  for (const [i, timer] of timers.entries()) {
    if (!timer.cancelled()) expected.push([timer.when(), i]);
  }
  expected.sort(([a, i], [b, j]) => a - b || i - j);
  await loop.runUntilComplete(sleep(100));
  assertEquals(seen.map(([, i]) => i), expected.map(([, i]) => i));
  for (const [k, [time]] of seen.entries()) assert(time >= expected[k]![0]);
});

testLoop("A due timer runs after what was ready before it", async ({ loop }) => {
  const order: string[] = [];
  await loop.runUntilComplete(async () => {
    loop.callSoon(() => order.push("soon"));
    loop.callLater(0, () => order.push("timer"));
    loop.callSoon(() => order.push("soon after"));
    await sleep(1);
  });
  assertEquals(order, ["soon", "soon after", "timer"]);
});

Deno.test("A timer that became due before the loop ran belongs to the first pass", async () => {
  const loop = new DenoEventLoop();
  const order: string[] = [];
  loop.callLater(1, () => order.push("timer"));
  loop.callSoon(() => {
    order.push("first");
    loop.callSoon(() => order.push("second"));
  });
  // What was scheduled is waited for without the loop.
  const due = loop.time() + 1;
  while (loop.time() <= due);
  await loop.runUntilComplete(sleep(5));
  loop.close();
  assertEquals(order, ["first", "timer", "second"]);
});

testLoop("A timer of a callback with no delay waits for the next pass", async ({ loop }) => {
  const order: string[] = [];
  loop.callLater(1, () => {
    order.push("outer");
    loop.callLater(0, () => order.push("inner"));
    loop.callSoon(() => order.push("soon"));
  });
  loop.callLater(1, () => order.push("second"));
  await loop.runUntilComplete(sleep(3));
  assertEquals(order, ["outer", "second", "soon", "inner"]);
});

testLoop("callAt() with a time that has passed runs in the next pass", async ({ loop }) => {
  const order: string[] = [];
  await loop.runUntilComplete(async () => {
    await sleep(100);
    loop.callAt(50, () => order.push("past"));
    loop.callAt(-Infinity, () => order.push("long past"));
    loop.callAt(100, () => order.push("now"));
    await sleep(0);
    await sleep(0);
  });
  assertEquals(order, ["long past", "past", "now"]);
});

testAsync("TimerHandle.when() is the deadline", async ({ loop }) => {
  await sleep(2);
  const later = loop.callLater(3, () => {});
  const at = loop.callAt(4.5, () => {});
  assertEquals([later.when(), at.when()], [5, 4.5]);
  later.cancel();
  assertEquals(later.when(), 5);
  await sleep(10);
});

// ---- Precision on the host ------------------------------------------------------------------------

testRealLoop(
  "Timers are never early, whatever the fraction",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    let early = 0;
    let left = 0;
    for (let i = 0; i < 120; i++) {
      const delay = (i * 0.37) % 11;
      left++;
      const due = loop.time() + delay;
      loop.callLater(delay, () => {
        if (loop.time() < due) early++;
        if (--left === 0) loop.stop();
      });
    }
    await loop.runForever();
    assertEquals(early, 0);
  },
);

testRealLoop(
  "A shorter timer that is scheduled while the loop waits for a longer one is in time",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const order: string[] = [];
    loop.callLater(60, () => {
      order.push("long");
      loop.stop();
    });
    setTimeout(() => loop.callLater(1, () => order.push("short")), 5);
    await loop.runForever();
    assertEquals(order, ["short", "long"]);
  },
);

testRealLoop(
  "A timer after one that was called off while the loop waited for it is in time",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const order: string[] = [];
    const first = loop.callLater(10, () => order.push("called off"));
    const due = loop.time() + 20;
    loop.callAt(due, () => {
      order.push(loop.time() >= due ? "in time" : "early");
      loop.stop();
    });
    setTimeout(() => first.cancel(), 2);
    await loop.runForever();
    assertEquals(order, ["in time"]);
  },
);

// ---- Long and strange delays ----------------------------------------------------------------------

testLoop("Delays beyond 2^31 ms work, to the millisecond", async ({ loop }) => {
  const seen: [string, number][] = [];
  for (const delay of [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 40, 2 ** 52]) {
    loop.callLater(delay, () => seen.push([`${delay}`, loop.time()]));
  }
  await loop.runUntilComplete(sleep(2 ** 53 - 1));
  assertEquals(
    seen,
    [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 40, 2 ** 52].map((delay) => [`${delay}`, delay]),
  );
});

testLoop("A timer at Infinity never runs, and can be called off", async ({ loop }) => {
  let ran = false;
  const timers = [
    loop.callLater(Infinity, () => ran = true),
    loop.callAt(Infinity, () => ran = true),
  ];
  await loop.runUntilComplete(sleep(1e15));
  assertFalse(ran);
  for (const timer of timers) timer.cancel();
});

for (const delay of [2 ** 31, 2 ** 53, Infinity]) {
  testRealLoop(
    `callLater(${delay}) does not run at once on the host`,
    () => new DenoEventLoop(),
    async ({ loop }) => {
      let ran = false;
      const timer = loop.callLater(delay, () => ran = true);
      await loop.runUntilComplete(sleep(15));
      assertFalse(ran);
      timer.cancel();
    },
  );
}

testRealLoop(
  "A delay that is too long for the host does not wake the loop again and again",
  () =>
    new class extends DenoEventLoop {
      selects = 0;
      override _select(timeoutMs: number): Promise<void> {
        this.selects++;
        return super._select(timeoutMs);
      }
    }(),
  async ({ loop }) => {
    const timer = loop.callLater(2 ** 40, () => {});
    setTimeout(() => loop.stop(), 50);
    await loop.runForever();
    timer.cancel();
    assertEquals(loop.selects, 1);
  },
);

testLoop("callLater() refuses a delay that is none", ({ loop }) => {
  assertThrows(
    () => loop.callLater(NaN, () => {}),
    RangeError,
    "Cannot schedule a callback: the delay must be a number of milliseconds, got NaN",
  );
  for (const delay of ["5", null, undefined, {}, 5n]) {
    assertThrows(
      () => loop.callLater(delay as never, () => {}),
      TypeError,
      "the delay must be a number of milliseconds",
    );
  }
  assertEquals(loop.liveTimers(), []);
});

testLoop(
  "callLater() of a negative delay is due at once, in the order of deadlines",
  async ({ loop }) => {
    const seen: string[] = [];
    loop.callLater(0, () => seen.push("now"));
    const late = loop.callLater(-1, () => seen.push("late"));
    loop.callLater(-2, () => seen.push("later"));
    loop.callLater(-Infinity, () => seen.push("latest"));
    assertEquals(late.when(), loop.time() - 1);
    loop.callSoon(() => seen.push("ready"));
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
    assertEquals(seen, ["ready", "latest", "later", "late", "now"]);
  },
);

testLoop("callAt() refuses a time that is none", ({ loop }) => {
  assertThrows(() => loop.callAt(NaN, () => {}), RangeError, "got NaN");
  for (const when of ["5", null, undefined, {}, 5n]) {
    assertThrows(
      () => loop.callAt(when as never, () => {}),
      TypeError,
      "the time must be a number of milliseconds",
    );
  }
  assertEquals(loop.liveTimers(), []);
});

// ---- Called off -----------------------------------------------------------------------------------

testRealLoop(
  "A timer that was called off does not keep the run alive",
  () => new DenoEventLoop(),
  async ({ loop }) => {
    const timer = loop.callLater(1e9, () => {});
    timer.cancel();
    await loop.runUntilComplete(sleep(1));
  },
);

/** The memory that is used after a collection, in bytes. */
async function heapUsed(): Promise<number> {
  await collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

for (const order of ["in the order of scheduling", "in the reverse order", "at random"] as const) {
  Deno.test(`Timers that are called off ${order} leave no memory behind`, async () => {
    const loop = new DenoEventLoop();
    const kept = loop.callLater(1e9, () => {});
    const before = await heapUsed();
    (() => {
      const window: TimerHandle[] = [];
      let seed = 1;
      const random = (n: number) => (seed = (seed * 16807) % 2147483647) % n;
      for (let i = 0; i < 200_000; i++) {
        const payload = { i };
        window.push(loop.callLater(1000 + i % 977, () => void payload));
        if (window.length < 100) continue;
        const index = order === "at random" ? random(window.length) : 0;
        if (order === "in the reverse order") {
          while (window.length > 0) window.pop()!.cancel();
        } else window.splice(index, 1)[0]!.cancel();
      }
      for (const timer of window) timer.cancel();
    })();
    const after = await heapUsed();
    // The handles would be twenty megabytes.
    assert(after - before < 2_000_000, `${after - before} bytes`);
    assertFalse(kept.cancelled());
    loop.close();
  });
}

Deno.test("A million timers at once, all called off, leave no memory behind", async () => {
  const loop = new DenoEventLoop();
  const before = await heapUsed();
  (() => {
    const timers = Array.from({ length: 1_000_000 }, (_, i) => loop.callLater(1000 + i, () => {}));
    for (const timer of timers) timer.cancel();
  })();
  const after = await heapUsed();
  assert(after - before < 2_000_000, `${after - before} bytes`);
  loop.close();
});

Deno.test("A burst of callbacks leaves no memory behind", async () => {
  const loop = new DenoEventLoop();
  await loop.runUntilComplete(sleep(0));
  const before = await heapUsed();
  for (let i = 0; i < 300_000; i++) loop.callSoon(() => {});
  await loop.runUntilComplete(sleep(1));
  const after = await heapUsed();
  assert(after - before < 2_000_000, `${after - before} bytes`);
  loop.close();
});
