/**
 * Short names of values, for messages.
 *
 * May be imported by every folder.
 *
 * @module
 */

/** How much of a description is shown. */
const MAX_CHARACTERS = 200;

// What is being described: a value may be found inside its own description.
const open = new Set<object>();

/**
 * A value in a few words: `function handle`, `Error: no`, `"abc"`, `an object of class Socket`.
 *
 * Never throws, whatever the value: messages are made where an error would hide another one.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "function": {
      const name = nameOf(value);
      return name === "" ? "an unnamed function" : `function ${name}`;
    }
    case "string":
      return JSON.stringify(value.length > 60 ? value.slice(0, 57) + "…" : value);
    case "object": {
      if (value === null) return "null";
      if (open.has(value)) return "…";
      open.add(value);
      try {
        const text = describeObject(value);
        return text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS - 1) + "…" : text;
      } catch {
        return "an object that cannot be described";
      } finally {
        open.delete(value);
      }
    }
    default:
      return String(value);
  }
}

/** The name of a function, where it has one. */
function nameOf(value: { readonly name?: unknown }): string {
  try {
    const { name } = value;
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

function describeObject(value: object): string {
  if (value instanceof Error) {
    return value.message === "" ? value.name : `${value.name}: ${value.message}`;
  }
  if (value instanceof Promise) return "a promise";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const { toString } = value;
  if (typeof toString === "function" && toString !== Object.prototype.toString) {
    return String(value);
  }
  const name = value.constructor?.name;
  return name === undefined || name === "Object" ? "an object" : `an object of class ${name}`;
}
