/**
 * `AbortSignal`s as a way to end a body.
 *
 * asyncio counterpart: none.
 *
 * `_abort.ts` ends one wait, by cancelling what is waited for. A body may wait for many things, one
 * after the other and also for foreign promises, so here the task is cancelled, as a timeout does it,
 * and the cancellation is taken back when the body has ended.
 *
 * Invariant: a listener is registered while the body runs, and never otherwise.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { checkSignal } from "./_abort.ts";
import { type Scope, ScopedBody } from "./_body.ts";
import { CancelScope, scopeTask } from "./_cancel_scope.ts";
import { Coroutine } from "./coroutine.ts";
import { CancelledError } from "./errors.ts";

/** A body that a signal can end. */
class SignalScope implements Scope {
  readonly #signal: AbortSignal;
  #scope: CancelScope | null = null;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  readonly #abort = (): void => {
    this.#scope!.cancel(this.#signal, undefined, this.#signal.reason);
  };

  _enter(): void {
    if (this.#signal.aborted) throw this.#signal.reason;
    this.#scope = new CancelScope(scopeTask("wait with a signal"));
    this.#signal.addEventListener("abort", this.#abort, { once: true });
  }

  _leave(): boolean {
    this.#signal.removeEventListener("abort", this.#abort);
    return this.#scope!.close();
  }

  _fail(error: unknown): never {
    if (this._leave() && error instanceof CancelledError) throw this.#signal.reason;
    throw error;
  }
}

/**
 * Lets a signal end a coroutine that runs code of others.
 *
 * @returns the same coroutine, which fails with `signal.reason` when the signal is aborted; itself
 * when there is no signal
 * @throws {TypeError} when the signal is none
 */
export function abortable<T>(
  coroutine: Coroutine<T>,
  signal: AbortSignal | undefined,
): Coroutine<T> {
  if (signal === undefined) return coroutine;
  checkSignal(signal, coroutine);
  Coroutine._takeOver(coroutine);
  return new ScopedBody<T>(coroutine.name, new SignalScope(signal), () => coroutine);
}
