/**
 * What connections have to send that the host has brought data for in the same turn.
 *
 * Deno tells of everything that has come in one turn, and each connection answers at once, in a pass of
 * its own. Between one system call and the next, the peers have read what there is and sleep again; waking
 * them each time costs the sender more than sending. So answers leave together: with 100 connections that
 * is 3 to 7 % more of them, and over TLS, where encrypting takes its time as well, 1.3 to 1.5 times as many.
 * Few connections are better off when each answer leaves while the next is made, so the first ones of a
 * turn do not wait; and the last of many do not wait for all of them.
 *
 * May be imported by `transports/` only.
 *
 * @module
 */

import { Context } from "../futures/context.ts";
import type { Runnable } from "../futures/future_loop.ts";
import type { TransportLoop } from "./transport_loop.ts";

/** So many answers of a turn do not wait for each other. */
const EAGER = 4;

/** So many leave together at most. */
const MAX_WAITING = 32;

/** Something with bytes to send. */
export interface Sender {
  /** Sends them; must not throw, and calls nothing of the program's. */
  flush(): void;
}

/** The answers of one turn of the host. */
export class Burst implements Runnable {
  /** Nothing of the program's is called from here. @internal */
  readonly _context: Context = new Context();
  readonly #loop: TransportLoop | null;
  readonly #waiting: Sender[] = [];
  #answers = 0;

  /** @param loop the loop that is to send them at the end of a pass; otherwise it is done outside of any */
  constructor(loop: TransportLoop | null = null) {
    this.#loop = loop;
  }

  /** Lets something be sent, now or at the end of the turn. */
  send(sender: Sender): void {
    if (this.#answers++ === 0) settled.then(this.#endOfTurn);
    if (this.#answers <= EAGER) sender.flush();
    else if (this.#waiting.push(sender) === MAX_WAITING) this._run();
  }

  // What else the turn brings has been told by then.
  readonly #endOfTurn = (): void => {
    this.#answers = 0;
    if (this.#waiting.length === 0) return;
    if (this.#loop === null) this._run();
    else this.#loop._atPassEnd(this);
  };

  /** @internal */
  _run(): void {
    for (const sender of this.#waiting.splice(0)) sender.flush();
  }
}

const settled = Promise.resolve();
