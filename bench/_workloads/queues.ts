/** Workloads: items from one task to another through a queue. */

import { assertEquals } from "@std/assert";
import { coroutine, createTask, Queue, run } from "../../mod.ts";
import { loadEffect, loadEffection } from "../_peers.ts";
import type { Variant, Workload } from "../_workload.ts";

const ITEMS = 10_000;
const SUM = ITEMS * (ITEMS - 1) / 2;

function withGenerators(maxsize: number): Variant {
  return (watch) =>
    run(function* () {
      const queue = new Queue<number>(maxsize);
      const produce = coroutine(function* () {
        for (let item = 0; item < ITEMS; item++) yield* queue.put(item);
      });
      let sum = 0;
      watch.start();
      const producer = createTask(produce());
      for (let i = 0; i < ITEMS; i++) sum += yield* queue.get();
      yield* producer;
      watch.end();
      assertEquals(sum, SUM);
    });
}

function withFunctions(maxsize: number): Variant {
  return (watch) =>
    run(async () => {
      const queue = new Queue<number>(maxsize);
      const produce = async () => {
        for (let item = 0; item < ITEMS; item++) await queue.put(item);
      };
      let sum = 0;
      watch.start();
      const producer = createTask(produce);
      for (let i = 0; i < ITEMS; i++) sum += await queue.get();
      await producer;
      watch.end();
      assertEquals(sum, SUM);
    });
}

/** One slot or many, for one producer and one consumer: no order among those who wait, no shutdown. */
class HostQueue {
  readonly #items: number[] = [];
  readonly #maxsize: number;
  #wakeConsumer: (() => void) | null = null;
  #wakeProducer: (() => void) | null = null;

  constructor(maxsize: number) {
    this.#maxsize = maxsize;
  }

  async put(item: number): Promise<void> {
    if (this.#items.length >= this.#maxsize) {
      await new Promise<void>((resolve) => this.#wakeProducer = resolve);
    }
    this.#items.push(item);
    this.#wakeConsumer?.();
    this.#wakeConsumer = null;
  }

  async get(): Promise<number> {
    if (this.#items.length === 0) {
      await new Promise<void>((resolve) => this.#wakeConsumer = resolve);
    }
    const item = this.#items.shift()!;
    this.#wakeProducer?.();
    this.#wakeProducer = null;
    return item;
  }
}

function onHost(maxsize: number): Variant {
  return async (watch) => {
    const queue = new HostQueue(maxsize);
    const produce = async () => {
      for (let item = 0; item < ITEMS; item++) await queue.put(item);
    };
    let sum = 0;
    watch.start();
    const producer = produce();
    for (let i = 0; i < ITEMS; i++) sum += await queue.get();
    await producer;
    watch.end();
    assertEquals(sum, SUM);
  };
}

function withEffect(maxsize: number): Variant {
  return async (watch) => {
    const { Effect, Fiber, Queue } = await loadEffect();
    await Effect.runPromise(Effect.gen(function* () {
      const queue = yield* maxsize === 0
        ? Queue.unbounded<number>()
        : Queue.bounded<number>(maxsize);
      const produce = Effect.gen(function* () {
        for (let item = 0; item < ITEMS; item++) yield* Queue.offer(queue, item);
      });
      let sum = 0;
      watch.start();
      const producer = yield* Effect.forkChild(produce);
      for (let i = 0; i < ITEMS; i++) sum += yield* Queue.take(queue);
      yield* Fiber.join(producer);
      watch.end();
      assertEquals(sum, SUM);
    }));
  };
}

export const queue1: Workload = {
  name: "queue_1",
  title: "queue of size 1",
  unit: "one item through a queue of size 1, from one task to another",
  count: ITEMS,
  notes: {
    host: "one promise for each wait; one producer and one consumer only",
    effection: "its queues have no size",
  },
  variants: {
    generators: withGenerators(1),
    functions: withFunctions(1),
    host: onHost(1),
    effect: withEffect(1),
  },
};

export const queueUnbounded: Workload = {
  name: "queue_unbounded",
  title: "unbounded queue",
  unit: "one item through a queue without a size, from one task to another",
  count: ITEMS,
  notes: { effection: "put by a plain call, since it need not wait" },
  variants: {
    generators: withGenerators(0),
    functions: withFunctions(0),
    host: onHost(Infinity),
    effection: async (watch) => {
      const { createQueue, run, spawn } = await loadEffection();
      await run(function* () {
        const queue = createQueue<number, void>();
        let sum = 0;
        watch.start();
        const producer = yield* spawn(function* () {
          for (let item = 0; item < ITEMS; item++) queue.add(item);
        });
        for (let i = 0; i < ITEMS; i++) sum += (yield* queue.next()).value as number;
        yield* producer;
        watch.end();
        assertEquals(sum, SUM);
      });
    },
    effect: withEffect(0),
  },
};
