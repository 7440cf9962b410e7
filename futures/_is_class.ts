/**
 * Telling classes from other functions, for things that may be made in either way, or in one only.
 *
 * May be imported by `futures/` and `loop/`.
 *
 * @module
 */

/** Whether something is a class, which cannot be called without `new`. */
export function isClass(value: unknown): value is abstract new (...args: never[]) => object {
  if (typeof value !== "function") return false;
  // The prototype of a class cannot be exchanged; a method may be named `class`.
  return Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false &&
    /^class\b/.test(Function.prototype.toString.call(value));
}
