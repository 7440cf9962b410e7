/** Stands for part of `@std/async` where its registry cannot be reached; see `../assert/mod.ts`. */
import { abortable as impl } from "npm:deno-std@1.4.0/async/abortable.js";

export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
export function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;
export function abortable<T>(
  p: Promise<T> | AsyncIterable<T>,
  signal: AbortSignal,
): Promise<T> | AsyncGenerator<T> {
  return impl(p, signal);
}
