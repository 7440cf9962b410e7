/**
 * `AbortSignal`s as a way to end one wait.
 *
 * asyncio counterpart: none.
 *
 * Aborting is to one wait what `cancel()` is to a task, and goes the same way: what is waited for is
 * cancelled, `CancelledError` is thrown into the coroutine where it waits, and it cleans up as it
 * would for a cancelled task. What comes out at the end is the signal's reason. A task that is
 * cancelled meanwhile gets its `CancelledError`: the signal never hides a cancellation.
 *
 * Invariant: a listener is registered from the first time that the coroutine has to wait until it
 * ends, and never otherwise.
 *
 * May be imported by every folder.
 *
 * @module
 */

import { CancelScope, type ScopeTask } from "./_cancel_scope.ts";
import { Cancellation } from "./_cancellation.ts";
import { describe } from "./_describe.ts";
import { runningTask } from "./_frame.ts";
import type { Awaitable, Suspension } from "./awaitable.ts";
import { Coroutine, Operation } from "./coroutine.ts";
import { requireLoop } from "./ensure_future.ts";
import { CancelledError } from "./errors.ts";
import { Future } from "./future.ts";
import type { FutureLoop } from "./future_loop.ts";

/** What every call takes that may wait. */
export interface AbortOptions {
  /** Ends the wait when it is aborted: the call fails with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Lets a signal end a wait.
 *
 * @param awaitable what is waited for; nothing of it happens when the signal is aborted already
 * @param signal the signal; without one, `awaitable` itself is returned
 * @returns the same wait, which fails with `signal.reason` when the signal is aborted
 * @throws {TypeError} when the signal is none
 */
export function withSignal<T>(
  awaitable: Coroutine<T>,
  signal: AbortSignal | undefined,
): Coroutine<T>;
export function withSignal<T>(
  awaitable: Awaitable<T>,
  signal: AbortSignal | undefined,
): Awaitable<T>;
export function withSignal<T>(
  awaitable: Awaitable<T>,
  signal: AbortSignal | undefined,
): Awaitable<T> {
  if (signal === undefined) return awaitable;
  checkSignal(signal, awaitable);
  return new AbortableWait(awaitable, signal);
}

/**
 * Checks what is given for a signal.
 *
 * @param wait what is to be given up when it is none
 * @throws {TypeError} when it is none
 */
export function checkSignal(signal: unknown, wait?: unknown): void {
  if (signal instanceof AbortSignal) return;
  const { aborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return;
  if (wait instanceof Coroutine) wait.close();
  throw new TypeError(
    `Cannot wait with a signal: an AbortSignal is needed, got ${describe(signal)}` +
      (signal instanceof AbortController ? "; pass controller.signal" : ""),
  );
}

/** Keeps the account of the task's own cancellation; a third party's task may have none. */
function openScope(): CancelScope | null {
  const task = runningTask() as Partial<ScopeTask> | null;
  return typeof task?.cancelling === "function" ? new CancelScope(task as ScopeTask) : null;
}

class AbortableWait<T> extends Operation<T> {
  readonly #awaitable: Awaitable<T>;
  readonly #signal: AbortSignal;
  #iterator: Iterator<Suspension, T, unknown> | null = null;
  #loop: FutureLoop | null = null;
  #scope: CancelScope | null = null;
  #suspension: Suspension = undefined;
  #running = false;
  #listening = false;
  /** The signal was aborted, and that has yet to be thrown into the coroutine. */
  #request: Cancellation | null = null;
  /** It was thrown, or what the coroutine waited for was cancelled for it. */
  #aborted = false;
  /** An error of the same kind was thrown into the coroutine by others. */
  #cancelled = false;

  constructor(awaitable: Awaitable<T>, signal: AbortSignal) {
    super();
    Coroutine._takeOver(awaitable);
    this.#awaitable = awaitable;
    this.#signal = signal;
  }

  override get name(): string {
    return this.#awaitable instanceof Coroutine ? this.#awaitable.name : String(this.#awaitable);
  }

  override next(): IteratorResult<Suspension, T> {
    if (this.#iterator === null) {
      if (this.#signal.aborted) {
        if (this.#awaitable instanceof Coroutine) this.#awaitable.close();
        else if (this.#awaitable instanceof Future) this.#awaitable.cancel();
        throw this.#signal.reason;
      }
      this.#loop = requireLoop("wait with a signal");
      this.#scope = openScope();
      this.#iterator = this.#awaitable[Symbol.iterator]();
    }
    return this.#step(undefined);
  }

  override throw(error: unknown): IteratorResult<Suspension, T> {
    if (this.#iterator === null) throw error;
    if (error instanceof CancelledError) this.#cancelled = true;
    return this.#step(error);
  }

  override return(value: T): IteratorResult<Suspension, T> {
    this.#unlisten();
    this.#iterator?.return?.(value);
    return { value, done: true };
  }

  override close(): void {
    super.close();
    this.return(undefined as T);
  }

  #step(error: unknown): IteratorResult<Suspension, T> {
    const iterator = this.#iterator!;
    this.#running = true;
    if (this.#request !== null) error = this.#takeRequest(error);
    let step: IteratorResult<Suspension, T>;
    try {
      step = error === undefined ? iterator.next() : iterator.throw!(error);
    } catch (error) {
      this.#unlisten();
      throw error instanceof CancelledError && this.#isOwn() ? this.#signal.reason : error;
    }
    if (step.done) {
      this.#unlisten();
      return step;
    }
    // Not `step` itself, which all who are suspended may share: what `#suspend()` cancels may be a
    // task, and then code of others runs.
    const suspension = step.value;
    this.#suspend(suspension);
    return { value: suspension, done: false };
  }

  /** What to throw for the request: as in a task, the result that was there gives way. */
  #takeRequest(error: unknown): unknown {
    const request = this.#request!;
    const waited = this.#suspension;
    this.#request = null;
    if (error instanceof CancelledError) return error;
    if (waited instanceof Future && waited.done()) {
      // Who has cancelled the future meanwhile was faster.
      if (waited.cancelled()) return undefined;
      waited.exception();
    }
    this.#aborted = true;
    return CancelledError._of(request);
  }

  #suspend(suspension: Suspension): void {
    this.#suspension = suspension;
    this.#running = false;
    if (!this.#listening) {
      this.#listening = true;
      this.#signal.addEventListener("abort", this.#abort, { once: true });
      // Nobody has told of an abortion during the first step.
      if (this.#signal.aborted) return this.#abort();
    }
    if (this.#request !== null) this.#passOn();
  }

  #unlisten(): void {
    if (this.#listening) this.#signal.removeEventListener("abort", this.#abort);
  }

  readonly #abort = (): void => {
    this.#request = new Cancellation(this.#loop!, undefined, this.#signal.reason, this.#signal);
    if (!this.#running) this.#passOn();
  };

  #passOn(): void {
    const suspension = this.#suspension;
    if (suspension === undefined || !this.#request!.passTo(suspension)) return;
    this.#request = null;
    this.#aborted = true;
  }

  /** Whether a `CancelledError` comes from the signal, and from nowhere else as well. */
  #isOwn(): boolean {
    return this.#aborted && !this.#cancelled && this.#scope?.cancelledByOthers() !== true;
  }
}
