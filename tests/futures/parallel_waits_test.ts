/**
 * Cancellation of a task, or of a scope in it, whose code waits for several things at once: all of these
 * waits end, those beside the scope go on, and each is told once.
 */
import { assert, assertEquals, assertFalse, assertInstanceOf, assertRejects } from "@std/assert";
import {
  CancelledError,
  coroutine,
  createTask,
  currentTask,
  type Future,
  gather,
  moveOnAfter,
  shield,
  shielded,
  sleep,
  type Task,
  taskGroup,
  timeout,
  TimeoutError,
  waitFor,
} from "../../futures/mod.ts";
import { hostTurn, testAsync } from "../_helpers.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

const nameOf = (error: unknown): string => (error as Error).name;

/** A wait that notes how it ended; with a clean-up that waits, and notes when that has ended. */
async function part(
  log: string[],
  name: string,
  cleanUpMs: number | null = null,
  awaitable: PromiseLike<unknown> = sleep(1000),
): Promise<string> {
  try {
    await awaitable;
    log.push(`${name} went on`);
    return name;
  } catch (error) {
    log.push(`${name} ${nameOf(error)}`);
    if (cleanUpMs !== null) {
      await sleep(cleanUpMs);
      log.push(`${name} cleaned up`);
    }
    throw error;
  }
}

/** A promise of somebody else. */
function foreign<T>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}

async function ended(task: Task<unknown>): Promise<unknown> {
  const [outcome] = await gather(task, { returnExceptions: true });
  return outcome;
}

const ABC = ["a CancelledError", "b CancelledError", "c CancelledError"];

// ---- Cancelling the task --------------------------------------------------------------------------

testAsync("Cancelling a task ends all waits of its Promise.all(), the oldest first", async (t) => {
  const log: string[] = [];
  const task = createTask(() => Promise.all([part(log, "a"), part(log, "b"), part(log, "c")]));
  await sleep(1);
  task.cancel("all of it");
  await assertRejects(async () => await task, CancelledError, "all of it");
  assertEquals(log, ABC);
  assertEquals(t.loop.time(), 1);
  assertEquals(task.cancelling(), 1);
});

testAsync("Cancelling a task ends the futures that its Promise.all() waits for", async (t) => {
  const futures = [1, 2, 3].map(() => t.loop.createFuture<void>());
  const task = createTask(() => Promise.all(futures));
  await sleep(0);
  task.cancel();
  await ended(task);
  assertEquals(futures.map((future) => future.cancelled()), [true, true, true]);
});

testAsync("Cancelling a task ends waits in bodies inside of bodies, each once", async () => {
  const log: string[] = [];
  const task = createTask(() =>
    Promise.all([
      timeout(500, () =>
        Promise.all([
          part(log, "a", 1),
          timeout(400, async () => {
            await timeout(300, () => part(log, "b", 2));
          }),
        ])),
      part(log, "c", 3),
    ])
  );
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  await sleep(10);
  assertEquals(log.slice(0, 3).toSorted(), ABC);
  assertEquals(log.slice(3), ["a cleaned up", "b cleaned up", "c cleaned up"]);
});

testAsync(
  "A wait of clean-up code is not ended by the request that began the clean-up",
  async () => {
    const log: string[] = [];
    const task = createTask(() => Promise.allSettled([part(log, "a", 5), part(log, "b", 10)]));
    await sleep(1);
    task.cancel();
    await task;
    assertEquals(log, [ABC[0], ABC[1], "a cleaned up", "b cleaned up"]);
  },
);

testAsync("A second request ends the clean-up of all waits", async () => {
  const log: string[] = [];
  const task = createTask(() => Promise.allSettled([part(log, "a", 5), part(log, "b", 10)]));
  await sleep(1);
  task.cancel();
  await sleep(1);
  task.cancel();
  await task;
  await sleep(20);
  assertEquals(log, [ABC[0], ABC[1]]);
  assertEquals(task.cancelling(), 2);
});

