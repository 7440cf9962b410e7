/**
 * Makes a program smaller that shows a difference, as long as it still does.
 *
 * Imported by tests only.
 */
import type { ParityProgram } from "./_program.ts";

/** The program with one thing left out or made simpler, for each such thing. */
export function simpler(program: ParityProgram): ParityProgram[] {
  const found: ParityProgram[] = [];
  const add = (change: Partial<ParityProgram>) => found.push({ ...program, ...change });
  if (program.eager) add({ eager: false });
  for (let i = 0; i < program.tasks.length; i++) {
    if (program.tasks.length > 1) add({ tasks: program.tasks.toSpliced(i, 1) });
  }
  for (let i = 0; i < program.between.length; i++) {
    add({ between: program.between.toSpliced(i, 1) });
  }
  for (const tasks of simplerBlocks(program.tasks as unknown[][][])) {
    add({ tasks: tasks as ParityProgram["tasks"] });
  }
  return found;
}

function isBlock(value: unknown): value is unknown[][] {
  return Array.isArray(value) && value.every((each) => Array.isArray(each));
}

function isNamed(value: unknown): value is unknown[] {
  return Array.isArray(value) && typeof value[0] === "string";
}

/** The names of items have one letter, those of statements and actions more. */
function isStatement(value: unknown): value is unknown[] {
  return isNamed(value) && (value[0] as string).length > 1;
}

/** The blocks that stand in a statement, in its items, and in lists of them. */
function blocksIn(value: unknown[]): unknown[][] {
  const found: unknown[][] = [];
  for (const each of value) {
    if (!Array.isArray(each)) continue;
    if (isBlock(each) && each.every(isStatement)) found.push(each);
    else if (!isStatement(each)) found.push(...blocksIn(each));
  }
  return found;
}

/** Lists of blocks, items and statements alike: an element is left out or made simpler. */
function simplerBlocks(list: readonly unknown[]): unknown[][] {
  const found: unknown[][] = [];
  list.forEach((element, i) => {
    if (isNamed(element)) {
      found.push(list.toSpliced(i, 1));
      // What is inside takes the place of what is around it.
      if (isStatement(element)) {
        for (const inner of blocksIn(element)) found.push(list.toSpliced(i, 1, ...inner));
      }
      element.forEach((argument, n) => {
        if (!Array.isArray(argument)) return;
        const parts = isNamed(argument)
          ? simplerBlocks([argument]).filter((part) => part.length === 1).map(([part]) => part)
          : simplerBlocks(argument);
        for (const part of parts) found.push(list.toSpliced(i, 1, element.with(n, part)));
      });
    } else if (isBlock(element)) {
      for (const block of simplerBlocks(element)) found.push(list.toSpliced(i, 1, block));
    }
  });
  return found;
}

/**
 * @param differing the first of the programs that shows the difference, if any does
 * @returns a program that cannot be made simpler
 */
export async function shrink(
  program: ParityProgram,
  differing: (programs: ParityProgram[]) => Promise<ParityProgram | undefined>,
): Promise<ParityProgram> {
  for (;;) {
    const smaller = await differing(simpler(program));
    if (smaller === undefined) return program;
    program = smaller;
  }
}
