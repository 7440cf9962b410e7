/**
 * Telling what the host reports from what is wrong with a program, and telling it on.
 *
 * May be imported by `transports/` and `loop/`.
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

/**
 * An error of the same class and code as another one, which is its cause, with another message.
 *
 * @returns the error; `undefined` where the class is not made of a message, as may be one of the program
 */
export function retold(error: unknown, message: string): Error | undefined {
  if (!(error instanceof Error) || error instanceof DOMException) return undefined;
  const Class = error.constructor as new (message: string, options?: ErrorOptions) => Error;
  let told: Error;
  try {
    told = new Class(message, { cause: error });
  } catch {
    return undefined;
  }
  if (told.message !== message) return undefined;
  const code = (error as { code?: unknown }).code;
  if (code !== undefined && !("code" in told && told.code === code)) {
    Object.defineProperty(told, "code", { value: code, configurable: true, writable: true });
  }
  return told;
}
