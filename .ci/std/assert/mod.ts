/**
 * Stands for `@std/assert` where its registry cannot be reached: the names that the project uses,
 * with the signatures of the real package, over a repackaging of the same standard library on npm.
 * No part of the published package. Signatures after denoland/std (MIT).
 */
import { assertAlmostEquals as almostEquals } from "npm:deno-std@1.4.0/assert/almost_equals.js";
import { assertArrayIncludes as arrayIncludes } from "npm:deno-std@1.4.0/assert/array_includes.js";
import { assert as truthy } from "npm:deno-std@1.4.0/assert/assert.js";
import { AssertionError as Failure } from "npm:deno-std@1.4.0/assert/assertion_error.js";
import { equal as deepEqual } from "npm:deno-std@1.4.0/assert/equal.js";
import { assertEquals as equals } from "npm:deno-std@1.4.0/assert/equals.js";
import { assertExists as present } from "npm:deno-std@1.4.0/assert/exists.js";
import { fail as failure } from "npm:deno-std@1.4.0/assert/fail.js";
import { assertFalse as falsy } from "npm:deno-std@1.4.0/assert/false.js";
import { assertGreater as greater } from "npm:deno-std@1.4.0/assert/greater.js";
import { assertGreaterOrEqual as atLeast } from "npm:deno-std@1.4.0/assert/greater_or_equal.js";
import { assertInstanceOf as instanceOf } from "npm:deno-std@1.4.0/assert/instance_of.js";
import { assertIsError as isError } from "npm:deno-std@1.4.0/assert/is_error.js";
import { assertLess as less } from "npm:deno-std@1.4.0/assert/less.js";
import { assertLessOrEqual as atMost } from "npm:deno-std@1.4.0/assert/less_or_equal.js";
import { assertMatch as match } from "npm:deno-std@1.4.0/assert/match.js";
import { assertNotEquals as notEquals } from "npm:deno-std@1.4.0/assert/not_equals.js";
import { assertNotInstanceOf as notInstanceOf } from "npm:deno-std@1.4.0/assert/not_instance_of.js";
import { assertNotMatch as notMatch } from "npm:deno-std@1.4.0/assert/not_match.js";
import { assertNotStrictEquals as notStrict } from "npm:deno-std@1.4.0/assert/not_strict_equals.js";
import { assertObjectMatch as objectMatch } from "npm:deno-std@1.4.0/assert/object_match.js";
import { assertRejects as rejects } from "npm:deno-std@1.4.0/assert/rejects.js";
import { assertStrictEquals as strict } from "npm:deno-std@1.4.0/assert/strict_equals.js";
import { assertStringIncludes as includes } from "npm:deno-std@1.4.0/assert/string_includes.js";
import { assertThrows as throws } from "npm:deno-std@1.4.0/assert/throws.js";
import { unreachable as reached } from "npm:deno-std@1.4.0/assert/unreachable.js";

export type ArrayLikeArg<T> = ArrayLike<T> & object;
export type Falsy = false | 0 | 0n | "" | null | undefined;

// deno-lint-ignore no-explicit-any
type AnyClass<T> = abstract new (...args: any[]) => T;

export interface AssertionError extends Error {
  name: string;
}
export const AssertionError: {
  new (message: string, options?: ErrorOptions): AssertionError;
  readonly prototype: AssertionError;
} = Failure;

export function assert(expr: unknown, msg?: string): asserts expr {
  truthy(expr, msg);
}

export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  almostEquals(actual, expected, tolerance, msg);
}

export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  arrayIncludes(actual, expected, msg);
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  equals(actual, expected, msg);
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  present(actual, msg);
}

export function assertFalse(expr: unknown, msg?: string): asserts expr is Falsy {
  falsy(expr, msg);
}

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  greater(actual, expected, msg);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  atLeast(actual, expected, msg);
}

export function assertInstanceOf<T extends AnyClass<unknown>>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  instanceOf(actual, expectedType, msg);
}

export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: AnyClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  isError(error, ErrorClass, msgMatches, msg);
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  less(actual, expected, msg);
}

export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  atMost(actual, expected, msg);
}

export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  match(actual, expected, msg);
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  notEquals(actual, expected, msg);
}

export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: AnyClass<T>,
  msg?: string,
): asserts actual is Exclude<A, T> {
  notInstanceOf(actual, unexpectedType, msg);
}

export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  notMatch(actual, expected, msg);
}

export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  notStrict(actual, expected, msg);
}

export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  objectMatch(actual, expected, msg);
}

export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  ...rest: unknown[]
): Promise<unknown> {
  return rejects(fn, ...rest);
}

export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  strict(actual, expected, msg);
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  includes(actual, expected, msg);
}

export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(fn: () => unknown, ...rest: unknown[]): unknown {
  return throws(fn, ...rest);
}

export function equal(a: unknown, b: unknown): boolean {
  return deepEqual(a, b);
}

export function fail(msg?: string): never {
  return failure(msg) as never;
}

export function unreachable(msg?: string): never {
  return reached(msg) as never;
}
