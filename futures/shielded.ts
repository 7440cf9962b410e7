/**
 * `shielded()`: bodies that are not interrupted.
 *
 * asyncio counterpart: none; Trio's `CancelScope(shield=True)`. See `_shield.ts` for how.
 *
 * @module
 */

import { type Scope, ScopedBody, startBody } from "./_body.ts";
import { type ScopeTask, scopeTask } from "./_cancel_scope.ts";
import { Shield, type ShieldedTask } from "./_shield.ts";
import type { Body, Coroutine } from "./coroutine.ts";
import { RuntimeError } from "./errors.ts";

class ShieldedScope implements Scope {
  #task: ShieldedTask | null = null;
  #shield: Shield | null = null;

  _enter(): void {
    const task: ScopeTask & Partial<ShieldedTask> = scopeTask("shield a body");
    if (task._shield === undefined || typeof task._deliver !== "function") {
      throw new RuntimeError(`Cannot shield a body: the current task ${task} cannot be shielded`);
    }
    this.#task = task as ShieldedTask;
    this.#shield = new Shield(this.#task);
  }

  _leave(): void {
    this.#shield!.leave(this.#task!);
  }

  _fail(error: unknown): never {
    this._leave();
    throw error;
  }
}

/**
 * Runs a body that is not interrupted when its task is cancelled: for clean-up that waits.
 *
 * A cancellation that is requested meanwhile, by whomever and by a timeout around `shielded()` too,
 * is delivered at the first wait after it; the result of the body is not lost. Timeouts and task
 * groups inside the body work as ever, so limit its time with one. The task is shielded as a whole: what
 * waits beside the body (`Promise.all()`) is ended after it too, unless by a scope of its own.
 *
 * {@linkcode shield} differs: it lets the waiter go and protects what is waited for.
 *
 * **Cancellation** waits until the body has ended.
 *
 * **Differs from asyncio**: an addition.
 *
 * @param body an async function or a generator function
 * @returns what the body returns
 * @throws {RuntimeError} when no task of this library is running
 *
 * @example A clean-up that waits, of a task that is cancelled twice
 * ```ts
 * import { createTask, gather, run, shielded, sleep } from "@asyncio/asyncio";
 * import { assert } from "@std/assert";
 *
 * let saved = false;
 * await run(async () => {
 *   const task = createTask(async () => {
 *     try {
 *       await sleep(60_000);
 *     } finally {
 *       await shielded(async () => {
 *         await sleep(2);
 *         saved = true;
 *       });
 *     }
 *   });
 *   await sleep(0);
 *   task.cancel();
 *   await sleep(0);
 *   task.cancel();
 *   await gather(task, { returnExceptions: true });
 * });
 * assert(saved);
 * ```
 */
export function shielded<T>(body: Body<[], T>): Coroutine<T> {
  return new ScopedBody<T>("shielded", new ShieldedScope(), () => startBody(body));
}
