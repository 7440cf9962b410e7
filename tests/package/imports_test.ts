/** The folders of the library import each other in the allowed directions only. */
import { assertEquals, assertMatch } from "@std/assert";
import { type Import, objection, unusedDoors } from "./_import_rules.ts";
import { deno, ENTRIES, ROOT, sources } from "./_project.ts";

interface Resolved {
  specifier?: string;
  error?: string;
}

interface Graph {
  modules: {
    specifier: string;
    error?: string;
    dependencies?: { specifier: string; code?: Resolved; type?: Resolved }[];
  }[];
}

const entries = ENTRIES.map(({ url }) => inProject(url.href)!);

function inProject(specifier: string): string | undefined {
  return specifier.startsWith(ROOT.href) ? specifier.slice(ROOT.href.length) : undefined;
}

/** Reads every import of the project's files, tests aside, from Deno's own module graph. */
async function readImports(): Promise<{ imports: Import[]; broken: string[] }> {
  const folders = ["futures/", "transports/", "loop/", "bench/", "examples/", ".ci/"];
  const files = (await Promise.all(folders.map(sources))).flat()
    .filter((path) => !path.startsWith(".ci/.registry/"));
  const all = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const roots = ["mod.ts", ...files].map((path) => `import "${new URL(path, ROOT)}";\n`);
    await Deno.writeTextFile(all, roots.join(""));
    const { stdout } = await deno(["info", "--json", "--config", "deno.json", all]);
    const graph: Graph = JSON.parse(stdout);

    const imports: Import[] = [];
    const broken: string[] = [];
    for (const { specifier: module, error, dependencies = [] } of graph.modules) {
      const from = inProject(module);
      if (from === undefined) continue;
      if (error !== undefined) broken.push(`${from}: ${error}`);
      if (from.startsWith(".ci/.registry/")) continue;
      for (const { specifier, code, type } of dependencies) {
        const problem = code?.error ?? type?.error;
        if (problem !== undefined) broken.push(`${from}: ${problem}`);
        const to = inProject(code?.specifier ?? type?.specifier ?? "");
        imports.push(to === undefined ? { from, specifier } : { from, specifier, to });
      }
    }
    return { imports, broken };
  } finally {
    await Deno.remove(all);
  }
}

Deno.test("Imports between folders go in the allowed directions", async () => {
  const { imports, broken } = await readImports();
  const wrong = imports.flatMap((each) => {
    const said = objection(each, entries);
    return said === undefined ? [] : [`${each.from} imports ${each.to ?? each.specifier}: ${said}`];
  });
  assertEquals({ broken, wrong, unusedDoors: unusedDoors(imports) }, {
    broken: [],
    wrong: [],
    unusedDoors: [],
  });
});

Deno.test("An import in a forbidden direction is objected to", () => {
  const cases: [from: string, to: string, objection: RegExp | undefined][] = [
    ["futures/task.ts", "futures/_states.ts", undefined],
    ["futures/task.ts", "loop/handle.ts", /^futures\/ may import/],
    ["futures/task.ts", "mod.ts", /^futures\/ may import/],
    ["transports/socket.ts", "futures/mod.ts", undefined],
    ["transports/socket.ts", "loop/mod.ts", /^transports\/ may import/],
    ["loop/base.ts", "transports/mod.ts", undefined],
    ["loop/base.ts", "tests/x.ts", /^loop\/ may import/],
    ["loop/base.ts", "mod.ts", /^loop\/ may import/],
    ["loop/simulated/loop.ts", "loop/_timers.ts", undefined],
    ["loop/base.ts", "loop/simulated/_wire.ts", /is private to loop\/simulated\//],
    ["loop/base.ts", "futures/_states.ts", /is private to futures\//],
    ["mod.ts", "loop/mod.ts", undefined],
    ["mod.ts", "loop/_timers.ts", /is private/],
    ["mod.ts", "examples/echo.ts", /may import/],
    ["examples/echo.ts", "mod.ts", undefined],
    ["examples/echo.ts", "examples/_bytes.ts", undefined],
    ["examples/echo.ts", "loop/base.ts", /entry points/],
    ["bench/a_bench.ts", "loop/base.ts", undefined],
    ["bench/a_bench.ts", "tests/x.ts", /may not/],
    [".ci/ok.ts", "loop/base.ts", /may not/],
    ["tests/loop/a_test.ts", "loop/_timers.ts", undefined],
  ];
  const entries = ["mod.ts", "loop/mod.ts"];
  for (const [from, to, expected] of cases) {
    const said = objection({ from, specifier: to, to }, entries);
    if (expected === undefined) assertEquals(said, undefined, `${from} imports ${to}`);
    else assertMatch(said ?? "nothing", expected, `${from} imports ${to}`);
  }
});

Deno.test("The library uses no package but the ones it names", () => {
  const said = (from: string, specifier: string) => objection({ from, specifier }, []);
  for (const allowed of ["node:net", "@std/async", "@std/async/delay", "@std/net"]) {
    assertEquals(said("loop/base.ts", allowed), undefined, allowed);
  }
  for (const foreign of ["npm:effect", "@std/path", "jsr:@std/async", "https://x.test/y.ts"]) {
    assertMatch(said("loop/base.ts", foreign) ?? "nothing", /no such package/, foreign);
  }
  assertEquals(said("bench/a_bench.ts", "npm:effect"), undefined);
});
