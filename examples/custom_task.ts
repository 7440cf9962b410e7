// A task type of one's own: it knows how long it has lived, and who has made it.
//
//   deno run examples/custom_task.ts
//
// A task factory makes all tasks of the loop; everything of the library takes them as tasks.

import {
  allTasks,
  type CoroutineLike,
  currentTask,
  formatCallGraph,
  getRunningLoop,
  run,
  sleep,
  Task,
  type TaskConstructorOptions,
  TaskGroup,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";
import { SimulatedEventLoop } from "@asyncio/asyncio/simulated";

export class TracedTask<T> extends Task<T> {
  readonly startedAt: number = getTime(this);
  readonly parent = currentTask(this.getLoop());

  constructor(coro: CoroutineLike<T>, options: TaskConstructorOptions) {
    super(coro, options);
    this.addDoneCallback(() => {
      const took = getTime(this) - this.startedAt;
      const end = this.cancelled() ? "cancelled" : this.exception() ? "failed" : "done";
      console.log(`${this.lineage()}: ${end} after ${took} ms`);
    });
  }

  /** The names from the first ancestor down. */
  lineage(): string {
    const { parent } = this;
    return (parent instanceof TracedTask ? `${parent.lineage()} > ` : "") + this.getName();
  }
}

function getTime(task: Task<unknown>): number {
  return task.getLoop().time();
}

async function main(): Promise<void> {
  const loop = getRunningLoop();
  loop.setTaskFactory((loop, coro, options) => new TracedTask(coro, { ...options, loop }));

  // The group makes its tasks with the factory, and the call graph shows who waits for whom.
  await new TaskGroup().run(async (group) => {
    const download = group.createTask(async () => {
      console.log(`current task: ${(currentTask() as Task<void>).getName()}`);
      await sleep(30);
    }, { name: "download" });
    group.createTask(async () => await download, { name: "report" });
    await sleep(10);
    const traced = [...allTasks()].filter((task) => task instanceof TracedTask);
    console.log(`${traced.length} traced tasks`);
    console.log(formatCallGraph(download).replaceAll(/\n.*Call stack:(\n.*\|.*)*/g, ""));
  });

  // A timeout cancels what a traced task waits for, and nothing else.
  const late = loop.createTask(async () => {
    try {
      await timeout(10, async () => await sleep(1e6));
    } catch (error) {
      console.log(`timeout: ${error instanceof TimeoutError}`);
    }
  }, { name: "late" });
  await late;
  loop.setTaskFactory(undefined);
}

// On virtual time, so that the times are always the same.
if (import.meta.main) await run(main, { loopFactory: () => new SimulatedEventLoop() });
