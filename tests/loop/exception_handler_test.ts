/** The exception handler: set, get, call, default, and broken ones. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Coroutine, type ExceptionContext, KeyboardInterrupt, sleep } from "../../futures/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { type Program, testLoop } from "../_helpers.ts";

/** Runs `body` and gives back what it has printed as errors. */
async function printed(body: () => void | Promise<void>): Promise<string> {
  const { error } = console;
  const lines: string[] = [];
  console.error = (...parts: unknown[]) => {
    lines.push(parts.map((part) => typeof part === "string" ? part : Deno.inspect(part)).join(" "));
  };
  try {
    await body();
  } finally {
    console.error = error;
  }
  return lines.join("\n");
}

function broken(): never {
  throw new TypeError("broken callback");
}

async function runBroken(loop: SimulatedEventLoop): Promise<void> {
  loop.callSoon(broken);
  await loop.runUntilComplete(sleep(1));
}

testLoop("The exception handler is told of an error, and can be replaced", async ({ loop }) => {
  const seen: string[] = [];
  const first = (of: unknown, { message }: ExceptionContext) => {
    assertStrictEquals(of, loop);
    seen.push(`first: ${message}`);
  };
  loop.setExceptionHandler(first);
  assertStrictEquals(loop.getExceptionHandler(), first);
  await runBroken(loop);
  loop.setExceptionHandler((_loop, { message }) => void seen.push(`second: ${message}`));
  await runBroken(loop);
  assertEquals(seen, [
    "first: Exception in callback <Handle function broken>",
    "second: Exception in callback <Handle function broken>",
  ]);
});

testLoop("setExceptionHandler() refuses what is no function", ({ loop }) => {
  const before = loop.getExceptionHandler();
  for (const bad of ["spam", 5, null, {}]) {
    assertThrows(
      () => loop.setExceptionHandler(bad as never),
      TypeError,
      "Cannot set the exception handler: it must be a function or undefined, got",
    );
  }
  assertStrictEquals(loop.getExceptionHandler(), before);
});

testLoop("Without a handler, errors are printed", async ({ loop }) => {
  loop.setExceptionHandler(undefined);
  assertEquals(loop.getExceptionHandler(), undefined);
  const text = await printed(() => runBroken(loop));
  assertMatch(text, /^Exception in callback <Handle function broken>\n/);
  assertMatch(text, /handle: <Handle function broken>/);
  assertMatch(text, /\nTypeError: broken callback\n +at broken .*exception_handler_test\.ts/);
  assertEquals(/made at/.test(text), loop.getDebug());
});

testLoop("defaultExceptionHandler() prints what it is told, key by key", async ({ loop }) => {
  const text = await printed(() =>
    loop.defaultExceptionHandler({
      message: "Something happened",
      zebra: "last",
      answer: 42,
      sourceTraceback: "Error\n    at here (file.ts:1:1)\n    at there (file.ts:2:2)",
    })
  );
  assertEquals(
    text,
    "Something happened\nanswer: 42\nmade at (most recent call first):\n" +
      '    at here (file.ts:1:1)\n    at there (file.ts:2:2)\nzebra: "last"',
  );
  assertMatch(
    await printed(() => loop.defaultExceptionHandler({ message: "" })),
    /^Unhandled exception in the event loop$/,
  );
});

testLoop("callExceptionHandler() calls the handler with what it is given", ({ loop }) => {
  const contexts: ExceptionContext[] = [];
  loop.setExceptionHandler((_loop, context) => void contexts.push(context));
  const context = { message: "my own", detail: 1 };
  loop.callExceptionHandler(context);
  assertStrictEquals(contexts[0], context);
});

