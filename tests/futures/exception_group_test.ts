/** `ExceptionGroup`. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CancelledError, ExceptionGroup } from "../../futures/mod.ts";

/** A group as nested arrays of messages. */
function shape(group: ExceptionGroup | undefined): unknown {
  return group?.exceptions.map((each) =>
    each instanceof ExceptionGroup ? shape(each) : (each as Error).message
  );
}

const sample = () =>
  new ExceptionGroup("sample", [
    new TypeError("a"),
    new ExceptionGroup("inner", [new RangeError("b"), new TypeError("c")]),
    new ExceptionGroup("inner", [new RangeError("d")]),
    new CancelledError("e"),
  ]);

Deno.test("ExceptionGroup is an AggregateError with a title and the errors", () => {
  const errors = [new TypeError("a"), "b", undefined];
  const group = new ExceptionGroup("several", errors, { cause: "why" });
  assertInstanceOf(group, AggregateError);
  assertEquals(group.name, "ExceptionGroup");
  assertEquals(group.title, "several");
  assertEquals(group.exceptions, errors);
  assertStrictEquals(group.exceptions, group.errors);
  assertEquals(group.cause, "why");
  assert(group.stack!.includes("exception_group_test.ts"));
});

Deno.test("ExceptionGroup needs an array of at least one error", () => {
  assertThrows(() => new ExceptionGroup("", []), RangeError, "at least one error is needed");
  assertThrows(
    () => new ExceptionGroup("", new TypeError() as never),
    TypeError,
    "an array of errors is needed",
  );
});

Deno.test("The message names the errors, nested as they are", () => {
  assertEquals(
    sample().message,
    "sample (4 sub-exceptions) [TypeError: a, inner (2 sub-exceptions) [RangeError: b, TypeError: c], " +
      "inner (1 sub-exception) [RangeError: d], CancelledError: e]",
  );
  assertEquals(
    new ExceptionGroup("", [new TypeError("first line\nsecond line")]).message,
    " (1 sub-exception) [TypeError: first line]",
  );
});

Deno.test("The message stays readable however many errors there are, and however deep", () => {
  const many = new ExceptionGroup("many", Array.from({ length: 10_000 }, () => new TypeError("x")));
  assertEquals(
    many.message,
    `many (10000 sub-exceptions) [${Array(10).fill("TypeError: x").join(", ")}, …]`,
  );
  let deep = new ExceptionGroup("level", [new TypeError("x")]);
  for (let i = 0; i < 1000; i++) deep = new ExceptionGroup("level", [deep]);
  assert(deep.message.length < 500, deep.message);
  // What is printed of all levels together grows with their number, and no faster.
  const printed = (levels: number) => {
    let group = new ExceptionGroup("level", [new TypeError("x")]);
    for (let i = 1; i < levels; i++) group = new ExceptionGroup("level", [group, group]);
    let length = 0;
    for (let each: unknown = group; each instanceof ExceptionGroup; each = each.exceptions[0]) {
      length += each.message.length;
    }
    return length;
  };
  assert(printed(200) < 2.2 * printed(100), `${printed(100)}, ${printed(200)}`);
});

Deno.test("ExceptionGroup.split() by class keeps the structure of both parts", () => {
  const group = sample();
  const [types, rest] = group.split(TypeError);
  assertEquals(shape(types), ["a", ["c"]]);
  assertEquals(shape(rest), [["b"], ["d"], "e"]);
  assertEquals([types!.title, rest!.title], ["sample", "sample"]);
  assertEquals((types!.exceptions[1] as ExceptionGroup).title, "inner");
  assertEquals(shape(group), ["a", ["b", "c"], ["d"], "e"]);
});

Deno.test("ExceptionGroup.split() by several classes, or by a function", () => {
  const [some, others] = sample().split([TypeError, CancelledError]);
  assertEquals(shape(some), ["a", ["c"], "e"]);
  assertEquals(shape(others), [["b"], ["d"]]);
  const [odd] = sample().split((error) => "bd".includes((error as Error).message));
  assertEquals(shape(odd), [["b"], ["d"]]);
});

Deno.test("ExceptionGroup.split() gives undefined for a part without errors", () => {
  const group = sample();
  assertEquals(group.split(SyntaxError), [undefined, group.split(SyntaxError)[1]]);
  assertEquals(shape(group.split(SyntaxError)[1]), shape(group));
  const [all, none] = group.split((error) => !(error instanceof ExceptionGroup));
  assertEquals(shape(all), shape(group));
  assertEquals(none, undefined);
});

Deno.test("A filter that means a group means all in it", () => {
  const group = sample();
  assertEquals(group.split(ExceptionGroup), [group, undefined]);
  assertStrictEquals(group.split(Error)[0], group);
  const [inner] = group.split((error) => (error as ExceptionGroup).title === "inner");
  assertEquals(shape(inner), [["b", "c"], ["d"]]);
  assertStrictEquals(inner!.exceptions[0], group.exceptions[1]);
});

Deno.test("ExceptionGroup.subgroup() is the first part of split()", () => {
  assertEquals(shape(sample().subgroup(RangeError)), [["b"], ["d"]]);
  assertEquals(sample().subgroup(SyntaxError), undefined);
});

Deno.test("Parts keep cause and stack, and are made by derive()", () => {
  class OwnGroup extends ExceptionGroup {
    readonly code: number;

    constructor(title: string, errors: readonly unknown[], code: number) {
      super(title, errors, { cause: "why" });
      this.code = code;
    }

    override derive(errors: readonly unknown[]): OwnGroup {
      return new OwnGroup(this.title, errors, this.code);
    }
  }
  const made = () => new OwnGroup("own", [new TypeError("a"), new RangeError("b")], 7);
  const group = made();
  const [types, rest] = group.split(TypeError);
  for (const part of [types, rest]) {
    assertInstanceOf(part, OwnGroup);
    assertEquals([part.code, part.cause], [7, "why"]);
    assert(part.stack!.includes("made"), part.stack);
  }
  assert(types!.stack!.startsWith("ExceptionGroup: own (1 sub-exception) [TypeError: a]\n"));
});

Deno.test("ExceptionGroup.split() refuses what is no filter", () => {
  for (const filter of [5, "TypeError", [5], undefined]) {
    assertThrows(() => sample().split(filter as never), TypeError, "Cannot filter errors");
  }
});
