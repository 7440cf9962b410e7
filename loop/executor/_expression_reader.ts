/**
 * Reads expressions, functions and classes, and notes which names they declare and use.
 *
 * Precedence of operators does not matter here: between two operators stands an operand, and that is
 * all. So an expression is read as operands with prefixes and postfixes, one after the other.
 *
 * asyncio counterpart: none. May be imported by `_free_names.ts` only.
 *
 * @module
 */

import { Scope } from "./_scope.ts";
import { SourceReader, type Token } from "./_source_reader.ts";

/** What every function but an arrow function has of its own, and every part of a class. */
const OWN = ["this", "arguments", "super", "new.target"];
const CONSTANTS = new Set(["null", "true", "false"]);
const PREFIXES = new Set(["typeof", "void", "delete", "await", "new"]);
const PREFIX_OPERATORS = new Set(["+", "-", "!", "~", "++", "--"]);
/** What ends an expression. */
const CLOSERS = new Set([")", "]", "}", ";", ",", ":"]);

/** The half of the reader that knows expressions. Each method takes what it is named for. */
export abstract class ExpressionReader extends SourceReader {
  /** Names whose existence the function tests with `typeof`. */
  readonly tested = new Set<string>();
  /** The region that is being read. */
  protected scope = new Scope(null, true);

  /** Statements, up to and with the brace that ends them. */
  protected abstract statements(): void;

  // ---- Tools ------------------------------------------------------------------------------------

  protected is(text: string): boolean {
    return this.token.text === text && this.token.kind !== "literal";
  }

  protected skip(text: string): boolean {
    if (!this.is(text)) return false;
    this.take();
    return true;
  }

  protected expect(text: string): void {
    if (!this.skip(text)) throw this.unreadable();
  }

  protected within(isFunction: boolean, declared: Iterable<string>, body: () => void): void {
    const scope = new Scope(this.scope, isFunction, declared);
    this.scope = scope;
    body();
    this.scope = scope.parent!;
    scope.close();
  }

