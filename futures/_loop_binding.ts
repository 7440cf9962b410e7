/**
 * Primitives belong to the loop in which somebody first had to wait for them.
 *
 * asyncio counterpart: `asyncio.mixins._LoopBoundMixin`.
 *
 * Making a primitive, and using it where nobody waits, binds nothing, so it can be made at the top of
 * a module. A loop that is closed gives up what was bound to it.
 *
 * May be imported by `futures/` only.
 *
 * @module
 */

import { runningLoop } from "./_frame.ts";
import { RuntimeError } from "./errors.ts";
import type { FutureLoop } from "./future_loop.ts";

/** What one primitive is bound to. */
export class LoopBinding {
  readonly #owner: { toString(): string };
  readonly #forget: () => void;
  /** The loop, once there is one. */
  loop: FutureLoop | null = null;

  /**
   * Makes a binding to no loop.
   *
   * @param owner the primitive, for messages
   * @param forget drops what waited in a loop that is closed: nobody will ever run it
   */
  constructor(owner: { toString(): string }, forget: () => void) {
    this.#owner = owner;
    this.#forget = forget;
  }

  /**
   * The running loop, to which the primitive is bound from now on. Called before each wait.
   *
   * asyncio name: `_get_loop`.
   *
   * @throws {RuntimeError} when none is running, or it is bound to another one that is not closed
   */
  getLoop(): FutureLoop {
    const running = runningLoop();
    if (running !== null && running === this.loop) return running;
    return this.#bind(running);
  }

  #bind(running: FutureLoop | null): FutureLoop {
    const action = `Cannot wait for ${this.#owner}: `;
    if (running === null) throw new RuntimeError(`${action}no event loop is running`);
    const bound = this.loop;
    if (bound !== null) {
      if (!bound.isClosed()) {
        throw new RuntimeError(
          `${action}it is bound to a different event loop, ${bound}, and the running one is ${running}`,
        );
      }
      this.#forget();
    }
    return this.loop = running;
  }
}