testAsync("Two requests before the first is felt are felt once by each wait", async () => {
  const log: string[] = [];
  const task = createTask(() => Promise.allSettled([part(log, "a", 5), part(log, "b", 10)]));
  await sleep(1);
  task.cancel();
  task.cancel();
  await task;
  assertEquals(log, [ABC[0], ABC[1], "a cleaned up", "b cleaned up"]);
  assertEquals(task.cancelling(), 2);
});

testAsync(
  "A wait that swallows the cancellation goes on, and does not save the others",
  async (t) => {
    const log: string[] = [];
    const stubborn = async () => {
      await sleep(1000).then(null, () => {});
      await sleep(5);
      log.push("stubborn");
    };
    const task = createTask(() => Promise.all([stubborn(), part(log, "a")]));
    await sleep(1);
    task.cancel();
    assertInstanceOf(await ended(task), CancelledError);
    assertEquals(t.loop.time(), 1);
    await sleep(10);
    assertEquals(log, ["a CancelledError", "stubborn"]);
  },
);

testAsync("Waits that give away a turn, or whose results are there, end as well", async (t) => {
  const log: string[] = [];
  const there = t.loop.createFuture<void>();
  const turns = async (name: string) => {
    for (let i = 0; i < 5; i++) await part([], name, null, sleep(0));
    log.push(name);
  };
  const task = createTask(() =>
    Promise.allSettled([turns("x"), turns("y"), part(log, "a", 1, there), part(log, "b", 1)])
  );
  await sleep(0);
  await sleep(0);
  there.setResult();
  task.cancel();
  await task;
  assertEquals(log, [ABC[0], ABC[1], "a cleaned up", "b cleaned up"]);
});

testAsync("Waits that end after their task has are ended all the same", async () => {
  const log: string[] = [];
  const turns = async (name: string) => {
    try {
      for (let i = 0; i < 5; i++) await sleep(0);
      log.push(`${name} went on`);
    } catch (error) {
      log.push(`${name} ${nameOf(error)}`);
      throw error;
    }
  };
  const task = createTask(() => Promise.all([turns("a"), turns("b"), turns("c")]));
  await sleep(0);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  await sleep(1);
  assertEquals(log, ABC);
});

testAsync("Waits for the same future, and for the same task, cancel it once", async (t) => {
  const log: string[] = [];
  const future = t.loop.createFuture<void>();
  const shared = createTask(() => part(log, "shared", 5));
  const task = createTask(() =>
    Promise.allSettled([
      part(log, "a", null, future),
      part(log, "b", null, future),
      part(log, "c", null, shared),
      part(log, "d", null, shared),
    ])
  );
  await sleep(1);
  task.cancel();
  await task;
  assertEquals(log, [
    ABC[0],
    ABC[1],
    "shared CancelledError",
    "shared cleaned up",
    ABC[2],
    "d CancelledError",
  ]);
  assertEquals(shared.cancelling(), 1);
});

testAsync("A wait for shield() ends, and what is shielded goes on", async () => {
  const log: string[] = [];
  const inner = createTask(() => part(log, "inner", null, sleep(5)));
  const task = createTask(() => Promise.all([part(log, "a", null, shield(inner)), part(log, "b")]));
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  assertEquals(log, [ABC[0], ABC[1]]);
  assertEquals(await inner, "inner");
});

testAsync("A shielded() body holds a request back from the waits beside it too", async (t) => {
  const log: string[] = [];
  const task = createTask(() =>
    Promise.all([shielded(() => part(log, "shielded", null, sleep(5))), part(log, "a")])
  );
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  assertEquals(log, ["shielded went on", "a CancelledError"]);
  assertEquals(t.loop.time(), 5);
});

testAsync(
  "Shielded bodies beside each other, which end in any order, leave none behind",
  async () => {
    for (const times of [[5, 9], [9, 5]]) {
      const log: string[] = [];
      const work = async () => {
        const bodies = times.map((ms, i) => shielded(() => part(log, `${i}`, null, sleep(ms))));
        await Promise.all(bodies);
        await sleep(1000);
      };
      // While both are shielded, when the first was left, and when both were.
      for (const when of [2, 7, 20]) {
        const task = createTask(work);
        await sleep(when);
        task.cancel();
        assertInstanceOf(await ended(task), CancelledError);
        assertEquals(task._shield, null);
        assertEquals(log.splice(0).filter((line) => line.endsWith("went on")).length, 2);
      }
    }
  },
);

