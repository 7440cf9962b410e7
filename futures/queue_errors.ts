/**
 * What queues throw.
 *
 * asyncio counterpart: `asyncio.queues`, its exceptions.
 *
 * @module
 */

/**
 * There is nothing in the queue that `getNowait()` could give.
 *
 * asyncio name: `QueueEmpty`.
 */
export class QueueEmpty extends Error {
  /** The class name, for printing. */
  override readonly name: string = "QueueEmpty";
}

/**
 * The queue has no room for what `putNowait()` was given.
 *
 * asyncio name: `QueueFull`.
 */
export class QueueFull extends Error {
  /** The class name, for printing. */
  override readonly name: string = "QueueFull";
}

/**
 * The queue was shut down: nothing can be put, and nothing is left to get.
 *
 * asyncio name: `QueueShutDown`.
 */
export class QueueShutDown extends Error {
  /** The class name, for printing. */
  override readonly name: string = "QueueShutDown";
}
