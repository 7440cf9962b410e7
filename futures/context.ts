/**
 * Context variables: values that follow the flow of a program through tasks and callbacks.
 *
 * asyncio counterpart: the `contextvars` module (PEP 567), which asyncio builds on.
 *
 * A long file for what is said to those who call it; the two classes share their private state.
 *
 * Invariants: a table of values is never changed while a second context has it, so a copy costs one
 * small object whatever it holds; a version is unique, so two tables of one version hold the same
 * values.
 *
 * @module
 */

import { currentFrame, enterAsync, Frame, runningLoop, storage, sync } from "./_frame.ts";
import { describe } from "./_describe.ts";
import { RuntimeError } from "./errors.ts";

let lastVersion = 0;

/** The values of a context, shared by its copies until one of them sets a variable. */
class Table {
  readonly values: Map<ContextVar<unknown>, unknown>;
  /** The one context that may change the values, while no other has them. */
  owner: Context | null;
  /** Identifies the values. */
  version = 0;
  /** One more context of these values, which nobody keeps or changes; see `Context._snapshot()`. */
  snapshot: Context | null = null;

  constructor(values: Map<ContextVar<unknown>, unknown>, owner: Context | null) {
    this.values = values;
    this.owner = owner;
  }
}

const EMPTY = new Table(new Map(), null);
const MISSING: unique symbol = Symbol("missing");

/**
 * Whether calling `fn` may leave code behind that runs after it has returned: async functions and
 * async generator functions are tagged as such, plain functions are not tagged.
 */
