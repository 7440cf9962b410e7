/**
 * Where the program made a thing, for reports in debug mode.
 *
 * asyncio counterpart: `asyncio.format_helpers.extract_stack`.
 *
 * May be imported by `futures/` and `loop/`.
 *
 * @module
 */

const HERE = import.meta.url;
const ROOT = HERE.slice(0, HERE.lastIndexOf("futures/_traceback.ts"));
// Not the root itself: a program of the project's own, such as an example, lies there too. Where the library
// was put into one file with a program (ROOT is empty then), its frames cannot be told from the program's.
const FOLDERS = ROOT === "" ? [] : ["futures/", "loop/", "transports/"].map((name) => ROOT + name);
// Frames of the engine and the host, e.g. `at Array.map (<anonymous>)` and `at ext:core/01_core.js:1:2`.
const NO_PLACE = /\(<anonymous>\)$|[ (](?:ext|node):/;

function isProgram(line: string): boolean {
  return !FOLDERS.some((folder) => line.includes(folder)) && !NO_PLACE.test(line);
}

/**
 * A stack without the library's own frames at its top; as it is where there are no others.
 *
 * @param stack a title, and a line for each frame
 */
export function withoutOwnFrames(stack: string): string {
  const lines = stack.split("\n");
  const title = lines.findIndex((line) => line.trimStart().startsWith("at "));
  const first = lines.findIndex((line, i) => title >= 0 && i >= title && isProgram(line));
  return first <= title ? stack : [...lines.slice(0, title), ...lines.slice(first)].join("\n");
}

/** The stack of the calling code, from the program's frame on that has called the library. */
export function sourceTraceback(): string {
  return withoutOwnFrames(new Error().stack ?? "");
}

/**
 * The place of a stack's first frame, e.g. `file:///app.ts:3:9`; empty where it is not known, or not the
 * program's.
 */
export function placeOf(stack: string | undefined): string {
  const line = stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  if (line === undefined || !isProgram(line)) return "";
  const [, place] = /\(([^()]*)\)$/.exec(line) ?? /at (?:async )?(.*)$/.exec(line) ?? [];
  return place ?? "";
}
