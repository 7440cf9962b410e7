/** `Runner` and `run()`. Signals to a process are in `tests/programs/`. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  allTasks,
  CancelledError,
  Context,
  ContextVar,
  copyContext,
  coroutine,
  createTask,
  currentTask,
  type ExceptionContext,
  Future,
  KeyboardInterrupt,
  RuntimeError,
  sleep,
  Task,
} from "../../futures/mod.ts";
import {
  BaseEventLoop,
  DenoEventLoop,
  getRunningLoop,
  newEventLoop,
  run,
  Runner,
} from "../../loop/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { hostTurn } from "../_helpers.ts";

const simulated = { loopFactory: () => new SimulatedEventLoop() };

// ---- run() ----------------------------------------------------------------------------------------

Deno.test("run() gives the result of every kind of program", async () => {
  assertEquals(
    await run(async () => {
      await sleep(0);
      return 42;
    }),
    42,
  );
  assertEquals(
    await run(function* () {
      yield* sleep(0);
      return 43;
    }),
    43,
  );
  const main = coroutine(function* (n: number) {
    yield* sleep(0);
    return n;
  });
  assertEquals(await run(main(44)), 44);
  assertEquals(await run(sleep(1, 45)), 45);
});

Deno.test("run() throws what the program throws, and closes the loop", async () => {
  let loop: BaseEventLoop | undefined;
  const error = new TypeError("spam");
  const thrown = await assertRejects(() =>
    run(async () => {
      loop = getRunningLoop() as BaseEventLoop;
      await sleep(0);
      throw error;
    })
  );
  assertStrictEquals(thrown, error);
  assert(loop!.isClosed());
});

Deno.test("run() and Runner refuse what is no factory of open loops, and tell what they got", async () => {
  const closed = new SimulatedEventLoop();
  closed.close();
  const running = new SimulatedEventLoop();
  let ended = () => {};
  const run1 = running.runUntilComplete(() => new Promise<void>((resolve) => ended = resolve));
  const rule =
    "Cannot use the loop: loopFactory must return an open event loop that is not running, " +
    "as in () => new MyLoop(), got ";
  const shape =
    "Cannot make a loop: loopFactory must be a function, as in () => new MyLoop(), got ";
  for (
    const [loopFactory, expected] of [
      [() => ({}), `TypeError: ${rule}an object`],
      [() => undefined, `TypeError: ${rule}undefined`],
      [() => null, `TypeError: ${rule}null`],
      [() => SimulatedEventLoop, `TypeError: ${rule}function SimulatedEventLoop`],
      [() => Promise.resolve(closed), `TypeError: ${rule}a promise`],
      [() => closed, `RuntimeError: ${rule}<SimulatedEventLoop closed>`],
      [() => running, `RuntimeError: ${rule}<SimulatedEventLoop running>`],
      [SimulatedEventLoop, `TypeError: ${shape}function SimulatedEventLoop, a class`],
      [new SimulatedEventLoop(), `TypeError: ${shape}<SimulatedEventLoop idle>`],
      [null, `TypeError: ${shape}null`],
      ["uvloop", `TypeError: ${shape}"uvloop"`],
    ] as const
  ) {
    const options = { loopFactory: loopFactory as never };
    let begun = false;
    const main = async () => await Promise.resolve(begun = true);
    const error = await assertRejects(() => run(main, options));
    assertEquals(String(error), expected);
    const runner = new Runner(options);
    assertEquals(String(assertThrows(() => runner.getLoop())), expected);
    await runner.close();
    assertFalse(begun);
  }
  ended();
  await run1;
  running.close();
});

Deno.test("run() takes a program only, and shows how", async () => {
  for (const bad of [1, "x", null, undefined, {}, Promise.resolve(), [sleep]]) {
    await assertRejects(
      () => run(bad as never),
      TypeError,
      "a coroutine or an async function is needed, as in run(async () => { … })",
    );
  }
  const plain = () => 5;
  await assertRejects(() => run(plain as never), TypeError, "must return a promise or a coroutine");
});

Deno.test("run() does not take a future", async () => {
  await using runner = new Runner(simulated);
  const future = runner.getLoop().createFuture();
  await assertRejects(
    () => runner.run(future as never),
    TypeError,
    "Cannot run <Future pending>: a coroutine or an async function is needed",
  );
});

Deno.test("run() inside a program is refused, and says what to do", async () => {
  await run(async () => {
    for (const again of [() => run(async () => {}), () => new Runner().run(async () => {})]) {
      await assertRejects(
        again,
        RuntimeError,
        "Cannot run a program: a loop is running already; await the coroutine, or use createTask()",
      );
    }
    await hostTurn();
    const coro = sleep(1, "still unused");
    await assertRejects(() => run(coro), RuntimeError);
    assertEquals(await coro, "still unused");
  });
});

Deno.test("run() inside a callback of the loop is refused", async () => {
  const errors: unknown[] = [];
  await run(async () => {
    getRunningLoop().callSoon(() => void run(async () => {}).catch((error) => errors.push(error)));
    await sleep(5);
  });
  assertInstanceOf(errors[0], RuntimeError);
});

Deno.test("run() after another has ended is fine, also from what that one has left", async () => {
  const later = Promise.withResolvers<unknown>();
  await run(async () => {
    await sleep(1);
    // Code that was started in a program carries its loop along for ever; that loop has ended.
    setTimeout(() => later.resolve(run(async () => await sleep(1, "second program"))), 20);
  });
  assertEquals(await later.promise, "second program");
});

Deno.test("run() sets debug mode as it is told", async () => {
  const inside = async () => {
    await sleep(0);
    return getRunningLoop().getDebug();
  };
  assertEquals(await run(inside), false);
  assertEquals(await run(inside, { debug: true }), true);
  assertEquals(await run(inside, { debug: false }), false);
  const loopFactory = () => {
    const loop = new SimulatedEventLoop();
    loop.setDebug(true);
    return loop;
  };
  assertEquals(await run(inside, { loopFactory }), true);
  assertEquals(await run(inside, { loopFactory, debug: false }), false);
});

Deno.test("run() uses the loop that the factory makes, once", async () => {
  class MyLoop extends DenoEventLoop {}
  let made = 0;
  const loop = await run(async () => {
    await sleep(0);
    return [getRunningLoop()];
  }, {
    loopFactory: () => {
      made++;
      return new MyLoop();
    },
  });
  assertEquals(made, 1);
  assertInstanceOf(loop[0], MyLoop);
  assert(loop[0].isClosed());
});

Deno.test("run() with a factory that fails fails with that", async () => {
  await assertRejects(
    () =>
      run(async () => {}, {
        loopFactory: () => {
          throw new TypeError("no loop today");
        },
      }),
    TypeError,
    "no loop today",
  );
});

// ---- What is left at the end ----------------------------------------------------------------------

Deno.test("run() cancels what is left, and waits for it to end", async () => {
  const order: string[] = [];
  const left: Task<unknown>[] = [];
  const result = await run(async () => {
    left.push(createTask(async () => {
      try {
        await sleep(1e6);
      } finally {
        order.push("async cleans up");
        await sleep(10);
        order.push("async is clean");
      }
    }));
    left.push(createTask(function* () {
      try {
        yield* sleep(1e6);
      } finally {
        order.push("generator cleans up");
        yield* sleep(5);
        order.push("generator is clean");
      }
    }));
    left.push(createTask(sleep(1e6)));
    await sleep(0);
    order.push("main ends");
    return 123;
  }, simulated);
  assertEquals(result, 123);
  assertEquals(order.slice(0, 1), ["main ends"]);
  assertEquals(order.slice(1, 3).toSorted(), ["async cleans up", "generator cleans up"]);
  assertEquals(order.slice(3), ["generator is clean", "async is clean"]);
  for (const task of left) assert(task.cancelled());
});

Deno.test("run() cancels what is left also when the program fails", async () => {
  let left: Task<unknown> | undefined;
  await assertRejects(
    () =>
      run(async () => {
        left = createTask(sleep(1e6));
        await sleep(0);
        throw new TypeError("main");
      }, simulated),
    TypeError,
    "main",
  );
  assert(left!.cancelled());
});

Deno.test("run() reports errors of what it cancels, each once", async () => {
  const reports: ExceptionContext[] = [];
  let left: Task<unknown> | undefined;
  const result = await run(async () => {
    getRunningLoop().setExceptionHandler((_loop, context) => void reports.push(context));
    left = createTask(async () => {
      try {
        await sleep(1e6);
      } catch {
        throw new TypeError("in the clean-up");
      }
    });
    await sleep(0);
    return 123;
  }, simulated);
  assertEquals(result, 123);
  assertEquals(reports.length, 1);
  assertEquals(reports[0]!.message, "Unhandled exception during the shutdown of run()");
  assertEquals((reports[0]!.exception as Error).message, "in the clean-up");
  assertStrictEquals(reports[0]!.task, left);
});

Deno.test("A task that refuses to be cancelled is waited for", async () => {
  let task: Task<string> | undefined;
  await run(async () => {
    task = createTask(async () => {
      try {
        await sleep(1e6);
      } catch {
        await sleep(50);
      }
      return "went on";
    });
    await sleep(0);
  }, simulated);
  assertEquals(task!.result(), "went on");
});

Deno.test("run() ends a hundred and fifty thousand tasks", async () => {
  let ended = 0;
  await run(async () => {
    for (let i = 0; i < 150_000; i++) {
      createTask(function* () {
        try {
          yield* sleep(1e6);
        } finally {
          ended++;
        }
      });
    }
    await sleep(0);
  }, simulated);
  assertEquals(ended, 150_000);
});

Deno.test("Tasks that are made during the shutdown are dropped with the loop", async () => {
  let made: Task<void> | undefined;
  await run(async () => {
    createTask(async () => {
      try {
        await sleep(1e6);
      } finally {
        made = createTask(sleep(1e6));
      }
    });
    await sleep(0);
  }, simulated);
  assertFalse(made!.done());
});

// ---- Runner ---------------------------------------------------------------------------------------

Deno.test("Runner runs several programs on one loop", async () => {
  const loops: unknown[] = [];
  const program = (result: string) => async () => {
    loops.push(getRunningLoop());
    await sleep(1);
    return result;
  };
  const runner = new Runner();
  assertEquals(await runner.run(program("first")), "first");
  assertEquals(await runner.run(program("second")), "second");
  assertStrictEquals(loops[0], loops[1]);
  assertStrictEquals(runner.getLoop(), loops[0]);
  await runner.close();
  assert((loops[0] as BaseEventLoop).isClosed());
});

Deno.test("Runner makes its loop at the first use", async () => {
  let made = 0;
  const loopFactory = () => {
    made++;
    return newEventLoop();
  };
  const runner = new Runner({ loopFactory });
  assertEquals(made, 0);
  const loop = runner.getLoop();
  assertStrictEquals(runner.getLoop(), loop);
  await runner.run(sleep(0));
  assertEquals(made, 1);
  await runner.close();
  const unused = new Runner({ loopFactory });
  await unused.close();
  assertEquals(made, 1);
});

Deno.test("Runner that is closed can be closed again, and nothing else", async () => {
  const runner = new Runner();
  const loop = runner.getLoop();
  await runner.close();
  await runner.close();
  assert(loop.isClosed());
  assertThrows(() => runner.getLoop(), RuntimeError, "Cannot use the runner: it is closed");
  const coro = sleep(1);
  await assertRejects(() => runner.run(coro), RuntimeError, "Cannot use the runner: it is closed");
  coro.close();
});

Deno.test("Runner is closed by await using, also after a failure", async () => {
  let loop: BaseEventLoop | undefined;
  await assertRejects(
    async () => {
      await using runner = new Runner();
      loop = runner.getLoop() as BaseEventLoop;
      await runner.run(async () => {
        await sleep(0);
        throw new TypeError("inside");
      });
    },
    TypeError,
    "inside",
  );
  assert(loop!.isClosed());
});

Deno.test("Runner leaves tasks to the next program, and cancels them when it closes", async () => {
  const runner = new Runner(simulated);
  let ticks = 0;
  const ticker = await runner.run(async () => {
    const task = createTask(async () => {
      for (;;) {
        await sleep(10);
        ticks++;
      }
    });
    await sleep(35);
    return [task];
  });
  assertEquals(ticks, 3);
  await runner.run(sleep(30));
  assertEquals(ticks, 6);
  await runner.close();
  assert(ticker[0]!.cancelled());
});

Deno.test("Runner keeps its context between programs", async () => {
  const c = new ContextVar("c", { defaultValue: -1 });
  await using runner = new Runner();
  const set = (value: number) => async () => {
    const before = c.get();
    await sleep(0);
    c.set(value);
    return before;
  };
  assertEquals(await runner.run(set(1)), -1);
  assertEquals(await runner.run(set(2)), 1);
  assertEquals(
    (await runner.run(async () => {
      await sleep(0);
      return copyContext();
    })).get(c),
    2,
  );
  assertEquals(c.get(), -1);
});

Deno.test("Runner.run() takes another context", async () => {
  const c = new ContextVar("c", { defaultValue: "default" });
  await using runner = new Runner();
  const context = new Context();
  context.run(() => c.set("given"));
  const read = async () => {
    await sleep(0);
    const value = c.get();
    c.set("changed");
    return value;
  };
  assertEquals(await runner.run(read, { context }), "given");
  assertEquals(context.get(c), "changed");
  assertEquals(await runner.run(read), "default");
});

Deno.test("Runner's context is a copy of the one in which its loop was made", async () => {
  const c = new ContextVar("c", { defaultValue: "default" });
  const runner = new Runner();
  const context = new Context();
  context.run(() => {
    c.set("of the first use");
    runner.getLoop();
  });
  assertEquals(await runner.run(async () => await sleep(0, c.get())), "of the first use");
  await runner.close();
});

Deno.test("Runner.run() while it runs is refused", async () => {
  await using runner = new Runner(simulated);
  const first = runner.run(sleep(50, "first"));
  const coro = sleep(1);
  await assertRejects(
    () => runner.run(coro),
    RuntimeError,
    "Cannot run a program: the runner is already running one",
  );
  assertEquals(await first, "first");
  assertEquals(await runner.run(coro), undefined);
});

Deno.test("Runner.close() inside its own program is refused, and the program goes on", async () => {
  const runner = new Runner();
  const result = await runner.run(async () => {
    await assertRejects(
      () => runner.close(),
      RuntimeError,
      "Cannot close the runner: it is running a program",
    );
    return await sleep(1, "went on");
  });
  assertEquals(result, "went on");
  await runner.close();
  assertThrows(() => runner.getLoop(), RuntimeError, "closed");
});

Deno.test("Runner makes the main task with the loop's task factory", async () => {
  class MyTask<T> extends Task<T> {}
  await using runner = new Runner(simulated);
  runner.getLoop().setTaskFactory((loop, coro, options) =>
    new MyTask(coro, { ...options, loop: loop as BaseEventLoop })
  );
  await runner.run(async () => {
    await sleep(0);
    assertInstanceOf(currentTask(), MyTask);
  });
});

Deno.test("Runner works with a loop that knows no signals", async () => {
  class NoSignals extends BaseEventLoop {}
  assertEquals(await run(sleep(2, "done"), { loopFactory: () => new NoSignals() }), "done");
});

Deno.test("A program that cancels itself throws CancelledError, not KeyboardInterrupt", async () => {
  await assertRejects(
    () =>
      run(async () => {
        (currentTask() as Task<unknown>).cancel("myself");
        await sleep(1);
      }),
    CancelledError,
    "myself",
  );
});

Deno.test("A program that throws KeyboardInterrupt ends with it, and is cleaned up", async () => {
  let cleaned = false;
  await assertRejects(() =>
    run(async () => {
      createTask(async () => {
        try {
          await sleep(1e6);
        } finally {
          cleaned = true;
        }
      });
      await sleep(1);
      throw new KeyboardInterrupt();
    }), KeyboardInterrupt);
  assert(cleaned);
});

Deno.test("run() looks at no result: one that cannot be described does no harm", async () => {
  let described = 0;
  const result = await run(async () => {
    await sleep(0);
    return {
      toString() {
        described++;
        throw new TypeError();
      },
    };
  });
  assertEquals(described, 0);
  assertEquals(typeof result, "object");
});

Deno.test("run() leaves nothing behind in the host", async () => {
  // The sanitizers look at timers, sockets and signal listeners.
  for (let i = 0; i < 20; i++) {
    await run(async () => {
      getRunningLoop().callLater(1e6, () => {});
      createTask(() => new Future<void>());
      await sleep(i % 2);
      return allTasks().size;
    });
  }
});
