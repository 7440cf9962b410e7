// A loop inside a host that owns the frame: a game, a GUI, an editor. The host calls `tick()` once per
// frame; the loop runs at most so many callbacks, and leaves the rest for the next frames.
//
// The loop asks `_select(0)` whenever by its host's clock it has run long enough. This clock moves on
// with every look, so it asks after every callback, and is let through as often as the frame allows.

import { DenoEventLoop } from "@asyncio/asyncio";

export class FrameLoop extends DenoEventLoop {
  readonly #perTick: number;
  #left = 0;
  #looks = 0;
  #nextTick: (() => void) | undefined;
  #frameDone: (() => void) | undefined;

  constructor(callbacksPerTick: number) {
    super();
    this.#perTick = callbacksPerTick;
  }

  /** Runs what is ready, or as much of it as belongs in one frame. */
  tick(): Promise<void> {
    this.#left = this.#perTick;
    return new Promise((resolve) => {
      this.#frameDone = resolve;
      this.#nextTick?.();
    });
  }

  override _hostTime(): number {
    return ++this.#looks;
  }

  override async _select(timeoutMs: number): Promise<void> {
    if (timeoutMs === 0 && --this.#left > 0) return;
    this.#frameDone?.();
    await new Promise<void>((resolve) => this.#nextTick = resolve);
  }

  /** The next tick looks in any case. */
  override _wakeup(): void {}
}
