/** Stands for part of `@std/async` where its registry cannot be reached; see `../assert/mod.ts`. */
import { MuxAsyncIterator as Impl } from "npm:deno-std@1.4.0/async/mux_async_iterator.js";

export interface MuxAsyncIterator<T> extends AsyncIterable<T> {
  add(iterable: AsyncIterable<T>): void;
  iterate(): AsyncIterableIterator<T>;
}
export const MuxAsyncIterator: {
  new <T>(): MuxAsyncIterator<T>;
  // deno-lint-ignore no-explicit-any
  readonly prototype: MuxAsyncIterator<any>;
} = Impl;
