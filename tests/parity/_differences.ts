/**
 * The differences from CPython that are left, each with its reason. No others are accepted.
 *
 * With generator coroutines there is none, in programs that stay clear of what the library does
 * otherwise on purpose (`player.py` finds those, and they are counted and left out):
 *
 * - *old cancellation at a group*: a task enters a task group while `cancelling()` is above 0. asyncio
 *   takes the old request for a new one, and throws at the next wait; here a group looks at what has
 *   come since it was entered.
 * - *pending cancellation at a timeout*: a task enters a timeout while a cancellation is requested and
 *   not delivered. asyncio takes that for the timeout's own when it expires (python/cpython#134471);
 *   here it stays what it is.
 * - *eager child ends its group*: a task starts eagerly in a task group and makes it abort before its
 *   first wait. asyncio forgets to cancel that task; here it is cancelled with the others.
 *
 * With async functions there is one more:
 *
 * - *eager start*: an async function that starts eagerly runs at once until its first `await`, as a
 *   generator coroutine does. What it awaits there, or that it has ended, the engine tells only by a
 *   microtask: when the code that made the task has come to rest. So that code finds the task pending
 *   where in CPython it is done, and waits for it; and the two go on in another order.
 *
 * For transports, these are kept out of the talks of `_talks.ts`, or left out where a random one comes
 * upon them:
 *
 * - *pieces*: a stream promises nothing about the pieces in which bytes arrive.
 * - *unread bytes*: a side that ends with bytes unread resets the connection. Here a transport has one
 *   read under way, also while it is paused, so that less is unread and the peer sees an end instead.
 * - *writes behind a callback*: asyncio tries to send inside `write()`; here bytes leave right after the
 *   callback, so what is written just before `abort()` or a failure is dropped as `abort()` promises,
 *   and what the system refuses is told by `connectionLost()` alone.
 * - *after the end*: asyncio fails in itself when `abort()` or `writelines()` is called on a connection
 *   that was lost, tells the end of a stream again after `resume_reading()`, and waits for ever for
 *   `writelines()` of nothing but empty pieces.
 *
 * Imported by tests only.
 */
import type { ParityProgram } from "./_program.ts";

/** Whether some task of a program starts eagerly. */
export function startsEagerly(program: ParityProgram): boolean {
  return program.eager || /\["e"|"spawn","e"/.test(JSON.stringify(program));
}

/** What has become of the tasks and of the primitives, from a trace. */
export function outcomes(trace: string[]): string[] {
  const end = trace.findLastIndex((line) => / main made \d+ rounds/.test(line));
  return trace.slice(end + 1);
}

/** Whether two traces are the same. */
export function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}
