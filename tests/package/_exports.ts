/** Which names each entry point exports: types, as the documentation lists them, and values. */
import { deno, ENTRIES } from "./_project.ts";

/** The recorded names, by entry point. */
export const RECORD: URL = new URL("./exports.json", import.meta.url);

export type ExportsByEntry = Record<string, string[]>;

export async function exportedNames(): Promise<ExportsByEntry> {
  const names: ExportsByEntry = {};
  for (const { name, url } of ENTRIES) {
    // The documentation leaves `@internal` names out, the module leaves types out.
    const found = new Set([...await documented(url), ...Object.keys(await import(url.href))]);
    names[name] = [...found].sort();
  }
  return names;
}

async function documented(url: URL): Promise<string[]> {
  const { success, stdout, stderr } = await deno(["doc", "--json", url.href]);
  if (!success) throw new Deno.errors.InvalidData(`Cannot read the exports of ${url}: ${stderr}`);
  const { nodes }: { nodes: Record<string, { symbols?: { name: string }[] }> } = JSON.parse(stdout);
  return Object.values(nodes).flatMap((file) => file.symbols ?? []).map((symbol) => symbol.name);
}