testAsync("A timeout beside a shielded body ends its own body in time", async (t) => {
  const log: string[] = [];
  await Promise.all([
    timeout(5, () => part(log, "a")).then(
      null,
      (error) => log.push(`${nameOf(error)} ${t.loop.time()}`),
    ),
    shielded(() => part(log, "shielded", null, sleep(20))),
  ]);
  assertEquals(log, [ABC[0], "TimeoutError 5", "shielded went on"]);
  assertEquals(me().cancelling(), 0);
});

testAsync("A shielded body holds back the timeout of a task that waits for its task", async (t) => {
  const log: string[] = [];
  const task = createTask(async () => await shielded(() => part(log, "a", null, sleep(20))));
  await assertRejects(async () => await timeout(5, async () => await task), TimeoutError);
  assertEquals(log, ["a went on"]);
  assertEquals(t.loop.time(), 20);
});

testAsync("A task that cancels itself ends its other waits, and its own next one", async () => {
  const log: string[] = [];
  const task = createTask(() =>
    Promise.allSettled([
      part(log, "a", 5),
      (async () => {
        await sleep(1);
        me().cancel();
        await part(log, "b", 5);
      })(),
    ])
  );
  await task;
  assertEquals(log, [ABC[0], ABC[1], "a cleaned up", "b cleaned up"]);
});

testAsync("Cancelling a task whose Promise.race() is undecided ends all who race", async () => {
  const log: string[] = [];
  const task = createTask(() => Promise.race([part(log, "a"), part(log, "b"), part(log, "c")]));
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  assertEquals(log, ABC);
});

testAsync(
  "Who has lost a Promise.race() goes on, and ends with a task that is cancelled",
  async () => {
    const log: string[] = [];
    const task = createTask(async () => {
      log.push(await Promise.race([part(log, "a"), part(log, "b", null, sleep(1))]));
      await part(log, "c");
    });
    await sleep(5);
    assertEquals(log.splice(0), ["b went on", "b"]);
    task.cancel();
    assertInstanceOf(await ended(task), CancelledError);
    assertEquals(log, [ABC[0], ABC[2]]);
  },
);

testAsync(
  "A request that ends several waits aborts task.signal once, with its reason",
  async () => {
    let aborted = 0;
    const log: string[] = [];
    const task = createTask(() => {
      me().signal.addEventListener("abort", () => aborted++);
      return Promise.all([part(log, "a"), part(log, "b")]);
    });
    await sleep(1);
    const { signal } = task;
    task.cancel("why");
    assertInstanceOf(await ended(task), CancelledError);
    assertEquals(aborted, 1);
    assertEquals(signal.reason.message, "why");
  },
);

