/**
 * Cancels an awaitable in every pass of its life, in every way, and looks at what is left.
 *
 * One run is a *scene*: a subject that awaits the awaitable, and other tasks that use the same things.
 * It is played once undisturbed, to see how many passes the wait takes, and then once for each
 *
 * - pass in which the subject is disturbed, as the first and as the last thing that the pass does;
 * - way to disturb it: cancelled, cancelled in two passes, given up by a signal, and both;
 * - kind of coroutine, and lazy or eager start.
 *
 * After each run this must hold:
 *
 * - every request to cancel has arrived, and no more often than it was made; a wait that was disturbed
 *   does not end well;
 * - `cancelling()` is what it was, and the next wait of the task ends well;
 * - all other tasks end as if nothing had happened: no wake-up is lost, nobody is disturbed;
 * - `check()` of the scene: what was there is there, in the same number and state;
 * - no task, callback, timer or listener is left, and the exception handler was told nothing.
 *
 * Register an awaitable with {@linkcode testCancellation} in the test file of its own. Imported by
 * tests only.
 */
import { assert, assertEquals } from "@std/assert";
import {
  type AbortOptions,
  type Awaitable,
  CancelledError,
  createTask,
  currentTask,
  type Runnable,
  sleep,
  Task,
} from "../../futures/mod.ts";
import { type Kind, passes, type Program, TestLoop, Trial } from "../_helpers.ts";
import { countingSignal } from "./_signal.ts";

/** What is played. Everything that waits does so through `t.wait()`. */
export interface Scene {
  /** What is awaited, and cancelled; afresh, and with the signal if the awaitable takes one. */
  subject(options: AbortOptions): Awaitable<unknown>;
  /**
   * Whether the awaitable takes a signal.
   * @default true
   */
  takesSignal?: boolean;
  /** Tasks that start before the subject, and after it. */
  before?: (() => Program<unknown>)[];
  after?: (() => Program<unknown>)[];
  /** Called by the subject with what it got. */
  got?(value: unknown): void;
  /** Runs when the subject has ended: makes up for what it did, or did not, so that all can end. */
  afterwards?(got: boolean): Program<unknown>;
  /** Looks at the state when all have ended. */
  check?(got: boolean): void;
}

/** What disturbs the subject, in the pass and in the next one. */
const WAYS = {
  "cancelled": ["cancel"],
  "cancelled twice": ["cancel", "cancel"],
  "aborted": ["abort"],
  "cancelled, then aborted": ["cancel", "abort"],
  "aborted, then cancelled": ["abort", "cancel"],
  "aborted and cancelled": ["abort+cancel"],
  "cancelled and aborted": ["cancel+abort"],
} as const;

/** In so many passes is a wait disturbed, at most; only waits for a timer last longer. */
const MOST_PASSES = 12;

/** One run. */
interface Variation {
  kind: Kind;
  eagerStart: boolean;
  /** In which pass; 0 is before the first. `null` for none. */
  pass: number | null;
  first: boolean;
  way: keyof typeof WAYS;
}

/** A loop that counts what is put into the ready queue. */
class CountingLoop extends TestLoop {
  enqueued = 0;

  override _enqueue(item: Runnable): void {
    this.enqueued++;
    super._enqueue(item);
  }
}

/** Tests an awaitable; see above. */
export function testCancellation(
  name: string,
  makeScene: (t: Trial) => Scene,
  kinds: readonly Kind[] = ["generator", "async function"],
): void {
  Deno.test(`${name} can be cancelled in every pass of its life`, async (context) => {
    for (const kind of kinds) {
      for (const eagerStart of [false, true]) {
        await context.step(`${kind}, ${eagerStart ? "eager" : "lazy"}`, async () => {
          for (const variation of await variations(kind, eagerStart, makeScene)) {
            await play(variation, makeScene);
          }
        });
      }
    }
  });
}

async function variations(
  kind: Kind,
  eagerStart: boolean,
  makeScene: (t: Trial) => Scene,
): Promise<Variation[]> {
  const undisturbed = { kind, eagerStart, pass: null, first: true, way: "cancelled" } as const;
  const { life, takesSignal } = await play(undisturbed, makeScene);
  const ways = (Object.keys(WAYS) as (keyof typeof WAYS)[])
    .filter((way) => takesSignal || !way.includes("aborted"));
  const found: Variation[] = [];
  for (let pass = 0; pass <= life; pass++) {
    for (const first of [true, false]) {
      for (const way of ways) found.push({ kind, eagerStart, pass, first, way });
    }
  }
  return found;
}

