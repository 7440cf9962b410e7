/** Stands for part of `@std/async` where its registry cannot be reached; see `../assert/mod.ts`. */
import { deadline as impl } from "npm:deno-std@1.4.0/async/deadline.js";

export interface DeadlineOptions {
  signal?: AbortSignal;
}

export function deadline<T>(p: Promise<T>, ms: number, options?: DeadlineOptions): Promise<T> {
  return impl(p, ms, options);
}
