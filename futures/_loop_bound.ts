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

/** What every synchronisation primitive and queue inherits from. */
export abstract class LoopBound {
  #loop: FutureLoop | null = null;

  /**
   * The running loop, to which the object is bound from now on. Called before each wait.
   *
   * asyncio name: `_get_loop`.
   *
   * @throws {RuntimeError} when none is running, or the object is bound to another that is not closed
   * @internal
   */
  _getLoop(): FutureLoop {
    const running = runningLoop();
    if (running !== null && running === this.#loop) return running;
    return this.#bind(running);
  }

  #bind(running: FutureLoop | null): FutureLoop {
    if (running === null) {
      throw new RuntimeError(`Cannot wait for ${this}: no event loop is running`);
    }
    const bound = this.#loop;
    if (bound !== null) {
      if (!bound.isClosed()) {
        throw new RuntimeError(
          `Cannot wait for ${this}: it is bound to a different event loop, ` +
            `${bound}, and the running one is ${running}`,
        );
      }
      this._loopClosed();
    }
    return this.#loop = running;
  }

  /** Forgets what waited in a loop that is closed: nobody will ever run it. @internal */
  protected abstract _loopClosed(): void;

  /** For messages. */
  abstract toString(): string;
}
