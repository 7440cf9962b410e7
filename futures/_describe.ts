/**
 * Short names of values, for messages.
 *
 * May be imported by every folder.
 *
 * @module
 */

/** A value in a few words: `function handle`, `Error: no`, `"abc"`, `an object of class Socket`. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "function":
      return value.name === "" ? "an unnamed function" : `function ${value.name}`;
    case "string":
      return JSON.stringify(value.length > 60 ? value.slice(0, 57) + "…" : value);
    case "object": {
      if (value === null) return "null";
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
    default:
      return String(value);
  }
}
