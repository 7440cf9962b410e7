/**
 * A future and a task as a third party would write them: from scratch, on nothing but the loop's
 * public methods, the mark of futures, and the functions that make tasks visible.
 */
import {
  _enterTask,
  _leaveTask,
  _registerTask,
  _unregisterTask,
  CancelledError,
  Coroutine,
  type CoroutineLike,
  type FutureLike,
  type FutureLoop,
  iscoroutine,
  type Suspension,
} from "../../futures/mod.ts";

type State<T> =
  | { kind: "pending" }
  | { kind: "result"; value: T }
  | { kind: "error"; error: unknown }
  | { kind: "cancelled"; message: string | undefined };

/** A future of a foreign class. */
export class ScratchFuture<T> implements FutureLike<T> {
  _asyncioFutureBlocking = false;
  readonly #loop: FutureLoop;
  #state: State<T> = { kind: "pending" };
  #callbacks: ((future: this) => void)[] = [];

  constructor(loop: FutureLoop) {
    this.#loop = loop;
  }

  getLoop(): FutureLoop {
    return this.#loop;
  }

  done(): boolean {
    return this.#state.kind !== "pending";
  }

  cancelled(): boolean {
    return this.#state.kind === "cancelled";
  }

  result(): T {
    const state = this.#state;
    if (state.kind === "result") return state.value;
    if (state.kind === "error") throw state.error;
    if (state.kind === "cancelled") throw new CancelledError(state.message);
    throw new TypeError("not done");
  }

  exception(): unknown {
    const state = this.#state;
    if (state.kind === "error") return state.error;
    if (state.kind === "result") return undefined;
    return this.result();
  }

  setResult(value: T): void {
    this.settle({ kind: "result", value });
  }

  setException(error: unknown): void {
    this.settle({ kind: "error", error });
  }

  cancel(message?: string): boolean {
    if (this.done()) return false;
    this.settle({ kind: "cancelled", message });
    return true;
  }

  protected settle(state: State<T>): void {
    this.#state = state;
    for (const callback of this.#callbacks.splice(0)) this.#loop.callSoon(callback, this);
  }

  addDoneCallback(callback: (future: this) => void): void {
    if (this.done()) this.#loop.callSoon(callback, this);
    else this.#callbacks.push(callback);
  }

  removeDoneCallback(callback: (future: this) => void): number {
    const before = this.#callbacks.length;
    this.#callbacks = this.#callbacks.filter((each) => each !== callback);
    return before - this.#callbacks.length;
  }

  *[Symbol.iterator](): Generator<Suspension, T, unknown> {
    if (!this.done()) {
      this._asyncioFutureBlocking = true;
      yield this as unknown as Suspension;
    }
    return this.result();
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    return new Promise<T>((resolve, reject) => {
      this.addDoneCallback(() => {
        try {
          resolve(this.result());
        } catch (error) {
          reject(error);
        }
      });
    }).then(onFulfilled, onRejected);
  }
}

/** A task of a foreign class, which drives a generator coroutine. */
export class ScratchTask<T> extends ScratchFuture<T> {
  static made = 0;
  readonly #iterator: Iterator<Suspension, T, unknown>;
  readonly #name: string;
  #waiting: FutureLike<unknown> | null = null;
  #cancelMessage: { message: string | undefined } | null = null;

  constructor(loop: FutureLoop, coro: CoroutineLike<T>, name?: string) {
    super(loop);
    ScratchTask.made++;
    this.#name = name ?? `Scratch-${ScratchTask.made}`;
    const started = iscoroutine(coro) ? coro : (coro as () => unknown)();
    if (!(started instanceof Coroutine) && !iscoroutine(started)) {
      throw new TypeError("ScratchTask runs generator coroutines");
    }
    this.#iterator = (started as Coroutine<T>)[Symbol.iterator]();
    _registerTask(this);
    loop.callSoon(() => this.#step());
  }

  getName(): string {
    return this.#name;
  }

  override cancel(message?: string): boolean {
    if (this.done()) return false;
    if (this.#waiting?.cancel(message)) return true;
    this.#cancelMessage = { message };
    return true;
  }

  #step(): void {
    const cancel = this.#cancelMessage;
    this.#cancelMessage = null;
    this.#waiting = null;
    let step: IteratorResult<Suspension, T>;
    _enterTask(this.getLoop(), this);
    try {
      step = cancel === null
        ? this.#iterator.next()
        : this.#iterator.throw!(new CancelledError(cancel.message));
    } catch (error) {
      _leaveTask(this.getLoop(), this);
      return this.#end(
        error instanceof CancelledError
          ? { kind: "cancelled", message: error.message }
          : { kind: "error", error },
      );
    }
    _leaveTask(this.getLoop(), this);
    if (step.done) return this.#end({ kind: "result", value: step.value });
    if (step.value === undefined) {
      this.getLoop().callSoon(() => this.#step());
      return;
    }
    const future = step.value as FutureLike<unknown>;
    future._asyncioFutureBlocking = false;
    future.addDoneCallback(() => this.#step());
    this.#waiting = future;
  }

  #end(state: State<T>): void {
    _unregisterTask(this);
    this.settle(state);
  }

  override toString(): string {
    return `<ScratchTask ${this.#name}>`;
  }
}
