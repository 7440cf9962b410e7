/**
 * Reads the source of a function token by token.
 *
 * Made for text that the engine has accepted already: it finds tokens, not mistakes. Where the kind
 * of a token depends on what may stand there (`/` as a division or as the start of a regular
 * expression, `}` as the end of a block or of a hole in a template), the operator is assumed, and
 * who knows better reads on with {@linkcode SourceReader.regex} or {@linkcode SourceReader.template}.
 *
 * asyncio counterpart: none. May be imported by `_free_names.ts` only.
 *
 * @module
 */

/** A piece of source. */
export interface Token {
  readonly kind: "name" | "private" | "literal" | "punctuator" | "end";
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Whether a line ends between it and the token before. */
  readonly afterNewline: boolean;
}

/** The text is not what the reader can follow. */
export class UnreadableSource extends SyntaxError {}

const SPACE = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)*/y;
const NEWLINE = /[\n\r\u2028\u2029]/;
const NAME =
  /#?(?:[\p{ID_Start}$_]|\\u[\da-f]{4}|\\u\{[\da-f]+\})(?:[\p{ID_Continue}$\u200c\u200d]|\\u[\da-f]{4}|\\u\{[\da-f]+\})*/iuy;
const ESCAPE = /\\u(?:\{([\da-f]+)\}|([\da-f]{4}))/gi;
const LITERAL = new RegExp(
  [
    /0[xob][\da-f_]+n?/,
    /(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?[\d_]+)?n?/,
    /'(?:[^'\\]|\\[^])*'/,
    /"(?:[^"\\]|\\[^])*"/,
  ].map(({ source }) => source).join("|"),
  "iy",
);
// Longest first. Of the operators only those matter that have a character in common with another.
const PUNCTUATOR =
  /\.\.\.|=>|>>>=|===|!==|\*\*=|<<=|>>=|&&=|\|\|=|\?\?=|>>>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\*\*|<<|>>|[-+*/%&|^]=|[{}()[\];,<>+\-*/%&|^!~?:=.`]/y;
const REGEX = /\/(?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/y;

/** Goes through a source; {@linkcode SourceReader.token} is the next that is not taken yet. */
export class SourceReader {
  readonly #source: string;
  /** The token that comes next. */
  token: Token;

  constructor(source: string) {
    this.#source = source;
    this.token = this.#read(0);
  }

  /** Takes the next token. */
  take(): Token {
    const { token } = this;
    this.token = this.#read(token.end);
    return token;
  }

  /** The token behind the next one. */
  peek(): Token {
    return this.#read(this.token.end);
  }

  /** Goes back to a token that was read before. */
  reset(token: Token): void {
    this.token = token;
  }

  /** Takes the regular expression that begins at the next token. */
  regex(): void {
    const text = this.#match(REGEX, this.token.start);
    if (text === undefined) throw this.unreadable();
    this.token = this.#read(this.token.start + text.length);
  }

  /**
   * Takes text of a template, from behind the next token (the backtick, or the brace that ends a
   * hole) on.
   *
   * @returns whether a hole follows
   */
  template(): boolean {
    const source = this.#source;
    for (let at = this.token.end; at < source.length; at++) {
      if (source[at] === "\\") at++;
      else if (source[at] === "`" || source.startsWith("${", at)) {
        const hole = source[at] === "$";
        this.token = this.#read(at + (hole ? 2 : 1));
        return hole;
      }
    }
    throw this.unreadable();
  }

  /** For whoever cannot make sense of the next token. */
  unreadable(): UnreadableSource {
    return new UnreadableSource(`Unexpected ${this.token.text} at ${this.token.start}`);
  }

  #match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.#source)?.[0];
  }

  #read(from: number): Token {
    const space = this.#match(SPACE, from)!;
    const start = from + space.length;
    const afterNewline = NEWLINE.test(space);
    const make = (kind: Token["kind"], raw: string, text = raw): Token => ({
      kind,
      text,
      start,
      end: start + raw.length,
      afterNewline,
    });
    if (start >= this.#source.length) return make("end", "");
    const name = this.#match(NAME, start);
    if (name !== undefined) {
      const text = name.replace(
        ESCAPE,
        (_, long, short) => String.fromCodePoint(parseInt(long ?? short, 16)),
      );
      return make(name.startsWith("#") ? "private" : "name", name, text);
    }
    const literal = this.#match(LITERAL, start);
    if (literal !== undefined) return make("literal", literal);
    const punctuator = this.#match(PUNCTUATOR, start);
    if (punctuator !== undefined) return make("punctuator", punctuator);
    throw new UnreadableSource(`Unexpected ${this.#source[start]} at ${start}`);
  }
}
