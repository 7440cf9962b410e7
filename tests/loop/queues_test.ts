/** The ready queue and the timer queue, against simple models. */
import { assert, assertEquals } from "@std/assert";
import { Context, type Runnable } from "../../futures/mod.ts";
import { TimerHandle } from "../../loop/mod.ts";
import { ReadyQueue } from "../../loop/ready_queue.ts";
import { TimerQueue } from "../../loop/timer_queue.ts";

function randomNumbers(seed: number): (n: number) => number {
  return (n) => (seed = (seed * 16807) % 2147483647) % n;
}

class Item implements Runnable {
  readonly _context = new Context();
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  _run(): void {}
}

Deno.test("ReadyQueue gives back in order what was put in, at any fill", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = randomNumbers(seed);
    const queue = new ReadyQueue();
    const model: Item[] = [];
    for (let i = 0; i < 5000; i++) {
      // Phases of growing and of shrinking, so that the ring wraps at every capacity.
      if (random(10) < (Math.floor(i / 700) % 2 === 0 ? 7 : 3) || model.length === 0) {
        const item = new Item(i);
        queue.push(item);
        model.push(item);
      } else {
        assert(queue.first === model[0]);
        assert(queue.shift() === model.shift());
      }
      assertEquals(queue.length, model.length);
    }
    assertEquals(queue.toArray(), model);
  }
});

Deno.test("ReadyQueue gives up a ring that a burst has made large", () => {
  const queue = new ReadyQueue();
  for (let burst = 0; burst < 3; burst++) {
    for (let i = 0; i < 200_000; i++) queue.push(new Item(i));
    for (let i = 0; i < 200_000; i++) assertEquals((queue.shift() as Item).id, i);
    assertEquals(queue.length, 0);
  }
  queue.push(new Item(1));
  queue.clear();
  assertEquals(queue.length, 0);
  assertEquals(queue.toArray(), []);
});

class Owner {
  readonly queue = new TimerQueue();
  _timerHandleCancelled(timer: TimerHandle): void {
    if (timer._scheduled) this.queue.noteCancelled();
  }
}

Deno.test("TimerQueue gives the next deadline, whatever is called off", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = randomNumbers(seed);
    const owner = new Owner();
    const { queue } = owner;
    let model: TimerHandle[] = [];
    for (let i = 0; i < 3000; i++) {
      const action = random(10);
      if (action < 5 || model.length === 0) {
        const timer = new TimerHandle(random(50), () => {}, [], new Context(), owner as never);
        queue.push(timer);
        model.push(timer);
        // Equal ones stay in the order in which they came.
        model.sort((a, b) => a._when - b._when);
      } else if (action < 8) {
        const timer = model[random(model.length)]!;
        timer.cancel();
        model = model.filter((each) => each !== timer);
      } else {
        assert(queue.peek() === model[0]);
        assert(queue.takeDue(Infinity) === model.shift());
      }
      assert(queue.peek() === model[0]);
      // What was called off is never more than what is scheduled, beside a small number.
      assert(queue.length <= 2 * model.length + 65, `${queue.length} for ${model.length}`);
    }
    queue.clear();
    assertEquals(queue.peek(), undefined);
  }
});

/** Deadlines near and far, close together and apart, some equal, some that ticks cannot be counted from. */
const SPREADS: Record<string, (random: (below: number) => number, now: number) => number> = {
  "in one millisecond": (random, now) => now + random(1000) / 1000,
  "in a few ticks": (random, now) => now + random(64) / 64,
  "in a second": (random, now) => now + random(1_000_000) / 1000,
  "at full seconds": (random) => 1000 * random(100),
  "over minutes": (random, now) => now + random(600_000) + random(8) / 7,
  "over months": (random, now) => now + random(2 ** 30) * 10,
  "before zero": (random, now) => now - 1e6 + random(1e6),
  "of every size": (random, now) => now + 2 ** random(56) + random(3) / 3,
  "beyond all ticks": (random) => [2 ** 47, 2 ** 60, 1e300, Infinity][random(4)]!,
  "near and beyond all ticks": (random, now) =>
    [2 ** 47, 2 ** 60, 1e300, Infinity][random(16)] ?? now + random(1_000_000) / 1000,
  "from the beginning of time": (random, now) => random(2) === 0 ? -Infinity : now + random(100),
};

