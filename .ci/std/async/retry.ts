/** Stands for part of `@std/async` where its registry cannot be reached; see `../assert/mod.ts`. */
import { retry as impl, RetryError as Failure } from "npm:deno-std@1.4.0/async/retry.js";

export interface RetryError extends Error {
  cause?: unknown;
}
export const RetryError: {
  new (cause: unknown, attempts: number): RetryError;
  readonly prototype: RetryError;
} = Failure;

export interface RetryOptions {
  multiplier?: number;
  maxTimeout?: number;
  maxAttempts?: number;
  minTimeout?: number;
  jitter?: number;
  isRetriable?: (err: unknown) => boolean;
  signal?: AbortSignal;
}

export function retry<T>(
  fn: (() => Promise<T>) | (() => T),
  options?: RetryOptions,
): Promise<T> {
  return impl(fn, options);
}
