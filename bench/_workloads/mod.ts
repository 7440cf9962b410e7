/** Every workload, in the order of the table. */

import type { MemoryWorkload, Workload } from "../_workload.ts";
import { callSoonBatch, callSoonChain } from "./callbacks.ts";
import { contextGet, contextRun } from "./context.ts";
import { futureRoundTrip } from "./futures.ts";
import { idleTask, sleepingTask } from "./idle_task.ts";
import { gather10k, spawnJoin } from "./tasks.ts";
import { timersCancelled, timersDue, timersFired } from "./timers.ts";
import { event1000, lock10, semaphore } from "./locks.ts";
import { queue1, queueUnbounded } from "./queues.ts";
import { cancelSleeping10k, group10k, timeoutScope } from "./scopes.ts";
import { sleep0, sleep0In100 } from "./turns.ts";

/** Those of the scheduler core. */
export const SCHEDULER: readonly Workload[] = [
  callSoonChain,
  callSoonBatch,
  sleep0,
  sleep0In100,
  spawnJoin,
  gather10k,
  futureRoundTrip,
  timersCancelled,
  timersFired,
  timersDue,
  contextGet,
  contextRun,
];

/** Those of queues and locks. */
export const SYNC: readonly Workload[] = [queue1, queueUnbounded, lock10, semaphore, event1000];

/** Those of task groups, timeouts and cancellation. */
export const SCOPES: readonly Workload[] = [group10k, timeoutScope, cancelSleeping10k];

export const WORKLOADS: readonly Workload[] = [...SCHEDULER, ...SYNC, ...SCOPES];

export const MEMORY_WORKLOADS: readonly MemoryWorkload[] = [idleTask, sleepingTask];
