/**
 * The numbers that the loop is tuned by, each with its reason.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

/**
 * How long the loop runs callbacks before it lets Deno look at its sockets, in milliseconds.
 *
 * Each time Deno looks twice, so that what one end of a connection inside this process answers reaches
 * the other end at once: a round trip then waits for one interval and one callback. Two looks cost
 * about 20 µs, so a loop that is never idle gives 5 % of its time to it.
 */
export const HOST_POLL_INTERVAL_MS = 0.4;

/**
 * The same while connections are busy: after a look that has brought something for one. It looks once then,
 * since it looks again soon. Who talks with a loop that is never idle waits for 65 µs in the middle, as with an idle
 * one, and not for 420, and a hundred who do so are answered 1.2 times as often. The loop gives a sixth of its
 * time to it.
 */
export const BUSY_POLL_INTERVAL_MS = 0.05;

/**
 * So many looks in a row make a loop one that is never idle. A server that has much to do for a moment, and is
 * idle then, is looked after by the host anyway: looking more often costs it up to a sixth of its connections.
 */
export const POLLS_BEFORE_BUSY = 8;

/** By how much that grows with each look that has brought nothing. */
export const POLL_INTERVAL_GROWTH = 1.25;

/**
 * How often a busy loop gives Deno a plain turn, which serves timers but rarely sockets, before it opens
 * what lets it look at its sockets each time: about 2 ms of work at a stretch or in all.
 */
export const TURNS_BEFORE_PAIR = 4;

/**
 * The most callbacks between two looks at the clock.
 *
 * Reading the clock costs as much as two callbacks. The number adapts to how long callbacks take, so
 * this bound only says how many short callbacks a sudden long one may be followed by.
 */
export const MAX_CALLBACK_BUDGET = 64;

/**
 * The most microtasks in a row that a pass waits for an async function that it has resumed and that does
 * nothing of this library's.
 *
 * An async function comes to rest two microtasks after it was resumed, and one later for each async
 * function it is nested in. One that does not come to rest waits for something foreign; finding that
 * out costs about a microsecond.
 */
export const MAX_ASYNC_HOPS = 64;

/**
 * After so many microtasks the loop no longer looks in each of them whether an async function that keeps
 * awaiting what is done at once has come to rest, but lets itself be told: looking costs such a
 * function a third of its time.
 */
export const HOPS_BEFORE_REST = 8;

/**
 * So many timers stand in a heap by themselves. Below, a heap costs as much as a wheel, and its arrays take
 * 12 KiB, which fit into the nearest cache.
 */
export const MAX_TIMER_HEAP = 512;

/**
 * How fine the timing wheel is: a power of two. A slot of its first level holds a few timers where there are
 * hundreds in a millisecond, so that putting them in order costs little. With 8 or 16, 10 000 timers in
 * 50 ms take 5 to 10 % more time, with 128 no less.
 */
export const TIMER_TICKS_PER_MS = 64;

/** The longest delay that the host's timers can carry, in milliseconds. */
export const MAX_HOST_DELAY_MS = 2 ** 31 - 1;

/**
 * How long the end of a program waits for what still runs in other threads, in milliseconds.
 *
 * asyncio's `THREAD_JOIN_TIMEOUT`: long enough for honest work, and an end for what never ends.
 */
export const EXECUTOR_SHUTDOWN_TIMEOUT_MS = 300_000;
