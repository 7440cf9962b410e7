/**
 * What goes between a pool and its workers.
 *
 * Structured cloning keeps neither the class nor the fields of an error, so errors are taken apart
 * in the worker (`_worker_main.ts`) and put together here.
 *
 * May be imported by `loop/executor/` only.
 *
 * @module
 */

import { BrokenBarrierError } from "../../futures/barrier.ts";
import {
  CancelledError,
  InvalidStateError,
  NotImplementedError,
  RuntimeError,
  TimeoutError,
} from "../../futures/errors.ts";
import { ExceptionGroup } from "../../futures/exception_group.ts";
import { QueueEmpty, QueueFull, QueueShutDown } from "../../futures/queue_errors.ts";
import { IncompleteReadError, LimitOverrunError } from "../../transports/stream_errors.ts";
import { GAIError } from "../address_info.ts";
import { WorkerDiedError } from "./executor.ts";

/** A call, on its way to a worker. */
export type WireCall =
  & { args: unknown[]; transferResult: boolean }
  & ({ source: string; name: string } | { module: string; name: string });

/** What comes back. */
export type WireAnswer =
  | { kind: "result"; value: unknown }
  | { kind: "thrown"; value: WireValue }
  | { kind: "unclonable"; message: string };

/** A value that may be an error or an array of errors. */
export type WireValue = { error: WireError } | { list: WireValue[] } | { value: unknown };

/** An error, taken apart. */
export interface WireError {
  /** Where its nearest class that exists on every side is found. */
  home: "globalThis" | "Deno.errors";
  /** The name of that class. */
  base: string;
  /** The names of its classes, its own first. */
  classes: string[];
  name: string;
  message: string;
  /** What an {@linkcode ExceptionGroup} is made with. */
  title: string | undefined;
  stack: string | undefined;
  /** What else it has of its own. */
  fields: { key: string; enumerable: boolean; value: WireValue }[];
}

const LIBRARY_ERRORS: readonly { prototype: object }[] = [
  CancelledError,
  InvalidStateError,
  NotImplementedError,
  RuntimeError,
  TimeoutError,
  BrokenBarrierError,
  ExceptionGroup,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  IncompleteReadError,
  LimitOverrunError,
  GAIError,
  WorkerDiedError,
];
/** By the names of their classes: nothing else tells, in another thread, what is of this library. */
const LIBRARY = new Map(LIBRARY_ERRORS.map(({ prototype }) => [classNames(prototype), prototype]));

function classNames(prototype: object): string {
  const names: string[] = [];
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    names.push(each.constructor.name);
  }
  return names.join();
}

/** Puts together what was thrown in a worker. */
export function decodeThrown(wire: WireValue): unknown {
  return decode(wire, new Map());
}

function decode(wire: WireValue, known: Map<WireError, Error>): unknown {
  if ("error" in wire) return known.get(wire.error) ?? decodeError(wire.error, known);
  if ("list" in wire) return wire.list.map((each) => decode(each, known));
  return wire.value;
}

function decodeError(wire: WireError, known: Map<WireError, Error>): Error {
  const error = bareError(wire);
  known.set(wire, error);
  const set = (key: string, value: unknown, enumerable = false) =>
    Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
  if (error.name !== wire.name) set("name", wire.name);
  if (error.message !== wire.message) set("message", wire.message);
  set("stack", wire.stack);
  for (const { key, enumerable, value } of wire.fields) set(key, decode(value, known), enumerable);
  return error;
}

/** An error of the right class, without its fields. */
function bareError(wire: WireError): Error {
  if (wire.base === "DOMException") return new DOMException(wire.message, wire.name);
  const prototype = prototypeOf(wire);
  // These two have a part that only their constructors can make. The errors in a group come with
  // the fields.
  if (prototype === ExceptionGroup.prototype) return new ExceptionGroup(wire.title ?? "", [wire]);
  if (prototype === CancelledError.prototype) return new CancelledError(wire.message);
  return Object.setPrototypeOf(new Error(wire.message), prototype);
}

function prototypeOf({ home, base, classes }: WireError): object {
  const ours = LIBRARY.get(classes.join());
  if (ours !== undefined) return ours;
  const classesThere = (home === "globalThis" ? globalThis : Deno.errors) as unknown as Record<
    string,
    { prototype: object }
  >;
  return classesThere[base]!.prototype;
}
