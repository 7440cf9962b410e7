/** What a function takes from the code around it. */
import { assertEquals } from "@std/assert";
import { freeNames } from "../../../loop/executor/_free_names.ts";
import { workerMain } from "../../../loop/executor/_worker_main.ts";

function testFreeNames(name: string, cases: [source: string, free: string][]): void {
  Deno.test(name, () => {
    for (const [source, free] of cases) assertEquals(freeNames(source).join(" "), free, source);
  });
}

testFreeNames("A name is free when nothing in the function declares it", [
  ["(x) => x + y", "y"],
  ["x => x", ""],
  ["async x => await x", ""],
  ["function f(n) { return n < 2 ? n : f(n - 1) }", ""],
  ["(a = b, [c, d = e] = f, { g, h: [i], ...j }) => a + c + d + g + i + j + h", "b e f h"],
  ["() => { const { a, b: { c = d }, [e]: f, ...g } = h; return a + c + f + g + b }", "d e h b"],
  ["() => { let a = 1, b = a; return b + c }", "c"],
  ["() => (a, b) => a + b + c", "c"],
  ["() => { x++; y = 1; delete z.a }", "x y z"],
  ["async () => { const { x } = await import('node:fs'); return x }", ""],
  ["() => { using a = b(); await using c = d() }", "b d"],
  ["() => { using(a); using = b }", "using a b"],
]);

testFreeNames("Declarations count in the whole region that they are for", [
  ["() => { g(); function g() {} }", ""],
  ["() => { g(); { function g() {} } }", "g"],
  ["() => { if (true) { var v = 1 } return v }", ""],
  ["() => { { let v } return v }", "v"],
  ["() => { for (var i = 0; ;) ; return i }", ""],
  ["() => { for (let i = 0; ;) ; return i }", "i"],
  ["() => { try { a } catch (b) { b } finally { b } }", "a b"],
  ["() => { try { } catch ({ message }) { message } }", ""],
  ["() => { try { } catch { a } }", "a"],
  ["() => { switch (a) { case b: let c; break; default: c; c: for (;;) break c } }", "a b"],
  ["() => { class A { b() { return A } } }", ""],
  ["() => [class A {}, A]", "A"],
  ["() => [function f() {}, f]", "f"],
]);

testFreeNames("Names of properties, methods, labels and keywords are no variables", [
  ["(x) => x.a?.b.c[d]?.(e)?.[f]", "d e f"],
  [
    "() => ({ a, b: c, [d]: e, f() { g }, get h() { return i }, async *j() { yield* k } })",
    "a c d e g i k",
  ],
  [
    "() => ({ get: 1, set, async, static: a, get get() { return b }, await: 1, if: c })",
    "set async a b c",
  ],
  ["() => { a: for (;;) { if (b) continue a; break a } }", "b"],
  [
    "() => { class A extends B { a = c; static d = e; static { f } [g]() { super.h() } } }",
    "B c e f g",
  ],
  [
    "() => { class A { static; get; set = a; async; static async *b() { c } 'd' = e; 1 = f } }",
    "a c e f",
  ],
  ["() => { ({ a, b: c.d, e = f } = g) }", "a c e f g"],
  ["() => a ? b : c", "a b c"],
  ["() => null ?? true ?? false", ""],
]);

testFreeNames("What belongs to the function around an arrow function is free in it", [
  ["() => this.x", "this"],
  ["function () { return this.x + arguments.length + new.target }", ""],
  ["function () { return () => this.x + arguments.length }", ""],
  ["() => arguments", "arguments"],
  ["() => new.target", "new.target"],
  ["() => super.x", "super"],
  ["() => ({ m() { return this } })", ""],
  ["() => { class A { a = this; static { this } } }", ""],
  ["() => import.meta.url", "import.meta"],
  ["(x) => x.#p", "#p"],
  ["(x) => #p in x", "#p"],
  ["() => { class A { #p = 1; has(x) { return #p in x && x.#p + y } } }", "y"],
]);

testFreeNames("Strings, templates, regular expressions and comments hide their contents", [
  ['() => \'a\' + "b\\"c" + `d`', ""],
  ["() => `a${b}c${`d${e}`}\\``", "b e"],
  ["() => b`c`", "b"],
  ["() => /[/]b'/g.test(c) / d / e", "c d e"],
  ["() => { if (a) /b/.test('c') }", "a"],
  ["() => { const x = () => {}\n/a/g.test(b) }", "b"],
  ["() => { /* a */ b // c\n }", "b"],
  ["() => a /*\n*/ / b", "a b"],
]);

testFreeNames("A line's end ends a statement where it does for the engine", [
  ["() => { a\n++b\nc }", "a b c"],
  ["() => { if (a) return\nconst b = c }", "a c"],
  ["() => { a\n(b) }", "a b"],
  ["() => { do a(); while (b) c() }", "a b c"],
  ["function* g() { const x = yield; yield x; yield\na; [yield, yield* b] }", "a b"],
  ["() => { for await (const a of b) a; for (c of d) ; for (const e in f) e }", "b c d f"],
  ["() => { for (var i = (a in b) ? 1 : 2; ;) c }", "a b c"],
  ["() => { let x; async(x); async\nfunction g() {} }", "async"],
]);

testFreeNames("Every way to write a number or a name is read", [
  ["() => 1..toFixed(0x1F + 1_0n + .5e3 + 1e-7)", ""],
  ["() => a ?.5:1", "a"],
  ["(é, $_1) => é + $_1 + 𝓐", "𝓐"],
  ["() => \\u0061bc + \\u{62}", "abc b"],
]);

testFreeNames("What the function looks for with typeof it can do without", [
  ["() => typeof window === 'undefined' ? 1 : window.x", ""],
  ["(x) => typeof x", ""],
  ["() => typeof a.b + c", "c"],
]);

testFreeNames("What cannot be read is left to the engine", [
  ["m() { return a }", ""],
  ["() => a, b", ""],
  ["() => @", ""],
]);

Deno.test("Reading nested parentheses takes time in proportion to their number", () => {
  const depth = 200;
  assertEquals(freeNames(`() => ${"(".repeat(depth)}x${")".repeat(depth)}`), ["x"]);
});

Deno.test("What runs in a worker is self-contained", () => {
  assertEquals(freeNames(String(workerMain)).filter((name) => !(name in globalThis)), []);
});
