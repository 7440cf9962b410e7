/** Stands for part of `@std/async` where its registry cannot be reached; see `../assert/mod.ts`. */
import { pooledMap as impl } from "npm:deno-std@1.4.0/async/pool.js";

export function pooledMap<T, R>(
  poolLimit: number,
  array: Iterable<T> | AsyncIterable<T>,
  iteratorFn: (data: T) => Promise<R>,
): AsyncIterableIterator<R> {
  return impl(poolLimit, array, iteratorFn);
}
