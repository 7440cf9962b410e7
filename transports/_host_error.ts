/**
 * Telling what the host reports from what is wrong with a program.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

/**
 * Whether an error is one that a host reports in the course of a connection's life, such as
 * `Deno.errors.ConnectionReset`: Python's `OSError`.
 */
export function isHostError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const known = Deno.errors as unknown as Record<string, typeof Error | undefined>;
  const Class = known[error.name];
  return Class !== undefined && error instanceof Class;
}
