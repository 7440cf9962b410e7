/**
 * What connections have to send that the host has brought data for in the same turn.
 *
 * Deno tells of everything that has come in one turn, and each connection answers at once, in a pass of
 * its own. Encrypting takes long enough that, between one system call and the next, the peers have read
 * what there is and sleep again; waking them each time costs the sender more than sending. So answers
 * leave together, when all have been asked: with 30 connections and more, that is 1.3 to 1.5 times as
 * many answers. Few connections are better off when each answer leaves while the next is made, so the
 * first ones of a turn do not wait.
 *
 * May be imported by `transports/tls/`.
 *
 * @module
 */

import { Context } from "../../futures/context.ts";
import type { Runnable } from "../../futures/future_loop.ts";
import type { TransportLoop } from "../transport_loop.ts";

/** So many answers of a turn do not wait for each other. */
const EAGER = 4;

/** Something with bytes to send. */
export interface Sender {
  /** Sends them; must not throw. */
  flush(): void;
}

/** The answers of one turn of the host, of the connections of one loop. */
export class Burst implements Runnable {
  /** Nothing of the program's is called from here. @internal */
  readonly _context: Context = new Context();
  readonly #loop: TransportLoop;
  readonly #waiting: Sender[] = [];
  #answers = 0;

  /** The burst of a loop. */
  static of(loop: TransportLoop): Burst {
    let burst = bursts.get(loop);
    if (burst === undefined) bursts.set(loop, burst = new Burst(loop));
    return burst;
  }

  private constructor(loop: TransportLoop) {
    this.#loop = loop;
  }

  /** Lets something be sent, now or at the end of the turn. */
  send(sender: Sender): void {
    if (this.#answers++ === 0) settled.then(this.#endOfTurn);
    if (this.#answers <= EAGER) sender.flush();
    else this.#waiting.push(sender);
  }

  // What else the turn brings has been told by then.
  readonly #endOfTurn = (): void => {
    this.#answers = 0;
    if (this.#waiting.length > 0) this.#loop._deliver(this);
  };

  /** @internal */
  _run(): void {
    for (const sender of this.#waiting.splice(0)) sender.flush();
  }
}

const bursts = new WeakMap<TransportLoop, Burst>();
const settled = Promise.resolve();
