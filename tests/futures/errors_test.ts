/** The exceptions that every part shares. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import {
  CancelledError,
  InvalidStateError,
  KeyboardInterrupt,
  NotImplementedError,
  RuntimeError,
  sleep,
  TimeoutError,
} from "../../futures/mod.ts";
import { testAsync } from "../_helpers.ts";

Deno.test("Every exception has its class's name and is an Error with a stack", () => {
  const cause = new TypeError("cause");
  for (
    const Exception of [
      InvalidStateError,
      KeyboardInterrupt,
      NotImplementedError,
      RuntimeError,
      TimeoutError,
    ]
  ) {
    const error = new Exception("message", { cause });
    assertInstanceOf(error, Error);
    assertEquals(error.name, Exception.name);
    assertEquals(error.message, "message");
    assertStrictEquals(error.cause, cause);
    assertEquals(String(error), `${Exception.name}: message`);
    assert(error.stack!.includes("errors_test.ts"));
  }
  assertInstanceOf(new NotImplementedError(), RuntimeError);
});

Deno.test("CancelledError is an Error in every respect but its stack", () => {
  const plain = new CancelledError();
  assertInstanceOf(plain, Error);
  assertInstanceOf(plain, CancelledError);
  assertEquals(plain.name, "CancelledError");
  assertEquals(plain.message, "");
  assertEquals(String(plain), "CancelledError");
  assertEquals(plain.stack, "CancelledError");
  assertFalse("cause" in plain);
  const cause = new TypeError();
  const error = new CancelledError("why", { cause });
  assertEquals(String(error), "CancelledError: why");
  assertEquals(error.stack, "CancelledError: why");
  assertStrictEquals(error.cause, cause);
  assertEquals(error.reason, undefined);
  assertEquals(error.origin, undefined);
  assertFalse(new TypeError() instanceof CancelledError);
});

Deno.test("CancelledError can be inherited from and be told apart", () => {
  class Shutdown extends CancelledError {
    override get name(): string {
      return "Shutdown";
    }
  }
  const error = new Shutdown("closing");
  assertInstanceOf(error, CancelledError);
  assertInstanceOf(error, Error);
  assertEquals(String(error), "Shutdown: closing");
});

Deno.test("CancelledError prints as an error prints", () => {
  assert(Deno.inspect(new CancelledError("why")).includes("CancelledError: why"));
});

testAsync("CancelledError has a stack in debug mode", async ({ loop }) => {
  const task = loop.createTask(sleep(1000));
  await sleep(0);
  task.cancel("why");
  try {
    await task;
  } catch (error) {
    assertInstanceOf(error, CancelledError);
    assertEquals(error.stack.startsWith("CancelledError: why\n    at "), loop.getDebug());
  }
});
