/** Comparing types: `same<A, B>(true)` compiles when the two are the same, and not when they differ. */

/** Whether two types are the same; `any` is the same as `any` only. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2)
  ? true
  : false;

/** Compiles when the types are the same. */
export function same<A, B>(_: Same<A, B>): void {}

/** Makes a value of a type, for code that is compiled only. */
export declare function make<T>(): T;
