/**
 * How a problem that nobody else can be told of is printed.
 *
 * asyncio counterpart: `BaseEventLoop.default_exception_handler`.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { ExceptionContext } from "../futures/future_loop.ts";
import { describe } from "../futures/_describe.ts";

/** Prints the message, each further key on a line, and the error with its stack, to stderr. */
export function printException(context: ExceptionContext): void {
  const lines = [context.message || "Unhandled exception in the event loop"];
  for (const key of Object.keys(context).sort()) {
    if (key === "message" || key === "exception") continue;
    const value = context[key];
    if (key === "sourceTraceback") {
      lines.push("made at (most recent call first):", String(value).replace(/^.*\n/, ""));
    } else lines.push(`${key}: ${describe(value)}`);
  }
  if (context.exception !== undefined) {
    // A further argument of `console.error()` would begin its line with a space.
    const colors = !Deno.noColor && Deno.stderr.isTerminal();
    lines.push(Deno.inspect(context.exception, { colors }));
  }
  console.error(lines.join("\n"));
}
