/**
 * What a child that was started through `node:child_process` has ended with.
 *
 * Deno has no names for real-time signals. When one has ended a child, Node's module fails while nobody
 * listens: there is no event, and a rejection that nobody can handle ends this whole process. That
 * rejection is the only sign, and does not say whose it is; it is caught here while such children run.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import { realtimeReturncodeOf, returncodeOf } from "./_returncode.ts";

/** The children that run, with what to call when they have exited. */
const running = new Map<ChildProcess, (returncode: number) => void>();

/** The return code of a child that was just started, once it has exited. */
export function exitOf(child: ChildProcess): Promise<number> {
  if (running.size === 0) addEventListener("unhandledrejection", onRejection);
  return new Promise((resolve) => {
    running.set(child, resolve);
    child.once("exit", (code, signal) => exited(child, returncodeOf(code, signal)));
  });
}

function exited(child: ChildProcess, returncode: number): void {
  const resolve = running.get(child);
  running.delete(child);
  if (running.size === 0) removeEventListener("unhandledrejection", onRejection);
  resolve?.(returncode);
}

function onRejection(event: PromiseRejectionEvent): void {
  const returncode = realtimeReturncodeOf(event.reason);
  if (returncode === undefined) return;
  for (const child of running.keys()) {
    // Whose it is shows when there is no such process any more; others mind this signal least.
    if (sendSignal(child, "SIGURG")) continue;
    event.preventDefault();
    return exited(child, returncode);
  }
}

/**
 * Sends a signal. Node sends one only, and takes a child for ended by that, whatever it has ended with;
 * only while no signal is noted does it ask the system.
 *
 * @returns whether the child still was there, and let itself be told
 */
export function sendSignal(child: ChildProcess, signal: Deno.Signal): boolean {
  const noted: { killed: boolean; signalCode: NodeJS.Signals | null } = child;
  noted.killed = false;
  if (!child.kill(signal as NodeJS.Signals)) return false;
  noted.signalCode = null;
  return true;
}
