/**
 * The names of one region of a source: of a function, a block, a class.
 *
 * asyncio counterpart: none. May be imported by `loop/executor/` only.
 *
 * @module
 */

/** What is declared and what is used; see {@linkcode Scope.close}. */
export class Scope {
  readonly declared: Set<string>;
  readonly used = new Set<string>();
  readonly parent: Scope | null;
  /** Where `var` declares. */
  readonly home: Scope;

  /**
   * @param parent the region around it
   * @param isFunction whether `var` declares here
   * @param declared names that are there from the start
   */
  constructor(parent: Scope | null, isFunction: boolean, declared: Iterable<string> = []) {
    this.parent = parent;
    this.home = isFunction || parent === null ? this : parent.home;
    this.declared = new Set(declared);
  }

  /** Passes the names that are not declared here on. To be called when all declarations are known. */
  close(): void {
    for (const name of this.used) {
      if (!this.declared.has(name)) this.parent?.used.add(name);
    }
  }
}