function isAsync(fn: unknown): boolean {
  const tag = (fn as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return tag !== undefined && tag.startsWith("Async");
}

/**
 * The values of all context variables, as one part of a program sees them.
 *
 * A task runs in a copy of the context it was created in, a callback in a copy of the context that
 * it was scheduled from, so what they set is not seen outside.
 *
 * asyncio name: `contextvars.Context`. `wrap()` stands for the `context=` argument that asyncio's
 * scheduling methods have.
 *
 * @example A value that is seen inside only
 * ```ts
 * import { Context, ContextVar, copyContext } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const user = new ContextVar("user", { defaultValue: "nobody" });
 * const context: Context = copyContext();
 * context.run(() => user.set("ada"));
 * assertEquals(context.get(user), "ada");
 * assertEquals(user.get(), "nobody");
 * ```
 */
export class Context implements Iterable<ContextVar<unknown>> {
  #table: Table;
  #entered = false;

  /** Makes an empty context. */
  constructor() {
    this.#table = EMPTY;
  }

  /**
   * Identifies the values: two contexts of one version hold the same.
   * @internal
   */
  get _version(): number {
    return this.#table.version;
  }

  /**
   * Runs a function in this context.
   *
   * An async function keeps the context until it ends, whatever it awaits; so does all that it, or
   * any other async function, calls inside. From a callback or a generator coroutine, start an async
   * function directly (`context.run(work)`), not from inside a plain function: promises that the
   * library did not start find their way by the async function that they were started from.
   *
   * @param fn the function
   * @param args its arguments
   * @returns what `fn` returns
   * @throws {RuntimeError} when the context is being run already
   */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot run in a context: a function is needed, got ${describe(fn)}`);
    }
    if (this.#entered) {
      throw new RuntimeError("Cannot enter the context: it is already entered");
    }
    this.#entered = true;
    const before = sync.context;
    try {
      if (before === undefined || isAsync(fn)) return runAsync(this, fn, ...args);
      sync.context = this;
      return fn(...args);
    } finally {
      sync.context = before;
      this.#entered = false;
    }
  }

  /**
   * Binds a function to this context: the result runs `fn` in it, whoever calls.
   *
   * What asyncio writes `loop.call_soon(f, context=c)` is `loop.callSoon(c.wrap(f))` here.
   *
   * @param fn the function
   * @returns the bound function
   */
  wrap<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
    return (...args: A): R => this.run(fn, ...args);
  }

  /** The value of a variable in this context, or `undefined` where it has none. */
  get<T>(variable: ContextVar<T>): T | undefined {
    return this.#table.values.get(variable as ContextVar<unknown>) as T | undefined;
  }

  /** Whether a variable has a value in this context. */
  has(variable: ContextVar<unknown>): boolean {
    return this.#table.values.has(variable);
  }

  /** The number of variables that have a value. */
  get size(): number {
    return this.#table.values.size;
  }

  /** The variables that have a value. */
  keys(): IterableIterator<ContextVar<unknown>> {
    return this.#table.values.keys();
  }

  /** The values. */
  values(): IterableIterator<unknown> {
    return this.#table.values.values();
  }

  /** The variables with their values. */
  entries(): IterableIterator<[ContextVar<unknown>, unknown]> {
    return this.#table.values.entries();
  }

  /** The variables that have a value. */
  [Symbol.iterator](): IterableIterator<ContextVar<unknown>> {
    return this.#table.values.keys();
  }

  /** A context with the same values; what either sets from now on, the other does not see. */
  copy(): Context {
    const table = this.#table;
    if (table.owner !== null) table.owner = null;
    const copy = new Context();
    copy.#table = table;
    return copy;
  }

  /**
   * What the context holds now, for a callback that will run in a copy of it later, or perhaps never: one
   * object serves all until a variable is set. A callback runs in the snapshot itself until it needs a
   * context of its own: see `_own()`.
   * @internal
   */
  _snapshot(): Context {
    return this.#table.snapshot ??= this.copy();
  }

  /** Whether it is one that `_snapshot()` has made. @internal */
  _isSnapshot(): boolean {
    return this.#table.snapshot === this;
  }

  /**
   * The context, for who is going to keep or change it; to be called on the one of the running code. In
   * place of a snapshot that is a copy, in which the callback goes on.
   * @internal
   */
  _own(): Context {
    if (!this._isSnapshot()) return this;
    const own = sync.own ?? this.copy();
    if (sync.own !== null) sync.own = own;
    if (sync.context === this) sync.context = own;
    return own;
  }

  /** @internal */
  _lookup(variable: ContextVar<unknown>): unknown {
    const { values } = this.#table;
    const value = values.get(variable);
    return value === undefined && !values.has(variable) ? MISSING : value;
  }

  /** @internal */
  _assign(variable: ContextVar<unknown>, value: unknown): void {
    let table = this.#table;
    if (table.owner !== this) table = this.#table = new Table(new Map(table.values), this);
    if (value === MISSING) table.values.delete(variable);
    else table.values.set(variable, value);
    table.version = ++lastVersion;
  }
}

/** Runs code that may be async: it carries the context along. */
function runAsync<A extends unknown[], R>(
  context: Context,
  fn: (...args: A) => R,
  ...args: A
): R {
  const calling = currentFrame();
  const loop = calling?.loop ?? runningLoop();
  const frame = new Frame(loop, calling?.task ?? null, context, calling?.branch);
  return sync.context === undefined
    ? storage.run(frame, fn, ...args)
    : enterAsync(frame, fn, ...args);
}

/** The context of code that no loop and no `Context.run()` has called. */
const outermost = new Context();

/**
 * The context of the calling code; it must not be kept or changed.
 * @internal
 */
export function currentContext(): Context {
  return sync.context ?? storage.getStore()?.context ?? outermost;
}

/**
 * A copy of the context of the calling code, in constant time.
 *
 * asyncio name: `contextvars.copy_context`.
 *
 * @example A callback in a context of its own
 * ```ts
 * import { ContextVar, copyContext, getRunningLoop, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const user = new ContextVar<string>("user");
 * const seen: string[] = [];
 * await run(async () => {
 *   const context = copyContext();
 *   context.run(() => user.set("ada"));
 *   getRunningLoop().callSoon(context.wrap(() => seen.push(user.get())));
 *   await sleep(0);
 * });
 * assertEquals(seen, ["ada"]);
 * ```
 */
export function copyContext(): Context {
  return currentContext().copy();
}

/** What {@linkcode ContextVar} takes beside its name. */
export interface ContextVarOptions<T> {
  /** What `get()` returns where the variable has no value; without it, `get()` throws there. */
  defaultValue?: T;
}

/**
 * Undoes one {@linkcode ContextVar.set}.
 *
 * asyncio name: `contextvars.Token`.
 */
export class Token<T> {
  /** Stands for "had no value" in {@linkcode Token.oldValue}. */
  static readonly MISSING: unique symbol = Symbol("Token.MISSING");
  /** The variable that was set. */
  readonly var: ContextVar<T>;
  /** Its value before, or `Token.MISSING`. */
  readonly oldValue: T | typeof Token.MISSING;
  /** @internal */
  readonly _context: Context;
  /** @internal */
  _used = false;

  /** @internal */
  constructor(variable: ContextVar<T>, oldValue: T | typeof Token.MISSING, context: Context) {
    this.var = variable;
    this.oldValue = oldValue;
    this._context = context;
  }
}

/**
 * A variable with a value of its own in every context.
 *
 * asyncio name: `contextvars.ContextVar`. Make them at the top of a module.
 *
 * @example One value for each task
 * ```ts
 * import { ContextVar, createTask, gather, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const request = new ContextVar<number>("request");
 * async function handle(id: number) {
 *   request.set(id);
 *   await sleep(1);
 *   return request.get();
 * }
 * const seen = await run(() => gather(createTask(() => handle(1)), createTask(() => handle(2))));
 * assertEquals(seen, [1, 2]);
 * ```
 */
export class ContextVar<T> {
  /** The name, for people to read. */
  readonly name: string;
  #hasDefault: boolean;
  #default: T | undefined;
  // The last value read, good for every context of that version, and the last version without one.
  #cached: T | undefined;
  #cachedVersion = -1;
  #missingVersion = -1;

  /**
   * Makes a variable.
   *
   * @param name the name, for people to read
   * @param options the default value
   */
  constructor(name: string, options?: ContextVarOptions<T>) {
    if (typeof name !== "string") {
      throw new TypeError(`Cannot make a context variable: its name must be a string, got ${name}`);
    }
    this.name = name;
    this.#hasDefault = options !== undefined && "defaultValue" in options;
    this.#default = options?.defaultValue;
  }

  /**
   * The value in the current context.
   *
   * @returns the value; where there is none, `fallback` if given, else the default of the variable
   * @throws {ReferenceError} when there is no value, no fallback and no default
   */
  get(...fallback: [] | [T]): T {
    const context = sync.context ?? currentContext();
    const version = context._version;
    if (version === this.#cachedVersion) return this.#cached as T;
    if (version !== this.#missingVersion) {
      const value = context._lookup(this as ContextVar<unknown>);
      if (value !== MISSING) {
        this.#cachedVersion = version;
        return this.#cached = value as T;
      }
      this.#missingVersion = version;
    }
    return fallback.length === 0 ? this.#defaultValue() : fallback[0] as T;
  }

  #defaultValue(): T {
    if (this.#hasDefault) return this.#default as T;
    throw new ReferenceError(
      `Cannot get the context variable '${this.name}': it has no value here and no default`,
    );
  }

  /**
   * Gives the variable a value in the current context.
   *
   * @param value the value
   * @returns a token with which {@linkcode ContextVar.reset} undoes it
   */
  set(value: T): Token<T> {
    const context = currentContext()._own();
    const old = context._lookup(this as ContextVar<unknown>);
    context._assign(this as ContextVar<unknown>, value);
    return new Token<T>(this, old === MISSING ? Token.MISSING : old as T, context);
  }

  /**
   * Gives the variable back the value it had before a `set()`.
   *
   * @param token what that `set()` returned
   * @throws {RuntimeError} when the token was used before
   * @throws {RangeError} when the token is of another variable or of another context
   */
  reset(token: Token<T>): void {
    if (!(token instanceof Token)) {
      throw new TypeError(`Cannot reset '${this.name}': the argument is no Token`);
    }
    if (token._used) {
      throw new RuntimeError(`Cannot reset '${this.name}': the token has been used already`);
    }
    if (token.var !== this) {
      throw new RangeError(`Cannot reset '${this.name}': the token is of '${token.var.name}'`);
    }
    const context = currentContext()._own();
    if (token._context !== context) {
      throw new RangeError(
        `Cannot reset '${this.name}': the token was made in a different context`,
      );
    }
    token._used = true;
    context._assign(
      this as ContextVar<unknown>,
      token.oldValue === Token.MISSING ? MISSING : token.oldValue,
    );
  }
}
