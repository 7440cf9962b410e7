/** `WorkerPoolExecutor`: what becomes of errors. */
import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { CancelledError, ExceptionGroup } from "../../../futures/mod.ts";
import type { ModuleFunction } from "../../../loop/mod.ts";
import * as library from "../../../mod.ts";
import { failureOf, testPool } from "./_pool.ts";
import type * as work from "./_work.ts";

const WORK = import.meta.resolve("./_work.ts");

testPool(
  "A built-in error comes back as an instance, with message, stack and cause",
  async (pool) => {
    const error = await failureOf(pool.submit(function check() {
      throw new RangeError("too much", { cause: new TypeError("inner", { cause: "the bottom" }) });
    }));
    assertInstanceOf(error, RangeError);
    assertStrictEquals(error.constructor, RangeError);
    assertEquals(error.message, "too much");
    assertEquals(error.name, "RangeError");
    assertEquals(Object.keys(error), []);
    assertMatch(error.stack!, /^RangeError: too much\n {4}at check \(.*asyncio:function\/check/);
    assertFalse(error.stack!.includes("asyncio:worker"), error.stack);
    assertInstanceOf(error.cause, TypeError);
    assertEquals(error.cause.cause, "the bottom");
  },
);

testPool("Every built-in class of errors is known", async (pool) => {
  const names = "Error EvalError RangeError ReferenceError SyntaxError TypeError URIError".split(
    " ",
  );
  for (const name of names) {
    const error = await failureOf(pool.submit((name: string) => {
      const { [name]: Class } = globalThis as unknown as Record<string, ErrorConstructor>;
      throw new Class!(name);
    }, name));
    const { [name]: Class } = globalThis as unknown as Record<string, ErrorConstructor>;
    assertStrictEquals(error.constructor, Class);
    assertEquals(error.message, name);
  }
});

testPool(
  "The errors inside an AggregateError or a SuppressedError come back as well",
  async (pool) => {
    const several = await failureOf(pool.submit(() => {
      throw new AggregateError([new RangeError("a"), 5, { b: 1 }], "several");
    }));
    assertInstanceOf(several, AggregateError);
    assertInstanceOf(several.errors[0], RangeError);
    assertEquals(several.errors.slice(1), [5, { b: 1 }]);
    assertEquals(Object.keys(several), []);
    const suppressed = await failureOf(pool.submit(() => {
      using _ = { [Symbol.dispose]: () => JSON.parse("{") };
      throw new RangeError("first");
    }));
    assertInstanceOf(suppressed, SuppressedError);
    assertInstanceOf(suppressed.error, SyntaxError);
    assertInstanceOf(suppressed.suppressed, RangeError);
  },
);

testPool("A DOMException keeps its name and code", async (pool) => {
  const error = await failureOf(pool.submit(() => {
    AbortSignal.abort().throwIfAborted();
  }));
  assertInstanceOf(error, DOMException);
  assertEquals(error.name, "AbortError");
  assertEquals(error.code, DOMException.ABORT_ERR);
});

testPool("An error of Deno's comes back as an instance", async (pool) => {
  const error = await failureOf(pool.submit(() => Deno.readTextFileSync("/no/such/file")));
  assertInstanceOf(error, Deno.errors.NotFound);
  assertStringIncludes(error.message, "/no/such/file");
  assertEquals((error as Error & { code?: string }).code, "ENOENT");
});

testPool("An error of this library comes back as an instance", async (pool) => {
  const cases: [name: string, ...args: unknown[]][] = [
    ["BrokenBarrierError", "broken"],
    ["CancelledError", "enough"],
    ["ExceptionGroup", "several", [5]],
    ["GAIError", "EAI_NONAME", "no such host"],
    ["IncompleteReadError", new Uint8Array([1, 2]), 5],
    ["InvalidStateError", "done already"],
    ["LimitOverrunError", "too long", 17],
    ["NotImplementedError", "not here"],
    ["QueueEmpty"],
    ["QueueFull"],
    ["QueueShutDown"],
    ["RuntimeError", "running"],
    ["TimeoutError", "too late"],
    ["WorkerDiedError", "gone", 1],
  ];
  const classes = library as unknown as Record<string, new (...args: unknown[]) => Error>;
  for (const [name, ...args] of cases) {
    const raise: ModuleFunction = { module: WORK, name: "raise" };
    const error = await failureOf(pool.submit(raise, name, ...args));
    const expected = new classes[name]!(...args);
    assertStrictEquals(error.constructor, classes[name]);
    assertEquals([error.name, error.message], [name, expected.message]);
    for (const key of Object.keys(expected) as (keyof Error)[]) {
      assertEquals(error[key], expected[key], `${name}.${key}`);
    }
  }
});

testPool("A CancelledError from a worker tells of no reason", async (pool) => {
  const error = await failureOf(pool.submit({ module: WORK, name: "raise" }, "CancelledError"));
  assertInstanceOf(error, CancelledError);
  assertEquals([error.reason, error.origin, error.message], [undefined, undefined, ""]);
});

testPool(
  "An error of one's own class keeps its name and fields, on the nearest class",
  async (pool) => {
    const error = await failureOf(pool.submit({ module: WORK, name: "parse" }));
    assertInstanceOf(error, SyntaxError);
    const { name, message, line, details, retry } = error as work.ParseError;
    assertEquals({ name, message, line, details, retry: retry as unknown }, {
      name: "ParseError",
      message: "unexpected end",
      line: 7,
      details: { column: 3 },
      retry: undefined,
    });
    assertStringIncludes(error.stack!, "_work.ts");
    const cause = error.cause as work.ParseError;
    assertInstanceOf(cause, SyntaxError);
    assertEquals([cause.name, cause.line], ["ParseError", 1]);
  },
);

testPool("An error keeps a name that it was given", async (pool) => {
  const error = await failureOf(pool.submit(() => {
    throw Object.assign(new Error("full"), { name: "DiskError", free: 0 });
  }));
  assertEquals([error.name, error.message], ["DiskError", "full"]);
  assertEquals(Object.entries(error), [["free", 0]]);
});

testPool("Errors that refer to each other come back so", async (pool) => {
  const error = await failureOf(pool.submit(() => {
    const error = new Error("circular");
    error.cause = new TypeError("inner", { cause: error });
    throw error;
  }));
  assertInstanceOf(error.cause, TypeError);
  assertStrictEquals(error.cause.cause, error);
});

testPool("What is thrown and is no error comes back as it is", async (pool) => {
  const thrown = await Promise.resolve(pool.submit(() => {
    throw { code: 5 };
  })).catch((reason: unknown) => reason);
  assertEquals(thrown, { code: 5 });
});

testPool("An error that nobody waits for ends no program", async (pool) => {
  pool.submit(() => {
    throw new Error("unobserved");
  });
  await pool.shutdown();
});

testPool("A group of errors comes back as one, with the errors in it", async (pool) => {
  const group = await failureOf(pool.submit({ module: WORK, name: "failTogether" }));
  assertInstanceOf(group, ExceptionGroup);
  assertEquals(group.title, "both failed");
  assertMatch(group.message, /^both failed \(2 sub-exceptions\)/);
  const [syntax, rest] = group.split(SyntaxError);
  assertEquals((syntax?.exceptions[0] as work.ParseError).name, "ParseError");
  assertInstanceOf(rest?.exceptions[0], ExceptionGroup);
  assertInstanceOf(rest.exceptions[0].exceptions[0], RangeError);
});
