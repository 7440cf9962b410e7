/** `moveOnAfter()` and `moveOnAt()`. What they share with `timeout()` is in `timeout_test.ts`. */
import { assert, assertEquals, assertFalse, assertInstanceOf } from "@std/assert";
import {
  CancelledError,
  createTask,
  currentTask,
  moveOnAfter,
  moveOnAt,
  sleep,
  type Task,
  type Timeout,
  timeout,
  TimeoutError,
} from "../../futures/mod.ts";
import { errorOf, testProgram } from "../_helpers.ts";

const me = (): Task<unknown> => currentTask() as Task<unknown>;

testProgram("moveOnAfter() gives undefined when the time has passed", function* (t) {
  let scope!: Timeout;
  const result = yield* t.wait(moveOnAfter(
    10,
    t.body(function* (given: Timeout) {
      scope = given;
      yield* t.wait(sleep(100));
      return "not reached";
    }),
  ));
  assertEquals(result, undefined);
  assert(scope.expired());
  assertEquals(t.loop.time(), 10);
  assertEquals(me().cancelling(), 0);
  yield* t.wait(sleep(1));
});

testProgram("moveOnAfter() gives the result that comes in time", function* (t) {
  for (const delay of [10, undefined]) {
    let scope!: Timeout;
    const result = yield* t.wait(moveOnAfter(
      delay,
      t.body(function* (given: Timeout) {
        scope = given;
        yield* t.wait(sleep(5));
        return "in time";
      }),
    ));
    assertEquals(result, "in time");
    assertFalse(scope.expired());
  }
});

testProgram("moveOnAt() takes a time of the loop's clock", function* (t) {
  yield* t.wait(sleep(5));
  yield* t.wait(moveOnAt(
    10,
    t.body(function* (scope: Timeout) {
      assertEquals(scope.when(), 10);
      yield* t.wait(sleep(100));
    }),
  ));
  assertEquals(t.loop.time(), 10);
});

testProgram("moveOnAfter() passes errors and results of the clean-up on", function* (t) {
  const wrong = new TypeError("no");
  const error = yield* errorOf(t.wait(moveOnAfter(
    10,
    t.body(function* () {
      yield* errorOf(t.wait(sleep(100)));
      throw wrong;
    }),
  )));
  assertEquals(error, wrong);
  const result = yield* t.wait(moveOnAfter(
    10,
    t.body(function* () {
      yield* errorOf(t.wait(sleep(100)));
      return "late";
    }),
  ));
  assertEquals(result, "late");
});

testProgram(
  "moveOnAfter() hides no cancellation by others, and no timeout around it",
  function* (t) {
    const task = createTask(t.work(function* () {
      yield* t.wait(moveOnAfter(
        10,
        t.body(function* () {
          yield* t.wait(sleep(100));
        }),
      ));
    }));
    t.loop.callLater(10, () => void task.cancel());
    assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    const error = yield* errorOf(t.wait(timeout(
      5,
      t.body(function* () {
        yield* t.wait(moveOnAfter(
          5,
          t.body(function* () {
            yield* t.wait(sleep(100));
          }),
        ));
        yield* t.wait(sleep(100));
      }),
    )));
    assertInstanceOf(error, TimeoutError);
    assertEquals(me().cancelling(), 0);
  },
);
