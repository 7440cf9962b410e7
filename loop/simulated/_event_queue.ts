/**
 * What the simulated network is going to do: events by time, those of one time in order of scheduling.
 *
 * Events are no timers of the loop: they happen while the loop waits, as what a host does, and belong
 * to no task, no context and no pass.
 *
 * May be imported by `loop/simulated/` only.
 *
 * @module
 */

interface Event {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

/** A priority queue of events. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #sequence = 0;

  /** When the next event happens, in milliseconds; `Infinity` when there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Adds an event. */
  add(at: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at, sequence: this.#sequence++, run };
    let index = heap.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex]!;
      if (!before(event, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = event;
  }

  /** Runs what is due, and what that adds. */
  runDue(now: number): void {
    while (this.next <= now) this.#shift().run();
  }

  #shift(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && before(right, heap[childIndex]!)) childIndex++;
      const child = heap[childIndex]!;
      if (!before(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
    return first;
  }
}
