/** Stands for part of `@std/async` where its registry cannot be reached; see `../assert/mod.ts`. */
import { debounce as impl } from "npm:deno-std@1.4.0/async/debounce.js";

export interface DebouncedFunction<T extends Array<unknown>> {
  (...args: T): void;
  clear(): void;
  flush(): void;
  readonly pending: boolean;
}

export interface DebounceOptions {
  signal?: AbortSignal | undefined;
}

// deno-lint-ignore no-explicit-any
export function debounce<T extends Array<any>>(
  fn: (this: DebouncedFunction<T>, ...args: T) => void,
  wait: number,
  options?: DebounceOptions,
): DebouncedFunction<T> {
  return impl(fn, wait, options);
}
