/** Makes calls in workers start and end when a test wants it. Imported by tests only. */

/** A place in other threads where calls wait. */
export class Gate {
  /** To be passed to {@linkcode passGate}. */
  readonly buffer = new SharedArrayBuffer(8);
  readonly #flags = new Int32Array(this.buffer);

  /** How many calls have arrived. */
  get arrived(): number {
    return Atomics.load(this.#flags, 0);
  }

  /** Waits until a number of calls have arrived. */
  async arrivals(count: number): Promise<void> {
    // Waiting for shared memory does not keep the process alive.
    const hold = setInterval(() => {}, 1000);
    for (let arrived = this.arrived; arrived < count; arrived = this.arrived) {
      await Atomics.waitAsync(this.#flags, 0, arrived).value;
    }
    clearInterval(hold);
  }

  /** Lets all calls through. */
  open(): void {
    Atomics.store(this.#flags, 1, 1);
    Atomics.notify(this.#flags, 1);
  }
}

/** Arrives at a gate, and returns how many have before. Self-contained. */
export function arrive(buffer: SharedArrayBuffer): number {
  const flags = new Int32Array(buffer);
  const before = Atomics.add(flags, 0, 1);
  Atomics.notify(flags, 0);
  return before;
}

/** Arrives at a gate, and blocks the thread until it is open. Self-contained. */
export function passGate<T>(buffer: SharedArrayBuffer, result: T): T {
  const flags = new Int32Array(buffer);
  Atomics.add(flags, 0, 1);
  Atomics.notify(flags, 0);
  Atomics.wait(flags, 1, 0);
  return result;
}
