/** `WorkerPoolExecutor`: which functions can run in a worker. */
import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import { coroutine } from "../../../futures/mod.ts";
import type { ExecutorFunction, ModuleFunction } from "../../../loop/mod.ts";
import { Gate } from "./_gate.ts";
import { failureOf, testPool } from "./_pool.ts";
import type * as work from "./_work.ts";

const WORK = import.meta.resolve("./_work.ts");

testPool("A function runs in a worker with its arguments", async (pool) => {
  function add(a: number, b: number): number {
    return a + b;
  }
  const sum: number = await pool.submit(add, 1, 2);
  assertEquals(sum, 3);
  assertEquals(await pool.submit((x) => x.length, "four"), 4);
  assertEquals(await pool.submit({ function: add }, 3, 4), 7);
  assertEquals(await pool.submit(() => typeof Deno.version.deno + typeof self), "stringobject");
});

testPool("An async function is waited for in the worker", async (pool) => {
  const name: string = await pool.submit(async (path: string) => {
    const { basename } = await import("node:path");
    return basename(path);
  }, "a/b.txt");
  assertEquals(name, "b.txt");
});

testPool(
  "A function that recurs, declares and closes over itself is self-contained",
  async (pool) => {
    function* naturals() {
      for (let n = 0;; n++) yield n;
    }
    assertThrows(() => void pool.submit(() => naturals().next()), TypeError, "it uses naturals");
    function primes(limit: number): number[] {
      const isPrime = (n: number) => !found.some((prime) => n % prime === 0);
      const found: number[] = [];
      for (let n = 2; n < limit; n++) if (isPrime(n)) found.push(n);
      return limit > 20 ? primes(20) : found;
    }
    assertEquals(await pool.submit(primes, 100), [2, 3, 5, 7, 11, 13, 17, 19]);
  },
);

testPool("A function that is sent again is compiled once, within reason", async (pool) => {
  function count(): number {
    const self = count as { calls?: number };
    return self.calls = (self.calls ?? 0) + 1;
  }
  assertEquals([await pool.submit(count), await pool.submit(count)], [1, 2]);
  // A program that makes up functions must not fill the memory of the worker with them.
  const others = Array.from({ length: 300 }, (_, i) => new Function(`return ${i}`) as () => number);
  for (const other of others) await pool.submit(other);
  assertEquals(await pool.submit(count), 1);
}, 1);

testPool("A function of a module is called by its name", async (pool) => {
  const double: ModuleFunction<[number], number> = { module: WORK, name: "double" };
  const doubled: number = await pool.submit(double, 21);
  assertEquals(doubled, 42);
  type Double = typeof work.double;
  const other: ModuleFunction<Parameters<Double>, ReturnType<Double>> = {
    module: new URL(WORK),
    name: "double",
  };
  assertEquals(await pool.submit(other, 4), 8);
  assertEquals(await pool.submit({ module: WORK, name: "default" }), "the default export");
  const basename = { module: "node:path", name: "basename" };
  assertEquals(await pool.submit(basename, "a/b"), "b");
});

testPool("A module is loaded once for each worker", async (pool) => {
  const count = { module: WORK, name: "countCalls" };
  assertEquals(await pool.submit(count), 1);
  assertEquals(await pool.submit(count), 2);
}, 1);

testPool(
  "A name that a module does not export, or not as a function, is an error",
  async (pool) => {
    const nothing = await failureOf(pool.submit({ module: WORK, name: "nothing" }));
    assertInstanceOf(nothing, TypeError);
    assertEquals(
      nothing.message,
      `Cannot call "nothing" of ${WORK}: the module has no such export`,
    );
    const constant = await failureOf(pool.submit({ module: WORK, name: "constant" }));
    assertInstanceOf(constant, TypeError);
    assertStringIncludes(constant.message, "exports it, but it is no function (number)");
    const missing = await failureOf(pool.submit({ module: WORK + "x", name: "double" }));
    assertInstanceOf(missing, TypeError);
    assertStringIncludes(missing.message, "Module not found");
  },
);

testPool("A function that uses variables of the code around it is refused at the call", (pool) => {
  const table = [1, 2, 3];
  let calls = 0;
  const refused = assertThrows(
    () =>
      void pool.submit(function lookUp(i: number) {
        calls++;
        return table[i];
      }, 1),
    TypeError,
  );
  assertEquals(
    refused.message,
    "Cannot run function lookUp in a worker: it uses calls and table of the code around it, which " +
      "does not go along; give it all it needs as arguments, or export it from a module and give " +
      "{ module, name }",
  );
  assertEquals(calls, 0);
  assertThrows(() => void pool.submit(() => import.meta.url), TypeError, "uses import.meta of");
  assertThrows(() => void pool.submit(() => Gate), TypeError, "uses Gate of");
});

testPool(
  "A variable that has the name of something only the main thread has is refused",
  (pool) => {
    const name = "mine";
    const toString = () => name;
    assertThrows(() => void pool.submit(() => name), TypeError, "uses name of");
    assertThrows(() => void pool.submit(() => toString()), TypeError, "uses toString of");
    assertThrows(
      () => void pool.submit(() => localStorage.length),
      TypeError,
      "uses localStorage of",
    );
  },
);

testPool("What is no function that can be sent is refused at the call", (pool) => {
  class Sensor {
    value = 1;
    read(): number {
      return this.value;
    }
    readLater = () => this.value;
    get latest(): number {
      return this.value;
    }
  }
  const sensor = new Sensor();
  const getter = Object.getOwnPropertyDescriptor(Sensor.prototype, "latest")!.get!;
  const cases: [func: unknown, message: string][] = [
    [Math.max, "function max in a worker: a bound or built-in function has no source to send"],
    [sensor.read.bind(sensor), "function bound read in a worker: a bound or built-in"],
    [sensor.read, "function read in a worker: its source does not stand for itself"],
    [getter, "function get latest in a worker: its source does not stand for itself"],
    [sensor.readLater, "function readLater in a worker: it uses this of the code around it"],
    [Sensor, "function Sensor in a worker: it is a class; a function is needed"],
    [function* () {}, "a coroutine function needs the event loop"],
    [async function* () {}, "a coroutine function needs the event loop"],
    [coroutine(function* () {}), "a coroutine function needs the event loop"],
    [coroutine(function* () {})(), "a function is needed, or { module, name }"],
    [undefined, "Cannot run undefined in a worker: a function is needed, or { module, name }"],
    ["double", 'Cannot run "double" in a worker: a function is needed'],
    [{ function: "double" }, 'Cannot run "double" in a worker: a function is needed'],
    [{}, "Cannot run an object in a worker: a function is needed, or { module, name }"],
    [
      { module: "./work.ts", name: "x" },
      "the module must be an absolute URL, as import.meta.resolve",
    ],
    [{ module: WORK }, "the name that it is exported by must be a string, got undefined"],
  ];
  for (const [func, message] of cases) {
    const submit = () => void pool.submit(func as ExecutorFunction<[], unknown>);
    assertThrows(submit, TypeError, message);
  }
});

testPool(
  "A variable that the engine alone can tell to be missing is named by the error",
  async (pool) => {
    const error = await failureOf(pool.submit(() => (0, eval)("elsewhere")));
    assertInstanceOf(error, ReferenceError);
    assertEquals(error.message, "elsewhere is not defined");
  },
);
