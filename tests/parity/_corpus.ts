/**
 * The recorded programs: one JSON value a line, `[program, trace]`, packed with gzip.
 *
 * Imported by tests only.
 */

const FILE = new URL("programs.jsonl.gz", import.meta.url);

/** Reads a file of packed lines of JSON. */
export async function readPacked<T>(file: URL): Promise<T[]> {
  using source = await Deno.open(file);
  const text = await new Response(
    source.readable.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** Writes one. */
export async function writePacked(file: string | URL, values: readonly unknown[]): Promise<void> {
  const text = values.map((value) => JSON.stringify(value) + "\n").join("");
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(file, packed);
}

/** What CPython 3.13 does with the recorded programs. */
export function readCorpus<P>(): Promise<[program: P, trace: string[]][]> {
  return readPacked(FILE);
}
