/**
 * Finding the loop: the one that runs the calling code, and the one that was set for a program.
 *
 * asyncio counterpart: the functions at the end of `asyncio.events`, less the policies.
 *
 * @module
 */

import { declareRunningLoop, runningLoop } from "../futures/_frame.ts";
import { RuntimeError } from "../futures/errors.ts";
import type { AbstractEventLoop } from "./abstract_event_loop.ts";

let setLoop: AbstractEventLoop | undefined;

/**
 * The loop that runs the calling code.
 *
 * Works in callbacks, in coroutines, and in async functions also after an await of any promise.
 *
 * asyncio name: `get_running_loop`.
 *
 * @throws {RuntimeError} when no loop runs it
 *
 * @example A callback from the loop that runs
 * ```ts
 * import { getRunningLoop, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const answer = await run(async () => {
 *   const loop = getRunningLoop();
 *   const future = loop.createFuture<number>();
 *   loop.callSoon(() => future.setResult(42));
 *   return await future;
 * });
 * assertEquals(answer, 42);
 * ```
 */
export function getRunningLoop(): AbstractEventLoop {
  const loop = runningLoop();
  if (loop === null) {
    throw new RuntimeError(
      "No running event loop: call this from a coroutine or callback, as in run(async () => { … })",
    );
  }
  return loop as AbstractEventLoop;
}

/**
 * The running loop, or else the one that was set with {@linkcode setEventLoop}.
 *
 * asyncio name: `get_event_loop`.
 *
 * @throws {RuntimeError} when there is neither; none is made in passing
 */
export function getEventLoop(): AbstractEventLoop {
  const loop = runningLoop() ?? setLoop;
  if (loop === undefined) {
    throw new RuntimeError(
      "There is no current event loop: none is running and none was set with setEventLoop()",
    );
  }
  return loop as AbstractEventLoop;
}

/**
 * Sets the loop that {@linkcode getEventLoop} returns outside of a running one.
 *
 * asyncio name: `set_event_loop`.
 *
 * @param loop the loop, or `undefined` for none
 *
 * @example A loop for code that asks for one before it runs
 * ```ts
 * import { getEventLoop, newEventLoop, setEventLoop, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * setEventLoop(newEventLoop());
 * const loop = getEventLoop();
 * assertEquals(await loop.runUntilComplete(sleep(1, "done")), "done");
 * setEventLoop(undefined);
 * loop.close();
 * ```
 */
export function setEventLoop(loop: AbstractEventLoop | undefined): void {
  setLoop = loop ?? undefined;
}

/**
 * Takes back what {@linkcode setEventLoop} has set, unless another loop was set since.
 * @internal
 */
export function unsetEventLoop(loop: AbstractEventLoop): void {
  if (setLoop === loop) setLoop = undefined;
}

/**
 * The loop that runs the calling code, or `undefined`.
 *
 * asyncio name: `_get_running_loop`.
 */
export function _getRunningLoop(): AbstractEventLoop | undefined {
  return (runningLoop() ?? undefined) as AbstractEventLoop | undefined;
}

/**
 * Declares a loop to be running. For loops that do not inherit from `BaseEventLoop`: they call it
 * with themselves around all that they run, and with `undefined` after.
 *
 * asyncio name: `_set_running_loop`.
 */
export function _setRunningLoop(loop: AbstractEventLoop | undefined): void {
  declareRunningLoop(loop ?? null);
}
