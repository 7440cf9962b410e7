/**
 * Random trees of parallel waits and scopes, cancelled at random times: whatever the shape, every wait
 * that is pending is ended, once for each request, and the accounts come out even.
 */
import { assertEquals } from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  gather,
  moveOnAfter,
  shielded,
  sleep,
  type Task,
  taskGroup,
  timeout,
  waitFor,
} from "../../futures/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";

const RUNS = 1000;

/** Numbers from 0 to 1, the same ones for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed * 2 + 1;
  return () => {
    state = Math.imul(state, 0x915f77f5) + 0x3c6ef372 | 0;
    const mixed = Math.imul(state ^ state >>> 16, 0x45d9f3b);
    return ((mixed ^ mixed >>> 15) >>> 0) / 2 ** 32;
  };
}

/** One tree, in a loop of its own. */
class Trees {
  readonly loop = new SimulatedEventLoop();
  readonly random: () => number;
  readonly #withScopes: boolean;
  /** The waits that are under way. */
  readonly pending = new Set<object>();
  /** How many of them were cancelled, and how many waits of clean-up code. */
  ended = 0;
  endedCleanUps = 0;
  running = 0;

  constructor(seed: number, withScopes: boolean) {
    this.random = randomNumbers(seed);
    this.#withScopes = withScopes;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  async wait(): Promise<void> {
    const me = {};
    this.pending.add(me);
    try {
      switch (this.below(this.#withScopes ? 6 : 5)) {
        case 0:
          return await sleep(0);
        case 1:
          return await coroutine(function* (ms: number) {
            yield* sleep(ms);
            yield* sleep(1);
          })(this.below(5));
        case 2:
          return await createTask(sleep(this.below(5)));
        case 3:
          // What is shielded would wait for ever.
          return await (this.#withScopes ? sleep(20) : this.loop.createFuture<void>());
        case 4:
          return await sleep(this.below(10));
        default:
          return await new Promise((resolve) => this.loop.callLater(this.below(10), resolve));
      }
    } finally {
      this.pending.delete(me);
    }
  }

  async leaf(): Promise<void> {
    this.running++;
    try {
      for (let i = this.below(3); i >= 0; i--) await this.wait();
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      this.ended++;
      try {
        if (this.random() < 0.4) await sleep(this.below(4));
        if (this.#withScopes && this.random() < 0.2) await shielded(() => sleep(2));
      } catch {
        this.endedCleanUps++;
      }
      throw error;
    } finally {
      this.running--;
    }
  }

  async node(depth: number): Promise<void> {
    if (depth === 0 || this.random() < 0.2) return await this.leaf();
    const all = async () => {
      await Promise.all(Array.from({ length: 1 + this.below(3) }, () => this.node(depth - 1)));
    };
    const ms = this.#withScopes ? this.below(15) : 10_000;
    switch (this.below(this.#withScopes ? 7 : 5)) {
      case 0:
        return await timeout(ms, all);
      case 1:
        return void await moveOnAfter(ms, () => timeout(ms + 1, all));
      case 2:
        return await waitFor(all, ms);
      case 3:
        return void await Promise.allSettled([all(), this.node(depth - 1)]);
      case 5:
        return await shielded(all);
      case 6:
        return await taskGroup(async (group) => {
          group.createTask(sleep(3));
          group.createTask(async () => {
            await sleep(this.below(30));
            throw new RangeError("random");
          });
          await all();
        });
      default:
        return await all();
    }
  }

  /** A task of a tree, of either kind. */
  task(): Task<void> {
    if (this.random() < 0.7) return createTask(() => this.node(3));
    const body = () => this.node(3);
    return createTask(
      coroutine(function* () {
        yield* timeout(10_000, body);
      })(),
    );
  }
}

Deno.test("One request ends every wait of a random tree, and no clean-up", async () => {
  for (let seed = 0; seed < RUNS; seed++) {
    const tree = new Trees(seed, false);
    await tree.loop.runUntilComplete(async () => {
      const task = tree.task();
      await sleep(tree.below(12) + 0.5);
      const pending = tree.pending.size;
      task.cancel();
      // What cleans up, or gives away turns, needs some passes.
      await sleep(0.25);
      assertEquals([tree.ended, tree.pending.size], [pending, 0], `seed ${seed}`);
      await sleep(20);
      assertEquals([tree.endedCleanUps, tree.running, task.done()], [0, 0, true], `seed ${seed}`);
      await gather(task, { returnExceptions: true });
    });
    tree.loop.close();
  }
});

Deno.test("Requests at random times leave nothing of a random tree of scopes", async () => {
  for (let seed = 0; seed < RUNS; seed++) {
    const tree = new Trees(seed, true);
    await tree.loop.runUntilComplete(async () => {
      const task = tree.task();
      let requests = 0;
      for (;;) {
        await sleep(tree.below(8));
        if (task.cancel()) requests++;
        if (tree.random() < 0.4) break;
      }
      await gather(task, { returnExceptions: true });
      await sleep(200);
      const left = [task.cancelling() - requests, tree.running, task._shield, task._strands];
      assertEquals(left, [0, 0, null, null], `seed ${seed}`);
      // Nothing is left to be thrown, in this task or another.
      await createTask(() => timeout(5, () => sleep(1)));
    });
    tree.loop.close();
  }
});
