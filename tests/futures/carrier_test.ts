/** Both carriers carry the same values to the same places. */
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { type Carrier, EngineCarrier, findEngine, makeCarrier } from "../../futures/_carrier.ts";

const engine = findEngine<string>();
const carriers: [string, Carrier<string>][] = [
  ["AsyncLocalStorage", new AsyncLocalStorage<string>()],
  ...(engine === undefined
    ? []
    : [["EngineCarrier", new EngineCarrier(engine)] as [string, Carrier<string>]]),
];

Deno.test("The carrier in use is that of the engine, on this version of Deno", () => {
  assertInstanceOf(makeCarrier(), EngineCarrier);
});

for (const [name, carrier] of carriers) {
  Deno.test(`${name} carries a value across every kind of wait`, async () => {
    const seen: (string | undefined)[] = [];
    const note = () => void seen.push(carrier.getStore());
    async function work() {
      note();
      await undefined;
      note();
      await new Promise((resolve) => setTimeout(resolve, 1));
      note();
      await new Promise((resolve) => setImmediate(resolve));
      note();
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      note();
      await Deno.lstat(".");
      note();
    }
    await Promise.all([carrier.run("a", work), carrier.run("b", work)]);
    assertEquals(seen.filter((each) => each === "a").length, 6);
    assertEquals(seen.filter((each) => each === "b").length, 6);
    assertEquals(carrier.getStore(), undefined);
  });

  Deno.test(`${name} gives back what was carried before, also after an error`, () => {
    carrier.run("outer", () => {
      carrier.run("inner", () => assertEquals(carrier.getStore(), "inner"));
      assertThrows(() =>
        carrier.run("inner", () => {
          throw new RangeError("no");
        }), RangeError);
      assertEquals(carrier.getStore(), "outer");
    });
    assertEquals(carrier.getStore(), undefined);
  });

  Deno.test(`${name} leaves alone what others carry, on both sides`, async () => {
    const other = new AsyncLocalStorage<string>();
    const look = async () => {
      await undefined;
      return [carrier.getStore(), other.getStore()];
    };
    assertEquals(await other.run("theirs", () => carrier.run("ours", look)), ["ours", "theirs"]);
    assertEquals(await carrier.run("ours", () => other.run("theirs", look)), ["ours", "theirs"]);
    assertEquals(await other.run("theirs", look), [undefined, "theirs"]);
    assertEquals(await carrier.run("ours", look), ["ours", undefined]);
  });

  Deno.test(`${name} passes arguments, this-less, and the result`, () => {
    assertEquals(carrier.run("x", (a: number, b: number) => a + b, 1, 2), 3);
  });
}
