/** The call graph. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  captureCallGraph,
  createTask,
  formatCallGraph,
  type Future,
  futureAddToAwaitedBy,
  type FutureCallGraph,
  futureDiscardFromAwaitedBy,
  gather,
  printCallGraph,
  RuntimeError,
  shield,
  sleep,
  type Task,
  TaskGroup,
  wait,
} from "../../futures/mod.ts";
import { SimulatedEventLoop } from "../../loop/simulated/mod.ts";
import { passes, testLoop, testProgram } from "../_helpers.ts";

/** The graph as nested names. */
function names(graph: FutureCallGraph | undefined): unknown {
  if (graph === undefined) return undefined;
  const { future, awaitedBy } = graph;
  const name = "getName" in future ? (future as Task<unknown>).getName() : future.constructor.name;
  return awaitedBy.length === 0 ? name : [name, ...awaitedBy.map(names)];
}

testProgram("captureCallGraph() leads from a future to all that wait for it", function* (t) {
  const future = t.loop.createFuture<number>();
  const inner = createTask(
    t.work(function* () {
      return yield* t.wait(future);
    }),
    { name: "inner" },
  );
  const outer = createTask(
    t.work(function* () {
      return yield* t.wait(inner);
    }),
    { name: "outer" },
  );
  const other = createTask(
    t.work(function* () {
      return yield* t.wait(future);
    }),
    { name: "other" },
  );
  yield* t.wait(passes(5));
  assertEquals(names(captureCallGraph(future)), ["Future", ["inner", "outer"], "other"]);
  future.setResult(1);
  yield* t.wait(gather(outer, other));
  assertEquals(names(captureCallGraph(future)), "Future");
});

testProgram(
  "captureCallGraph() sees through gather(), shield(), wait() and task groups",
  function* (t) {
    const future = t.loop.createFuture<void>();
    const leaf = createTask(
      t.work(function* () {
        yield* t.wait(future);
      }),
      { name: "leaf" },
    );
    const waiters = [
      createTask(t.work(() => t.wait(gather(leaf)) as never), { name: "gathers" }),
      createTask(t.work(() => t.wait(shield(leaf)) as never), { name: "shields" }),
      createTask(t.work(() => t.wait(wait([leaf])) as never), { name: "waits" }),
    ] as Task<unknown>[];
    const group = createTask(
      () =>
        new TaskGroup().run(async (group) => {
          group.createTask(async () => await future, { name: "member" });
          await sleep(0);
        }),
      { name: "groups" },
    );
    yield* t.wait(passes(8));
    const text = formatCallGraph(future);
    for (const task of [...waiters, group]) assertStringIncludes(text, `name='${task.getName()}'`);
    assertStringIncludes(text, "name='member'");
    future.setResult(undefined);
    yield* t.wait(gather(...waiters, group));
  },
);

testProgram("captureCallGraph() without arguments is about the running task", function* (t) {
  const graph = captureCallGraph();
  assert(graph !== undefined);
  assert(graph.callStack.length > 0);
  yield* t.wait(sleep(0));
});

Deno.test("captureCallGraph() outside of a loop needs a future", () => {
  const loop = new SimulatedEventLoop();
  const future = loop.createFuture();
  assertEquals(captureCallGraph(future), { future, callStack: [], awaitedBy: [] });
  for (const call of [captureCallGraph, formatCallGraph, printCallGraph]) {
    assertThrows(() => call(), RuntimeError, "no event loop is running");
  }
  loop.close();
});

testLoop("captureCallGraph() in a callback, where no task runs, is undefined", async (t) => {
  let graph: unknown = "not called";
  t.loop.callSoon(() => {
    graph = captureCallGraph();
    assertEquals(formatCallGraph(), "");
    t.loop.stop();
  });
  await t.loop.runForever();
  assertEquals(graph, undefined);
});

testProgram("captureCallGraph() shows a future once, also in a ring", function* (t) {
  const [a, b] = [t.loop.createFuture<void>(), t.loop.createFuture<void>()];
  futureAddToAwaitedBy(a, b);
  futureAddToAwaitedBy(b, a);
  assertEquals(names(captureCallGraph(a)), ["Future", ["Future", "Future"]]);
  futureDiscardFromAwaitedBy(b, a);
  assertEquals(names(captureCallGraph(a)), ["Future", "Future"]);
  yield* t.wait(sleep(0));
});

testProgram(
  "printCallGraph() prints what formatCallGraph() gives, and limits frames",
  function* (t) {
    const printed: string[] = [];
    printCallGraph(undefined, { print: (text) => void printed.push(text), limit: 1 });
    assertEquals(printed[0]!.match(/\| {3}/g)?.length, 1);
    assertThrows(
      () => captureCallGraph("task" as unknown as Future<unknown>),
      TypeError,
      "a future or task is needed",
    );
    yield* t.wait(sleep(0));
  },
);
