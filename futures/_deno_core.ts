/**
 * What Deno shows of its own workings.
 *
 * It is no part of Deno's interface and may be gone tomorrow. Whoever uses it looks whether it has what is
 * needed, and has another way.
 *
 * May be imported by `futures/` and `transports/`.
 *
 * @module
 */

/** Deno's core, or `undefined` where it is not shown. */
export function findDenoCore<T extends object>(host: object = globalThis): Partial<T> | undefined {
  const { Deno: deno } = host as { Deno?: { internal?: unknown } };
  if (typeof deno?.internal !== "symbol") return undefined;
  return (deno as Record<symbol, { core?: Partial<T> } | undefined>)[deno.internal]?.core;
}