for (const [name, deadline] of Object.entries(SPREADS)) {
  Deno.test(`TimerQueue keeps thousands in order, ${name}`, () => {
    const random = randomNumbers(name.length);
    const owner = new Owner();
    const { queue } = owner;
    const model: TimerHandle[] = [];
    let now = 1000.25;
    const add = (when = deadline(random, now)) => {
      const timer = new TimerHandle(when, () => {}, [], new Context(), owner as never);
      queue.push(timer);
      // Behind all that are due at the same time.
      let [low, high] = [0, model.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (model[middle]!._when <= when) low = middle + 1;
        else high = middle;
      }
      model.splice(low, 0, timer);
    };
    const take = () => {
      const expected = model.shift();
      assert(queue.takeDue(Infinity) === expected);
      if (expected !== undefined && Number.isFinite(expected._when)) {
        now = Math.max(now, expected._when);
      }
    };
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 1500; i++) add();
      for (let i = 0; i < 2000; i++) {
        const action = random(8);
        if (action < 3) add();
        else if (action < 5) take();
        else if (action < 7) model.splice(random(model.length), 1)[0]?.cancel();
        else assert(queue.peek() === model[0]);
        assert(queue.length <= 2 * model.length + 65, `${queue.length} for ${model.length}`);
      }
      // Nothing is given out early.
      assertEquals(
        queue.takeDue(-Infinity),
        model[0]?._when === -Infinity ? model.shift() : undefined,
      );
      while (model.length > round * 400) take();
      // Most are called off.
      while (model.length > round * 200) {
        model.splice(random(model.length), 1)[0]!.cancel();
        assert(queue.length <= 2 * model.length + 65, `${queue.length} for ${model.length}`);
      }
    }
    // What is scheduled for when the last one was due comes next.
    while (model.length > 0) {
      const when = model[0]!._when;
      take();
      if (random(4) === 0) add(when);
      assert(queue.peek() === model[0]);
    }
    assertEquals(queue.length, 0);
    for (let i = 0; i < 1000; i++) add();
    queue.clear();
    assertEquals([queue.length, queue.peek()], [0, undefined]);
    for (const timer of model) assertEquals(timer._scheduled, false);
  });
}

Deno.test("TimerQueue does not count what is called off after it has left", () => {
  const owner = new Owner();
  const { queue } = owner;
  const make = (when: number) => new TimerHandle(when, () => {}, [], new Context(), owner as never);
  const gone = Array.from({ length: 200 }, (_, i) => make(i));
  for (const timer of gone) queue.push(timer);
  for (let i = 0; i < 200; i++) queue.takeDue(Infinity);
  for (const timer of gone) timer.cancel();
  const kept = Array.from({ length: 100 }, (_, i) => make(i));
  for (const timer of kept) queue.push(timer);
  kept[50]!.cancel();
  assertEquals(queue.length, 100);
  queue.clear();
  for (const timer of kept) timer.cancel();
  assertEquals(queue.length, 0);
});

Deno.test("TimerQueue counts a timer once that is called off again and again", () => {
  const owner = new Owner();
  const { queue } = owner;
  const timers = Array.from(
    { length: 100 },
    (_, i) => new TimerHandle(i, () => {}, [], new Context(), owner as never),
  );
  for (const timer of timers) queue.push(timer);
  for (let i = 0; i < 1000; i++) timers[50]!.cancel();
  // It is not thrown out before half of them are called off.
  assertEquals(queue.length, 100);
});
