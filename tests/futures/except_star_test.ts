/** `exceptStar()`: what `except*` does, case by case of PEP 654. */
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  ExceptionGroup,
  exceptStar,
  KeyboardInterrupt,
  sleep,
  taskGroup,
} from "../../futures/mod.ts";
import { errorOf, testAsync, testProgram } from "../_helpers.ts";

const a = new TypeError("a");
const b = new RangeError("b");
const c = new SyntaxError("c");
const group = new ExceptionGroup("group", [a, new ExceptionGroup("inner", [b, c])]);

function throws(error: unknown): () => Promise<never> {
  // deno-lint-ignore require-await
  return async () => {
    throw error;
  };
}

function leaves(error: unknown): unknown {
  return error instanceof ExceptionGroup ? error.exceptions.map(leaves) : error;
}

testProgram("exceptStar() gives the result of a body that does not fail", function* (t) {
  const body = t.body(function* () {
    yield* t.wait(sleep(1));
    return 5;
  });
  assertEquals(yield* t.wait(exceptStar(body, [Error, () => assert(false)])), 5);
});

testProgram("exceptStar() gives each error to the first clause that means it", function* (t) {
  const seen: unknown[] = [];
  const result = yield* t.wait(exceptStar(
    throws(group),
    [TypeError, (errors) => void seen.push(["types", leaves(errors)])],
    [[RangeError, TypeError], (errors) => void seen.push(["ranges", leaves(errors)])],
    [Error, (errors) => void seen.push(["others", leaves(errors)])],
    [Error, () => assert(false)],
  ));
  assertEquals(result, undefined);
  assertEquals(seen, [["types", [a]], ["ranges", [[b]]], ["others", [[c]]]]);
});

testProgram("exceptStar() throws what no clause means, in its structure", function* (t) {
  const error = yield* errorOf(t.wait(exceptStar(throws(group), [RangeError, () => {}])));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals(error.title, "group");
  assertEquals(leaves(error), [a, [c]]);
  // Without any clause that means something, all of it.
  assertEquals(leaves(yield* errorOf(t.wait(exceptStar(throws(group))))), [a, [b, c]]);
});

testProgram("exceptStar() gives a single error in a group, and throws it as it is", function* (t) {
  let seen: ExceptionGroup | undefined;
  yield* t.wait(exceptStar(throws(a), [TypeError, (errors) => void (seen = errors)]));
  assertEquals([seen!.title, leaves(seen)], ["", [a]]);
  assertStrictEquals(yield* errorOf(t.wait(exceptStar(throws(a), [RangeError, () => {}]))), a);
});

testProgram("What handlers throw comes in a group, with what was not handled", function* (t) {
  const fail = (error: unknown) => () => {
    throw error;
  };
  const worse = new EvalError("worse");
  const worst = new URIError("worst");
  let error = yield* errorOf(t.wait(exceptStar(throws(group), [TypeError, fail(worse)])));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals([error.title, leaves(error)], ["", [worse, [[b, c]]]]);
  error = yield* errorOf(t.wait(
    exceptStar(throws(group), [TypeError, fail(worse)], [Error, fail(worst)]),
  ));
  assertEquals(leaves(error), [worse, worst]);
  // A single error has met one handler, whose error is thrown alone.
  assertStrictEquals(
    yield* errorOf(t.wait(exceptStar(throws(a), [TypeError, fail(worse)]))),
    worse,
  );
});

testProgram("A handler that throws its group puts the errors back to their places", function* (t) {
  const rethrow = (errors: ExceptionGroup) => {
    throw errors;
  };
  const error = yield* errorOf(t.wait(
    exceptStar(throws(group), [RangeError, rethrow], [TypeError, () => {}]),
  ));
  assertInstanceOf(error, ExceptionGroup);
  assertEquals([error.title, leaves(error)], ["group", [[b, c]]]);
  assertStrictEquals(yield* errorOf(t.wait(exceptStar(throws(a), [TypeError, rethrow]))), a);
});

testProgram("Handlers may wait, in the task that waits for exceptStar()", function* (t) {
  const task = currentTask();
  const log: string[] = [];
  yield* t.wait(exceptStar(
    throws(group),
    [TypeError, async () => {
      await sleep(5);
      assertStrictEquals(currentTask(), task);
      log.push("async");
    }],
    [RangeError, function* () {
      yield* sleep(5);
      assertStrictEquals(currentTask(), task);
      log.push("generator");
    }],
    [SyntaxError, () => sleep(5)],
  ));
  assertEquals(log, ["async", "generator"]);
  assertEquals(t.loop.time(), 15);
});

testProgram(
  "Error does not mean CancelledError and KeyboardInterrupt, their own names do",
  function* (t) {
    for (const special of [new CancelledError("stop"), new KeyboardInterrupt("now")]) {
      const mixed = new ExceptionGroup("mixed", [a, special]);
      const seen: unknown[] = [];
      const see = (errors: ExceptionGroup) => void seen.push(leaves(errors));
      const error = yield* errorOf(t.wait(exceptStar(throws(mixed), [Error, see])));
      assertEquals([seen, leaves(error)], [[[a]], [special]]);
      assertStrictEquals(
        yield* errorOf(t.wait(exceptStar(throws(special), [[Error], see]))),
        special,
      );
      yield* t.wait(exceptStar(throws(special), [special.constructor as typeof Error, see]));
      yield* t.wait(exceptStar(throws(special), [(error) => error === special, see]));
      assertEquals(seen, [[a], [special], [special]]);
    }
  },
);

testProgram("Cancelling the task passes exceptStar() by", function* (t) {
  const task = createTask(t.work(function* () {
    yield* t.wait(exceptStar(
      t.body(function* () {
        yield* t.wait(sleep(100));
      }),
      [Error, () => assert(false)],
    ));
  }));
  yield* t.wait(sleep(1));
  task.cancel();
  assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
});

testAsync("exceptStar() around a task group", async () => {
  const seen: unknown[] = [];
  await exceptStar(
    () =>
      taskGroup(async (group) => {
        group.createTask(async () => {
          await sleep(1);
          throw a;
        });
        group.createTask(async () => {
          await sleep(1);
          throw b;
        });
        await sleep(10);
      }),
    [TypeError, (errors) => void seen.push(leaves(errors))],
    [RangeError, (errors) => void seen.push(leaves(errors))],
  );
  assertEquals(seen, [[a], [b]]);
});
