/**
 * Finds what a function takes from the code around it.
 *
 * The engine does not tell which variables a function closes over, and a function whose source is
 * sent to a worker leaves them behind. So its source is read, as far as it takes to know where names
 * are declared and where they are used.
 *
 * Invariant: a name that is reported is free. What cannot be read is taken for self-contained: the
 * worker then finds out by running it.
 *
 * asyncio counterpart: none; threads share their variables. May be imported by `loop/executor/`
 * only.
 *
 * @module
 */

import { ExpressionReader } from "./_expression_reader.ts";
import { UnreadableSource } from "./_source_reader.ts";

/** The half of the reader that knows statements. */
class FunctionReader extends ExpressionReader {
  /** The free names of the whole source, which is one function. */
  read(): Set<string> {
    const outermost = this.scope;
    this.assignment();
    if (this.token.kind !== "end") throw this.unreadable();
    return outermost.used;
  }

  /** `var`, `let`, `const`, `using` and `await using`, if that is what comes. */
  #declaration(noIn = false): boolean {
    const { token } = this;
    this.skip("await");
    const keyword = this.token.text;
    const next = this.peek();
    const declares = keyword === "var" || keyword === "let" || keyword === "const" ||
      keyword === "using" && next.kind === "name" && !next.afterNewline &&
        !["of", "in", "instanceof"].includes(next.text);
    if (!declares) {
      this.reset(token);
      return false;
    }
    this.take();
    do {
      this.pattern(keyword === "var");
      if (this.skip("=")) this.assignment(noIn);
    } while (this.skip(","));
    return true;
  }

  // ---- Statements -------------------------------------------------------------------------------

  /** Statements, up to and with the brace that ends them. */
  protected statements(): void {
    while (!this.skip("}")) this.#statement();
  }

  #block(): void {
    this.expect("{");
    this.within(false, [], () => this.statements());
  }

  #condition(): void {
    this.expect("(");
    this.expression();
    this.expect(")");
  }

  #endOfStatement(): void {
    if (this.skip(";") || this.is("}") || this.token.kind === "end") return;
    if (!this.token.afterNewline) throw this.unreadable();
  }

  #statement(): void {
    const { kind, text } = this.token;
    if (kind === "punctuator") {
      if (text === "{") return this.#block();
      if (this.skip(";")) return;
    }
    if (kind === "name") {
      if (this.peek().text === ":" && text !== "default") {
        this.take();
        this.take();
        return this.#statement();
      }
      if (this.#keyword(text)) return;
      if (this.#declaration()) return this.#endOfStatement();
    }
    this.expression();
    this.#endOfStatement();
  }

  /** A statement that begins with a keyword, if it is one. */
  #keyword(keyword: string): boolean {
    const next = this.peek();
    switch (keyword) {
      case "function":
      case "async":
        if (keyword === "async" && (next.text !== "function" || next.afterNewline)) return false;
        this.skip("async");
        this.declare(this.peek().text === "*" ? this.#afterStar() : this.peek().text, false);
        this.functionExpression();
        return true;
      case "class":
        this.declare(next.text, false);
        this.classExpression();
        return true;
      case "if":
        this.take();
        this.#condition();
        this.#statement();
        if (this.skip("else")) this.#statement();
        return true;
      case "while":
        this.take();
        this.#condition();
        this.#statement();
        return true;
      case "do":
        this.take();
        this.#statement();
        this.expect("while");
        this.#condition();
        this.skip(";");
        return true;
      case "for":
        this.#for();
        return true;
      case "switch":
        this.#switch();
        return true;
      case "try":
        this.#try();
        return true;
      case "return":
      case "throw":
        this.take();
        if (!this.token.afterNewline && !this.is(";") && !this.is("}")) this.expression();
        this.#endOfStatement();
        return true;
      case "break":
      case "continue":
      case "debugger":
        this.take();
        if (!this.token.afterNewline && this.token.kind === "name") this.take();
        this.#endOfStatement();
        return true;
      default:
        return false;
    }
  }

  /** The name of `function* name`. */
  #afterStar(): string {
    const { token } = this;
    this.take();
    const name = this.peek().text;
    this.reset(token);
    return name;
  }

  #for(): void {
    this.expect("for");
    this.skip("await");
    this.expect("(");
    this.within(false, [], () => {
      if (!this.is(";") && !this.#declaration(true)) this.expression(true);
      if (this.skip("of") || this.skip("in")) this.expression();
      else {
        this.expect(";");
        if (!this.is(";")) this.expression();
        this.expect(";");
        if (!this.is(")")) this.expression();
      }
      this.expect(")");
      this.#statement();
    });
  }

  #switch(): void {
    this.expect("switch");
    this.#condition();
    this.expect("{");
    this.within(false, [], () => {
      while (!this.skip("}")) {
        if (this.skip("case")) {
          this.expression();
          this.expect(":");
        } else if (this.skip("default")) this.expect(":");
        else this.#statement();
      }
    });
  }

  #try(): void {
    this.expect("try");
    this.#block();
    if (this.skip("catch")) {
      this.within(false, [], () => {
        if (this.skip("(")) {
          this.pattern(false);
          this.expect(")");
        }
        this.#block();
      });
    }
    if (this.skip("finally")) this.#block();
  }
}

/**
 * The names that a function uses and does not declare, in the order of their first use; `this`,
 * `super`, `arguments`, `new.target`, `import.meta` and `#private` names count as such.
 *
 * Left out are names that it looks for with `typeof`, since it can do without them.
 *
 * @param source the source of a function expression or an arrow function
 */
export function freeNames(source: string): string[] {
  try {
    const reader = new FunctionReader(source);
    return [...reader.read()].filter((name) => !reader.tested.has(name));
  } catch (error) {
    if (error instanceof UnreadableSource) return [];
    throw error;
  }
}