/** Plays one run; returns in which pass the subject ended, and whether it takes a signal. */
async function play(
  variation: Variation,
  makeScene: (t: Trial) => Scene,
): Promise<{ life: number; takesSignal: boolean }> {
  const run = new Run(variation, makeScene);
  try {
    await run.t.loop.runUntilComplete(run.t.work(() => run.play()));
    run.t.finish();
  } catch (error) {
    const { pass, first, way } = variation;
    const when = pass === null ? "undisturbed" : `${way} in pass ${pass}`;
    const place = pass === null || pass === 0 ? "" : first ? ", first thing" : ", last thing";
    throw new Error(`${when}${place}: ${(error as Error).message}`, { cause: error });
  }
  return { life: run.life, takesSignal: run.scene.takesSignal !== false };
}

class Run {
  readonly t: Trial<CountingLoop>;
  readonly scene: Scene;
  life = 0;
  readonly #variation: Variation;
  readonly #signal = countingSignal();
  readonly #reason = new TypeError("given up");
  #subject: Task<void> | null = null;
  #passes = 0;
  #running = true;
  #requests = 0;
  #arrived = 0;
  #takenBack = 0;
  #got = false;
  #waiting = false;
  #mustFail = false;

  constructor(variation: Variation, makeScene: (t: Trial) => Scene) {
    this.#variation = variation;
    this.t = new Trial(new CountingLoop(), variation.kind);
    this.scene = makeScene(this.t as Trial);
  }

  *play(): Program<void> {
    const { t, scene } = this;
    const { eagerStart, first } = this.#variation;
    const start = (programs: (() => Program<unknown>)[] = []) =>
      programs.map((program) => createTask(t.work(program), { eagerStart }));
    if (first) t.loop.callSoon(this.#tick);
    const others = start(scene.before);
    this.#subject = createTask(t.work(() => this.#await()), { eagerStart });
    others.push(...start(scene.after));
    if (!first) t.loop.callSoon(this.#tick);
    this.#disturb();

    try {
      yield* t.wait(this.#subject);
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      // It had not begun.
      this.#arrived++;
    }
    this.#running = false;
    if (scene.afterwards !== undefined) yield* scene.afterwards(this.#got);
    for (const other of others) yield* t.wait(other);
    this.#check();
    scene.check?.(this.#got);

    yield* t.wait(passes(3));
    const before = t.loop.enqueued;
    yield* t.wait(passes(3));
    assertEquals(t.loop.enqueued - before, 3, "callbacks that are left");
  }

  readonly #tick = (): void => {
    // A wait for a timer goes on when nothing is ready.
    if (!this.#running || this.#passes > MOST_PASSES) return;
    if (this.#variation.first) this.t.loop.callSoon(this.#tick);
    this.#passes++;
    this.#disturb();
    if (!this.#variation.first) this.t.loop.callSoon(this.#tick);
  };

  #disturb(): void {
    const { pass, way } = this.#variation;
    if (pass === null) return;
    const acts = WAYS[way][this.#passes - pass]?.split("+") ?? [];
    // Before the first pass, an async function has perhaps not got as far as its first wait.
    if (acts.length > 0 && this.#waiting && this.#passes > 0) this.#mustFail = true;
    for (const act of acts) {
      if (act === "abort") this.#signal.abort(this.#reason);
      else if (this.#subject!.cancel()) this.#requests++;
    }
  }

  /** What the subject does. */
  *#await(): Program<void> {
    const { t, scene } = this;
    const me = currentTask();
    assert(me instanceof Task);
    yield* this.#caught(me, function* () {
      this.#waiting = true;
      const value = yield* t.wait(scene.subject(this.#signal));
      this.#got = true;
      assert(!this.#mustFail, "the wait ended well, though it was disturbed before");
      scene.got?.(value);
    });
    this.#waiting = false;
    this.life = this.#passes;
    // Nothing is left of the request. A further one may arrive here, when the wait had ended before.
    yield* this.#caught(me, function* () {
      yield* t.wait(sleep(0));
      yield* t.wait(sleep(0));
    });
  }

  /** Takes a cancellation for delivered and takes it back, and an abortion for the end of the wait. */
  *#caught(me: Task<unknown>, body: (this: Run) => Program<void>): Program<void> {
    try {
      yield* body.call(this);
    } catch (error) {
      assertEquals(me.cancelling(), this.#requests - this.#takenBack, "cancelling()");
      if (error === this.#reason) return;
      if (!(error instanceof CancelledError)) throw error;
      this.#arrived++;
      assert(me.cancelling() > 0, "cancelled without a request");
      while (me.cancelling() > 0) me.uncancel();
      this.#takenBack = this.#requests;
    }
  }

  #check(): void {
    const { way, pass } = this.#variation;
    const subject = this.#subject!;
    if (pass === null) assert(this.#got, "the wait did not end");
    const most = this.#requests;
    const least = Math.min(1, most);
    assert(
      this.#arrived >= least && this.#arrived <= most,
      `${most} requests to cancel were made, ${this.#arrived} have arrived (${way})`,
    );
    if (!subject.cancelled()) assertEquals(subject.cancelling(), 0);
    assertEquals(this.#signal.listeners, 0, "listeners that are left");
  }
}
