/**
 * Makes random programs for the parity tests, the same ones for the same seed. They are after trouble:
 * many cancellations, equal deadlines, nested scopes, tasks that start eagerly.
 *
 * Imported by tests only.
 */
import type { Action, Block, Item, ParityProgram, Statement } from "./_program.ts";
import { Random } from "./_random.ts";

const DELAYS = [0, 1, 1, 2, 2, 2, 3, 5];
/** In programs that count turns, a limit is at once or never: their clock stands still. */
const NEVER = 500;

/** What a program is mostly about. */
type Theme = "tasks" | "scopes" | "waits" | "locks" | "queues" | "callbacks" | "all";

class Maker {
  readonly #r: Random;
  readonly #timed: boolean;
  readonly #theme: Theme;

  constructor(seed: number) {
    const r = this.#r = new Random(seed);
    this.#timed = r.chance(0.5);
    this.#theme = r.choice<Theme>([
      "tasks",
      "scopes",
      "scopes",
      "waits",
      "locks",
      "queues",
      "callbacks",
      "all",
      "all",
    ]);
  }

  program(): ParityProgram {
    const r = this.#r;
    const eager = r.chance(0.25);
    const tasks = Array.from({ length: r.choice([1, 2, 2, 3, 4]) }, () => this.#block(3));
    const between = Array.from(
      { length: r.choice([0, 1, 1, 2, 3, 4]) },
      (): [number, Action] => [
        this.#timed ? r.choice([0, 1, 1, 2, 2, 3, 4, 5, 7]) : 1 + r.below(10),
        r.chance(0.6) ? ["cancel", r.below(tasks.length)] : this.#action(0),
      ],
    );
    between.sort(([a], [b]) => a - b);
    return { timed: this.#timed, eager, tasks, between };
  }

  #delay(): number {
    return this.#r.choice(DELAYS);
  }

  #limit(): number | null {
    const kind = this.#r.next();
    if (kind < 0.12) return null;
    if (kind < 0.3) return 0;
    return this.#timed ? this.#delay() : NEVER;
  }

  #block(depth: number): Block {
    const length = this.#r.choice([1, 1, 2, 2, 3]);
    return Array.from({ length }, () => this.#statement(depth));
  }

  #sleep(): Statement {
    return this.#timed && this.#r.chance(0.75)
      ? ["sleep", this.#delay()]
      : ["turns", this.#r.choice([1, 1, 1, 2, 3])];
  }

  #statement(depth: number): Statement {
    const r = this.#r;
    if (r.chance(0.22)) return this.#sleep();
    if (depth <= 0 || r.chance(0.3)) return this.#flat();
    const theme = this.#theme;
    const weight = (...themes: Theme[]) => theme === "all" ? 2 : themes.includes(theme) ? 5 : 0.4;
    const inner = () => this.#block(depth - 1);
    const item = (kinds: string) => this.#item(kinds, depth - 1);
    switch (
      r.weighted({
        try: 5,
        finally: 2,
        timeout: weight("scopes"),
        group: weight("scopes"),
        waitfor: weight("scopes", "waits"),
        spawn: weight("tasks", "callbacks"),
        await: weight("tasks"),
        shield: weight("waits"),
        gather: weight("waits"),
        gatherf: weight("waits") / 4,
        wait: weight("waits"),
        completed: weight("waits") / 2,
        lock: weight("locks"),
        semaphore: weight("locks"),
        condition: weight("locks"),
        withvar: weight("callbacks") / 2,
      })
    ) {
      case "try": {
        const what = r.choice(["cancel", "cancel", "error"]);
        const then = r.choice(["swallow", "swallow", "raise", "uncancel", "uncancel", "replace"]);
        return ["try", what, then, inner(), r.chance(0.5) ? inner() : []];
      }
      case "finally":
        return ["finally", inner(), inner()];
      case "timeout":
        return ["timeout", this.#limit(), inner()];
      case "group":
        return ["group", Array.from({ length: r.below(3) }, inner), inner()];
      case "waitfor":
        return ["waitfor", this.#limit(), item("cccbetf")];
      case "spawn":
        return ["spawn", r.choice(["b", "b", "e"]), inner()];
      case "await":
        return ["await", item("ccbettff")];
      case "shield":
        return ["shield", item("cbetf")];
      case "gather":
        return ["gather", r.chance(0.5), this.#items("ccbetf", depth)];
      case "gatherf":
        return ["gatherf", r.chance(0.5), this.#items("bbetf", depth)];
      case "wait": {
        const when = r.choice(["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"]);
        return ["wait", this.#limit(), when, this.#items("bbetf", depth)];
      }
      case "completed":
        return ["completed", this.#limit(), this.#items("bbetf", depth)];
      case "lock":
        return ["lock", r.below(2), inner()];
      case "semaphore":
        return ["semaphore", r.below(3), inner()];
      case "condition": {
        const number = r.below(2);
        const statement = this.#conditionStatement(number);
        const block = r.chance(0.5)
          ? [statement]
          : r.chance(0.5)
          ? [statement, ...inner()]
          : [...inner(), statement];
        return ["condition", number, block];
      }
      case "withvar":
        return ["withvar", r.below(2), 1 + r.below(9), inner()];
    }
  }

  #item(kinds: string, depth: number): Item {
    const r = this.#r;
    const kind = r.choice([...kinds]);
    if (kind === "t") return [kind, r.below(6)];
    if (kind === "f") return [kind, r.below(3)];
    return [kind, this.#block(depth)];
  }

  #items(kinds: string, depth: number): Item[] {
    const length = this.#r.choice([1, 2, 2, 3]);
    return Array.from({ length }, () => this.#item(kinds, depth - 1));
  }

  /** A statement without a block. */
  #flat(): Statement {
    const r = this.#r;
    const theme = this.#theme;
    const weight = (...themes: Theme[]) => theme === "all" ? 1 : themes.includes(theme) ? 3 : 0.15;
    switch (
      r.weighted({
        act: 8,
        cancelself: 1,
        uncancel: 0.7,
        foreign: 0.6,
        await: 2 * weight("tasks"),
        reschedule: weight("scopes"),
        gspawn: weight("scopes"),
        locks: 3 * weight("locks"),
        queues: 6 * weight("queues"),
      })
    ) {
      case "act":
        return ["act", this.#action(1)];
      case "cancelself":
        return ["cancelself"];
      case "uncancel":
        return ["uncancel"];
      case "foreign":
        return ["foreign", r.choice([1, 1, 2, 5])];
      case "await":
        return ["await", r.chance(0.5) ? ["f", r.below(3)] : ["t", r.below(6)]];
      case "reschedule":
        return ["reschedule", this.#limit()];
      case "gspawn":
        return ["gspawn", this.#block(0)];
      case "locks":
        return r.choice<() => Statement>([
          () => ["acquire", r.below(2)],
          () => ["ewait", r.below(2)],
          () => ["ewait", r.below(2)],
          () => ["barrier", r.below(2)],
          () => ["barrier", 0],
          () => [r.choice(["breset", "babort"]), r.below(2)],
          () => this.#conditionStatement(r.below(2)),
        ])();
      case "queues":
        return r.choice<() => Statement>([
          () => ["put", r.below(4), r.below(10)],
          () => ["put", r.below(4), r.below(10)],
          () => ["get", r.below(4)],
          () => ["get", r.below(4)],
          () => ["join", r.below(4)],
        ])();
    }
  }

  #conditionStatement(number: number): Statement {
    const r = this.#r;
    return r.choice<() => Statement>([
      () => ["cwait", number],
      () => ["cwait", number],
      () => ["cwaitfor", number, r.below(2)],
      () => ["act", ["notify", number, r.below(3)]],
      () => ["act", ["notify", number, r.below(3)]],
    ])();
  }

  /** @param depth how deep callbacks may be in each other */
  #action(depth: number): Action {
    const r = this.#r;
    const theme = this.#theme;
    const weight = (...themes: Theme[]) => theme === "all" ? 1 : themes.includes(theme) ? 3 : 0.15;
    switch (
      r.weighted({
        note: 0.3 + weight("callbacks") / 2,
        fail: depth > 0 ? 1.6 : 0,
        cancel: 3,
        futures: 2 * weight("tasks", "waits", "callbacks"),
        callbacks: depth > 0 ? 3 * weight("callbacks") : 0,
        off: weight("callbacks") / 2,
        locks: 3 * weight("locks"),
        queues: 4 * weight("queues"),
        setvar: weight("callbacks") / 2,
      })
    ) {
      case "note":
        return ["note"];
      case "fail":
        return ["fail", r.choice(["ValueError", "ValueError", "TypeError", "CancelledError"])];
      case "cancel":
        return ["cancel", r.below(6)];
      case "futures":
        return r.choice<() => Action>([
          () => ["set", r.below(3), r.below(10)],
          () => ["set", r.below(3), r.below(10)],
          () => ["seterr", r.below(3), r.choice(["ValueError", "TypeError"])],
          () => ["cancelf", r.below(3)],
          () => ["newf", r.below(3)],
          () => ["onf", r.below(3)],
          () => ["ont", r.below(6)],
        ])();
      case "callbacks":
        return r.choice<() => Action>([
          () => ["soon", this.#action(r.chance(0.3) ? 1 : 0)],
          () => ["later", this.#delay(), this.#action(0)],
          () => ["at", this.#delay(), this.#action(0)],
        ])();
      case "off":
        return [r.choice(["off", "unhandle"]), r.below(4)];
      case "locks":
        return r.choice<() => Action>([
          () => ["release", r.below(2)],
          () => ["srelease", r.below(3)],
          () => ["notify", r.below(2), r.below(3)],
          () => ["eset", r.below(2)],
          () => ["eset", r.below(2)],
          () => ["eclear", r.below(2)],
        ])();
      case "queues":
        return r.choice<() => Action>([
          () => ["putn", r.below(4), r.below(10)],
          () => ["getn", r.below(4)],
          () => ["qdone", r.below(4)],
          () => ["qdone", r.below(4)],
          () => r.chance(0.4) ? ["shutdown", r.below(4), r.chance(0.4)] : ["getn", r.below(4)],
        ])();
      case "setvar":
        return ["setvar", r.below(2), 1 + r.below(9)];
    }
  }
}

/** Makes the program of a seed. */
export function makeProgram(seed: number): ParityProgram {
  return new Maker(seed).program();
}
