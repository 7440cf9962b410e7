/**
 * Coroutines: work that can be waited for, and that does nothing until it is.
 *
 * asyncio counterpart: `asyncio.coroutines`, and the language's own coroutine objects.
 *
 * Invariant: a coroutine is used once, by whoever awaits it first.
 *
 * @module
 */

import { awaitIterator } from "./_await.ts";
import type { Awaitable, Suspension } from "./awaitable.ts";
import { RuntimeError } from "./errors.ts";
import { type Unawaited, unwatchUnawaited, watchUnawaited } from "./_unawaited.ts";

const GeneratorFunctionPrototype = Object.getPrototypeOf(function* () {});
const GeneratorPrototype = GeneratorFunctionPrototype.prototype;
const AsyncFunctionPrototype = Object.getPrototypeOf(async function () {});

// How many loops are in debug mode. To look at a field that has never changed costs a coroutine nothing; it
// is a nanosecond for a variable, and for what another file exports.
const debugging = { loops: 0 };

/** To be called when a loop enters debug mode (1) or leaves it (-1). @internal */
export function _countDebugLoops(change: 1 | -1): void {
  debugging.loops += change;
}

/** A generator that can be run as a coroutine. */
export type CoroutineGenerator<T> = Generator<Suspension, T, unknown>;

/** Whatever a task can be made of. */
export type CoroutineLike<T> =
  | Coroutine<T>
  | Generator<Suspension, T, unknown>
  | (() => PromiseLike<T> | Generator<Suspension, T, unknown>);

/**
 * The code that a function such as `timeout()` is about: an async function or a generator function,
 * which runs in the name of the task that waits for that function.
 */
export type Body<A extends unknown[], T> = (
  ...args: A
) => PromiseLike<T> | Generator<Suspension, T, unknown>;

/**
 * Work that runs when it is waited for: with `yield*` inline in the same task, with `await` in the
 * name of the task that awaits, or as a task of its own through `createTask()`.
 *
 * **Cancellation** of the task is thrown into the coroutine at the place where it waits.
 *
 * asyncio name: a coroutine object.
 *
 * @typeParam T what it returns
 */
export abstract class Coroutine<T> implements Awaitable<T> {
  // Fields are declared, and assigned in the constructor, since this is a base class: see docs/performance.md.
  /** Whether it has begun or was closed; until then, in debug mode, what tells if it never is. @internal */
  declare protected _used: boolean | object;

  /** @internal */
  constructor() {
    this._used = debugging.loops === 0 ? false : watchUnawaited(this);
  }

  /** Claims the only use: false when it has been claimed before. @internal */
  protected _claim(): boolean {
    if (this._used === true) return false;
    if (this._used !== false) this._unwatch();
    return this._used = true;
  }

  /**
   * Lets whoever calls stand for a coroutine that it will run: if that never comes, one report is enough.
   * @internal
   */
  static _takeOver(input: unknown): void {
    if (input instanceof Coroutine) input._unwatch();
  }

  /** Apart from `_claim()`, to keep that small. @internal */
  private _unwatch(): void {
    // What is a coroutine by its prototype only has no such field.
    if (typeof this._used !== "object") return;
    unwatchUnawaited(this, this._used as Unawaited);
    this._used = false;
  }

  /** Whether it is watched by an entry. @internal */
  _isUnder(entry: object): boolean {
    return this._used === entry;
  }

  /** Starts the work; called once. */
  protected abstract _start(): Iterator<Suspension, T, unknown>;

  /**
   * Lets `yield*` run it; see {@linkcode Awaitable}.
   *
   * @throws {RuntimeError} when it has been awaited before
   */
  [Symbol.iterator](): Iterator<Suspension, T, unknown> {
    if (!this._claim()) {
      throw new RuntimeError(`Cannot await ${this} again: a coroutine runs once`);
    }
    return this._start();
  }

  /** Lets `await` run it; see {@linkcode Awaitable}. */
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): PromiseLike<R1 | R2> {
    let iterator: Iterator<Suspension, T, unknown>;
    try {
      iterator = this[Symbol.iterator]();
    } catch (error) {
      return Promise.reject(error).then(onFulfilled, onRejected);
    }
    return awaitIterator(iterator, onFulfilled, onRejected);
  }

  /** Gives it up: it will not start, or, where it is suspended, runs its `finally` blocks. */
  close(): void {
    this._claim();
  }

  /** The name, for messages. */
  get name(): string {
    return this.constructor.name;
  }

  /** For messages. */
  toString(): string {
    return `<coroutine ${this.name}>`;
  }

  /** For `console.log()`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/**
 * A coroutine whose steps are written by hand: one object, and no generator. For what is waited for so
 * often that it matters.
 *
 * `next()` is called for the first step and whenever what it returned is done; it returns a future
 * (mark it with `_asyncioFutureBlocking`), or `undefined` to give away a turn, or the result.
 * @internal
 */