testAsync("A branch that waits with task.signal ends with the others", async () => {
  const log: string[] = [];
  const fetching = (signal: AbortSignal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const task = createTask(() =>
    Promise.all([part(log, "a", null, fetching(me().signal)), part(log, "b")])
  );
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  await hostTurn();
  assertEquals(log.toSorted(), [ABC[0], ABC[1]]);
});

testAsync("A scope around a foreign promise has the request thrown at its next wait", async () => {
  const log: string[] = [];
  const { promise, resolve } = foreign<void>();
  const task = createTask(() =>
    Promise.allSettled([
      part(log, "a", 2),
      timeout(500, async () => {
        await promise;
        log.push("foreign");
        await part(log, "b", 2);
      }),
    ])
  );
  await sleep(1);
  task.cancel();
  await sleep(1);
  resolve();
  await task;
  assertEquals(log, [ABC[0], "foreign", ABC[1], "a cleaned up", "b cleaned up"]);
});

testAsync(
  "A scope around a foreign promise, without another wait, ends in the request",
  async () => {
    const { promise, resolve } = foreign<string>();
    const task = createTask(() => Promise.allSettled([part([], "a"), timeout(500, () => promise)]));
    await sleep(1);
    task.cancel();
    await sleep(1);
    resolve("late");
    const outcomes = await task;
    assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
    // Nothing is left to be thrown.
    await createTask(() => timeout(5, () => sleep(1)));
  },
);

testAsync("A chain of tasks that wait for several things each may be of any length", async () => {
  const waits: Future<unknown>[] = [];
  let task = createTask(sleep(1000));
  for (let i = 0; i < 20_000; i++) {
    const next = task;
    const future = next.getLoop().createFuture() as Future<unknown>;
    waits.push(future);
    task = createTask(() => Promise.all([next, future])) as Task<unknown> as Task<undefined>;
  }
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  assert(waits.every((future) => future.cancelled()));
});

testAsync("What a body has left behind is ended with a generator task that waits", async () => {
  const log: string[] = [];
  const task = createTask(
    coroutine(function* () {
      // deno-lint-ignore require-await
      yield* timeout(5, async () => {
        part(log, "a").catch(() => {});
      });
      yield* timeout(5, () => part(log, "b", null, sleep(1)));
      try {
        yield* timeout(5, () => part(log, "c"));
      } catch (error) {
        log.push(nameOf(error));
      }
      yield* sleep(1000);
    })(),
  );
  await sleep(10);
  // A timeout leaves alone what was begun before it.
  assertEquals(log.splice(0), ["b went on", "c CancelledError", "TimeoutError"]);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  assertEquals(log, ["a CancelledError"]);
});

// ---- Scopes ---------------------------------------------------------------------------------------

testAsync("A timeout ends all waits of its body, and none beside it", async (t) => {
  const log: string[] = [];
  const beside = part(log, "beside", null, sleep(20));
  await assertRejects(
    async () =>
      await timeout(10, () => Promise.all([part(log, "a"), part(log, "b"), part(log, "c")])),
    TimeoutError,
  );
  assertEquals(t.loop.time(), 10);
  await sleep(0);
  assertEquals(log, ABC);
  await beside;
  assertEquals(log.length, 4);
  assertEquals(me().cancelling(), 0);
});

testAsync("A timeout in one branch ends that branch; the timeout around ends all", async (t) => {
  const log: string[] = [];
  const error = await timeout(20, () =>
    Promise.all([
      timeout(5, () => Promise.all([part(log, "a"), part(log, "b")])).then(null, (error) => {
        log.push(`inner ${nameOf(error)}`);
      }),
      part(log, "c"),
      timeout(500, () => part(log, "d")),
    ])).then(null, (error) => error);
  assertInstanceOf(error, TimeoutError);
  assertEquals(t.loop.time(), 20);
  await sleep(0);
  assertEquals(log, [ABC[0], "inner TimeoutError", ABC[1], ABC[2], "d CancelledError"]);
  assertEquals(me().cancelling(), 0);
});

testAsync("waitFor() of a function, moveOnAfter(), a signal: each ends all waits", async (t) => {
  const log: string[] = [];
  const all = () => Promise.all([part(log, "a"), part(log, "b"), part(log, "c")]);
  await assertRejects(async () => await waitFor(all, 5), TimeoutError);
  await sleep(0);
  assertEquals(log.splice(0), ABC);
  assertEquals(await moveOnAfter(5, all), undefined);
  await sleep(0);
  assertEquals(log.splice(0), ABC);
  const controller = new AbortController();
  t.loop.callLater(5, () => controller.abort(new EvalError("enough")));
  await assertRejects(async () => await timeout(100, all, controller), EvalError);
  await sleep(0);
  assertEquals(log, ABC);
  assertEquals(me().cancelling(), 0);
});

testAsync("A task group that ends its body ends all waits of it", async () => {
  const log: string[] = [];
  const all = () => Promise.all([part(log, "a", 1), part(log, "b", 1), part(log, "c", 1)]);
  const outcome = await taskGroup(async (group) => {
    group.createTask(async () => {
      await sleep(1);
      throw new TypeError("no");
    });
    await all();
  }).then(null, (error) => error);
  assertEquals(nameOf(outcome), "ExceptionGroup");
  await sleep(5);
  assertEquals(log.splice(0).slice(0, 3), ABC);
  await taskGroup(async (group) => {
    group.createTask(async () => {
      await sleep(1);
      group.cancel();
    });
    await all();
  });
  await sleep(5);
  assertEquals(log.slice(0, 3), ABC);
  assertEquals(log.length, 6);
  assertEquals(me().cancelling(), 0);
});

testAsync("A group whose tasks fail when it is cancelled ends no clean-up beside it", async () => {
  const log: string[] = [];
  const task = createTask(() =>
    Promise.allSettled([
      part(log, "a", 20),
      (async () => {
        await taskGroup(async (group) => {
          group.createTask(async () => {
            try {
              await sleep(1000);
            } catch {
              await sleep(5);
              throw new TypeError("no");
            }
          });
          await sleep(1000);
        }).then(null, (error) => log.push(nameOf(error)));
        await part(log, "b");
      })(),
    ])
  );
  await sleep(1);
  task.cancel();
  await task;
  // The cancellation comes with the next wait after the group.
  assertEquals(log, [ABC[0], "ExceptionGroup", ABC[1], "a cleaned up"]);
  assertEquals(task.cancelling(), 1);
});

testAsync("A timeout in a generator coroutine ends all waits of an async body", async () => {
  const log: string[] = [];
  const work = coroutine(function* () {
    yield* timeout(5, () => Promise.all([part(log, "a"), part(log, "b"), part(log, "c")]));
  });
  await assertRejects(async () => await createTask(work()), TimeoutError);
  assertEquals(log.splice(0), ABC);
  await assertRejects(async () => await work(), TimeoutError);
  await sleep(0);
  assertEquals(log, ABC);
});

testAsync("A timeout of a clean-up works when the task has ended meanwhile", async () => {
  const log: string[] = [];
  const cleaning = async () => {
    try {
      await sleep(1000);
    } finally {
      await timeout(5, () => part(log, "clean-up")).then(null, (error) => log.push(nameOf(error)));
    }
  };
  const task = createTask(() => Promise.all([part(log, "a"), cleaning()]));
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  assertEquals(log.splice(0), [ABC[0]]);
  await sleep(10);
  assertEquals(log, ["clean-up CancelledError", "TimeoutError"]);
  assertEquals(task.cancelling(), 1);
});

testAsync("A cancellation and a timeout at the same time end each wait once", async () => {
  const log: string[] = [];
  const task: Task<unknown> = createTask(() =>
    timeout(5, () => Promise.allSettled([part(log, "a", 1), part(log, "b", 1)]))
  );
  await sleep(0);
  task.getLoop().callLater(5, () => void task.cancel());
  await ended(task);
  assertEquals(log, [ABC[0], ABC[1], "a cleaned up", "b cleaned up"]);
  assertEquals(task.cancelling(), 1);
});

// ---- What nobody waits for ------------------------------------------------------------------------

testAsync("Work that nobody waits for any longer is ended without a word to the host", async () => {
  const log: string[] = [];
  const task = createTask(async () => {
    const work = part(log, "a");
    await part(log, "b");
    await work;
  });
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  await hostTurn();
  assertEquals(log, [ABC[0], ABC[1]]);
});

testAsync("The same where the work waits for another task, which ends with it", async () => {
  const log: string[] = [];
  const task = createTask(async () => {
    const other = createTask(() => Promise.all([part(log, "a"), part(log, "b")]));
    const work = part(log, "c", null, other);
    await sleep(1000);
    await work;
  });
  await sleep(1);
  task.cancel();
  assertInstanceOf(await ended(task), CancelledError);
  await sleep(1);
  await hostTurn();
  assertEquals(log, ABC);
});

testAsync("What a task has ended in is not hidden from the host", async () => {
  const seen: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    seen.push([event.defaultPrevented, event.reason]);
    event.preventDefault();
  };
  const task = createTask(() => Promise.all([part([], "a"), part([], "b")]));
  await sleep(1);
  task.cancel();
  const error = await ended(task);
  addEventListener("unhandledrejection", listen);
  try {
    Promise.reject(error);
    await hostTurn();
  } finally {
    removeEventListener("unhandledrejection", listen);
  }
  assertEquals(seen, [[false, error]]);
  assertFalse(task.done() && !task.cancelled());
});
