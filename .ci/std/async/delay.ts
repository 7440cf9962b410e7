/** Stands for part of `@std/async` where its registry cannot be reached; see `../assert/mod.ts`. */
import { delay as impl } from "npm:deno-std@1.4.0/async/delay.js";

export interface DelayOptions {
  signal?: AbortSignal;
  persistent?: boolean;
}

export function delay(ms: number, options?: DelayOptions): Promise<void> {
  return impl(ms, options);
}
