/** An `AbortSignal` that counts its listeners. Imported by tests only. */

/** What {@linkcode countingSignal} returns. */
export interface CountingSignal {
  readonly signal: AbortSignal;
  /** Aborts the signal. */
  abort(reason?: unknown): void;
  /** How many listeners there are, and how many there have ever been. */
  readonly listeners: number;
  readonly added: number;
}

/** Makes a signal that counts its listeners. */
export function countingSignal(): CountingSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const live = new Set<unknown>();
  let added = 0;
  const count = {
    addEventListener(...args: Parameters<AbortSignal["addEventListener"]>): void {
      live.add(args[1]);
      added++;
      AbortSignal.prototype.addEventListener.apply(signal, args);
    },
    removeEventListener(...args: Parameters<AbortSignal["removeEventListener"]>): void {
      live.delete(args[1]);
      AbortSignal.prototype.removeEventListener.apply(signal, args);
    },
  };
  return {
    signal: Object.assign(signal, count),
    abort: (reason) => controller.abort(reason),
    get listeners() {
      return live.size;
    },
    get added() {
      return added;
    },
  };
}
