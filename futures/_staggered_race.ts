/**
 * `staggeredRace()`: attempts that start one after the other, until one succeeds.
 *
 * asyncio counterpart: `asyncio.staggered`. What "happy eyeballs" (RFC 8305) is made of.
 *
 * Invariants: when the race has ended, unless it was closed (`Coroutine.close()`), every attempt has
 * ended; a result that is not the winner's, or that nobody will get, was given to `discard`.
 *
 * May be imported by `loop/`.
 *
 * @module
 */

import { startBody } from "./_body.ts";
import type { Suspension } from "./awaitable.ts";
import { type Body, type Coroutine, coroutine } from "./coroutine.ts";
import { requireLoop } from "./ensure_future.ts";
import { CancelledError, KeyboardInterrupt } from "./errors.ts";
import type { Task } from "./task.ts";
import { FIRST_COMPLETED, wait } from "./wait.ts";

/** What {@linkcode staggeredRace} takes beside the attempts. */
export interface StaggeredRaceOptions<T> {
  /**
   * How long an attempt may take before the next one starts beside it, in milliseconds; `undefined`
   * to start the next one only when it has failed.
   */
  delay: number | undefined;
  /** Given each result that comes too late, to close it. */
  discard?: (result: T) => void;
}

/** How a race has ended. */
export interface StaggeredRaceResult<T> {
  /** The attempt that has succeeded, if one has. */
  winner: { index: number; result: T } | undefined;
  /** For each attempt that was started its error; `undefined` for the winner. */
  exceptions: unknown[];
}

/** The attempts of one race. */
class Race<T> {
  winner: { index: number; result: T } | undefined = undefined;
  readonly exceptions: unknown[] = [];
  readonly running: Map<Task<void>, number> = new Map();
  readonly #discard: ((result: T) => void) | undefined;
  #over = false;

  constructor(discard: ((result: T) => void) | undefined) {
    this.#discard = discard;
  }

  start(attempt: Body<[], T>): Task<void> {
    const index = this.exceptions.push(undefined) - 1;
    const task = requireLoop("race").createTask(
      Race.#attempt(this as Race<unknown>, index, attempt),
    );
    this.running.set(task, index);
    return task;
  }

  static readonly #attempt = coroutine(function* attempt(
    race: Race<unknown>,
    index: number,
    attempt: Body<[], unknown>,
  ): Generator<Suspension, void, unknown> {
    let result: unknown;
    try {
      result = yield* startBody(attempt);
    } catch (error) {
      if (error instanceof KeyboardInterrupt) throw error;
      race.exceptions[index] = error;
      return;
    }
    if (race.#over || race.winner !== undefined) race.#discard?.(result);
    else race.winner = { index, result };
  });

  /** Takes note of those that have ended. */
  forget(done: Iterable<Task<void>>): void {
    for (const task of done) {
      const index = this.running.get(task)!;
      this.running.delete(task);
      // One that was cancelled before its first step could not write that down itself.
      if (task.cancelled()) this.exceptions[index] = task._makeCancelledError();
      else task.result();
    }
  }

  /** Cancels those that run, and waits for them, whatever happens meanwhile. */
  *end(): Generator<Suspension, void, unknown> {
    let cancelled: CancelledError | undefined;
    while (this.running.size > 0) {
      for (const task of this.running.keys()) task.cancel();
      try {
        const [done] = yield* wait(this.running.keys());
        this.forget(done);
      } catch (error) {
        if (!(error instanceof CancelledError)) throw error;
        cancelled = error;
      }
    }
    if (cancelled !== undefined) throw cancelled;
  }

  /** Nobody will get a result any more. */
  giveUp(): void {
    this.#over = true;
    if (this.winner !== undefined) this.#discard?.(this.winner.result);
    this.winner = undefined;
  }

  /** The coroutine was closed: nobody can wait any more until the attempts have ended. */
  abandon(): void {
    this.giveUp();
    for (const task of this.running.keys()) task.cancel();
  }
}

/**
 * Starts attempts one after the other, each when the one before has failed or some time has passed,
 * until one succeeds; then cancels the others and waits until they have ended.
 *
 * **Cancellation** cancels all attempts and waits until they have ended.
 *
 * @param attempts what to call, in order; taken from the iterable only when it is their turn
 * @param options the time between them
 */
export function staggeredRace<T>(
  attempts: Iterable<Body<[], T>>,
  options: StaggeredRaceOptions<T>,
): Coroutine<StaggeredRaceResult<T>> {
  return raceSteps(attempts, options as StaggeredRaceOptions<unknown>) as Coroutine<
    StaggeredRaceResult<T>
  >;
}

const raceSteps = coroutine(function* staggeredRace(
  attempts: Iterable<Body<[], unknown>>,
  { delay, discard }: StaggeredRaceOptions<unknown>,
): Generator<Suspension, StaggeredRaceResult<unknown>, unknown> {
  const loop = requireLoop("race");
  const race = new Race<unknown>(discard);
  const waiting = attempts[Symbol.iterator]();
  try {
    for (let next = waiting.next(); race.winner === undefined; next = waiting.next()) {
      if (next.done) {
        if (race.running.size === 0) break;
        const [done] = yield* wait(race.running.keys(), { returnWhen: FIRST_COMPLETED });
        race.forget(done);
        continue;
      }
      const latest = race.start(next.value);
      const deadline = delay === undefined ? undefined : loop.time() + delay;
      while (race.winner === undefined && race.running.has(latest)) {
        const timeout = deadline === undefined ? undefined : deadline - loop.time();
        const [done] = yield* wait(race.running.keys(), { returnWhen: FIRST_COMPLETED, timeout });
        race.forget(done);
        if (done.size === 0) break;
      }
    }
    yield* race.end();
  } catch (error) {
    race.giveUp();
    yield* race.end();
    throw error;
  } finally {
    if (race.running.size > 0) race.abandon();
  }
  return { winner: race.winner, exceptions: race.exceptions };
});