testLoop("A handler that fails hides neither its own error nor what it was told", async (t) => {
  t.loop.setExceptionHandler(() => {
    throw new RangeError("broken handler");
  });
  let after = false;
  const text = await printed(async () => {
    t.loop.callSoon(broken);
    t.loop.callSoon(() => after = true);
    await t.loop.runUntilComplete(sleep(1));
  });
  assert(after);
  assertMatch(text, /^Unhandled error in the exception handler\n/);
  assertMatch(text, /RangeError: broken handler/);
  assertMatch(text, /Exception in callback <Handle function broken>/);
  assertMatch(text, /TypeError: broken callback/);
});

testLoop("A default handler that fails is printed, and the run goes on", async () => {
  class Loop extends SimulatedEventLoop {
    told: ExceptionContext[] = [];
    override defaultExceptionHandler(context: ExceptionContext): void {
      this.told.push(context);
      throw new RangeError("broken default");
    }
  }
  const loop = new Loop();
  const text = await printed(() => runBroken(loop));
  assertEquals(loop.told.length, 1);
  assertMatch(text, /^Exception in the default exception handler\n/);
  assertMatch(text, /RangeError: broken default/);
  loop.close();
});

testLoop("A handler may pass on to the default one", async ({ loop }) => {
  loop.setExceptionHandler((loop, context) => {
    if (!(context.exception instanceof RangeError)) loop.defaultExceptionHandler(context);
  });
  const text = await printed(async () => {
    loop.callSoon(() => {
      throw new RangeError("mine");
    });
    await runBroken(loop);
  });
  assertMatch(text, /broken callback/);
  assertEquals(/mine/.test(text), false);
});

testLoop("A task whose parts cannot be described is reported all the same", async (t) => {
  class Nameless extends Coroutine<void> {
    override get name(): string {
      throw new TypeError("hostile");
    }
    protected override *_start(): Program<void> {
      yield* sleep(1);
    }
  }
  const task = t.loop.createTask(new Nameless());
  task.addDoneCallback(broken);
  await t.loop.runUntilComplete(sleep(2));
  const [message, ...more] = t.takeMessages();
  assertMatch(message!, /broken of <Task finished .* coro=an object that cannot be described>$/);
  assertEquals(more, []);
});

testLoop("What cannot be described is reported all the same", async ({ loop }) => {
  loop.setExceptionHandler(undefined);
  const hostile = {
    toString() {
      throw new TypeError("hostile");
    },
  };
  const text = await printed(async () => {
    const future = loop.createFuture<unknown>();
    future.setResult(hostile);
    future.addDoneCallback(broken);
    await loop.runUntilComplete(sleep(1));
    loop.callExceptionHandler({ message: "With details", hostile, self: undefined });
    loop.callSoon(Object.defineProperty(broken.bind(null), "name", { get: hostile.toString }));
    await loop.runUntilComplete(sleep(1));
  });
  assertMatch(text, /Exception in callback <Handle an unnamed function>/);
  assertMatch(text, /Exception in callback .*broken/);
  assertMatch(text, /With details\nhostile: an object that cannot be described\nself: undefined/);
});

testLoop(
  "A KeyboardInterrupt of the handler ends the run, wherever it comes from",
  async ({ loop }) => {
    const failures: Record<string, () => void> = {
      "a callback": () => void loop.callSoon(broken),
      "an async callback": () => void loop.callSoon(async () => await broken()),
      "a chain": () => {
        const future = loop.createFuture<void>();
        future.then(broken);
        future.setResult();
      },
    };
    for (const [name, fail] of Object.entries(failures)) {
      loop.setExceptionHandler(() => {
        throw new KeyboardInterrupt(name);
      });
      fail();
      await assertRejects(() => loop.runForever(), KeyboardInterrupt, name);
    }
  },
  // There, an async function is refused as a callback.
  { debug: false },
);

testLoop("An async function given to callSoon() that fails ends no process", async (t) => {
  const failure = new Error("late");
  t.loop.callSoon(async () => {
    await undefined;
    throw failure;
  });
  t.loop.callLater(1, () => t.loop.stop());
  await t.loop.runForever();
  const [report] = t.takeReports();
  assertStrictEquals(report?.exception, failure);
}, { debug: false });