export abstract class Operation<T> extends Coroutine<T>
  implements Iterator<Suspension, T, unknown> {
  protected override _start(): Iterator<Suspension, T, unknown> {
    return this;
  }

  abstract next(): IteratorResult<Suspension, T>;

  throw(error: unknown): IteratorResult<Suspension, T> {
    throw error;
  }

  return(value: T): IteratorResult<Suspension, T> {
    return { value, done: true };
  }
}

/** The coroutine that a coroutine function returns. */
class GeneratorCoroutine<T> extends Coroutine<T> {
  readonly #generator: Generator<Suspension, T, unknown>;
  readonly #name: string;

  constructor(generator: Generator<Suspension, T, unknown>, name: string) {
    super();
    this.#generator = generator;
    this.#name = name;
  }

  protected override _start(): Iterator<Suspension, T, unknown> {
    return this.#generator;
  }

  override get name(): string {
    return this.#name;
  }

  override close(): void {
    super.close();
    const { done } = this.#generator.return(undefined as T);
    if (!done) throw new RuntimeError(`Cannot close ${this}: it ignores being closed`);
  }
}

/** A coroutine of a generator that has not started. @internal */
export function _coroutineOf<T>(
  generator: Generator<Suspension, T, unknown>,
  name: string,
): Coroutine<T> {
  return new GeneratorCoroutine<T>(generator, name);
}

/** A function that returns a coroutine; made by {@linkcode coroutine}. */
export type CoroutineFunction<A extends unknown[], T> = (...args: A) => Coroutine<T>;

const coroutineFunctions = new WeakSet<object>();

/**
 * Makes a coroutine function of a generator function.
 *
 * Inside, wait with `yield*`; everything that the library returns can be waited for so.
 *
 * asyncio counterpart: `async def`.
 *
 * @param fn the generator function
 * @returns a function of the same parameters that returns a {@linkcode Coroutine}
 * @throws {TypeError} when `fn` is no generator function
 *
 * @example A coroutine that waits for another
 * ```ts
 * import { coroutine, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const double = coroutine(function* (x: number) {
 *   yield* sleep(1);
 *   return 2 * x;
 * });
 * const main = coroutine(function* () {
 *   return (yield* double(3)) + 1;
 * });
 * assertEquals(await run(main()), 7);
 * ```
 */
export function coroutine<A extends unknown[], T>(
  fn: (...args: A) => Generator<Suspension, T, unknown>,
): CoroutineFunction<A, T> {
  if (!isGeneratorFunction(fn)) {
    throw new TypeError(
      "Cannot make a coroutine function: the argument must be a generator function, as in " +
        "coroutine(function* () { … })",
    );
  }
  const name = fn.name === "" ? "coroutine" : fn.name;
  const made = function (this: unknown, ...args: A): Coroutine<T> {
    return new GeneratorCoroutine<T>(fn.apply(this, args), name);
  };
  Object.defineProperty(made, "name", { value: fn.name, configurable: true });
  coroutineFunctions.add(made);
  return made;
}

/** Whether a function is a generator function. @internal */
export function isGeneratorFunction(fn: unknown): boolean {
  return typeof fn === "function" && Object.getPrototypeOf(fn) === GeneratorFunctionPrototype;
}

/** Whether an object is a generator. @internal */
export function isGenerator(object: unknown): object is Generator<Suspension, unknown, unknown> {
  return typeof object === "object" && object !== null &&
    Object.prototype.isPrototypeOf.call(GeneratorPrototype, object);
}

/**
 * Whether an object is a coroutine: a {@linkcode Coroutine} or a generator.
 *
 * asyncio name: `iscoroutine`.
 *
 * @example The call, and not the function
 * ```ts
 * import { coroutine, iscoroutine } from "@asyncio/asyncio";
 * import { assert, assertFalse } from "@std/assert";
 *
 * const work = coroutine(function* () {});
 * assert(iscoroutine(work()));
 * assertFalse(iscoroutine(work));
 * ```
 */
export function iscoroutine(
  object: unknown,
): object is Coroutine<unknown> | Generator<Suspension, unknown, unknown> {
  return object instanceof Coroutine || isGenerator(object);
}

/**
 * Whether a function makes coroutines: what {@linkcode coroutine} returned, an async function, or a
 * generator function. A plain function that returns a promise cannot be told.
 *
 * asyncio name: `iscoroutinefunction`.
 *
 * @example Functions of three kinds, and one that is none
 * ```ts
 * import { coroutine, iscoroutinefunction } from "@asyncio/asyncio";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(iscoroutinefunction(coroutine(function* () {})));
 * assert(iscoroutinefunction(function* () {}));
 * assert(iscoroutinefunction(async () => {}));
 * assertFalse(iscoroutinefunction(() => {}));
 * ```
 */
export function iscoroutinefunction(fn: unknown): boolean {
  return typeof fn === "function" &&
    (coroutineFunctions.has(fn) || isGeneratorFunction(fn) ||
      Object.getPrototypeOf(fn) === AsyncFunctionPrototype);
}
