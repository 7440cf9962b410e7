/**
 * The language of the parity tests: concurrent programs as data, for `_player.ts` and `player.py`.
 *
 * A program has tasks, each a block of statements, and a few of every primitive, which all tasks
 * share and name by number. Times are whole milliseconds, so that many deadlines are the same.
 *
 * Imported by tests only.
 */

/** A statement: its name, then its arguments. */
export type Statement = readonly unknown[];

/** Statements, one after the other. */
export type Block = readonly Statement[];

/** What a callback or a statement does without waiting: `["cancel", 2]`. */
export type Action = readonly unknown[];

/**
 * What can be waited for: `["b", block]` a task, `["e", block]` a task that starts eagerly,
 * `["c", block]` a coroutine, `["t", number]` a task that is there, `["f", number]` a future.
 */
export type Item = readonly [kind: string, what: Block | number];

/** A program. */
export interface ParityProgram {
  /** Whether traces tell virtual times; else turns of the loop. */
  timed: boolean;
  /** Whether all tasks start eagerly. */
  eager: boolean;
  tasks: Block[];
  /** What is done from outside, and when. */
  between: [when: number, action: Action][];
}

/** What came of a program. */
export interface Answer {
  /** What happened, a line for each event. */
  trace: string[];
  /** The documented reasons for which the library does something else on purpose. */
  differs: string[];
}