  /** Items between commas, up to and with a bracket. */
  #list(end: string, item: () => void): void {
    while (!this.skip(end)) {
      item();
      if (!this.is(end)) this.expect(",");
    }
  }

  // ---- Expressions ------------------------------------------------------------------------------

  protected expression(noIn = false): void {
    do this.assignment(noIn); while (this.skip(","));
  }

  /** An expression without a comma. */
  protected assignment(noIn = false): void {
    for (;;) {
      if (!this.#operand()) return;
      this.#postfixes();
      if (this.skip("?")) {
        this.assignment();
        this.expect(":");
        continue;
      }
      if (!this.#operator(noIn)) return;
    }
  }

  #operator(noIn: boolean): boolean {
    const { kind, text } = this.token;
    if (kind === "name" ? text !== "instanceof" && (text !== "in" || noIn) : !this.#goesOn()) {
      return false;
    }
    this.take();
    return true;
  }

  #goesOn(): boolean {
    const { kind, text } = this.token;
    return kind === "punctuator" && !CLOSERS.has(text) && text !== "{" && text !== "=>";
  }

  /** Member access, calls, templates. */
  #postfixes(): void {
    for (;;) {
      if (this.skip(".") || this.skip("?.")) {
        if (this.token.kind === "name") this.take();
        else if (this.token.kind === "private") this.#use(this.take().text);
      } else if (this.skip("[")) {
        this.expression();
        this.expect("]");
      } else if (this.skip("(")) this.#list(")", () => this.#spread());
      else if (this.is("`")) this.#template();
      else if (this.token.afterNewline || !this.skip("++") && !this.skip("--")) return;
    }
  }

  #spread(): void {
    this.skip("...");
    this.assignment();
  }

  #template(): void {
    while (this.template()) {
      this.expression();
      if (!this.is("}")) throw this.unreadable();
    }
  }

  #use(name: string): void {
    this.scope.used.add(name);
  }

  /**
   * What stands between operators, with the prefixes before it.
   *
   * @returns whether an operator may follow: not behind an arrow function, nor an empty `yield`
   */
  #operand(): boolean {
    const { kind, text } = this.token;
    if (kind === "name") return this.#word();
    if (kind === "literal") this.take();
    else if (kind === "private") this.#use(this.take().text);
    else if (PREFIX_OPERATORS.has(text)) {
      this.take();
      return this.#operand();
    } else if (text === "/" || text === "/=") this.regex();
    else if (text === "`") this.#template();
    else if (text === "(") return this.#parenthesis();
    else if (this.skip("[")) {
      while (!this.skip("]")) if (!this.skip(",")) this.#spread();
    } else if (this.skip("{")) this.#list("}", () => this.#property());
    else throw this.unreadable();
    return true;
  }

  /** An operand, or the prefix of one, that is a word. */
  #word(): boolean {
    const { text } = this.token;
    const next = this.peek();
    if (text === "function") this.functionExpression();
    else if (text === "class") this.classExpression();
    else if (text === "async" && !next.afterNewline && this.#isAsync(next)) {
      this.take();
      return this.#operand();
    } else if (text === "yield") {
      this.take();
      this.skip("*");
      const { afterNewline, kind } = this.token;
      if (afterNewline || kind === "end" || CLOSERS.has(this.token.text)) return false;
      return this.#operand();
    } else if (text === "new" && next.text === ".") {
      for (let i = 0; i < 3; i++) this.take();
      this.#use("new.target");
    } else if (text === "import") {
      this.take();
      if (next.text === "." && this.peek().text === "meta") this.#use("import.meta");
    } else if (PREFIXES.has(text)) {
      this.take();
      if (text === "typeof" && this.token.kind === "name") this.tested.add(this.token.text);
      return this.#operand();
    } else if (next.text === "=>") {
      this.#arrow(() => this.pattern(false));
      return false;
    } else {
      this.take();
      if (!CONSTANTS.has(text)) this.#use(text);
    }
    return true;
  }

  /** Whether `async` belongs to the function behind it, and is not a name of its own. */
  #isAsync(next: Token): boolean {
    if (next.text === "function") return true;
    const { token } = this;
    this.take();
    let isAsync = false;
    if (next.kind === "name") isAsync = this.peek().text === "=>";
    else if (next.text === "(") {
      this.#parentheses();
      isAsync = this.is("=>");
    }
    this.reset(token);
    return isAsync;
  }

  /** An expression in parentheses, or an arrow function. */
  #parenthesis(): boolean {
    const { token } = this;
    const scope = this.#parentheses();
    if (!this.is("=>")) {
      scope.close();
      return true;
    }
    this.reset(token);
    this.#arrow(() => {
      this.expect("(");
      this.#list(")", () => this.#parameter());
    });
    return false;
  }

  /** What may be an expression or parameters, read as an expression: patterns look like one. */
  #parentheses(): Scope {
    const scope = new Scope(this.scope, false);
    this.scope = scope;
    this.expect("(");
    this.#list(")", () => this.#spread());
    this.scope = scope.parent!;
    return scope;
  }

  /** A member of an object literal, or of what may turn out to be a pattern. */
  #property(): void {
    if (this.skip("...")) return this.assignment();
    this.#modifiers();
    const key = this.#key();
    if (this.is("(")) this.#functionRest(OWN);
    else if (this.skip(":")) this.assignment();
    else {
      if (key !== undefined) this.#use(key);
      if (this.skip("=")) this.assignment();
    }
  }

  #modifiers(): void {
    while (["get", "set", "async", "static"].includes(this.token.text)) {
      const next = this.peek();
      if (["(", ":", ",", "=", ";", "}"].includes(next.text)) return;
      this.take();
    }
    this.skip("*");
  }

  /** A key; its name, when it is a plain one. */
  #key(): string | undefined {
    if (this.skip("[")) {
      this.assignment();
      this.expect("]");
      return undefined;
    }
    const { kind, text } = this.take();
    if (kind === "private") this.scope.declared.add(text);
    else if (kind !== "name" && kind !== "literal") throw this.unreadable();
    return kind === "name" ? text : undefined;
  }

  // ---- Functions and classes --------------------------------------------------------------------

  protected functionExpression(): void {
    this.expect("function");
    this.skip("*");
    const name = this.is("(") ? [] : [this.take().text];
    this.#functionRest([...OWN, ...name]);
  }

  #functionRest(declared: string[]): void {
    this.within(true, declared, () => {
      this.expect("(");
      this.#list(")", () => this.#parameter());
      this.expect("{");
      this.statements();
    });
  }

  #arrow(parameters: () => void): void {
    this.within(true, [], () => {
      parameters();
      this.expect("=>");
      if (this.skip("{")) this.statements();
      else this.assignment();
    });
  }

  protected classExpression(): void {
    this.expect("class");
    const name = this.is("{") || this.is("extends") ? [] : [this.take().text];
    this.within(false, name, () => {
      if (this.skip("extends")) {
        this.#operand();
        this.#postfixes();
      }
      this.expect("{");
      while (!this.skip("}")) if (!this.skip(";")) this.#member();
    });
  }

  #member(): void {
    if (this.is("static") && this.peek().text === "{") {
      this.take();
      this.take();
      return this.within(true, OWN, () => this.statements());
    }
    this.#modifiers();
    this.#key();
    if (this.is("(")) this.#functionRest(OWN);
    else if (this.skip("=")) this.within(true, OWN, () => this.assignment());
  }

  // ---- Declarations -----------------------------------------------------------------------------

  #parameter(): void {
    this.skip("...");
    this.#target(false);
  }

  /** A pattern with its default. */
  #target(isVar: boolean): void {
    this.pattern(isVar);
    if (this.skip("=")) this.assignment();
  }

  protected pattern(isVar: boolean): void {
    if (this.skip("[")) {
      while (!this.skip("]")) {
        if (!this.skip(",") && !this.skip("...")) this.#target(isVar);
      }
    } else if (this.skip("{")) {
      this.#list("}", () => {
        if (this.skip("...")) return this.pattern(isVar);
        const key = this.#key();
        if (this.skip(":")) return this.#target(isVar);
        if (key !== undefined) this.declare(key, isVar);
        if (this.skip("=")) this.assignment();
      });
    } else {
      if (this.token.kind !== "name") throw this.unreadable();
      this.declare(this.take().text, isVar);
    }
  }

  protected declare(name: string, isVar: boolean): void {
    (isVar ? this.scope.home : this.scope).declared.add(name);
  }
}
