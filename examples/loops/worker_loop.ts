// A loop in a Worker that serves its owner's requests: each is a task, and can be cancelled.
//
//   // in the worker
//   const loop = new ServingLoop(self, { double: async (n: number) => await sleep(10, 2 * n) });
//   await loop.runForever();
//
//   // in its owner, whatever loop that has
//   const owner = new Owner(worker);
//   await owner.ask("double", 21);

import { DenoEventLoop, type Future, getRunningLoop, type Task } from "@asyncio/asyncio";

/** A worker, the global scope of one, or an end of a `MessageChannel`. */
export interface Port {
  onmessage: ((event: MessageEvent) => unknown) | null;
  postMessage(message: unknown): void;
}

// deno-lint-ignore no-explicit-any
export type Handlers = Record<string, (...args: any[]) => Promise<unknown>>;

export class ServingLoop extends DenoEventLoop {
  readonly #tasks = new Map<number, Task<unknown>>();

  constructor(port: Port, handlers: Handlers) {
    super();
    port.onmessage = ({ data: { id, name, args } }) =>
      this.callSoonThreadsafe(() => {
        if (name === undefined) return void this.#tasks.get(id)?.cancel();
        const task = this.createTask(async () => await handlers[name]!(...args));
        this.#tasks.set(id, task);
        task.addDoneCallback(() => {
          this.#tasks.delete(id);
          const error = task.cancelled() ? new Error("cancelled") : task.exception();
          port.postMessage(error === undefined ? { id, result: task.result() } : { id, error });
        });
      });
  }
}

export class Owner {
  readonly #port: Port;
  readonly #asked = new Map<number, Future<unknown>>();
  #lastId = 0;

  constructor(port: Port) {
    this.#port = port;
    port.onmessage = ({ data: { id, result, error } }) => {
      const answer = this.#asked.get(id);
      this.#asked.delete(id);
      // One that was cancelled wants no answer.
      if (answer === undefined || answer.cancelled()) return;
      if (error === undefined) answer.setResult(result);
      else answer.setException(error);
    };
  }

  /** Asks the worker; when the wait is cancelled, so is the task there. */
  ask(name: string, ...args: unknown[]): Future<unknown> {
    const id = ++this.#lastId;
    const answer = getRunningLoop().createFuture<unknown>();
    this.#asked.set(id, answer);
    answer.addDoneCallback(() => {
      if (answer.cancelled()) this.#port.postMessage({ id });
    });
    this.#port.postMessage({ id, name, args });
    return answer;
  }
}
